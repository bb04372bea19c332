// SPDX-License-Identifier: GPL-2.0-or-later
/* Client addresses: what is wanted, what stays, and what is drift. */
#include "cm.h"

#include <ezlb/reconcile.h>

#include "specs.h"
#include "tables.h"

#define SPECS 3
#define WEB   "web tcp 10.0.0.1:80 snat=masq toa 10.1.0.1:80 10.1.0.2:80"
#define API   "api tcp 10.0.0.2:80 snat=masq 10.1.0.3:80"
#define ROUTES \
	"route 10.1.0.1 eth1\nroute 10.1.0.2 eth1\nroute 10.1.0.3 eth2 qdisc\nroute 10.9.9.9 eth9\n"

struct set {
	struct ezlb_spec *specs[SPECS];
	struct ezlb_desired desired;
};

static struct set set_of(const char *const specs[SPECS])
{
	struct set set = { .desired = { 0 } };

	for (int i = 0; i < SPECS; i++) {
		set.specs[i] = spec_of("f", specs[i]);
		if (set.specs[i])
			*EZLB_PUSH(&set.desired) = set.specs[i];
	}
	return set;
}

static void set_clear(struct set *set)
{
	for (int i = 0; i < SPECS; i++)
		ezlb_spec_free(set->specs[i]);
	EZLB_VEC_CLEAR(&set->desired);
}

/* Only what belongs to TOA. */
static void check_text(const char *name, const struct ezlb_table *table, const char *want)
{
	char got[2048] = "";
	FILE *f = fmemopen(got, sizeof(got), "w");

	print_toa(f, table);
	fclose(f);
	if (strcmp(got, want) != 0)
		fail_msg("%s:\n%s", name, got);
}

/* --- target -------------------------------------------------------------------------------- */

static const struct {
	const char *name, *specs[SPECS], *actual, *want;
} targets[] = {
	{ "nobody asks", { API }, ROUTES, "" },
	{ "one asks: the others let no forged option pass, and all interfaces have the program",
	  { WEB, API },
	  ROUTES,
	  "toa tcp 10.0.0.1:80 add 254\ntoa tcp 10.0.0.2:80 strip\n"
	  "hook eth1 qdisc\nhook eth2\ntoa-wanted\n" },
	{ "the kind for IPv6",
	  { "web tcp 10.0.0.1:80 snat=masq toa=253 10.1.0.1:80" },
	  ROUTES,
	  "toa tcp 10.0.0.1:80 add 253\nhook eth1 qdisc\ntoa-wanted\n" },
	{ "services without source NAT have nothing to do with it",
	  { WEB, "nat tcp 10.0.0.2:80 10.1.0.3:80" },
	  ROUTES,
	  "toa tcp 10.0.0.1:80 add 254\nhook eth1 qdisc\ntoa-wanted\n" },
	{ "nor other protocols, also of the same file",
	  { "web tcp 10.0.0.1:80 snat=masq toa +udp/10.0.0.1:80 +tcp/10.0.0.1:81 10.1.0.1:80",
	    "dns udp 10.0.0.2:53 snat=masq 10.1.0.3:53" },
	  ROUTES,
	  "toa tcp 10.0.0.1:80 add 254\ntoa tcp 10.0.0.1:81 add 254\nhook eth1 qdisc\n"
	  "toa-wanted\n" },
	{ "a mark takes TCP too; a range has its protocol",
	  { WEB, "m mark 7 snat=masq 10.1.0.3:80",
	    "r tcp 10.0.0.3:20-30 snat=masq +udp/10.0.0.3:40-50" },
	  ROUTES,
	  "toa tcp 10.0.0.1:80 add 254\ntoa fwmark 7 strip\ntoa fwmark 20 strip\n"
	  "hook eth1 qdisc\nhook eth2\ntoa-wanted\n" },
	{ "a file that asks without source NAT or TCP does not count",
	  { "web tcp 10.0.0.1:80 toa 10.1.0.1:80", API,
	    "dns udp 10.0.0.2:53 snat=masq toa 10.1.0.3:53" },
	  ROUTES,
	  "" },
	{ "a backend without a route has no hook, and its service has its row",
	  { WEB },
	  "route 10.1.0.2 eth3\n",
	  "toa tcp 10.0.0.1:80 add 254\nhook eth3 qdisc\ntoa-wanted\n" },
	{ "an interface with the qdisc ingress can have none, and the others do",
	  { WEB },
	  "route 10.1.0.1 eth1 ingress\nroute 10.1.0.2 eth2\n",
	  "toa tcp 10.0.0.1:80 add 254\nhook eth2 qdisc\ntoa-wanted\n" },
	{ "the host cannot do it: nothing is wanted", { WEB, API }, ROUTES "toa-problem\n", "" },
	{ "and what there is stays",
	  { WEB, API },
	  ROUTES "toa-problem\ntoa tcp 10.0.0.9:80 add 253\nhook eth0\ntoa-present\n",
	  "toa tcp 10.0.0.9:80 add 253\nhook eth0\ntoa-wanted\n" },
	{ "unless nobody asks any more",
	  { API },
	  "toa-problem\ntoa tcp 10.0.0.9:80 add 253\nhook eth0\ntoa-present\n",
	  "" },
};

