/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pass: one turn of list, target, diff and apply over a data plane, with the ledger kept ahead of
 * the kernel. Plan and carry out are two calls, so that `plan` can stop after the first.
 */
#pragma once

#include <ezlb/flow.h>
#include <ezlb/reconcile.h>
#include <ezlb/store.h>

/* What to do about a virtual service that is in IPVS already, is not ours, and has our listener. */
enum ezlb_adopt {
	EZLB_ADOPT_MATCHING, /* take it over in place */
	EZLB_ADOPT_NEVER,    /* leave it: the service of the file is not applied until it goes */
};

#define EZLB_PASS_NEVER	 UINT64_MAX
#define EZLB_UNIT_TAKEN	 3     /* changes by somebody else that are remembered ... */
#define EZLB_UNIT_WINDOW 60000 /* ... and that are a fight where they are within so many ms */

/*
 * What fails, or is fought over with somebody else, is tried again at its own pace. A unit is one
 * virtual service with its dests, one SNAT row, one setting, link or address of the host, or a
 * layer as a whole (its frame, its lock).
 */
struct ezlb_unit {
	enum ezlb_layer_kind layer;  /* EZLB_LAYERS: the ledger */
	struct ezlb_subject subject; /* FRAME: the layer as a whole */
	unsigned failures;	     /* in a row */
	uint64_t due;		     /* not tried before */
	bool waiting;		     /* there is something to try then */
	/* When somebody else changed it; newest first, 0: not. */
	uint64_t taken[EZLB_UNIT_TAKEN];
	bool fight;
};
struct ezlb_units EZLB_VEC(struct ezlb_unit);

/* What passes need, and what they remember from one to the next. */
struct ezlb_pass {
	struct ezlb_dataplane dp;
	/*
	 * The SNAT layer that is not in dp, until it is known to hold no frame of ours; borrowed.
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
	 * file is refused that has no applied version, one of these may be its: they are kept.
	 */
	struct ezlb_scope unclaimed;
	bool paced; /* what fails or is fought over waits for its time; else all is tried */
	struct ezlb_units units; /* where paced */
	/* How the last pass left the kernel, where it had nothing to do: the measure of drift. */
	struct ezlb_table left;
	bool left_known;
	struct ezlb_prints prints; /* the cheap look that goes with the last pass */
};

/* A service that is not applied because its listener is somebody else's. */
struct ezlb_pass_conflict {
	char name[EZLB_NAME_MAX + 1];
	struct ezlb_service_key key;
};
struct ezlb_pass_conflicts EZLB_VEC(struct ezlb_pass_conflict);

/* What was read, and whose it is. Not changed once the pass has been planned. */
struct ezlb_pass_found {
	struct ezlb_table actual;	      /* of the scope, without what is foreign; sorted */
	struct ezlb_prints prints;	      /* the cheap look, taken before actual */
	struct ezlb_layer_errs errs;	      /* why a layer could not be read */
	struct ezlb_scope adopted;	      /* in the kernel and not in the ledger: taken over */
	struct ezlb_pass_conflicts conflicts; /* foreign and left alone; sorted by key */
	struct ezlb_plan drift;		      /* what somebody else did since the last pass */
	bool old_gone;			      /* old_snat holds nothing of ours */
};

/* What is to be done. */
struct ezlb_pass_todo {
	struct ezlb_scope wanted; /* what the files ask for, without the conflicts; sorted */
	struct ezlb_table target; /* with what is kept for files that are refused */
	struct ezlb_plan ops;
	/* The teardown of what old_snat holds; done after ops, once dp's SNAT has taken over. */
	struct ezlb_plan old;
};

/* What became of it, besides the rc of each op. */
struct ezlb_pass_outcome {
	struct ezlb_layer_errs errs; /* those of found, and then those of apply */
	struct ezlb_err ledger_err;
	struct ezlb_err old_err;
	size_t flows; /* that were deleted from conntrack */
	struct ezlb_err flows_err;
	/* Something was tried: only another pass can tell how that left the kernel. */
	bool again;
};

struct ezlb_pass_result {
	struct ezlb_pass_found found;
	struct ezlb_pass_todo plan;
	struct ezlb_pass_outcome outcome;
};

/* Reads the kernel and plans; writes nothing. `refused_files`: some file has no applied version. */
void ezlb_pass_plan(struct ezlb_pass *pass, const struct ezlb_desired *desired,
		    const struct ezlb_verdicts *verdicts, bool refused_files,
		    struct ezlb_pass_result *result);
/* Carries the plan out. True where the kernel is now as it should be, the old SNAT layer too. */
bool ezlb_pass_apply(struct ezlb_pass *pass, struct ezlb_pass_result *result, uint64_t now_ms);
bool ezlb_pass_ok(const struct ezlb_pass_result *result);
void ezlb_pass_result_clear(struct ezlb_pass_result *result);

/*
 * The cheap look: has anything changed since the last pass? Where it has, what is waiting in that
 * layer because it failed is due at once.
 */
bool ezlb_pass_peek(struct ezlb_pass *pass, const struct ezlb_desired *desired);

/* Plans and applies the settings of the host alone. True where every one is as it should be. */
bool ezlb_pass_settings(struct ezlb_pass *pass, const struct ezlb_desired *desired,
			struct ezlb_pass_result *result);
/* Removes all that is ours: one pass towards nothing, tried for some 3 s. */
bool ezlb_pass_cleanup(struct ezlb_pass *pass, struct ezlb_pass_result *result);
/* Frees what the pass remembers; the data plane is the caller's. */
void ezlb_pass_clear(struct ezlb_pass *pass);

/* --- what is tried again, and when -------------------------------------------------------------
 */

/* When something that failed, or that waits in a fight, is due; EZLB_PASS_NEVER: nothing waits. */
uint64_t ezlb_pass_due(const struct ezlb_pass *pass);
/* What failed may be tried at once: something has changed. */
void ezlb_pass_hurry(struct ezlb_pass *pass);
/*
 * Takes in what somebody else did. Returns the first op of a unit that has just become a fight,
 * NULL for none; *n counts such units. Borrowed from drift.
 */
const struct ezlb_op *ezlb_pass_fights(struct ezlb_pass *pass, const struct ezlb_plan *drift,
				       uint64_t now_ms, size_t *n);
/* Ends the fights in which nobody else has changed anything for a minute; how many ended. */
size_t ezlb_pass_calm(struct ezlb_pass *pass, uint64_t now_ms);
/* Is the service fought over, or its SNAT rows, or a layer as a whole that it needs? */
bool ezlb_pass_is_fought_over(const struct ezlb_pass *pass, const struct ezlb_spec *spec);
