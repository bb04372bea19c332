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

#include <ezlb/err.h>
#include <ezlb/probe.h>
#include <ezlb/verdict.h>

struct uv_loop_s;
struct ezlb_health;

/*
 * Called on the loop after a verdict has changed; several changes may come one by one. It may call
 * any function of this header.
 */
typedef void (*ezlb_health_fn)(void *arg);

/* Tells of one change; it is valid during the call. */
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
	bool pretend; /* nothing is probed: every backend is UP at once */
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

/* What probing has come to since the start. Costs a look at each target. */
void ezlb_health_stats(const struct ezlb_health *health, struct ezlb_health_stats *out);

/* How many wanted rows have no verdict yet. */
size_t ezlb_health_unknown(const struct ezlb_health *health);

/* Ends every probe; `closed`, which may be NULL, is called on the loop when the memory is gone. */
void ezlb_health_close(struct ezlb_health *health, void (*closed)(void *arg), void *arg);
