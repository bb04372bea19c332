/* SPDX-License-Identifier: GPL-2.0-or-later */
/* op: what an op does to a kernel that is a table, with the answers that the layers would give. */
#pragma once

#include <ezlb/plan.h>

int ezlb_memory_op(struct ezlb_table *kernel, const struct ezlb_op *op);
