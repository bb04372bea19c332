// SPDX-License-Identifier: GPL-2.0-or-later
#include "chain.h"

#include <errno.h>
#include <sys/socket.h>

#include <ezlb/table.h>

/* A row and its position in the chain or among the ops, to find it by its key. */
struct ref {
	const struct ezlb_snat_row *row;
	size_t pos;
};
struct refs EZLB_VEC(struct ref);

static int key_cmp(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;

	return ezlb_snat_row_cmp(x->row, y->row);
}

static int key_pos_cmp(const void *a, const void *b)
{
	const struct ref *x = a, *y = b;
	int cmp = key_cmp(a, b);

	return cmp ? cmp : (x->pos > y->pos) - (x->pos < y->pos);
}

static void add_ref(struct refs *refs, const struct ezlb_snat_row *row, size_t pos)
{
	*EZLB_PUSH(refs) = (struct ref){ .row = row, .pos = pos };
}

void ezlb_snat_chain_mark_duplicates(struct ezlb_snat_chain *chain)
{
	struct ezlb_snat_slots *slots = &chain->slots;
	struct refs refs = { 0 };

	for (size_t i = 0; i < slots->len; i++) {
		if (slots->items[i].ours)
			add_ref(&refs, &slots->items[i].row, i);
	}
	EZLB_SORT(&refs, key_pos_cmp);
	for (size_t i = 1; i < refs.len; i++) {
		if (key_cmp(&refs.items[i - 1], &refs.items[i]) == 0)
			slots->items[refs.items[i].pos].ours = false;
	}
	EZLB_VEC_CLEAR(&refs);
}

/* --- ops ----------------------------------------------------------------------------------- */

bool ezlb_snat_op_needs_chain(const struct ezlb_op *op)
{
	return ezlb_op_action(op->kind) != EZLB_ACTION_DEL;
}

static bool concerns(const struct ezlb_op *op, uint8_t family, bool exists)
{
	if (ezlb_op_object(op->kind) == EZLB_OBJECT_SNAT_FRAME)
		return exists || family == AF_INET;
	return op->snat.key.endpoint.addr.family == family;
}

size_t ezlb_snat_ops_select(struct ezlb_op *const *ops, size_t n, uint8_t family, bool exists,
			    struct ezlb_op **out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (!concerns(ops[i], family, exists))
			continue;
		out[len++] = ops[i];
		exists |= ezlb_snat_op_needs_chain(ops[i]);
	}
	return len;
}

int ezlb_snat_row_check(const struct ezlb_snat_row *row)
{
	uint8_t family = row->key.endpoint.addr.family;

	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	if (row->to.first.family &&
	    (row->to.first.family != family || row->to.last.family != family))
		return -EAFNOSUPPORT;
	return (row->key.endpoint.port || row->key.fwmark) &&
			       ezlb_addr_cmp(&row->to.first, &row->to.last) <= 0
		       ? 0
		       : -EINVAL;
}

int ezlb_snat_op_check(const struct ezlb_op *op)
{
	return ezlb_op_object(op->kind) == EZLB_OBJECT_SNAT ? ezlb_snat_row_check(&op->snat) : 0;
}

/* --- edit ---------------------------------------------------------------------------------- */

/* Collects the ops on rules, sorted by key; the last op on a key replaces the earlier ones. */
static void last_ops(struct ezlb_op *const *ops, size_t n, struct refs *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (ezlb_op_object(ops[i]->kind) == EZLB_OBJECT_SNAT)
			add_ref(out, &ops[i]->snat, i);
	}
	EZLB_SORT(out, key_pos_cmp);
	for (size_t i = 0; i < out->len; i++) {
		if (i + 1 == out->len || key_cmp(&out->items[i], &out->items[i + 1]) != 0)
			out->items[len++] = out->items[i];
	}
	out->len = len;
}

/* Copies one rule with the change by its op, which needs no new rule then. */
static void edit_slot(const struct ezlb_snat_slot *slot, struct ezlb_op *const *ops,
		      const struct refs *last, bool *put, struct ezlb_snat_slots *out)
{
	const struct ref key = { .row = &slot->row };
	const struct ref *ref = EZLB_FIND(last, &key, key_cmp);
	struct ezlb_snat_slot *copy;

	if (!slot->ours || (ref && !put[ref->pos]))
		return;
	copy = EZLB_PUSH(out);
	*copy = *slot;
	if (!ref)
		return;
	put[ref->pos] = false;
	copy->row.to = ops[ref->pos]->snat.to;
}

static void edit_slots(const struct ezlb_snat_slots *now, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_snat_slots *out)
{
	EZLB_AUTO_FREE bool *put = ezlb_calloc(n, sizeof(*put)); /* the op's rule must exist */
	struct refs last = { 0 };

	last_ops(ops, n, &last);
	for (size_t i = 0; i < last.len; i++)
		put[last.items[i].pos] = ezlb_snat_op_needs_chain(ops[last.items[i].pos]);
	for (size_t i = 0; i < now->len; i++)
		edit_slot(&now->items[i], ops, &last, put, out);
	for (size_t i = 0; i < n; i++) {
		if (put[i])
			*EZLB_PUSH(out) = (struct ezlb_snat_slot){ .ours = true,
								   .row = ops[i]->snat };
	}
	EZLB_VEC_CLEAR(&last);
}

void ezlb_snat_chain_edit(const struct ezlb_snat_chain *now, struct ezlb_op *const *ops, size_t n,
			  struct ezlb_snat_chain *want)
{
	const struct ezlb_snat_slots none = { 0 };
	size_t start = 0; /* ops before a teardown have no effect */

	*want = (struct ezlb_snat_chain){ .exists = now->exists };
	for (size_t i = 0; i < n; i++) {
		if (ops[i]->kind == EZLB_OP_SNAT_TEARDOWN) {
			want->exists = false;
			start = i + 1;
		} else if (ezlb_snat_op_needs_chain(ops[i])) {
			want->exists = true;
		}
	}
	edit_slots(start ? &none : &now->slots, ops + start, n - start, &want->slots);
}

size_t ezlb_snat_chain_common(const struct ezlb_snat_chain *a, const struct ezlb_snat_chain *b)
{
	size_t i = 0;

	for (; i < a->slots.len && i < b->slots.len; i++) {
		const struct ezlb_snat_slot *x = &a->slots.items[i], *y = &b->slots.items[i];

		if (!x->ours || !y->ours || ezlb_snat_row_cmp(&x->row, &y->row) != 0 ||
		    !ezlb_snat_row_same(&x->row, &y->row))
			break;
	}
	return i;
}

bool ezlb_snat_chain_same(const struct ezlb_snat_chain *a, const struct ezlb_snat_chain *b)
{
	return a->exists == b->exists && a->slots.len == b->slots.len &&
	       ezlb_snat_chain_common(a, b) == a->slots.len;
}

void ezlb_snat_chain_clear(struct ezlb_snat_chain *chain)
{
	EZLB_VEC_CLEAR(&chain->slots);
	chain->exists = false;
}
