// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "flows.h"

static struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static struct ezlb_dest_row dest(enum ezlb_proto proto, const char *listen, const char *backend)
{
	return (struct ezlb_dest_row){ .service = { proto, ep(listen) }, .endpoint = ep(backend) };
}

/* Two services of udp share a backend; one dest is not NATed, and one is tcp. */
static struct ezlb_table kernel(void)
{
	struct ezlb_table table = { .snat_wanted = false };

	*EZLB_PUSH(&table.dests) = dest(EZLB_TCP, "10.0.0.1:53", "10.1.0.1:53");
	*EZLB_PUSH(&table.dests) = dest(EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53");
	*EZLB_PUSH(&table.dests) = dest(EZLB_UDP, "10.0.0.1:53", "10.1.0.2:53");
	*EZLB_PUSH(&table.dests) = dest(EZLB_UDP, "10.0.0.2:53", "10.1.0.1:53");
	*EZLB_PUSH(&table.dests) = dest(EZLB_UDP, "10.0.0.3:53", "10.1.0.1:53");
	table.dests.items[4].forward = EZLB_DIRECT;
	return table;
}

static void add_op(struct ezlb_plan *plan, enum ezlb_op_kind kind, enum ezlb_proto proto,
		   const char *first, const char *second)
{
	struct ezlb_op *op = ezlb_plan_add(plan, kind);

	op->rc = 0;
	if (second)
		op->dest = dest(proto, first, second);
	else
		op->snat = (struct ezlb_snat_row){ .key.proto = proto, .key.endpoint = ep(first) };
}

static struct text flows_text(const struct ezlb_flows *flows)
{
	struct text out = { "" };
	char a[EZLB_ENDPOINT_STRLEN], b[EZLB_ENDPOINT_STRLEN];
	FILE *f = fmemopen(out.s, sizeof(out.s), "w");

