// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From one SNAT driver to the other. There are two kernels made of arrays: `legacy` has IPVS, the
 * settings and rules by backend; of `nft` only the rules by listener count.
 */
#include "fixture.h"

#include "faulty.h"
#include "handover.h"
#include "specs.h"

#define WEB   "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80"
#define API   "api tcp 10.0.0.2:80 snat=masq 10.1.0.2:80"
#define DNS   "dns udp 10.0.0.1:53 10.1.0.1:53"
#define CHAIN "\nchain nat EZLB-SNAT\n"
#define TABLE "\ntable nft ezlb\n"

struct rig {
	struct faulty *legacy, *nft;
	struct ezlb_pass pass;
	struct ezlb_pass_result result;
	unsigned naked; /* steps after which a dest of a full_nat service was without a rule */
};

static bool has_row(struct faulty *memory, enum ezlb_proto proto,
		    const struct ezlb_endpoint *endpoint)
{
	const struct ezlb_snats *snats = &faulty_table(memory)->snats;

	for (size_t i = 0; i < snats->len; i++)
		if (snats->items[i].key.proto == proto &&
		    ezlb_endpoint_cmp(&snats->items[i].key.endpoint, endpoint) == 0)
			return true;
	return false;
}

/* Only DNS, the one in udp, is without full_nat. */
static void on_step(void *arg, const struct ezlb_op *op)
{
	struct rig *rig = arg;
	const struct ezlb_dests *dests = &faulty_table(rig->legacy)->dests;

	(void)op;
	for (size_t i = 0; i < dests->len; i++) {
		const struct ezlb_dest_row *dest = &dests->items[i];

		rig->naked += dest->service.proto == EZLB_TCP &&
			      !has_row(rig->legacy, EZLB_TCP, &dest->endpoint) &&
			      !has_row(rig->nft, EZLB_TCP, &dest->service.listen);
	}
}

/* A process begins, with this driver. */
static void start(struct rig *rig, bool nftables)
{
	struct ezlb_pass *pass = &rig->pass;
	struct ezlb_dataplane nft;

	*pass = (struct ezlb_pass){ .ledger = { .path = NULL } };
	faulty_dataplane(rig->legacy, &pass->dp);
	faulty_dataplane(rig->nft, &nft);
	pass->old_snat = nft.layer[EZLB_LAYER_SNAT];
	if (nftables) {
		pass->old_snat = pass->dp.layer[EZLB_LAYER_SNAT];
		pass->dp.layer[EZLB_LAYER_SNAT] = nft.layer[EZLB_LAYER_SNAT];
	}
	pass->policy.snat_key = pass->dp.layer[EZLB_LAYER_SNAT]->snat_key;
	assert_int_equal(ezlb_ledger_open(&pass->ledger, top, NULL), 0);
	for (size_t i = 0; i < pass->ledger.content.services.len; i++)
		*EZLB_PUSH(&pass->unclaimed) = pass->ledger.content.services.items[i];
}

static void restart(struct rig *rig, bool nftables)
{
	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_clear(&rig->pass);
	rig->result = (struct ezlb_pass_result){ .outcome = { .flows = 0 } };
	start(rig, nftables);
}

static bool pass(struct rig *rig, const char *services, bool refused)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(services);
	const struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_desired desired = { 0 };
	struct ezlb_spec *specs[4];
	size_t n = 0;
	bool ok;

	for (char *save = NULL, *one = strtok_r(copy, ";", &save); one;
	     one = strtok_r(NULL, ";", &save)) {
		*EZLB_PUSH(&desired) = specs[n] = spec_of("x.yaml", one);
		n++;
	}
	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_plan(&rig->pass, &desired, &verdicts, refused, 0, &rig->result);
	ok = ezlb_pass_apply(&rig->pass, &rig->result, 0);
	assert_int_equal(ok, ezlb_pass_ok(&rig->result));
	for (size_t i = 0; i < desired.len; i++)
		ezlb_spec_free(specs[i]);
	EZLB_VEC_CLEAR(&desired);
	return ok;
}

