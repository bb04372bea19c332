/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile: the core. Pure but for apply, which touches the world only through the layers.
 *
 *   scope = what we may look at   actual = layers' lists within it   target = what should be
 *   plan = diff(target, actual)   apply(plan)   and again, until the plan is empty
 */
#pragma once

#include <ezlb/layer.h>
#include <ezlb/plan.h>
#include <ezlb/spec.h>
#include <ezlb/table.h>
#include <ezlb/verdict.h>

/* How the services of the files become rows, beyond what the files say. */
struct ezlb_policy {
	/*
	 * As the SNAT layer says of itself (layer.h). With LISTENER, each full_nat service has its
	 * one SNAT row whatever the verdicts are, and the modules of iptables are not wanted.
	 */
	enum ezlb_snat_key_kind snat_key;
	bool firewall;			     /* accepts are wanted where a filter drops */
	char vip_device[EZLB_DEVICE_STRLEN]; /* where listeners' addresses are kept; "": nowhere */
};

/* One try at each layer's list: 0, or the -errno and its sentence. */
struct ezlb_layer_errs {
	struct ezlb_err layer[EZLB_LAYERS];
};

/* Listeners that are wanted or owned, sorted. A key outside it is never read, so never changed. */
void ezlb_reconcile_scope(const struct ezlb_desired *desired, const struct ezlb_scope *owned,
			  struct ezlb_scope *out);

/*
 * Reads the kernel through every layer. A layer that fails has its error in *errs, and apply then
 * fails the ops of that layer untried: what cannot be read is never taken for empty. Sorted.
 */
void ezlb_reconcile_list(const struct ezlb_dataplane *dp, const struct ezlb_scope *scope,
			 struct ezlb_table *actual, struct ezlb_layer_errs *errs);

/* What the layers' cheap look showed; one that cannot look has a print of its errno. */
struct ezlb_prints {
	uint64_t layer[EZLB_LAYERS];
};
void ezlb_reconcile_peek(const struct ezlb_dataplane *dp, const struct ezlb_scope *scope,
			 struct ezlb_prints *out);

/*
 * What somebody else has done to the rows of `left`, which is how the last pass left the kernel:
 * the ops that lead from there to actual. Only what concerns services in left that are in scope
 * still. Both are sorted. The ops are all EZLB_PENDING and are never applied: they are told.
 */
void ezlb_reconcile_drift(const struct ezlb_table *left, const struct ezlb_table *actual,
			  const struct ezlb_scope *scope, struct ezlb_plan *drift);

/*
 * Verdicts are sorted; a backend without a row counts as UP (it is not checked). Sorted result.
 * From `actual`, sorted as well, come what only the kernel knows: dests that are there before they
 * have a verdict, filters that drop, addresses that are local elsewhere.
 */
void ezlb_reconcile_target(const struct ezlb_desired *desired, const struct ezlb_verdicts *verdicts,
			   const struct ezlb_table *actual, const struct ezlb_policy *policy,
			   struct ezlb_table *target);

/*
 * Lets the services in `keep` stay as the kernel has them, with all that is theirs: they are ours,
 * but the file that may ask for them cannot be understood. None of them is in target yet.
 */
void ezlb_reconcile_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
			 const struct ezlb_policy *policy, struct ezlb_table *target);

/* Both tables are sorted. Ops come out in execution order, all EZLB_PENDING. Sorts what plan had.
 */
void ezlb_reconcile_diff(const struct ezlb_table *target, const struct ezlb_table *actual,
			 struct ezlb_plan *plan);

/*
 * Carries the plan out and leaves the outcome in each op's rc. An op whose prerequisite failed is
 * held: a dest of a full_nat service waits for its settings, its SNAT and its service; a SNAT row
 * is removed only once the dests that rely on it are. An op that is EZLB_HELD when it comes is not
 * tried, and what depends on it is held likewise. Layer errors go to *errs. True where every op is
 * done.
 */
bool ezlb_reconcile_apply(const struct ezlb_dataplane *dp, struct ezlb_plan *plan,
			  struct ezlb_layer_errs *errs);
