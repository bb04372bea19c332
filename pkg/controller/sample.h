/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample: reads the kernel's counters. It has its own sockets and shares nothing with the loop, so
 * it runs in a thread of the pool: with thousands of services it would block the loop for too long.
 */
#pragma once

#include <ezlb/connlog.h>
#include <ezlb/snat.h>
#include <ezlb/status.h>
#include <ezlb/toa.h>

struct sample {
	/* in */
	struct ezlb_scope scope;    /* owned */
	bool kernel;		    /* false: in-memory data plane, no counters */
	enum ezlb_snat_driver snat; /* the driver whose rows to read; AUTO: none */
	const char *proc;	    /* "/proc", except in tests */
	/* out */
	struct ezlb_traffic traffic;
	struct ezlb_err traffic_err;
	struct ezlb_table snats; /* only .snats */
	bool snats_known;
	int64_t conntrack_entries, conntrack_max; /* -1: unknown */
	uint64_t toa[EZLB_TOA_COUNTS];
	bool toa_known; /* the program is loaded */
	struct ezlb_connlog_counts connlog;
};

/* The size of the conntrack table; -1: unknown. Fast enough for the loop. */
void sample_conntrack(const char *proc, int64_t *entries, int64_t *max);
void sample_take(struct sample *sample);
/* Adds the counters to the status. */
void sample_put(const struct sample *sample, struct ezlb_status *status);
void sample_clear(struct sample *sample);
