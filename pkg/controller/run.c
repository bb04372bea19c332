// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon: everything that happens only pokes; a timer collects the pokes and makes one pass.
 * The pass looks at the kernel, not at what the last pass meant to do.
 */
#include <ezlb/controller.h>

#include <errno.h>
#include <signal.h>
#include <uv.h>

#include <ezlb/config.h>
#include <ezlb/duration.h>
#include <ezlb/health.h>
#include <ezlb/log.h>
#include <ezlb/watch.h>

#include "catalog.h"
#include "checks.h"
#include "passlog.h"
#include "world.h"

#define RESYNC_MS   2000 /* how long somebody else's change may stand */
#define COALESCE_MS 10	 /* backends that fall together leave in one pass */
#define RETRY_MS    200	 /* the first retry of a failed pass; doubles until resync is due first */
#define RETRIES	    3

struct controller {
	const struct ezlb_options *options;
	uv_loop_t loop;
	uv_signal_t sigterm, sigint, sighup;
	uv_timer_t pass_timer, resync_timer;
	struct world world;
	struct passlog log;
	struct catalog catalog;
	struct ezlb_watch *watch;
	struct ezlb_health *health;
	const char *why; /* what poked first since the last pass; NULL: nothing */
	uint64_t pass_at;
	unsigned failures; /* passes in a row */
	bool stopping;
};

static void on_pass_timer(uv_timer_t *timer);

/* The sooner of this and what is scheduled already. */
static void poke(struct controller *c, const char *why, uint64_t delay_ms)
{
	uint64_t at = uv_now(&c->loop) + delay_ms;

	if (c->stopping)
		return;
	if (why && !c->why)
		c->why = why;
	if (uv_is_active((uv_handle_t *)&c->pass_timer) && c->pass_at <= at)
		return;
	c->pass_at = at;
	uv_timer_start(&c->pass_timer, on_pass_timer, delay_ms, 0);
}

static void run_pass(struct controller *c)
{
	struct ezlb_verdicts verdicts = { 0 };
	struct pass_result result;
	const char *why = c->why ? c->why : "resync";
	bool drift = !c->why;
	uint64_t begin = ezlb_now_ms();
	bool ok;

	c->why = NULL;
	ezlb_health_verdicts(c->health, &verdicts);
	pass_plan(&c->world.pass, &c->catalog.desired, &verdicts, c->catalog.n_without > 0,
		  &result);
	ok = pass_apply(&c->world.pass, &c->catalog.desired, &result);
	passlog_write(&c->log, &result, why, drift, ezlb_now_ms() - begin);
	pass_result_clear(&result);
	EZLB_VEC_CLEAR(&verdicts);
	c->failures = ok ? 0 : c->failures + 1;
	if (!ok && c->failures <= RETRIES)
		poke(c, "retry", (uint64_t)RETRY_MS << (c->failures - 1));
}

static void on_pass_timer(uv_timer_t *timer)
{
	run_pass(timer->data);
}

static void on_resync(uv_timer_t *timer)
{
	poke(timer->data, NULL, 0);
}

static void on_snapshot(void *arg, const struct ezlb_snapshot *snapshot)
{
	struct controller *c = arg;
	struct ezlb_health_rows rows = { 0 };

	catalog_update(&c->catalog, snapshot);
	checks_of(&c->catalog.desired, &rows);
	ezlb_health_set(c->health, &rows);
	EZLB_VEC_CLEAR(&rows);
	c->failures = 0; /* new files deserve a prompt try */
	poke(c, "files", 0);
}

static void on_verdict(void *arg)
{
	poke(arg, "health", COALESCE_MS);
}

static bool is_whole(void *arg, const char *path, const char *bytes, size_t len)
{
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *spec = ezlb_config_parse(path, bytes, len, &diags);
	bool whole = spec != NULL;

	(void)arg;
	ezlb_spec_free(spec);
	ezlb_diags_clear(&diags);
	return whole;
}

static void log_cleanup(struct controller *c)
{
	struct pass_result result;
	bool ok = pass_cleanup(&c->world.pass, &result);

	passlog_write(&c->log, &result, "cleanup on exit", false, 0);
	if (!ok)
		ezlb_log(EZLB_ERROR, "controller",
			 EZLB_S("msg", "not all could be removed: run `ezlb cleanup`"));
	pass_result_clear(&result);
}

