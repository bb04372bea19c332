/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pass: one turn of the reconciler over a data plane, with the ledger kept ahead of the kernel. */
#pragma once

#include <ezlb/conntrack.h>
#include <ezlb/controller.h>
#include <ezlb/reconcile.h>
#include <ezlb/store.h>

#include "units.h"

struct pass_world {
	struct ezlb_dataplane dp;
	/*
	 * The SNAT backend that is not in dp, until it is known to hold no frame of ours; borrowed.
	 * NULL: it holds none, or cannot be reached.
	 */
	struct ezlb_layer *old_snat;
	struct ezlb_ledger ledger;
	enum ezlb_adopt adopt;
	struct ezlb_policy policy;
	bool put_back; /* cleanup: settings become again what they were before ezlb */
	/* ezlb_conntrack_delete; NULL: there are no flows (the in-memory data plane). */
	int (*end_flows)(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err);
	/*
	 * In the ledger since before this process, and not asked for by any file so far. While a
	 * file is refused that has no version in force, one of these may be its: they are kept.
	 */
	struct ezlb_scope unclaimed;
	bool paced;	    /* what fails or is fought over waits for its time; else all is tried */
	struct units units; /* where paced */
	/* How the last pass left the kernel, where it had nothing to do: the measure of drift. */
	struct ezlb_table left;
	bool left_known;
	struct ezlb_prints prints; /* the cheap look that goes with the last pass */
};

/* A service that is not brought into force because its listener is somebody else's. */
struct pass_conflict {
	char name[EZLB_NAME_MAX + 1];
	struct ezlb_service_key key;
};

struct pass_result {
	struct ezlb_plan plan;
	struct ezlb_layer_errs errs;
	struct ezlb_err ledger_err;
	size_t services, dests;	 /* in target */
	bool full_nat;		 /* in target: the SNAT frame is wanted */
	bool accepts;		 /* likewise the firewall's */
	struct ezlb_links links; /* in target */
	struct ezlb_vips vips;
	struct ezlb_scope wanted;  /* what the files ask for, without the conflicts; sorted */
	struct ezlb_scope adopted; /* in the kernel and not in the ledger: taken over */
	struct pass_conflicts EZLB_VEC(struct pass_conflict) conflicts; /* --adopt never */
	/* The teardown of what old_snat holds; done after the plan, once dp's SNAT has taken over.
	 */
	struct ezlb_plan old;
	struct ezlb_err old_err;
	bool old_gone; /* there is nothing in it any more */
	size_t flows;  /* that were ended, so that they are decided upon anew */
	struct ezlb_err flows_err;
	struct ezlb_plan drift; /* what somebody else did since the last pass */
	struct ezlb_table actual;
	struct ezlb_prints prints; /* taken before actual */
	bool listed;		   /* every layer could be read */
	bool unread[EZLB_LAYERS];  /* those that could not */
	/* Something was tried: only another pass can tell how that left the kernel. */
	bool again;
};

/* Reads the kernel and plans; writes nothing. */
void pass_plan(struct pass_world *world, const struct ezlb_desired *desired,
	       const struct ezlb_verdicts *verdicts, bool refused_files,
	       struct pass_result *result);
/* Carries the plan out. True where the kernel is now as it should be, the old backend too. */
bool pass_apply(struct pass_world *world, struct pass_result *result, uint64_t now_ms);
bool pass_ok(const struct pass_result *result);
void pass_result_clear(struct pass_result *result);

/*
 * The cheap look: has anything changed since the last pass? Where it has, what is waiting in that
 * layer because it failed is due at once.
 */
bool pass_peek(struct pass_world *world, const struct ezlb_desired *desired);

/* Removes all that is ours: one pass towards nothing, tried for some 3 s. */
bool pass_cleanup(struct pass_world *world, struct pass_result *result);
/* The world's vectors and tables; the data plane is the caller's. */
void pass_world_clear(struct pass_world *world);
