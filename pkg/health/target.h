/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target: one backend with one kind of probe, and the services that use its results (subs).
 * target.c runs the probes and computes the verdicts; health.c keeps the set of targets and subs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include <ezlb/health.h>

#include "fsm.h"
#include "probe.h"
#include "suspect.h"

#include <uthash.h>
#include <utlist.h>

struct ezlb_sub_key {
	char service[EZLB_NAME_MAX + 1]; /* zero-padded, because the whole key is hashed */
	struct ezlb_target *target;
};

/* One service that uses the results of one target. Owned by health->subs. */
struct ezlb_sub {
	struct ezlb_sub_key key;
	struct ezlb_thresholds limits;
	struct ezlb_fsm fsm;
	uint64_t since_ms;	      /* ezlb_now_ms of the last change of the verdict */
	unsigned long generation;     /* of the last set that has it */
	struct ezlb_sub *prev, *next; /* of the same target */
	UT_hash_handle hh;
};

/* One backend address, with a target for each kind of probe. Owned by health->sites. */
struct ezlb_site {
	char name[EZLB_ENDPOINT_STRLEN];
	struct ezlb_target *targets;
	UT_hash_handle hh;
};

/*
 * Targets that share a limit of probes at a time. Those in the worker process have one of their
 * own, so that a worker that leaves probes unanswered does not delay the others.
 */
struct ezlb_lane {
	struct ezlb_target *queue; /* targets that are due, the first one first */
	size_t running, running_max;
};

struct ezlb_target {
	struct ezlb_health *health;
	struct ezlb_lane *lane; /* of health */
	struct ezlb_site *site;
	struct ezlb_endpoint endpoint;
	struct ezlb_check check; /* its thresholds are not used */
	struct ezlb_sub *subs;
	size_t n_unknown; /* of the subs */
	bool fresh;	  /* the current set added a sub */
	uint32_t phase;
	uint32_t turn; /* of the next probe: which source address */

	/* A target is idle with the timer running, or in the queue, or being probed. */
	uv_timer_t timer;
	bool queued;
	struct ezlb_probe *probe;
	struct ezlb_remote_check *held;
	struct ezlb_suspect suspect;
	bool alone;			 /* it is probed as a suspect */
	uint64_t due;			 /* loop time when the next probe is to start */
	uint64_t started;		 /* loop time of the last probe */
	uint64_t started_ns;		 /* the same by uv_hrtime */
	struct ezlb_target *prev, *next; /* in the queue */
	struct ezlb_target *sibling;	 /* of the same site */

	/* The last result that is not a local error. */
	bool probed;
	struct ezlb_probe_result last;
	int local_code; /* of the last probe if that was a local error, else 0 */
	unsigned lost;	/* the last probes in a row that were local errors */
	uint32_t last_us;
};

struct ezlb_health {
	uv_loop_t *loop;
	struct ezlb_health_options options;
	ezlb_health_fn on_change;
	void *arg;
	struct ezlb_prober *prober;
	struct ezlb_site *sites;
	struct ezlb_sub *subs;
	size_t n_unknown; /* of the subs */
	unsigned long generation;
	uint32_t n_targets_ever;

	struct ezlb_lane here, worker; /* by where the probes run */
	bool suspect_runs;	       /* one of those that run is a suspect */

	struct ezlb_histogram duration;
	uint64_t outcomes[EZLB_OUTCOMES];
	uint64_t overdue;    /* since the start, see ezlb_health_stats */
	uint64_t warned;     /* loop time of the last warning of a local error, 0: never */
	size_t local_errors; /* since that warning */
	uint64_t curl_tried; /* loop time when libcurl was last tried again, 0: never */

	size_t open; /* targets and the prober, until their handles are closed */
	void (*closed)(void *arg);
	void *closed_arg;
};

struct ezlb_target *ezlb_target_open(struct ezlb_health *health, struct ezlb_site *site,
				     const struct ezlb_health_row *row);
/* Call it for a target without subs, outside every list but the queue. The loop frees it later. */
void ezlb_target_close(struct ezlb_target *target);
/* Probes an idle target in at most wait_ms. */
void ezlb_target_wake(struct ezlb_target *target, uint32_t wait_ms);
/* The interval that applies now. */
uint32_t ezlb_target_interval(const struct ezlb_target *target);
/* Starts queued targets up to running_max of the lane. */
void ezlb_lane_run(struct ezlb_lane *lane);

/* late.c */
/* A probe that begins now begins too late, because too many others run. */
bool ezlb_target_begins_late(const struct ezlb_target *target);
/* The one that runs, or ends now, takes longer than its interval. */
bool ezlb_target_takes_too_long(const struct ezlb_target *target);
/* As ezlb_health_stats counts it. */
bool ezlb_target_is_overdue(const struct ezlb_target *target);
/* Why it is not probed, for a person; static. NULL: it is. */
const char *ezlb_target_why_blocked(const struct ezlb_target *target);
/* Why this host cannot probe, for a person. */
const char *ezlb_target_why_local(int code);

/* Drops one reference of `open`; the last one frees health. */
void ezlb_health_unref(struct ezlb_health *health);
