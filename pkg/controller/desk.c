// SPDX-License-Identifier: GPL-2.0-or-later
#include "desk.h"

#include <ezlb/duration.h>

void desk_open(struct desk *desk, uv_loop_t *loop, void (*reload)(void *arg), void *arg)
{
	desk->sources.view = &desk->view;
	view_start(&desk->view, view_now());
	manager_open(&desk->manager, loop);
	admin_open(&desk->admin, loop, &desk->sources, reload, arg);
}

void desk_files(struct desk *desk, const struct ezlb_snapshot *snapshot)
{
	view_files(&desk->view, desk->sources.catalog, snapshot, view_now());
	admin_files(&desk->admin);
}

void desk_reloading(struct desk *desk)
{
	manager_reloading(&desk->manager);
}

void desk_verdict(struct desk *desk, const struct ezlb_health_change *change)
{
	view_verdict(&desk->view, change, view_now());
}

void desk_pass(struct desk *desk, const struct ezlb_verdicts *verdicts,
	       const struct ezlb_pass_result *result, uint64_t ns)
{
	const struct view_pass pass = { .catalog = desk->sources.catalog,
					.verdicts = verdicts,
					.pass = desk->sources.pass,
					.result = result,
					.clock_ms = ezlb_now_ms(),
					.seconds = (double)ns / 1e9 };

	view_pass(&desk->view, &pass, view_now());
	manager_tell(&desk->manager, &desk->sources);
}

void desk_fight(struct desk *desk, const struct ezlb_op *op, const char *who)
{
	char what[EZLB_OP_STRLEN];

	view_event(&desk->view, EZLB_EVENT_FIGHT, ezlb_op_format(op, what), who, view_now());
}

void desk_calm(struct desk *desk)
{
	view_event(&desk->view, EZLB_EVENT_FIGHT_OVER, NULL, NULL, view_now());
}

void desk_close(struct desk *desk)
{
	if (!desk->sources.view)
		return;
	manager_close(&desk->manager);
	admin_close(&desk->admin);
}

void desk_clear(struct desk *desk)
{
	admin_clear(&desk->admin);
	view_clear(&desk->view);
}
