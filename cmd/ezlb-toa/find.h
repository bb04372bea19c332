/* SPDX-License-Identifier: GPL-2.0-or-later */
/* find: the receivers of this host, of whatever process, as the kernel lists their links. */
#pragma once

#include "set.h"

/* One that is attached, as a value. The caller clears it. */
struct receiver {
	uint64_t cgroup_id; /* 0: the cgroup was removed */
	char *cgroup;	    /* its path; NULL: not to be seen from here */
	bool pinned;
	bool attached[PROGRAMS]; /* each is attached to this cgroup */
	struct from_list from;
	uint64_t counters[TOA_COUNTERS];
};
struct receivers EZLB_VEC(struct receiver);

/* Needs CAP_SYS_ADMIN. What disappears meanwhile is left out. */
int find_receivers(struct receivers *out, struct ezlb_err *err);
void receivers_clear(struct receivers *receivers);

/* Whether a process keeps one at this cgroup without pins. False also if that cannot be found out.
 */
bool find_running(uint64_t cgroup_id);
