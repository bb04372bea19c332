/* SPDX-License-Identifier: GPL-2.0-or-later */
/* harness: a loop, and a wait for what a worker does. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <unistd.h>

#include <uv.h>

#include <ezlb/duration.h>

#define DEADLINE_MS 60000

static uv_loop_t loop;
static unsigned ticks; /* of 10 ms, while wait_for runs the loop */

static inline void on_tick(uv_timer_t *timer)
{
	(void)timer;
	ticks++;
}

/* No more descriptors in this process, or as many as before. */
static inline void may_open(bool more)
{
	static rlim_t before;
	struct rlimit limit;
	int lowest = dup(STDERR_FILENO);

	if (lowest >= 0)
		close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (!more)
		before = limit.rlim_cur;
	limit.rlim_cur = more ? before : (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Until *counter is at least n. */
static inline void wait_for(const unsigned *counter, unsigned n)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;
	uv_timer_t tick;

	uv_timer_init(&loop, &tick);
	uv_timer_start(&tick, on_tick, 10, 10);
	while (*counter < n && ezlb_now_ms() < until)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_true(*counter >= n);
}
