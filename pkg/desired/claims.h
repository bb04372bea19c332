/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claims: what each version claims, and which entries hold that. */
#pragma once

#include <ezlb/table.h>

#include "entry.h"

/* The claim with the index `claim` of the version in force. */
struct hold {
	struct entry *entry;
	size_t claim;
};

struct claim_table;

/* For the versions of these entries, whose claims are filled in. */
struct claim_table *claims_new(struct entry *entries, size_t n, enum ezlb_snat_key_kind snat_key);
void claims_free(struct claim_table *table, struct entry *entries, size_t n);

/* A spec has its name, its listeners, and the source NAT of backends per listener. */
struct claim_of claim_of(const struct ezlb_spec *spec, size_t i);
/* The first that holds the claim; NULL: nobody. Only the source NAT of backends has several. */
const struct hold *claim_holder(const struct claim *claim);

/* The version becomes the one in force of the entry, which has none. */
void claims_take(struct entry *e, struct version *version);
void claims_release(struct entry *e); /* nothing if none is in force */
