/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run: the daemon, in two files: `run` has what happens while it runs, `startup` its begin and end.
 */
#pragma once

#include <uv.h>

#include <ezlb/catalog.h>
#include <ezlb/connlog.h>
#include <ezlb/health.h>
#include <ezlb/watch.h>
#include <ezlb/worker.h>

#include "desk.h"
#include "emptied.h"
#include "focus.h"
#include "instance.h"
#include "leaving.h"
#include "nodedrain.h"
#include "notice.h"
#include "pace.h"
#include "passlog.h"
#include "sandbox.h"
#include "signals.h"
#include "told.h"

#define RUN_LOOK_MS 500 /* between two cheap checks for changes by other programs */

struct controller {
	const struct ezlb_options *options;
	struct sandbox sandbox;
	struct ezlb_worker *worker; /* NULL: --sandbox off, or it could not be started */
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
	struct focus focus;  /* what the next pass is about */
	bool connlog_is_old; /* files have changed since it got them */
	bool stopping;
	struct ezlb_err fatal;
};

/* Schedules a pass over all services; keeps the earlier of this time and the scheduled one. */
void run_all(struct controller *c, const char *why, uint64_t delay_ms);

/* What the parts of the daemon call; `arg` is the controller. */
void run_on_look(uv_timer_t *timer);
void run_on_notice(void *arg);
void run_on_snapshot(void *arg, const struct ezlb_snapshot *snapshot);
void run_on_files(void *arg, const struct ezlb_snapshot *snapshot);
void run_on_released(void *arg);
void run_on_verdict(void *arg);
void run_on_health_change(void *arg, const struct ezlb_health_change *change);
void run_are_whole(void *arg, const struct ezlb_files *files, bool *whole);

/* Closes everything that is open on the loop. */
void startup_stop(struct controller *c);
