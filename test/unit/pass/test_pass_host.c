// SPDX-License-Identifier: GPL-2.0-or-later
/* Passes and what is around the services: settings, addresses, accepts, flows. */
#include "fixture.h"

#include <ezlb/pass.h>

#include "faulty.h"
#include "specs.h"

#define WEB   "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80"
#define DNS   "dns udp 10.0.0.2:53 snat=masq 10.1.0.1:53"
#define PLAIN "dns udp 10.0.0.2:53 10.1.0.1:53 10.1.0.2:53"
#define TWO   "dns udp 10.0.0.2:53 snat=masq 10.1.0.1:53 10.1.0.2:53"

struct rig {
	struct faulty *memory;
	struct ezlb_table *kernel;
	struct ezlb_pass pass;
	struct ezlb_pass_result result;
	uint64_t now;
};

/* A process begins; the kernel and the ledger are as the last one left them. */
static void start(struct rig *rig)
{
	rig->kernel = faulty_table(rig->memory);
	rig->result = (struct ezlb_pass_result){ .outcome = { .flows = 0 } };
	rig->pass = (struct ezlb_pass){ .policy = { .firewall = true, .vip_device = "ezlb0" } };
	faulty_dataplane(rig->memory, &rig->pass.dp);
	assert_int_equal(ezlb_ledger_open(&rig->pass.ledger, top, NULL), 0);
}

static struct rig rig_open(void)
{
	struct rig rig = { .memory = faulty_new() };

	start(&rig);
	return rig;
}

static void stop(struct rig *rig)
{
	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_clear(&rig->pass);
}

static void rig_close(struct rig *rig)
{
	stop(rig);
	faulty_free(rig->memory);
}

/* One pass towards one service, or none. */
static bool some_pass(struct rig *rig, const char *service, bool refused)
{
	const struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_spec *spec = spec_of("x.yaml", service);
	struct ezlb_desired desired = { 0 };
	bool ok;

	if (spec)
		*EZLB_PUSH(&desired) = spec;
	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_plan(&rig->pass, &desired, &verdicts, refused, rig->now, &rig->result);
	ok = ezlb_pass_apply(&rig->pass, &rig->result, rig->now);
	assert_int_equal(ok, ezlb_pass_ok(&rig->result));
	EZLB_VEC_CLEAR(&desired);
	ezlb_spec_free(spec);
	return ok;
}

static bool pass(struct rig *rig, const char *service)
{
	return some_pass(rig, service, false);
}

static bool refused_pass(struct rig *rig, const char *service)
{
	return some_pass(rig, service, true);
}

static bool cleanup(struct rig *rig)
{
	ezlb_pass_result_clear(&rig->result);
	rig->pass.put_back = true;
	return ezlb_pass_cleanup(&rig->pass, &rig->result);
}

static bool ledger_has(const char *line)
{
	EZLB_AUTO_FREE char *file = slurp("ledger"), *whole = ezlb_asprintf("\n%s\n", line);

	return file && strstr(file, whole);
}

static int value_of(const struct rig *rig, enum ezlb_setting setting)
{
	for (size_t i = 0; i < rig->kernel->settings.len; i++)
		if (rig->kernel->settings.items[i].setting == setting)
			return rig->kernel->settings.items[i].value;
	return -1;
}

static void set_value(const struct rig *rig, enum ezlb_setting setting, int value)
{
	for (size_t i = 0; i < rig->kernel->settings.len; i++)
		if (rig->kernel->settings.items[i].setting == setting)
			rig->kernel->settings.items[i].value = value;
}

static void put_vip(const struct rig *rig, const char *device, const char *addr)
{
	struct ezlb_vip_row *row = EZLB_PUSH(&rig->kernel->vips);

	ezlb_strcpy(row->device, sizeof(row->device), device);
	assert_int_equal(ezlb_addr_parse(addr, &row->addr, NULL), 0);
}

/* --- settings ------------------------------------------------------------------------------ */

