// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/watch.h>

#include <errno.h>
#include <uv.h>

#include <ezlb/duration.h>

#include "agenda.h"
#include "looker.h"
#include "notify.h"
#include "settle.h"
#include "telling.h"

const struct watch_timing watch_timing = {
	.quiet = 100,
	.cap = 1000,
	.grace = 1000,
	.retry = 1000,
	.rescan = 30000,
	.poll = 5000,
	.inotify = 60000,
};

struct ezlb_watch {
	uv_timer_t timer;
	uv_poll_t poll;
	bool polls; /* poll is initialised and active */
	int handles;

	struct watch_timing timing;
	struct notify notify;
	bool polling; /* inotify is not available; the next try is at inotify_at */
	uint64_t inotify_at;

	size_t n;
	struct watch_settle *settles; /* n settles, and n agendas */
	struct agenda *agendas;

	/*
	 * While it is active nothing else happens: the settles are not changed, and no event is
	 * read, so that what a look finds belongs to the events that were read before it.
	 */
	struct looker looker;
	size_t looked_at; /* the directory */
	bool second;	  /* the look is a second one, because the directory was another one */

	ezlb_snapshot_fn on_change;
	void *arg;
	bool delivered;
	uint64_t fingerprint; /* of the last snapshot that was delivered */
	struct watch_names logged;

	void (*closed)(void *arg);
	void *closed_arg;
};

static void on_readable(uv_poll_t *poll, int status, int events);

/* Starts the uv handle of inotify's descriptor, once. */
static int start_poll(struct ezlb_watch *watch, struct ezlb_err *err)
{
	int rc;

	if (watch->polls)
		return 0;
	rc = uv_poll_init(watch->timer.loop, &watch->poll, watch->notify.fd);
	if (rc == 0) {
		watch->poll.data = watch;
		watch->handles++;
		watch->polls = true;
		uv_poll_start(&watch->poll, UV_READABLE, on_readable);
		return 0;
	}
	notify_disarm(&watch->notify);
	return ezlb_err_sys(err, -rc, "cannot wait for inotify");
}

static void arm(struct ezlb_watch *watch, uint64_t now)
{
	struct ezlb_err err;
	int rc;

	if (watch->polling && now < watch->inotify_at)
		return;
	rc = notify_arm(&watch->notify, &err);
	if (watch->notify.fd >= 0 && start_poll(watch, &err) < 0)
		rc = -err.code;
	if (rc < 0) {
		watch->inotify_at = now + watch->timing.inotify;
		if (!watch->polling)
			tell_line(EZLB_WARN,
				  "inotify is not available: polling the files every 5 s", NULL,
				  err.msg);
	} else if (watch->polling) {
		tell_line(EZLB_INFO, "inotify is available again", NULL, NULL);
	}
	watch->polling = rc < 0;
}

/*
 * Whether it is certain that nothing has changed since the last scan, apart from the files that
 * events have named.
 */
static bool is_known(const struct ezlb_watch *watch, size_t i, uint64_t now)
{
	const struct watch_settle *settle = &watch->settles[i];
	const struct notify_dir *dir = &watch->notify.dirs[i];

	return settle->seen && !settle->problem && !settle->configmap && !settle->links &&
	       !watch->polling && dir->wd >= 0 && dir->parent_wd >= 0 && !dir->whole &&
	       !dir->gone && now < watch->agendas[i].full_at;
}

/* Adds the watches before the look, so that a change after the look raises an event. */
static void prepare(struct ezlb_watch *watch, size_t i, uint64_t now)
{
	struct notify_dir *dir = &watch->notify.dirs[i];
	struct looker *looker = &watch->looker;

	if (dir->wd < 0 || dir->parent_wd < 0)
		arm(watch, now);
	watch->looked_at = i;
	looker->settle = &watch->settles[i];
	looker->part = is_known(watch, i, now);
	looker->replaced = dir->gone;
	looker->writing = &dir->writing;
	watch_names_clear(&looker->names);
	looker->names = dir->names;
	dir->names = (struct watch_names){ 0 };
}

static void start_look(struct ezlb_watch *watch)
{
	if (watch->polls)
		uv_poll_stop(&watch->poll);
	uv_timer_stop(&watch->timer);
	watch->handles++;
	looker_start(&watch->looker, watch->timer.loop);
}

/* +-10 %, so that many hosts do not read their volumes at the same time. */
static uint64_t rescan_in(const struct ezlb_watch *watch)
{
	uint64_t tenth = watch->timing.rescan / 10;

	return watch->timing.rescan - tenth + (uv_hrtime() / 1000) % (2 * tenth + 1);
}

