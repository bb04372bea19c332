/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock: the lock that every iptables takes around reading and writing a table. The kernel itself
 * only compares the number of entries when a table is replaced, so without it edits get lost.
 * Source: iptables, iptables/xshared.c.
 */
#pragma once

#include <ezlb/err.h>

#define EZLB_XTABLES_LOCK_LIMIT_MS 2000
#define EZLB_XTABLES_LOCK_STEP_MS  20

/* $XTABLES_LOCKFILE or /run/xtables.lock, as iptables since 1.8.8. */
const char *ezlb_xtables_lock_path(void);

/*
 * Returns a descriptor that holds the lock until it is closed, or -errno: -EAGAIN where somebody
 * else still had it after limit_ms. Tries every step_ms.
 */
int ezlb_xtables_lock(const char *path, unsigned limit_ms, unsigned step_ms, struct ezlb_err *err);
