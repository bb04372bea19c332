// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include <ezlb/memory.h>

struct fixture {
	struct ezlb_memory *memory;
	struct ezlb_table *kernel;
	struct ezlb_dataplane dp;
	struct ezlb_plan plan; /* ops to apply next, all of one layer */
	unsigned steps;
};

static void on_step(void *arg, const struct ezlb_op *op)
{
	struct fixture *f = arg;

	assert_int_equal(op->rc, 0);
	f->steps++;
}

static int setup(void **state)
{
	struct fixture *f = ezlb_calloc(1, sizeof(*f));

	f->memory = ezlb_memory_new();
	f->kernel = ezlb_memory_table(f->memory);
	ezlb_memory_dataplane(f->memory, &f->dp);
	ezlb_memory_on_step(f->memory, on_step, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < EZLB_LAYERS; i++)
		f->dp.layer[i]->close(f->dp.layer[i]);
	ezlb_memory_free(f->memory);
	ezlb_plan_clear(&f->plan);
	free(f);
	return 0;
}

static struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static struct ezlb_service_key key(const char *listen)
{
	return (struct ezlb_service_key){ EZLB_TCP, ep(listen) };
}

static void service_op(struct fixture *f, enum ezlb_op_kind kind, const char *listen,
		       const char *scheduler)
{
	struct ezlb_op *op = ezlb_plan_add(&f->plan, kind);

	op->service.key = key(listen);
	ezlb_strcpy(op->service.scheduler, sizeof(op->service.scheduler), scheduler);
}

static void dest_op(struct fixture *f, enum ezlb_op_kind kind, const char *listen,
		    const char *backend, uint32_t weight)
{
	ezlb_plan_add(&f->plan, kind)->dest = (struct ezlb_dest_row){ .service = key(listen),
								      .endpoint = ep(backend),
								      .weight = weight };
}

static void snat_op(struct fixture *f, enum ezlb_op_kind kind, const char *backend, const char *to)
{
	struct ezlb_op *op = ezlb_plan_add(&f->plan, kind);

	op->snat = (struct ezlb_snat_row){ .backend = ep(backend) };
	if (to)
		assert_int_equal(ezlb_range_parse(to, &op->snat.to, NULL), 0);
}

static void setting_op(struct fixture *f, enum ezlb_setting setting, int value)
{
	ezlb_plan_add(&f->plan, EZLB_OP_HOST_SET)->setting =
		(struct ezlb_setting_row){ .setting = setting, .value = value };
}

static void reset_op(struct fixture *f, enum ezlb_setting setting, int value)
{
	setting_op(f, setting, value);
	f->plan.items[f->plan.len - 1].kind = EZLB_OP_HOST_RESET;
}

static void link_op(struct fixture *f, enum ezlb_op_kind kind, const char *device)
{
	ezlb_strcpy(ezlb_plan_add(&f->plan, kind)->link.device, EZLB_DEVICE_STRLEN, device);
}

static void vip_op(struct fixture *f, enum ezlb_op_kind kind, const char *device, const char *addr)
{
	struct ezlb_op *op = ezlb_plan_add(&f->plan, kind);

	ezlb_strcpy(op->vip.device, sizeof(op->vip.device), device);
	assert_int_equal(ezlb_addr_parse(addr, &op->vip.addr, NULL), 0);
}

static void accept_op(struct fixture *f, enum ezlb_op_kind kind, enum ezlb_gate gate)
{
	ezlb_plan_add(&f->plan, kind)->accept = (struct ezlb_accept_row){ gate,
									  key("10.0.0.1:80") };
}

/* Applies the ops at hand as one batch; `rcs` has the rc of each, ended by 1. */
static int apply(struct fixture *f, const int *rcs, struct ezlb_err *err)
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

static struct ezlb_table list(struct fixture *f, enum ezlb_layer_kind kind,
			      const struct ezlb_scope *scope)
{
	struct ezlb_table out = { .snat_wanted = false };
	struct ezlb_err err;

	assert_int_equal(f->dp.layer[kind]->list(f->dp.layer[kind], scope, &out, &err), 0);
	ezlb_table_sort(&out);
	return out;
}