	for (size_t i = 0; i < flows->len; i++) {
		assert_int_equal(flows->items[i].proto, EZLB_UDP);
		fprintf(f, "%s%s -> %s", i ? ", " : "",
			ezlb_endpoint_format(&flows->items[i].listen, a),
			ezlb_endpoint_format(&flows->items[i].backend, b));
	}
	fclose(f);
	return out;
}

static const struct {
	const char *name;
	enum ezlb_op_kind kind;
	enum ezlb_proto proto;
	const char *first, *second;
	int rc;
	bool listener; /* the key of a SNAT row is one */
	const char *want;
} rows[] = {
	{ "a dest is gone", EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", 0, false,
	  "10.0.0.1:53 -> 10.1.0.1:53" },
	{ "tcp ends by itself", EZLB_OP_DEST_DEL, EZLB_TCP, "10.0.0.1:53", "10.1.0.1:53", 0, false,
	  "" },
	{ "so does sctp", EZLB_OP_DEST_DEL, EZLB_SCTP, "10.0.0.1:53", "10.1.0.1:53", 0, false, "" },
	{ "it could not be removed", EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", -EIO,
	  false, "" },
	{ "it waits", EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", EZLB_HELD, false,
	  "" },
	{ "a dest is new", EZLB_OP_DEST_ADD, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", 0, false, "" },
	{ "another weight", EZLB_OP_DEST_SET, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53", 0, false,
	  "" },
	{ "a backend's rule is set", EZLB_OP_SNAT_SET, EZLB_UDP, "10.1.0.1:53", NULL, 0, false,
	  "10.0.0.1:53 -> 10.1.0.1:53, 10.0.0.2:53 -> 10.1.0.1:53" },
	{ "a backend's rule is new", EZLB_OP_SNAT_ADD, EZLB_UDP, "10.1.0.2:53", NULL, 0, false,
	  "10.0.0.1:53 -> 10.1.0.2:53" },
	{ "a backend's rule is gone", EZLB_OP_SNAT_DEL, EZLB_UDP, "10.1.0.2:53", NULL, 0, false,
	  "10.0.0.1:53 -> 10.1.0.2:53" },
	{ "a rule of tcp", EZLB_OP_SNAT_SET, EZLB_TCP, "10.1.0.1:53", NULL, 0, false, "" },
	{ "a rule that could not be set", EZLB_OP_SNAT_SET, EZLB_UDP, "10.1.0.1:53", NULL, -EIO,
	  false, "" },
	{ "a rule that no dest has used", EZLB_OP_SNAT_ADD, EZLB_UDP, "10.1.0.9:53", NULL, 0, false,
	  "" },
	{ "a listener's rule", EZLB_OP_SNAT_SET, EZLB_UDP, "10.0.0.1:53", NULL, 0, true,
	  "10.0.0.1:53 -> 10.1.0.1:53, 10.0.0.1:53 -> 10.1.0.2:53" },
	{ "a listener is no backend", EZLB_OP_SNAT_SET, EZLB_UDP, "10.0.0.1:53", NULL, 0, false,
	  "" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_table actual = kernel();
		struct ezlb_plan plan = { 0 };
		struct ezlb_flows flows = { 0 };

		add_op(&plan, rows[i].kind, rows[i].proto, rows[i].first, rows[i].second);
		if (rows[i].listener)
			plan.items[0].snat.key.kind = EZLB_SNAT_KEY_LISTENER;
		plan.items[0].rc = rows[i].rc;
		flows_of(&plan, &actual, &flows);
		if (strcmp(flows_text(&flows).s, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, flows_text(&flows).s);
		EZLB_VEC_CLEAR(&flows);
		ezlb_plan_clear(&plan);
		ezlb_table_clear(&actual);
	}
}

static void test_each_once(void **state)
{
	struct ezlb_table actual = kernel();
	struct ezlb_plan plan = { 0 };
	struct ezlb_flows flows = { 0 };

	(void)state;
	add_op(&plan, EZLB_OP_SNAT_SET, EZLB_UDP, "10.1.0.1:53", NULL);
	add_op(&plan, EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.2:53", "10.1.0.1:53");
	add_op(&plan, EZLB_OP_SNAT_DEL, EZLB_UDP, "10.1.0.1:53", NULL);
	flows_of(&plan, &actual, &flows);
	assert_string_equal(flows_text(&flows).s,
			    "10.0.0.1:53 -> 10.1.0.1:53, 10.0.0.2:53 -> 10.1.0.1:53");
	EZLB_VEC_CLEAR(&flows);
	ezlb_plan_clear(&plan);
	ezlb_table_clear(&actual);
}

static int end_rc;
static struct text ended;

static int end_flows(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err)
{
	ended = flows_text(flows);
	*n = flows->len * 3;
	return end_rc ? ezlb_err_set(err, -end_rc, "no such luck") : 0;
}

static void test_end(void **state)
{
	static const struct {
		int rc, code;
	} ends[] = { { 0, 0 }, { -EPERM, EPERM }, { -ETIMEDOUT, ETIMEDOUT }, { -ENOPROTOOPT, 0 } };
	struct ezlb_pass pass = { .end_flows = NULL };
	struct ezlb_pass_result result = { .outcome = { .flows = 0 } };

	(void)state;
	add_op(&result.plan.ops, EZLB_OP_DEST_DEL, EZLB_UDP, "10.0.0.1:53", "10.1.0.1:53");
	flows_end(&pass, &result.plan.ops, &result.found.actual,
		  &result.outcome); /* there is nothing that could have flows */
	assert_int_equal(result.outcome.flows, 0);
	pass.end_flows = end_flows;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		end_rc = ends[i].rc;
		result.outcome.flows_err.code = 0;
		flows_end(&pass, &result.plan.ops, &result.found.actual, &result.outcome);
		assert_string_equal(ended.s, "10.0.0.1:53 -> 10.1.0.1:53");
		assert_int_equal(result.outcome.flows, 3);
		assert_int_equal(result.outcome.flows_err.code, ends[i].code);
	}
	ezlb_pass_result_clear(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