static void test_cleanup_puts_settings_back(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	set_value(&rig, EZLB_ARP_ANNOUNCE, 1);
	set_value(&rig, EZLB_IP_FORWARD, 1);
	assert_true(pass(&rig, WEB));
	assert_int_equal(value_of(&rig, EZLB_ARP_ANNOUNCE), 2);
	assert_int_equal(value_of(&rig, EZLB_VS_CONNTRACK), 1);
	assert_true(pass(&rig, NULL)); /* no longer wanted, and left as it is all the same */
	assert_int_equal(value_of(&rig, EZLB_VS_CONNTRACK), 1);
	set_value(&rig, EZLB_ARP_IGNORE, 8); /* somebody else's by now */
	stop(&rig);
	start(&rig);
	assert_true(cleanup(&rig));
	assert_int_equal(value_of(&rig, EZLB_ARP_ANNOUNCE), 1);
	assert_int_equal(value_of(&rig, EZLB_VS_CONNTRACK), 0);
	assert_int_equal(value_of(&rig, EZLB_ARP_IGNORE), 8);
	assert_int_equal(value_of(&rig, EZLB_IP_FORWARD), 1);
	assert_int_equal(value_of(&rig, EZLB_IP_TABLES), 1); /* a module stays */
	assert_int_equal(rig.pass.ledger.content.settings.len, 0);
	assert_true(cleanup(&rig));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

/* What nobody could look at was not seen to be off, so it is not switched off in the end. */
/* expire_nodest_conn is one switch for all IPVS services of the host, also for those of others. */
static void test_expire_nodest_ends_with_the_last_udp_service(void **state)
{
	static const char line[] = "setting net.ipv4.vs.expire_nodest_conn 0";
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, DNS));
	assert_int_equal(value_of(&rig, EZLB_VS_EXPIRE_NODEST), 1);
	assert_true(ledger_has(line));
	assert_true(pass(&rig, WEB));
	assert_int_equal(value_of(&rig, EZLB_VS_EXPIRE_NODEST), 0);
	assert_int_equal(value_of(&rig, EZLB_VS_CONNTRACK), 1);
	assert_false(ledger_has(line));
	assert_true(pass(&rig, WEB));
	assert_int_equal(rig.result.plan.ops.len, 0);

	/* It had the value before, or somebody else has changed it since. */
	set_value(&rig, EZLB_VS_EXPIRE_NODEST, 1);
	assert_true(pass(&rig, DNS));
	assert_true(pass(&rig, WEB));
	assert_int_equal(value_of(&rig, EZLB_VS_EXPIRE_NODEST), 1);
	set_value(&rig, EZLB_VS_EXPIRE_NODEST, 0);
	assert_true(pass(&rig, DNS));
	set_value(&rig, EZLB_VS_EXPIRE_NODEST, 5);
	assert_true(pass(&rig, WEB));
	assert_int_equal(value_of(&rig, EZLB_VS_EXPIRE_NODEST), 5);
	assert_false(ledger_has(line));
	rig_close(&rig);
}

static void test_expire_nodest_stays(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, DNS));
	rig.pass.policy.hands_off = true; /* --host-setup never */
	assert_true(pass(&rig, WEB));
	assert_int_equal(value_of(&rig, EZLB_VS_EXPIRE_NODEST), 1);
	rig.pass.policy.hands_off = false;
	assert_true(pass(&rig, DNS));
	/* The service of a refused file stays, and needs it. */
	stop(&rig);
	start(&rig);
	EZLB_VEC_APPEND(&rig.pass.unclaimed, &rig.pass.ledger.content.services);
	assert_true(refused_pass(&rig, WEB));
	assert_int_equal(rig.kernel->services.len, 2);
	assert_int_equal(value_of(&rig, EZLB_VS_EXPIRE_NODEST), 1);
	assert_true(pass(&rig, WEB));
	assert_int_equal(rig.kernel->services.len, 1);
	assert_int_equal(value_of(&rig, EZLB_VS_EXPIRE_NODEST), 0);
	rig_close(&rig);
}

static void test_settings_that_could_not_be_read(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	set_value(&rig, EZLB_IP_FORWARD, 1);
	faulty_list_fault(rig.memory, EZLB_LAYER_HOST, EIO);
	assert_false(pass(&rig, WEB));
	faulty_list_fault(rig.memory, EZLB_LAYER_HOST, 0);
	assert_true(pass(&rig, WEB));
	assert_false(ledger_has("setting net.ipv4.ip_forward 0"));
	assert_true(ledger_has("setting net.ipv4.vs.conntrack 0"));
	rig_close(&rig);
}

/* The host's admin does what the message asks for: that stays. */
static void test_settings_that_somebody_else_had_to_make(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	rig.pass.policy.vip_device[0] = '\0';
	faulty_fault(rig.memory, EZLB_LAYER_HOST, 3, EROFS); /* module, conntrack, forward */
	assert_false(pass(&rig, WEB));
	assert_int_equal(value_of(&rig, EZLB_IP_FORWARD), 0);
	set_value(&rig, EZLB_IP_FORWARD, 1);
	assert_true(pass(&rig, WEB));
	assert_true(cleanup(&rig));
	assert_int_equal(value_of(&rig, EZLB_IP_FORWARD), 1);
	assert_int_equal(value_of(&rig, EZLB_VS_CONNTRACK), 0);
	rig_close(&rig);
}

