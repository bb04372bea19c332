/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leaving: --drain-on-exit. The daemon has got SIGTERM: it drains this balancer, and goes on with
 * everything until no connection is active or the time is up.
 */
#pragma once

#include <uv.h>

#include "manager.h"
#include "opencount.h"

struct leaving {
	/* The caller sets these before leaving_begin(); borrowed. */
	const struct sources *from;
	struct manager *manager;
	void (*over)(void *arg); /* called once, on the loop: the daemon can end */
	void *arg;
	/* Its own. */
	uv_timer_t timer;
	struct opencount count;
	struct opencount_result last; /* active is -1 before the first count */
	uint64_t until_ms;	      /* by ezlb_now_ms */
	bool begun;
};

void leaving_init(struct leaving *leaving, uv_loop_t *loop);
void leaving_begin(struct leaving *leaving);
/* Also ends what has begun, without a call of over(). */
void leaving_close(struct leaving *leaving);
