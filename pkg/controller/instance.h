/* SPDX-License-Identifier: GPL-2.0-or-later */
/* instance: what every command that looks at the kernel opens first: the data plane and the ledger.
 */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/pass.h>
#include <ezlb/store.h>

#include "dataplane.h"

struct instance {
	struct dataplane plane;
	struct ezlb_pass pass;
	struct ezlb_lastgood lastgood;
	int lock;	     /* on the state directory; -1: not taken */
	int netns_lock;	     /* on the network namespace; -1: not taken */
	bool ledger_damaged; /* told; what ezlb owned is unknown */
};

/* WRITE takes both locks, or fails with -EBUSY where another process has it. */
enum instance_use { INSTANCE_READ, INSTANCE_WRITE };

/*
 * Fails where a config directory cannot be read: at the start that is a mistake, not a freeze.
 * instance_close is due after a failure, too.
 */
int instance_open(struct instance *instance, const struct ezlb_options *options,
		  enum instance_use use, struct ezlb_err *err);
/* To write; needs no config directory, and no ip_vs in the kernel. */
int instance_open_for_cleanup(struct instance *instance, const struct ezlb_options *options,
			      struct ezlb_err *err);
void instance_close(struct instance *instance);
