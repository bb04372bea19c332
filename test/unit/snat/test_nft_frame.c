// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_rows.h"

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

#include "nft_frame.h"

static struct ezlb_nl_buf frame;
static struct nlmsghdr *msgs[2 + 2 * EZLB_NFT_SETS]; /* of it: table, sets, chain, rules */
#define SET(which)  msgs[1 + (which)]
#define RULE(which) msgs[2 + EZLB_NFT_SETS + (which)]
static size_t n_msgs;
static const struct ezlb_nft_family *family;
static _Alignas(struct nlmsghdr) unsigned char scratch[4096];

static void make_frame(const struct ezlb_nft_family *of)
{
	struct nlmsghdr *msg = NULL;

	family = of;
	ezlb_nl_buf_clear(&frame);
	ezlb_nft_put_frame(&frame, family);
	for (n_msgs = 0; (msg = nft_next(&frame, msg)); n_msgs++)
		msgs[n_msgs] = msg;
}

static int setup(void **state)
{
	(void)state;
	make_frame(&ezlb_nft_families[0]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_nl_buf_clear(&frame);
	return 0;
}

static struct nlmsghdr *new_msg(uint16_t type)
{
	memset(scratch, 0, sizeof(scratch));
	return nftnl_nlmsg_build_hdr((char *)scratch, type, family->family, 0, 0);
}

/* --- what is made is known again ------------------------------------------------------------- */

/* As the kernel gives it back: with the number of things in it. */
static struct nlmsghdr *table_msg(uint32_t flags, uint32_t use)
{
	struct nlmsghdr *msg = new_msg(NFT_MSG_NEWTABLE);

	mnl_attr_put_strz(msg, NFTA_TABLE_NAME, EZLB_NFT_TABLE);
	mnl_attr_put_u32(msg, NFTA_TABLE_FLAGS, htonl(flags));
	mnl_attr_put_u32(msg, NFTA_TABLE_USE, htonl(use));
	return msg;
}

static void test_known_again(void **state)
{
	static const uint16_t want[] = { NFT_MSG_NEWTABLE, NFT_MSG_NEWSET,  NFT_MSG_NEWSET,
					 NFT_MSG_NEWSET,   NFT_MSG_NEWSET,  NFT_MSG_NEWCHAIN,
					 NFT_MSG_NEWRULE,  NFT_MSG_NEWRULE, NFT_MSG_NEWRULE,
					 NFT_MSG_NEWRULE };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		make_frame(&ezlb_nft_families[i]);
		assert_int_equal(n_msgs, COUNT_OF(want));
		for (size_t j = 0; j < n_msgs; j++)
			assert_int_equal(nft_type(msgs[j]), want[j]);
		assert_true(ezlb_nft_is_table(table_msg(0, 5)));
		assert_true(ezlb_nft_is_chain(msgs[1 + EZLB_NFT_SETS]));
		for (int have = 0; have < EZLB_NFT_SETS; have++)
			for (enum ezlb_nft_set set = 0; set < EZLB_NFT_SETS; set++) {
				assert_int_equal(ezlb_nft_is_set(SET(have), family, set),
						 have == (int)set);
				assert_int_equal(ezlb_nft_is_rule(RULE(have), family, set),
						 have == (int)set);
			}
	}
}

/* --- strangers are not ----------------------------------------------------------------------- */

static void test_tables(void **state)
{
	(void)state;
	assert_false(ezlb_nft_is_table(table_msg(NFT_TABLE_F_DORMANT, 5)));
	assert_false(ezlb_nft_is_table(table_msg(0, 4)));
	assert_false(ezlb_nft_is_table(table_msg(0, 6)));
	assert_false(ezlb_nft_is_table(new_msg(NFT_MSG_NEWTABLE)));
}

static const struct {
	const char *name, *type;
	uint32_t hook;
	int32_t prio;
	uint32_t policy;
	bool want;
} chains[] = {
	{ "ours", "nat", 4, 90, NF_ACCEPT, true },
	{ "a filter", "filter", 4, 90, NF_ACCEPT, false },
	{ "prerouting", "nat", 0, 90, NF_ACCEPT, false },
	{ "another priority", "nat", 4, 100, NF_ACCEPT, false },
	{ "drops", "nat", 4, 90, NF_DROP, false },
	{ "no hook", NULL, 0, 0, 0, false },
};

static void test_chains(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		struct nftnl_chain *chain = nftnl_chain_alloc();
		struct nlmsghdr *msg = new_msg(NFT_MSG_NEWCHAIN);

		print_message("%s\n", chains[i].name);
		if (chains[i].type) {
			nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, chains[i].type);
			nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, chains[i].hook);
			nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, chains[i].prio);
			nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, chains[i].policy);
		}
		nftnl_chain_nlmsg_build_payload(msg, chain);
		nftnl_chain_free(chain);
		assert_int_equal(ezlb_nft_is_chain(msg), chains[i].want);
	}
}

