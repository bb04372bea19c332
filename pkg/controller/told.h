/* SPDX-License-Identifier: GPL-2.0-or-later */
/* told: lets the kernel count changes of IPVS, and logs whether it does, and when that changes. */
#pragma once

#include "dataplane.h"

struct told {
	bool asked, known, counts;
};

/* Asks the kernel now and not after the first look: for a process that gives up the right soon. */
void told_ask(struct told *told, const struct dataplane *plane);
/* After each look: the first one asks the kernel to count. A simulated kernel has no means. */
void told_look(struct told *told, const struct dataplane *plane);
