/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * opencount: how many connections are active now, for a balancer that drains. A thread of the
 * loop's pool asks the kernel. A question during a count gets the next one, so no answer is older
 * than its question. Endless questions take at most 1/20 of the loop.
 *
 * With --sync-interface only those count that began on this balancer: those of others do not end
 * with its work. That needs the whole table of connections. So that a thread is busy with it for at
 * most a twentieth of the time, "some" is answered again for a while; "none" never is. A table that
 * takes too long to read is not used: then those of others count, too.
 */
#pragma once

#include <uv.h>

#include "sources.h"

#define OPENCOUNT_MOST 10 /* services that are named */

struct opencount_row {
	char name[EZLB_NAME_MAX + 1]; /* of a service without a file: "tcp 10.0.0.1:80" */
	uint64_t active;
};
struct opencount_result {
	int64_t active;				   /* of all services that ezlb owns; -1: unknown */
	struct ezlb_err err;			   /* why it is unknown */
	size_t n;				   /* services with active connections */
	struct opencount_row most[OPENCOUNT_MOST]; /* those with most first */
};
/* Called on the loop; `n` questions are answered. */
typedef void (*opencount_fn)(void *arg, const struct opencount_result *result, size_t n);

struct opencount {
	uv_loop_t *loop;
	const struct sources *from;
	opencount_fn done;
	void *arg;
	size_t wanted; /* questions for the next count */
	uv_timer_t pause;
	struct opencount_result last;
	uint64_t rest_until_ms; /* by ezlb_now_ms: `last` is the answer until then */
	struct opencount_job *job;
	bool closed;
};

void opencount_open(struct opencount *count, uv_loop_t *loop, const struct sources *from,
		    opencount_fn done, void *arg);
void opencount_want(struct opencount *count);
/* A count that runs finishes on the loop, without a call of done(). Allowed if never opened. */
void opencount_close(struct opencount *count);
