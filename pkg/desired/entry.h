/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry: a file in a merge, and why its fresh version is not applied. */
#pragma once

#include <ezlb/desired.h>

enum conflict { CONFLICT_NONE, CONFLICT_NAME, CONFLICT_LISTENER, CONFLICT_SNAT };

/* The source NAT of a backend in the service of a listener, or one of these alone. */
struct claim_of {
	enum conflict kind;
	size_t listener, backend;
};

struct claim; /* claims.h */

/* A spec that may be applied. The arrays are in the order of its claims; owned. */
struct version {
	const struct ezlb_spec *spec;
	struct claim **claims;
	size_t n_claims;
	size_t *at;	/* of a version in force: its index in the holders of the claim */
	size_t *places; /* of each listener in struct ports; NULL: there are no ranges */
};

struct entry {
	struct version versions[2];
	struct version *fresh, *last; /* of the candidate; NULL: none, or not possible */
	struct version *now;	      /* the version that holds its claims; NULL: none */
	bool settled;
	enum conflict conflict; /* why fresh is not applied; the rest: who holds the claim */
	const struct entry *holder;
	const struct version *holder_version;
	struct claim_of claim; /* the taken one */
	struct claim_of held;  /* what holder_version holds it with, if both have the same key */
};

/* Says which claim of the fresh version is taken, and by whom. */
void report_conflict(const struct entry *e, struct ezlb_diags *diags);
/* The listener has a mark and the service full_nat, and SNAT rows are for backends. */
void report_mark(const struct ezlb_spec *spec, const struct ezlb_listener *listener,
		 struct ezlb_diags *diags);
/* The version would make more than `max` dests of all files; `stays`: the last one is applied. */
void report_over(const struct ezlb_spec *spec, bool stays, size_t max, struct ezlb_diags *diags);
