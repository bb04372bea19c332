/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lifecycle: decides which backends of each virtual service are dests now, with which weight, and
 * why: first verdicts, drains, fallbacks, fail open and slow start; and which addresses have no
 * backend that serves. Pure: it gets the time as an argument. A second step with the same inputs at
 * the same time changes nothing.
 */
#pragma once

#include <ezlb/roster.h>
#include <ezlb/spec.h>
#include <ezlb/table.h>
#include <ezlb/verdict.h>

#define EZLB_DRAIN_IDLE_MS 1000 /* a drain is over after so long without an active connection */
#define EZLB_DRAIN_LOOK_MS 1000 /* between two looks at the connections of a draining dest */

/* What is known of one backend of one virtual service from the last step. */
struct ezlb_member {
	struct ezlb_service_key service;
	struct ezlb_endpoint backend;
	enum ezlb_role role;
	bool left;		     /* it is not in the file */
	enum ezlb_drain_cause cause; /* DRAINING */
	/*
	 * DRAINING: when it is removed at the latest. STARTING: when it has its full weight.
	 * SERVING: until then it is as cold as a backend in slow start, although it has its full
	 * weight, because there was no other one to serve; 0: it is warm.
	 */
	uint64_t until_ms;
	uint64_t idle_ms; /* DRAINING: since when no connection is active; UINT64_MAX: some are */
};
struct ezlb_members EZLB_VEC(struct ezlb_member);

/* What is known of one address of listeners from the last step. */
struct ezlb_vip_life {
	struct ezlb_addr addr;
	uint64_t since_ms; /* since when a backend of a service on it serves; UINT64_MAX: none */
	bool left;	   /* it was withdrawn, and has not returned: it does after vip_hold_ms */
};
struct ezlb_vip_lives EZLB_VEC(struct ezlb_vip_life);

/* When the roster rows of one service change by themselves. */
struct ezlb_life_due {
	struct ezlb_service_key service; /* of its first listener (ezlb_spec_key) */
	uint64_t ms;			 /* by ezlb_now_ms */
};
struct ezlb_life_dues EZLB_VEC(struct ezlb_life_due);

/* What a step keeps for the next one. The zero value is a process that has just started. */
struct ezlb_lifecycle {
	struct ezlb_members members; /* sorted by service, backend */
	struct ezlb_scope seen;	    /* services whose dests were known in an earlier step; sorted */
	struct ezlb_vip_lives vips; /* sorted by address */
	struct ezlb_life_dues dues; /* of the services that have one; sorted */
	uint64_t vips_due_ms;	    /* when an address returns; 0: never */
};

/* Everything is borrowed, and sorted. */
struct ezlb_lifecycle_in {
	const struct ezlb_desired *desired;
	const struct ezlb_verdicts *verdicts; /* no row: the backend is not checked, so it is up */
	const struct ezlb_dests *dests;	      /* of the kernel */
	bool unreadable;		      /* `dests` could not be read: they are as before */
	const struct ezlb_scope *owned;	      /* by the ledger */
	const struct ezlb_drains *drains;     /* of the ledger */
	/*
	 * There is no later step: backends leave at once, slow starts are over at once, and
	 * addresses return at once.
	 */
	bool single;
	uint64_t now_ms;	     /* by ezlb_now_ms */
	enum ezlb_vip_when vip_when; /* of services without `vip` */
	uint32_t vip_hold_ms;	     /* before a withdrawn address returns */
};

/*
 * Makes the roster: a row for each backend of each file, and for each that has left its file and
 * drains. *out must be empty. What --vip-device says does not matter: without it nobody asks for
 * the addresses.
 */
void ezlb_lifecycle_step(struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
			 struct ezlb_roster *out);
/*
 * The same for a few services, in->desired, each of which an earlier step has known with the same
 * listeners; `dests` and `verdicts` may have those of these services only. What is known of the
 * others, and of all addresses, stays. The roster has rows of these services only, and nothing
 * about addresses; its due_ms is that of all services.
 */
void ezlb_lifecycle_step_part(struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
			      struct ezlb_roster *out);
/*
 * Does a backend of these services drain now, or would it after ezlb_lifecycle_step_part? Only then
 * does the step look at the connections of `dests`. Changes nothing.
 */
bool ezlb_lifecycle_counts(const struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in);
/* The due_ms of the last roster. */
uint64_t ezlb_lifecycle_next(const struct ezlb_lifecycle *life);
/*
 * Appends the first keys of the services whose rows change by themselves until now_ms; sorted.
 * False if an address does, which concerns all services on it.
 */
bool ezlb_lifecycle_due(const struct ezlb_lifecycle *life, uint64_t now_ms, struct ezlb_scope *out);
void ezlb_lifecycle_clear(struct ezlb_lifecycle *life);