static uint64_t next_scan(const struct ezlb_watch *watch, size_t i)
{
	if (watch->settles[i].problem)
		return watch->timing.retry;
	if (watch->polling)
		return watch->timing.poll;
	return watch->notify.dirs[i].wd < 0 ? watch->timing.retry : rescan_in(watch);
}

static void take_whole(struct ezlb_watch *watch, struct watch_look *seen, uint64_t now)
{
	size_t i = watch->looked_at;
	struct watch_settle *settle = &watch->settles[i];
	struct notify_dir *dir = &watch->notify.dirs[i];
	EZLB_AUTO_FREE char *before = settle->problem ? ezlb_strdup(settle->problem) : NULL;

	dir->gone = dir->whole = false;
	watch->agendas[i].grace_at = watch_settle_take(settle, seen, now);
	tell_directory(settle, before);
	watch->agendas[i].full_at = now + next_scan(watch, i);
}

/* Takes what a look has found. False: look once more, because the watch was on another directory.
 */
static bool take_look(struct ezlb_watch *watch, uint64_t now)
{
	size_t i = watch->looked_at;
	struct looker *looker = &watch->looker;
	struct watch_look *seen = &looker->seen;

	if (!looker->part && !watch->second && seen->ino != 0 &&
	    notify_drop_other(&watch->notify, i, seen->dev, seen->ino)) {
		watch_look_clear(seen);
		watch->second = true;
		prepare(watch, i, now);
		return false;
	}
	watch->second = false;
	if (looker->part)
		watch->agendas[i].grace_at = watch_settle_part(&watch->settles[i], seen,
							       &looker->names, now);
	else
		take_whole(watch, seen, now);
	if (!watch->settles[i].problem)
		tell_names(&watch->logged, seen);
	watch_look_clear(seen);
	watch_names_clear(&looker->names);
	return true;
}

/*
 * False: the look goes on in a thread. The first one of a directory is waited for, and so is one
 * that was asked for: the pass after it needs the files.
 */
static bool scan(struct ezlb_watch *watch, size_t i)
{
	uint64_t now = ezlb_now_ms();

	watch->agendas[i].event_at = WATCH_NEVER;
	prepare(watch, i, now);
	if (watch->agendas[i].full_at > 0 && !watch->looker.busy) {
		start_look(watch);
		return false;
	}
	do
		looker_run(&watch->looker);
	while (!take_look(watch, now));
	return true;
}

static void deliver(struct ezlb_watch *watch)
{
	uint64_t print = watch_fingerprint(watch->settles, watch->n);
	struct ezlb_snapshot snapshot;

	if (watch->delivered && print == watch->fingerprint)
		return;
	watch->delivered = true;
	watch->fingerprint = print;
	watch_collect(watch->settles, watch->n, &snapshot);
	watch->on_change(watch->arg, &snapshot);
	ezlb_snapshot_clear(&snapshot);
}

/* A ConfigMap volume changes in one step, so its scan needs no delay. */
static void note_event(struct ezlb_watch *watch, size_t i, uint64_t now)
{
	bool at_once = watch->settles[i].configmap || watch->notify.overflow;

	agenda_note(&watch->agendas[i], &watch->timing, at_once, now);
}

static void note_events(struct ezlb_watch *watch, uint64_t now)
{
	for (size_t i = 0; i < watch->n; i++) {
		if (watch->notify.dirs[i].touched || watch->notify.overflow)
			note_event(watch, i, now);
		watch->notify.dirs[i].touched = false;
	}
	watch->notify.overflow = false;
}

/* A mount on the directory or a parent, and a rename of a higher directory, raise no event. */
static void check_path(struct ezlb_watch *watch, size_t i, uint64_t now)
{
	if (now < watch->agendas[i].check_at)
		return;
	watch->agendas[i].check_at = now + watch->timing.retry;
	if (!notify_is_elsewhere(&watch->notify, i))
		return;
	watch->notify.dirs[i].whole = true;
	if (watch->agendas[i].event_at == WATCH_NEVER)
		note_event(watch, i, now);
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct ezlb_watch *watch)
{
	uint64_t now = ezlb_now_ms(), at = WATCH_NEVER;

	if (watch->looker.active || uv_is_closing((uv_handle_t *)&watch->timer))
		return;
	note_events(watch, now);
	for (size_t i = 0; i < watch->n; i++)
		if (agenda_wake(&watch->agendas[i]) < at)
			at = agenda_wake(&watch->agendas[i]);
	uv_update_time(watch->timer.loop);
	uv_timer_start(&watch->timer, on_timer, at > now ? at - now : 0, 0);
}

