/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ops: a kernel made of arrays, ops for it from words, and what came of each. */
#pragma once

#include "cm.h"

#include <errno.h>

#include "faulty.h"

struct fixture {
	struct faulty *memory;
	struct ezlb_table *kernel;
	struct ezlb_dataplane dp;
	struct ezlb_plan plan; /* ops to apply next, all of one layer */
	unsigned steps;
};

static inline void on_step(void *arg, const struct ezlb_op *op)
{
	struct fixture *f = arg;

	assert_int_equal(op->rc, 0);
	f->steps++;
}

static inline int setup(void **state)
{
	struct fixture *f = ezlb_calloc(1, sizeof(*f));

	f->memory = faulty_new();
	f->kernel = faulty_table(f->memory);
	faulty_dataplane(f->memory, &f->dp);
	faulty_on_step(f->memory, on_step, f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < EZLB_LAYERS; i++)
		f->dp.layer[i]->close(f->dp.layer[i]);
	faulty_free(f->memory);
	ezlb_plan_clear(&f->plan);
	free(f);
	return 0;
}

static inline struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static inline struct ezlb_service_key key(const char *listen)
{
	return (struct ezlb_service_key){ EZLB_TCP, ep(listen), 0 };
}

static inline void service_op(struct fixture *f, enum ezlb_op_kind kind, const char *listen,
			      const char *scheduler)
{
	struct ezlb_op *op = ezlb_plan_add(&f->plan, kind);

	op->service.key = key(listen);
	ezlb_strcpy(op->service.scheduler, sizeof(op->service.scheduler), scheduler);
}

static inline void dest_op(struct fixture *f, enum ezlb_op_kind kind, const char *listen,
			   const char *backend, uint32_t weight)
{
	ezlb_plan_add(&f->plan, kind)->dest = (struct ezlb_dest_row){ .service = key(listen),
								      .endpoint = ep(backend),
								      .weight = weight };
}

static inline void snat_op(struct fixture *f, enum ezlb_op_kind kind, const char *backend,
			   const char *to)
{
	struct ezlb_op *op = ezlb_plan_add(&f->plan, kind);

	op->snat = (struct ezlb_snat_row){ .key.endpoint = ep(backend) };
	if (to)
		assert_int_equal(ezlb_range_parse(to, &op->snat.to, NULL), 0);
}

static inline void setting_op(struct fixture *f, enum ezlb_setting setting, int value)
{
	ezlb_plan_add(&f->plan, EZLB_OP_HOST_SET)->setting =
		(struct ezlb_setting_row){ .setting = setting, .value = value };
}

static inline void reset_op(struct fixture *f, enum ezlb_setting setting, int value)
{
	setting_op(f, setting, value);
	f->plan.items[f->plan.len - 1].kind = EZLB_OP_HOST_RESET;
}

static inline void link_op(struct fixture *f, enum ezlb_op_kind kind, const char *device)
{
	ezlb_strcpy(ezlb_plan_add(&f->plan, kind)->link.device, EZLB_DEVICE_STRLEN, device);
}

static inline void vip_op(struct fixture *f, enum ezlb_op_kind kind, const char *device,
			  const char *addr)
{
	struct ezlb_op *op = ezlb_plan_add(&f->plan, kind);

	ezlb_strcpy(op->vip.device, sizeof(op->vip.device), device);
	assert_int_equal(ezlb_addr_parse(addr, &op->vip.addr, NULL), 0);
}

static inline void accept_op(struct fixture *f, enum ezlb_op_kind kind, enum ezlb_gate gate)
{
	ezlb_plan_add(&f->plan, kind)->accept = (struct ezlb_accept_row){ gate,
									  key("10.0.0.1:80") };
}

/* Applies the ops at hand as one batch; `rcs` has the rc of each, ended by 1. */
static inline int apply(struct fixture *f, const int *rcs, struct ezlb_err *err)
{
	struct ezlb_layer *layer = f->dp.layer[ezlb_op_layer(f->plan.items[0].kind)];
	struct ezlb_op *ops[16];
	int rc;

	for (size_t i = 0; i < f->plan.len; i++)
		ops[i] = &f->plan.items[i];
	rc = layer->apply(layer, ops, f->plan.len, err);
	for (size_t i = 0; i < f->plan.len; i++)
		assert_int_equal(ops[i]->rc, rcs[i]);
	assert_int_equal(rcs[f->plan.len], 1);
	ezlb_plan_clear(&f->plan);
	return rc;
}

#define APPLY(f, ...) assert_int_equal(apply((f), (const int[]){ __VA_ARGS__, 1 }, NULL), 0)

static inline struct ezlb_table list(struct fixture *f, enum ezlb_layer_kind kind,
				     const struct ezlb_scope *scope)
{
	struct ezlb_table out = { .snat_wanted = false };
	struct ezlb_err err;

	assert_int_equal(f->dp.layer[kind]->list(f->dp.layer[kind], scope, &out, &err), 0);
	ezlb_table_sort(&out);
	return out;
}

static inline struct ezlb_setting_row *setting(struct fixture *f, enum ezlb_setting which)
{
	for (size_t i = 0; i < f->kernel->settings.len; i++)
		if (f->kernel->settings.items[i].setting == which)
			return &f->kernel->settings.items[i];
	fail_msg("no setting %d", (int)which);
	return NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
