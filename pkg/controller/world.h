/* SPDX-License-Identifier: GPL-2.0-or-later */
/* world: what every command that looks at the kernel opens first: the data plane and the ledger. */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/store.h>

#include "dataplane.h"
#include "pass.h"

struct world {
	struct dataplane plane;
	struct pass_world pass;
	struct ezlb_lastgood lastgood;
	int lock;	     /* on the state directory; -1: not taken */
	bool ledger_damaged; /* told; what ezlb owned is unknown */
};

/* WRITE takes the lock, or fails with -EBUSY where another process has it. */
enum world_use { WORLD_READ, WORLD_WRITE };

/*
 * Fails where a config directory cannot be read: at the start that is a mistake, not a freeze.
 * world_close is due after a failure, too.
 */
int world_open(struct world *world, const struct ezlb_options *options, enum world_use use,
	       struct ezlb_err *err);
/* To write; needs no config directory, and no ip_vs in the kernel. */
int world_open_for_cleanup(struct world *world, const struct ezlb_options *options,
			   struct ezlb_err *err);
void world_close(struct world *world);
