/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * health: probes backends on the loop and turns the results into verdicts. Services with the same
 * backend and the same kind of probe share one target; each service has its own thresholds. State
 * is keyed by (service name, backend, check). It survives a reload that does not change the check.
 *
 * Verdicts: UNKNOWN becomes UP with the first success. UNKNOWN or UP becomes DOWN after fail_count
 * failures in a row, DOWN becomes UP after rise_count successes in a row. The first probe of a
 * target starts at once (for many new targets: within 1 s or one interval, whichever is less), the
 * next ones every interval. After a result against the verdict (a failure while UP or UNKNOWN, a
 * success while DOWN) the next ones follow every fast_interval, until the verdict has changed or a
 * result confirms it; for a shared target as long as that is so for one of its services. A probe
 * that takes longer than the interval delays the next one, and is counted as overdue: a target
 * never has two probes at once.
 *
 * A probe that fails on this host (no descriptor, no free port, no libcurl) changes no verdict, nor
 * does one during which the worker process ends. It is repeated after about 1 s, and then after
 * twice as long each time, up to about 30 s, if no regular probe is due sooner. A backend that
 * seems to end the worker again and again is probed more seldom, and named in the log.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/err.h>
#include <ezlb/probe.h>
#include <ezlb/verdict.h>

struct uv_loop_s;
struct ezlb_channel;
struct ezlb_health;

/* Called on the loop after one or more verdicts changed. May call any function of this header. */
typedef void (*ezlb_health_fn)(void *arg);

/* Gets one change, which is valid during the call. */
typedef void (*ezlb_health_verdict_fn)(void *arg, const struct ezlb_health_change *change);

struct ezlb_health_options {
	/* May be NULL. Called for each change, before on_change and with the same arg. Must not
	 * call a function of this header. */
	ezlb_health_verdict_fn on_verdict;
	/* For `once` and `plan`: the interval in ms for targets without a verdict; 0: the check's.
	 */
	uint32_t hurry_ms;
	bool pretend; /* send no probes: every backend is UP at once */
	/*
	 * Probes of type http and https run in the worker process at the other end, with
	 * include/ezlb/health_serve.h. Must live longer than health. NULL: they run here.
	 */
	struct ezlb_channel *channel;
	/*
	 * With a channel: the worker needs libcurl from now on. Called by the first ezlb_health_set
	 * that has such rows, and again each minute while the worker has none. Returns true if the
	 * present worker will be replaced, so that no probe is sent to it. May be NULL.
	 */
	bool (*need_curl)(void *arg);
	void *need_arg;
};

int ezlb_health_open(struct uv_loop_s *loop, const struct ezlb_health_options *options,
		     ezlb_health_fn on_change, void *arg, struct ezlb_health **out,
		     struct ezlb_err *err);

/*
 * Replaces the set of rows to probe; copies them. Never calls on_change. A row with the same
 * service, backend and kind of probe keeps its state, also with new thresholds. Any other row
 * starts as UNKNOWN. Returns 0, or -errno if this host lacks what probes of some row need; all rows
 * are set nevertheless, and the next call tries again.
 */
int ezlb_health_set(struct ezlb_health *health, const struct ezlb_health_rows *rows,
		    struct ezlb_err *err);

/* Fills *out with one row for each row of the set; sorted. */
void ezlb_health_verdicts(const struct ezlb_health *health, struct ezlb_verdicts *out);

/* The same for the backends of these services only. Costs nothing for the others. */
void ezlb_health_verdicts_of(const struct ezlb_health *health, const struct ezlb_desired *services,
			     struct ezlb_verdicts *out);

/* Counters since the start. Walks all targets. */
void ezlb_health_stats(const struct ezlb_health *health, struct ezlb_health_stats *out);

/* The number of rows without a verdict. */
size_t ezlb_health_unknown(const struct ezlb_health *health);

/* Cancels every probe. Calls `closed`, which may be NULL, on the loop after the last free. */
void ezlb_health_close(struct ezlb_health *health, void (*closed)(void *arg), void *arg);
