// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_rows.h"

#include <libnftnl/set.h>
#include <linux/netfilter/nfnetlink.h>

#define MANY 10000

static struct ezlb_snats rows;
static struct ezlb_nl_buf buf;

static int teardown(void **state)
{
	(void)state;
	EZLB_VEC_CLEAR(&rows);
	ezlb_nl_buf_clear(&buf);
	return 0;
}

/* Every third row is masqueraded, and every second one is for a mark. Those that have counted
 * already take more room. */
static void fill(const char *addr, const char *to, bool counted)
{
	char listen[EZLB_ENDPOINT_STRLEN];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(listen, sizeof(listen), "%s:%u", addr, i + 1);
		*EZLB_PUSH(&rows) = nft_row(EZLB_TCP, listen, i % 3 ? to : NULL);
		if (i % 2)
			rows.items[i] = nft_mark_row(i, rows.items[i].key.endpoint.addr.family,
						     i % 3 ? to : NULL);
		rows.items[i].connections = counted ? UINT64_MAX - i : 0;
	}
}

struct seen {
	const struct ezlb_nft_family *family;
	enum ezlb_nft_set set;
	size_t at; /* in rows */
	bool adds, data;
};

static int on_elem(struct nftnl_set_elem *elem, void *arg)
{
	struct seen *seen = arg;
	struct ezlb_snat_row row;

	while (ezlb_nft_set_of(&rows.items[seen->at]) != seen->set)
		seen->at++;
	assert_int_equal(nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_DATA), seen->data);
	/* What deletes one is all of it but for the data. */
	if (!seen->data && ezlb_nft_is_map(seen->set)) {
		const struct ezlb_addr_range *to = &rows.items[seen->at].to;
		uint8_t data[32];

		memcpy(data, to->first.bytes, seen->family->addr_len);
		memcpy(data + seen->family->addr_len, to->last.bytes, seen->family->addr_len);
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_DATA, data, 2u * seen->family->addr_len);
	}
	assert_int_equal(ezlb_nft_row_parse(seen->family, seen->set, elem, &row), 0);
	assert_int_equal(ezlb_snat_row_cmp(&row, &rows.items[seen->at]), 0);
	assert_true(ezlb_snat_row_same(&row, &rows.items[seen->at]));
	assert_int_equal(row.connections, seen->adds ? rows.items[seen->at].connections : 0);
	seen->at++;
	return 0;
}

/* All rows of the set are in the buffer, in their order, and nothing else. */
static void check_rows(uint16_t type, const struct ezlb_nft_family *family, enum ezlb_nft_set which)
{
	bool adds = type == NFT_MSG_NEWSETELEM;
	struct seen seen = { .family = family, .set = which };
	struct nlmsghdr *msg = NULL;
	size_t messages = 0;

	seen.adds = adds;
	seen.data = adds && ezlb_nft_is_map(which);
	while ((msg = nft_next(&buf, msg))) {
		struct nlattr *attr;
		struct nftnl_set *set = nftnl_set_alloc();

		messages++;
		assert_int_equal(nft_type(msg), type);
		assert_int_equal(msg->nlmsg_flags,
				 NLM_F_REQUEST | (adds ? NLM_F_CREATE | NLM_F_EXCL : 0));
		assert_true(msg->nlmsg_len < 65536);
		mnl_attr_for_each(attr, msg, sizeof(struct nfgenmsg))
			assert_true(mnl_attr_get_len(attr) > 4);
		assert_int_equal(nftnl_set_elems_nlmsg_parse(msg, set), 0);
		assert_string_equal(nftnl_set_get_str(set, NFTNL_SET_TABLE), "ezlb");
		assert_string_equal(nftnl_set_get_str(set, NFTNL_SET_NAME),
				    ezlb_nft_set_str(which));
		nftnl_set_elem_foreach(set, on_elem, &seen);
		nftnl_set_free(set);
	}
	assert_true(messages > 1);
	while (seen.at < rows.len)
		assert_int_not_equal(ezlb_nft_set_of(&rows.items[seen.at++]), which);
}