static void fake_snat_adds_and_removes(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	ezlb_plan_add(&f->plan, EZLB_OP_SNAT_SETUP);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.2:80", NULL);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", "10.9.0.1");
	APPLY(f, 0, 0, 0);
	t = list(f, EZLB_LAYER_SNAT, &scope);
	assert_true(t.snat_present && t.snat_sound);
	assert_int_equal(t.snats.len, 2);
	assert_int_equal(ezlb_endpoint_cmp(&t.snats.items[0].backend,
					   &(struct ezlb_endpoint){ ep("10.1.0.1:80").addr, 80 }),
			 0);
	assert_int_equal(t.snats.items[0].to.first.bytes[1], 9);
	assert_int_equal(t.snats.items[1].to.first.family, 0);
	ezlb_table_clear(&t);

	snat_op(f, EZLB_OP_SNAT_SET, "10.1.0.2:80", "10.9.0.2-10.9.0.5");
	snat_op(f, EZLB_OP_SNAT_DEL, "10.1.0.1:80", "10.9.0.1");
	APPLY(f, 0, 0);
	t = list(f, EZLB_LAYER_SNAT, &scope);
	assert_int_equal(t.snats.len, 1);
	assert_int_equal(t.snats.items[0].to.last.bytes[3], 5);
	ezlb_table_clear(&t);

	ezlb_plan_add(&f->plan, EZLB_OP_SNAT_TEARDOWN); /* what is left in it goes too */
	APPLY(f, 0);
	t = list(f, EZLB_LAYER_SNAT, &scope);
	assert_false(t.snat_present || t.snat_sound);
	assert_int_equal(t.snats.len, 0);
	ezlb_table_clear(&t);
}

static void test_snat_rules(void **state)
{
	struct fixture *f = *state;

	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", NULL); /* no chain yet */
	snat_op(f, EZLB_OP_SNAT_SET, "10.1.0.1:80", NULL);
	snat_op(f, EZLB_OP_SNAT_DEL, "10.1.0.1:80", NULL); /* gone already is fine */
	APPLY(f, -ENOENT, -ENOENT, 0);
	ezlb_plan_add(&f->plan, EZLB_OP_SNAT_SETUP);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", NULL);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", "10.9.0.1"); /* one rule for one backend */
	APPLY(f, 0, 0, 0);
	assert_int_equal(f->kernel->snats.len, 1);
	assert_int_equal(f->kernel->snats.items[0].to.first.bytes[1], 9);
}

static void test_service_rules(void **state)
{
	struct fixture *f = *state;

	service_op(f, EZLB_OP_SERVICE_SET, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_DEL, "10.0.0.1:80", "");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "wrr");
	APPLY(f, -ESRCH, 0, 0, -EEXIST);
	assert_string_equal(f->kernel->services.items[0].scheduler, "rr");
	service_op(f, EZLB_OP_SERVICE_SET, "10.0.0.1:80", "wrr");
	APPLY(f, 0);
	assert_string_equal(f->kernel->services.items[0].scheduler, "wrr");
	assert_int_equal(f->kernel->services.len, 1);
}

static void test_dest_rules(void **state)
{
	struct fixture *f = *state;

	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_SET, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_DEL, "10.0.0.1:80", "10.1.0.1:80", 0);
	APPLY(f, -ESRCH, -ESRCH, 0);
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	APPLY(f, 0);
	dest_op(f, EZLB_OP_DEST_SET, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_DEL, "10.0.0.1:80", "10.1.0.1:80", 0);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 9);
	dest_op(f, EZLB_OP_DEST_SET, "10.0.0.1:80", "10.1.0.1:80", 5);
	APPLY(f, -ENOENT, 0, 0, -EEXIST, 0);
	assert_int_equal(f->kernel->dests.len, 1);
	assert_int_equal(f->kernel->dests.items[0].weight, 5);
	dest_op(f, EZLB_OP_DEST_DEL, "10.0.0.1:80", "10.1.0.1:80", 0);
	APPLY(f, 0);
	assert_int_equal(f->kernel->dests.len, 0);
}

