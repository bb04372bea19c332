// SPDX-License-Identifier: GPL-2.0-or-later
#include <cm.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include <ezlb/netfilter.h>

union message {
	struct nlmsghdr msg;
	unsigned char bytes[4096];
};

static void start(union message *buf)
{
	memset(buf, 0, sizeof(*buf));
	mnl_nlmsg_put_header(&buf->msg);
	mnl_nlmsg_put_extra_header(&buf->msg, sizeof(struct nfgenmsg));
}

/* --- one of each, as the kernel sends them --------------------------------------------------- */

static void put_data(struct nlmsghdr *msg, uint16_t type, uint32_t value)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, type);

	mnl_attr_put_u32(msg, NFTA_DATA_VALUE, value);
	mnl_attr_nest_end(msg, nest);
}

static struct nlattr *expr_start(struct nlmsghdr *msg, uint16_t type, const char *name,
				 struct nlattr **data)
{
	struct nlattr *expr = mnl_attr_nest_start(msg, type);

	mnl_attr_put_strz(msg, NFTA_EXPR_NAME, name);
	*data = mnl_attr_nest_start(msg, NFTA_EXPR_DATA);
	return expr;
}

static void expr_end(struct nlmsghdr *msg, struct nlattr *expr, struct nlattr *data)
{
	mnl_attr_nest_end(msg, data);
	mnl_attr_nest_end(msg, expr);
}

static void put_counter(struct nlmsghdr *msg, uint16_t type)
{
	struct nlattr *data, *expr = expr_start(msg, type, "counter", &data);

	mnl_attr_put_u64(msg, NFTA_COUNTER_BYTES, 1);
	mnl_attr_put_u64(msg, NFTA_COUNTER_PACKETS, 2);
	expr_end(msg, expr, data);
}