/* WEB and API, with rules of iptables; the next process is to have nftables. */
static struct rig rig_open(void)
{
	struct rig rig = { .legacy = faulty_new(), .nft = faulty_new() };

	faulty_set_snat_key(rig.nft, EZLB_SNAT_KEY_LISTENER);
	start(&rig, false);
	assert_true(pass(&rig, WEB ";" API, false));
	return rig;
}

/* Steps are watched from here on, so the rig must stay where it is. */
static void watch(struct rig *rig)
{
	faulty_on_step(rig->legacy, on_step, rig);
	faulty_on_step(rig->nft, on_step, rig);
}

static void rig_close(struct rig *rig)
{
	assert_int_equal(rig->naked, 0);
	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_clear(&rig->pass);
	faulty_free(rig->legacy);
	faulty_free(rig->nft);
}

static bool ledger_has(const char *line)
{
	EZLB_AUTO_FREE char *file = slurp("ledger");

	return file && strstr(file, line);
}

/* "iptables 2 ledger chain": the frames in the kernels with their rows, and in the ledger. */
static struct text state_of(const struct rig *rig)
{
	const struct ezlb_table *legacy = faulty_table(rig->legacy);
	const struct ezlb_table *nft = faulty_table(rig->nft);
	struct text out = { "" };

	if (legacy->snat_present)
		snprintf(out.s, sizeof(out.s), "iptables %zu ", legacy->snats.len);
	if (nft->snat_present)
		snprintf(out.s + strlen(out.s), sizeof(out.s) - strlen(out.s), "nftables %zu ",
			 nft->snats.len);
	snprintf(out.s + strlen(out.s), sizeof(out.s) - strlen(out.s), "ledger%s%s",
		 ledger_has(CHAIN) ? " chain" : "", ledger_has(TABLE) ? " table" : "");
	return out;
}

#define BEFORE "iptables 2 ledger chain"
#define BOTH   "iptables 2 nftables 2 ledger chain table"
#define AFTER  "nftables 2 ledger table"

static void test_there_and_back(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	watch(&rig);
	assert_string_equal(state_of(&rig).s, BEFORE);
	assert_null(rig.pass.old_snat); /* there is nothing to be looked for any more */
	restart(&rig, true);
	assert_true(pass(&rig, WEB ";" API, false));
	assert_string_equal(state_of(&rig).s, AFTER);
	assert_int_equal(rig.result.plan.old.len, 1);
	assert_null(rig.pass.old_snat);
	assert_true(pass(&rig, WEB ";" API, false));
	assert_int_equal(rig.result.plan.ops.len + rig.result.plan.old.len, 0);
	restart(&rig, false);
	assert_true(pass(&rig, WEB ";" API, false));
	assert_string_equal(state_of(&rig).s, BEFORE);
	rig_close(&rig);
}

static void test_plan_tells_and_does_nothing(void **state)
{
	const struct ezlb_desired nothing = { 0 };
	const struct ezlb_verdicts verdicts = { 0 };
	struct rig rig = rig_open();

	(void)state;
	restart(&rig, true);
	ezlb_pass_plan(&rig.pass, &nothing, &verdicts, false, 0, &rig.result);
	assert_int_equal(rig.result.plan.old.len, 1);
	assert_int_equal(rig.result.plan.old.items[0].kind, EZLB_OP_SNAT_TEARDOWN);
	assert_string_equal(state_of(&rig).s, BEFORE);
	rig_close(&rig);
}

/* What fails in the first pass of the new process, and what that leaves; the next one heals it. */
static const struct {
	const char *name;
	enum ezlb_layer_kind layer;
	bool legacy; /* the fault is there, not in nft */
	unsigned nth;
	const char *services, *state;
} faults[] = {
	{ "the new rules cannot be made", EZLB_LAYER_SNAT, false, 1, WEB ";" API,
	  "iptables 2 ledger chain table" },
	{ "the old ones cannot be removed", EZLB_LAYER_SNAT, true, 1, WEB ";" API, BOTH },
	{ "a dest that nobody wants lingers, without a new rule", EZLB_LAYER_IPVS, true, 1, WEB,
	  "iptables 2 nftables 1 ledger chain table" },
	{ "a service of another kind fails: no matter", EZLB_LAYER_IPVS, true, 1,
	  WEB ";" API ";" DNS, AFTER },
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct rig rig = rig_open();

		print_message("%s\n", faults[i].name);
		watch(&rig);
		restart(&rig, true);
		faulty_fault(faults[i].legacy ? rig.legacy : rig.nft, faults[i].layer,
			     faults[i].nth, EAGAIN);
		assert_false(pass(&rig, faults[i].services, false));
		assert_string_equal(state_of(&rig).s, faults[i].state);
		restart(&rig, true); /* killed then */
		assert_true(pass(&rig, faults[i].services, false));
		assert_false(faulty_table(rig.legacy)->snat_present);
		assert_false(ledger_has(CHAIN));
		rig_close(&rig);
	}
}

