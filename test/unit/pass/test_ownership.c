// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes into the ledger before and after a plan, beyond services; and what is set back. */
#include "ledger_text.h"

#include "faulty.h"
#include "ownership.h"

struct rig {
	struct faulty *memory;
	struct ezlb_pass pass;
	struct ezlb_pass_result result;
};

static struct rig rig_open(const char *ledger)
{
	struct rig rig = { .memory = faulty_new() };

	faulty_dataplane(rig.memory, &rig.pass.dp);
	rig.pass.ledger.content = content_of(ledger);
	return rig;
}

static void rig_close(struct rig *rig)
{
	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_clear(&rig->pass);
	faulty_free(rig->memory);
}

static struct ezlb_vip_row vip(const char *device, const char *addr)
{
	struct ezlb_vip_row row = { .device = "" };

	ezlb_strcpy(row.device, sizeof(row.device), device);
	assert_int_equal(ezlb_addr_parse(addr, &row.addr, NULL), 0);
	return row;
}

static struct ezlb_link_row link_of(const char *device)
{
	struct ezlb_link_row row = { .device = "" };

	ezlb_strcpy(row.device, sizeof(row.device), device);
	return row;
}

/* The kernel has it with this value, and the op is to set or reset it. */
static struct ezlb_op *setting_op(struct rig *rig, enum ezlb_op_kind kind,
				  enum ezlb_setting setting, int now)
{
	struct ezlb_setting_row row = { .setting = setting, .value = now };
	struct ezlb_op *op = ezlb_plan_add(&rig->result.plan.ops, kind);

	if (setting == EZLB_ACCEPT_RA)
		strcpy(row.device, "eth0");
	*EZLB_PUSH(&rig->result.found.actual.settings) = row;
	EZLB_SORT(&rig->result.found.actual.settings, ezlb_setting_row_cmp);
	op->setting = op->old_setting = row;
	op->setting.value = ezlb_setting_facts(setting)->wanted;
	return op;
}

static void assert_claims(struct rig *rig, ownership_fn make, const char *want)
{
	ownership_write(&rig->pass, &rig->result.found, &rig->result.plan, make,
			&rig->result.outcome.ledger_err);
	assert_int_equal(rig->result.outcome.ledger_err.code, 0);
	assert_content(&rig->pass.ledger, want);
}

/* --- whose is what ------------------------------------------------------------------------- */

static void test_foreign_links_and_addresses_are_forgotten(void **state)
{
	struct ezlb_ledger_content owned = content_of("link a0, vip a0 10.0.0.1, ");
	struct ezlb_table target = { .snat_wanted = false }, actual = target;
	const struct ezlb_addrs none = { 0 };

	(void)state;
	*EZLB_PUSH(&target.links) = link_of("b0");
	*EZLB_PUSH(&target.vips) = vip("b0", "10.0.0.2");
	*EZLB_PUSH(&actual.links) = link_of("a0"); /* ours */
	*EZLB_PUSH(&actual.links) = link_of("b0"); /* wanted */
	*EZLB_PUSH(&actual.links) = link_of("c0"); /* neither */
	*EZLB_PUSH(&actual.vips) = vip("a0", "10.0.0.1");
	*EZLB_PUSH(&actual.vips) = vip("a0", "10.0.0.2");
	*EZLB_PUSH(&actual.vips) = vip("b0", "10.0.0.1");
	*EZLB_PUSH(&actual.vips) = vip("b0", "10.0.0.2");
	ownership_forget_foreign(&owned, &target, &none, &actual);
	assert_int_equal(actual.links.len, 2);
	assert_string_equal(actual.links.items[0].device, "a0");
	assert_string_equal(actual.links.items[1].device, "b0");
	assert_int_equal(actual.vips.len, 2);
	assert_string_equal(actual.vips.items[0].device, "a0");
	assert_int_equal(actual.vips.items[0].addr.bytes[3], 1);
	assert_string_equal(actual.vips.items[1].device, "b0");
	assert_int_equal(actual.vips.items[1].addr.bytes[3], 2);
	ezlb_ledger_content_clear(&owned);
	ezlb_table_clear(&target);
	ezlb_table_clear(&actual);
}