/* --- addresses ----------------------------------------------------------------------------- */

static void test_addresses_come_and_go(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB));
	assert_true(ledger_has("link ezlb0") && ledger_has("vip ezlb0 10.0.0.1"));
	assert_int_equal(rig.kernel->links.len, 1);
	stop(&rig);
	start(&rig);
	assert_true(pass(&rig, DNS));
	assert_true(ledger_has("link ezlb0") && ledger_has("vip ezlb0 10.0.0.2"));
	assert_false(ledger_has("vip ezlb0 10.0.0.1"));
	assert_int_equal(rig.kernel->vips.len, 1);
	assert_true(pass(&rig, NULL));
	assert_int_equal(rig.kernel->vips.len + rig.kernel->links.len, 0);
	assert_false(ledger_has("link ezlb0"));
	rig_close(&rig);
}

/* On a link that somebody else made, with an address of theirs: neither goes, nor is it drift. */
static void test_foreign_addresses_stay(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	strcpy(EZLB_PUSH(&rig.kernel->links)->device, "ezlb0");
	put_vip(&rig, "ezlb0", "10.9.9.9");
	for (int i = 0; i < 3; i++) {
		assert_true(pass(&rig, WEB));
		assert_int_equal(rig.result.found.drift.len, 0);
	}
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_false(ledger_has("link ezlb0"));
	rig.kernel->vips.items[0] = rig.kernel->vips.items[1];
	rig.kernel->vips.len = 1; /* ours is taken away: that is drift */
	assert_true(pass(&rig, WEB));
	assert_int_equal(rig.result.found.drift.len, 1);
	assert_int_equal(rig.result.found.drift.items[0].kind, EZLB_OP_VIP_DEL);
	assert_true(pass(&rig, NULL));
	assert_int_equal(rig.kernel->vips.len, 1);
	assert_int_equal(rig.kernel->vips.items[0].addr.bytes[1], 9);
	assert_int_equal(rig.kernel->links.len, 1);
	rig_close(&rig);
}

/* --- accepts ------------------------------------------------------------------------------- */

static void test_accepts_come_and_go_with_the_filter(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB));
	assert_false(rig.kernel->accepts_present);
	rig.kernel->gates[EZLB_GATE_INPUT][0] = true;
	assert_true(pass(&rig, WEB));
	assert_int_equal(rig.kernel->accepts.len, 1);
	assert_true(rig.result.plan.target.accepts_wanted);
	assert_true(pass(&rig, WEB));
	rig.kernel->accepts.len = 0;
	assert_true(pass(&rig, WEB));
	assert_int_equal(rig.result.found.drift.len, 1);
	assert_int_equal(rig.result.found.drift.items[0].kind, EZLB_OP_ACCEPT_DEL);
	assert_int_equal(rig.kernel->accepts.len, 1);
	rig.pass.policy.firewall = false;
	assert_true(pass(&rig, WEB));
	assert_false(rig.kernel->accepts_present);
	rig_close(&rig);
}

/* --- flows --------------------------------------------------------------------------------- */

static struct ezlb_flow ended[4];
static size_t n_ended;
static int end_rc;

static int end_flows(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err)
{
	n_ended = flows->len;
	for (size_t i = 0; i < flows->len && i < COUNT_OF(ended); i++)
		ended[i] = flows->items[i];
	*n = 5;
	return end_rc ? ezlb_err_set(err, -end_rc, "no such luck") : 0;
}

static void test_flows_end_with_their_backend(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	end_rc = 0;
	rig.pass.end_flows = end_flows;
	assert_true(pass(&rig, TWO));
	assert_int_equal(n_ended, 1); /* those from before the service */
	assert_true(ended[0].untranslated);
	assert_int_equal(ended[0].listen.addr.bytes[3], 2);
	assert_true(pass(&rig, TWO));
	assert_int_equal(n_ended, 0); /* there is no reason to look again */
	assert_true(pass(&rig, DNS));
	assert_int_equal(n_ended, 1);
	assert_int_equal(ended[0].proto, EZLB_UDP);
	assert_int_equal(ended[0].listen.addr.bytes[3], 2);
	assert_int_equal(ended[0].backend.addr.bytes[3], 2);
	assert_int_equal(rig.result.outcome.flows, 5);
	assert_true(pass(&rig, WEB)); /* dns goes */
	assert_int_equal(n_ended, 1);
	assert_true(pass(&rig, NULL)); /* and web, which is tcp */
	assert_int_equal(n_ended, 0);
	rig_close(&rig);
}

