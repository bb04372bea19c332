/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timeout: how long IPVS remembers a connection without packets. These are values of the whole
 * network namespace and not of a service; flags of the daemon set them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/mem.h>

enum ezlb_timeout {
	EZLB_TIMEOUT_TCP,    /* an established TCP connection */
	EZLB_TIMEOUT_TCPFIN, /* a TCP connection after a FIN */
	EZLB_TIMEOUT_UDP,
	EZLB_TIMEOUTS
};
const char *ezlb_timeout_str(enum ezlb_timeout timeout);	  /* "tcpfin", as in the flags */
int ezlb_timeout_parse(const char *text, enum ezlb_timeout *out); /* 0 or -EINVAL */

struct ezlb_timeout_row {
	enum ezlb_timeout timeout;
	uint32_t seconds;
};
struct ezlb_timeout_rows EZLB_VEC(struct ezlb_timeout_row);

int ezlb_timeout_row_cmp(const void *a, const void *b); /* by timeout */
bool ezlb_timeout_row_same(const void *a, const void *b);

/* What the ledger records: the value before ezlb, and the value that ezlb set. */
struct ezlb_timeout_owned {
	enum ezlb_timeout timeout;
	uint32_t before, set;
};
struct ezlb_timeouts_owned EZLB_VEC(struct ezlb_timeout_owned);

int ezlb_timeout_owned_cmp(const void *a, const void *b); /* by timeout */
