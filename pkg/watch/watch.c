// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/watch.h>

#include <errno.h>
#include <uv.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>

#include "notify.h"
#include "settle.h"
#include "timing.h"

#define TOLD_MAX 1000 /* names remembered, so that a busy directory cannot fill the memory */

const struct watch_timing watch_timing = {
	.quiet = 100,
	.cap = 1000,
	.grace = 1000,
	.retry = 1000,
	.rescan = 30000,
	.poll = 5000,
	.inotify = 60000,
};

/* When a directory is looked at next; uv's clock is not used, because it stands in a callback. */
struct agenda {
	uint64_t scan_at;     /* rescan, grace or retry */
	uint64_t check_at;    /* whether the path still leads to what is watched */
	uint64_t event_at;    /* WATCH_NEVER: nothing has happened since the last look */
	uint64_t first_event; /* where event_at is set */
};

struct ezlb_watch {
	uv_timer_t timer;
	uv_poll_t poll;
	bool polls; /* poll is initialised and active */
	int handles;

	struct watch_timing timing;
	struct notify notify;
	bool polling; /* inotify is not to be had; asked again at inotify_at */
	uint64_t inotify_at;

	size_t n;
	struct watch_settle *settles; /* n each */
	struct agenda *agendas;

	ezlb_snapshot_fn on_change;
	void *arg;
	bool delivered;
	uint64_t fingerprint; /* of what was delivered last */
	struct watch_names told;

	void (*closed)(void *arg);
	void *closed_arg;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void say(enum ezlb_log_level level, const char *msg, const char *path, const char *reason)
{
	ezlb_log(level, "watch", EZLB_S("msg", msg), EZLB_S("path", path),
		 EZLB_S("reason", reason));
}

static void tell_once(struct ezlb_watch *watch, enum ezlb_log_level level,
		      const struct watch_names *names, const char *msg)
{
	for (size_t i = 0; i < names->len && watch->told.len < TOLD_MAX; i++) {
		size_t k = 0;

		while (k < watch->told.len && strcmp(watch->told.items[k], names->items[i]) != 0)
			k++;
		if (k < watch->told.len)
			continue;
		*EZLB_PUSH(&watch->told) = ezlb_strdup(names->items[i]);
		say(level, msg, names->items[i], NULL);
	}
}

/* The uv handle on inotify's descriptor, from the first time that there is one. */
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
			say(EZLB_WARN, "no inotify: looking at the files every 5 s instead", NULL,
			    err.msg);
	} else if (watch->polling) {
		say(EZLB_INFO, "inotify is back", NULL, NULL);
	}
	watch->polling = rc < 0;
}

/* With the events behind it: what changes after the look is seen again. */
static void look(struct ezlb_watch *watch, size_t i, uint64_t now, struct watch_look *out)
{
	const char *path = watch->settles[i].path;

	if (watch->notify.dirs[i].wd < 0 || watch->notify.dirs[i].parent_wd < 0)
		arm(watch, now);
	watch_look(path, out);
	if (out->ino == 0 || !notify_drop_other(&watch->notify, i, out->dev, out->ino))
		return;
	watch_look_clear(out);
	arm(watch, now);
	watch_look(path, out);
}

static void report(const struct watch_settle *settle, const char *before)
{
	if (settle->problem && (!before || strcmp(before, settle->problem) != 0))
		say(EZLB_WARN,
		    "config directory cannot be read: frozen, its last files stay in force",
		    settle->path, settle->problem);
	if (!settle->problem && before)
		say(EZLB_INFO, "config directory is readable again", settle->path, NULL);
}

/* Spread by 10 %, so that a fleet does not read its volumes at the same moment. */
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

static const char mount_warning[] =
	"the file is a mount of its own, such as a subPath volume: a change of its content is seen up "
	"to 33 s later, and never if it is replaced by another file, as the kubelet does: mount the "
	"whole directory instead";

