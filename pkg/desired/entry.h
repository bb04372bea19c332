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

struct entry {
	const struct ezlb_spec *fresh, *last; /* of the candidate; NULL: none, or not possible */
	const struct ezlb_spec *now;	      /* the version that holds its claims; NULL: none */
	bool settled;
	enum conflict conflict; /* why fresh is not applied; the rest: who holds the claim */
	const struct entry *holder;
	const struct ezlb_spec *holder_spec;
	struct claim_of claim; /* the taken one */
};

/* Says which claim of the fresh version is taken, and by whom. */
void report_conflict(const struct entry *e, struct ezlb_diags *diags);
/* The listener has a mark and the service full_nat, and SNAT rows are for backends. */
void report_mark(const struct ezlb_spec *spec, const struct ezlb_listener *listener,
		 struct ezlb_diags *diags);
