// SPDX-License-Identifier: GPL-2.0-or-later
/* startup: how the daemon begins and ends. */
#include <ezlb/controller.h>

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>

#include <ezlb/log.h>
#include <ezlb/loop.h>

#include "run.h"
#include "worker_side.h"

#define DOCUMENT      (512 * 1024)
#define LOG_FINISH_MS 500 /* at the end, for who reads the log */

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

void startup_stop(struct controller *c)
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
	if (c->worker)
		ezlb_worker_leave(c->worker); /* the others still use its channel */
}

static void end(void *arg)
{
	struct controller *c = arg;

	if (c->options->cleanup_on_exit)
		log_cleanup(c);
	signals_block();
	startup_stop(c);
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
	run_all(c, c->instance.pass.policy.drained ? "drain" : "undrain", 0);
}

static void reload(struct controller *c, const char *why)
{
	desk_reloading(&c->desk);
	ezlb_watch_rescan(c->watch);
	/* Started again, the timer of the pass comes after the one that reads the files. */
	uv_timer_stop(&c->pass_timer);
	c->keep_at = 0;
	ezlb_pass_hurry(&c->instance.pass);
	run_all(c, why, 0);
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
				       .take = run_on_files,
				       .released = run_on_released,
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
		 EZLB_S("persist_dir", ezlb_lastgood_persists(&c->instance.lastgood)
					       ? options->persist_dir
					       : NULL),
		 EZLB_S("dataplane", plane->memory ? "memory" : "kernel"),
		 EZLB_S("cleanup_on_exit", options->cleanup_on_exit ? "true" : "false"));
	ezlb_log(EZLB_INFO, "controller", EZLB_S("msg", "snat backend"),
		 EZLB_S("backend", ezlb_snat_driver_str(plane->snat)), EZLB_S("why", plane->why));
}

/* One line, because it may surprise whoever reaches this host at such an address. */
static void log_guard(const struct controller *c)
{
	const struct ezlb_policy *policy = &c->instance.pass.policy;

	if (policy->vip_device[0] == '\0' || c->options->vip_guard_never)
		return;
	if (policy->guard)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "only services answer at the addresses on this interface: "
				       "new connections to other ports are rejected (--vip-guard)"),
			 EZLB_S("device", policy->vip_device));
	else
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg",
				"the kernel has no nf_tables, which --vip-guard needs: other "
				"programs of this host may answer at the addresses of "
				"services"),
			 EZLB_S("device", policy->vip_device));
}

/* The rules stay; the service manager starts ezlb. Why the spawner could not begin is in the log.
 */
static void on_worker_gone(void *arg, const char *how, bool killed)
{
	struct controller *c = arg;

	ezlb_err_set(&c->fatal, ECHILD,
		     "the process that starts the worker process has ended (%s)%s", how,
		     killed ? ": somebody has killed it" : "");
	startup_stop(c);
}

static void on_worker_idle(void *arg)
{
	ezlb_worker_replace(arg);
}

/* A client of the admin interface does not notice it: it is answered before or after that. */
static bool on_curl_needed(void *arg)
{
	struct controller *c = arg;
	bool is_there = ezlb_worker_need(c->worker, EZLB_WORKER_CURL);

	if (is_there)
		admin_pause(&c->desk.admin, on_worker_idle, c->worker);
	return is_there;
}

/* What strangers send is read here if there is no other process for it. */
static void start_worker(struct controller *c)
{
	struct ezlb_err err;

	if (c->options->sandbox_off)
		return;
	sandbox_prepare();
	if (ezlb_worker_start(&worker_side, &c->worker, &err) < 0)
		ezlb_log(EZLB_WARN, "controller", EZLB_S("msg", "everything runs in one process"),
			 EZLB_S("err", err.msg));
}

