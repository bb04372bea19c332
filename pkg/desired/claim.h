/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claim: what two specs claim, compared without a table of all claims. */
#pragma once

#include <ezlb/spec.h>
#include <ezlb/table.h>

uint16_t claim_last_port(const struct ezlb_listener *listener); /* the only one, or of a range */
/* Whether they have a port in common; the mark of a file has none. */
bool claim_overlap(const struct ezlb_listener *a, const struct ezlb_listener *b);
bool claim_has_range(const struct ezlb_spec *spec); /* NULL: no */
/* Whether `last` already holds all claims of `fresh`. */
bool claim_nothing_new(const struct ezlb_spec *fresh, const struct ezlb_spec *last);
/* The listener whose connections no rule for backends can tell from others; NULL: none. */
const struct ezlb_listener *claim_needs_nftables(const struct ezlb_spec *spec,
						 enum ezlb_snat_key_kind snat_key);

/* The order of struct ezlb_desired, for its pointers. */
int desired_cmp(const void *pa, const void *pb);
