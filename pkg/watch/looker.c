// SPDX-License-Identifier: GPL-2.0-or-later
#include "looker.h"

void looker_init(struct looker *looker, void (*done)(void *arg, bool news), void *arg)
{
	uv_sem_init(&looker->looked, 0);
	looker->work.data = looker;
	looker->done = done;
	looker->arg = arg;
}

void looker_clear(struct looker *looker)
{
	watch_names_clear(&looker->names);
	uv_sem_destroy(&looker->looked);
}

/* False: it is not certain that nothing else has changed. */
static bool look_at_names(struct looker *looker)
{
	const struct watch_settle *settle = looker->settle;
	struct watch_look *seen = &looker->seen;

	watch_settle_waiting(settle, &looker->names);
	if (watch_look_at(settle->path, settle->dev, settle->ino, &looker->names, seen) == 0 &&
	    !seen->links &&
	    settle->entries.len + watch_settle_new(settle, seen) <= WATCH_FILES_MAX &&
	    watch_settle_bytes(settle, seen) <= WATCH_BYTES_MAX)
		return true;
	watch_look_clear(seen);
	return false;
}

void looker_run(struct looker *looker)
{
	const struct watch_settle *settle = looker->settle;
	const struct watch_known known = { .stamp = watch_settle_stamp,
					   .arg = settle,
					   .generation = settle->generation };

	looker->part = looker->part && look_at_names(looker);
	if (!looker->part)
		watch_look(settle->path, &known, &looker->seen);
	looker->seen.replaced = looker->replaced;
	looker->seen.writing = looker->writing;
	watch_settle_judge(settle, &looker->seen, looker->part ? &looker->names : NULL);
}

static void in_thread(uv_work_t *work)
{
	struct looker *looker = work->data;

	looker_run(looker);
	uv_sem_post(&looker->looked);
}

void looker_wait(struct looker *looker)
{
	uv_sem_wait(&looker->looked);
	looker->active = false;
}

static void after(uv_work_t *work, int status)
{
	struct looker *looker = work->data;
	bool news = looker->active;

	(void)status; /* nobody cancels it */
	if (news)
		looker_wait(looker);
	looker->busy = false;
	looker->done(looker->arg, news);
}

void looker_start(struct looker *looker, uv_loop_t *loop)
{
	looker->active = looker->busy = true;
	if (uv_queue_work(loop, &looker->work, in_thread, after) == 0)
		return;
	in_thread(&looker->work);
	after(&looker->work, 0);
}
