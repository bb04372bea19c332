/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch: service files as they are, parsed and merged; no version but the one that is there. */
#pragma once

#include <stdbool.h>

#include <ezlb/desired.h>
#include <ezlb/watch.h>

/* Zeroed it is empty. */
struct batch {
	struct specs EZLB_VEC(struct ezlb_spec *) specs;
	struct ezlb_desired desired; /* those that claim nothing twice */
};

/* All files of the snapshot together, so that conflicts between them are seen; sorts diags. */
void batch_read(struct batch *batch, const struct ezlb_snapshot *snapshot,
		enum ezlb_snat_key_kind snat_key, struct ezlb_diags *diags);
void batch_clear(struct batch *batch);
