/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile: the core. Pure except for list, peek and apply, which call the layers.
 *
 *   scope = keys that may be read       actual = rows of the kernel in scope
 *   target = rows that should exist      plan = diff(target, actual)
 *   apply(plan), and again until the plan is empty
 */
#pragma once

#include <ezlb/layer.h>
#include <ezlb/plan.h>
#include <ezlb/roster.h>
#include <ezlb/spec.h>
#include <ezlb/table.h>

/* How services become rows, in addition to what their files say. */
struct ezlb_policy {
	/*
	 * The SNAT layer's snat_key. With LISTENER each full_nat service has one SNAT row whatever
	 * the verdicts are, and the modules of iptables are not wanted.
	 */
	enum ezlb_snat_key_kind snat_key;
	bool firewall; /* want accepts where a filter drops */
	/* Settings are not changed: only those are wanted without which a service does not work. */
	bool hands_off;
	char vip_device[EZLB_DEVICE_STRLEN]; /* the dummy link for listeners' addresses; "": none */
	bool guard;			     /* only services answer at the addresses on it */
	bool drained; /* the addresses are on ezlb_node_drain_device(vip_device) instead */
	char sync_device[EZLB_DEVICE_STRLEN]; /* of the sync daemon of IPVS; "": none */
	uint8_t sync_id;
	uint32_t timeouts[EZLB_TIMEOUTS]; /* seconds; 0: the value of the kernel stays */
};

/* The error of each layer; code 0: none. */
struct ezlb_layer_errs {
	struct ezlb_err layer[EZLB_LAYERS];
};

/*
 * Fills *out with the wanted and owned listeners, sorted. Keys outside it are never read, so never
 * changed.
 */
void ezlb_reconcile_scope(const struct ezlb_desired *desired, const struct ezlb_scope *owned,
			  struct ezlb_scope *out);

/*
 * Reads the kernel through every layer; the result is sorted. If a layer fails, its error is in
 * *errs, and apply then fails all ops of that layer: what cannot be read must not be taken for
 * empty. If it is the TOA layer, this is also actual->toa_problem. The services and dests are
 * copied from `known` instead, if that is not NULL.
 */
void ezlb_reconcile_list(const struct ezlb_dataplane *dp, const struct ezlb_scope *scope,
			 const struct ezlb_table *known, struct ezlb_table *actual,
			 struct ezlb_layer_errs *errs);

/*
 * The addresses of the backends to which the TOA layer must know the routes (`towards` of layer.h),
 * sorted: those of all full_nat services that take TCP, or none if no service has
 * client_address: toa. *out is empty before.
 */
void ezlb_reconcile_towards(const struct ezlb_desired *desired, struct ezlb_addrs *out);

/* The layers' peek results; for a layer that cannot peek, its errno. */
struct ezlb_prints {
	uint64_t layer[EZLB_LAYERS];
};
void ezlb_reconcile_peek(const struct ezlb_dataplane *dp, const struct ezlb_scope *scope,
			 struct ezlb_prints *out);

/*
 * Finds changes by other programs: the ops that lead from `left`, the kernel after the last pass,
 * to actual. Covers services in `left` that are still in scope. Both tables are sorted. The ops are
 * EZLB_PENDING; they are reported, never applied.
 */
void ezlb_reconcile_drift(const struct ezlb_table *left, const struct ezlb_table *actual,
			  const struct ezlb_scope *scope, struct ezlb_plan *drift);

/*
 * Computes the target, sorted. The dests are those of the roster, and each has its SNAT row. From
 * `actual`, also sorted, it takes what only the kernel knows: filters that drop, addresses that are
 * local on other links, interfaces towards backends. Addresses that the roster has withdrawn are on
 * no link. An address is guarded if ezlb
 * has it, or would have it if it were not withdrawn, and no backend on this host gets packets that
 * still have this address. If the TOA layer says that it has a problem,
 * its rows stay as they are while a file asks for them.
 */
void ezlb_reconcile_target(const struct ezlb_desired *desired, const struct ezlb_roster *roster,
			   const struct ezlb_table *actual, const struct ezlb_policy *policy,
			   struct ezlb_table *target);

/*
 * Only the rows of these services in IPVS, and their marks; by listener also their SNAT rows, of
 * which they have all. Nothing of the host, of filters or of TOA.
 */
void ezlb_reconcile_target_part(const struct ezlb_desired *part, const struct ezlb_roster *roster,
				const struct ezlb_policy *policy, struct ezlb_table *target);

/*
 * Adds the services in `keep` to target unchanged, as the kernel has them, with all their rows:
 * ezlb owns them, but the files that may define them cannot be read. None of them is in target yet.
 * If one of them has a row of TOA, all hooks stay.
 */
void ezlb_reconcile_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
			 const struct ezlb_policy *policy, struct ezlb_table *target);

/*
 * Both tables are sorted. Appends the ops, all EZLB_PENDING, and sorts the plan into order of
 * execution.
 */
void ezlb_reconcile_diff(const struct ezlb_table *target, const struct ezlb_table *actual,
			 struct ezlb_plan *plan);

/*
 * Executes the plan and stores the result in each op's rc. An op whose prerequisite failed is held:
 * a dest of a full_nat service waits for its settings, its SNAT row and its service; a SNAT row is
 * removed only after the dests that use it; rows and hooks of TOA wait for its program, and nothing
 * waits for them; an address that needs it (vip_needs) waits for a dest of a service on it, and is
 * removed from one link only after it was added to the other. An op that is already EZLB_HELD is
 * not executed, and ops that depend on it are held too. Errors of layers go to *errs. Returns true
 * if every op is done.
 */
bool ezlb_reconcile_apply(const struct ezlb_dataplane *dp, struct ezlb_plan *plan,
			  struct ezlb_layer_errs *errs);
