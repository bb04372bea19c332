/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * objects: the virtual services that test/bench/floor.c creates and test/bench/stopwatch.c waits
 * for. Those of the files that test/lab/bench.bash writes: service I is 10.(100 + I / 62500).(I /
 * 250 % 250).(I % 250 + 1), its dest K 10.(200 + K).(I / 250 % 250).(I % 250 + 1), all TCP,
 * port 80.
 */
#pragma once

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define OBJECT_PORT 80

static inline uint32_t object_address(int second, int i)
{
	return htonl(10u << 24 | (uint32_t)second << 16 | (uint32_t)(i / 250 % 250) << 8 |
		     (uint32_t)(i % 250 + 1));
}

/* In network byte order, both. */
static inline uint32_t service_address(int i)
{
	return object_address(100 + i / 62500, i);
}

static inline uint32_t dest_address(int i, int dest)
{
	return object_address(200 + dest, i);
}

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static inline double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}
