/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chain: our chain as a value, and what a batch of ops makes of it. Pure. Reading it from the
 * kernel and writing it back is for others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/mem.h>
#include <ezlb/plan.h>

/* One rule of the chain. */
struct ezlb_snat_slot {
	bool ours; /* false: a stranger's rule, or a second one for the same backend */
	struct ezlb_snat_row row;
	uint64_t bytes; /* as row.connections a counter, kept when the rule has to be written again
			 */
};
struct ezlb_snat_slots EZLB_VEC(struct ezlb_snat_slot);

struct ezlb_snat_chain {
	bool exists;
	struct ezlb_snat_slots slots; /* in the order of the chain */
};

/* Of several rules for one backend only the first counts: the others become strangers. */
void ezlb_snat_chain_mark_duplicates(struct ezlb_snat_chain *chain);

/*
 * Fills *want with what `now` is after the ops, which are all SNAT ops. Strangers go. The chain is
 * made by any op that puts something in, so that "done" always means that the rule is in effect.
 */
void ezlb_snat_chain_edit(const struct ezlb_snat_chain *now, struct ezlb_op *const *ops, size_t n,
			  struct ezlb_snat_chain *want);

/* True where the op needs the chain. */
bool ezlb_snat_op_makes(const struct ezlb_op *op);

/* How many rules from the first on are the same and ours. */
size_t ezlb_snat_chain_common(const struct ezlb_snat_chain *a, const struct ezlb_snat_chain *b);
bool ezlb_snat_chain_same(const struct ezlb_snat_chain *a, const struct ezlb_snat_chain *b);
void ezlb_snat_chain_clear(struct ezlb_snat_chain *chain);
