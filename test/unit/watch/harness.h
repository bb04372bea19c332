/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * harness: a watch on a real loop, whose clock is the test's: a wait of seconds takes as long as
 * the turns of the loop do, and a busy machine makes nothing late. What inotify reports of the
 * test's own steps is there when they return. Where a thread or the product's own timers are the
 * subject, a test begins with real_time().
 *
 * Every delivery is kept as one line of text, such as
 * "a.yaml=1 b.yaml=!is a FIFO", with " [frozen]" or " [configmap]" for each directory that is so.
 */
#pragma once

#include "fixture.h"
#include "own_clock.h"

#include <sys/mman.h>
#include <uv.h>

#include <ezlb/duration.h>

#include "timing.h"

#define DELIVERIES_MAX 4096
#define HOUR	       3600000

static uv_loop_t loop;
static uv_timer_t ticker; /* wakes the loop, so that a wait can look at its deadline */
static struct ezlb_watch *watch;
static struct {
	char *lines[DELIVERIES_MAX];
	size_t n;
	void (*hook)(const struct ezlb_snapshot *snapshot);
} got;
static int log_fd = -1, real_stderr = -1;

/* Before the watch is opened. */
static inline void real_time(void)
{
	own_clock_stop();
	uv_update_time(&loop);
	uv_timer_again(&ticker);
}

/*
 * One turn of the loop; a ms where the clock is ours. A loop that waited for it would not wake up.
 * A look that a thread makes takes no time of that clock.
 */
static inline void turn(void)
{
	if (own_clock_ms > 0)
		own_clock_ms++;
	uv_run(&loop, own_clock_ms > 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
	while (own_clock_ms > 0 && loop.active_reqs.count > 0)
		uv_run(&loop, UV_RUN_ONCE);
}

static inline void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static inline char *line_of(const struct ezlb_snapshot *snapshot)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < snapshot->files.len; i++) {
		const struct ezlb_file *file = &snapshot->files.items[i];

		fprintf(out, "%s%s=", i ? " " : "", file->path + strlen(top) + 1);
		if (file->problem)
			fprintf(out, "!%s", file->problem);
		else
			fprintf(out, "%.*s", (int)strcspn(file->bytes, "\n"), file->bytes);
	}
	for (size_t i = 0; i < snapshot->dirs.len; i++)
		fprintf(out, "%s%s", snapshot->dirs.items[i].configmap ? " [configmap]" : "",
			snapshot->dirs.items[i].frozen ? " [frozen]" : "");
	fclose(out);
	return text;
}

static inline void on_change(void *arg, const struct ezlb_snapshot *snapshot)
{
	assert_ptr_equal(arg, &got);
	assert_true(got.n < DELIVERIES_MAX);
	got.lines[got.n++] = line_of(snapshot);
	if (got.hook)
		got.hook(snapshot);
}

static struct {
	atomic_uint calls, files; /* of are_whole */
	atomic_uint on_loop;	  /* calls in the thread of the loop */
	pthread_t loop_thread;
} judged;

/* A finished file ends in a newline. */
static inline void are_whole(void *arg, const struct ezlb_files *files, bool *whole)
{
	assert_ptr_equal(arg, &got);
	judged.calls++;
	judged.files += (unsigned)files->len;
	judged.on_loop += pthread_equal(pthread_self(), judged.loop_thread) != 0;
	for (size_t i = 0; i < files->len; i++)
		whole[i] = files->items[i].bytes[files->items[i].len - 1] == '\n';
}

static inline int setup(void **state)
{
	memset(&got, 0, sizeof(got));
	judged.calls = judged.files = judged.on_loop = 0;
	judged.loop_thread = pthread_self();
	own_clock_start();
	if (setup_top(state) < 0 || uv_loop_init(&loop) < 0)
		return -1;
	uv_timer_init(&loop, &ticker);
	return uv_timer_start(&ticker, on_tick, 2, 2);
}

static inline void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static inline void close_watch(void)
{
	bool closed = false;

	if (!watch)
		return;
	ezlb_watch_close(watch, on_closed, &closed);
	watch = NULL;
	for (int i = 0; i < 1000 && !closed; i++)
		turn();
	assert_true(closed);
}

/* Log lines go to memory from here; what a failing test leaves is shown by log_end. */
static inline void log_begin(void)
{
	log_fd = memfd_create("log", MFD_CLOEXEC);
	real_stderr = dup(2);
	assert_true(log_fd >= 0 && real_stderr >= 0);
	assert_true(dup2(log_fd, 2) == 2);
}

static inline int log_count(const char *needle)
{
	static char text[65536];
	ssize_t len = pread(log_fd, text, sizeof(text) - 1, 0);
	int n = 0;

	assert_true(len >= 0);
	text[len] = '\0';
	for (const char *p = text; (p = strstr(p, needle)); p++)
		n++;
	return n;
}

static inline void log_end(void)
{
	char text[4096];
	ssize_t len;

	if (log_fd < 0)
		return;
	dup2(real_stderr, 2);
	len = pread(log_fd, text, sizeof(text), 0);
	if (len > 0 && getenv("EZLB_TEST_LOG"))
		fprintf(stderr, "%.*s", (int)len, text);
	close(log_fd);
	close(real_stderr);
	log_fd = real_stderr = -1;
}

/* uv_loop_close fails where a handle is left. */
static inline int teardown(void **state)
{
	log_end();
	close_watch();
	for (size_t i = 0; i < got.n; i++)
		free(got.lines[i]);
	own_clock_stop();
	uv_close((uv_handle_t *)&ticker, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop) != 0)
		return -1;
	return teardown_top(state);
}

static inline void open_dirs(const char *const *names, size_t n, const struct watch_timing *timing)
{
	struct text paths[8];
	const char *dirs[8];
	struct ezlb_watch_options options = {
		.dirs = dirs,
		.n_dirs = n,
		.whole = are_whole,
		.on_change = on_change,
		.arg = &got,
	};
	struct ezlb_err err;
	size_t before = got.n;

	for (size_t i = 0; i < n; i++) {
		paths[i] = at(names[i]);
		dirs[i] = paths[i].s;
	}
	assert_int_equal(watch_open(&loop, &options, timing, &watch, &err), 0);
	assert_int_equal(got.n, before + 1);
}

/* Without rescans: what arrives has come through inotify. */
static inline struct watch_timing no_rescan(void)
{
	struct watch_timing timing = watch_timing;

	timing.rescan = HOUR;
	return timing;
}

static inline void open_dir(const char *name)
{
	struct watch_timing timing = no_rescan();

	open_dirs(&name, 1, &timing);
}

static inline void run_ms(uint64_t ms)
{
	uint64_t end = ezlb_now_ms() + ms;

	while (ezlb_now_ms() < end)
		turn();
}

static inline const char *last(void)
{
	return got.lines[got.n - 1];
}

/* Runs the loop until the last delivery is `want`; how long that took, in ms. */
static inline uint64_t expect(const char *want, uint64_t within)
{
	uint64_t begin = ezlb_now_ms();

	while (strcmp(last(), want) != 0 && ezlb_now_ms() < begin + within)
		turn();
	if (strcmp(last(), want) != 0)
		fail_msg("after %llu ms: '%s', wanted '%s'", (unsigned long long)within, last(),
			 want);
	return ezlb_now_ms() - begin;
}

static inline void expect_log(const char *needle, int n, uint64_t within)
{
	uint64_t end = ezlb_now_ms() + within;

	while (log_count(needle) != n && ezlb_now_ms() < end)
		turn();
	assert_int_equal(log_count(needle), n);
}
