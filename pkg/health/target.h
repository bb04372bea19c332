/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target: something that is probed, and those who want to know (subs). target.c runs probes and
 * turns results into verdicts; health.c says what is wanted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include <ezlb/health.h>

#include "fsm.h"
#include "probe.h"

/* uthash gives up with exit(); ours abort like any other allocation. */
#define uthash_malloc(size) ezlb_calloc(1, size)
#include <uthash.h>
#include <utlist.h>

struct ezlb_sub_key {
	char service[EZLB_NAME_MAX + 1]; /* the rest is zero: hashed as a whole */
	struct ezlb_target *target;
};

/* One service's interest in one target. Owned by health->subs. */
struct ezlb_sub {
	struct ezlb_sub_key key;
	struct ezlb_thresholds limits;
	struct ezlb_fsm fsm;
	uint64_t since_ms;	      /* by ezlb_now_ms: when the verdict became this */
	unsigned long generation;     /* of the set that last wanted it */
	struct ezlb_sub *prev, *next; /* of the same target */
	UT_hash_handle hh;
};

/* One backend address; has a target for each way in which it is checked. Owned by health->sites. */
struct ezlb_site {
	char name[EZLB_ENDPOINT_STRLEN];
	struct ezlb_target *targets;
	UT_hash_handle hh;
};

struct ezlb_target {
	struct ezlb_health *health;
	struct ezlb_site *site;
	struct ezlb_endpoint endpoint;
	struct ezlb_check check; /* its thresholds mean nothing */
	struct ezlb_sub *subs;
	size_t n_unknown; /* of the subs */
	bool fresh;	  /* has a sub that is new in the current set */
	uint32_t phase;

	/* Idle with the timer running, or queued for a place, or being probed. */
	uv_timer_t timer;
	bool queued;
	struct ezlb_probe *probe;
	uint64_t due;			 /* loop time of being queued */
	uint64_t started;		 /* loop time of the last probe */
	uint64_t started_ns;		 /* the same by uv_hrtime */
	struct ezlb_target *prev, *next; /* in the queue */
	struct ezlb_target *sibling;	 /* of the same site */

	/* The last probe that says something of the target. */
	bool probed;
	struct ezlb_probe_result last;
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

	struct ezlb_target *queue; /* due, first come first served */
	size_t running, running_max;

	struct ezlb_histogram duration;
	uint64_t outcomes[EZLB_OUTCOMES];
	uint64_t warned;     /* loop time of the last warning of a local error, 0 = never */
	size_t local_errors; /* since then */

	size_t open; /* targets and the prober, until their handles are closed */
	void (*closed)(void *arg);
	void *closed_arg;
};

struct ezlb_target *ezlb_target_open(struct ezlb_health *health, struct ezlb_site *site,
				     const struct ezlb_health_row *row);
/* It has no sub any more, and is in no list but the queue. Frees itself from the loop. */
void ezlb_target_close(struct ezlb_target *target);
/* Probes an idle target in wait_ms at the latest. */
void ezlb_target_wake(struct ezlb_target *target, uint32_t wait_ms);
/* The interval that now holds for it. */
uint32_t ezlb_target_interval(const struct ezlb_target *target);
/* As ezlb_health_stats counts it. */
bool ezlb_target_is_overdue(const struct ezlb_target *target);
/* Starts what is queued as far as there is room. */
void ezlb_queue_run(struct ezlb_health *health);
/* Drops one of `open`, and with the last one health itself. */
void ezlb_health_unref(struct ezlb_health *health);
