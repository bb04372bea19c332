/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * own_clock: the clock of the test's program, libuv's as well, is the test's own: it stands still
 * until the test moves it. So waits of seconds take no time, and a busy machine makes nothing late.
 * A loop must not wait then (UV_RUN_NOWAIT only): its clock would not move meanwhile.
 *
 * It replaces a function of libc's, so for one test file of a program only.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic uint64_t own_clock_ms; /* monotonic; 0: the clock is the kernel's */
static int64_t own_clock_wall;	      /* ms from it to the wall clock */
/* So many ms pass with each look at the wall clock, in the thread that has started the clock. */
static uint64_t own_clock_slow;
static pthread_t own_clock_thread;
static bool own_clock_is_busy;	  /* that time is no processor time of this thread */
static uint64_t own_clock_stolen; /* ms of the clock that were none */

static inline uint64_t own_clock_kernel(clockid_t clock)
{
	struct timespec now;

	syscall(SYS_clock_gettime, clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* From the time that it is. */
static inline void own_clock_start(void)
{
	uint64_t now = own_clock_kernel(CLOCK_MONOTONIC);

	own_clock_thread = pthread_self();
	own_clock_wall = (int64_t)own_clock_kernel(CLOCK_REALTIME) - (int64_t)now;
	own_clock_slow = 0;
	own_clock_is_busy = false;
	own_clock_stolen = 0;
	own_clock_ms = now;
}

static inline void own_clock_stop(void)
{
	own_clock_ms = 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	uint64_t ms = own_clock_ms;
	bool is_mine = pthread_equal(pthread_self(), own_clock_thread);

	if (ms != 0 && clock == CLOCK_THREAD_CPUTIME_ID && is_mine) {
		ms -= own_clock_stolen;
		clock = CLOCK_MONOTONIC;
	}
	if (ms == 0 || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE &&
			clock != CLOCK_REALTIME))
		return (int)syscall(SYS_clock_gettime, clock, now);
	if (clock == CLOCK_REALTIME) {
		if (is_mine)
			own_clock_ms += own_clock_slow;
		if (is_mine && own_clock_is_busy)
			own_clock_stolen += own_clock_slow;
		ms += (uint64_t)own_clock_wall;
	}
	now->tv_sec = (time_t)(ms / 1000);
	now->tv_nsec = (long)(ms % 1000 * 1000000);
	return 0;
}
