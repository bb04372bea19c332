/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe: what is to be probed, and what probing has come to, as values. Package catalog makes the
 * rows, package health probes them, package view tells the operator.
 */
#pragma once

#include <ezlb/histogram.h>
#include <ezlb/spec.h>
#include <ezlb/verdict.h>

/* A backend of one service with its check. There is no row for check type NONE. */
struct ezlb_health_row {
	char service[EZLB_NAME_MAX + 1];
	struct ezlb_endpoint backend;
	struct ezlb_check check;
};
struct ezlb_health_rows EZLB_VEC(struct ezlb_health_row);

/* One change of a verdict. */
struct ezlb_health_change {
	const char *service; /* borrowed */
	struct ezlb_endpoint backend;
	enum ezlb_verdict from, to;
	enum ezlb_outcome outcome; /* of the probe that decided */
	int code;
	uint32_t ms; /* that it took */
};

/*
 * What probing has come to since the start. Probes that a new wanted set or the close cut off are
 * not counted; those that we could not make are.
 */
struct ezlb_health_stats {
	struct ezlb_histogram duration;	  /* of each of them, from start to end */
	uint64_t outcomes[EZLB_OUTCOMES]; /* how many ended how */
	size_t targets;			  /* that are probed now; services share them */
	/*
	 * Of these, how many are late: they were due more than 100 ms ago and still wait because
	 * too many others are being probed, or their probe takes longer than their interval.
	 */
	size_t overdue;
};
