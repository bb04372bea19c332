// SPDX-License-Identifier: GPL-2.0-or-later
/* At which addresses target wants only services to answer, and when the ops about that come. */
#include "cm.h"

#include <errno.h>
#include <sys/socket.h>

#include <ezlb/op_text.h>
#include <ezlb/reconcile.h>

#include "specs.h"
#include "tables.h"

#define WEB    "web tcp 10.0.0.1:80 10.1.0.1:80"
#define OTHER  "other tcp 10.0.0.2:80 10.1.0.1:80"
#define SIX    "six udp [fd00::1]:53 [fd01::1]:53"
#define DIRECT "direct tcp 10.0.0.1:81 10.9.0.1:81"
#define HERE   "elsewhere 10.9.0.1\n"

static const struct {
	const char *name;
	const char *files[3];
	enum ezlb_forward forward; /* of the last file */
	bool never, no_device;
	const char *actual, *want;
} cases[] = {
	{ .name = "every address once",
	  .files = { WEB, "b tcp 10.0.0.1:81", SIX },
	  .want = "guard 10.0.0.1\nguard fd00::1\n" },
	{ .name = "with --vip-guard never none", .files = { WEB }, .never = true, .want = "" },
	{ .name = "without --vip-device none", .files = { WEB }, .no_device = true, .want = "" },
	{ .name = "not one on a link of somebody else",
	  .files = { WEB, OTHER },
	  .actual = "elsewhere 10.0.0.1\n",
	  .want = "guard 10.0.0.2\n" },
	{ .name = "not one that is on both",
	  .files = { WEB, OTHER },
	  .actual = "elsewhere 10.0.0.1\nlink ezlb0\nvip ezlb0 10.0.0.1\n",
	  .want = "guard 10.0.0.2\n" },
	{ .name = "one with a backend on another host",
	  .files = { OTHER, DIRECT },
	  .forward = EZLB_DIRECT,
	  .want = "guard 10.0.0.1\nguard 10.0.0.2\n" },
	{ .name = "not one with a backend here that gets its packets",
	  .files = { OTHER, DIRECT },
	  .forward = EZLB_DIRECT,
	  .actual = HERE,
	  .want = "guard 10.0.0.2\n" },
	{ .name = "the same by a tunnel",
	  .files = { OTHER, DIRECT },
	  .forward = EZLB_TUNNEL,
	  .actual = HERE,
	  .want = "guard 10.0.0.2\n" },
	{ .name = "one whose backend here gets packets with its own address",
	  .files = { OTHER, DIRECT },
	  .actual = HERE,
	  .want = "guard 10.0.0.1\nguard 10.0.0.2\n" },
	{ .name = "not one that is a backend",
	  .files = { WEB, "b tcp 10.0.0.2:80 10.0.0.1:8080" },
	  .want = "guard 10.0.0.2\n" },
	{ .name = "none of the family, where a mark has a backend here",
	  .files = { WEB, SIX, "m mark 7 10.9.0.1:80" },
	  .forward = EZLB_DIRECT,
	  .actual = HERE,
	  .want = "guard fd00::1\n" },
};

static struct ezlb_table target_of(size_t n, struct ezlb_spec *specs[3],
				   const struct ezlb_table *actual)
{
	struct ezlb_policy policy = { .vip_device = "ezlb0", .guard = !cases[n].never };
	const struct ezlb_roster roster = { .due_ms = UINT64_MAX };
	struct ezlb_table target = { .snat_wanted = false };
	struct ezlb_desired desired = { 0 };

	if (cases[n].no_device)
		policy.vip_device[0] = '\0';
	for (size_t i = 0; i < 3 && cases[n].files[i]; i++) {
		specs[i] = spec_of("x.yaml", cases[n].files[i]);
		*EZLB_PUSH(&desired) = specs[i];
		if (i == 2 || !cases[n].files[i + 1])
			specs[i]->forward = cases[n].forward;
	}
	ezlb_reconcile_target(&desired, &roster, actual, &policy, &target);
	EZLB_VEC_CLEAR(&desired);
	return target;
}

static char *guards_of(const struct ezlb_table *table)
{
	char *out = ezlb_strdup(""), addr[EZLB_ADDR_STRLEN];

	for (size_t i = 0; i < table->guards.len; i++) {
		char *more = ezlb_asprintf("%sguard %s\n", out,
					   ezlb_addr_format(&table->guards.items[i].addr, addr));

		free(out);
		out = more;
	}
	return out;
}

static void test_target(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_table actual = table_of(cases[i].actual), target;
		struct ezlb_spec *specs[3] = { NULL };
		EZLB_AUTO_FREE char *got = NULL;

		target = target_of(i, specs, &actual);
		got = guards_of(&target);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n%s", cases[i].name, got);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
		for (size_t k = 0; k < 3; k++)
			ezlb_spec_free(specs[k]);
	}
}

/* --- services that stay for a refused file --------------------------------------------------- */

