/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pass: runs list, target, diff and apply once on a data plane, and writes the ledger before it
 * changes the kernel. Planning and applying are two calls, so that `plan` can stop after the first.
 */
#pragma once

#include <ezlb/flow.h>
#include <ezlb/lifecycle.h>
#include <ezlb/reconcile.h>
#include <ezlb/roster.h>
#include <ezlb/store.h>

/* What to do with a foreign virtual service that has a listener of a service file. */
enum ezlb_adopt {
	EZLB_ADOPT_MATCHING, /* take it over without a gap */
	EZLB_ADOPT_NEVER,    /* keep it: the file is not applied while it exists */
};

#define EZLB_PASS_NEVER	 UINT64_MAX
#define EZLB_UNIT_TAKEN	 3     /* so many changes by somebody else within ... */
#define EZLB_UNIT_WINDOW 60000 /* ... so many ms are a fight */

/*
 * A unit has its own times of retry after a failure or in a fight. It is one virtual service with
 * its dests, one SNAT row, one setting, link or address of the host, or a layer as a whole (its
 * frame, its lock).
 */
struct ezlb_unit {
	enum ezlb_layer_kind layer;  /* EZLB_LAYERS: the ledger */
	struct ezlb_subject subject; /* kind FRAME: the layer as a whole */
	unsigned failures;	     /* in a row */
	uint64_t due;		     /* time of the next try */
	bool waiting;		     /* has an op to try then */
	/* When somebody else changed it, newest first; 0: none. */
	uint64_t taken[EZLB_UNIT_TAKEN];
	bool fight;
};
struct ezlb_units EZLB_VEC(struct ezlb_unit);

/* Flows whose conntrack entries could not be deleted. A later pass tries again. */
struct ezlb_pass_late {
	struct ezlb_flows flows;    /* of deleted dests and changed SNAT rows; sorted */
	struct ezlb_scope services; /* whose untranslated flows must be looked for; sorted */
	uint64_t due;		    /* time of the next try */
	unsigned tries;		    /* in a row that failed */
	struct ezlb_err err;	    /* of the last try; code 0: nothing is late */
};

/* What passes need, and what they keep from one to the next. */
struct ezlb_pass {
	struct ezlb_dataplane dp;
	/* The SNAT driver that is not in dp, until it has no frame of ezlb's; borrowed. NULL: it
	 * has none, or is not available. */
	struct ezlb_layer *old_snat;
	struct ezlb_ledger ledger;
	enum ezlb_adopt adopt;
	struct ezlb_policy policy;
	enum ezlb_vip_when vip_when; /* as in struct ezlb_lifecycle_in */
	uint32_t vip_hold_ms;
	bool put_back; /* cleanup: give the settings their values from before ezlb */
	/* ezlb_conntrack_delete; NULL: no conntrack (the in-memory data plane). */
	int (*end_flows)(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err);
	/* UDP services with source NAT whose flows have been looked at; sorted. */
	struct ezlb_scope translated;
	struct ezlb_pass_late late;
	/*
	 * Owned services of an earlier process that no file has asked for so far. They stay while a
	 * refused file has no applied version, because they may be of that file.
	 */
	struct ezlb_scope unclaimed;
	/* No pass follows later: backends that leave do not drain, nor is there a slow start. */
	bool single;
	struct ezlb_lifecycle life; /* of the backends */
	bool paced;		    /* units wait for their due time; else every op is tried */
	struct ezlb_units units;    /* if paced */
	/* The kernel after the last pass, if that had nothing to do: drift is a difference to it.
	 */
	struct ezlb_table left;
	bool left_known;
	struct ezlb_prints prints; /* of the last pass */
	/*
	 * The last pass over all services had nothing to do, and nothing was wrong: a pass over a
	 * part of them may follow. Then `left` is as the passes since have changed it.
	 */
	bool calm;
	/*
	 * The caller sets it before a plan: neither files nor verdicts have changed since the last
	 * pass over all services. Where it is certain that the services and dests in the kernel
	 * have not changed either, they are then taken from `left`.
	 */
	bool quiet;
	uint64_t read_at; /* when they were last read */
	unsigned needs;	  /* of all services in the last pass over all: see ezlb_spec_needs */
	/* Services that passes over a part have changed, sorted: since the last check ... */
	struct ezlb_scope unchecked;
	struct ezlb_scope touched; /* ... and since the layer of IPVS was last peeked at */
	struct ezlb_scope
		checked; /* by the last check: a plan right after it reads them not again */
	/* What the last pass read: peek is about the same. It changes only with a pass. */
	struct ezlb_scope peeked;
	bool peeked_known;
};

/* A service that is not applied because a foreign virtual service has one of its listeners. */
struct ezlb_pass_conflict {
	char name[EZLB_NAME_MAX + 1];
	struct ezlb_service_key key;
};
struct ezlb_pass_conflicts EZLB_VEC(struct ezlb_pass_conflict);

/* What the kernel has, and who owns it. Constant after the pass is planned. */
struct ezlb_pass_found {
	struct ezlb_table actual;	      /* of the scope, without foreign objects; sorted */
	struct ezlb_prints prints;	      /* read before actual */
	struct ezlb_layer_errs errs;	      /* why a layer cannot be read */
	struct ezlb_scope adopted;	      /* foreign services that are taken over */
	struct ezlb_pass_conflicts conflicts; /* foreign services that stay; sorted by key */
	struct ezlb_syncs foreign_syncs;      /* of others, in roles that are wanted; by role */
	struct ezlb_plan drift;		      /* changes by somebody else since the last pass */
	bool old_gone;			      /* old_snat has no frame of ezlb's */
};