static void check_family(const struct ezlb_nft_family *family)
{
	static const uint16_t types[] = { NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM };

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		for (enum ezlb_nft_set set = 0; set < EZLB_NFT_SETS; set++) {
			ezlb_nft_put_rows(&buf, types[i], set, &rows);
			check_rows(types[i], family, set);
			ezlb_nl_buf_clear(&buf);
		}
	}
}

static void test_many_v4(void **state)
{
	(void)state;
	fill("10.0.0.1", "10.0.0.3-10.0.0.6", false);
	check_family(&ezlb_nft_families[0]);
}

static void test_many_v6(void **state)
{
	(void)state;
	fill("[fd00::1]", "fd00::3-fd00::6", true);
	check_family(&ezlb_nft_families[1]);
}

static void test_none(void **state)
{
	(void)state;
	*EZLB_PUSH(&rows) = nft_row(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	ezlb_nft_put_rows(&buf, NFT_MSG_NEWSETELEM, EZLB_NFT_MASQUERADED, &rows);
	assert_int_equal(buf.len, 0);
}

/* The whole bytes of a small transaction, but for what differs with the machine's byte order. */
static void test_transaction(void **state)
{
	struct nlmsghdr *msg = NULL;
	struct nlattr *attr;
	static const uint16_t want[] = { NFNL_MSG_BATCH_BEGIN, NFT_MSG_DELTABLE, NFT_MSG_DELTABLE,
					 NFNL_MSG_BATCH_END };
	static const uint16_t flags[] = { 0, 0, NLM_F_ACK, 0 };

	(void)state;
	ezlb_nft_put_begin(&buf, 0x01020304);
	attr = mnl_nlmsg_get_payload_offset((struct nlmsghdr *)(void *)buf.items,
					    sizeof(struct nfgenmsg));
	assert_int_equal(mnl_attr_get_type(attr), NFNL_BATCH_GENID);
	assert_memory_equal(mnl_attr_get_payload(attr), "\1\2\3\4", 4);
	ezlb_nft_put_deltable(&buf, AF_INET);
	ezlb_nft_put_deltable(&buf, AF_INET6);
	ezlb_nft_put_commit(&buf);
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		msg = nft_next(&buf, msg);
		assert_non_null(msg);
		assert_int_equal(nft_type(msg),
				 nft_type(&(struct nlmsghdr){ .nlmsg_type = want[i] }));
		assert_int_equal(msg->nlmsg_flags, NLM_F_REQUEST | flags[i]);
	}
	assert_null(nft_next(&buf, msg));
}

static const struct {
	uint16_t type;
	bool dump;
	const char *name;
	uint16_t attr; /* where the name is */
} questions[] = {
	{ NFT_MSG_GETTABLE, false, NULL, 0 },
	{ NFT_MSG_GETCHAIN, false, "EZLB-SNAT", NFTA_CHAIN_NAME },
	{ NFT_MSG_GETSET, false, "source_of", NFTA_SET_NAME },
	{ NFT_MSG_GETRULE, true, "EZLB-SNAT", NFTA_RULE_CHAIN },
	{ NFT_MSG_GETSETELEM, true, "source_of", NFTA_SET_ELEM_LIST_SET },
};

static void test_questions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(questions); i++) {
		const struct nlmsghdr *msg;
		struct nlattr *attr;
		int names = 0;

		ezlb_nl_buf_clear(&buf);
		(questions[i].dump ? ezlb_nft_put_dump : ezlb_nft_put_get)(
			&buf, AF_INET6, questions[i].type, questions[i].name);
		msg = nft_next(&buf, NULL);
		assert_int_equal(nft_type(msg), questions[i].type);
		assert_int_equal(msg->nlmsg_flags,
				 NLM_F_REQUEST | (questions[i].dump ? NLM_F_DUMP : NLM_F_ACK));
		mnl_attr_for_each(attr, msg, sizeof(struct nfgenmsg))
		{
			bool table = mnl_attr_get_type(attr) == NFTA_TABLE_NAME;

			names++;
			if (!table)
				assert_int_equal(mnl_attr_get_type(attr), questions[i].attr);
			assert_string_equal(mnl_attr_get_str(attr),
					    table ? "ezlb" : questions[i].name);
		}
		assert_int_equal(names, questions[i].name ? 2 : 1);
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many_v4),	TEST(test_many_v6),   TEST(test_none),
		TEST(test_transaction), TEST(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
