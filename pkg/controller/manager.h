/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manager: notifies the service manager: ezlb is ready, it reads files again, its status, and that
 * the loop is alive (watchdog). Without a service manager it does nothing.
 */
#pragma once

#include <uv.h>

#include <ezlb/view.h>

struct manager {
	bool present; /* NOTIFY_SOCKET is set */
	bool ready;   /* READY=1 was sent */
	bool reloading;
	bool leaving;			       /* STATUS= says how far it is with that */
	char last_status[EZLB_MESSAGE_STRLEN]; /* the last STATUS= */
	uv_timer_t watchdog;
	bool closing;
};

void manager_open(struct manager *manager, uv_loop_t *loop);
/* Somebody asked to read the files; the next manager_notify() ends the reload. */
void manager_reloading(struct manager *manager);
/* Call after a pass. Sends READY=1 after the first one, and STATUS= if it has changed. */
void manager_notify(struct manager *manager, const struct ezlb_view *view);
/*
 * The daemon ends, but not yet: it needs more time. Call it again within MANAGER_EXTEND_MS. `what`
 * is for STATUS=.
 */
#define MANAGER_EXTEND_MS 30000
void manager_leaving(struct manager *manager, const char *what);
/* The daemon ends: sends STOPPING=1. */
void manager_close(struct manager *manager);
