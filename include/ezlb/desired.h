/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desired: many specs to one set in which nothing is claimed twice. A service name and a listener
 * have one holder each; so has the SNAT of a backend where one rule serves a backend whichever
 * service sends to it, which is so with iptables.
 *
 * Who holds a claim keeps it: a file that comes later, or changes to a claim that is taken, is told
 * so by a diagnostic and keeps its last good version if it has one. Among newcomers the file that
 * sorts first wins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/diag.h>
#include <ezlb/spec.h>
#include <ezlb/table.h>

struct ezlb_candidate {
	const struct ezlb_spec *fresh;	/* what the file says now; NULL: refused by config */
	const struct ezlb_spec *last;	/* the version last in force; NULL: none */
	const struct ezlb_spec *chosen; /* out: fresh, last or NULL */
};

/*
 * Candidates come in file order. Where SNAT rows are for a listener (table.h), two services may
 * send to one backend with different source addresses. Sets `chosen` of
 * each and fills *out with the chosen ones (borrowed from the candidates). Each fresh spec that was
 * not chosen gets a diagnostic, with the place of the other definition.
 */
void ezlb_desired_merge(struct ezlb_candidate *candidates, size_t n,
			enum ezlb_snat_key_kind snat_key, struct ezlb_desired *out,
			struct ezlb_diags *diags);
