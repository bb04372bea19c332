// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_world.h"

/* --- others who change things, too ----------------------------------------------------------- */

static void somebody_flushes(void)
{
	memset(fake.table, 0, sizeof(fake.table));
	fake.gen++;
}

static void test_somebody_was_faster(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V4, "10.0.0.3")), 0);
	fake.transactions = 0;
	fake.before_commit = somebody_flushes;
	assert_int_equal(APPLY(OP(ADD, V4_TOO, NULL)), 0);
	assert_int_equal(fake.transactions, 2);
	assert_string_equal(world(), "sound 10.0.0.2:80>masq");
}

static void test_always_faster(void **state)
{
	static const int codes[] = { -ERESTART, -EAGAIN, -EINTR };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		fake.transactions = 0;
		fake.begin_rc = codes[i];
		fake.begin_faults = 3;
		assert_int_equal(APPLY(SETUP), -EAGAIN);
		assert_int_equal(rcs[0], -EAGAIN);
		assert_int_equal(fake.transactions, 3);
		assert_non_null(strstr(err.msg, "other programs keep changing"));
		assert_string_equal(world(), "absent");
	}
	fake.begin_faults = 2;
	assert_int_equal(APPLY(SETUP), 0);
}

static const struct {
	const char *name;
	unsigned jumps, interrupted, twice;
	int want;
} unsteady[] = {
	{ "two changes", 2, 0, 0, 0 },	    { "changes all the time", 99, 0, 0, -EAGAIN },
	{ "one dump is cut", 0, 1, 0, 0 },  { "all dumps are cut", 0, 99, 0, -EAGAIN },
	{ "an element twice", 0, 0, 1, 0 }, { "always one twice", 0, 0, 99, -EAGAIN },
};

static void test_unsteady(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V4, "10.0.0.3"), OP(ADD, V4_TOO, "10.0.0.3")), 0);
	for (size_t i = 0; i < COUNT_OF(unsteady); i++) {
		struct ezlb_table table = { .snat_wanted = true };

		print_message("%s\n", unsteady[i].name);
		fake.gen_jumps = unsteady[i].jumps;
		fake.interrupted = unsteady[i].interrupted;
		fake.twice = unsteady[i].twice;
		err = (struct ezlb_err){ 0 };
		assert_int_equal(layer->list(layer, NULL, &table, &err), unsteady[i].want);
		assert_int_equal(err.code, -unsteady[i].want);
		assert_int_equal(table.snats.len, unsteady[i].want ? 0 : 2);
		ezlb_table_clear(&table);
	}
}

/* --- failures -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint8_t type;
	int rc;
	const char *message;
} refusals[] = {
	{ "no nft_chain_nat", NFT_MSG_NEWCHAIN, -ENOENT, "modprobe nft_chain_nat" },
	{ "no nat", NFT_MSG_NEWCHAIN, -EOPNOTSUPP, "--snat-backend iptables" },
	{ "no nft_ct", NFT_MSG_NEWRULE, -ENOENT, "nft_ct, nft_nat, nft_masq" },
	{ "owned", NFT_MSG_NEWTABLE, -EPERM, "another program owns" },
	{ "full", NFT_MSG_NEWSETELEM, -ENFILE, "rejects a change of the nf_tables table 'ezlb'" },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		print_message("%s\n", refusals[i].name);
		fake.fail_family = AF_INET;
		fake.fail_type = refusals[i].type;
		fake.fail_rc = refusals[i].rc;
		assert_int_equal(APPLY(SETUP, OP(ADD, V4, "10.0.0.3")), refusals[i].rc);
		assert_int_equal(rcs[0], refusals[i].rc);
		assert_int_equal(rcs[1], refusals[i].rc);
		assert_non_null(strstr(err.msg, refusals[i].message));
		assert_string_equal(world(), "absent");
	}
}

/* A kernel that does no IPv6 does IPv4 all the same. */
static void test_one_family_fails(void **state)
{
	(void)state;
	fake.fail_family = AF_INET6;
	fake.fail_type = NFT_MSG_NEWCHAIN;
	fake.fail_rc = -EOPNOTSUPP;
	assert_int_equal(APPLY(SETUP, OP(ADD, V4, "10.0.0.3"), OP(ADD, V6, NULL)), 0);
	assert_int_equal(rcs[0], 0);
	assert_int_equal(rcs[1], 0);
	assert_int_equal(rcs[2], -EOPNOTSUPP);
	assert_string_equal(world(), "sound 10.0.0.1:80>10.0.0.3");
	assert_int_equal(APPLY(OP(ADD, V6, NULL)), -EOPNOTSUPP);
	fake.fail_rc = 0;
	assert_int_equal(APPLY(OP(ADD, V6, NULL)), 0);
	/* With a table that cannot be removed, the teardown is not done. */
	fake.fail_type = NFT_MSG_DELTABLE;
	fake.fail_rc = -EPERM;
	assert_int_equal(APPLY(TEARDOWN), 0);
	assert_int_equal(rcs[0], -EPERM);
	assert_string_equal(world(), "unsound [fd00::1]:80>masq");
}

static void test_bad_rows(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V4, "fd00::3"), OP(ADD, V4_TOO, NULL)), 0);
	assert_int_equal(rcs[0], -EAFNOSUPPORT);
	assert_int_equal(rcs[1], 0);
	assert_string_equal(world(), "sound 10.0.0.2:80>masq");
	fake.transactions = 0;
	assert_int_equal(APPLY(OP(ADD, V4, "fd00::3")), 0);
	assert_int_equal(fake.transactions, 0);
}

static void test_no_answer(void **state)
{
	struct ezlb_table table = { .snat_wanted = true };
	uint64_t print;

	(void)state;
	fake.mute = true;
	assert_int_equal(layer->list(layer, NULL, &table, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.msg, "did not answer"));
	assert_int_equal(APPLY(SETUP), -ETIMEDOUT);
	assert_int_equal(layer->peek(layer, NULL, &print), -ETIMEDOUT);
	fake.mute = false;
	assert_string_equal(world(), "absent");
	assert_true(fake.opened > 3); /* each broken conversation was the last on its socket */
	fake.get_rc = -EIO;
	assert_int_equal(layer->list(layer, NULL, &table, &err), -EIO);
	assert_non_null(strstr(err.msg, "cannot talk"));
}

/* As long as one table cannot be seen, what is to be done to all of them is not done. */
static void test_one_family_unseen(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V4, NULL), OP(ADD, V6, NULL)), 0);
	fake.get_rc = -EIO;
	fake.get_family = AF_INET6;
	assert_int_equal(APPLY(TEARDOWN), 0);
	assert_int_equal(rcs[0], -EIO);
	fake.get_rc = 0;
	assert_string_equal(world(), "unsound [fd00::1]:80>masq");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_somebody_was_faster),
		TEST(test_always_faster),
		TEST(test_unsteady),
		TEST(test_refusals),
		TEST(test_one_family_fails),
		TEST(test_bad_rows),
		TEST(test_no_answer),
		TEST(test_one_family_unseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