/* An address that is to be on one of the two links, and is on the other one: whoever added it. */
static void test_an_address_that_moves_is_ours(void **state)
{
	static const struct {
		const char *want, *is, *addr;
		size_t n;
	} rows[] = {
		{ "ezlb0-drain", "ezlb0", "10.0.0.1", 1 },
		{ "ezlb0", "ezlb0-drain", "10.0.0.1", 1 },
		{ "ezlb0-drain", "ezlb0", "10.0.0.2", 0 },
		{ "ezlb0", "ezlb0-drain", "10.0.0.2", 0 },
		{ "ezlb0-drain", "ezlb1", "10.0.0.1", 0 },
		{ "ezlb0", "ezlb1-drain", "10.0.0.1", 0 },
	};
	const struct ezlb_ledger_content owned = { .chain = false };
	const struct ezlb_addrs none = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_table target = { .snat_wanted = false }, actual = target;

		*EZLB_PUSH(&target.vips) = vip(rows[i].want, "10.0.0.1");
		*EZLB_PUSH(&actual.vips) = vip(rows[i].is, rows[i].addr);
		ownership_forget_foreign(&owned, &target, &none, &actual);
		assert_int_equal(actual.vips.len, rows[i].n);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
}

static void test_put_back_last_first(void **state)
{
	struct rig rig = rig_open("vs.conntrack 0, ip_forward 0, accept_ra 1, ");
	const struct ezlb_plan *plan = &rig.result.plan.ops;

	(void)state;
	*EZLB_PUSH(&rig.result.found.actual.settings) =
		(struct ezlb_setting_row){ EZLB_VS_CONNTRACK, "", 1 };
	ownership_put_back(&rig.pass.ledger.content, NULL, &rig.result.found.actual,
			   &rig.result.plan.ops);
	assert_int_equal(plan->len, 3);
	for (size_t i = 0; i < plan->len; i++)
		assert_int_equal(plan->items[i].kind, EZLB_OP_HOST_RESET);
	assert_int_equal(plan->items[0].setting.setting, EZLB_ACCEPT_RA);
	assert_string_equal(plan->items[0].setting.device, "eth0");
	assert_int_equal(plan->items[0].setting.value, 1);
	assert_int_equal(plan->items[0].old_setting.value, -1);
	assert_int_equal(plan->items[1].setting.setting, EZLB_IP_FORWARD);
	assert_int_equal(plan->items[2].setting.setting, EZLB_VS_CONNTRACK);
	assert_int_equal(plan->items[2].old_setting.value, 1);
	rig_close(&rig);
}

/* --- what the kernel does not list --------------------------------------------------------- */

static struct text plan_text(const struct ezlb_plan *plan)
{
	struct text out = { "" };
	char op[EZLB_OP_STRLEN];

	for (size_t i = 0; i < plan->len; i++)
		snprintf(out.s + strlen(out.s), sizeof(out.s) - strlen(out.s), "%s%s",
			 i ? ", " : "", ezlb_op_format(&plan->items[i], op));
	return out;
}

#define A   "tcp 10.0.0.1:80"
#define B   "tcp 10.0.0.2:80"
#define L   "link a0, "
#define DEL "service-del "