/* Another process finds the service in force, and does not know since when. */
static void test_flows_are_looked_at_after_a_start(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	end_rc = 0;
	assert_true(pass(&rig, TWO));
	stop(&rig);
	start(&rig);
	rig.pass.end_flows = end_flows;
	n_ended = 9;
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EIO);
	pass(&rig, TWO);
	assert_int_equal(n_ended, 0); /* not while the kernel is not known */
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	assert_true(pass(&rig, TWO));
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_int_equal(n_ended, 1);
	assert_true(ended[0].untranslated);
	assert_true(pass(&rig, TWO));
	assert_int_equal(n_ended, 0);
	rig_close(&rig);
}

static void test_full_nat_for_a_service_in_force(void **state)
{
	static const enum ezlb_op_kind ops[] = { EZLB_OP_DEST_DEL, EZLB_OP_DEST_DEL,
						 EZLB_OP_DEST_ADD, EZLB_OP_DEST_ADD };
	struct rig rig = rig_open();
	const struct ezlb_plan *plan = &rig.result.plan.ops;

	(void)state;
	end_rc = 0;
	rig.pass.end_flows = end_flows;
	assert_true(pass(&rig, PLAIN));
	assert_int_equal(n_ended, 0);
	assert_true(pass(&rig, TWO));
	assert_int_equal(n_ended, 3); /* of both backends, and those that IPVS never had */
	assert_true(plan->len > COUNT_OF(ops));
	for (size_t i = 0; i < COUNT_OF(ops); i++) {
		assert_int_equal(plan->items[plan->len - COUNT_OF(ops) + i].kind, ops[i]);
		assert_int_equal(plan->items[plan->len - COUNT_OF(ops) + i].rc, 0);
	}
	assert_int_equal(rig.kernel->dests.len, 2);
	assert_true(pass(&rig, PLAIN));
	assert_true(pass(&rig, TWO)); /* net.ipv4.vs.conntrack was 1 all the time */
	for (size_t i = 0; i < plan->len; i++)
		assert_int_not_equal(ezlb_op_object(plan->items[i].kind), EZLB_OBJECT_DEST);
	rig_close(&rig);
}

static void test_flows_that_cannot_be_ended(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, DNS));
	rig.pass.end_flows = end_flows;
	end_rc = -EPERM;
	assert_true(pass(&rig, NULL));
	assert_int_equal(rig.result.outcome.flows_err.code, EPERM);
	assert_true(ezlb_pass_ok(&rig.result));
	end_rc = 0;
	assert_true(pass(&rig, NULL));
	assert_int_equal(n_ended, 0); /* not in each pass */
	assert_int_equal(rig.result.outcome.flows_err.code, EPERM);
	rig.now += 60000; /* there is one at least so often */
	assert_true(pass(&rig, NULL));
	assert_int_equal(n_ended, 1);
	assert_int_equal(rig.result.outcome.flows_err.code, 0);
	rig_close(&rig);
}

static void test_no_flow_ends_where_nothing_was_done(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, DNS));
	rig.pass.end_flows = end_flows;
	end_rc = 0;
	n_ended = 7;
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EIO);
	assert_false(pass(&rig, WEB));
	assert_int_equal(n_ended, 0);
	rig_close(&rig);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_cleanup_puts_settings_back),
		IN_TOP(test_expire_nodest_ends_with_the_last_udp_service),
		IN_TOP(test_expire_nodest_stays),
		IN_TOP(test_settings_that_could_not_be_read),
		IN_TOP(test_settings_that_somebody_else_had_to_make),
		IN_TOP(test_addresses_come_and_go),
		IN_TOP(test_foreign_addresses_stay),
		IN_TOP(test_accepts_come_and_go_with_the_filter),
		IN_TOP(test_flows_end_with_their_backend),
		IN_TOP(test_flows_are_looked_at_after_a_start),
		IN_TOP(test_full_nat_for_a_service_in_force),
		IN_TOP(test_flows_that_cannot_be_ended),
		IN_TOP(test_no_flow_ends_where_nothing_was_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
