/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * still: whether the counters of the services must be read again, or are certain to be as they were
 * at the last read, because no packet has come since. Pure. The zero value knows nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/ipvs.h>

struct still {
	bool known; /* totals is valid */
	struct ezlb_ipvs_totals totals;
	uint64_t since_ms; /* they have been so since then, or longer */
	bool read;	   /* the counters have been read ... */
	uint64_t read_ms;  /* ... then */
};

/*
 * Takes the totals into account, which were read just now; NULL: they cannot be read. True: the
 * counters are as at the last read. Before that read the totals must have stood still for longer
 * than the kernel takes to publish what it counts.
 */
bool still_take(struct still *still, const struct ezlb_ipvs_totals *totals, uint64_t now_ms);
/* The counters of the services are read, after still_take of the same now_ms. */
void still_read(struct still *still, uint64_t now_ms);
