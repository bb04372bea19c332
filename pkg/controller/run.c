// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * run: the daemon. Everything that happens only schedules a pass, and a timer runs one pass for
 * all. It is about the services that have changed since the last pass (focus.h), or about all.
 */
#include "run.h"

#include <errno.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>

#include "blame.h"

#define FULL_MS	  60000 /* between two full passes: the cheap check does not see everything */
#define KEEP_MS	  60000 /* between two looks at the directories of the last good versions */
#define NOTICE_MS 50	/* wait after a change of nf_tables: a reload consists of many changes */

/* The begin of a pass, and what caused it. */
struct moment {
	uint64_t ms, ns;
	const char *why;
};

static void on_pass_timer(uv_timer_t *timer);

/* Keeps the earlier of this time and the scheduled one. */
static void schedule(struct controller *c, const char *why, uint64_t delay_ms)
{
	uint64_t at = uv_now(&c->loop) + delay_ms;

	if (c->stopping || !c->loaded)
		return;
	if (why && !c->why)
		c->why = why;
	if (uv_is_active((uv_handle_t *)&c->pass_timer) && c->pass_at <= at)
		return;
	c->pass_at = at;
	uv_timer_start(&c->pass_timer, on_pass_timer, delay_ms, 0);
}

void run_all(struct controller *c, const char *why, uint64_t delay_ms)
{
	focus_all(&c->focus);
	schedule(c, why, delay_ms);
}

/* A pass over all services because the time has come. */
static void run_time(struct controller *c)
{
	focus_time(&c->focus);
	schedule(c, NULL, 0);
}

static void schedule_if(struct controller *c, uint64_t delay_ms)
{
	if (delay_ms != PACE_NEVER)
		schedule(c, NULL, delay_ms);
}

/* What comes by itself: a drain, a slow start, the retry of what failed. */
static void schedule_due(struct controller *c, const struct moment *begin)
{
	struct ezlb_pass *pass = &c->instance.pass;
	uint64_t now = ezlb_now_ms(), life = ezlb_lifecycle_next(&pass->life), due;
	bool retried = strcmp(begin->why, "retry") == 0;

	ezlb_pass_rest(pass, pace_after_retry(&c->pace, retried, begin->ms, now));
	due = ezlb_pass_due(pass);
	schedule_if(c, pace_after_roster(&c->pace, life, begin->ms, now));
	if (due != EZLB_PASS_NEVER)
		schedule(c, NULL, due > now ? due - now : 0);
}

static const char *why_now(const struct controller *c, uint64_t now)
{
	if (c->why)
		return c->why;
	if (ezlb_pass_due(&c->instance.pass) <= now)
		return "retry";
	return c->pace.life_at <= now ? "lifecycle" : "look";
}

static void find_fights(struct controller *c, const struct ezlb_plan *drift, uint64_t now)
{
	char who[EZLB_SUSPECT_STRLEN];
	const struct ezlb_op *op = blame(&c->instance.pass, drift, now, who);

	if (op)
		desk_fight(&c->desk, op, who);
}

/* After a pass: conntrack is loaded then, and its settings are made. */
static void log_connections(struct controller *c)
{
	if (c->connlog)
		ezlb_connlog_set(c->connlog, &c->catalog.desired);
	c->connlog_is_old = false;
}

static void report(struct controller *c, const struct ezlb_verdicts *verdicts,
		   const struct ezlb_pass_result *result, const struct moment *begin)
{
	passlog_write(&c->log, result, begin->why, ezlb_now_ms() - begin->ms);
	desk_pass(&c->desk, verdicts, result, uv_hrtime() - begin->ns);
	uv_update_time(&c->loop);
	schedule_if(c, pace_after_pass(&c->pace, result->outcome.again));
	schedule_due(c, begin);
}

static void give_back(struct controller *c)
{
	ezlb_mem_trim();
	pace_after_trim(&c->pace, ezlb_now_ms());
}

static void pass_over_all(struct controller *c, const struct moment *begin)
{
	struct ezlb_pass *pass = &c->instance.pass;
	struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_pass_result result;
	bool calm;

	pass->quiet = c->focus.quiet;
	focus_forget(&c->focus);
	ezlb_health_verdicts(c->health, &verdicts);
	ezlb_pass_plan(pass, &c->catalog.desired, &verdicts, c->catalog.n_without > 0, begin->ms,
		       &result);
	find_fights(c, &result.found.drift, begin->ms);
	ezlb_pass_apply(pass, &result, begin->ms);
	nodedrain_pass(&c->drain, &result);
	log_connections(c);
	report(c, &verdicts, &result, begin);
	c->full_at = ezlb_now_ms() + FULL_MS;
	calm = result.plan.ops.len == 0;
	ezlb_pass_result_clear(&result);
	EZLB_VEC_CLEAR(&verdicts);
	if (calm) /* the peak of the start or of a large change is over */
		give_back(c);
}

/* False if only a pass over all can do it. */
static bool pass_over(struct controller *c, const struct ezlb_desired *part,
		      const struct moment *begin)
{
	struct ezlb_pass *pass = &c->instance.pass;
	struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_pass_result result;
	bool may;

	ezlb_health_verdicts_of(c->health, part, &verdicts);
	may = ezlb_pass_plan_part(pass, part, &verdicts, begin->ms, &result);
	if (may) {
		focus_forget(&c->focus);
		ezlb_pass_apply(pass, &result, begin->ms);
		if (result.outcome.again) /* then the next pass checks it */
			focus_specs(&c->focus, &c->catalog.desired, part);
		if (c->connlog_is_old)
			log_connections(c);
		report(c, &verdicts, &result, begin);
		ezlb_pass_result_clear(&result);
		pace_after_work(&c->pace, ezlb_now_ms());
	}
	EZLB_VEC_CLEAR(&verdicts);
	return may;
}

