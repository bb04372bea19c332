/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * look: the print of peek. It reads the rows only if they may have changed, and where nothing tells
 * whether they have, only as often as a budget of CPU time allows.
 */
#pragma once

#include <ezlb/changes.h>

#include "procfs.h"

struct look {
	struct ezlb_changes *changes; /* NULL: nothing tells */
	struct ezlb_scope scope;      /* of the last read */
	struct ezlb_ipvs_sums sums, next;
	struct ezlb_scope own; /* services that ezlb itself has changed since the last read */
	uint64_t adjust;       /* takes the changes of these out of the print */
	uint64_t print;
	uint64_t due;	       /* no read before, unless it is forced */
	bool known;	       /* print and sums are of a read of this scope */
	bool stale;	       /* the rows may have changed since that */
	bool forced;	       /* ezlb itself has changed them: the next print must be true */
	bool listed;	       /* nothing has changed since the rows of a scope were listed ... */
	uint64_t listed_scope; /* ... whose hash this is */
	uint64_t (*now_ms)(void);
	uint64_t (*cpu_ns)(void); /* of this thread */
};

void look_init(struct look *look, uint64_t (*now_ms)(void), uint64_t (*cpu_ns)(void));
void look_clear(struct look *look);
/* As peek in ezlb/layer.h, of the services and dests. */
int look_print(struct look *look, const char *procfs, const struct ezlb_scope *scope,
	       uint64_t *print);
/* As unchanged in ezlb/layer.h. */
bool look_unchanged(struct look *look);
/* Before the rows of a scope are listed, and after that if it has failed. */
void look_list(struct look *look, const struct ezlb_scope *scope);
void look_list_failed(struct look *look);
/* As as_listed in ezlb/layer.h. */
bool look_as_listed(struct look *look, const struct ezlb_scope *scope);
/* ezlb has sent commands; `done`: the kernel has carried out one of them at least. */
void look_wrote(struct look *look, bool done);
/* As changed in ezlb/layer.h. */
void look_changed(struct look *look, const struct ezlb_scope *services);
