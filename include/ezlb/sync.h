/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync: the sync daemon of IPVS. A network namespace has at most one in each of two roles: the
 * master tells other balancers about the connections of this one, the backup learns theirs. Both
 * are threads of the kernel. The kernel cannot change one: it has to be stopped and started again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/mem.h>
#include <ezlb/setting.h>

enum ezlb_sync_role { EZLB_SYNC_MASTER, EZLB_SYNC_BACKUP, EZLB_SYNC_ROLES };
const char *ezlb_sync_role_str(enum ezlb_sync_role role);	      /* "master" */
int ezlb_sync_role_parse(const char *text, enum ezlb_sync_role *out); /* 0 or -EINVAL */

struct ezlb_sync_row {
	enum ezlb_sync_role role;
	char device[EZLB_DEVICE_STRLEN]; /* the interface of its multicast packets */
	uint32_t id;			 /* balancers with the same one learn from each other */
	/*
	 * Actual rows only, and never the same as a target row: the interface on which it was
	 * started is gone, so it neither sends nor receives. There may be a new one of that name.
	 */
	bool stale;
};
struct ezlb_syncs EZLB_VEC(struct ezlb_sync_row);

int ezlb_sync_row_cmp(const void *a, const void *b); /* by role */
bool ezlb_sync_row_same(const void *a, const void *b);
/* By role, interface and id: what the ledger has. Somebody else may have started another one. */
int ezlb_sync_owned_cmp(const void *a, const void *b);

/* "master on eth1, id 1" */
#define EZLB_SYNC_STRLEN (EZLB_DEVICE_STRLEN + 32)
const char *ezlb_sync_row_format(const struct ezlb_sync_row *row, char buf[EZLB_SYNC_STRLEN]);
