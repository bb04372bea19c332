// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of guarded addresses: what is sent, and what is taken for it. */
#include "nft_rows.h"

#include <net/if.h> /* before linux/if.h, which would define the same names */

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

#include "guard_table.h"

static struct ezlb_guard_row row_of(const char *addr)
{
	struct ezlb_guard_row row = { .by_dest = false };

	assert_int_equal(ezlb_addr_parse(addr, &row.addr, NULL), 0);
	return row;
}

static struct ezlb_nl_buf table_of(const char *a, const char *b, const char *c)
{
	struct ezlb_guard_row items[3] = { row_of(a), row_of(b), row_of(c) };
	const struct ezlb_guards rows = { items, 3, 3 };
	struct ezlb_nl_buf buf = { .items = NULL };

	guard_put_all(&buf, &rows);
	return buf;
}

/* The n-th message of the type. */
static struct nlmsghdr *nth(const struct ezlb_nl_buf *buf, uint16_t type, unsigned n)
{
	struct nlmsghdr *msg = NULL;

	while ((msg = nft_next(buf, msg)))
		if (nft_type(msg) == type && n-- == 0)
			return msg;
	fail_msg("no such message");
	return NULL;
}

static void test_whole_table(void **state)
{
	static const uint16_t want[] = { NFT_MSG_NEWTABLE,  NFT_MSG_NEWSET,  NFT_MSG_NEWSET,
					 NFT_MSG_NEWCHAIN,  NFT_MSG_NEWRULE, NFT_MSG_NEWRULE,
					 NFT_MSG_NEWRULE,   NFT_MSG_NEWRULE, NFT_MSG_NEWSETELEM,
					 NFT_MSG_NEWSETELEM };
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = table_of("10.0.0.1", "10.0.0.2", "fd00::1");
	struct nlmsghdr *msg = NULL;
	size_t n = 0;

	(void)state;
	for (; (msg = nft_next(&buf, msg)); n++) {
		assert_true(n < COUNT_OF(want));
		assert_int_equal(nft_type(msg), want[n]);
		assert_int_equal(((struct nfgenmsg *)mnl_nlmsg_get_payload(msg))->nfgen_family,
				 NFPROTO_INET);
	}
	assert_int_equal(n, COUNT_OF(want));
}

static void test_own_parts(void **state)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = table_of("10.0.0.1", "10.0.0.2", "fd00::1");

	(void)state;
	assert_true(guard_is_chain(nth(&buf, NFT_MSG_NEWCHAIN, 0)));
	for (unsigned i = 0; i < GUARD_SETS; i++)
		for (unsigned k = 0; k < GUARD_SETS; k++)
			assert_int_equal(guard_is_set(nth(&buf, NFT_MSG_NEWSET, i), k), i == k);
	for (unsigned i = 0; i < GUARD_RULES; i++)
		for (unsigned k = 0; k < GUARD_RULES; k++)
			assert_int_equal(guard_is_rule(nth(&buf, NFT_MSG_NEWRULE, i), k), i == k);
}

/* As the kernel gives it back: with its numbers of what uses it, and of what was counted. */
static void test_tables(void **state)
{
	static const struct {
		uint32_t flags, use;
		bool ours;
	} tables[] = { { 0, 3, true }, { 1, 3, false }, { 0, 2, false }, { 0, 4, false } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
		struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWTABLE, NFPROTO_INET, 0);

		mnl_attr_put_strz(msg, NFTA_TABLE_NAME, EZLB_GUARD_TABLE);
		mnl_attr_put_u32(msg, NFTA_TABLE_FLAGS, htonl(tables[i].flags));
		mnl_attr_put_u32(msg, NFTA_TABLE_USE, htonl(tables[i].use));
		ezlb_nl_msg_end(&buf);
		assert_int_equal(guard_is_table(nth(&buf, NFT_MSG_NEWTABLE, 0)), tables[i].ours);
	}
}

static struct nftnl_rule *rule_of(const struct ezlb_nl_buf *buf, unsigned n)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	assert_int_equal(nftnl_rule_nlmsg_parse(nth(buf, NFT_MSG_NEWRULE, n), rule), 0);
	return rule;
}

/* Whether the rule n is still taken for ours when this has been done to its first such expression.
 */
static bool is_ours_with(unsigned n, const char *name, uint16_t attr, uint64_t value, uint32_t len)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = table_of("10.0.0.1", "10.0.0.2", "fd00::1");
	static _Alignas(struct nlmsghdr) char bytes[4096];
	struct nlmsghdr *msg = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_NEWRULE, NFPROTO_INET, 0, 0);
	struct nftnl_rule *rule = rule_of(&buf, n);
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(rule);
	struct nftnl_expr *expr;

	while ((expr = nftnl_expr_iter_next(iter)))
		if (strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), name) == 0)
			break;
	nftnl_expr_iter_destroy(iter);
	assert_non_null(expr);
	nftnl_expr_set(expr, attr, &value, len);
	nftnl_rule_nlmsg_build_payload(msg, rule);
	nftnl_rule_free(rule);
	return guard_is_rule(msg, n);
}