static const struct {
	const char *name;
	uint16_t attr;
	uint32_t value;
	bool want;
} sets[] = {
	{ "ours", NFTNL_SET_FLAGS, NFT_SET_MAP, true },
	{ "no map", NFTNL_SET_FLAGS, 0, false },
	{ "elements expire", NFTNL_SET_FLAGS, NFT_SET_MAP | NFT_SET_TIMEOUT, false },
	{ "a short key", NFTNL_SET_KEY_LEN, 8, false },
	{ "another key", NFTNL_SET_KEY_TYPE, 7, false },
	{ "one address, as ezlb had it once", NFTNL_SET_DATA_LEN, 4, false },
	{ "longer data", NFTNL_SET_DATA_LEN, 16, false },
	{ "other data", NFTNL_SET_DATA_TYPE, 8, false },
	{ "full some day", NFTNL_SET_DESC_SIZE, 100, false },
};

static void test_sets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sets); i++) {
		struct nftnl_set *set = nftnl_set_alloc();
		struct nlmsghdr *msg = new_msg(NFT_MSG_NEWSET);

		print_message("%s\n", sets[i].name);
		assert_int_equal(nftnl_set_nlmsg_parse(SET(EZLB_NFT_SOURCE_OF), set), 0);
		nftnl_set_set_u32(set, sets[i].attr, sets[i].value);
		nftnl_set_nlmsg_build_payload(msg, set);
		nftnl_set_free(set);
		assert_int_equal(ezlb_nft_is_set(msg, family, EZLB_NFT_SOURCE_OF), sets[i].want);
	}
	assert_false(ezlb_nft_is_set(SET(EZLB_NFT_SOURCE_OF), family, EZLB_NFT_MASQUERADED));
	assert_false(ezlb_nft_is_set(SET(EZLB_NFT_SOURCE_OF), &ezlb_nft_families[1],
				     EZLB_NFT_SOURCE_OF));
}

static void test_set_with_timeout(void **state)
{
	struct nftnl_set *set = nftnl_set_alloc();
	struct nlmsghdr *msg = new_msg(NFT_MSG_NEWSET);

	(void)state;
	assert_int_equal(nftnl_set_nlmsg_parse(SET(EZLB_NFT_SOURCE_OF), set), 0);
	nftnl_set_set_u64(set, NFTNL_SET_TIMEOUT, 1000);
	nftnl_set_nlmsg_build_payload(msg, set);
	nftnl_set_free(set);
	assert_false(ezlb_nft_is_set(msg, family, EZLB_NFT_SOURCE_OF));
}

/* Our map with other expressions for its elements; NULL for none. */
static bool known_with_exprs(const char *first, const char *second)
{
	struct nlmsghdr *msg = new_msg(NFT_MSG_NEWSET);
	struct nftnl_set *set = nftnl_set_alloc(), *ours = nftnl_set_alloc();
	static const uint16_t attrs[] = { NFTNL_SET_FLAGS, NFTNL_SET_KEY_LEN, NFTNL_SET_KEY_TYPE,
					  NFTNL_SET_DATA_LEN, NFTNL_SET_DATA_TYPE };

	assert_int_equal(nftnl_set_nlmsg_parse(SET(EZLB_NFT_SOURCE_OF), ours), 0);
	for (size_t i = 0; i < COUNT_OF(attrs); i++)
		nftnl_set_set_u32(set, attrs[i], nftnl_set_get_u32(ours, attrs[i]));
	if (first)
		nftnl_set_add_expr(set, nftnl_expr_alloc(first));
	if (second)
		nftnl_set_add_expr(set, nftnl_expr_alloc(second));
	nftnl_set_nlmsg_build_payload(msg, set);
	nftnl_set_free(ours);
	nftnl_set_free(set);
	return ezlb_nft_is_set(msg, family, EZLB_NFT_SOURCE_OF);
}

static void test_set_exprs(void **state)
{
	(void)state;
	assert_true(known_with_exprs("counter", NULL));
	assert_true(known_with_exprs(NULL, NULL)); /* before 5.7 */
	assert_false(known_with_exprs("limit", NULL));
	assert_false(known_with_exprs("counter", "limit"));
}