/* One op of the plan that failed, and no layer as a whole: do the old rules stay? */
static const struct {
	enum ezlb_op_kind kind;
	int rc;
	bool stay;
} ops[] = {
	{ EZLB_OP_HOST_SET, -EIO, true },	{ EZLB_OP_SNAT_SETUP, -EIO, true },
	{ EZLB_OP_SNAT_ADD, -EIO, true },	{ EZLB_OP_SNAT_SET, -EIO, true },
	{ EZLB_OP_SERVICE_ADD, -EIO, false },	{ EZLB_OP_SERVICE_SET, -EIO, false },
	{ EZLB_OP_DEST_ADD, -EIO, false },	{ EZLB_OP_DEST_SET, -EIO, false },
	{ EZLB_OP_DEST_DEL, -EIO, true },	{ EZLB_OP_SERVICE_DEL, -EIO, false },
	{ EZLB_OP_SNAT_DEL, -EIO, true },	{ EZLB_OP_SNAT_TEARDOWN, -EIO, true },
	{ EZLB_OP_SNAT_ADD, 0, false },		{ EZLB_OP_SNAT_ADD, EZLB_HELD, true },
	{ EZLB_OP_DEST_DEL, 0, false },		{ EZLB_OP_DEST_DEL, EZLB_HELD, true },
	{ EZLB_OP_DEST_ADD, EZLB_HELD, false }, { EZLB_OP_LINK_ADD, -EIO, false },
	{ EZLB_OP_VIP_ADD, -EIO, false },	{ EZLB_OP_VIP_DEL, -EIO, false },
	{ EZLB_OP_LINK_DEL, -EIO, false },	{ EZLB_OP_FIREWALL_SETUP, -EIO, false },
	{ EZLB_OP_ACCEPT_ADD, -EIO, false },	{ EZLB_OP_ACCEPT_DEL, -EIO, false },
	{ EZLB_OP_HOST_RESET, -EIO, false },	{ EZLB_OP_FIREWALL_TEARDOWN, -EIO, false },
};

static void test_ops_that_failed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ops); i++) {
		struct rig rig = rig_open();
		bool gone;

		restart(&rig, true);
		rig.pass.unclaimed.len = 0;
		ezlb_plan_add(&rig.result.plan.ops, EZLB_OP_HOST_SET)->rc = 0;
		ezlb_plan_add(&rig.result.plan.ops, ops[i].kind)->rc = ops[i].rc;
		ezlb_plan_add(&rig.result.plan.old, EZLB_OP_SNAT_TEARDOWN);
		gone = handover_apply(&rig.pass, &rig.result.found, &rig.result.plan,
				      &rig.result.outcome);
		if (faulty_table(rig.legacy)->snat_present != ops[i].stay)
			fail_msg("%s %d", ezlb_op_kind_str(ops[i].kind), ops[i].rc);
		assert_int_equal(rig.result.plan.old.items[0].rc, ops[i].stay ? EZLB_HELD : 0);
		assert_int_equal(gone, !ops[i].stay);
		rig_close(&rig);
	}
}

