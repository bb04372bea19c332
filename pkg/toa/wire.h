/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire: rtnetlink in the network namespace of the first call: reads what a world does not know,
 * listens for changes, and attaches and detaches the program. Loads no module and writes nothing,
 * except in wire_attach and wire_detach. Each call ends within 5 s.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/err.h>
#include <ezlb/netlink.h>

#include "world.h"

#define WIRE_TIMEOUT_MS 5000

struct wire {
	struct ezlb_nl *nl; /* NULL: the next call opens it */
	struct ezlb_nl_buf request;
	int watch; /* the socket of notifications; -1: nobody listens */
};
#define WIRE_CLOSED         \
	{                   \
		.watch = -1 \
	}

/* Closes the sockets. The next call opens them again. */
void wire_close(struct wire *wire);

/*
 * Tells the world what has changed since the last call. It loses everything if notifications were
 * lost, and forgets everything if nobody has listened since then.
 */
void wire_listen(struct wire *wire, struct world *world);

/* Reads what the world does not know. On failure it may know a part of it. */
int wire_read(struct wire *wire, struct world *world);

/*
 * Attaches the program to the egress of an interface, in the place of another program of ezlb.
 * make_clsact: creates the qdisc, and fails with -EEXIST if it exists. -ENODEV: there is no such
 * interface. -EEXIST: a filter of somebody else has our preference and handle, or our preference
 * and another kind or protocol. -EBUSY: the interface has the qdisc ingress, beside which clsact
 * cannot exist.
 */
int wire_attach(struct wire *wire, const char *device, int program_fd, bool make_clsact);

/*
 * Removes all filters of ezlb from the egress of an interface. drop_clsact: then the qdisc too, if
 * nobody's filter is left on it. 0 also if there is no such interface.
 */
int wire_detach(struct wire *wire, const char *device, bool drop_clsact);