static void test_target(void **state)
{
	const struct ezlb_roster roster = { .due_ms = UINT64_MAX };
	const struct ezlb_policy policy = { .snat_key = EZLB_SNAT_KEY_LISTENER };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		struct ezlb_table actual = table_of(targets[i].actual);
		struct ezlb_table target = { .snat_wanted = false };
		struct set set = set_of(targets[i].specs);

		ezlb_reconcile_target(&set.desired, &roster, &actual, &policy, &target);
		check_text(targets[i].name, &target, targets[i].want);
		ezlb_table_clear(&actual);
		ezlb_table_clear(&target);
		set_clear(&set);
	}
}

static const struct {
	const char *specs[SPECS], *want;
} towards[] = {
	{ { API }, "" },
	{ { WEB }, "10.1.0.1 10.1.0.2 " },
	{ { API, "web tcp 10.0.0.1:80 snat=masq toa 10.1.0.3:81 10.1.0.3:82 10.1.0.1:80" },
	  "10.1.0.1 10.1.0.3 " },
	{ { WEB, "nat tcp 10.0.0.2:80 10.1.0.9:80", "dns udp 10.0.0.2:53 snat=masq 10.1.0.8:53" },
	  "10.1.0.1 10.1.0.2 " },
};

static void test_towards(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(towards); i++) {
		struct set set = set_of(towards[i].specs);
		struct ezlb_addrs out = { 0 };
		char got[256] = "", addr[EZLB_ADDR_STRLEN];

		ezlb_reconcile_towards(&set.desired, &out);
		for (size_t k = 0; k < out.len; k++)
			strcat(strcat(got, ezlb_addr_format(&out.items[k], addr)), " ");
		assert_string_equal(got, towards[i].want);
		EZLB_VEC_CLEAR(&out);
		set_clear(&set);
	}
}

/* --- services of refused files ------------------------------------------------------------- */