static const struct {
	const char *name, *owned, *wanted, *listed, *unclaimed, *links, *want;
	bool keep;
	int ipvs, host; /* errors of the lists */
} unlisted[] = {
	{ "nobody wants it, the list lacks it", A, "", "", "", "", DEL A, false, 0, 0 },
	{ "one of two", A ", " B, B, B, "", "", DEL A, false, 0, 0 },
	{ "it is listed: that is diff's", A, "", A, "", "", "", false, 0, 0 },
	{ "it is wanted", A, A, "", "", "", "", false, 0, 0 },
	{ "it is not ours", "", "", "", "", "", "", false, 0, 0 },
	{ "a refused file may ask for it", A, "", "", A, "", "", true, 0, 0 },
	{ "no refused file can", A, "", "", A, "", DEL A, false, 0, 0 },
	{ "its file has spoken before", A ", " B, "", "", A, "", DEL B, true, 0, 0 },
	{ "IPVS cannot be read", L A, "", "", "", "", "link-del a0", false, EIO, 0 },
	{ "a link that is down", L, "", "", "", "", "link-del a0", false, 0, 0 },
	{ "a link that is listed", L, "", "", "", "actual", "", false, 0, 0 },
	{ "a link that is wanted", L, "", "", "", "target", "", false, 0, 0 },
	{ "the host cannot be read", L A, "", "", "", "", DEL A, false, 0, EIO },
};

static void test_unlisted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(unlisted); i++) {
		struct rig rig = rig_open(unlisted[i].owned);
		struct ezlb_scope listed = scope_of(unlisted[i].listed);

		print_message("%s\n", unlisted[i].name);
		rig.result.plan.wanted = scope_of(unlisted[i].wanted);
		/* Once every file has spoken, nothing is unclaimed. */
		if (unlisted[i].keep)
			rig.pass.unclaimed = scope_of(unlisted[i].unclaimed);
		for (size_t k = 0; k < listed.len; k++)
			EZLB_PUSH(&rig.result.found.actual.services)->key = listed.items[k];
		if (strcmp(unlisted[i].links, "actual") == 0)
			*EZLB_PUSH(&rig.result.found.actual.links) = link_of("a0");
		if (strcmp(unlisted[i].links, "target") == 0)
			*EZLB_PUSH(&rig.result.plan.target.links) = link_of("a0");
		rig.result.found.errs.layer[EZLB_LAYER_IPVS].code = unlisted[i].ipvs;
		rig.result.found.errs.layer[EZLB_LAYER_HOST].code = unlisted[i].host;
		ownership_delete_unlisted(&rig.pass, &rig.result.found, &rig.result.plan);
		assert_string_equal(plan_text(&rig.result.plan.ops).s, unlisted[i].want);
		EZLB_VEC_CLEAR(&listed);
		rig_close(&rig);
	}
}

/* --- before -------------------------------------------------------------------------------- */

static void test_before(void **state)
{
	struct rig rig = rig_open("link a0, vip a0 10.0.0.1, tcp 10.0.0.1:80");

	(void)state;
	*EZLB_PUSH(&rig.result.plan.wanted) = key_of("tcp 10.0.0.2:80");
	ezlb_plan_add(&rig.result.plan.ops, EZLB_OP_LINK_ADD)->link = link_of("b0");
	ezlb_plan_add(&rig.result.plan.ops, EZLB_OP_LINK_ADD)->link = link_of("a0");
	ezlb_plan_add(&rig.result.plan.ops, EZLB_OP_VIP_ADD)->vip = vip("b0", "10.0.0.2");
	ezlb_plan_add(&rig.result.plan.ops, EZLB_OP_VIP_ADD)->vip = vip("a0", "10.0.0.1");
	ezlb_plan_add(&rig.result.plan.ops, EZLB_OP_VIP_DEL)->vip = vip("a0", "10.0.0.9");
	assert_claims(&rig, ownership_before,
		      "link a0, link b0, vip a0 10.0.0.1, vip b0 10.0.0.2, "
		      "tcp 10.0.0.1:80, tcp 10.0.0.2:80");
	rig_close(&rig);
}

