/* SPDX-License-Identifier: GPL-2.0-or-later */
/* op: what ops do to a kernel that is a table, with the answers that the layers would give. */
#pragma once

#include <ezlb/plan.h>

#include "rows.h"

/* The kernel while a batch of ops is carried out: its arrays are here, and not in the table. */
struct batch {
	struct ezlb_table *kernel;
	struct rows services, dests, snats, settings, accepts, links, vips;
};

void batch_open(struct batch *batch, struct ezlb_table *kernel);
int batch_op(struct batch *batch, const struct ezlb_op *op); /* 0 or -errno */
void batch_close(struct batch *batch);
