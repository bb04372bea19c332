/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chain: the rules or elements of ezlb's chain as a value, and how ops change it. Pure. Used by
 * both drivers, which read and write the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/mem.h>
#include <ezlb/plan.h>

/* One rule or element of the chain. */
struct ezlb_snat_slot {
	bool ours; /* false: a foreign rule, or a second rule with the same key */
	struct ezlb_snat_row row;
	uint64_t bytes; /* a counter like row.connections: kept when the rule is written again */
};
struct ezlb_snat_slots EZLB_VEC(struct ezlb_snat_slot);

struct ezlb_snat_chain {
	bool exists;
	struct ezlb_snat_slots slots; /* in the order of the chain */
};

/* Keeps the first of several rules with the same key and marks the others as not ours. */
void ezlb_snat_chain_mark_duplicates(struct ezlb_snat_chain *chain);

/*
 * Fills *want with the result of the ops, which are all SNAT ops, on `now`. Foreign rules are
 * removed. Any op but a removing one also creates the chain, so an op that succeeds is in effect.
 */
void ezlb_snat_chain_edit(const struct ezlb_snat_chain *now, struct ezlb_op *const *ops, size_t n,
			  struct ezlb_snat_chain *want);

/* True if the op needs the chain: all but the removing ones. */
bool ezlb_snat_op_needs_chain(const struct ezlb_op *op);

/*
 * Copies the ops that belong to the family to *out and returns their number. A row op belongs to
 * the family of its key. A frame op belongs to IPv4, and to IPv6 only if the chain exists
 * (`exists`) or an earlier op creates it.
 */
size_t ezlb_snat_ops_select(struct ezlb_op *const *ops, size_t n, uint8_t family, bool exists,
			    struct ezlb_op **out);

/*
 * 0; -EAFNOSUPPORT if the key is neither IPv4 nor IPv6 or `to` is of the other family; -EINVAL for
 * port 0 without a mark, or a `to` whose last address is before the first.
 */
int ezlb_snat_row_check(const struct ezlb_snat_row *row);
/* The same for an op; 0 for an op on the frame. */
int ezlb_snat_op_check(const struct ezlb_op *op);

/* Returns how many rules from the first on are equal and ours. */
size_t ezlb_snat_chain_common(const struct ezlb_snat_chain *a, const struct ezlb_snat_chain *b);
bool ezlb_snat_chain_same(const struct ezlb_snat_chain *a, const struct ezlb_snat_chain *b);
void ezlb_snat_chain_clear(struct ezlb_snat_chain *chain);
