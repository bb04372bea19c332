/* SPDX-License-Identifier: GPL-2.0-or-later */
/* told: lets the kernel count changes of IPVS, and logs whether it does, and when that changes. */
#pragma once

#include "dataplane.h"

struct told {
	bool asked, known, counts;
};

/* After each look: the first one asks the kernel to count. A simulated kernel has no means. */
void told_look(struct told *told, const struct dataplane *plane);