/* 10.0.0.1:80 stays. */
static const struct {
	const char *name, *target, *actual, *want;
} keeps[] = {
	{ "it has no row", "", "toa tcp 10.0.0.2:80 add 254\nhook eth1\ntoa-sound\n", "" },
	{ "its row and all hooks stay", "",
	  "toa tcp 10.0.0.1:80 add 254\ntoa tcp 10.0.0.2:80 strip\nhook eth1\nhook eth2\n"
	  "toa-sound\n",
	  "toa tcp 10.0.0.1:80 add 254\nhook eth1\nhook eth2\ntoa-wanted\n" },
	{ "so the others are still not to be trusted",
	  "dest tcp 10.0.0.2:80 10.1.0.3:80 1 full_nat\n"
	  "dest tcp 10.0.0.2:80 10.1.0.4:80 1 full_nat\ndest fwmark 7 10.1.0.3:80 1 full_nat\n"
	  "dest tcp 10.0.0.3:80 10.1.0.3:80 1\ndest udp 10.0.0.4:80 10.1.0.3:80 1 full_nat\n",
	  "toa tcp 10.0.0.1:80 add 253\nhook eth1\ntoa-sound\n",
	  "toa tcp 10.0.0.1:80 add 253\ntoa tcp 10.0.0.2:80 strip\ntoa fwmark 7 strip\nhook eth1\n"
	  "toa-wanted\n" },
	{ "unless it did not ask itself", "dest tcp 10.0.0.2:80 10.1.0.3:80 1 full_nat\n",
	  "toa tcp 10.0.0.1:80 strip\nhook eth1\ntoa-sound\n",
	  "toa tcp 10.0.0.1:80 strip\nhook eth1\ntoa-wanted\n" },
	{ "what target has is there once",
	  "toa tcp 10.0.0.2:80 add 254\nhook eth1\nhook eth2 qdisc\ntoa-wanted\n"
	  "dest tcp 10.0.0.2:80 10.1.0.3:80 1 full_nat\n",
	  "toa tcp 10.0.0.1:80 add 254\ntoa tcp 10.0.0.2:80 strip\nhook eth0\nhook eth1\n"
	  "toa-sound\n",
	  "toa tcp 10.0.0.1:80 add 254\ntoa tcp 10.0.0.2:80 add 254\nhook eth0\nhook eth1\n"
	  "hook eth2 qdisc\ntoa-wanted\n" },
};

static void test_keep(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(keeps); i++) {
		struct ezlb_table target = table_of(keeps[i].target);
		struct ezlb_table actual = table_of(keeps[i].actual);
		struct ezlb_service_key stays = key_of("tcp", "10.0.0.1:80");
		const struct ezlb_scope keep = { &stays, 1, 1 };
		const struct ezlb_policy policy = { .firewall = false };

		ezlb_reconcile_keep(&keep, &actual, &policy, &target);
		check_text(keeps[i].name, &target, keeps[i].want);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
}

/* --- ops ----------------------------------------------------------------------------------- */

static void check_ops(const char *name, const struct ezlb_plan *plan, const char *want)
{
	char got[4096] = "", line[EZLB_OP_STRLEN];

	for (size_t k = 0; k < plan->len; k++)
		strcat(strcat(got, ezlb_op_format(&plan->items[k], line)), "\n");
	if (strcmp(got, want) != 0)
		fail_msg("%s:\n%s", name, got);
}

#define SETUP	 "toa-setup tc program for client addresses\n"
#define TEARDOWN "toa-teardown tc program for client addresses\n"
#define A	 "toa tcp 10.0.0.1:80 add 254\n"
#define B	 "toa tcp 10.0.0.2:80 strip\n"

static const struct {
	const char *name, *target, *actual, *want;
} diffs[] = {
	{ "all of it, before services and after marks",
	  A B "hook eth1 qdisc\ntoa-wanted\nservice tcp 10.0.0.1:80 wrr\nwanted\n", "",
	  "snat-setup chain EZLB-SNAT and the jump to it\n" SETUP
	  "toa-add tcp 10.0.0.1:80 mode add\ntoa-add tcp 10.0.0.2:80 mode strip\n"
	  "hook-add eth1\nservice-add tcp 10.0.0.1:80 scheduler wrr\n" },
	{ "nothing has changed", A B "hook eth1 qdisc\ntoa-wanted\n", A B "hook eth1\ntoa-sound\n",
	  "" },
	{ "another mode, another kind, and a service that goes",
	  "toa tcp 10.0.0.1:80 add 253\ntoa tcp 10.0.0.2:80 add 254\ntoa-wanted\n",
	  A B "toa tcp 10.0.0.3:80 strip\ntoa-sound\n",
	  "toa-set tcp 10.0.0.1:80 mode add toa_ipv6_kind 253 (was 254)\n"
	  "toa-set tcp 10.0.0.2:80 mode add (was strip)\n"
	  "toa-del tcp 10.0.0.3:80\n" },
	{ "the kind of who only strips does not matter", "toa tcp 10.0.0.2:80 strip\ntoa-wanted\n",
	  "toa tcp 10.0.0.2:80 strip 253\ntoa-sound\n", "" },
	{ "all of it goes, after services and before rules", "",
	  A "hook eth1\nhook eth2\ntoa-sound\nservice tcp 10.0.0.1:80 wrr\nsound\n",
	  "service-del tcp 10.0.0.1:80\n"
	  "toa-del tcp 10.0.0.1:80\nhook-del eth1\nhook-del eth2\n" TEARDOWN
	  "snat-teardown chain EZLB-SNAT and the jump to it\n" },
	{ "an old program is replaced", "toa-wanted\n", "toa-present\n", SETUP },
	{ "but not where it cannot be", "toa-wanted\n", "toa-present\ntoa-problem\n", "" },
};