static void test_before_settings(void **state)
{
	struct rig rig = rig_open("ip_forward 0, ");

	(void)state;
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_IP_TABLES, 0);	   /* no way back */
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_ACCEPT_RA, 1);	   /* as it was */
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_VS_CONNTRACK, -1); /* not there yet: off */
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_IP_FORWARD, 3);	   /* known already */
	assert_claims(&rig, ownership_before, "vs.conntrack 0, ip_forward 0, accept_ra 1, ");
	rig_close(&rig);
}

/* Nobody knows what it was, and nothing is going to be written. */
static void test_before_a_host_that_cannot_be_read(void **state)
{
	struct rig rig = rig_open("");

	(void)state;
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_IP_FORWARD, -1);
	rig.result.found.actual.settings.len = 0;
	assert_claims(&rig, ownership_before, "");
	rig_close(&rig);
}

/* --- after --------------------------------------------------------------------------------- */

static void test_after(void **state)
{
	struct rig rig = rig_open("vs.conntrack 0, ip_forward 0, link a0, link b0, "
				  "vip a0 10.0.0.1, vip b0 10.0.0.1, ");

	(void)state;
	*EZLB_PUSH(&rig.result.plan.target.links) = link_of("b0");
	*EZLB_PUSH(&rig.result.plan.target.links) = link_of("c0"); /* there before us */
	*EZLB_PUSH(&rig.result.plan.target.vips) = vip("b0", "10.0.0.1");
	*EZLB_PUSH(&rig.result.plan.target.vips) = vip("c0", "10.0.0.1");
	assert_claims(&rig, ownership_after,
		      "vs.conntrack 0, ip_forward 0, link b0, vip b0 10.0.0.1, ");
	rig_close(&rig);
}

static void test_what_was_set_back_is_dropped(void **state)
{
	static const ownership_fn ways[] = { ownership_after, ownership_without_lost };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct rig rig = rig_open("vs.conntrack 0, ip_forward 0, accept_ra 1, ");

		setting_op(&rig, EZLB_OP_HOST_RESET, EZLB_VS_CONNTRACK, 1)->rc = 0;
		setting_op(&rig, EZLB_OP_HOST_RESET, EZLB_IP_FORWARD, 1)->rc = -EROFS;
		setting_op(&rig, EZLB_OP_HOST_RESET, EZLB_ACCEPT_RA, 2)->rc = 0;
		setting_op(&rig, EZLB_OP_HOST_RESET, EZLB_ARP_IGNORE, 1)->rc = 0; /* not ours */
		assert_claims(&rig, ways[i], "ip_forward 0, ");
		rig_close(&rig);
	}
}

/* --- lost ---------------------------------------------------------------------------------- */

static void test_lost(void **state)
{
	struct rig rig = rig_open("link a0, link b0, vip a0 10.0.0.1, vip b0 10.0.0.1, ");
	struct ezlb_plan *plan = &rig.result.plan.ops;

	(void)state;
	ezlb_plan_add(plan, EZLB_OP_LINK_ADD)->link = link_of("a0");
	plan->items[0].rc = -EEXIST;
	ezlb_plan_add(plan, EZLB_OP_LINK_ADD)->link = link_of("b0");
	plan->items[1].rc = -EPERM; /* it may be there for all we know */
	ezlb_plan_add(plan, EZLB_OP_VIP_ADD)->vip = vip("b0", "10.0.0.1");
	plan->items[2].rc = -EEXIST;
	ezlb_plan_add(plan, EZLB_OP_VIP_ADD)->vip = vip("a0", "10.0.0.1");
	plan->items[3].rc = 0;
	*EZLB_PUSH(&rig.result.plan.target.vips) = vip("a0", "10.0.0.1");
	*EZLB_PUSH(&rig.result.plan.target.vips) = vip("b0", "10.0.0.1");
	assert_claims(&rig, ownership_without_lost, "link b0, vip a0 10.0.0.1, ");
	rig_close(&rig);
}

