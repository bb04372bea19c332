// SPDX-License-Identifier: GPL-2.0-or-later
#include "want.h"

/* The batch so far: `come` and `gone` have no row in common. */
struct batch {
	enum ezlb_fw_aim aim;
	bool anew; /* what the filters have does not count any more */
	struct ezlb_accepts come, gone;
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
		take_out(&batch->come, &op->accept);
		*EZLB_PUSH(&batch->gone) = op->accept;
		return;
	}
	if (op->kind == EZLB_OP_FIREWALL_TEARDOWN) {
		batch->aim = EZLB_FW_CLEAR;
		batch->anew = true;
		batch->come.len = batch->gone.len = 0;
		return;
	}
	batch->aim = EZLB_FW_FRAME;
	if (op->kind == EZLB_OP_ACCEPT_ADD) {
		take_out(&batch->gone, &op->accept);
		*EZLB_PUSH(&batch->come) = op->accept;
	}
}

/* What has come on top of what the filters have in common, without what has gone. */
static void sum_up(const struct ezlb_fw_filters *filters, struct batch *batch,
		   struct ezlb_accepts *out)
{
	struct ezlb_accepts *all = &batch->come;
	struct ezlb_accepts have = { 0 };

	if (!batch->anew)
		ezlb_fw_common(filters, &have);
	for (size_t i = 0; i < have.len; i++)
		*EZLB_PUSH(all) = have.items[i];
	EZLB_VEC_CLEAR(&have);
	EZLB_SORT(all, ezlb_accept_row_cmp);
	for (size_t i = 0; i < all->len; i++) {
		const struct ezlb_accept_row *row = &all->items[i];
		bool twice = i && ezlb_accept_row_cmp(row - 1, row) == 0;

		if (!twice && !EZLB_FIND(&batch->gone, row, ezlb_accept_row_cmp))
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
	EZLB_SORT(&batch.gone, ezlb_accept_row_cmp);
	want->aim = batch.aim;
	if (want->aim == EZLB_FW_TRIM) {
		want->rows = batch.gone;
	} else {
		sum_up(filters, &batch, &want->rows);
		EZLB_VEC_CLEAR(&batch.gone);
	}
	EZLB_VEC_CLEAR(&batch.come);
}
