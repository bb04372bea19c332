// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * run: the daemon. Everything that happens only schedules a pass, and a timer runs one pass for
 * all. The pass reads the kernel; it does not rely on the last pass.
 */
#include <ezlb/controller.h>

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <uv.h>

#include <ezlb/catalog.h>
#include <ezlb/connlog.h>
#include <ezlb/duration.h>
#include <ezlb/health.h>
#include <ezlb/log.h>
#include <ezlb/store.h>
#include <ezlb/watch.h>

#include "blame.h"
#include "desk.h"
#include "emptied.h"
#include "instance.h"
#include "leaving.h"
#include "nodedrain.h"
#include "notice.h"
#include "pace.h"
#include "passlog.h"
#include "signals.h"
#include "told.h"

#define LOOK_MS	  500	/* between two cheap checks for changes by other programs */
#define FULL_MS	  60000 /* between two full passes: the cheap check does not see everything */
#define KEEP_MS	  60000 /* between two looks at the directories of the last good versions */
#define NOTICE_MS 50	/* wait after a change of nf_tables: a reload consists of many changes */
#define DOCUMENT  (512 * 1024)

struct controller {
	const struct ezlb_options *options;
	uv_loop_t loop;
	struct signals signals;
	uv_timer_t pass_timer, look_timer;
	struct emptied emptied;
	struct nodedrain drain;
	struct leaving leaving;
	struct notice notice;
	struct told told;
	struct instance instance;
	struct passlog log;
	struct desk desk;
	struct ezlb_catalog catalog;
	bool probes_failed; /* the probes are not all those of the files */
	bool loaded;	    /* the files have been read; no pass before that */
	struct ezlb_watch *watch;
	struct ezlb_health *health;
	struct ezlb_connlog *connlog; /* NULL with a simulated kernel */
	const char *why;	      /* the first reason for the next pass; NULL: none */
	uint64_t pass_at, full_at, keep_at;
	struct pace pace;
	bool stopping;
	struct ezlb_err fatal;
};

static void on_pass_timer(uv_timer_t *timer);
static void stop(struct controller *c);

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

static void schedule_if(struct controller *c, uint64_t delay_ms)
{
	if (delay_ms != PACE_NEVER)
		schedule(c, NULL, delay_ms);
}

static void schedule_next(struct controller *c, const struct ezlb_pass_result *result,
			  uint64_t begin)
{
	uint64_t due = ezlb_pass_due(&c->instance.pass), now = ezlb_now_ms();

	schedule_if(c, pace_after_pass(&c->pace, result->outcome.again));
	schedule_if(c, pace_after_roster(&c->pace, result->plan.roster.due_ms, begin, now));
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
}

