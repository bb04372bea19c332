/* SPDX-License-Identifier: GPL-2.0-or-later */
/* op: executes ops on a table, with the results that the real layers return. */
#pragma once

#include <ezlb/plan.h>

#include "rows.h"

/* The kernel while a batch runs: `rows` own the table's arrays until batch_close. */
struct batch {
	struct ezlb_table *kernel;
	struct rows services, dests, snats, settings, syncs, accepts, marks, guards, toas, hooks,
		clsacts, links, vips;
	struct ezlb_links *clsact_links;
};

void batch_open(struct batch *batch, struct ezlb_table *kernel, struct ezlb_links *clsacts);
int batch_op(struct batch *batch, const struct ezlb_op *op); /* 0 or -errno */
void batch_close(struct batch *batch);