static void test_a_service_takes_its_own_dests_with_it(void **state)
{
	struct fixture *f = *state;

	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.2:80", "rr");
	for (int i = 0; i < 3; i++) {
		const char *const backends[] = { "10.1.0.1:80", "10.1.0.2:80", "10.1.0.3:80" };

		dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", backends[i], 1);
		dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.2:80", backends[i], 2);
	}
	service_op(f, EZLB_OP_SERVICE_DEL, "10.0.0.1:80", "");
	APPLY(f, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(f->kernel->services.len, 1);
	assert_int_equal(f->kernel->dests.len, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(f->kernel->dests.items[i].weight, 2);
}

static struct ezlb_setting_row *setting(struct fixture *f, enum ezlb_setting which)
{
	for (size_t i = 0; i < f->kernel->settings.len; i++)
		if (f->kernel->settings.items[i].setting == which)
			return &f->kernel->settings.items[i];
	fail_msg("no setting %d", (int)which);
	return NULL;
}

static void test_settings(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t = list(f, EZLB_LAYER_HOST, &scope);

	/* All off, as on a new host; and no interface, so none with an accept_ra. */
	assert_int_equal(t.settings.len, EZLB_SETTINGS - 1);
	for (size_t i = 0; i < t.settings.len; i++) {
		assert_int_equal(t.settings.items[i].value, 0);
		assert_int_not_equal(t.settings.items[i].setting, EZLB_ACCEPT_RA);
	}
	ezlb_table_clear(&t);
	setting_op(f, EZLB_IP_FORWARD, 1);
	APPLY(f, 0);
	setting(f, EZLB_VS_CONNTRACK)->value = -1; /* ip_vs is not loaded */
	setting_op(f, EZLB_VS_CONNTRACK, 1);
	setting_op(f, EZLB_ACCEPT_RA, 2);
	APPLY(f, -ENOENT, -ENOENT);
	t = list(f, EZLB_LAYER_HOST, &scope);
	assert_int_equal(t.settings.items[EZLB_VS_CONNTRACK].value, -1);
	assert_int_equal(t.settings.items[EZLB_IP_FORWARD].value, 1);
	ezlb_table_clear(&t);
}

static void test_a_setting_of_one_interface(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		struct ezlb_setting_row *row = EZLB_PUSH(&f->kernel->settings);

		row->setting = EZLB_ACCEPT_RA;
		strcpy(row->device, i == 0 ? "eth0" : "eth1");
	}
	setting_op(f, EZLB_ACCEPT_RA, 2);
	strcpy(f->plan.items[0].setting.device, "eth1");
	APPLY(f, 0);
	assert_int_equal(setting(f, EZLB_ACCEPT_RA)->value, 0); /* eth0, the first of them */
	assert_int_equal(f->kernel->settings.items[f->kernel->settings.len - 1].value, 2);
}

/* Only what has the value that ezlb gives is ezlb's to set back. */
static void test_reset(void **state)
{
	struct fixture *f = *state;

	setting(f, EZLB_IP_FORWARD)->value = 1;
	setting(f, EZLB_ARP_ANNOUNCE)->value = 1; /* 2 was wanted */
	setting(f, EZLB_VS_CONNTRACK)->value = -1;
	reset_op(f, EZLB_IP_FORWARD, 0);
	reset_op(f, EZLB_ARP_ANNOUNCE, 0);
	reset_op(f, EZLB_VS_CONNTRACK, 0);
	reset_op(f, EZLB_ACCEPT_RA, 0); /* its interface has gone */
	APPLY(f, 0, 0, 0, 0);
	assert_int_equal(setting(f, EZLB_IP_FORWARD)->value, 0);
	assert_int_equal(setting(f, EZLB_ARP_ANNOUNCE)->value, 1);
	assert_int_equal(setting(f, EZLB_VS_CONNTRACK)->value, -1);
}

static void test_links_and_addresses(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	vip_op(f, EZLB_OP_VIP_ADD, "a0", "10.0.0.1");
	link_op(f, EZLB_OP_LINK_ADD, "a0");
	link_op(f, EZLB_OP_LINK_ADD, "a0");
	vip_op(f, EZLB_OP_VIP_ADD, "a0", "10.0.0.1");
	vip_op(f, EZLB_OP_VIP_ADD, "a0", "10.0.0.1");
	vip_op(f, EZLB_OP_VIP_ADD, "a0", "fd00::1");
	APPLY(f, -ENODEV, 0, -EEXIST, 0, -EEXIST, 0);
	*EZLB_PUSH(&f->kernel->elsewhere) = ep("10.0.0.7:1").addr;
	t = list(f, EZLB_LAYER_HOST, &scope);
	assert_int_equal(t.links.len, 1);
	assert_int_equal(t.vips.len, 2);
	assert_int_equal(t.elsewhere.len, 1);
	assert_int_equal(t.elsewhere.items[0].bytes[3], 7);
	ezlb_table_clear(&t);
	vip_op(f, EZLB_OP_VIP_DEL, "a0", "10.0.0.1");
	vip_op(f, EZLB_OP_VIP_DEL, "a0", "10.0.0.1"); /* gone already is fine */
	link_op(f, EZLB_OP_LINK_DEL, "a0");
	vip_op(f, EZLB_OP_VIP_DEL, "a0", "fd00::1");
	link_op(f, EZLB_OP_LINK_DEL, "a0");
	link_op(f, EZLB_OP_LINK_DEL, "a0");
	APPLY(f, 0, 0, -EBUSY, 0, 0, 0);
	assert_int_equal(f->kernel->links.len + f->kernel->vips.len, 0);
}

static void test_accepts(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	accept_op(f, EZLB_OP_ACCEPT_ADD, EZLB_GATE_INPUT); /* no chain yet */
	ezlb_plan_add(&f->plan, EZLB_OP_FIREWALL_SETUP);
	accept_op(f, EZLB_OP_ACCEPT_ADD, EZLB_GATE_INPUT);
	accept_op(f, EZLB_OP_ACCEPT_ADD, EZLB_GATE_FORWARD);
	accept_op(f, EZLB_OP_ACCEPT_ADD, EZLB_GATE_FORWARD);
	accept_op(f, EZLB_OP_ACCEPT_DEL, EZLB_GATE_INPUT);
	accept_op(f, EZLB_OP_ACCEPT_DEL, EZLB_GATE_INPUT);
	APPLY(f, -ENOENT, 0, 0, 0, -EEXIST, 0, 0);
	f->kernel->gates[EZLB_GATE_FORWARD][1] = true;
	t = list(f, EZLB_LAYER_FIREWALL, &scope);
	assert_int_equal(t.accepts.len, 1);
	assert_int_equal(t.accepts.items[0].gate, EZLB_GATE_FORWARD);
	assert_true(t.accepts_present && t.accepts_sound && t.gates[EZLB_GATE_FORWARD][1]);
	assert_false(t.gates[EZLB_GATE_FORWARD][0] || t.gates[EZLB_GATE_INPUT][1]);
	ezlb_table_clear(&t);
	ezlb_plan_add(&f->plan, EZLB_OP_FIREWALL_TEARDOWN);
	APPLY(f, 0);
	assert_int_equal(f->kernel->accepts.len, 0);
	assert_false(f->kernel->accepts_present || f->kernel->accepts_sound);
}

static void test_list_shows_nothing_outside_the_scope(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.2:80", "rr");
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.2:80", "10.1.0.1:80", 2);
	APPLY(f, 0, 0, 0, 0);
	t = list(f, EZLB_LAYER_IPVS, &scope);
	assert_int_equal(t.services.len + t.dests.len, 0);
	*EZLB_PUSH(&scope) = key("10.0.0.2:80");
	t = list(f, EZLB_LAYER_IPVS, &scope);
	assert_int_equal(t.services.len, 1);
	assert_int_equal(t.dests.len, 1);
	assert_int_equal(t.dests.items[0].weight, 2);
	assert_int_equal(t.snats.len + t.settings.len, 0); /* each layer its own rows only */
	ezlb_table_clear(&t);
	EZLB_VEC_CLEAR(&scope);
}

static void test_fault_hits_the_nth_op_once(void **state)
{
	struct fixture *f = *state;

	ezlb_memory_fault(f->memory, EZLB_LAYER_IPVS, 3, ENOBUFS);
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	APPLY(f, 0);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.2:80", 1);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.3:80", 1);
	APPLY(f, 0, -ENOBUFS, 0);
	assert_int_equal(f->kernel->dests.len, 2);
	ezlb_memory_fault(f->memory, EZLB_LAYER_IPVS, 1, EIO);
	ezlb_memory_fault(f->memory, EZLB_LAYER_IPVS, 1, 0); /* healed before it came */
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.2:80", 1);
	APPLY(f, 0);
	assert_int_equal(f->kernel->dests.len, 3);
}

