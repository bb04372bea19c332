// SPDX-License-Identifier: GPL-2.0-or-later
#include "view_rig.h"

#include <errno.h>

#include "conditions.h"
#include "specs.h"

#define WEB "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80 10.2.0.1:80"

/* A pass over one service with client_address: toa; 10.1.0.1 is on eth1, 10.2.0.1 on eth2. */
struct made {
	struct ezlb_spec *spec;
	struct ezlb_catalog_entry entry;
	struct ezlb_pass_result result;
	struct conditions_pass pass;
	struct conditions_value said;
};

static struct ezlb_route_row *add_route(struct made *made, const char *to, const char *device)
{
	struct ezlb_route_row *row = EZLB_PUSH(&made->result.found.actual.routes);

	assert_int_equal(ezlb_addr_parse(to, &row->to, NULL), 0);
	ezlb_strcpy(row->device, sizeof(row->device), device);
	return row;
}

static void made_open(struct made *made)
{
	*made = (struct made){ .spec = spec_of("/d/web.yaml", WEB) };
	made->spec->client_address = EZLB_CLIENT_ADDRESS_TOA;
	made->entry.last = made->entry.fresh = made->spec;
	made->pass = (struct conditions_pass){ .found = &made->result.found,
					       .outcome = &made->result.outcome };
	add_route(made, "10.1.0.1", "eth1");
	add_route(made, "10.2.0.1", "eth2");
}

static struct ezlb_op *add_op(struct made *made, enum ezlb_op_kind kind, int rc)
{
	struct ezlb_op *op = EZLB_PUSH(&made->result.plan.ops);

	op->kind = kind;
	op->rc = rc;
	return op;
}

static struct ezlb_op *add_hook(struct made *made, const char *device, int rc)
{
	struct ezlb_op *op = add_op(made, EZLB_OP_HOOK_ADD, rc);

	ezlb_strcpy(op->hook.device, sizeof(op->hook.device), device);
	return op;
}

static void assert_said(struct made *made, enum ezlb_reason reason, const char *message)
{
	blocked_find(&made->pass.blocked, &made->result.plan.ops);
	conditions_client_address(&made->entry, &made->pass, &made->said);
	if (made->said.reason != reason || !strstr(made->said.message, message))
		fail_msg("%s: '%s', not %s: '%s'", ezlb_reason_str(made->said.reason),
			 made->said.message, ezlb_reason_str(reason), message);
	assert_true(message[0] || !made->said.message[0]);
	/* It never blocks the service. */
	assert_null(blocked_by(&made->pass.blocked, made->spec));
	blocked_clear(&made->pass.blocked);
	ezlb_pass_result_clear(&made->result);
	ezlb_spec_free(made->spec);
}

static void test_what_depends_on_the_file(void **state)
{
	struct made made;

	(void)state;
	made_open(&made);
	assert_said(&made, EZLB_REASON_ADDED, "");

	made_open(&made);
	made.spec->client_address = EZLB_CLIENT_ADDRESS_NONE;
	ezlb_strcpy(made.result.found.actual.toa_problem, EZLB_TOA_PROBLEM_STRLEN, "no BPF");
	assert_said(&made, EZLB_REASON_NOT_ASKED, "");

	made_open(&made);
	made.entry.last = NULL;
	assert_said(&made, EZLB_REASON_NOT_APPLIED, "no version of the file is applied");
}

/* Packets to these backends leave by no interface. */
static void test_backends_without_an_interface(void **state)
{
	struct made made;

	(void)state;
	made_open(&made);
	made.result.found.actual.routes.len = 1;
	assert_said(&made, EZLB_REASON_ADDED, "not for 1 of 2 backends, first 10.2.0.1:");

	made_open(&made);
	made.result.found.actual.routes.len = 0;
	assert_said(&made, EZLB_REASON_UNSUPPORTED, "not for 2 of 2 backends, first 10.1.0.1:");
}

static void test_before_the_first_pass(void **state)
{
	struct made made;

	(void)state;
	made_open(&made);
	conditions_client_address(&made.entry, NULL, &made.said);
	assert_int_equal(made.said.reason, EZLB_REASON_PENDING);
	ezlb_pass_result_clear(&made.result);
	ezlb_spec_free(made.spec);
}

