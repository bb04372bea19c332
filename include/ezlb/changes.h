/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes: tells whether any program may have changed a table of the kernel, without reading the
 * table. BPF programs count the calls of the kernel's functions by which programs change it, in all
 * network namespaces, at their begin and at their end.
 *
 * It is an extra. It needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN; without them, or on a kernel
 * without kprobes, the answer is always "perhaps". Whenever something is not as expected, the
 * answer is "perhaps", too: a probe that does not count a call of ours, a call that has begun and
 * not ended, a module that was unloaded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/err.h>

enum ezlb_changes_table {
	EZLB_CHANGES_IPVS,
	EZLB_CHANGES_IPTABLES,	/* the legacy tables of ip_tables */
	EZLB_CHANGES_IP6TABLES, /* ... and of ip6_tables */
};

#define EZLB_CHANGES_FUNCTIONS 2 /* the most that a table has */

/* How often the function was called, and how often it has returned. */
struct ezlb_changes_count {
	uint64_t begun, ended;
};

/* Where the counts come from: the kernel, or a test. */
struct ezlb_changes_source {
	unsigned functions;
	/* Keeps the rights that the caller has now, in a thread, for one attach. May be NULL. */
	void (*prepare)(void *arg);
	/*
	 * Starts to count; the counts begin at any value. On failure nothing is attached.
	 * -EINPROGRESS: not yet; ask again, *err is not set.
	 */
	int (*attach)(void *arg, struct ezlb_err *err);
	void (*detach)(void *arg);
	void (*read)(void *arg, struct ezlb_changes_count counts[EZLB_CHANGES_FUNCTIONS]);
	/* Calls the function once, in a way that the kernel refuses. */
	void (*call)(void *arg, unsigned function);
	void (*close)(void *arg); /* may be NULL */
	void *arg;
};

struct ezlb_changes;

/*
 * Attaches nothing yet. `netlink` makes the kernel call ip_vs_genl_set_cmd once and changes
 * nothing; for IPVS only, which has a function that only a genetlink request reaches. It must
 * return within a few seconds.
 */
struct ezlb_changes *ezlb_changes_new(enum ezlb_changes_table table, void (*netlink)(void *arg),
				      void *arg);
struct ezlb_changes *ezlb_changes_new_source(const struct ezlb_changes_source *source);
void ezlb_changes_free(struct ezlb_changes *changes); /* NULL is fine */
/*
 * For a process that gives up its rights: the first attach will have those of now. A thread keeps
 * them until then, and ends. NULL is fine.
 */
void ezlb_changes_prepare(struct ezlb_changes *changes);

/*
 * True: since the last call no program has changed the table, and none is about to. False: perhaps.
 * So what was read after the last call is still true. Attaches if nothing is attached and a try is
 * due. The usual cost is one system call, which proves that the probes still count. NULL: perhaps.
 *
 * What it can miss: a call whose begin and end both happen while another BPF program runs on the
 * same CPU, because the kernel leaves out ours then.
 */
bool ezlb_changes_none(struct ezlb_changes *changes, uint64_t now_ms);
/*
 * The caller has just changed the table with `function` (0: by setsockopt, 1: by genetlink). If the
 * next ezlb_changes_none does not see this, it is never trusted again.
 */
void ezlb_changes_wrote(struct ezlb_changes *changes, unsigned function);
/* Whether the kernel counts. If not, *why has the reason; code 0: it has not been tried. */
bool ezlb_changes_counts(const struct ezlb_changes *changes, struct ezlb_err *why);
