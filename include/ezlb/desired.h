/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desired: merges many specs into one set without conflicting claims. One service file at a time
 * can claim a service name, or a listener (also one of several, or a mark). If SNAT rows are for
 * backends, as with iptables, services that send to one backend must also agree on its source NAT,
 * and full_nat is not possible for a mark.
 *
 * The file that holds a claim keeps it. A file that asks for a taken claim later gets a diagnostic
 * and keeps its last good version, if it has one. Among new files the one that sorts first wins.
 *
 * All files together have at most EZLB_DESIRED_DESTS_MAX dests. Versions that are applied stay, and
 * one with no more dests than the last one has always room. Of the others, those that sort first
 * get the room, and those for which it is not enough are refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/diag.h>
#include <ezlb/spec.h>
#include <ezlb/table.h>

/*
 * Virtual services times backends. As many need 0.5 GB of ezlb, and about as much of the kernel; a
 * host without memory loses all its services.
 */
#define EZLB_DESIRED_DESTS_MAX 1000000

struct ezlb_candidate {
	const struct ezlb_spec *fresh;	/* the current content; NULL: refused by config */
	const struct ezlb_spec *last;	/* the version applied last; NULL: none */
	const struct ezlb_spec *chosen; /* out: fresh, last or NULL */
};

/*
 * Candidates are in file order. Sets `chosen` of each and fills *out with the chosen specs
 * (borrowed from the candidates). Each fresh spec that was not chosen gets a diagnostic with the
 * place of the conflicting claim. If SNAT rows are for listeners (table.h), two services may send
 * to one backend with different source addresses.
 */
void ezlb_desired_merge(struct ezlb_candidate *candidates, size_t n,
			enum ezlb_snat_key_kind snat_key, struct ezlb_desired *out,
			struct ezlb_diags *diags);

/*
 * --- versions more -----------------------------------------------------------------------------
 *
 * A set without conflicts, in which every fresh version is applied, can be kept up to date without
 * a merge: as long as each new version fits, a merge of all files would choose the same versions
 * and find no conflict.
 */

/*
 * Whether the specs have no conflict with each other, nor with any of `among`, which have none
 * either, and whether there is room for all. The specs are in any order. One walk over `among`.
 * False: only a merge can tell.
 */
bool ezlb_desired_fit(const struct ezlb_desired *specs, const struct ezlb_desired *among,
		      enum ezlb_snat_key_kind snat_key);
/*
 * Whether the spec claims nothing that `last`, another version of the file, does not hold. It may
 * have more dests: ask ezlb_desired_fit, if only with no specs.
 */
bool ezlb_desired_fits_for(const struct ezlb_spec *spec, const struct ezlb_spec *last);
/* Both keep the order. Does nothing if the very spec is not in the set. */
void ezlb_desired_drop(struct ezlb_desired *desired, const struct ezlb_spec *spec);
void ezlb_desired_add(struct ezlb_desired *desired, const struct ezlb_spec *spec);
