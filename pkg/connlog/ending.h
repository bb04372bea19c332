/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ending: how a connection ended, and when. Conntrack removes the entry of a TCP connection up to
 * two minutes after its last packet; the log tells the time of the last packet. Conntrack knows how
 * long it keeps an entry without packets in each state, and how much of that was left. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

/* How long conntrack keeps an entry without packets: net.netfilter.nf_conntrack_WORD_timeout_WORD.
 */
enum timeout {
	TIMEOUT_SYN_SENT,
	TIMEOUT_SYN_RECV,
	TIMEOUT_ESTABLISHED,
	TIMEOUT_FIN_WAIT,
	TIMEOUT_CLOSE_WAIT,
	TIMEOUT_LAST_ACK,
	TIMEOUT_TIME_WAIT,
	TIMEOUT_CLOSE,
	TIMEOUT_RETRANS,
	TIMEOUT_UNACK,
	TIMEOUT_UDP,
	TIMEOUT_UDP_STREAM,
	TIMEOUTS
};

/* In seconds; 0: not known. */
struct timeouts {
	int64_t of[TIMEOUTS];
	int64_t ipvs_tcp; /* how long IPVS keeps an open connection without packets */
};
/* Reads them below `dir`, which is /proc/sys/net except in tests. Leaves ipvs_tcp as it is. */
void timeouts_read(const char *dir, struct timeouts *out);

enum how {
	HOW_CLOSED,	      /* both sides */
	HOW_RESET,	      /* by one side */
	HOW_REFUSED,	      /* a reset in the place of an answer to the SYN */
	HOW_HALF_CLOSED,      /* by one side, and then no packets any more */
	HOW_TIMEOUT,	      /* open, and no packets any more */
	HOW_TIMEOUT_OR_RESET, /* conntrack does not believe every reset */
	HOW_HALF_OPEN,	      /* the backend answered, the client did not complete the handshake */
	HOW_NO_ANSWER,	      /* of the backend */
	HOW_REMOVED, /* open, and somebody has removed the entry: ezlb, IPVS, an administrator */
	HOW_UNKNOWN
};
const char *how_str(enum how how); /* "half_closed" */

struct ending {
	enum how how;
	/* When the last packet was: between these, wall clock; 0: not known. */
	int64_t first_ns, last_ns;
};

/* now_ns is by the wall clock, and used where conntrack did not record when it removed the entry.
 */
struct ending ending_of(const struct event *event, const struct timeouts *timeouts, int64_t now_ns);
