/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layers that do nothing but write down how they were called, and fail where they are told to. */
#pragma once

#include "cm.h"

#include <errno.h>

#include <ezlb/reconcile.h>

#include "tables.h"

struct fake {
	struct ezlb_layer layer; /* first, so that a layer pointer is a pointer to this */
	enum ezlb_layer_kind kind;
	struct world *world;
	unsigned lists, applies;
	int list_rc;
	bool list_moans;   /* leaves a message, though it has not failed */
	bool list_mute;	   /* fails without a message */
	unsigned whole_at; /* the call of apply that fails as a whole with -EIO; 0: none */
	bool apply_mute;
};

struct world {
	struct fake fakes[EZLB_LAYERS];
	struct ezlb_dataplane dp;
	char trace[1024];     /* "snat: snat-setup snat-add\n", a line for each call of apply */
	const char *bad_op;   /* the op that begins with this fails with -EBUSY */
	const char *host_row; /* what the host layer lists */
};

static inline int fake_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
			    struct ezlb_table *out, struct ezlb_err *err)
{
	struct fake *fake = (struct fake *)layer;

	(void)scope;
	fake->lists++;
	if (fake->list_rc)
		return fake->list_mute ? fake->list_rc
				       : ezlb_err_set(err, -fake->list_rc, "no such luck");
	if (fake->list_moans)
		ezlb_err_set(err, EAGAIN, "the second try succeeded");
	if (fake->kind == EZLB_LAYER_HOST && fake->world->host_row)
		add_row(out, fake->world->host_row);
	return 0;
}

static inline int fake_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
			     struct ezlb_err *err)
{
	struct fake *fake = (struct fake *)layer;
	struct world *w = fake->world;
	bool whole = ++fake->applies == fake->whole_at;
	char text[EZLB_OP_STRLEN];

	strcat(strcat(w->trace, ezlb_layer_kind_str(fake->kind)), ":");
	for (size_t i = 0; i < n; i++) {
		ezlb_op_format(ops[i], text);
		assert_int_equal(ezlb_op_layer(ops[i]->kind), fake->kind);
		assert_int_equal(ops[i]->rc, EZLB_PENDING);
		strcat(strcat(w->trace, " "), ezlb_op_kind_str(ops[i]->kind));
		ops[i]->rc = whole ? -EIO : 0;
		if (w->bad_op && strncmp(text, w->bad_op, strlen(w->bad_op)) == 0)
			ops[i]->rc = -EBUSY;
	}
	strcat(w->trace, "\n");
	if (!whole)
		return 0;
	return fake->apply_mute ? -EIO : ezlb_err_set(err, EIO, "the lock was not to be had");
}

static inline void world_init(struct world *w)
{
	*w = (struct world){ .bad_op = NULL };
	for (int i = 0; i < EZLB_LAYERS; i++) {
		w->fakes[i] = (struct fake){
			.layer = { .list = fake_list, .apply = fake_apply, .close = NULL },
			.kind = (enum ezlb_layer_kind)i,
			.world = w
		};
		w->dp.layer[i] = &w->fakes[i].layer;
	}
}
