// SPDX-License-Identifier: GPL-2.0-or-later
/* Which ops go on while the ledger cannot be written. test_worlds shows that any may be held. */
#include "ledger_text.h"

#include "faulty.h"
#include "specs.h"
#include "unwritten.h"

/* The service at .3 is not wanted any more, that at .2 is new. */
#define LEDGER                                                                      \
	"chain, ip_forward 0, link ezlb0, vip ezlb0 10.0.0.1, vip ezlb0 10.0.0.4, " \
	"tcp 10.0.0.1:80, tcp 10.0.0.3:80"

static const struct {
	enum ezlb_op_kind kind;
	const char *what; /* a service, an address, an interface; NULL: a frame */
	bool goes_on;
} rows[] = {
	{ EZLB_OP_SERVICE_ADD, "tcp 10.0.0.1:80", true }, /* somebody has deleted it */
	{ EZLB_OP_SERVICE_SET, "tcp 10.0.0.1:80", true },
	{ EZLB_OP_SERVICE_ADD, "tcp 10.0.0.2:80", false },
	{ EZLB_OP_SERVICE_SET, "tcp 10.0.0.2:80", false }, /* it is another's until now */
	{ EZLB_OP_SERVICE_DEL, "tcp 10.0.0.3:80", false },
	{ EZLB_OP_DEST_ADD, "tcp 10.0.0.1:80", true },
	{ EZLB_OP_DEST_SET, "tcp 10.0.0.1:80", true },
	{ EZLB_OP_DEST_DEL, "tcp 10.0.0.1:80", true },
	{ EZLB_OP_DEST_ADD, "tcp 10.0.0.2:80", false },
	{ EZLB_OP_DEST_DEL, "tcp 10.0.0.2:80", false },
	{ EZLB_OP_DEST_DEL, "tcp 10.0.0.3:80", false },
	{ EZLB_OP_SNAT_SETUP, NULL, true },
	{ EZLB_OP_SNAT_TEARDOWN, NULL, false },
	{ EZLB_OP_SNAT_ADD, "10.1.0.1:80", true },
	{ EZLB_OP_SNAT_SET, "10.1.0.1:80", true },
	{ EZLB_OP_SNAT_ADD, "10.1.0.2:80", false },
	{ EZLB_OP_SNAT_DEL, "10.1.0.3:80", true },
	{ EZLB_OP_VIP_ADD, "10.0.0.1", true },
	{ EZLB_OP_VIP_ADD, "10.0.0.2", false },
	{ EZLB_OP_VIP_DEL, "10.0.0.4", true }, /* withdrawn */
	{ EZLB_OP_VIP_DEL, "10.0.0.1", false },
	{ EZLB_OP_LINK_ADD, "ezlb0", true },
	{ EZLB_OP_LINK_ADD, "ezlb1", false },
	{ EZLB_OP_LINK_DEL, "ezlb0", false },
	{ EZLB_OP_GUARD_ADD, "10.0.0.1", true },
	{ EZLB_OP_GUARD_ADD, "10.0.0.2", false },
	{ EZLB_OP_GUARD_DEL, "10.0.0.1", false },
	{ EZLB_OP_ACCEPT_ADD, "tcp 10.0.0.1:80", true },
	{ EZLB_OP_ACCEPT_ADD, "tcp 10.0.0.2:80", false },
	{ EZLB_OP_ACCEPT_DEL, "tcp 10.0.0.1:80", false },
	{ EZLB_OP_FIREWALL_SETUP, NULL, true },
	{ EZLB_OP_FIREWALL_TEARDOWN, NULL, false },
	{ EZLB_OP_MARK_ADD, "tcp 10.0.0.1:80", true },
	{ EZLB_OP_MARK_ADD, "tcp 10.0.0.2:80", false },
	{ EZLB_OP_MARK_DEL, "tcp 10.0.0.3:80", false },
	{ EZLB_OP_TOA_SETUP, NULL, true },
	{ EZLB_OP_TOA_TEARDOWN, NULL, false },
	{ EZLB_OP_TOA_SET, "tcp 10.0.0.1:80", true },
	{ EZLB_OP_TOA_ADD, "tcp 10.0.0.2:80", false },
	{ EZLB_OP_HOOK_ADD, "eth0", true },
	{ EZLB_OP_HOOK_DEL, "eth0", false },
	{ EZLB_OP_SYNC_ADD, NULL, false },
	{ EZLB_OP_TIMEOUT_SET, NULL, false },
};

static struct ezlb_addr addr(const char *text)
{
	struct ezlb_addr out;

	assert_int_equal(ezlb_addr_parse(text, &out, NULL), 0);
	return out;
}

static struct ezlb_snat_key snat_key(const char *backend)
{
	struct ezlb_snat_key key = { .kind = EZLB_SNAT_KEY_BACKEND, .proto = EZLB_TCP };

	assert_int_equal(ezlb_endpoint_parse(backend, &key.endpoint, NULL), 0);
	return key;
}

