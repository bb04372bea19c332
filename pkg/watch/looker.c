// SPDX-License-Identifier: GPL-2.0-or-later
#include "looker.h"

void looker_run(struct looker *looker)
{
	watch_look(looker->path, &looker->known, &looker->seen);
}

static void in_thread(uv_work_t *work)
{
	looker_run(work->data);
}

static void after(uv_work_t *work, int status)
{
	struct looker *looker = work->data;

	(void)status; /* nobody cancels it */
	looker->active = false;
	looker->done(looker->arg);
}

void looker_start(struct looker *looker, uv_loop_t *loop)
{
	looker->work.data = looker;
	looker->active = true;
	if (uv_queue_work(loop, &looker->work, in_thread, after) == 0)
		return;
	looker_run(looker);
	after(&looker->work, 0);
}
