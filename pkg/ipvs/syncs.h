/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syncs: the sync daemons of IPVS. The kernel starts one on an interface by its name, and later
 * shows the name, also when this interface is gone and another one has the name. So the index of
 * the interface is kept from when the daemon was started or first seen.
 */
#pragma once

#include "netlink.h"

struct syncs {
	struct ezlb_ipvs_nl *nl;
	unsigned (*index_of)(const char *device, bool *up); /* of struct ezlb_ipvs_source */
	bool managed;					    /* else nothing is read */
	char device[EZLB_DEVICE_STRLEN];		    /* on which they are wanted, or "" */
	struct {
		char device[EZLB_DEVICE_STRLEN];
		unsigned index; /* 0: not known */
	} seen[EZLB_SYNC_ROLES];
};

/* Each of the calls comes after ezlb_ipvs_nl_begin. On failure the first adds no row. */
int syncs_list(struct syncs *syncs, struct ezlb_table *out, struct ezlb_err *err);
/* Mixes them into *print. */
int syncs_peek(struct syncs *syncs, uint64_t *print);
/* Sets the rc of the SYNC_* ops. */
void syncs_apply(struct syncs *syncs, struct ezlb_op *const *ops, size_t n);