/* The iptables table is replaced as a whole, so a fault leaves it as it was. */
static void test_fault_fails_a_whole_snat_batch(void **state)
{
	struct fixture *f = *state;
	struct ezlb_err err = { 0 };

	ezlb_memory_fault(f->memory, EZLB_LAYER_SNAT, 2, EAGAIN);
	ezlb_plan_add(&f->plan, EZLB_OP_SNAT_SETUP);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", NULL);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.2:80", NULL);
	assert_int_equal(apply(f, (const int[]){ -EAGAIN, -EAGAIN, -EAGAIN, 1 }, &err), -EAGAIN);
	assert_int_equal(err.code, EAGAIN);
	assert_string_equal(err.msg, "commit: Resource temporarily unavailable");
	assert_false(f->kernel->snat_present);
	assert_int_equal(f->kernel->snats.len, 0);
	assert_int_equal(f->steps, 0);
}

static void test_fault_is_for_one_layer(void **state)
{
	struct fixture *f = *state;

	ezlb_memory_fault(f->memory, EZLB_LAYER_HOST, 1, EROFS);
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	APPLY(f, 0);
	setting_op(f, EZLB_IP_FORWARD, 1);
	APPLY(f, -EROFS);
	assert_int_equal(setting(f, EZLB_IP_FORWARD)->value, 0);
}