/* What the drains and slow starts ask for, and the retries. */
static void add_due(struct controller *c, uint64_t now)
{
	struct ezlb_scope due = { 0 };

	if (ezlb_pass_due(&c->instance.pass) <= now ||
	    !ezlb_lifecycle_due(&c->instance.pass.life, now, &due))
		focus_all(&c->focus);
	focus_keys(&c->focus, &c->catalog.desired, &due);
	EZLB_VEC_CLEAR(&due);
}

/* The same, if there is something to do at all. */
static bool try_part(struct controller *c, const struct moment *begin)
{
	struct ezlb_desired part = { 0 };
	bool done;

	if (c->focus.all || !ezlb_pass_check(&c->instance.pass))
		return false;
	focus_list(&c->focus, &c->catalog.desired, &part);
	if (part.len == 0)
		schedule_due(c, begin);
	done = part.len == 0 || pass_over(c, &part, begin);
	EZLB_VEC_CLEAR(&part);
	return done;
}

static void run_pass(struct controller *c)
{
	struct moment begin = { .ms = ezlb_now_ms(), .ns = uv_hrtime() };

	begin.why = why_now(c, begin.ms);
	c->why = NULL;
	if (strcmp(begin.why, "health") == 0)
		c->pace.health_at = begin.ms;
	add_due(c, begin.ms);
	if (!try_part(c, &begin))
		pass_over_all(c, &begin);
}

static void on_pass_timer(uv_timer_t *timer)
{
	run_pass(timer->data);
}

static void keep_versions(struct controller *c, const struct ezlb_snapshot *snapshot)
{
	ezlb_catalog_keep(&c->catalog, snapshot);
	c->keep_at = ezlb_now_ms() + KEEP_MS;
}

static void look_at_versions(struct controller *c)
{
	struct ezlb_snapshot snapshot;

	ezlb_watch_snapshot(c->watch, &snapshot);
	keep_versions(c, &snapshot);
	ezlb_snapshot_clear(&snapshot);
}

void run_on_look(uv_timer_t *timer)
{
	struct controller *c = timer->data;
	uint64_t now = ezlb_now_ms();

	ezlb_log_flush();
	if (instance_keep_lock(&c->instance, c->options, &c->fatal) == -EBUSY)
		startup_stop(c);
	if (c->instance.netns_lock >= 0)
		ezlb_netns_answer(c->instance.netns_lock);
	if (c->stopping || !c->loaded)
		return;
	if (now >= c->keep_at)
		look_at_versions(c);
	desk_look(&c->desk);
	if (blame_calm(&c->instance.pass, now)) {
		desk_calm(&c->desk);
		run_all(c, NULL, 0); /* updates the conditions */
	}
	if (ezlb_ledger_lost(&c->instance.pass.ledger))
		run_all(c, "ledger", 0);
	if (ezlb_pass_peek(&c->instance.pass, &c->catalog.desired))
		run_all(c, NULL, 0);
	else if (now >= c->full_at)
		run_time(c);
	told_look(&c->told, &c->instance.plane);
	if (desk_has_told(&c->desk))
		pace_after_work(&c->pace, now);
	if (pace_trims(&c->pace, now))
		give_back(c);
}

/* A notification makes the next check come sooner. */
void run_on_notice(void *arg)
{
	struct controller *c = arg;

	if (uv_timer_get_due_in(&c->look_timer) > NOTICE_MS)
		uv_timer_start(&c->look_timer, run_on_look, NOTICE_MS, RUN_LOOK_MS);
}

/* Again with the next change of files if it fails. */
static void set_probes(struct controller *c)
{
	struct ezlb_health_rows rows = { 0 };
	struct ezlb_err err;

	if (!c->catalog.change.probes && !c->probes_failed)
		return;
	ezlb_catalog_health_rows(&c->catalog.desired, &rows);
	c->probes_failed = ezlb_health_set(c->health, &rows, &err) < 0;
	if (c->probes_failed)
		ezlb_log(EZLB_ERROR, "controller", EZLB_S("msg", err.msg));
	EZLB_VEC_CLEAR(&rows);
}

static void take_files(struct controller *c, const struct ezlb_snapshot *snapshot)
{
	ezlb_catalog_update(&c->catalog, snapshot);
	focus_files(&c->focus, &c->catalog.desired, &c->catalog.change);
	c->connlog_is_old = true;
	desk_files(&c->desk, snapshot);
	set_probes(c);
	if (!c->loaded)
		keep_versions(c, snapshot);
	c->loaded = true;
	ezlb_pass_hurry(&c->instance.pass); /* no back-off after a change of files */
	schedule(c, "files", 0);
}

void run_on_snapshot(void *arg, const struct ezlb_snapshot *snapshot)
{
	struct controller *c = arg;

	emptied_snapshot(&c->emptied, snapshot, c->loaded);
}

void run_on_files(void *arg, const struct ezlb_snapshot *snapshot)
{
	take_files(arg, snapshot);
}

void run_on_released(void *arg)
{
	run_all(arg, "files", 0);
}

void run_on_verdict(void *arg)
{
	struct controller *c = arg;

	schedule(c, "health", pace_after_verdict(&c->pace, ezlb_now_ms()));
}

void run_on_health_change(void *arg, const struct ezlb_health_change *change)
{
	struct controller *c = arg;

	focus_name(&c->focus, &c->catalog.desired, change->service);
	desk_verdict(&c->desk, change);
}

/* Not on the loop: of the controller it may use the catalog's part for that alone. */
void run_are_whole(void *arg, const struct ezlb_files *files, bool *whole)
{
	struct controller *c = arg;

	ezlb_catalog_judge(&c->catalog, files, whole);
}
