// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules that mark ranges of ports, both ways, and what is not one of them. */
#include "nft_rows.h"

#include <net/if.h> /* before linux/if.h, which would define the same names */

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>

#include "mark.h"
#include "mark_rule.h"

static struct ezlb_mark_row row_of(enum ezlb_proto proto, const char *first, uint16_t last,
				   uint32_t mark)
{
	struct ezlb_mark_row row = { .proto = proto, .last_port = last, .service.fwmark = mark };

	assert_int_equal(ezlb_endpoint_parse(first, &row.first, NULL), 0);
	row.service.listen.addr.family = row.first.addr.family;
	return row;
}

/* Through a message, as the kernel gives it back; frees it. */
static int parse(struct nftnl_rule *rule, struct ezlb_mark_row *out)
{
	static _Alignas(struct nlmsghdr) char bytes[2048];
	struct nlmsghdr *msg = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_NEWRULE, NFPROTO_INET, 0, 0);
	struct nftnl_rule *back = nftnl_rule_alloc();
	int rc;

	nftnl_rule_nlmsg_build_payload(msg, rule);
	nftnl_rule_free(rule);
	assert_int_equal(nftnl_rule_nlmsg_parse(msg, back), 0);
	rc = ezlb_mark_rule_parse(back, out);
	nftnl_rule_free(back);
	return rc;
}

static void test_both_ways(void **state)
{
	const struct ezlb_mark_row rows[] = {
		row_of(EZLB_TCP, "10.0.0.1:5000", 5100, 7),
		row_of(EZLB_UDP, "[fd00::1]:1", 65535, 0xffffffff),
		row_of(EZLB_SCTP, "[fd00:1111:2222:3333:4444:5555:6666:7777]:65534", 65535, 1),
	};
	struct ezlb_mark_row got;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(ezlb_mark_row_check(&rows[i]), 0);
		assert_int_equal(parse(ezlb_mark_rule_build(&rows[i], "prerouting"), &got), 0);
		assert_int_equal(ezlb_mark_row_cmp(&got, &rows[i]), 0);
	}
}

/* The n-th expression with another value: 0 nfproto, 3 address, 6 ports, 9 the mark. */
static int with(unsigned n, uint16_t attr, uint32_t value)
{
	struct ezlb_mark_row row = row_of(EZLB_TCP, "10.0.0.1:5000", 5100, 7), got;
	struct nftnl_rule *rule = ezlb_mark_rule_build(&row, "output");
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(rule);
	struct nftnl_expr *expr = NULL;

	for (unsigned i = 0; i <= n; i++)
		expr = nftnl_expr_iter_next(iter);
	nftnl_expr_iter_destroy(iter);
	assert_non_null(expr);
	nftnl_expr_set(expr, attr, &value, sizeof(value));
	return parse(rule, &got);
}

static void test_edited(void **state)
{
	(void)state;
	assert_int_equal(with(3, NFTNL_EXPR_CMP_DATA, htonl(0x0a000001)), 0); /* as it was */
	assert_int_equal(with(3, NFTNL_EXPR_CMP_DATA, htonl(0x0a000002)), -EINVAL);
	assert_int_equal(with(3, NFTNL_EXPR_CMP_OP, NFT_CMP_NEQ), -EINVAL);
	assert_int_equal(with(6, NFTNL_EXPR_PAYLOAD_OFFSET, 0), -EINVAL);
	assert_int_equal(with(9, NFTNL_EXPR_IMM_DATA, 8), -EINVAL);
}

static void test_others(void **state)
{
	struct ezlb_mark_row row = row_of(EZLB_TCP, "10.0.0.1:5000", 5100, 7), got;
	struct nftnl_rule *rule = ezlb_mark_rule_build(&row, "output");

	(void)state;
	nftnl_rule_add_expr(rule, nftnl_expr_alloc("counter"));
	assert_int_equal(parse(rule, &got), -EINVAL);
	rule = ezlb_mark_rule_build(&row, "output");
	nftnl_rule_unset(rule, NFTNL_RULE_USERDATA);
	assert_int_equal(parse(rule, &got), -EINVAL);
	assert_int_equal(parse(nftnl_rule_alloc(), &got), -EINVAL);
}

static void test_rows_that_cannot_be(void **state)
{
	struct ezlb_mark_row row = row_of(EZLB_TCP, "10.0.0.1:5000", 4999, 7);

	(void)state;
	assert_int_equal(ezlb_mark_row_check(&row), -EINVAL);
	row.last_port = 5000;
	assert_int_equal(ezlb_mark_row_check(&row), 0);
	row.service.fwmark = 0;
	assert_int_equal(ezlb_mark_row_check(&row), -EINVAL);
	row.service.fwmark = 7;
	row.first.port = 0;
	assert_int_equal(ezlb_mark_row_check(&row), -EINVAL);
	row.service.listen.addr.family = AF_INET6;
	assert_int_equal(ezlb_mark_row_check(&row), -EAFNOSUPPORT);
}

/* A table, and in each of two chains a rule for each row. */
static void test_whole_table(void **state)
{
	static const uint16_t want[] = { NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE,
					 NFT_MSG_NEWRULE,  NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE,
					 NFT_MSG_NEWRULE };
	struct ezlb_mark_row items[] = { row_of(EZLB_TCP, "10.0.0.1:5000", 5100, 7),
					 row_of(EZLB_UDP, "[fd00::1]:1", 2, 8) };
	const struct ezlb_marks rows = { items, 2, 2 };
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = NULL;
	size_t n = 0;

	(void)state;
	mark_put_all(&buf, &rows);
	for (; (msg = nft_next(&buf, msg)); n++) {
		assert_true(n < COUNT_OF(want));
		assert_int_equal(nft_type(msg), want[n]);
		assert_int_equal(((struct nfgenmsg *)mnl_nlmsg_get_payload(msg))->nfgen_family,
				 NFPROTO_INET);
	}
	assert_int_equal(n, COUNT_OF(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),   cmocka_unit_test(test_edited),
		cmocka_unit_test(test_others),	    cmocka_unit_test(test_rows_that_cannot_be),
		cmocka_unit_test(test_whole_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