/* Whoever makes it from now on, it is not ours, even where the pass is not done yet. */
static void test_a_removed_service_is_dropped(void **state)
{
	static const struct {
		enum ezlb_op_kind kind;
		int rc;
		enum ezlb_adopt adopt;
		const char *want;
	} rows[] = {
		{ EZLB_OP_SERVICE_DEL, 0, EZLB_ADOPT_MATCHING, B },
		{ EZLB_OP_SERVICE_DEL, 0, EZLB_ADOPT_NEVER, B },
		{ EZLB_OP_SERVICE_DEL, -EIO, EZLB_ADOPT_MATCHING, A ", " B },
		{ EZLB_OP_SERVICE_DEL, EZLB_HELD, EZLB_ADOPT_MATCHING, A ", " B },
		{ EZLB_OP_SERVICE_SET, 0, EZLB_ADOPT_MATCHING, A ", " B },
		{ EZLB_OP_SERVICE_ADD, -EEXIST, EZLB_ADOPT_NEVER, B },
		{ EZLB_OP_SERVICE_ADD, -EEXIST, EZLB_ADOPT_MATCHING, A ", " B },
		{ EZLB_OP_SERVICE_ADD, -EIO, EZLB_ADOPT_NEVER, A ", " B },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct rig rig = rig_open(A ", " B);
		struct ezlb_op *op = ezlb_plan_add(&rig.result.plan.ops, rows[i].kind);

		op->service.key = key_of(A);
		op->rc = rows[i].rc;
		rig.pass.adopt = rows[i].adopt;
		assert_claims(&rig, ownership_without_lost, rows[i].want);
		rig_close(&rig);
	}
}

/* What the message about the failure asks for, a host's admin does; that is not to be set back. */
static void test_a_setting_that_could_not_be_set(void **state)
{
	struct rig rig = rig_open("");

	(void)state;
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_VS_CONNTRACK, -1);
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_IP_FORWARD, 0);
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_ACCEPT_RA, 1);
	ownership_write(&rig.pass, &rig.result.found, &rig.result.plan, ownership_before,
			&rig.result.outcome.ledger_err);
	rig.result.plan.ops.items[0].rc = -ENOENT;
	rig.result.plan.ops.items[1].rc = -EROFS;
	rig.result.plan.ops.items[2].rc = 0;
	assert_claims(&rig, ownership_without_lost, "accept_ra 1, ");
	rig_close(&rig);
}

/* It has become ours before, and somebody has set it half way back. */
static void test_a_setting_that_cannot_be_set_again(void **state)
{
	struct rig rig = rig_open("accept_ra 0, ");

	(void)state;
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_ACCEPT_RA, 1)->rc = -EROFS;
	assert_claims(&rig, ownership_without_lost, "accept_ra 0, ");
	rig.result.found.actual.settings.items[0].value = 0; /* and now all the way */
	rig.result.plan.ops.items[0].old_setting.value = 0;
	assert_claims(&rig, ownership_without_lost, "");
	rig_close(&rig);
}

static void test_a_setting_that_could_not_be_read(void **state)
{
	struct rig rig = rig_open("ip_forward 0, ");

	(void)state;
	setting_op(&rig, EZLB_OP_HOST_SET, EZLB_IP_FORWARD, -1)->rc = -EIO;
	rig.result.found.actual.settings.len = 0;
	assert_claims(&rig, ownership_without_lost, "ip_forward 0, ");
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign_links_and_addresses_are_forgotten),
		cmocka_unit_test(test_an_address_that_moves_is_ours),
		cmocka_unit_test(test_put_back_last_first),
		cmocka_unit_test(test_unlisted),
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_before_settings),
		cmocka_unit_test(test_before_a_host_that_cannot_be_read),
		cmocka_unit_test(test_after),
		cmocka_unit_test(test_what_was_set_back_is_dropped),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_a_removed_service_is_dropped),
		cmocka_unit_test(test_a_setting_that_could_not_be_set),
		cmocka_unit_test(test_a_setting_that_cannot_be_set_again),
		cmocka_unit_test(test_a_setting_that_could_not_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
