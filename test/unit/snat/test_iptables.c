// SPDX-License-Identifier: GPL-2.0-or-later
/* The layer over a fake libiptc: what it reads and writes. */
#include "world.h"

static void kernel_put(const char *name, const char *text)
{
	lib_put(&fake, name, text);
}

static void assert_unsound(void)
{
	struct ezlb_table table = { .snat_sound = true };

	assert_int_equal(layer->list(layer, NULL, &table, NULL), 0);
	assert_true(table.snat_present);
	assert_false(table.snat_sound);
	ezlb_table_clear(&table);
}

static void test_life(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	kernel_put("POSTROUTING", "f");
	assert_listed(false, false, 0);
	assert_int_equal(APPLY(&err, SETUP, ADD(1, 0), ADD(2, 7)), 0);
	assert_string_equal(kernel_text("POSTROUTING"), "J f");
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "1>0 2>7");
	assert_listed(true, true, 2);
	assert_int_equal(APPLY(&err, SET(1, 8), ADD(3, 7), DEL(2)), 0);
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "1>8 3>7");
	assert_int_equal(fake.commits, 2);
	assert_int_equal(APPLY(&err, TEARDOWN), 0);
	assert_string_equal(kernel_text("POSTROUTING"), "f");
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "-");
	assert_listed(false, false, 0);
	assert_int_equal(err.code, 0);
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 0)), 0);
	assert_int_equal(fake.commits, 1);
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 0), SET(1, 0), DEL(9)), 0);
	assert_int_equal(fake.commits, 1);
	assert_int_equal(layer->apply(layer, NULL, 0, NULL), 0);
	assert_int_equal(APPLY(NULL, TEARDOWN), 0);
	assert_int_equal(APPLY(NULL, TEARDOWN, DEL(1)), 0);
	assert_int_equal(fake.commits, 2);
}

static void test_table_not_loaded(void **state)
{
	static const char *const names[] = { "", "filter\n", "nat2\nmangle\n", "xnat\n", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i])
			put_file(tables, names[i]);
		else
			assert_int_equal(remove(tables), 0);
		assert_listed(false, false, 0);
		assert_int_equal(APPLY(NULL, DEL(1), TEARDOWN), 0);
		assert_int_equal(rcs[0], 0);
		assert_int_equal(fake.inits, 0);
	}
	put_file(tables, "");
	assert_int_equal(APPLY(NULL, SETUP), 0);
	assert_string_equal(kernel_text("POSTROUTING"), "J");
}

/* What somebody did to our frame; each is unsound, and SETUP mends it in one commit. */
static void test_mend(void **state)
{
	static const struct {
		const char *name, *post, *other, *chain, *want_post, *want_chain;
	} cases[] = {
		{ "no jump", "f", "f", "1>0", "J f", "1>0" },
		{ "jump twice", "J f J", "f", "1>0", "J f", "1>0" },
		{ "one with a condition", "j J f", "f", "1>0", "J f", "1>0" },
		{ "only one with a condition", "j f", "f", "1>0", "J f", "1>0" },
		{ "a goto", "f J g", "f", "1>0", "f J", "1>0" },
		{ "elsewhere too", "f J", "J f j", "1>0", "f J", "1>0" },
		{ "elsewhere only", "f f", "f J", "1>0", "J f f", "1>0" },
		{ "stranger first", "J", "f", "f 1>0 2>5", "J", "1>0 2>5" },
		{ "stranger last", "J", "f", "1>0 2>5 f", "J", "1>0 2>5" },
		{ "duplicate", "J", "f", "1>0 2>5 1>7", "J", "1>0 2>5" },
		{ "all of it", "f j g f J J", "g f", "f 1>0 f 2>5 1>0 f", "f f J", "1>0 2>5" },
		{ "an empty chain alone", "", "f", "", "J", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_clear(&fake.kernel);
		kernel_put("PREROUTING", "");
		kernel_put("POSTROUTING", cases[i].post);
		kernel_put("OTHER", cases[i].other);
		kernel_put(EZLB_SNAT_CHAIN, cases[i].chain);
		fake.commits = 0;
		print_message("%s\n", cases[i].name);
		assert_unsound();
		assert_int_equal(APPLY(NULL, SETUP), 0);
		assert_int_equal(fake.commits, 1);
		assert_string_equal(kernel_text("OTHER"), "f");
		assert_string_equal(kernel_text("POSTROUTING"), cases[i].want_post);
		assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), cases[i].want_chain);
		assert_int_equal(APPLY(NULL, SETUP), 0);
		assert_int_equal(fake.commits, 1);
	}
}

static struct xt_counters *kernel_counters(size_t i)
{
	struct ezlb_xt_entry *rule = &fake_chain(&fake.kernel, EZLB_SNAT_CHAIN)->rules.items[i];

	return &((struct ipt_entry *)(void *)rule->bytes)->counters;
}

