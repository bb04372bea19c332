/* SPDX-License-Identifier: GPL-2.0-or-later */
/* on_loop: a loop for each test; one that leaves a handle behind fails. */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

#include "server.h"

#define DEADLINE_MS 60000 /* what nobody waits for unless something is broken */
/* The time of a probe that a test holds up: long enough for the server to answer on a busy machine.
 */
#define HELD_UP_MS 1500

static inline void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

/* Runs the loop until *flag is true. */
static inline void run_until(uv_loop_t *loop, const bool *flag)
{
	uint64_t end = uv_hrtime() + DEADLINE_MS * UINT64_C(1000000);
	uv_timer_t tick;

	uv_timer_init(loop, &tick);
	uv_timer_start(&tick, on_tick, 1, 1);
	while (!*flag && uv_hrtime() < end)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	assert_true(*flag);
}

static inline void on_enough(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static inline void run_for(uv_loop_t *loop, unsigned ms)
{
	bool enough = false;
	uv_timer_t timer;

	uv_timer_init(loop, &timer);
	timer.data = &enough;
	uv_timer_start(&timer, on_enough, ms, 0);
	run_until(loop, &enough);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
}

static inline void loop_close(uv_loop_t *loop)
{
	for (int i = 0; i < 3; i++)
		uv_run(loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_loop_close(loop), 0);
}

/* From here on nobody gets a new descriptor. */
static inline rlim_t fds_exhaust(void)
{
	struct rlimit limit;
	rlim_t before;
	int lowest = dup(STDERR_FILENO);

	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static inline void fds_limit(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}