/* What to do. */
struct ezlb_pass_todo {
	struct ezlb_scope wanted;  /* what the files want, without conflicts; sorted */
	struct ezlb_table target;  /* with the services that stay for refused files */
	struct ezlb_roster roster; /* what each backend of the files does, and why */
	struct ezlb_plan ops;
	/* The teardown of old_snat, after ops, when dp's SNAT layer has all rules. */
	struct ezlb_plan old;
};

/* The result, besides the rc of each op. */
struct ezlb_pass_outcome {
	struct ezlb_layer_errs errs; /* of found, then of apply */
	struct ezlb_err ledger_err;
	struct ezlb_err old_err;
	size_t flows;		   /* deleted from conntrack */
	struct ezlb_err flows_err; /* of this pass or an earlier one: some are still there */
	/* An op was tried: only another pass can read how the kernel is now. */
	bool again;
};

struct ezlb_pass_result {
	/*
	 * NULL: a pass over all services. Else it is over these only, borrowed: found, wanted,
	 * target and roster have no rows of other services, and none that is not of a service
	 * (settings, links, addresses, frames), because nothing of that can change.
	 */
	const struct ezlb_desired *part;
	struct ezlb_pass_found found;
	struct ezlb_pass_todo plan;
	struct ezlb_pass_outcome outcome;
};

/*
 * Reads the kernel and plans; writes nothing. `refused_files`: some file has no applied version.
 * now_ms is by ezlb_now_ms, here and below.
 */
void ezlb_pass_plan(struct ezlb_pass *pass, const struct ezlb_desired *desired,
		    const struct ezlb_verdicts *verdicts, bool refused_files, uint64_t now_ms,
		    struct ezlb_pass_result *result);
/*
 * The same for a few services only, whose files or verdicts have changed since the last pass. It
 * reads the rows of these services in IPVS, and takes from pass->left what else the kernel has.
 * The caller knows that nothing else has changed: no service came or went, and each has the
 * listeners, the full_nat and the source address that it had. `verdicts` may have those of these
 * services only. `part` is borrowed until the result is cleared.
 *
 * False if only a pass over all services is certain to be right, as when somebody else has changed
 * one of these; then *result is empty.
 */
bool ezlb_pass_plan_part(struct ezlb_pass *pass, const struct ezlb_desired *part,
			 const struct ezlb_verdicts *verdicts, uint64_t now_ms,
			 struct ezlb_pass_result *result);
/*
 * Reads the rows of the services that passes over a part have changed since the last check. False
 * if they are not as these passes left them, or cannot be read: then a pass over all must follow.
 */
bool ezlb_pass_check(struct ezlb_pass *pass);
/* Applies the plan. True if the kernel now is as planned, with the teardown of old_snat. */
bool ezlb_pass_apply(struct ezlb_pass *pass, struct ezlb_pass_result *result, uint64_t now_ms);
bool ezlb_pass_ok(const struct ezlb_pass_result *result);
/* The same without TOA and the sync daemon of IPVS: services work without them. */
bool ezlb_pass_serves(const struct ezlb_pass_result *result);
void ezlb_pass_result_clear(struct ezlb_pass_result *result);

/*
 * Compares fingerprints of the kernel with those of the last pass; cheaper than a pass. True if
 * something changed; failed units of a changed layer are due at once.
 */
bool ezlb_pass_peek(struct ezlb_pass *pass, const struct ezlb_desired *desired);

/* Plans and applies only the settings of the host. True if all have their values. */
bool ezlb_pass_settings(struct ezlb_pass *pass, const struct ezlb_desired *desired,
			struct ezlb_pass_result *result);
/* Removes everything that ezlb owns; tries for about 3 s. */
bool ezlb_pass_cleanup(struct ezlb_pass *pass, struct ezlb_pass_result *result);
/* Frees the pass; the caller keeps the data plane. */
void ezlb_pass_clear(struct ezlb_pass *pass);

/* --- retries --------------------------------------------------------------------------------- */

/* When the next waiting unit is due; EZLB_PASS_NEVER: none waits. */
uint64_t ezlb_pass_due(const struct ezlb_pass *pass);
/*
 * No failed unit is due before then: those that would be are tried together. Not those whose files
 * or kernel have just changed, and no fights. Call it after a pass.
 */
void ezlb_pass_rest(struct ezlb_pass *pass, uint64_t until_ms);
/* Makes failed units due at once. */
void ezlb_pass_hurry(struct ezlb_pass *pass);
/*
 * Records the changes by somebody else. Returns the first op of a unit that has just become a
 * fight, borrowed from drift; NULL: none. *n is the number of such units.
 */
const struct ezlb_op *ezlb_pass_fights(struct ezlb_pass *pass, const struct ezlb_plan *drift,
				       uint64_t now_ms, size_t *n);
/* Ends the fights without a change for EZLB_UNIT_WINDOW; returns their number. */
size_t ezlb_pass_calm(struct ezlb_pass *pass, uint64_t now_ms);
/* Is there a fight over the service, its SNAT rows, or a layer that it needs? */
bool ezlb_pass_is_fought_over(const struct ezlb_pass *pass, const struct ezlb_spec *spec);