static void test_a_host_that_cannot(void **state)
{
	struct made made;

	(void)state;
	made_open(&made);
	ezlb_strcpy(made.result.found.actual.toa_problem, EZLB_TOA_PROBLEM_STRLEN,
		    "this kernel has no BTF");
	add_hook(&made, "eth1", -EIO);
	assert_said(&made, EZLB_REASON_UNSUPPORTED, "this kernel has no BTF");

	made_open(&made);
	ezlb_err_set(&made.result.found.errs.layer[EZLB_LAYER_TOA], EIO, "no answer");
	assert_said(&made, EZLB_REASON_UNREADABLE, "no answer");
}

static void test_ops_that_failed(void **state)
{
	struct ezlb_op *op;
	struct made made;

	(void)state;
	made_open(&made);
	add_op(&made, EZLB_OP_TOA_SETUP, -EPERM);
	assert_said(&made, EZLB_REASON_FAILED, "tc program for client addresses");

	made_open(&made);
	add_op(&made, EZLB_OP_TOA_SETUP, -EPERM);
	ezlb_err_set(&made.result.outcome.errs.layer[EZLB_LAYER_TOA], EPERM, "needs CAP_BPF");
	assert_said(&made, EZLB_REASON_FAILED, "needs CAP_BPF");

	made_open(&made);
	op = add_op(&made, EZLB_OP_TOA_ADD, EZLB_HELD);
	op->toa.service = made.spec->listeners[0].key;
	assert_said(&made, EZLB_REASON_HELD, "10.0.0.1:80");

	/* One that failed says more than one that waits. */
	made_open(&made);
	op = add_op(&made, EZLB_OP_TOA_ADD, EZLB_HELD);
	op->toa.service = made.spec->listeners[0].key;
	add_hook(&made, "eth2", -ENODEV);
	assert_said(&made, EZLB_REASON_FAILED, "eth2");
}

static void test_a_route_with_two_interfaces(void **state)
{
	static const char *const devices[] = { "eth0", "eth1", "eth4" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct made made;

		made_open(&made);
		add_route(&made, "10.1.0.1", "eth0");
		add_route(&made, "10.1.0.1", "eth4");
		ezlb_table_sort(&made.result.found.actual);
		add_hook(&made, devices[i], -EBUSY);
		assert_said(&made, EZLB_REASON_FAILED, devices[i]);
	}
}

/* The old qdisc ingress: nothing is tried there, and the other interfaces have the program. */
static void test_ingress(void **state)
{
	struct made made;

	(void)state;
	made_open(&made);
	made.result.found.actual.routes.items[1].ingress = true;
	assert_said(&made, EZLB_REASON_UNSUPPORTED, "the interface eth2 has the qdisc ingress");

	/* One of two ways to a backend. */
	made_open(&made);
	add_route(&made, "10.2.0.1", "eth3")->ingress = true;
	assert_said(&made, EZLB_REASON_UNSUPPORTED, "eth3");

	for (int i = 2; i <= 4; i++) {
		char device[8] = "eth";

		device[3] = (char)('0' + i);
		made_open(&made);
		add_route(&made, "10.2.0.1", "eth3");
		add_route(&made, "10.2.0.1", "eth4");
		add_hook(&made, device, -ENODEV);
		assert_said(&made, EZLB_REASON_FAILED, device);
	}

	made_open(&made);
	made.result.found.actual.routes.items[1].ingress = true;
	add_hook(&made, "eth1", -ENODEV);
	assert_said(&made, EZLB_REASON_FAILED, "eth1");

	made_open(&made);
	add_route(&made, "10.3.0.1", "eth3")->ingress = true;
	assert_said(&made, EZLB_REASON_ADDED, "");
}

static void test_ops_of_others(void **state)
{
	struct ezlb_op *op;
	struct made made;

	(void)state;
	made_open(&made);
	add_hook(&made, "eth3", -ENODEV); /* no backend of this service is there */
	op = add_op(&made, EZLB_OP_TOA_ADD, -EIO);
	op->toa.service = made.spec->listeners[0].key;
	op->toa.service.listen.port++;
	add_op(&made, EZLB_OP_TOA_TEARDOWN, -EIO);
	assert_said(&made, EZLB_REASON_ADDED, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_depends_on_the_file),
		cmocka_unit_test(test_backends_without_an_interface),
		cmocka_unit_test(test_before_the_first_pass),
		cmocka_unit_test(test_a_host_that_cannot),
		cmocka_unit_test(test_ops_that_failed),
		cmocka_unit_test(test_a_route_with_two_interfaces),
		cmocka_unit_test(test_ops_of_others),
		cmocka_unit_test(test_ingress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
