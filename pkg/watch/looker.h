/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * looker: a look at a directory or at some of its files, and what their contents are. In a thread
 * of the loop's pool: to read and to parse many files takes long.
 */
#pragma once

#include <uv.h>

#include "settle.h"

struct looker {
	uv_work_t work;
	uv_sem_t looked; /* the thread has done its work */
	bool active;	 /* a thread reads what follows, and nobody else may change it */
	bool busy;	 /* `done` will be called */

	const struct watch_settle *settle;
	/*
	 * Looks only at the files with the names in `names`, and at those that wait; *names gets
	 * these, too. The look sets `part` to false if it had to look at the whole directory.
	 */
	bool part;
	struct watch_names names; /* owned */
	bool replaced;		  /* for the look, as `writing`, see struct watch_look */
	const struct watch_names *writing;

	struct watch_look seen; /* judged; the caller clears it */
	/* On the loop. Not `news`: looker_wait was called before. */
	void (*done)(void *arg, bool news);
	void *arg;
};

void looker_init(struct looker *looker, void (*done)(void *arg, bool news), void *arg);
/* Not while it is busy. */
void looker_clear(struct looker *looker);
/* Calls done when `seen` is there. Not while it is busy. */
void looker_start(struct looker *looker, uv_loop_t *loop);
/* Waits for the thread; it must be active. `seen` is there when this returns. */
void looker_wait(struct looker *looker);
/* Looks at once, without a call of done. Not while it is active. */
void looker_run(struct looker *looker);
