/* SPDX-License-Identifier: GPL-2.0-or-later */
/* instance: what every command that reads the kernel opens first: data plane, state, locks. */
#pragma once

#include <ezlb/controller.h>
#include <ezlb/pass.h>
#include <ezlb/store.h>

#include "dataplane.h"
#include "nodedrain.h"

struct instance {
	struct dataplane plane;
	struct ezlb_pass pass;
	struct ezlb_lastgood lastgood;
	int lock;		      /* on the state directory; -1: not taken */
	int netns_lock;		      /* on the network namespace; -1: not taken */
	bool ledger_damaged;	      /* logged; what ezlb owns is unknown */
	bool lock_logged;	      /* that `lock` was lost */
	struct ezlb_node_drain drain; /* as the last process left it */
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
/*
 * The in-memory data plane records nothing, but two daemons cannot share a socket. A user who may
 * not write to the directory can try ezlb without the lock. -EBUSY if another process has it.
 */
int instance_lock_for_memory(struct instance *instance, const struct ezlb_options *options,
			     struct ezlb_err *err);
/*
 * Two daemons would undo each other's work: -EBUSY and err if another process has the lock now.
 * Logs once what else is wrong with it; then, and without a lock, err is unchanged.
 */
int instance_keep_lock(struct instance *instance, const struct ezlb_options *options,
		       struct ezlb_err *err);
void instance_close(struct instance *instance);