static void put_verdict(struct nlmsghdr *msg, bool has_chain, bool has_value)
{
	struct nlattr *data, *expr = expr_start(msg, NFTA_LIST_ELEM, "immediate", &data);
	struct nlattr *value, *verdict;

	mnl_attr_put_u32(msg, NFTA_IMMEDIATE_DREG, 0);
	value = mnl_attr_nest_start(msg, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(msg, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(msg, NFTA_VERDICT_CODE, (uint32_t)htonl((uint32_t)NFT_JUMP));
	if (has_chain)
		mnl_attr_put_strz(msg, NFTA_VERDICT_CHAIN, "EZLB-INPUT");
	mnl_attr_nest_end(msg, verdict);
	if (has_value)
		mnl_attr_put_u64(msg, NFTA_DATA_VALUE, UINT64_MAX);
	mnl_attr_nest_end(msg, value);
	expr_end(msg, expr, data);
}

static void put_match(struct nlmsghdr *msg)
{
	struct nlattr *data, *expr = expr_start(msg, NFTA_LIST_ELEM, "match", &data);

	mnl_attr_put_strz(msg, NFTA_MATCH_NAME, "tcp");
	mnl_attr_put_u32(msg, NFTA_MATCH_REV, 0);
	mnl_attr_put(msg, NFTA_MATCH_INFO, 16, (const unsigned char[16]){ 1, 2, 3 });
	expr_end(msg, expr, data);
}

/* An expression that ezlb does not use. Its data are wrong for libnftnl. */
static void put_limit(struct nlmsghdr *msg)
{
	struct nlattr *data, *expr = expr_start(msg, NFTA_LIST_ELEM, "limit", &data);

	mnl_attr_put_u8(msg, NFTA_LIMIT_RATE, 1);
	expr_end(msg, expr, data);
}

static void rule(union message *buf)
{
	struct nlattr *list, *data, *expr;

	start(buf);
	mnl_attr_put_strz(&buf->msg, NFTA_RULE_TABLE, "filter");
	mnl_attr_put_strz(&buf->msg, NFTA_RULE_CHAIN, "INPUT");
	mnl_attr_put_u64(&buf->msg, NFTA_RULE_HANDLE, 7);
	mnl_attr_put(&buf->msg, NFTA_RULE_USERDATA, 4, "\0\2a");
	list = mnl_attr_nest_start(&buf->msg, NFTA_RULE_EXPRESSIONS);
	expr = expr_start(&buf->msg, NFTA_LIST_ELEM, "cmp", &data);
	mnl_attr_put_u32(&buf->msg, NFTA_CMP_SREG, htonl(1));
	mnl_attr_put_u32(&buf->msg, NFTA_CMP_OP, 0);
	put_data(&buf->msg, NFTA_CMP_DATA, 9);
	expr_end(&buf->msg, expr, data);
	put_match(&buf->msg);
	put_counter(&buf->msg, NFTA_LIST_ELEM);
	put_limit(&buf->msg);
	put_verdict(&buf->msg, true, false);
	mnl_attr_nest_end(&buf->msg, list);
}

static void chain(union message *buf)
{
	struct nlattr *hook;

	start(buf);
	mnl_attr_put_strz(&buf->msg, NFTA_CHAIN_TABLE, "filter");
	mnl_attr_put_strz(&buf->msg, NFTA_CHAIN_NAME, "INPUT");
	hook = mnl_attr_nest_start(&buf->msg, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(&buf->msg, NFTA_HOOK_HOOKNUM, htonl(1));
	mnl_attr_put_u32(&buf->msg, NFTA_HOOK_PRIORITY, 0);
	mnl_attr_nest_end(&buf->msg, hook);
	mnl_attr_put_u32(&buf->msg, NFTA_CHAIN_POLICY, htonl(1));
	mnl_attr_put_strz(&buf->msg, NFTA_CHAIN_TYPE, "filter");
}

static void table(union message *buf)
{
	start(buf);
	mnl_attr_put_strz(&buf->msg, NFTA_TABLE_NAME, "ezlb");
	mnl_attr_put_u32(&buf->msg, NFTA_TABLE_FLAGS, 0);
	mnl_attr_put_u32(&buf->msg, NFTA_TABLE_USE, htonl(4));
	mnl_attr_put_u64(&buf->msg, NFTA_TABLE_HANDLE, 1);
}

static void set(union message *buf)
{
	struct nlattr *desc;

	start(buf);
	mnl_attr_put_strz(&buf->msg, NFTA_SET_TABLE, "ezlb");
	mnl_attr_put_strz(&buf->msg, NFTA_SET_NAME, "snat");
	mnl_attr_put_u32(&buf->msg, NFTA_SET_KEY_LEN, htonl(8));
	desc = mnl_attr_nest_start(&buf->msg, NFTA_SET_DESC);
	mnl_attr_put_u32(&buf->msg, NFTA_SET_DESC_SIZE, htonl(9));
	mnl_attr_nest_end(&buf->msg, desc);
	put_counter(&buf->msg, NFTA_SET_EXPR);
}

static void elems(union message *buf)
{
	struct nlattr *list, *elem;

	start(buf);
	mnl_attr_put_strz(&buf->msg, NFTA_SET_ELEM_LIST_TABLE, "ezlb");
	mnl_attr_put_strz(&buf->msg, NFTA_SET_ELEM_LIST_SET, "snat");
	list = mnl_attr_nest_start(&buf->msg, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(&buf->msg, NFTA_LIST_ELEM);
	put_data(&buf->msg, NFTA_SET_ELEM_KEY, 1);
	put_data(&buf->msg, NFTA_SET_ELEM_DATA, 2);
	put_counter(&buf->msg, NFTA_SET_ELEM_EXPR);
	mnl_attr_nest_end(&buf->msg, elem);
	mnl_attr_nest_end(&buf->msg, list);
}

static int parse_rule(const struct nlmsghdr *msg)
{
	struct nftnl_rule *out = nftnl_rule_alloc();
	int rc = ezlb_nft_parse_rule(msg, out);

	nftnl_rule_free(out);
	return rc;
}

static int parse_chain(const struct nlmsghdr *msg)
{
	struct nftnl_chain *out = nftnl_chain_alloc();
	int rc = ezlb_nft_parse_chain(msg, out);

	nftnl_chain_free(out);
	return rc;
}

static int parse_table(const struct nlmsghdr *msg)
{
	struct nftnl_table *out = nftnl_table_alloc();
	int rc = ezlb_nft_parse_table(msg, out);

	nftnl_table_free(out);
	return rc;
}

static int parse_set(const struct nlmsghdr *msg)
{
	struct nftnl_set *out = nftnl_set_alloc();
	int rc = ezlb_nft_parse_set(msg, out);

	nftnl_set_free(out);
	return rc;
}

static int parse_elems(const struct nlmsghdr *msg)
{
	struct nftnl_set *out = nftnl_set_alloc();
	int rc = ezlb_nft_parse_elems(msg, out);

	nftnl_set_free(out);
	return rc;
}

static const struct {
	void (*make)(union message *buf);
	int (*parse)(const struct nlmsghdr *msg);
} kinds[] = {
	{ rule, parse_rule }, { chain, parse_chain }, { table, parse_table },
	{ set, parse_set },   { elems, parse_elems },
};

static void put_jump(struct nlmsghdr *msg, bool has_chain, bool has_value)
{
	struct nlattr *list = mnl_attr_nest_start(msg, NFTA_RULE_EXPRESSIONS);

	put_verdict(msg, has_chain, has_value);
	mnl_attr_nest_end(msg, list);
}

/* --- tests ----------------------------------------------------------------------------------- */

static int take_name(struct nftnl_expr *expr, void *arg)
{
	strcat(arg, nftnl_expr_get_str(expr, NFTNL_EXPR_NAME));
	strcat(arg, " ");
	return 0;
}

/* All that ezlb reads arrives, and of an expression that it does not use the name. */
static void test_whole(void **state)
{
	struct nftnl_rule *out = nftnl_rule_alloc();
	char names[200] = "";
	union message buf;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		kinds[i].make(&buf);
		assert_int_equal(kinds[i].parse(&buf.msg), 0);
	}
	rule(&buf);
	assert_int_equal(ezlb_nft_parse_rule(&buf.msg, out), 0);
	assert_string_equal(nftnl_rule_get_str(out, NFTNL_RULE_TABLE), "filter");
	assert_true(nftnl_rule_is_set(out, NFTNL_RULE_USERDATA));
	nftnl_expr_foreach(out, take_name, names);
	assert_string_equal(names, "cmp match counter limit immediate ");
	nftnl_rule_free(out);
}

/* libnftnl ends the process for each of these, or reads beyond the end. */
static void test_damaged(void **state)
{
	union message buf;
	struct nlattr *list, *expr;

	(void)state;
	table(&buf);
	mnl_attr_put_u8(&buf.msg, NFTA_TABLE_FLAGS, 1);
	assert_int_equal(parse_table(&buf.msg), -EBADMSG);
	table(&buf);
	mnl_attr_put(&buf.msg, NFTA_TABLE_NAME, 4, "ezlb");
	assert_int_equal(parse_table(&buf.msg), -EBADMSG);
	chain(&buf);
	mnl_attr_put_u32(&buf.msg, NFTA_CHAIN_HANDLE, 1);
	assert_int_equal(parse_chain(&buf.msg), -EBADMSG);
	chain(&buf);
	mnl_attr_put_u32(&buf.msg, NFTA_CHAIN_HOOK, UINT32_MAX);
	assert_int_equal(parse_chain(&buf.msg), -EBADMSG);
	rule(&buf);
	list = mnl_attr_nest_start(&buf.msg, NFTA_RULE_EXPRESSIONS);
	expr = mnl_attr_nest_start(&buf.msg, NFTA_LIST_ELEM); /* no name */
	mnl_attr_nest_end(&buf.msg, expr);
	mnl_attr_nest_end(&buf.msg, list);
	assert_int_equal(parse_rule(&buf.msg), -EBADMSG);
	rule(&buf);
	put_jump(&buf.msg, false, false); /* to nowhere */
	assert_int_equal(parse_rule(&buf.msg), -EBADMSG);
	rule(&buf);
	put_jump(&buf.msg, true, true); /* a verdict and a value in one place of memory */
	assert_int_equal(parse_rule(&buf.msg), -EBADMSG);
	rule(&buf);
	put_jump(&buf.msg, true, false);
	assert_int_equal(parse_rule(&buf.msg), 0);
	start(&buf);
	buf.msg.nlmsg_len = sizeof(buf.msg) + 2;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		assert_int_equal(kinds[i].parse(&buf.msg), -EBADMSG);
}

/* User data are of any program. What is not in the form of nft's is left out. */
static void test_udata(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool there;
	} rows[] = {
		{ "\0\2a", 4, true },  { "\0\0", 2, true }, { "\0\2a\0\1\0", 6, true },
		{ "\0\3a", 4, false }, { "\0", 1, false },  { "\0\2a\0\1", 5, false },
		{ "junk", 4, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct nftnl_rule *out = nftnl_rule_alloc();
		union message buf;

		start(&buf);
		mnl_attr_put(&buf.msg, NFTA_RULE_USERDATA, rows[i].len, rows[i].bytes);
		assert_int_equal(ezlb_nft_parse_rule(&buf.msg, out), 0);
		assert_int_equal(nftnl_rule_is_set(out, NFTNL_RULE_USERDATA), rows[i].there);
		nftnl_rule_free(out);
	}
}

static void change_all(size_t kind)
{
	static const unsigned char values[] = { 0, 1, 3, 4, 5, 8, 9, 0x7f, 0x80, 0xff };
	union message whole;

	kinds[kind].make(&whole);
	for (size_t i = sizeof(whole.msg); i < whole.msg.nlmsg_len; i++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			struct nlmsghdr *msg = malloc(whole.msg.nlmsg_len);

			memcpy(msg, &whole, whole.msg.nlmsg_len);
			((unsigned char *)msg)[i] = values[v];
			kinds[kind].parse(msg);
			free(msg);
		}
	}
	for (uint32_t len = sizeof(whole.msg); len < whole.msg.nlmsg_len; len++) {
		struct nlmsghdr *msg = malloc(len);

		memcpy(msg, &whole, len);
		msg->nlmsg_len = len;
		kinds[kind].parse(msg);
		free(msg);
	}
}

/* Each byte with several values, and each length. In a child: libnftnl may call exit(). */
static void test_any_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		pid_t pid = fork();
		int status = -1;

		assert_true(pid >= 0);
		if (pid == 0) {
			change_all(i);
			_exit(77);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_udata),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
