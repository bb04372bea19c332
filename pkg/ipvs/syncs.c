// SPDX-License-Identifier: GPL-2.0-or-later
#include "syncs.h"

#include <errno.h>

#include "codec.h"

static int on_sync(void *arg, const struct nlmsghdr *msg)
{
	struct ezlb_syncs *rows = arg;
	struct ezlb_sync_row row;
	int rc = ezlb_ipvs_get_sync(msg, msg->nlmsg_len, &row);

	if (rc == 0)
		*EZLB_PUSH(rows) = row;
	return rc;
}

static int read_rows(struct syncs *syncs, struct ezlb_syncs *rows, struct ezlb_err *err)
{
	int rc = ezlb_ipvs_nl_syncs(syncs->nl, on_sync, rows, err);

	if (rc)
		EZLB_VEC_CLEAR(rows);
	return rc;
}

static void see(struct syncs *syncs, const struct ezlb_sync_row *row)
{
	bool up;
	unsigned index = syncs->index_of(row->device, &up);

	ezlb_strcpy(syncs->seen[row->role].device, EZLB_DEVICE_STRLEN, row->device);
	syncs->seen[row->role].index = index == EZLB_IPVS_NO_INDEX ? 0 : index;
}

static bool is_stale(struct syncs *syncs, const struct ezlb_sync_row *row)
{
	bool up;
	unsigned index = syncs->index_of(row->device, &up);

	if (syncs->seen[row->role].index == 0 ||
	    strcmp(syncs->seen[row->role].device, row->device) != 0)
		see(syncs, row);
	return index != EZLB_IPVS_NO_INDEX && (index == 0 || index != syncs->seen[row->role].index);
}

/* One that does not run any more is forgotten: the next one may be of the same name. */
static void forget_others(struct syncs *syncs, const struct ezlb_syncs *rows)
{
	for (int i = 0; i < EZLB_SYNC_ROLES; i++) {
		bool found = false;

		for (size_t k = 0; k < rows->len; k++)
			found |= rows->items[k].role == (enum ezlb_sync_role)i;
		if (!found)
			syncs->seen[i].index = 0;
	}
}

int syncs_list(struct syncs *syncs, struct ezlb_table *out, struct ezlb_err *err)
{
	struct ezlb_syncs rows = { 0 };
	int rc = syncs->managed ? read_rows(syncs, &rows, err) : 0;

	if (rc == 0)
		forget_others(syncs, &rows);
	for (size_t i = 0; i < rows.len; i++) {
		rows.items[i].stale = is_stale(syncs, &rows.items[i]);
		*EZLB_PUSH(&out->syncs) = rows.items[i];
	}
	EZLB_VEC_CLEAR(&rows);
	return rc;
}

/* Changes when the interface comes, goes, is replaced, or is set up or down. */
static uint64_t print_of_link(struct syncs *syncs, const char *device)
{
	bool up = false;
	uint64_t index = device[0] ? syncs->index_of(device, &up) : 0;

	index = index << 1 | up;
	return ezlb_hash(&index, sizeof(index));
}

int syncs_peek(struct syncs *syncs, uint64_t *print)
{
	struct ezlb_syncs rows = { 0 };
	int rc = syncs->managed ? read_rows(syncs, &rows, NULL) : 0;
	char text[EZLB_SYNC_STRLEN];

	if (rc || !syncs->managed)
		return rc;
	/* The interface that is awaited, so that a start that failed is tried again at once. */
	*print += print_of_link(syncs, syncs->device);
	for (size_t i = 0; i < rows.len; i++) {
		ezlb_sync_row_format(&rows.items[i], text);
		*print += ezlb_hash(text, strlen(text)) ^
			  print_of_link(syncs, rows.items[i].device);
	}
	EZLB_VEC_CLEAR(&rows);
	return 0;
}

static int send_op(struct syncs *syncs, struct ezlb_op *op)
{
	int rc = ezlb_ipvs_nl_apply(syncs->nl, &op, 1, NULL);

	return rc ? rc : op->rc;
}

/* The kernel's answer to the end of one that does not run. */
static bool is_gone(int rc)
{
	return rc == 0 || rc == -ESRCH;
}

static int stop(struct syncs *syncs, const struct ezlb_op *op)
{
	struct ezlb_op del = { .kind = EZLB_OP_SYNC_DEL, .sync = op->sync };
	int rc = send_op(syncs, &del);

	return is_gone(rc) ? 0 : rc;
}

void syncs_apply(struct syncs *syncs, struct ezlb_op *const *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ezlb_op *op = ops[i];
		int rc = op->kind == EZLB_OP_SYNC_ADD ? 0 : stop(syncs, op);

		if (rc == 0 && op->kind != EZLB_OP_SYNC_DEL)
			rc = send_op(syncs, op);
		op->rc = rc;
		if (rc == 0 && op->kind != EZLB_OP_SYNC_DEL)
			see(syncs, &op->sync);
	}
}