static void test_diff(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(diffs); i++) {
		struct ezlb_table target = table_of(diffs[i].target);
		struct ezlb_table actual = table_of(diffs[i].actual);
		struct ezlb_plan plan = { 0 };

		ezlb_reconcile_diff(&target, &actual, &plan);
		check_ops(diffs[i].name, &plan, diffs[i].want);
		for (size_t k = 0; k < plan.len; k++)
			if (plan.items[k].kind == EZLB_OP_HOOK_ADD)
				assert_true(plan.items[k].hook.qdisc);
		ezlb_plan_clear(&plan);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
}

#define LEFT A B "hook eth1\nhook eth2\nroute 10.1.0.1 eth1\nroute 10.1.0.3 eth2\n"
#define ON   "toa-sound\ntoa-wanted\n"

static const struct {
	const char *name, *left, *actual, *want;
} drifts[] = {
	{ "nothing has changed", LEFT ON, LEFT ON, "" },
	{ "rows", LEFT ON,
	  "toa tcp 10.0.0.1:80 strip\nhook eth1\nhook eth2\nroute 10.1.0.1 eth1\ntoa-sound\n"
	  "route 10.1.0.3 eth2\n",
	  "toa-set tcp 10.0.0.1:80 mode strip (was add)\ntoa-del tcp 10.0.0.2:80\n" },
	{ "a hook", LEFT ON, A B "hook eth1\nroute 10.1.0.1 eth1\nroute 10.1.0.3 eth2\ntoa-sound\n",
	  "hook-del eth2\n" },
	{ "a hook on an interface that no route leads to any more is no drift", LEFT ON,
	  A B "hook eth1\nroute 10.1.0.1 eth1\nroute 10.1.0.3 eth3\ntoa-sound\n", "" },
	{ "nor is an interface that has come", LEFT ON,
	  LEFT "hook eth3\nroute 10.1.0.4 eth3\ntoa-sound\n", "" },
	{ "the program is gone: its rows go without saying", LEFT ON,
	  "hook eth1\nhook eth2\nroute 10.1.0.1 eth1\nroute 10.1.0.3 eth2\n", TEARDOWN },
	{ "it is another one", LEFT ON, LEFT "toa-present\n", TEARDOWN },
	{ "with other maps, and on other interfaces", LEFT ON,
	  "hook eth2\nroute 10.1.0.1 eth1\nroute 10.1.0.3 eth2\ntoa-present\n", TEARDOWN },
	{ "which was no news", LEFT "toa-present\ntoa-wanted\n", LEFT "toa-present\n", "" },
	{ "nobody wanted it", LEFT "toa-sound\n", "", "" },
	{ "it cannot be read any more", LEFT ON, "toa-problem\n", "" },
	{ "it could not be read before", "toa-problem\ntoa-wanted\n", LEFT "toa-sound\n", "" },
};

static void test_drift(void **state)
{
	const struct ezlb_scope none = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(drifts); i++) {
		struct ezlb_table left = table_of(drifts[i].left);
		struct ezlb_table actual = table_of(drifts[i].actual);
		struct ezlb_plan drift = { 0 };

		ezlb_reconcile_drift(&left, &actual, &none, &drift);
		check_ops(drifts[i].name, &drift, drifts[i].want);
		ezlb_plan_clear(&drift);
		ezlb_table_clear(&left);
		ezlb_table_clear(&actual);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target), cmocka_unit_test(test_towards),
		cmocka_unit_test(test_keep),   cmocka_unit_test(test_diff),
		cmocka_unit_test(test_drift),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
