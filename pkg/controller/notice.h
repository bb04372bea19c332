/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notice: the kernel's word that nf_tables has changed, on the loop. It says when to look, not what
 * there is to see. Without it the looks that come anyway do, a little later.
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

/* Where it cannot be had, that is told, and nothing is called. `notice` is zeroed. */
void notice_open(struct notice *notice, uv_loop_t *loop, void (*fn)(void *arg), void *arg);
/* The rest happens on the loop; one that was never opened is fine. */
void notice_close(struct notice *notice);