static void test_kept(void **state)
{
	static const struct {
		const char *target, *want;
		bool never;
	} keeps[] = {
		{ NULL, "guard 10.0.0.1\n", false },
		{ NULL, "", true },
		{ "service tcp 10.0.0.1:81 rr\n", "", false }, /* its file decides */
	};
	struct ezlb_table actual = table_of("service tcp 10.0.0.1:80 rr\nlink ezlb0\n"
					    "vip ezlb0 10.0.0.1\nguard 10.0.0.1\nguard 10.0.0.2\n");
	struct ezlb_scope keep = { 0 };

	(void)state;
	*EZLB_PUSH(&keep) = key_of("tcp", "10.0.0.1:80");
	for (size_t i = 0; i < COUNT_OF(keeps); i++) {
		const struct ezlb_policy policy = { .vip_device = "ezlb0",
						    .guard = !keeps[i].never };
		struct ezlb_table target = table_of(keeps[i].target);
		EZLB_AUTO_FREE char *got = NULL;

		ezlb_reconcile_keep(&keep, &actual, &policy, &target);
		got = guards_of(&target);
		assert_string_equal(got, keeps[i].want);
		ezlb_table_clear(&target);
	}
	EZLB_VEC_CLEAR(&keep);
	ezlb_table_clear(&actual);
}

/* --- the order ------------------------------------------------------------------------------- */

#define ADDR	"link ezlb0\nvip ezlb0 10.0.0.1\n"
#define SERVICE "service tcp 10.0.0.1:80 rr\n"
#define DEST	SERVICE "dest tcp 10.0.0.1:80 10.9.0.1:80 1\n"

/* Dests are of another forwarding method than masq. */
static const struct {
	const char *name, *target, *actual, *want;
} orders[] = {
	{ "before the address", SERVICE ADDR "guard 10.0.0.1\n", NULL,
	  "link-add guard-add service-add vip-add " },
	{ "after the address", NULL, SERVICE ADDR "guard 10.0.0.1\n",
	  "vip-del service-del guard-del link-del " },
	{ "before a dest that it would stop", DEST ADDR HERE, SERVICE ADDR HERE "guard 10.0.0.1\n",
	  "guard-del dest-add " },
	{ "after such a dest", SERVICE ADDR HERE "guard 10.0.0.1\n", DEST ADDR HERE,
	  "dest-del guard-add " },
	{ "for a dest on another host it does not matter", DEST ADDR "guard 10.0.0.1\n",
	  SERVICE ADDR, "guard-add dest-add " },
	{ "a broken table at once", SERVICE ADDR "guard 10.0.0.1\n", SERVICE ADDR "guard other\n",
	  "guard-add guard-del " },
};

static void set_forward(struct ezlb_table *table)
{
	for (size_t i = 0; i < table->dests.len; i++)
		table->dests.items[i].forward = EZLB_DIRECT;
}

static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		struct ezlb_table target = table_of(orders[i].target);
		struct ezlb_table actual = table_of(orders[i].actual);
		struct ezlb_plan plan = { 0 };
		char got[256] = "";

		set_forward(&target);
		set_forward(&actual);
		ezlb_reconcile_diff(&target, &actual, &plan);
		for (size_t k = 0; k < plan.len; k++)
			ezlb_strcatf(got, sizeof(got), "%s ", ezlb_op_kind_str(plan.items[k].kind));
		if (strcmp(got, orders[i].want) != 0)
			fail_msg("%s: %s", orders[i].name, got);
		ezlb_plan_clear(&plan);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
}

/* --- when something fails -------------------------------------------------------------------- */

/* Of the tables with that number above; the ops of the kind fail. */
static const struct {
	size_t order;
	enum ezlb_op_kind kind;
	const char *want;
} fails[] = {
	/* Services go on without a guard. */
	{ 0, EZLB_OP_GUARD_ADD,
	  "link-add done, guard-add failed, service-add done, vip-add done, " },
	{ 1, EZLB_OP_VIP_DEL, "vip-del failed, service-del done, guard-del held, link-del done, " },
	{ 2, EZLB_OP_GUARD_DEL, "guard-del failed, dest-add held, " },
	{ 3, EZLB_OP_DEST_DEL, "dest-del failed, guard-add held, " },
	{ 4, EZLB_OP_GUARD_ADD, "guard-add failed, dest-add done, " },
};

static enum ezlb_op_kind failing;

static int apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
		 struct ezlb_err *err)
{
	(void)layer;
	(void)err;
	for (size_t i = 0; i < n; i++)
		ops[i]->rc = ops[i]->kind == failing ? -EIO : 0;
	return 0;
}

static const char *what(int rc)
{
	return rc == 0 ? "done" : rc == EZLB_HELD ? "held" : "failed";
}

static void test_failures(void **state)
{
	struct ezlb_layer layer = { .apply = apply };
	struct ezlb_dataplane dp;

	(void)state;
	for (int i = 0; i < EZLB_LAYERS; i++)
		dp.layer[i] = &layer;
	for (size_t i = 0; i < COUNT_OF(fails); i++) {
		struct ezlb_table target = table_of(orders[fails[i].order].target);
		struct ezlb_table actual = table_of(orders[fails[i].order].actual);
		struct ezlb_layer_errs errs = { 0 };
		struct ezlb_plan plan = { 0 };
		char got[256] = "";

		set_forward(&target);
		set_forward(&actual);
		failing = fails[i].kind;
		ezlb_reconcile_diff(&target, &actual, &plan);
		assert_false(ezlb_reconcile_apply(&dp, &plan, &errs));
		for (size_t k = 0; k < plan.len; k++)
			ezlb_strcatf(got, sizeof(got), "%s %s, ",
				     ezlb_op_kind_str(plan.items[k].kind), what(plan.items[k].rc));
		assert_string_equal(got, fails[i].want);
		ezlb_plan_clear(&plan);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
