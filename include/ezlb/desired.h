/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desired: many specs to one set in which nothing is claimed twice. A service name, a listener, and
 * (because one iptables rule serves a backend) the SNAT of a backend have one holder each.
 *
 * Who holds a claim keeps it: a file that comes later, or changes to a claim that is taken, is told
 * so by a diagnostic and keeps its last good version if it has one. Among newcomers the file that
 * sorts first wins.
 */
#pragma once

#include <stddef.h>

#include <ezlb/diag.h>
#include <ezlb/spec.h>

struct ezlb_candidate {
	const struct ezlb_spec *fresh;	/* what the file says now; NULL: refused by config */
	const struct ezlb_spec *last;	/* the version last in force; NULL: none */
	const struct ezlb_spec *chosen; /* out: fresh, last or NULL */
};

/*
 * Candidates come in file order. Sets `chosen` of each and fills *out with the chosen ones
 * (borrowed from the candidates). Each fresh spec that was not chosen gets a diagnostic, with the
 * place of the other definition.
 */
void ezlb_desired_merge(struct ezlb_candidate *candidates, size_t n, struct ezlb_desired *out,
			struct ezlb_diags *diags);
