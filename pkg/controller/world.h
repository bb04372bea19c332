/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world: what every command that looks at the kernel opens first: the data plane and the ledger. */
#pragma once

#include <ezlb/controller.h>

#include "dataplane.h"
#include "pass.h"

struct world {
	struct dataplane plane;
	struct pass_world pass;
};

/* Fails where a config directory cannot be read: at the start that is a mistake, not a freeze. */
int world_open(struct world *world, const struct ezlb_options *options, struct ezlb_err *err);
/* Needs no config directory, and no ip_vs in the kernel. */
int world_open_for_cleanup(struct world *world, const struct ezlb_options *options,
			   struct ezlb_err *err);
void world_close(struct world *world);
