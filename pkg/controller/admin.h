/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admin: what is behind each path of the admin server. Looks at everything; the only things that it
 * changes, and that over the socket alone, are the log level and when files are read.
 */
#pragma once

#include <ezlb/api.h>

#include "report.h"
#include "sources.h"

struct admin_waiting EZLB_VEC(struct ezlb_api_request *);

struct admin {
	struct ezlb_api *api;
	struct report report;
	struct admin_waiting waiting[REPORT_KINDS];
	struct {
		struct ezlb_api_body *body; /* the last document of these; NULL: none yet */
		uint64_t since, next;	    /* what it was made of */
	} events;
	struct ezlb_trafficlog trafficlog;
	uv_timer_t traffic_timer;
	bool closing;
	void (*reload)(void *arg);
	void *arg;
};

/* `from` lives as long as the admin; `reload` is called on the loop. */
void admin_open(struct admin *admin, uv_loop_t *loop, const struct sources *from,
		void (*reload)(void *arg), void *arg);
/* Files were taken in: is there a service whose traffic is to be logged? */
void admin_files(struct admin *admin);
/* The rest happens on the loop; the memory may go once that has come to its end. */
void admin_close(struct admin *admin);
void admin_clear(struct admin *admin);