/* What cannot be read is not empty, and what is in it may rely on the old rules. */
static void test_waits_for_each_layer(void **state)
{
	(void)state;
	for (int layer = 0; layer < EZLB_LAYERS; layer++) {
		bool other = layer == EZLB_LAYER_FIREWALL || layer == EZLB_LAYER_MARK ||
			     layer == EZLB_LAYER_TOA;
		struct rig rig = rig_open();

		restart(&rig, true);
		faulty_list_fault(layer == EZLB_LAYER_SNAT ? rig.nft : rig.legacy,
				  (enum ezlb_layer_kind)layer, EIO);
		assert_false(pass(&rig, WEB ";" API, false));
		/* But accepts and the like have nothing to do with it. */
		assert_int_equal(rig.result.plan.old.items[0].rc, other ? 0 : EZLB_HELD);
		assert_int_equal(faulty_table(rig.legacy)->snats.len, other ? 0 : 2);
		rig_close(&rig);
	}
}

static void test_failed_teardown_has_its_error(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	restart(&rig, true);
	faulty_fault(rig.legacy, EZLB_LAYER_SNAT, 1, EAGAIN);
	assert_false(pass(&rig, WEB, false));
	assert_int_equal(rig.result.plan.old.items[0].rc, -EAGAIN);
	assert_int_equal(rig.result.outcome.old_err.code, EAGAIN);
	assert_non_null(rig.pass.old_snat);
	assert_true(pass(&rig, WEB, false)); /* the next pass tries again */
	assert_null(rig.pass.old_snat);
	rig_close(&rig);
}

/* A settings failure means that the new rules do not work yet. */
static void test_waits_for_the_settings(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	restart(&rig, true);
	for (size_t i = 0; i < faulty_table(rig.legacy)->settings.len; i++)
		faulty_table(rig.legacy)->settings.items[i].value = 0;
	faulty_fault(rig.legacy, EZLB_LAYER_HOST, 1, EROFS);
	assert_false(pass(&rig, WEB ";" API, false));
	assert_int_equal(rig.result.plan.old.items[0].rc, EZLB_HELD);
	assert_string_equal(state_of(&rig).s, BOTH);
	rig_close(&rig);
}

static const struct {
	enum ezlb_setting setting;
	bool stay;
} settings[] = {
	{ EZLB_IP_TABLES, true },
	{ EZLB_IP6_TABLES, true },
	{ EZLB_VS_CONNTRACK, true },
	{ EZLB_VS_EXPIRE_NODEST, false },
	{ EZLB_VS_EXPIRE_QUIESCENT, false },
	{ EZLB_IP_FORWARD, true },
	{ EZLB_ACCEPT_RA, false },
	{ EZLB_IP6_FORWARD, true },
	{ EZLB_ARP_IGNORE, false },
	{ EZLB_ARP_ANNOUNCE, false },
	{ EZLB_TCP_LIBERAL, false },
	{ EZLB_SLOPPY_TCP, false },
	{ EZLB_SLOPPY_SCTP, false },
	{ EZLB_CT_EVENTS, false },
	{ EZLB_CT_ACCT, false },
	{ EZLB_CT_TIMESTAMP, false },
};

/* Without some settings no source NAT works; the others are another matter. */
static void test_settings_that_failed(void **state)
{
	(void)state;
	assert_int_equal(COUNT_OF(settings), EZLB_SETTINGS);
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct rig rig = rig_open();
		struct ezlb_op *op;

		restart(&rig, true);
		rig.pass.unclaimed.len = 0;
		op = ezlb_plan_add(&rig.result.plan.ops, EZLB_OP_HOST_SET);
		op->setting.setting = settings[i].setting;
		op->rc = -EROFS;
		ezlb_plan_add(&rig.result.plan.old, EZLB_OP_SNAT_TEARDOWN);
		handover_apply(&rig.pass, &rig.result.found, &rig.result.plan, &rig.result.outcome);
		if (faulty_table(rig.legacy)->snat_present != settings[i].stay)
			fail_msg("setting %d", (int)settings[i].setting);
		rig_close(&rig);
	}
}

