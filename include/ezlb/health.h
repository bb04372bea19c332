/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * health: probes backends on the loop and turns results into verdicts. Probes of the same target
 * made in the same way are shared between services; the thresholds stay each service's own. State
 * is keyed by (service name, backend, check) and survives a reload that leaves the check alone.
 *
 * Rules of a verdict: from UNKNOWN the first success is UP, fail_count failures in a row are DOWN;
 * from UP fail_count failures in a row are DOWN; from DOWN rise_count successes in a row are UP.
 * The first probe of a target starts at once (many new targets: spread over at most 1 s or one
 * interval, whichever is less), later ones every interval, spread over it. A probe that outlasts
 * its interval makes the next one late; a target never has two at once.
 *
 * A probe that we could not make (no descriptor, no free port) is neither success nor failure: a
 * shortage of ours takes no backend out. The certificate of an https backend is not verified,
 * because backends are addressed by IP; the kubelet's probes do the same.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/histogram.h>
#include <ezlb/spec.h>
#include <ezlb/verdict.h>

struct uv_loop_s;
struct ezlb_health;

/* Something to check. Rows with check type NONE are not given to health at all. */
struct ezlb_health_row {
	char service[EZLB_NAME_MAX + 1];
	struct ezlb_endpoint backend;
	struct ezlb_check check;
};
struct ezlb_health_rows EZLB_VEC(struct ezlb_health_row);

/*
 * Called on the loop after a verdict has changed; several changes may come one by one. It may call
 * any function of this header.
 */
typedef void (*ezlb_health_fn)(void *arg);

/* One transition, for those who tell of it. */
struct ezlb_health_change {
	const char *service; /* valid during the call */
	struct ezlb_endpoint backend;
	enum ezlb_verdict from, to;
	enum ezlb_outcome outcome; /* of the probe that decided */
	int code;
	uint32_t ms; /* that it took */
};
typedef void (*ezlb_health_told_fn)(void *arg, const struct ezlb_health_change *change);

struct ezlb_health_options {
	/* Called for each change, before on_change and with its arg; calls nothing of this header.
	 * NULL: nobody is told. */
	ezlb_health_told_fn told;
	/*
	 * For `once` and `plan`: the interval between the probes of one target that has no verdict
	 * yet, in ms, instead of the check's own; 0 = the check's own.
	 */
	uint32_t hurry_ms;
};

int ezlb_health_open(struct uv_loop_s *loop, const struct ezlb_health_options *options,
		     ezlb_health_fn on_change, void *arg, struct ezlb_health **out,
		     struct ezlb_err *err);

/*
 * Replaces the wanted set. The rows are copied. Never calls on_change from within. A row whose
 * service, backend and way of probing are as before keeps its state, whatever its thresholds; any
 * other starts as UNKNOWN.
 */
void ezlb_health_set(struct ezlb_health *health, const struct ezlb_health_rows *rows);

/* Fills *out, sorted, one row for each wanted row. */
void ezlb_health_verdicts(const struct ezlb_health *health, struct ezlb_verdicts *out);

/*
 * What probing has come to since the start. Probes that a new wanted set or the close cut off are
 * not counted; those that we could not make are. Costs a look at each target.
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
void ezlb_health_stats(const struct ezlb_health *health, struct ezlb_health_stats *out);

/* How many wanted rows have no verdict yet. */
size_t ezlb_health_unknown(const struct ezlb_health *health);

/* Ends every probe; `closed`, which may be NULL, is called on the loop when the memory is gone. */
void ezlb_health_close(struct ezlb_health *health, void (*closed)(void *arg), void *arg);
