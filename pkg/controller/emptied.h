/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emptied: keeps services for a while when their directories become empty (--empty-hold-down). A
 * volume that is torn down, or not mounted yet, looks as if somebody had removed all files.
 */
#pragma once

#include <uv.h>

#include <ezlb/catalog.h>

#include "instance.h"

struct emptied {
	/* The caller sets these; borrowed. */
	uint32_t hold_ms; /* 0: keeps nothing */
	struct ezlb_catalog *catalog;
	const struct instance *instance;
	void (*take)(void *arg, const struct ezlb_snapshot *snapshot); /* these files count */
	void (*released)(void *arg); /* the services of a directory are gone from the catalog */
	void *arg;
	/* Its own. */
	uv_timer_t empty_timer; /* runs while there is no file at all */
	uv_timer_t held_timer;	/* runs while one of several directories is empty */
};

void emptied_open(struct emptied *emptied, uv_loop_t *loop);
/*
 * Calls take(), at once or when there have been no files for long enough. `loaded`: files have been
 * taken before.
 */
void emptied_snapshot(struct emptied *emptied, const struct ezlb_snapshot *snapshot, bool loaded);
void emptied_close(struct emptied *emptied);
