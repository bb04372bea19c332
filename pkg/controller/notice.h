/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notice: notifications of the kernel that nf_tables has changed, on the loop. They say that
 * something changed, not what. Without them the periodic check finds the change a little later.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

struct notice {
	bool open;
	int fd;
	uv_poll_t poll;
	void (*fn)(void *arg);
	void *arg;
};

/* On failure it logs a warning and never calls fn. The caller has zeroed `notice`. */
void notice_open(struct notice *notice, uv_loop_t *loop, void (*fn)(void *arg), void *arg);
/* Closing finishes on the loop. Allowed if never opened. */
void notice_close(struct notice *notice);
