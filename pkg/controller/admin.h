/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admin: the HTTP paths of the admin server. All of them only read, except the POST paths on the
 * Unix socket: they set the log level, make ezlb read the files, and drain this balancer.
 */
#pragma once

#include <ezlb/api.h>

#include "opencount.h"
#include "report.h"
#include "sources.h"

struct admin_waiting EZLB_VEC(struct ezlb_api_request *);

struct admin {
	struct ezlb_api *api;
	struct report report;
	struct admin_waiting waiting[REPORT_KINDS];
	struct opencount count;
	struct admin_waiting counting; /* they wait for the count */
	struct {
		struct ezlb_api_body *body; /* the last document; NULL: none yet */
		uint64_t since, last;	    /* its events: from `since` to `last` */
	} events;
	struct ezlb_api_body *page; /* NULL: nobody has asked for it yet */
	struct ezlb_trafficlog trafficlog;
	uv_timer_t traffic_timer;
	bool closing;
	void (*reload)(void *arg);
	void *arg;
};

/* `from` must live as long as the admin; `reload` is called on the loop. */
void admin_open(struct admin *admin, uv_loop_t *loop, const struct sources *from,
		void (*reload)(void *arg), void *arg);
/* Files have changed: starts or stops the traffic log. */
void admin_files(struct admin *admin);
/* As ezlb_api_pause(); without a server `ready` is called at once. */
void admin_pause(struct admin *admin, void (*ready)(void *arg), void *arg);
/* Closing finishes on the loop; the memory must live until the loop ends. */
void admin_close(struct admin *admin);
void admin_clear(struct admin *admin);