static void scan(struct ezlb_watch *watch, size_t i)
{
	struct watch_settle *settle = &watch->settles[i];
	EZLB_AUTO_FREE char *before = settle->problem ? ezlb_strdup(settle->problem) : NULL;
	uint64_t now = ezlb_now_ms(), settled_at;
	struct watch_look seen;

	watch->agendas[i].event_at = WATCH_NEVER;
	look(watch, i, now, &seen);
	seen.writing = &watch->notify.dirs[i].writing;
	seen.replaced = watch->notify.dirs[i].gone;
	watch->notify.dirs[i].gone = false;
	settled_at = watch_settle_take(settle, &seen, now);
	report(settle, before);
	if (!settle->problem) {
		tell_once(watch, EZLB_INFO, &seen.ignored, "not a .yaml or .yml file: ignored");
		tell_once(watch, EZLB_WARN, &seen.mounted, mount_warning);
	}
	watch_look_clear(&seen);
	watch->agendas[i].scan_at = now + next_scan(watch, i);
	if (settled_at < watch->agendas[i].scan_at)
		watch->agendas[i].scan_at = settled_at;
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

/* A ConfigMap volume is exchanged in one step, so there is nothing to wait for. */
static void note_event(struct ezlb_watch *watch, size_t i, uint64_t now)
{
	struct agenda *agenda = &watch->agendas[i];

	if (agenda->event_at == WATCH_NEVER)
		agenda->first_event = now;
	agenda->event_at = now + watch->timing.quiet;
	if (agenda->event_at > agenda->first_event + watch->timing.cap)
		agenda->event_at = agenda->first_event + watch->timing.cap;
	if (watch->settles[i].configmap || watch->notify.overflow)
		agenda->event_at = now;
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

/*
 * A mount over the directory or under a parent of it, and a rename further up, raise no event that
 * we could have asked for.
 */
static void check(struct ezlb_watch *watch, size_t i, uint64_t now)
{
	if (now < watch->agendas[i].check_at)
		return;
	watch->agendas[i].check_at = now + watch->timing.retry;
	if (watch->agendas[i].event_at == WATCH_NEVER && notify_is_elsewhere(&watch->notify, i))
		note_event(watch, i, now);
}

static uint64_t due(const struct agenda *agenda)
{
	return agenda->event_at < agenda->scan_at ? agenda->event_at : agenda->scan_at;
}

static uint64_t wake(const struct agenda *agenda)
{
	return due(agenda) < agenda->check_at ? due(agenda) : agenda->check_at;
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct ezlb_watch *watch)
{
	uint64_t now = ezlb_now_ms(), at = WATCH_NEVER;

	if (uv_is_closing((uv_handle_t *)&watch->timer))
		return;
	note_events(watch, now);
	for (size_t i = 0; i < watch->n; i++)
		if (wake(&watch->agendas[i]) < at)
			at = wake(&watch->agendas[i]);
	uv_update_time(watch->timer.loop);
	uv_timer_start(&watch->timer, on_timer, at > now ? at - now : 0, 0);
}

/* Looks at every directory whose time has come. on_change may close the watch. */
static void run(struct ezlb_watch *watch)
{
	uint64_t now = ezlb_now_ms();

	note_events(watch, now);
	for (size_t i = 0; i < watch->n; i++) {
		check(watch, i, now);
		if (due(&watch->agendas[i]) <= now)
			scan(watch, i);
	}
	deliver(watch);
	schedule(watch);
}

static void on_timer(uv_timer_t *timer)
{
	run(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct ezlb_watch *watch = poll->data;

	(void)events;
	/* An error stops the handle; the rescans go on. */
	if (status == 0)
		notify_read(&watch->notify);
	run(watch);
}

static void init(struct ezlb_watch *watch, const struct ezlb_watch_options *options)
{
	watch->on_change = options->on_change;
	watch->arg = options->arg;
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
	run(watch); /* every agenda is 0: due */
	return 0;
}

int ezlb_watch_open(struct uv_loop_s *loop, const struct ezlb_watch_options *options,
		    struct ezlb_watch **out, struct ezlb_err *err)
{
	return watch_open(loop, options, &watch_timing, out, err);
}

void ezlb_watch_rescan(struct ezlb_watch *watch)
{
	/* Whoever has raised a limit need not wait for the minute. */
	watch->inotify_at = 0;
	for (size_t i = 0; i < watch->n; i++)
		watch->agendas[i].scan_at = 0;
	schedule(watch);
}

static void on_close(uv_handle_t *handle)
{
	struct ezlb_watch *watch = handle->data;

	if (--watch->handles > 0)
		return;
	for (size_t i = 0; i < watch->n; i++)
		watch_settle_clear(&watch->settles[i]);
	for (size_t i = 0; i < watch->told.len; i++)
		free(watch->told.items[i]);
	EZLB_VEC_CLEAR(&watch->told);
	notify_clear(&watch->notify);
	free(watch->settles);
	free(watch->agendas);
	if (watch->closed)
		watch->closed(watch->closed_arg);
	free(watch);
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
