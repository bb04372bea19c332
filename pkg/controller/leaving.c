// SPDX-License-Identifier: GPL-2.0-or-later
#include "leaving.h"

#include <inttypes.h>
#include <stdio.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>

#define LOOK_MS 500

static void log_rest(const struct leaving *leaving)
{
	const struct opencount_result *last = &leaving->last;

	if (leaving->from->drain->moved_ms == 0)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "ending; the addresses could not be moved"),
			 EZLB_S("err", leaving->from->view->pass_error));
	else if (last->active < 0)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "ending; it is unknown whether connections are active"),
			 EZLB_S("err", last->err.msg));
	else
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "ending; connections are still active"),
			 EZLB_I("connections", last->active), EZLB_I("services", last->n),
			 EZLB_S("most", last->most[0].name));
}

static void finish(struct leaving *leaving)
{
	uv_timer_stop(&leaving->timer);
	opencount_close(&leaving->count);
	leaving->over(leaving->arg);
}

static void tell_manager(const struct leaving *leaving)
{
	char text[64] = "draining";

	if (leaving->last.active > 0)
		snprintf(text, sizeof(text), "draining: %" PRId64 " active connections",
			 leaving->last.active);
	manager_leaving(leaving->manager, text);
}

static void on_look(uv_timer_t *timer)
{
	struct leaving *leaving = timer->data;

	tell_manager(leaving);
	if (ezlb_now_ms() >= leaving->until_ms) {
		log_rest(leaving);
		finish(leaving);
	} else if (!leaving->count.job) {
		opencount_want(&leaving->count);
	}
}

static void on_count(void *arg, const struct opencount_result *result, size_t n)
{
	struct leaving *leaving = arg;

	(void)n;
	leaving->last = *result;
	if (!nodedrain_idle(leaving->from->drain, result->active, ezlb_now_ms()))
		return;
	ezlb_log(EZLB_INFO, "controller", EZLB_S("msg", "ending; no connection is active"));
	finish(leaving);
}

void leaving_init(struct leaving *leaving, uv_loop_t *loop)
{
	uv_timer_init(loop, &leaving->timer);
	leaving->timer.data = leaving;
}

void leaving_begin(struct leaving *leaving)
{
	uint32_t most_ms = leaving->from->options->drain_on_exit_ms;

	leaving->begun = true;
	leaving->until_ms = ezlb_now_ms() + most_ms;
	leaving->last.active = -1;
	ezlb_strcpy(leaving->last.err.msg, sizeof(leaving->last.err.msg), "not counted yet");
	opencount_open(&leaving->count, leaving->timer.loop, leaving->from, on_count, leaving);
	uv_timer_start(&leaving->timer, on_look, 0, most_ms < LOOK_MS ? most_ms : LOOK_MS);
	nodedrain_exit(leaving->from->drain);
}

void leaving_close(struct leaving *leaving)
{
	opencount_close(&leaving->count);
	uv_close((uv_handle_t *)&leaving->timer, NULL);
}
