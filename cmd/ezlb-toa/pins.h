/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pins: what stays attached without a process, under /sys/fs/bpf/ezlb-toa. One caller at a time:
 * they lock it. */
#pragma once

#include "set.h"

#define PINS_ROOT "/sys/fs/bpf"
#define PINS_DIR  PINS_ROOT "/ezlb-toa"

/*
 * Attaches to the cgroup and pins. What is pinned already is used: maps keep what they have, links
 * get the new programs without a gap. On failure what was attached before is as it was. *updated:
 * something was.
 */
int pins_attach(const struct from_list *list, int cgroup, uint64_t cgroup_id, bool *updated,
		struct ezlb_err *err);

/* Detaches. *removed: there was something. */
int pins_detach(bool *removed, struct ezlb_err *err);

/* The pinned link of a program; -errno: there is none. The caller closes it. */
int pins_open_link(enum set_program program);