static void test_edited_rules(void **state)
{
	(void)state;
	/* What was counted, and a kernel that says which operation a bitwise is. */
	assert_true(is_ours_with(0, "counter", NFTNL_EXPR_CTR_PACKETS, 5, 8));
	assert_true(is_ours_with(0, "bitwise", NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL, 4));
	assert_false(is_ours_with(0, "bitwise", NFTNL_EXPR_BITWISE_MASK, 0x07, 1));
	assert_false(is_ours_with(1, "ct", NFTNL_EXPR_CT_KEY, NFT_CT_MARK, 4));
	assert_false(is_ours_with(1, "reject", NFTNL_EXPR_REJECT_CODE, 0, 1));
	assert_false(
		is_ours_with(2, "reject", NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH, 4));
	assert_false(is_ours_with(3, "payload", NFTNL_EXPR_PAYLOAD_OFFSET, 8, 4));
}

static void test_chains(void **state)
{
	static const struct {
		int32_t priority;
		uint32_t policy, hook;
		bool ours;
	} chains[] = {
		{ 110, NF_ACCEPT, NF_INET_LOCAL_IN, true },
		{ 0, NF_ACCEPT, NF_INET_LOCAL_IN, false }, /* before IPVS */
		{ 110, NF_DROP, NF_INET_LOCAL_IN, false },
		{ 110, NF_ACCEPT, NF_INET_FORWARD, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(chains); i++) {
		static _Alignas(struct nlmsghdr) char bytes[512];
		struct nlmsghdr *msg = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_NEWCHAIN, NFPROTO_INET,
							     0, 0);
		struct nftnl_chain *chain = nftnl_chain_alloc();

		nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, GUARD_CHAIN);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, chains[i].hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, chains[i].priority);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, chains[i].policy);
		nftnl_chain_nlmsg_build_payload(msg, chain);
		nftnl_chain_free(chain);
		assert_int_equal(guard_is_chain(msg), chains[i].ours);
	}
}

/* --- elements -------------------------------------------------------------------------------- */

static int take(struct nftnl_set_elem *elem, void *arg)
{
	struct ezlb_guards *rows = arg;
	unsigned six = rows->len == 2;

	assert_int_equal(guard_elem_parse(elem, six, EZLB_PUSH(rows)), 0);
	return 0;
}

static void test_elements(void **state)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = table_of("10.0.0.1", "10.0.0.2", "fd00::1");
	const struct ezlb_guard_row want[] = { row_of("10.0.0.1"), row_of("10.0.0.2"),
					       row_of("fd00::1") };
	struct ezlb_guards got = { 0 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct nftnl_set *set = nftnl_set_alloc();

		assert_int_equal(nftnl_set_elems_nlmsg_parse(nth(&buf, NFT_MSG_NEWSETELEM, i), set),
				 0);
		assert_string_equal(nftnl_set_get_str(set, NFTNL_SET_NAME), guard_sets[i]);
		nftnl_set_elem_foreach(set, take, &got);
		nftnl_set_free(set);
	}
	assert_int_equal(got.len, COUNT_OF(want));
	for (size_t i = 0; i < COUNT_OF(want); i++)
		assert_int_equal(ezlb_guard_row_cmp(&got.items[i], &want[i]), 0);
	EZLB_VEC_CLEAR(&got);
}

static void test_odd_elements(void **state)
{
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();
	const uint32_t key = htonl(0x0a000001);
	struct ezlb_guard_row row;

	(void)state;
	assert_int_equal(guard_elem_parse(elem, 0, &row), -EINVAL);
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, &key, sizeof(key));
	assert_int_equal(guard_elem_parse(elem, 0, &row), 0);
	assert_int_equal(guard_elem_parse(elem, 1, &row), -EINVAL);
	nftnl_set_elem_set_u64(elem, NFTNL_SET_ELEM_TIMEOUT, 1000);
	assert_int_equal(guard_elem_parse(elem, 0, &row), -EINVAL);
	nftnl_set_elem_free(elem);
}

/* More than fit into one message. */
static void test_many(void **state)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct ezlb_guards rows = { 0 };
	struct nlmsghdr *msg = NULL;
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 1100; i++) {
		struct ezlb_guard_row row = row_of(i < 600 ? "10.0.0.0" : "fd00::");

		row.addr.bytes[2] = (uint8_t)(i / 256);
		row.addr.bytes[3] = (uint8_t)i;
		*EZLB_PUSH(&rows) = row;
	}
	guard_put_all(&buf, &rows);
	while ((msg = nft_next(&buf, msg)))
		n += nft_type(msg) == NFT_MSG_NEWSETELEM;
	assert_int_equal(n, 3);
	EZLB_VEC_CLEAR(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_table),  cmocka_unit_test(test_own_parts),
		cmocka_unit_test(test_tables),	     cmocka_unit_test(test_edited_rules),
		cmocka_unit_test(test_chains),	     cmocka_unit_test(test_elements),
		cmocka_unit_test(test_odd_elements), cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