static void run_pass(struct controller *c)
{
	struct ezlb_pass *pass = &c->instance.pass;
	struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_pass_result result;
	uint64_t begin = ezlb_now_ms(), begin_ns = uv_hrtime();
	const char *why = why_now(c, begin);
	bool calm;

	c->why = NULL;
	if (strcmp(why, "health") == 0)
		c->pace.health_at = begin;
	ezlb_health_verdicts(c->health, &verdicts);
	ezlb_pass_plan(pass, &c->catalog.desired, &verdicts, c->catalog.n_without > 0, begin,
		       &result);
	find_fights(c, &result.found.drift, begin);
	ezlb_pass_apply(pass, &result, begin);
	nodedrain_pass(&c->drain, &result);
	log_connections(c);
	passlog_write(&c->log, &result, why, ezlb_now_ms() - begin);
	desk_pass(&c->desk, &verdicts, &result, uv_hrtime() - begin_ns);
	uv_update_time(&c->loop);
	schedule_next(c, &result, begin);
	c->full_at = ezlb_now_ms() + FULL_MS;
	calm = !result.part && result.plan.ops.len == 0;
	ezlb_pass_result_clear(&result);
	EZLB_VEC_CLEAR(&verdicts);
	if (calm) /* the peak of the start or of a large change is over */
		ezlb_mem_trim();
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

static void on_look(uv_timer_t *timer)
{
	struct controller *c = timer->data;
	uint64_t now = ezlb_now_ms();

	if (instance_keep_lock(&c->instance, c->options, &c->fatal) == -EBUSY)
		stop(c);
	if (c->instance.netns_lock >= 0)
		ezlb_netns_answer(c->instance.netns_lock);
	if (c->stopping || !c->loaded)
		return;
	if (now >= c->keep_at)
		look_at_versions(c);
	desk_look(&c->desk);
	if (blame_calm(&c->instance.pass, now)) {
		desk_calm(&c->desk);
		schedule(c, NULL, 0); /* updates the conditions */
	}
	if (ezlb_ledger_lost(&c->instance.pass.ledger))
		schedule(c, "ledger", 0);
	if (ezlb_pass_peek(&c->instance.pass, &c->catalog.desired) || now >= c->full_at)
		schedule(c, NULL, 0);
	told_look(&c->told, &c->instance.plane);
}

/* A notification makes the next check come sooner. */
static void on_notice(void *arg)
{
	struct controller *c = arg;

	if (uv_timer_get_due_in(&c->look_timer) > NOTICE_MS)
		uv_timer_start(&c->look_timer, on_look, NOTICE_MS, LOOK_MS);
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
	desk_files(&c->desk, snapshot);
	set_probes(c);
	if (!c->loaded)
		keep_versions(c, snapshot);
	c->loaded = true;
	ezlb_pass_hurry(&c->instance.pass); /* no back-off after a change of files */
	schedule(c, "files", 0);
}

static void on_snapshot(void *arg, const struct ezlb_snapshot *snapshot)
{
	struct controller *c = arg;

	emptied_snapshot(&c->emptied, snapshot, c->loaded);
}

static void on_files(void *arg, const struct ezlb_snapshot *snapshot)
{
	take_files(arg, snapshot);
}

static void on_released(void *arg)
{
	schedule(arg, "files", 0);
}

static void on_verdict(void *arg)
{
	struct controller *c = arg;

	schedule(c, "health", pace_after_verdict(&c->pace, ezlb_now_ms()));
}

static void on_health_change(void *arg, const struct ezlb_health_change *change)
{
	struct controller *c = arg;

	desk_verdict(&c->desk, change);
}

static bool is_whole(void *arg, const char *path, const char *bytes, size_t len)
{
	struct controller *c = arg;

	return ezlb_catalog_is_whole(&c->catalog, path, bytes, len);
}

static void log_cleanup(struct controller *c)
{
	struct ezlb_pass_result result;
	bool ok = ezlb_pass_cleanup(&c->instance.pass, &result);

	passlog_write(&c->log, &result, "cleanup on exit", 0);
	if (!ok)
		ezlb_log(EZLB_ERROR, "controller",
			 EZLB_S("msg", "some objects could not be removed: run `ezlb cleanup`"));
	ezlb_pass_result_clear(&result);
}

static void stop(struct controller *c)
{
	if (c->stopping)
		return;
	c->stopping = true;
	desk_close(&c->desk);
	signals_close(&c->signals);
	uv_close((uv_handle_t *)&c->pass_timer, NULL);
	uv_close((uv_handle_t *)&c->look_timer, NULL);
	emptied_close(&c->emptied);
	leaving_close(&c->leaving);
	notice_close(&c->notice);
	if (c->watch)
		ezlb_watch_close(c->watch, NULL, NULL);
	if (c->health)
		ezlb_health_close(c->health, NULL, NULL);
}

static void end(void *arg)
{
	struct controller *c = arg;

	if (c->options->cleanup_on_exit)
		log_cleanup(c);
	signals_block();
	stop(c);
}

/* SIGINT and a second signal end it at once, and so does one before the first pass. */
static void on_stop_signal(void *arg, int number)
{
	struct controller *c = arg;
	bool drains = number == SIGTERM && c->options->drain_on_exit_ms > 0 && c->loaded &&
		      !c->leaving.begun;

	ezlb_log(EZLB_INFO, "controller",
		 EZLB_S("msg", drains ? "stopping after a drain" : "stopping"),
		 EZLB_S("signal", number == SIGTERM ? "TERM" : "INT"),
		 EZLB_S("rules", c->options->cleanup_on_exit ? "removed" : "left in place"));
	if (drains)
		leaving_begin(&c->leaving);
	else
		end(c);
}

static void on_drain(void *arg)
{
	struct controller *c = arg;

	c->instance.pass.policy.drained = c->drain.state.kind != EZLB_NODE_SERVES;
	desk_drain(&c->desk, &c->drain.state);
	ezlb_pass_hurry(&c->instance.pass);
	schedule(c, c->instance.pass.policy.drained ? "drain" : "undrain", 0);
}

static void reload(struct controller *c, const char *why)
{
	desk_reloading(&c->desk);
	ezlb_watch_rescan(c->watch);
	c->keep_at = 0;
	ezlb_pass_hurry(&c->instance.pass);
	schedule(c, why, 0);
}

static void on_hup(void *arg)
{
	reload(arg, "signal HUP");
}

static void on_reload(void *arg)
{
	reload(arg, "reload");
}

static void on_usr1(void *arg)
{
	struct controller *c = arg;

	if (c->connlog)
		ezlb_connlog_reopen(c->connlog);
}

static void open_connlog(struct controller *c)
{
	const struct ezlb_connlog_options options = {
		.file = c->options->connection_log,
		.ipvs_tcp_s = c->options->ipvs_timeouts[EZLB_TIMEOUT_TCP]
	};

	if (!c->instance.plane.memory)
		c->connlog = ezlb_connlog_new(&options);
}

static void init_handles(struct controller *c)
{
	c->signals = (struct signals){
		.on_stop = on_stop_signal, .on_hup = on_hup, .on_usr1 = on_usr1, .arg = c
	};
	signals_init(&c->signals, &c->loop);
	uv_timer_init(&c->loop, &c->pass_timer);
	uv_timer_init(&c->loop, &c->look_timer);
	c->pass_timer.data = c->look_timer.data = c;
	c->emptied = (struct emptied){ .hold_ms = c->options->empty_hold_ms,
				       .catalog = &c->catalog,
				       .instance = &c->instance,
				       .take = on_files,
				       .released = on_released,
				       .arg = c };
	emptied_open(&c->emptied, &c->loop);
	c->leaving = (struct leaving){
		.from = &c->desk.sources, .manager = &c->desk.manager, .over = end, .arg = c
	};
	leaving_init(&c->leaving, &c->loop);
}

static void log_start(const struct controller *c)
{
	const struct ezlb_options *options = c->options;
	const struct dataplane *plane = &c->instance.plane;

	ezlb_log(EZLB_INFO, "controller", EZLB_S("msg", "started"), EZLB_S("version", EZLB_VERSION),
		 EZLB_S("config_dir", options->config_dirs[0]),
		 EZLB_S("state_dir", options->state_dir),
		 EZLB_S("persist_dir", ezlb_lastgood_persists(&c->instance.lastgood) ? options->persist_dir : NULL),
		 EZLB_S("dataplane", plane->memory ? "memory" : "kernel"),
		 EZLB_S("cleanup_on_exit", options->cleanup_on_exit ? "true" : "false"));
	ezlb_log(EZLB_INFO, "controller", EZLB_S("msg", "snat backend"),
		 EZLB_S("backend", ezlb_snat_driver_str(plane->snat)), EZLB_S("why", plane->why));
}

static int start(struct controller *c, struct ezlb_err *err)
{
	const struct ezlb_health_options health = { .on_verdict = on_health_change,
						    .pretend = dataplane_pretends(c->options) };
	const struct ezlb_watch_options watch = { .dirs = c->options->config_dirs,
						  .n_dirs = c->options->n_config_dirs,
						  .whole = is_whole,
						  .on_change = on_snapshot,
						  .arg = c };
	int rc = ezlb_health_open(&c->loop, &health, on_verdict, c, &c->health, err);

	if (rc < 0)
		return rc;
	/* First: as soon as the log or the socket shows ezlb, SIGTERM must stop it cleanly. */
	rc = signals_start(&c->signals, err);
	if (rc < 0)
		return rc;
	log_start(c);
	c->desk.sources = (struct sources){ .options = c->options,
					    .catalog = &c->catalog,
					    .pass = &c->instance.pass,
					    .plane = &c->instance.plane,
					    .health = c->health,
					    .drain = &c->drain };
	desk_open(&c->desk, &c->loop, on_reload, c);
	c->drain = (struct nodedrain){ .options = c->options, .changed = on_drain, .arg = c };
	nodedrain_open(&c->drain, &c->instance.drain);
	if (c->instance.drain.kind != EZLB_NODE_SERVES)
		desk_drain(&c->desk, &c->drain.state);
	rc = ezlb_watch_open(&c->loop, &watch, &c->watch, err);
	if (rc < 0)
		return rc;
	c->desk.sources.watch = c->watch;
	uv_timer_start(&c->look_timer, on_look, LOOK_MS, LOOK_MS);
	return 0;
}

int ezlb_controller_run(const struct ezlb_options *options, struct ezlb_err *err)
{
	struct controller *c = ezlb_calloc(1, sizeof(*c));
	int rc;

	/* Large documents are mapped, so that free() returns their memory to the system. */
	mallopt(M_MMAP_THRESHOLD, DOCUMENT);
	c->options = options;
	rc = instance_open(&c->instance, options, INSTANCE_WRITE, err);
	if (rc == 0)
		rc = instance_lock_for_memory(&c->instance, options, err);
	c->instance.pass.paced = true;
	c->pace.life_at = PACE_NEVER;
	c->catalog.lastgood = &c->instance.lastgood;
	if (rc == 0) {
		c->catalog.snat_key = c->instance.pass.policy.snat_key;
		signal(SIGPIPE, SIG_IGN); /* the reader of the log may end */
		uv_loop_init(&c->loop);
		init_handles(c);
		open_connlog(c);
		if (!c->instance.plane.memory && c->instance.plane.snat == EZLB_SNAT_NFTABLES)
			notice_open(&c->notice, &c->loop, on_notice, c);
		rc = start(c, err);
		if (rc < 0)
			stop(c);
		uv_run(&c->loop, UV_RUN_DEFAULT);
		uv_loop_close(&c->loop);
	}
	if (rc == 0 && c->fatal.code)
		rc = ezlb_err_set(err, c->fatal.code, "%s", c->fatal.msg);
	ezlb_connlog_free(c->connlog);
	desk_clear(&c->desk);
	passlog_clear(&c->log);
	ezlb_catalog_clear(&c->catalog);
	instance_close(&c->instance);
	free(c);
	return rc;
}
