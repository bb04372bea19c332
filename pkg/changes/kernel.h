/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel: the probes of changes: kprobes with BPF programs that count. */
#pragma once

#include <ezlb/changes.h>

/* `netlink` as in ezlb_changes_new. Its close frees it. */
struct ezlb_changes_source changes_kernel(enum ezlb_changes_table table, void (*netlink)(void *arg),
					  void *arg);