static int start(struct controller *c, struct ezlb_err *err)
{
	struct ezlb_channel *channel = c->worker ? ezlb_worker_channel(c->worker) : NULL;
	const struct ezlb_health_options health = { .on_verdict = run_on_health_change,
						    .pretend = dataplane_pretends(c->options),
						    .channel = channel,
						    .need_curl = on_curl_needed,
						    .need_arg = c };
	const struct ezlb_watch_options watch = { .dirs = c->options->config_dirs,
						  .n_dirs = c->options->n_config_dirs,
						  .whole = run_are_whole,
						  .on_change = run_on_snapshot,
						  .arg = c };
	int rc = ezlb_health_open(&c->loop, &health, run_on_verdict, c, &c->health, err);

	if (rc < 0)
		return rc;
	/* First: as soon as the log or the socket shows ezlb, SIGTERM must stop it cleanly. */
	rc = signals_start(&c->signals, err);
	if (rc < 0)
		return rc;
	log_start(c);
	log_guard(c);
	c->desk.sources = (struct sources){ .options = c->options,
					    .catalog = &c->catalog,
					    .pass = &c->instance.pass,
					    .plane = &c->instance.plane,
					    .sandbox = &c->sandbox,
					    .worker = c->worker,
					    .channel = channel,
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
	uv_timer_start(&c->look_timer, run_on_look, RUN_LOOK_MS, RUN_LOOK_MS);
	return 0;
}

/*
 * Before there is a second thread, but for one: some kernels (Debian's, by
 * kernel.perf_event_paranoid) let only CAP_SYS_ADMIN attach the probes that count changes of IPVS.
 */
static void give_up_rights(struct controller *c)
{
	if (!c->options->sandbox_off)
		told_ask(&c->told, &c->instance.plane);
	sandbox_enter(&c->sandbox, c->options);
}

static int run_loop(struct controller *c, struct ezlb_err *err)
{
	int rc = ezlb_loop_begin(&c->loop, err);

	if (rc < 0)
		return rc;
	c->catalog.snat_key = c->instance.pass.policy.snat_key;
	signal(SIGPIPE, SIG_IGN); /* the reader of the log may end */
	if (c->worker)
		rc = ezlb_worker_open(c->worker, &c->loop, on_worker_gone, c, err);
	init_handles(c);
	open_connlog(c);
	if (!c->instance.plane.memory && c->instance.plane.snat == EZLB_SNAT_NFTABLES)
		notice_open(&c->notice, &c->loop, run_on_notice, c);
	if (rc == 0)
		rc = start(c, err);
	if (rc < 0)
		startup_stop(c);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	if (c->worker)
		ezlb_worker_close(c->worker);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	uv_loop_close(&c->loop);
	return rc;
}

static void clear(struct controller *c)
{
	ezlb_connlog_free(c->connlog);
	desk_clear(&c->desk);
	passlog_clear(&c->log);
	focus_clear(&c->focus);
	ezlb_catalog_clear(&c->catalog);
	instance_close(&c->instance);
	ezlb_worker_free(c->worker);
	free(c);
}

int ezlb_controller_run(const struct ezlb_options *options, struct ezlb_err *err)
{
	struct controller *c = ezlb_calloc(1, sizeof(*c));
	int rc;

	ezlb_log_never_wait();
	signals_expect();
	/* Large documents are mapped, so that free() returns their memory to the system. */
	mallopt(M_MMAP_THRESHOLD, DOCUMENT);
	/* A huge page is 2 MB of memory, also where a thread uses 8 KB of its stack. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	c->options = options;
	start_worker(c); /* before there is anything that it must not have */
	rc = instance_open(&c->instance, options, INSTANCE_WRITE, err);
	if (rc == 0)
		rc = instance_lock_for_memory(&c->instance, options, err);
	if (rc == 0)
		give_up_rights(c);
	c->instance.pass.paced = true;
	c->pace.life_at = PACE_NEVER;
	c->focus.all = true;
	c->catalog.lastgood = &c->instance.lastgood;
	if (rc == 0)
		rc = run_loop(c, err);
	if (rc == 0 && c->fatal.code)
		rc = ezlb_err_set(err, c->fatal.code, "%s", c->fatal.msg);
	clear(c);
	ezlb_log_finish(LOG_FINISH_MS);
	return rc;
}