static void stop(struct controller *c)
{
	c->stopping = true;
	uv_close((uv_handle_t *)&c->sigterm, NULL);
	uv_close((uv_handle_t *)&c->sigint, NULL);
	uv_close((uv_handle_t *)&c->sighup, NULL);
	uv_close((uv_handle_t *)&c->pass_timer, NULL);
	uv_close((uv_handle_t *)&c->resync_timer, NULL);
	if (c->watch)
		ezlb_watch_close(c->watch, NULL, NULL);
	if (c->health)
		ezlb_health_close(c->health, NULL, NULL);
}

/* Once closed, the handles leave the signals to their default, which would kill on a second one. */
static void block_stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void on_stop_signal(uv_signal_t *signal, int number)
{
	struct controller *c = signal->data;

	ezlb_log(EZLB_INFO, "controller", EZLB_S("msg", "stopping"),
		 EZLB_S("signal", number == SIGTERM ? "TERM" : "INT"),
		 EZLB_S("rules", c->options->cleanup_on_exit ? "removed" : "left in place"));
	if (c->options->cleanup_on_exit)
		log_cleanup(c);
	block_stop_signals();
	stop(c);
}

static void on_hup(uv_signal_t *signal, int number)
{
	struct controller *c = signal->data;

	(void)number;
	ezlb_watch_rescan(c->watch);
	poke(c, "signal HUP", 0);
}

static void init_handles(struct controller *c)
{
	uv_signal_t *signals[] = { &c->sigterm, &c->sigint, &c->sighup };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		uv_signal_init(&c->loop, signals[i]);
		signals[i]->data = c;
	}
	uv_timer_init(&c->loop, &c->pass_timer);
	uv_timer_init(&c->loop, &c->resync_timer);
	c->pass_timer.data = c->resync_timer.data = c;
}

static int start(struct controller *c, struct ezlb_err *err)
{
	const struct ezlb_health_options health = { .hurry_ms = 0 };
	const struct ezlb_watch_options watch = { .dirs = c->options->config_dirs,
						  .n_dirs = c->options->n_config_dirs,
						  .whole = is_whole,
						  .on_change = on_snapshot,
						  .arg = c };
	int rc = ezlb_health_open(&c->loop, &health, on_verdict, c, &c->health, err);

	if (rc == 0)
		rc = ezlb_watch_open(&c->loop, &watch, &c->watch, err);
	if (rc < 0)
		return rc;
	uv_timer_start(&c->resync_timer, on_resync, RESYNC_MS, RESYNC_MS);
	rc = uv_signal_start(&c->sigterm, on_stop_signal, SIGTERM);
	if (rc == 0)
		rc = uv_signal_start(&c->sigint, on_stop_signal, SIGINT);
	if (rc == 0)
		rc = uv_signal_start(&c->sighup, on_hup, SIGHUP);
	return rc < 0 ? ezlb_err_set(err, -rc, "cannot catch signals: %s", uv_strerror(rc)) : 0;
}

int ezlb_controller_run(const struct ezlb_options *options, struct ezlb_err *err)
{
	struct controller *c = ezlb_calloc(1, sizeof(*c));
	int rc;

	c->options = options;
	rc = world_open(&c->world, options, WORLD_WRITE, err);
	if (rc == 0) {
		signal(SIGPIPE, SIG_IGN); /* whoever read the log may have gone away */
		uv_loop_init(&c->loop);
		init_handles(c);
		ezlb_log(EZLB_INFO, "controller", EZLB_S("msg", "started"),
			 EZLB_S("version", EZLB_VERSION),
			 EZLB_S("config_dir", options->config_dirs[0]),
			 EZLB_S("state_dir", options->state_dir),
			 EZLB_S("cleanup_on_exit", options->cleanup_on_exit ? "true" : "false"));
		rc = start(c, err);
		if (rc < 0)
			stop(c);
		uv_run(&c->loop, UV_RUN_DEFAULT);
		uv_loop_close(&c->loop);
	}
	passlog_clear(&c->log);
	catalog_clear(&c->catalog);
	world_close(&c->world);
	free(c);
	return rc;
}
