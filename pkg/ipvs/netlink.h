/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink: conversations with IPVS over one genetlink socket. Knows packing and the family id; what
 * the messages say is the codec's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/netlink.h>
#include <ezlb/plan.h>
#include <ezlb/table.h>

#define EZLB_IPVS_TIMEOUT_MS 5000
#define EZLB_IPVS_SEND_OPS   256 /* messages packed into one send, at most: 64 KiB */

/* Where the socket, the family id and the text come from: the kernel, or a test. */
struct ezlb_ipvs_source {
	struct ezlb_nl_source nl;
	/* `load`: the kernel may load the module for it. -ENOENT: there is no such family. */
	int (*resolve)(void *arg, bool load, uint16_t *family, struct ezlb_err *err);
	void *arg;
	const char *procfs; /* as /proc/net/ip_vs; borrowed */
};

struct ezlb_ipvs_nl;

/*
 * Resolves, with `load` loading the module where the kernel can, and asks once to see whether we
 * may. The clock of the first call runs from here on.
 */
int ezlb_ipvs_nl_open(const struct ezlb_ipvs_source *source, bool load, struct ezlb_ipvs_nl **out,
		      struct ezlb_err *err);
void ezlb_ipvs_nl_close(struct ezlb_ipvs_nl *nl); /* NULL is fine */

/* Starts the clock of one call, of however many conversations; resolves where that is due. */
int ezlb_ipvs_nl_begin(struct ezlb_ipvs_nl *nl, struct ezlb_err *err);

/*
 * The dests of a service, or with NULL all services. -EAGAIN where the table changed meanwhile and
 * what was handed to fn is not to be relied on; otherwise as begin, or the kernel's own -errno.
 */
int ezlb_ipvs_nl_dump(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		      ezlb_nl_msg_fn fn, void *arg, struct ezlb_err *err);

/* As apply in layer.h; rc is the kernel's own answer to each op. */
int ezlb_ipvs_nl_apply(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err);
