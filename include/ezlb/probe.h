/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe: the backends to probe and the results, as values. Package catalog creates the rows,
 * package health probes them, package view shows the results to the operator.
 */
#pragma once

#include <ezlb/histogram.h>
#include <ezlb/spec.h>
#include <ezlb/verdict.h>

/* A backend of one service with its check. Check type NONE has no rows. */
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
	enum ezlb_outcome outcome; /* of the probe that caused the change */
	int code;
	uint32_t ms; /* duration of that probe */
};

/*
 * Totals since the start. A probe that was cancelled by a new configuration or by the stop is not
 * counted; a probe that failed for local reasons is.
 */
struct ezlb_health_stats {
	struct ezlb_histogram duration;	  /* of each probe, from start to end */
	uint64_t outcomes[EZLB_OUTCOMES]; /* probes by outcome */
	size_t targets;			  /* probed now; services share targets */
	/*
	 * The targets that are late: due for more than 100 ms, because too many others are being
	 * probed, or because their probe takes longer than their interval. Those that wait for the
	 * worker process, because it is away or does not answer, are blocked and not late.
	 */
	size_t overdue;
	/* Targets whose last probe failed on this host, or that wait for the worker process. */
	size_t blocked;
	const char *blocked_why; /* of one of them; static; NULL: none */
	/*
	 * Probes that started more than 100 ms late, or were not over when the next one was due,
	 * and not because of the worker process.
	 */
	uint64_t overdue_total;
};