/* A whole pass in which arp_ignore cannot be set: the last but one of the four that are wanted. */
static void test_arp_keeps_no_rules(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	restart(&rig, true);
	strcpy(rig.pass.policy.vip_device, "ezlb0");
	for (size_t i = 0; i < faulty_table(rig.legacy)->settings.len; i++)
		faulty_table(rig.legacy)->settings.items[i].value = 0;
	faulty_fault(rig.legacy, EZLB_LAYER_HOST, 3, EROFS);
	assert_false(pass(&rig, WEB ";" API, false));
	assert_int_equal(rig.result.plan.ops.items[2].setting.setting, EZLB_ARP_IGNORE);
	assert_int_equal(rig.result.plan.ops.items[2].rc, -EROFS);
	assert_string_equal(state_of(&rig).s, AFTER);
	assert_null(rig.pass.old_snat);
	rig_close(&rig);
}

/* What is kept for a file that cannot be understood has no rule but the old one. */
static void test_waits_for_refused_files(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	watch(&rig);
	restart(&rig, true);
	assert_false(pass(&rig, WEB, true));
	assert_int_equal(rig.result.plan.old.items[0].rc, EZLB_HELD);
	assert_string_equal(state_of(&rig).s, "iptables 2 nftables 1 ledger chain table");
	assert_true(pass(&rig, WEB ";" API, false));
	assert_string_equal(state_of(&rig).s, AFTER);
	rig_close(&rig);
}

/* rc of the old driver's list; whether the ledger names its frame. */
static const struct {
	const char *name;
	int code;
	bool named, done;
} looks[] = {
	{ "it cannot be read, but the ledger names it: removed all the same", EIO, true, true },
	{ "it cannot be read, and nothing is known of it: left, and looked for again", EIO, false,
	  false },
	{ "the kernel knows no such thing", ENOPROTOOPT, true, false },
	{ "it can be read, and the ledger is lost: the kernel tells", 0, false, true },
};

static void test_looks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(looks); i++) {
		struct rig rig = rig_open();

		print_message("%s\n", looks[i].name);
		if (!looks[i].named)
			assert_int_equal(unlink(at("ledger").s), 0);
		restart(&rig, true);
		faulty_list_fault(rig.legacy, EZLB_LAYER_SNAT, looks[i].code);
		assert_true(pass(&rig, WEB ";" API, false));
		assert_int_equal(faulty_table(rig.legacy)->snat_present, !looks[i].done);
		assert_int_equal(rig.pass.old_snat != NULL,
				 looks[i].code == EIO && !looks[i].named);
		assert_false(ledger_has(CHAIN));
		rig_close(&rig);
	}
}

static void test_ledger_cannot_be_written(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	restart(&rig, true);
	make_dir("ledger.new");
	assert_false(pass(&rig, WEB ";" API, false));
	assert_string_equal(state_of(&rig).s, BEFORE);
	assert_int_equal(rmdir(at("ledger.new").s), 0);
	assert_true(pass(&rig, WEB ";" API, false));
	assert_string_equal(state_of(&rig).s, AFTER);
	rig_close(&rig);
}

static void test_cleanup_removes_both(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	restart(&rig, true);
	faulty_fault(rig.legacy, EZLB_LAYER_SNAT, 1, EAGAIN);
	assert_false(pass(&rig, WEB ";" API, false));
	assert_string_equal(state_of(&rig).s, BOTH);
	restart(&rig, true);
	ezlb_pass_result_clear(&rig.result);
	faulty_fault(rig.legacy, EZLB_LAYER_SNAT, 1, EAGAIN); /* and it tries again */
	assert_true(ezlb_pass_cleanup(&rig.pass, &rig.result));
	assert_string_equal(state_of(&rig).s, "ledger");
	assert_int_equal(faulty_table(rig.legacy)->services.len, 0);
	rig_close(&rig);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_there_and_back),
		IN_TOP(test_plan_tells_and_does_nothing),
		IN_TOP(test_faults),
		IN_TOP(test_ops_that_failed),
		IN_TOP(test_waits_for_each_layer),
		IN_TOP(test_failed_teardown_has_its_error),
		IN_TOP(test_waits_for_the_settings),
		IN_TOP(test_settings_that_failed),
		IN_TOP(test_arp_keeps_no_rules),
		IN_TOP(test_waits_for_refused_files),
		IN_TOP(test_looks),
		IN_TOP(test_ledger_cannot_be_written),
		IN_TOP(test_cleanup_removes_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
