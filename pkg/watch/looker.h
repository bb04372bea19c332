/* SPDX-License-Identifier: GPL-2.0-or-later */
/* looker: a look at a whole directory, in a thread of the loop's pool: it can take long. */
#pragma once

#include <uv.h>

#include "scan.h"

struct looker {
	uv_work_t work;
	bool active; /* a thread reads path, known and what these lead to, and writes seen */
	const char *path;
	struct watch_known known;
	struct watch_look seen; /* the caller clears it */
	void (*done)(void *arg);
	void *arg;
};

/* Calls done on the loop when `seen` is there. */
void looker_start(struct looker *looker, uv_loop_t *loop);
/* The same at once, without a call of done. */
void looker_run(struct looker *looker);
