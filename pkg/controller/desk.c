// SPDX-License-Identifier: GPL-2.0-or-later
#include "desk.h"

#include <ezlb/duration.h>
#include <ezlb/log.h>

#include "rolelog.h"
#include "sample.h"

#define CONNTRACK_MS 2000 /* between two reads of the size of the conntrack table */

static int64_t now(struct desk *desk)
{
	desk->view.wall_shift_ms = ezlb_wall_shift_ms();
	return ezlb_steady_ms();
}

/* What it says of services changes the summary. */
static void on_survey(void *arg, const struct ezlb_view_survey *found)
{
	struct desk *desk = arg;

	ezlb_view_survey(&desk->view, desk->sources.catalog, found, now(desk));
	manager_notify(&desk->manager, &desk->view);
}

void desk_open(struct desk *desk, uv_loop_t *loop, void (*reload)(void *arg), void *arg)
{
	desk->sources.view = &desk->view;
	ezlb_view_start(&desk->view, now(desk));
	manager_open(&desk->manager, loop);
	admin_open(&desk->admin, loop, &desk->sources, reload, arg);
	survey_open(&desk->survey, loop, &desk->sources, on_survey, desk);
}

void desk_files(struct desk *desk, const struct ezlb_snapshot *snapshot)
{
	ezlb_view_files(&desk->view, desk->sources.catalog, snapshot, now(desk));
	admin_files(&desk->admin);
	survey_soon(&desk->survey);
}

void desk_reloading(struct desk *desk)
{
	manager_reloading(&desk->manager);
}

void desk_look(struct desk *desk)
{
	struct ezlb_view *view = &desk->view;
	int64_t entries, max;

	if (desk->sources.options->dataplane == EZLB_DP_MEMORY ||
	    ezlb_now_ms() < desk->conntrack_at)
		return;
	desk->conntrack_at = ezlb_now_ms() + CONNTRACK_MS;
	sample_conntrack("/proc", &entries, &max);
	if (!ezlb_view_conntrack(view, entries, max, now(desk)))
		return;
	ezlb_view_recheck(view, desk->sources.catalog, now(desk));
	if (view->conntrack_full)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "the conntrack table is nearly full: when it is full, new "
				       "connections are dropped"),
			 EZLB_I("entries", entries), EZLB_I("max", max),
			 EZLB_S("help", "raise net.netfilter.nf_conntrack_max"));
	else
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "the conntrack table has room again"),
			 EZLB_I("entries", entries), EZLB_I("max", max));
	manager_notify(&desk->manager, &desk->view);
}

bool desk_has_told(struct desk *desk)
{
	bool made = desk->admin.report.made;

	desk->admin.report.made = false;
	return made;
}

void desk_verdict(struct desk *desk, const struct ezlb_health_change *change)
{
	ezlb_view_verdict(&desk->view, change, now(desk));
}

void desk_pass(struct desk *desk, const struct ezlb_verdicts *verdicts,
	       const struct ezlb_pass_result *result, uint64_t ns)
{
	const struct ezlb_view_pass pass = { .catalog = desk->sources.catalog,
					     .verdicts = verdicts,
					     .pass = desk->sources.pass,
					     .result = result,
					     .clock_ms = ezlb_now_ms(),
					     .seconds = (double)ns / 1e9 };
	uint64_t before = desk->view.events.last;

	ezlb_view_pass(&desk->view, &pass, now(desk));
	rolelog_write(&desk->view.events, before);
	manager_notify(&desk->manager, &desk->view);
}

void desk_fight(struct desk *desk, const struct ezlb_op *op, const char *who)
{
	char what[EZLB_OP_STRLEN];

	ezlb_view_event(&desk->view, EZLB_EVENT_FIGHT, ezlb_op_format(op, what), who, now(desk));
}

void desk_calm(struct desk *desk)
{
	ezlb_view_event(&desk->view, EZLB_EVENT_FIGHT_OVER, NULL, NULL, now(desk));
}

void desk_drain(struct desk *desk, const struct ezlb_node_drain *drain)
{
	ezlb_view_drain(&desk->view, drain, now(desk));
	if (desk->view.passes > 0) /* else it would say that ezlb is ready */
		manager_notify(&desk->manager, &desk->view);
}

void desk_close(struct desk *desk)
{
	if (!desk->sources.view)
		return;
	manager_close(&desk->manager);
	admin_close(&desk->admin);
	survey_close(&desk->survey);
}

void desk_clear(struct desk *desk)
{
	admin_clear(&desk->admin);
	ezlb_view_clear(&desk->view);
}