static void test_list_fault_lasts_until_it_is_healed(void **state)
{
	struct fixture *f = *state;
	struct ezlb_table out = { .snat_wanted = false };
	struct ezlb_scope scope = { 0 };
	struct ezlb_err err;
	uint64_t print = 7;

	for (int i = 0; i < EZLB_LAYERS; i++) {
		struct ezlb_layer *layer = f->dp.layer[i];

		ezlb_memory_list_fault(f->memory, (enum ezlb_layer_kind)i, EIO);
		for (int twice = 0; twice < 2; twice++) {
			err.code = 0;
			assert_int_equal(layer->list(layer, &scope, &out, &err), -EIO);
			assert_int_equal(err.code, EIO);
			assert_int_equal(out.settings.len, 0);
			assert_int_equal(layer->peek(layer, &scope, &print), -EIO);
			assert_int_equal(print, 7);
		}
		ezlb_memory_list_fault(f->memory, (enum ezlb_layer_kind)i, 0);
		assert_int_equal(layer->list(layer, &scope, &out, &err), 0);
		ezlb_table_clear(&out);
	}
}

static void test_writes_and_steps_are_counted(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr"); /* refused: a write, no step */
	APPLY(f, 0, -EEXIST);
	assert_int_equal(ezlb_memory_writes(f->memory), 2);
	assert_int_equal(f->steps, 1);
	for (int i = 0; i < EZLB_LAYERS; i++) {
		t = list(f, (enum ezlb_layer_kind)i, &scope);
		ezlb_table_clear(&t);
	}
	assert_int_equal(ezlb_memory_writes(f->memory), 2); /* reading is not writing */
	ezlb_memory_free(NULL);
}

static void test_by_listener_is_said_by_the_snat_layer(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < EZLB_LAYERS; i++)
		assert_false(f->dp.layer[i]->by_listener);
	ezlb_memory_set_by_listener(f->memory, true);
	for (int i = 0; i < EZLB_LAYERS; i++)
		assert_int_equal(f->dp.layer[i]->by_listener, i == EZLB_LAYER_SNAT);
	ezlb_memory_set_by_listener(f->memory, false);
	assert_false(f->dp.layer[EZLB_LAYER_SNAT]->by_listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fake_snat_adds_and_removes),
		TEST(test_snat_rules),
		TEST(test_service_rules),
		TEST(test_dest_rules),
		TEST(test_a_service_takes_its_own_dests_with_it),
		TEST(test_settings),
		TEST(test_a_setting_of_one_interface),
		TEST(test_reset),
		TEST(test_links_and_addresses),
		TEST(test_accepts),
		TEST(test_list_shows_nothing_outside_the_scope),
		TEST(test_fault_hits_the_nth_op_once),
		TEST(test_fault_fails_a_whole_snat_batch),
		TEST(test_fault_is_for_one_layer),
		TEST(test_list_fault_lasts_until_it_is_healed),
		TEST(test_writes_and_steps_are_counted),
		TEST(test_by_listener_is_said_by_the_snat_layer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
