/* SPDX-License-Identifier: GPL-2.0-or-later */
/* desk_rig: what the controller knows besides a view_rig. */
#pragma once

#include "view_rig.h"

#include "sources.h"

struct desk_parts {
	struct dataplane plane;
	struct ezlb_options options;
	struct sources sources;
	struct nodedrain drain;
	unsigned changes; /* of drain.state */
};

static inline void parts_count_change(void *arg)
{
	unsigned *changes = arg;

	++*changes;
}

static inline void parts_open(struct desk_parts *parts, struct view_rig *rig)
{
	parts->plane = (struct dataplane){ .dp = rig->pass.dp,
					   .snat = EZLB_SNAT_IPTABLES,
					   .memory = rig->memory->memory };
	parts->options = (struct ezlb_options){ .state_dir = top,
						.dataplane = EZLB_DP_MEMORY,
						.traffic_interval_ms = 20 };
	parts->changes = 0;
	parts->drain = (struct nodedrain){ .options = &parts->options,
					   .changed = parts_count_change,
					   .arg = &parts->changes };
	parts->sources = (struct sources){ .options = &parts->options,
					   .view = &rig->view,
					   .catalog = &rig->catalog,
					   .pass = &rig->pass,
					   .plane = &parts->plane,
					   .drain = &parts->drain };
}