static void fill(struct ezlb_op *op, const char *what)
{
	switch (ezlb_op_object(op->kind)) {
	case EZLB_OBJECT_SERVICE:
		op->service.key = key_of(what);
		break;
	case EZLB_OBJECT_DEST:
		op->dest.service = key_of(what);
		break;
	case EZLB_OBJECT_ACCEPT:
		op->accept.service = key_of(what);
		break;
	case EZLB_OBJECT_MARK:
		op->mark.service = key_of(what);
		break;
	case EZLB_OBJECT_TOA:
		op->toa.service = key_of(what);
		break;
	case EZLB_OBJECT_SNAT:
		op->snat.key = snat_key(what);
		break;
	case EZLB_OBJECT_GUARD:
		op->guard.addr = addr(what);
		break;
	case EZLB_OBJECT_VIP:
		ezlb_strcpy(op->vip.device, sizeof(op->vip.device), "ezlb0");
		op->vip.addr = addr(what);
		break;
	case EZLB_OBJECT_LINK:
		ezlb_strcpy(op->link.device, sizeof(op->link.device), what);
		break;
	case EZLB_OBJECT_HOOK:
		ezlb_strcpy(op->hook.device, sizeof(op->hook.device), what);
		break;
	case EZLB_OBJECT_SETTING:
	case EZLB_OBJECT_SNAT_FRAME:
	case EZLB_OBJECT_FIREWALL_FRAME:
	case EZLB_OBJECT_TOA_FRAME:
	case EZLB_OBJECT_SYNC:
	case EZLB_OBJECT_TIMEOUT:
	case EZLB_OBJECTS:
		break;
	}
}

static void open_pass(struct ezlb_pass *pass, struct ezlb_pass_todo *plan, struct faulty *memory)
{
	static const char *const backends[] = { "10.1.0.1:80", "10.1.0.2:80" };

	faulty_dataplane(memory, &pass->dp);
	pass->ledger.content = content_of(LEDGER);
	*EZLB_PUSH(&plan->wanted) = key_of("tcp 10.0.0.1:80");
	*EZLB_PUSH(&plan->wanted) = key_of("tcp 10.0.0.2:80");
	*EZLB_PUSH(&plan->roster.withdrawn) = addr("10.0.0.4");
	for (size_t i = 0; i < 2; i++) {
		struct ezlb_dest_row *dest = EZLB_PUSH(&plan->target.dests);

		dest->service = plan->wanted.items[i];
		dest->endpoint = snat_key(backends[i]).endpoint;
	}
}

/* The op, alone in a plan; returns whether any is left. */
static bool hold_one(struct ezlb_pass *pass, struct ezlb_pass_todo *plan, const struct ezlb_op *one)
{
	struct ezlb_op *op;
	bool any;

	ezlb_plan_clear(&plan->ops);
	op = ezlb_plan_add(&plan->ops, one->kind);
	*op = *one;
	op->rc = EZLB_PENDING;
	any = unwritten_hold(pass, plan);
	assert_int_equal(op->rc, any ? EZLB_PENDING : EZLB_HELD);
	return any;
}

static void test_ops(void **state)
{
	struct ezlb_pass_result result = { 0 };
	struct ezlb_pass pass = { .paced = false };
	struct faulty *memory = faulty_new();

	(void)state;
	open_pass(&pass, &result.plan, memory);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ezlb_op op = { .kind = rows[i].kind };

		if (rows[i].what)
			fill(&op, rows[i].what);
		if (hold_one(&pass, &result.plan, &op) != rows[i].goes_on)
			fail_msg("%s %s: it must%s go on", ezlb_op_kind_str(op.kind),
				 rows[i].what ? rows[i].what : "", rows[i].goes_on ? "" : " not");
	}
	ezlb_pass_result_clear(&result);
	ezlb_pass_clear(&pass);
	faulty_free(memory);
}

/* What somebody else has changed back is set again; a setting that ezlb has not set yet waits. */
static void test_settings(void **state)
{
	struct ezlb_pass_result result = { 0 };
	struct ezlb_pass pass = { .paced = false };
	struct faulty *memory = faulty_new();
	struct ezlb_op op = { .kind = EZLB_OP_HOST_SET };

	(void)state;
	open_pass(&pass, &result.plan, memory);
	op.setting.setting = EZLB_IP_FORWARD;
	assert_true(hold_one(&pass, &result.plan, &op));
	op.setting.setting = EZLB_VS_CONNTRACK;
	assert_false(hold_one(&pass, &result.plan, &op));
	op.kind = EZLB_OP_HOST_RESET;
	op.setting.setting = EZLB_IP_FORWARD;
	assert_false(hold_one(&pass, &result.plan, &op));
	op = (struct ezlb_op){ .kind = EZLB_OP_HOOK_ADD, .hook = { "eth0", .qdisc = true } };
	assert_false(hold_one(&pass, &result.plan, &op));
	ezlb_pass_result_clear(&result);
	ezlb_pass_clear(&pass);
	faulty_free(memory);
}

/* Without a service in the ledger nothing is touched. An address that must not be announced goes
 * all the same. */
static void test_nothing_is_owned(void **state)
{
	struct ezlb_pass_result result = { 0 };
	struct ezlb_pass pass = { .paced = false };
	struct faulty *memory = faulty_new();

	(void)state;
	open_pass(&pass, &result.plan, memory);
	ezlb_ledger_content_clear(&pass.ledger.content);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ezlb_op op = { .kind = rows[i].kind };

		if (rows[i].what)
			fill(&op, rows[i].what);
		if (op.kind != EZLB_OP_VIP_DEL)
			assert_false(hold_one(&pass, &result.plan, &op));
	}
	ezlb_pass_result_clear(&result);
	ezlb_pass_clear(&pass);
	faulty_free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ops),
					    cmocka_unit_test(test_settings),
					    cmocka_unit_test(test_nothing_is_owned) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
