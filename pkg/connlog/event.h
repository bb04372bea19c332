/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event: decodes conntrack's message about an entry that it removes. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <linux/netlink.h>

#include <ezlb/connection.h>

/*
 * The entry at its removal. Of `connection` these are set: proto, endpoints, mark, counted, the
 * counters.
 */
struct event {
	struct ezlb_connection connection;
	bool replied; /* conntrack has seen packets of both directions */
	bool assured; /* tcp: the handshake was complete; udp: packets both ways for two seconds */
	int state;    /* of tcp and sctp: TCP_CONNTRACK_*, SCTP_CONNTRACK_*; -1: not known */
	/* Seconds until the entry would have ended by itself, rounded down; 0: it has. */
	int64_t left_s;
	int64_t start_ns, stop_ns; /* wall clock; 0: not known (nf_conntrack_timestamp is 0) */
};

/* False if the message is not about the end of an entry of a protocol that IPVS balances. */
bool event_read(const struct nlmsghdr *msg, struct event *out);
