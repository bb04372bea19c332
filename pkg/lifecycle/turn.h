/* SPDX-License-Identifier: GPL-2.0-or-later */
/* turn: one virtual service in one step, with what is known of each of its backends. */
#pragma once

#include <ezlb/lifecycle.h>

/* One backend. */
struct slot {
	const struct ezlb_backend *backend; /* NULL: it has left the file */
	size_t index;			    /* in the file; EZLB_NOT_IN_FILE */
	bool known;			    /* `was` is known, from the last step or the kernel */
	struct ezlb_member was;
	bool present;	 /* the kernel has its dest */
	uint32_t active; /* connections of that */
	uint32_t weight; /* of that */
	enum ezlb_verdict verdict;
	bool answers; /* DOWN: the last probe had an answer, so the backend is alive */
	/* The result. */
	struct ezlb_member now;
	bool gone; /* it has left the file and has no dest: it needs no row */
};
struct slots EZLB_VEC(struct slot);

struct turn {
	const struct ezlb_lifecycle *life;
	const struct ezlb_lifecycle_in *in;
	const struct ezlb_spec *spec;
	struct ezlb_service_key key;
	bool may_drain;	 /* its protocol has connections that end */
	bool first;	 /* no step before has known its dests */
	uint32_t factor; /* of the weights of the file: see ramp.h */
	struct slots slots;
};

/* The first row of a sorted vector that is not before the service, whose key each row begins with.
 */
#define FIRST_OF(v, key) \
	ezlb_first((key), (v)->items, (v)->len, sizeof(*(v)->items), ezlb_service_key_cmp)

int turn_member_cmp(const void *a, const void *b); /* by service, backend */
/* Fills in the slots of turn->key: those of the file, then those that have left it. */
void turn_gather(struct turn *turn);
/* Decides `now` of each slot. */
void turn_decide(struct turn *turn);
/* The weight of its dest. */
uint32_t turn_weight(const struct turn *turn, const struct slot *slot);
/* Full weight of a backend of the file. */
uint32_t turn_full(const struct turn *turn, const struct slot *slot);
/*
 * All listeners of one service: its rows go to *out, what the next step must know to *next, neither
 * of them sorted.
 */
void turn_service(const struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
		  const struct ezlb_spec *spec, struct ezlb_lifecycle *next,
		  struct ezlb_roster *out);