/* Scans every directory that is due. on_change may close the watch. */
static void run(struct ezlb_watch *watch)
{
	uint64_t now = ezlb_now_ms();

	note_events(watch, now);
	for (size_t i = 0; i < watch->n; i++) {
		check_path(watch, i, now);
		if (agenda_due(&watch->agendas[i]) <= now && !scan(watch, i))
			return; /* on_looked goes on */
	}
	deliver(watch);
	schedule(watch);
}

static void release(struct ezlb_watch *watch);

/* Events may be read again. */
static void go_on(struct ezlb_watch *watch)
{
	if (watch->polls)
		uv_poll_start(&watch->poll, UV_READABLE, on_readable);
}

static void on_looked(void *arg, bool news)
{
	struct ezlb_watch *watch = arg;

	if (uv_is_closing((uv_handle_t *)&watch->timer)) {
		if (news)
			watch_look_clear(&watch->looker.seen);
		release(watch);
		return;
	}
	watch->handles--;
	if (!news)
		return;
	if (!take_look(watch, ezlb_now_ms())) {
		start_look(watch);
		return;
	}
	go_on(watch);
	run(watch);
}

static void finish_look(struct ezlb_watch *watch)
{
	looker_wait(&watch->looker);
	while (!take_look(watch, ezlb_now_ms()))
		looker_run(&watch->looker);
	go_on(watch);
}

static void on_timer(uv_timer_t *timer)
{
	run(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct ezlb_watch *watch = poll->data;

	(void)events;
	/* An error stops the poll; the periodic rescans continue. */
	if (status == 0)
		notify_read(&watch->notify);
	run(watch);
}

static void init(struct ezlb_watch *watch, const struct ezlb_watch_options *options)
{
	watch->on_change = options->on_change;
	watch->arg = options->arg;
	looker_init(&watch->looker, on_looked, watch);
	watch->n = options->n_dirs;
	watch->settles = ezlb_calloc(watch->n, sizeof(*watch->settles));
	watch->agendas = ezlb_calloc(watch->n, sizeof(*watch->agendas));
	for (size_t i = 0; i < watch->n; i++) {
		watch_settle_init(&watch->settles[i], options->dirs[i]);
		watch->settles[i].grace_ms = watch->timing.grace;
		watch->settles[i].whole = options->whole;
		watch->settles[i].arg = options->arg;
	}
	notify_init(&watch->notify, options->dirs, options->n_dirs);
}

int watch_open(struct uv_loop_s *loop, const struct ezlb_watch_options *options,
	       const struct watch_timing *timing, struct ezlb_watch **out, struct ezlb_err *err)
{
	struct ezlb_watch *watch;

	if (options->n_dirs == 0)
		return ezlb_err_set(err, EINVAL, "no config directory is given");
	watch = ezlb_calloc(1, sizeof(*watch));
	watch->timing = *timing;
	uv_timer_init(loop, &watch->timer);
	watch->timer.data = watch;
	watch->handles = 1;
	init(watch, options);
	*out = watch;
	run(watch); /* every agenda is 0, so all are due */
	return 0;
}

int ezlb_watch_open(struct uv_loop_s *loop, const struct ezlb_watch_options *options,
		    struct ezlb_watch **out, struct ezlb_err *err)
{
	return watch_open(loop, options, &watch_timing, out, err);
}

void ezlb_watch_rescan(struct ezlb_watch *watch)
{
	if (uv_is_closing((uv_handle_t *)&watch->timer))
		return;
	if (watch->looker.active)
		finish_look(watch);
	/* Try inotify at once: a limit may have been raised. */
	watch->inotify_at = 0;
	for (size_t i = 0; i < watch->n; i++)
		watch->agendas[i].full_at = 0;
	schedule(watch);
}

static void release(struct ezlb_watch *watch)
{
	if (--watch->handles > 0)
		return;
	for (size_t i = 0; i < watch->n; i++)
		watch_settle_clear(&watch->settles[i]);
	looker_clear(&watch->looker);
	watch_names_clear(&watch->logged);
	notify_clear(&watch->notify);
	free(watch->settles);
	free(watch->agendas);
	if (watch->closed)
		watch->closed(watch->closed_arg);
	free(watch);
}

static void on_close(uv_handle_t *handle)
{
	release(handle->data);
}

void ezlb_watch_snapshot(const struct ezlb_watch *watch, struct ezlb_snapshot *out)
{
	watch_collect(watch->settles, watch->n, out);
}

bool ezlb_watch_notified(const struct ezlb_watch *watch)
{
	return !watch->polling;
}

void ezlb_watch_close(struct ezlb_watch *watch, void (*closed)(void *arg), void *arg)
{
	watch->closed = closed;
	watch->closed_arg = arg;
	uv_close((uv_handle_t *)&watch->timer, on_close);
	if (watch->polls)
		uv_close((uv_handle_t *)&watch->poll, on_close);
}
