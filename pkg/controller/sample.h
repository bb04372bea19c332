/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample: asks the kernel what it has counted. Has sockets of its own and touches nothing of the
 * daemon's, so it is made in a thread of the loop's pool: with thousands of services it takes
 * longer than the loop may be held.
 */
#pragma once

#include <ezlb/snat.h>
#include <ezlb/status.h>

struct sample {
	/* asked */
	struct ezlb_scope scope;    /* owned */
	bool kernel;		    /* false: the in-memory data plane counts nothing */
	enum ezlb_snat_driver snat; /* whose rows; AUTO: none */
	const char *proc;	    /* "/proc" but for tests */
	/* answered */
	struct ezlb_traffic traffic;
	struct ezlb_err traffic_err;
	struct ezlb_table snats; /* only .snats */
	bool snats_known;
	int64_t conntrack_entries, conntrack_max; /* -1: unknown */
};

/* How full the conntrack table is; -1: unknown. Cheap: it may be asked on the loop. */
void sample_conntrack(const char *proc, int64_t *entries, int64_t *max);
void sample_take(struct sample *sample);
/* What was answered, into the status that goes with it. */
void sample_put(const struct sample *sample, struct ezlb_status *status);
void sample_clear(struct sample *sample);
