// SPDX-License-Identifier: GPL-2.0-or-later
#include "layer.h"

#include <assert.h>
#include <errno.h>

#include "rows.h"

/* Gives the interfaces that have another program of ezlb, or more than one, the right one. */
static int repair_hooks(struct toa *toa)
{
	int rc;

	world_forget_hooks(&toa->world);
	rc = wire_read(&toa->wire, &toa->world);
	for (size_t i = 0; rc == 0 && i < toa->world.links.len; i++) {
		const struct world_link *link = &toa->world.links.items[i];

		if (!link->others && (!link->program || link->program == toa->program.id))
			continue;
		rc = wire_attach(&toa->wire, link->link.name, toa->program.program, false);
		if (rc == -ENODEV)
			rc = 0;
	}
	return rc;
}

static int do_setup(struct toa *toa, const struct ezlb_op *op)
{
	struct ezlb_err err = { 0 };
	int rc;

	(void)op;
	ezlb_toa_program_close(&toa->program);
	rc = ezlb_toa_program_load(&toa->program, &err);
	if (rc < 0) {
		toa_remember_failure(toa, rc, &err);
		return rc;
	}
	toa->failed.reason[0] = '\0';
	toa->stamp = toa_stamp(toa);
	rc = ezlb_toa_rows_odd(&toa->program, true);
	return rc < 0 ? rc : repair_hooks(toa);
}

static int do_row_put(struct toa *toa, const struct ezlb_op *op)
{
	int rc = toa_open_program(toa, NULL);

	return rc < 0 ? rc : ezlb_toa_row_put(&toa->program, &op->toa, NULL);
}

static int do_row_del(struct toa *toa, const struct ezlb_op *op)
{
	int rc = toa_open_program(toa, NULL);

	if (rc == 0)
		rc = ezlb_toa_row_del(&toa->program, &op->toa.service, NULL);
	return rc == -ENOENT ? 0 : rc;
}

static int do_hook_add(struct toa *toa, const struct ezlb_op *op)
{
	int rc = toa_open_program(toa, NULL);

	if (rc < 0)
		return rc;
	return wire_attach(&toa->wire, op->hook.device, toa->program.program, op->hook.qdisc);
}

static int do_hook_del(struct toa *toa, const struct ezlb_op *op)
{
	return wire_detach(&toa->wire, op->hook.device, op->hook.qdisc);
}

static int remove_rows(struct toa *toa)
{
	struct ezlb_toas rows = { 0 };
	int rc = ezlb_toa_rows_odd(&toa->program, true);

	if (rc >= 0)
		rc = ezlb_toa_rows_list(&toa->program, &rows, NULL);
	for (size_t i = 0; rc == 0 && i < rows.len; i++) {
		rc = ezlb_toa_row_del(&toa->program, &rows.items[i].service, NULL);
		if (rc == -ENOENT)
			rc = 0;
	}
	EZLB_VEC_CLEAR(&rows);
	return rc;
}

/* Hooks first: without them the pins are all that holds the program. */
static int do_teardown(struct toa *toa, const struct ezlb_op *op)
{
	int rc;

	(void)op;
	toa_open_program(toa, NULL);
	world_forget_hooks(&toa->world);
	toa->world.links_known = false;
	rc = wire_read(&toa->wire, &toa->world);
	for (size_t i = 0; rc == 0 && i < toa->world.links.len; i++) {
		const struct world_link *link = &toa->world.links.items[i];

		if (link->program || link->others)
			rc = wire_detach(&toa->wire, link->link.name, false);
	}
	if (rc < 0)
		return rc;
	if (toa_keeps_pins(toa))
		return remove_rows(toa);
	ezlb_toa_program_close(&toa->program);
	return ezlb_toa_program_remove(NULL);
}

static const struct {
	int (*run)(struct toa *toa, const struct ezlb_op *op);
	bool rtnetlink; /* sends requests over rtnetlink */
} actions[EZLB_OPS] = {
	[EZLB_OP_TOA_SETUP] = { do_setup, true },	[EZLB_OP_TOA_ADD] = { do_row_put, false },
	[EZLB_OP_TOA_SET] = { do_row_put, false },	[EZLB_OP_HOOK_ADD] = { do_hook_add, true },
	[EZLB_OP_TOA_DEL] = { do_row_del, false },	[EZLB_OP_HOOK_DEL] = { do_hook_del, true },
	[EZLB_OP_TOA_TEARDOWN] = { do_teardown, true },
};

int toa_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n, struct ezlb_err *err)
{
	struct toa *toa = (void *)layer;
	bool timed_out = false; /* wait only once, not for each op */

	(void)err; /* each op has its own rc */
	for (size_t i = 0; i < n; i++) {
		struct ezlb_op *op = ops[i];

		assert(actions[op->kind].run);
		op->rc = timed_out && actions[op->kind].rtnetlink ? -ETIMEDOUT
								  : actions[op->kind].run(toa, op);
		timed_out |= actions[op->kind].rtnetlink && op->rc == -ETIMEDOUT;
	}
	/* Whoever listens hears of it anyway; this is for the case that nobody does. */
	world_forget_hooks(&toa->world);
	return 0;
}
