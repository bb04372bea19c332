// SPDX-License-Identifier: GPL-2.0-or-later
#include "target.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>

#include "schedule.h"

#define LOCAL_WARN_EVERY_MS (60 * 1000)
#define CURL_AGAIN_MS	    (60 * 1000)
#define SUSPECT_AGAIN_MS    1000 /* while another one is probed */

static void on_due(uv_timer_t *timer);

struct ezlb_target *ezlb_target_open(struct ezlb_health *health, struct ezlb_site *site,
				     const struct ezlb_health_row *row)
{
	struct ezlb_target *target = ezlb_calloc(1, sizeof(*target));

	target->health = health;
	target->lane = ezlb_prober_is_remote(health->prober, row->check.type) ? &health->worker
									      : &health->here;
	target->site = site;
	target->endpoint = row->backend;
	target->check = ezlb_check_copy(&row->check);
	target->held = ezlb_prober_hold(health->prober, &target->check);
	target->phase = ezlb_schedule_phase(health->n_targets_ever++);
	uv_timer_init(health->loop, &target->timer);
	target->timer.data = target;
	health->open++;
	return target;
}

static void on_closed(uv_handle_t *handle)
{
	struct ezlb_target *target = handle->data;
	struct ezlb_health *health = target->health;

	ezlb_check_clear(&target->check);
	free(target);
	ezlb_health_unref(health);
}

void ezlb_target_close(struct ezlb_target *target)
{
	struct ezlb_health *health = target->health;

	if (target->queued)
		DL_DELETE(target->lane->queue, target);
	if (target->probe != NULL) {
		ezlb_probe_cancel(target->probe);
		target->lane->running--;
		health->suspect_runs = health->suspect_runs && !target->alone;
	}
	ezlb_prober_release(health->prober, target->held);
	uv_close((uv_handle_t *)&target->timer, on_closed);
}

static bool is_unclear(const struct ezlb_target *target)
{
	const struct ezlb_sub *sub;

	for (sub = target->subs; sub != NULL; sub = sub->next)
		if (ezlb_fsm_is_unclear(&sub->fsm))
			return true;
	return false;
}

uint32_t ezlb_target_interval(const struct ezlb_target *target)
{
	uint32_t hurry = target->health->options.hurry_ms;
	uint32_t usual = target->check.interval_ms;
	uint32_t fast = target->check.fast_interval_ms;

	if (hurry != 0 && target->n_unknown > 0)
		return hurry;
	return fast != 0 && fast < usual && is_unclear(target) ? fast : usual;
}

static void wait_for(struct ezlb_target *target, uint64_t wait_ms)
{
	target->due = uv_now(target->health->loop) + wait_ms;
	uv_timer_start(&target->timer, on_due, wait_ms, 0);
}

void ezlb_target_wake(struct ezlb_target *target, uint32_t wait_ms)
{
	uv_timer_t *timer = &target->timer;

	if (target->queued || target->probe != NULL)
		return;
	if (!uv_is_active((uv_handle_t *)timer) || uv_timer_get_due_in(timer) > wait_ms)
		wait_for(target, wait_ms);
}

/*
 * If the next probe was due while this one was still running, it starts now. That counts as overdue
 * only if this one took longer than the usual interval. One that was lost is soon repeated.
 */
static void wait_for_next(struct ezlb_target *target)
{
	uint64_t now = uv_now(target->health->loop);
	uint64_t next = ezlb_schedule_next(target->started, ezlb_target_interval(target),
					   target->phase);
	uint64_t again = ezlb_schedule_again(target->lost, target->phase);
	uint64_t seldom = ezlb_suspect_wait_ms(&target->suspect);

	if (ezlb_target_takes_too_long(target))
		target->health->overdue++;
	next = next > now ? next - now : 0;
	next = next < again ? next : again;
	wait_for(target, next > seldom ? next : seldom);
}

static void log_change(const struct ezlb_sub *sub, enum ezlb_verdict from)
{
	const struct ezlb_probe_result *result = &sub->key.target->last;
	enum ezlb_verdict to = sub->fsm.verdict;
	enum ezlb_log_level level = EZLB_INFO;
	char status[16];

	/* At the start every backend comes up: log that at debug level only. */
	if (to == EZLB_DOWN)
		level = EZLB_WARN;
	else if (from == EZLB_UNKNOWN)
		level = EZLB_DEBUG;
	snprintf(status, sizeof(status), "%d", result->code);
	ezlb_log(level, "health",
		 EZLB_S("msg", to == EZLB_DOWN ? "backend is down" : "backend is up"),
		 EZLB_S("svc", sub->key.service), EZLB_S("dst", sub->key.target->site->name),
		 EZLB_S("from", ezlb_verdict_str(from)), EZLB_S("to", ezlb_verdict_str(to)),
		 EZLB_S("reason", ezlb_outcome_str(result->outcome)),
		 EZLB_S("status", result->outcome == EZLB_PROBE_HTTP_STATUS ? status : NULL),
		 EZLB_S("rcode", result->outcome == EZLB_PROBE_DNS_RCODE ? status : NULL),
		 EZLB_I("ms", sub->key.target->last_us / 1000));
}

static void report(const struct ezlb_sub *sub, enum ezlb_verdict from)
{
	const struct ezlb_target *target = sub->key.target;
	const struct ezlb_health *health = target->health;
	const struct ezlb_health_change change = {
		.service = sub->key.service,
		.backend = target->endpoint,
		.from = from,
		.to = sub->fsm.verdict,
		.outcome = target->last.outcome,
		.code = target->last.code,
		.ms = target->last_us / 1000,
	};

	if (health->options.on_verdict != NULL)
		health->options.on_verdict(health->arg, &change);
}

