/* SPDX-License-Identifier: GPL-2.0-or-later */
/* instance: what every command that reads the kernel opens first: data plane, state, locks. */
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
	bool ledger_damaged; /* logged; what ezlb owns is unknown */
};

/*
 * HOST and WRITE take both locks; -EBUSY if another process has one. HOST changes settings only,
 * and reads the last good versions without changing them.
 */
enum instance_use { INSTANCE_READ, INSTANCE_HOST, INSTANCE_WRITE };

/*
 * Fails if a config directory cannot be read: only a running ezlb freezes it. The caller closes the
 * instance after a failure, too.
 */
int instance_open(struct instance *instance, const struct ezlb_options *options,
		  enum instance_use use, struct ezlb_err *err);
/* Like INSTANCE_WRITE, but needs no config directory and no ip_vs in the kernel. */
int instance_open_for_cleanup(struct instance *instance, const struct ezlb_options *options,
			      struct ezlb_err *err);
void instance_close(struct instance *instance);
