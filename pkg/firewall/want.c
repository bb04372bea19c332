// SPDX-License-Identifier: GPL-2.0-or-later
#include "want.h"

/* The result of the ops so far: `added` and `removed` have no row in common. */
struct batch {
	enum ezlb_fw_aim aim;
	bool reset; /* a TEARDOWN removed the rows of the filters */
	struct ezlb_accepts added, removed;
};

static void take_out(struct ezlb_accepts *rows, const struct ezlb_accept_row *row)
{
	for (size_t i = rows->len; i-- > 0;) {
		if (ezlb_accept_row_cmp(&rows->items[i], row) == 0)
			rows->items[i] = rows->items[--rows->len];
	}
}

static void take_op(struct batch *batch, const struct ezlb_op *op)
{
	if (op->kind == EZLB_OP_ACCEPT_DEL) {
		take_out(&batch->added, &op->accept);
		*EZLB_PUSH(&batch->removed) = op->accept;
		return;
	}
	if (op->kind == EZLB_OP_FIREWALL_TEARDOWN) {
		batch->aim = EZLB_FW_CLEAR;
		batch->reset = true;
		batch->added.len = batch->removed.len = 0;
		return;
	}
	batch->aim = EZLB_FW_FRAME;
	if (op->kind == EZLB_OP_ACCEPT_ADD) {
		take_out(&batch->removed, &op->accept);
		*EZLB_PUSH(&batch->added) = op->accept;
	}
}

/* Adds to *out the common rows of the filters and the added rows, without the removed ones. */
static void sum_up(const struct ezlb_fw_filters *filters, struct batch *batch,
		   struct ezlb_accepts *out)
{
	struct ezlb_accepts *all = &batch->added;
	struct ezlb_accepts have = { 0 };

	if (!batch->reset)
		ezlb_fw_common(filters, &have);
	for (size_t i = 0; i < have.len; i++)
		*EZLB_PUSH(all) = have.items[i];
	EZLB_VEC_CLEAR(&have);
	EZLB_SORT(all, ezlb_accept_row_cmp);
	for (size_t i = 0; i < all->len; i++) {
		const struct ezlb_accept_row *row = &all->items[i];
		bool twice = i && ezlb_accept_row_cmp(row - 1, row) == 0;

		if (!twice && !EZLB_FIND(&batch->removed, row, ezlb_accept_row_cmp))
			*EZLB_PUSH(out) = *row;
	}
}

void ezlb_fw_want_make(const struct ezlb_fw_filters *filters, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_fw_want *want)
{
	struct batch batch = { .aim = EZLB_FW_TRIM };

	*want = (struct ezlb_fw_want){ .aim = EZLB_FW_TRIM };
	for (size_t i = 0; i < n; i++)
		take_op(&batch, ops[i]);
	EZLB_SORT(&batch.removed, ezlb_accept_row_cmp);
	want->aim = batch.aim;
	if (want->aim == EZLB_FW_TRIM) {
		want->rows = batch.removed;
	} else {
		sum_up(filters, &batch, &want->rows);
		EZLB_VEC_CLEAR(&batch.removed);
	}
	EZLB_VEC_CLEAR(&batch.added);
}
