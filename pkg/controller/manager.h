/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manager: what the service manager is told, and when: that ezlb is ready, that it is reading files
 * again, how it is, and that the loop still turns. Without a manager it does nothing.
 */
#pragma once

#include <uv.h>

#include <ezlb/view.h>

struct manager {
	bool present; /* there is one that listens */
	bool ready;   /* it has been told */
	bool reloading;
	char told[EZLB_MESSAGE_STRLEN]; /* the last STATUS= */
	uv_timer_t watchdog;
	bool closing;
};

void manager_open(struct manager *manager, uv_loop_t *loop);
/* Files are read again because somebody asked; the next manager_tell ends it. */
void manager_reloading(struct manager *manager);
/* After a pass: READY=1 after the first, and STATUS= where it reads otherwise than before. */
void manager_tell(struct manager *manager, const struct ezlb_view *view);
/* The end of the daemon has begun. */
void manager_close(struct manager *manager);