/* A rule that has to be written again because one before it went keeps what it has counted. */
static void test_counters(void **state)
{
	(void)state;
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 0), ADD(2, 0)), 0);
	*kernel_counters(1) = (struct xt_counters){ .pcnt = 7, .bcnt = 420 };
	assert_int_equal(APPLY(NULL, DEL(1)), 0);
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "2>0");
	assert_int_equal(kernel_counters(0)->pcnt, 7);
	assert_int_equal(kernel_counters(0)->bcnt, 420);
}

/* They are told as connections, and no reason to write; a new value goes on from there. */
static void test_connections(void **state)
{
	struct ezlb_table table = { .snat_wanted = true };

	(void)state;
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 0)), 0);
	*kernel_counters(0) = (struct xt_counters){ .pcnt = 7, .bcnt = 420 };
	assert_int_equal(layer->list(layer, NULL, &table, NULL), 0);
	assert_int_equal(table.snats.items[0].connections, 7);
	ezlb_table_clear(&table);
	assert_int_equal(APPLY(NULL, SET(1, 0)), 0);
	assert_int_equal(fake.commits, 1);
	assert_int_equal(APPLY(NULL, SET(1, 5)), 0);
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "1>5");
	assert_int_equal(kernel_counters(0)->pcnt, 7);
	assert_int_equal(kernel_counters(0)->bcnt, 420);
}

/* The rules of an earlier ezlb give way in the commit that brings the new ones. */
static void test_old_rules(void **state)
{
	static const size_t flags_at = 112 + 48 + 32 + 4; /* entry, match, target, rangesize */
	struct fake_chain *chain;

	(void)state;
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 5), ADD(2, 0)), 0);
	chain = fake_chain(&fake.kernel, EZLB_SNAT_CHAIN);
	for (size_t i = 0; i < chain->rules.len; i++) {
		assert_true(chain->rules.items[i].bytes[flags_at] &
			    NF_NAT_RANGE_PROTO_RANDOM_FULLY);
		chain->rules.items[i].bytes[flags_at] &= NF_NAT_RANGE_MAP_IPS;
	}
	assert_unsound();
	assert_listed(true, false, 0);
	fake.commits = 0;
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 5), ADD(2, 0)), 0);
	assert_int_equal(fake.commits, 1);
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "1>5 2>0");
	assert_listed(true, true, 2);
}

/* A rule that another program put before our jump is no reason to move it. */
static void test_jump_stays(void **state)
{
	(void)state;
	kernel_put(EZLB_SNAT_CHAIN, "1>0");
	kernel_put("POSTROUTING", "f J");
	assert_listed(true, true, 1);
	assert_int_equal(APPLY(NULL, SETUP, ADD(2, 0)), 0);
	assert_string_equal(kernel_text("POSTROUTING"), "f J");
}

/* "Done" means in effect: an add into a chain that nothing leads to mends that too. */
static void test_add_mends(void **state)
{
	(void)state;
	kernel_put(EZLB_SNAT_CHAIN, "");
	assert_int_equal(APPLY(NULL, ADD(1, 0)), 0);
	assert_string_equal(kernel_text("POSTROUTING"), "J");
}

static void test_teardown_everywhere(void **state)
{
	(void)state;
	kernel_put(EZLB_SNAT_CHAIN, "1>0 f");
	kernel_put("PREROUTING", "J");
	kernel_put("POSTROUTING", "j f J g J");
	assert_int_equal(APPLY(NULL, TEARDOWN), 0);
	assert_string_equal(kernel_text("PREROUTING"), "");
	assert_string_equal(kernel_text("POSTROUTING"), "f");
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "-");
}

static void test_has_chain(void **state)
{
	(void)state;
	assert_false(ezlb_snat_has_chain(tables, "KUBE-"));
	kernel_put("XKUBE-SERVICES", "");
	kernel_put("KUBE", "");
	assert_false(ezlb_snat_has_chain(tables, "KUBE-"));
	kernel_put("KUBE-SERVICES", "");
	assert_true(ezlb_snat_has_chain(tables, "KUBE-"));
	assert_false(ezlb_snat_has_chain(tables, "KUBE-SERVICES-"));

	fake.init_error = EPERM;
	assert_false(ezlb_snat_has_chain(tables, "KUBE-"));
	fake.init_error = 0;
	fake.inits = 0;
	put_file(tables, "filter\n");
	assert_false(ezlb_snat_has_chain(tables, "KUBE-"));
	assert_false(ezlb_snat_has_chain(dir, "KUBE-")); /* cannot be read */
	assert_int_equal(fake.inits, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life),
		TEST(test_nothing_to_do),
		TEST(test_table_not_loaded),
		TEST(test_mend),
		TEST(test_counters),
		TEST(test_connections),
		TEST(test_old_rules),
		TEST(test_jump_stays),
		TEST(test_add_mends),
		TEST(test_teardown_everywhere),
		TEST(test_has_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