/* The counter is asked for, and what nft needs to print ranges. */
static void test_set_is_asked_for(void **state)
{
	struct nftnl_set *set;

	(void)state;
	for (enum ezlb_nft_set i = 0; i < EZLB_NFT_SETS; i++) {
		const struct nftnl_expr *expr;

		set = nftnl_set_alloc();
		assert_int_equal(nftnl_set_nlmsg_parse(SET(i), set), 0);
		assert_true(nftnl_set_is_set(set, NFTNL_SET_EXPR));
		expr = nftnl_set_get(set, NFTNL_SET_EXPR);
		assert_string_equal(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "counter");
		assert_int_equal(nftnl_set_is_set(set, NFTNL_SET_USERDATA),
				 ezlb_nft_is_map(i) || ezlb_nft_by_mark(i));
		nftnl_set_free(set);
	}
}

/* The n-th expression of the first rule with another value. */
static const struct {
	const char *name;
	unsigned n;
	uint16_t attr;
	uint32_t value;
	bool want;
} exprs[] = {
	{ "ours", 9, 0, 0, true },
	{ "the source", 0, NFTNL_EXPR_CT_KEY, NFT_CT_SRC_IP, false },
	{ "another register", 0, NFTNL_EXPR_CT_DREG, NFT_REG_3, false },
	{ "the mark", 1, NFTNL_EXPR_META_KEY, NFT_META_MARK, false },
	{ "the source port", 2, NFTNL_EXPR_CT_KEY, NFT_CT_PROTO_SRC, false },
	{ "not in the map", 3, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV, false },
	{ "one address, as ezlb had it once", 4, NFTNL_EXPR_NAT_REG_ADDR_MAX, NFT_REG_1, false },
	{ "dnat", 4, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT, false },
	{ "ports too", 4, NFTNL_EXPR_NAT_REG_PROTO_MIN, NFT_REG_2, false },
	{ "ports in order", 4, NFTNL_EXPR_NAT_FLAGS, 1, false },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(exprs); i++) {
		struct nftnl_rule *rule = nftnl_rule_alloc();
		struct nlmsghdr *msg = new_msg(NFT_MSG_NEWRULE);
		struct nftnl_expr_iter *iter;
		struct nftnl_expr *expr;

		print_message("%s\n", exprs[i].name);
		assert_int_equal(nftnl_rule_nlmsg_parse(RULE(EZLB_NFT_SOURCE_OF), rule), 0);
		iter = nftnl_expr_iter_create(rule);
		for (unsigned n = 0; (expr = nftnl_expr_iter_next(iter)); n++) {
			if (n == exprs[i].n)
				nftnl_expr_set_u32(expr, exprs[i].attr, exprs[i].value);
		}
		nftnl_expr_iter_destroy(iter);
		nftnl_rule_nlmsg_build_payload(msg, rule);
		nftnl_rule_free(rule);
		assert_int_equal(ezlb_nft_is_rule(msg, family, EZLB_NFT_SOURCE_OF), exprs[i].want);
	}
	assert_false(ezlb_nft_is_rule(RULE(EZLB_NFT_MASQUERADED), family, EZLB_NFT_SOURCE_OF));
	assert_false(ezlb_nft_is_rule(RULE(EZLB_NFT_SOURCE_OF), &ezlb_nft_families[1],
				      EZLB_NFT_SOURCE_OF));
}

/* A rule that begins as ours, with `more` expressions or fewer. */
static bool known_with(int more)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nlmsghdr *msg = new_msg(NFT_MSG_NEWRULE);
	struct nftnl_expr_iter *iter;
	struct nftnl_expr *expr, *last = NULL;

	assert_int_equal(nftnl_rule_nlmsg_parse(RULE(EZLB_NFT_SOURCE_OF), rule), 0);
	iter = nftnl_expr_iter_create(rule);
	while ((expr = nftnl_expr_iter_next(iter)))
		last = expr;
	nftnl_expr_iter_destroy(iter);
	if (more > 0)
		nftnl_rule_add_expr(rule, nftnl_expr_alloc("counter"));
	if (more < 0) {
		nftnl_rule_del_expr(last);
		nftnl_expr_free(last);
	}
	nftnl_rule_nlmsg_build_payload(msg, rule);
	nftnl_rule_free(rule);
	return ezlb_nft_is_rule(msg, family, EZLB_NFT_SOURCE_OF);
}

static void test_rule_length(void **state)
{
	(void)state;
	assert_true(known_with(0));
	assert_false(known_with(1));
	assert_false(known_with(-1));
	assert_false(ezlb_nft_is_rule(new_msg(NFT_MSG_NEWRULE), family, EZLB_NFT_SOURCE_OF));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_known_again), TEST(test_tables),	     TEST(test_chains),
		TEST(test_sets),	TEST(test_set_with_timeout), TEST(test_rules),
		TEST(test_rule_length), TEST(test_set_exprs),	     TEST(test_set_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