/* Logs at most one line a minute for all targets together. */
static void warn_local(struct ezlb_health *health, int code)
{
	uint64_t now = uv_now(health->loop);
	EZLB_AUTO_FREE char *msg = NULL;

	health->local_errors++;
	if (health->warned != 0 && now - health->warned < LOCAL_WARN_EVERY_MS)
		return;
	msg = ezlb_asprintf("cannot probe: %s", ezlb_target_why_local(code));
	ezlb_log(EZLB_WARN, "health", EZLB_S("msg", msg), EZLB_S("error", ezlb_errno_str(code)),
		 EZLB_I("probes", health->local_errors));
	health->warned = now > 0 ? now : 1;
	health->local_errors = 0;
}

/* It may have been installed. Without this the next change of files would be the next try. */
static void try_curl_again(struct ezlb_health *health)
{
	uint64_t now = uv_now(health->loop);

	if (health->curl_tried != 0 && now - health->curl_tried < CURL_AGAIN_MS)
		return;
	if (health->curl_tried != 0)
		ezlb_prober_retry(health->prober);
	health->curl_tried = now > 0 ? now : 1;
}

static void warn_suspect(const struct ezlb_target *target)
{
	ezlb_log(EZLB_WARN, "health",
		 EZLB_S("msg", "the worker process has ended in each of the last probes of this "
			       "backend: it is probed more seldom, its verdict is kept"),
		 EZLB_S("svc", target->subs->key.service), EZLB_S("dst", target->site->name),
		 EZLB_I("probes", target->suspect.ends));
}

static void take_local(struct ezlb_target *target, int code)
{
	warn_local(target->health, code);
	if (code == ELIBACC)
		try_curl_again(target->health);
}

static void change(struct ezlb_sub *sub, enum ezlb_verdict from)
{
	struct ezlb_target *target = sub->key.target;

	if (from == EZLB_UNKNOWN) {
		target->n_unknown--;
		target->health->n_unknown--;
	}
	sub->since_ms = ezlb_now_ms();
	log_change(sub, from);
	report(sub, from);
}

/* Returns true if a verdict changed. */
static bool judge(struct ezlb_target *target)
{
	bool success = target->last.outcome == EZLB_PROBE_OK;
	bool changed = false;
	struct ezlb_sub *sub;

	for (sub = target->subs; sub != NULL; sub = sub->next) {
		enum ezlb_verdict from = sub->fsm.verdict;

		if (!ezlb_fsm_step(&sub->fsm, &sub->limits, success))
			continue;
		change(sub, from);
		changed = true;
	}
	return changed;
}

/* Takes every result. Returns true if a verdict changed. */
static bool take(struct ezlb_target *target, const struct ezlb_probe_result *result)
{
	struct ezlb_health *health = target->health;
	uint64_t us = (uv_hrtime() - target->started_ns) / 1000;

	ezlb_histogram_add(&health->duration, (double)us / 1e6);
	health->outcomes[result->outcome]++;
	target->local_code = result->outcome == EZLB_PROBE_LOCAL_ERROR ? result->code : 0;
	if (ezlb_suspect_step(&target->suspect, result))
		warn_suspect(target);
	if (result->outcome == EZLB_PROBE_LOCAL_ERROR) {
		target->lost += target->lost < UINT_MAX;
		take_local(target, result->code);
		return false;
	}
	target->lost = 0;
	target->probed = true;
	target->last = *result;
	target->last_us = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
	return judge(target);
}

static void on_result(void *arg, const struct ezlb_probe_result *result)
{
	struct ezlb_target *target = arg;
	struct ezlb_health *health = target->health;
	struct ezlb_lane *lane = target->lane;
	bool changed;

	target->probe = NULL;
	lane->running--;
	health->suspect_runs = health->suspect_runs && !target->alone;
	changed = take(target, result);
	wait_for_next(target);
	ezlb_lane_run(lane);
	/* Last, because it may call ezlb_health_set or ezlb_health_close. */
	if (changed)
		health->on_change(health->arg);
}

static void start(struct ezlb_target *target)
{
	struct ezlb_health *health = target->health;
	const struct ezlb_probe_job job = { .target = target->endpoint,
					    .check = &target->check,
					    .turn = target->turn++ };

	/* The deadline starts here, not at the start of this iteration of the loop. */
	uv_update_time(health->loop);
	if (ezlb_target_begins_late(target))
		health->overdue++;
	target->lane->running++;
	target->alone = ezlb_suspect_is(&target->suspect);
	health->suspect_runs = health->suspect_runs || target->alone;
	target->started = uv_now(health->loop);
	target->started_ns = uv_hrtime();
	target->probe = ezlb_probe_start(health->prober, &job, on_result, target);
}

void ezlb_lane_run(struct ezlb_lane *lane)
{
	while (lane->queue != NULL && lane->running < lane->running_max) {
		struct ezlb_target *target = lane->queue;

		DL_DELETE(lane->queue, target);
		target->queued = false;
		if (target->health->suspect_runs && ezlb_suspect_is(&target->suspect))
			wait_for(target, SUSPECT_AGAIN_MS);
		else
			start(target);
	}
}

static void on_due(uv_timer_t *timer)
{
	struct ezlb_target *target = timer->data;

	target->queued = true;
	DL_APPEND(target->lane->queue, target);
	ezlb_lane_run(target->lane);
}
