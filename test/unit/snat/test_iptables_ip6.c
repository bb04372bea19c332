// SPDX-License-Identifier: GPL-2.0-or-later
/* The layer over a fake libiptc and libip6tc: what the two families have to do with each other. */
#include "world.h"

#include <fcntl.h>
#include <sys/file.h>

#define LOADED "nat\n"

static const char *text6(const char *name)
{
	return lib_text(&fake6, name);
}

/* A host that never sees a row of IPv6 never sees ezlb near ip6tables. */
static void test_untouched(void **state)
{
	static const char *const names[] = { NULL, "", "filter\n", LOADED };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool loaded = names[i] && strcmp(names[i], LOADED) == 0;

		if (names[i])
			put_file(tables6, names[i]);
		fake6.init_error = loaded ? 0 : EAFNOSUPPORT;
		assert_int_equal(APPLY(NULL, SETUP, ADD(1, 0), DEL(-1)), 0);
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(rcs[j], 0);
		assert_listed(true, true, 1);
		assert_int_equal(APPLY(NULL, TEARDOWN), 0);
		assert_listed(false, false, 0);
		assert_int_equal(fake6.inits > 0, loaded); /* then there may be rows to read */
		assert_int_equal(fake6.commits, 0);
	}
	fake6.inits = 0;
	assert_int_equal(APPLY(NULL, ADD(1, 0), DEL(2)), 0);
	assert_int_equal(fake6.inits, 0); /* no op is about IPv6 */
}

static void test_life(void **state)
{
	(void)state;
	lib_put(&fake6, "POSTROUTING", "f");
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 0), ADD(-1, 0), ADD(-2, 7)), 0);
	put_file(tables6, LOADED);
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "1>0");
	assert_string_equal(text6("POSTROUTING"), "J f");
	assert_string_equal(text6(EZLB_SNAT_CHAIN), "-1>0 -2>7");
	assert_int_equal(fake.commits, 1);
	assert_int_equal(fake6.commits, 1);
	assert_listed(true, true, 3);

	assert_int_equal(APPLY(NULL, SETUP, SET(-1, 8), DEL(-2)), 0);
	assert_string_equal(text6(EZLB_SNAT_CHAIN), "-1>8");
	assert_int_equal(fake.commits, 1);
	assert_int_equal(fake6.commits, 2);
	assert_int_equal(APPLY(NULL, DEL(-1)), 0);
	assert_string_equal(text6(EZLB_SNAT_CHAIN), "");
	assert_listed(true, true, 1);

	assert_int_equal(APPLY(NULL, TEARDOWN), 0);
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "-");
	assert_string_equal(text6(EZLB_SNAT_CHAIN), "-");
	assert_string_equal(text6("POSTROUTING"), "f");
	assert_listed(false, false, 0);
}

/* Rows of IPv6 alone need nothing of IPv4. */
static void test_alone(void **state)
{
	(void)state;
	put_file(tables, "");
	fake.init_error = ENOPROTOOPT;
	assert_int_equal(APPLY(NULL, ADD(-1, 0)), 0);
	put_file(tables6, LOADED);
	assert_int_equal(fake.inits, 0);
	assert_listed(true, false, 1); /* SETUP has never been */
}

/* What a batch does first and takes back is not there at the end. */
static void test_order(void **state)
{
	(void)state;
	assert_int_equal(APPLY(NULL, ADD(-1, 0), TEARDOWN), 0);
	assert_string_equal(text6(EZLB_SNAT_CHAIN), "-");
	assert_int_equal(APPLY(NULL, ADD(-1, 0), TEARDOWN, ADD(-2, 0)), 0);
	assert_string_equal(text6(EZLB_SNAT_CHAIN), "-2>0");
}

static void test_mend(void **state)
{
	static const struct {
		const char *name, *post, *chain, *want_chain;
	} cases[] = {
		{ "no jump", "f", "-1>0", "-1>0" },
		{ "a condition", "j f", "-1>0", "-1>0" },
		{ "a goto", "g f", "-1>0", "-1>0" },
		{ "twice", "J f J", "-1>0", "-1>0" },
		{ "a stranger", "J f", "f -1>0 -2>5", "-1>0 -2>5" },
		{ "a duplicate", "J f", "-1>0 -1>5", "-1>0" },
	};

	(void)state;
	put_file(tables6, LOADED);
	assert_int_equal(APPLY(NULL, SETUP), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ezlb_table table = { .snat_sound = true };

		fake_clear(&fake6.kernel);
		lib_put(&fake6, "POSTROUTING", cases[i].post);
		lib_put(&fake6, EZLB_SNAT_CHAIN, cases[i].chain);
		fake6.commits = 0;
		print_message("%s\n", cases[i].name);
		assert_int_equal(layer->list(layer, NULL, &table, NULL), 0);
		assert_false(table.snat_sound);
		ezlb_table_clear(&table);
		assert_int_equal(APPLY(NULL, SETUP), 0);
		assert_string_equal(text6("POSTROUTING"), "J f");
		assert_string_equal(text6(EZLB_SNAT_CHAIN), cases[i].want_chain);
		assert_int_equal(fake6.commits, 1);
		assert_int_equal(fake.commits, 1); /* nothing to do for the other */
	}
}

/* One family fails: the other goes on, and the verdict is the op's. */
static void test_one_fails(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	fake6.init_error = ENOPROTOOPT;
	assert_int_equal(APPLY(&err, SETUP, ADD(-1, 0), ADD(2, 0), DEL(3)), 0);
	assert_int_equal(rcs[0], 0);
	assert_int_equal(rcs[1], -ENOPROTOOPT);
	assert_int_equal(rcs[2], 0);
	assert_int_equal(rcs[3], 0);
	assert_int_equal(err.code, 0);
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "2>0");

	fake6.init_error = 0;
	fake.commit_error = EINVAL;
	fake.commit_errors = 9;
	assert_int_equal(APPLY(&err, ADD(3, 0), ADD(-1, 0)), 0);
	assert_int_equal(rcs[0], -EINVAL);
	assert_int_equal(rcs[1], 0);
	assert_string_equal(text6(EZLB_SNAT_CHAIN), "-1>0");

	/* Of an op on both frames one half is not enough. */
	put_file(tables6, LOADED);
	assert_int_equal(APPLY(&err, TEARDOWN), 0);
	assert_int_equal(rcs[0], -EINVAL);
	assert_string_equal(text6(EZLB_SNAT_CHAIN), "-");
	assert_int_equal(APPLY(&err, TEARDOWN), -EINVAL); /* now there is nothing but that */
	assert_int_equal(err.code, EINVAL);
}

static void test_all_fails(void **state)
{
	static const struct {
		int code;
		const char *message;
	} cases[] = {
		{ ENOPROTOOPT, "has no legacy IPv6 nat table (modprobe ip6_tables)" },
		{ ENOENT, "has no legacy IPv6 nat table (modprobe ip6table_nat)" },
		{ EAFNOSUPPORT, "boot it without ipv6.disable=1" },
		{ EPERM, "not allowed to read the IPv6 nat table" },
	};
	struct ezlb_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake6.init_error = cases[i].code;
		assert_int_equal(APPLY(&err, ADD(-1, 0), BAD(-2)), -cases[i].code);
		assert_int_equal(rcs[0], -cases[i].code);
		assert_int_equal(rcs[1], -cases[i].code);
		if (!strstr(err.msg, cases[i].message))
			fail_msg("'%s' is not in '%s'", cases[i].message, err.msg);
	}
	fake.init_error = EPERM;
	fake6.init_error = ENOPROTOOPT;
	assert_int_equal(APPLY(&err, ADD(-1, 0), ADD(1, 0)), -EPERM);
	assert_non_null(strstr(err.msg, "not allowed to read the nat table"));
	assert_int_equal(rcs[0], -EPERM);
	assert_int_equal(APPLY(NULL, ADD(-1, 0)), -ENOPROTOOPT); /* err is optional */
}

/* A `to` of the other family, and one that is refused, leave the rest alone. */
static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(APPLY(NULL, BAD(-1), ADD(-2, 0), BAD(3)), 0);
	assert_int_equal(rcs[0], -EAFNOSUPPORT);
	assert_int_equal(rcs[1], 0);
	assert_int_equal(rcs[2], -EAFNOSUPPORT);
	assert_string_equal(text6(EZLB_SNAT_CHAIN), "-2>0");
}

static void test_cannot_list(void **state)
{
	struct ezlb_table table = { 0 };
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 0)), 0);
	put_file(tables6, LOADED);
	fake6.init_error = ENOMEM;
	assert_int_equal(layer->list(layer, NULL, &table, &err), -ENOMEM);
	assert_non_null(strstr(err.msg, "cannot read the IPv6 nat table"));
	assert_int_equal(table.snats.len, 0);
	assert_false(table.snat_present);

	/* There may be a frame of IPv6, so an op on frames is not done. */
	assert_int_equal(APPLY(NULL, SETUP, ADD(2, 0)), 0);
	assert_int_equal(rcs[0], -ENOMEM);
	assert_int_equal(rcs[1], 0);
	assert_int_equal(remove(tables6), 0);
	assert_int_equal(symlink("tables6", tables6), 0);
	assert_int_equal(APPLY(NULL, SETUP, ADD(3, 0), ADD(-1, 0)), 0);
	assert_int_equal(rcs[0], -ELOOP);
	assert_int_equal(rcs[1], 0);
	assert_int_equal(rcs[2], -ELOOP);
}

static void test_race(void **state)
{
	(void)state;
	fake6.commit_error = EAGAIN;
	fake6.commit_errors = 2;
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 0), ADD(-1, 0)), 0);
	assert_int_equal(rcs[2], 0);
	assert_int_equal(fake6.commits, 3);
	assert_int_equal(fake.commits, 1);
	fake6.commit_lost = true;
	assert_int_equal(APPLY(NULL, SETUP, ADD(2, 0), ADD(-2, 0)), 0);
	assert_int_equal(rcs[1], 0);
	assert_int_equal(rcs[2], -EAGAIN);
}

static void test_lock(void **state)
{
	int fd = open(lock_path, O_RDONLY | O_CREAT, 0600);

	(void)state;
	put_file(tables, "");
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(APPLY(NULL, DEL(-1), TEARDOWN), 0); /* nothing to do takes no lock */
	assert_int_equal(APPLY(NULL, ADD(-1, 0)), -EAGAIN);
	assert_int_equal(fake6.inits, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_untouched), TEST(test_life),	  TEST(test_alone),
		TEST(test_order),     TEST(test_mend),	  TEST(test_one_fails),
		TEST(test_all_fails), TEST(test_refused), TEST(test_cannot_list),
		TEST(test_race),      TEST(test_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
