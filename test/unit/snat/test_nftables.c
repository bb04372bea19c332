// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_world.h"

/* --- work ------------------------------------------------------------------------------------ */

static void test_rows_are_for_listeners(void **state)
{
	(void)state;
	assert_int_equal(layer->snat_key, EZLB_SNAT_KEY_LISTENER);
}

static void test_life(void **state)
{
	(void)state;
	assert_string_equal(world(), "absent");
	assert_int_equal(APPLY(SETUP), 0);
	assert_string_equal(world(), "sound");
	assert_false(fake.table[1].exists);
	assert_int_equal(APPLY(OP(ADD, V4, "10.0.0.3"), OP(ADD, V4_TOO, NULL)), 0);
	assert_string_equal(world(), "sound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq");
	assert_int_equal(APPLY(OP(SET, V4, NULL), OP(SET, V4_TOO, "10.0.0.4")), 0);
	assert_string_equal(world(), "sound 10.0.0.1:80>masq 10.0.0.2:80>10.0.0.4");
	assert_int_equal(APPLY(OP(SET, V4_TOO, "10.0.0.5")), 0);
	assert_string_equal(world(), "sound 10.0.0.1:80>masq 10.0.0.2:80>10.0.0.5");
	assert_int_equal(APPLY(OP(DEL, V4, NULL)), 0);
	assert_string_equal(world(), "sound 10.0.0.2:80>10.0.0.5");
	assert_int_equal(fake.transactions, 5);
	assert_int_equal(APPLY(TEARDOWN), 0);
	assert_string_equal(world(), "absent");
	assert_int_equal(fake.opened, 1);
}

/* Changes of elements are just these: one message for each set that changes. */
static void test_small_changes(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V4, "10.0.0.3")), 0);
	fake.messages = 0;
	assert_int_equal(APPLY(OP(ADD, V4_TOO, "10.0.0.3")), 0);
	assert_int_equal(fake.messages, 1);
	assert_int_equal(APPLY(OP(SET, V4_TOO, "10.0.0.4")), 0);
	assert_int_equal(fake.messages, 3);
}

static void test_ipv6(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V6, "fd00::3"), SETUP), 0);
	assert_int_equal(fake.transactions, 2);
	assert_string_equal(world(), "sound [fd00::1]:80>fd00::3");
	assert_int_equal(APPLY(OP(DEL, V6, NULL)), 0);
	assert_string_equal(world(), "sound");
	assert_int_equal(APPLY(TEARDOWN), 0);
	assert_false(fake.table[1].exists);
	assert_string_equal(world(), "absent");
}

/* What an op makes the next one finds, also where there was no table of the family before. */
static void test_teardown_takes_all(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V6, "fd00::3"), TEARDOWN), 0);
	assert_string_equal(world(), "absent");
	assert_int_equal(APPLY(OP(ADD, V4, NULL), TEARDOWN, SETUP, OP(ADD, V6, "fd00::3")), 0);
	assert_string_equal(world(), "sound [fd00::1]:80>fd00::3");
	assert_int_equal(APPLY(TEARDOWN, OP(ADD, V4, NULL)), 0);
	assert_string_equal(world(), "sound 10.0.0.1:80>masq");
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(DEL, V4, NULL), OP(DEL, V6, NULL), TEARDOWN), 0);
	assert_int_equal(fake.transactions, 0);
	assert_int_equal(APPLY(OP(ADD, V4, NULL), OP(ADD, V6, NULL)), 0);
	fake.transactions = 0;
	assert_int_equal(APPLY(SETUP, OP(ADD, V4, NULL), OP(SET, V6, NULL), OP(DEL, V4_TOO, NULL)),
			 0);
	assert_int_equal(fake.transactions, 0);
}

static void test_many(void **state)
{
	static struct ezlb_op all[FAKE_ELEMS], *ops[FAKE_ELEMS];
	struct ezlb_table table = { .snat_wanted = true };

	(void)state;
	for (size_t i = 0; i < FAKE_ELEMS; i++) {
		all[i] = (struct ezlb_op){ .kind = EZLB_OP_SNAT_ADD };
		all[i].snat = nft_row(EZLB_UDP, "[fd00::1]:80", i % 2 ? "fd00::3" : NULL);
		all[i].snat.key.endpoint.port = (uint16_t)(i + 1);
		ops[i] = &all[i];
	}
	assert_int_equal(layer->apply(layer, ops, FAKE_ELEMS, &err), 0);
	assert_int_equal(fake.transactions, 1);
	assert_int_equal(layer->list(layer, NULL, &table, &err), 0);
	assert_int_equal(table.snats.len, FAKE_ELEMS);
	ezlb_table_clear(&table);
}

/* IPv6's table is asked for only where there is one, but then it counts. */
static void test_unsound_ipv6(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V4, NULL), OP(ADD, V6, NULL)), 0);
	fake.table[1].n_rules = 0;
	assert_string_equal(world(), "unsound 10.0.0.1:80>masq [fd00::1]:80>masq");
	assert_int_equal(APPLY(SETUP), 0);
	assert_string_equal(world(), "sound 10.0.0.1:80>masq [fd00::1]:80>masq");
}

/* --- strangers ------------------------------------------------------------------------------- */

static void dormant(void)
{
	fake.table[0].flags = NFT_TABLE_F_DORMANT;
}
static void one_more(void)
{
	fake.table[0].more = 1;
}
static void no_chain(void)
{
	fake.table[0].chain.len = 0;
}
static void another_chain(void)
{
	no_chain();
	one_more();
}
static void filter_chain(void)
{
	fake_keep(&fake.table[0].chain, &(struct nlmsghdr){ .nlmsg_len = MNL_NLMSG_HDRLEN });
	fake.table[0].chain.len = 4;
}
static void no_rule(void)
{
	fake.table[0].n_rules = 0;
}
static void third_rule(void)
{
	fake.table[0].rule[2] = fake.table[0].rule[0];
	fake.table[0].n_rules = 3;
}
static void wrong_order(void)
{
	fake.table[0].rule[2] = fake.table[0].rule[0];
	fake.table[0].rule[0] = fake.table[0].rule[1];
	fake.table[0].rule[1] = fake.table[0].rule[2];
}
static void strange_elem(void)
{
	fake.table[0].elem[EZLB_NFT_MASQUERADED][0].bytes[12] = 1; /* icmp */
}
static void strange_elem_message(void)
{
	/* With an expression by the name "x". */
	static const unsigned char bad[] = {
		12, 0, NFTA_SET_ELEM_EXPR, 0x80, 6, 0, NFTA_EXPR_NAME, 0, 'x', 0, 0, 0
	};
	struct fake_elem *elem = &fake.table[0].elem[EZLB_NFT_MASQUERADED][0];

	memcpy(elem->bytes, bad, sizeof(bad));
	elem->len = sizeof(bad);
}

static const struct {
	const char *name;
	void (*change)(void);
	const char *want;
} strangers[] = {
	{ "dormant", dormant, "unsound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq" },
	{ "one more thing", one_more, "unsound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq" },
	{ "no chain", no_chain, "unsound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq" },
	{ "one of another name", another_chain, "unsound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq" },
	{ "another chain", filter_chain, "unsound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq" },
	{ "no rule", no_rule, "unsound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq" },
	{ "a third rule", third_rule, "unsound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq" },
	{ "the rules in another order", wrong_order,
	  "unsound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq" },
	{ "a strange element", strange_elem, "unsound 10.0.0.1:80>10.0.0.3" },
	{ "an element from the future", strange_elem_message, "unsound 10.0.0.1:80>10.0.0.3" },
};

static void test_strangers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(strangers); i++) {
		print_message("%s\n", strangers[i].name);
		assert_int_equal(APPLY(OP(ADD, V4, "10.0.0.3"), OP(ADD, V4_TOO, NULL)), 0);
		strangers[i].change();
		assert_string_equal(world(), strangers[i].want);
		assert_int_equal(APPLY(SETUP, OP(SET, V4_TOO, NULL)), 0);
		assert_string_equal(world(), "sound 10.0.0.1:80>10.0.0.3 10.0.0.2:80>masq");
	}
}

/* Its elements cannot be read: they are of who knows what. */
static void test_strange_set(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V4, "10.0.0.3"), OP(ADD, V4_TOO, NULL)), 0);
	fake.table[0].set[EZLB_NFT_SOURCE_OF] = fake.table[0].set[EZLB_NFT_MASQUERADED];
	assert_string_equal(world(), "unsound 10.0.0.2:80>masq");
	assert_int_equal(APPLY(OP(DEL, V4_TOO, NULL)), 0);
	assert_string_equal(world(), "sound");
}

/* The first rule decides, so the element in the map is the one that counts. */
static void test_in_both_sets(void **state)
{
	const struct ezlb_snat_row row = nft_row(EZLB_TCP, V4, NULL);
	struct nftnl_set_elem *elem = ezlb_nft_row_build(&row, true);
	struct fake_table *table = &fake.table[0];
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, 0, 0, 0);

	(void)state;
	assert_int_equal(APPLY(OP(ADD, V4, "10.0.0.3")), 0);
	nftnl_set_elem_nlmsg_build(msg, elem, NFTA_LIST_ELEM);
	assert_int_equal(
		fake_change_elem(table, EZLB_NFT_MASQUERADED, true,
				 mnl_nlmsg_get_payload_offset(msg, sizeof(struct nfgenmsg))),
		0);
	nftnl_set_elem_free(elem);
	assert_string_equal(world(), "unsound 10.0.0.1:80>10.0.0.3");
	assert_int_equal(APPLY(SETUP), 0);
	assert_string_equal(world(), "sound 10.0.0.1:80>10.0.0.3");
}

/* --- what is counted ------------------------------------------------------------------------- */

static void put_elem(struct fake_table *table, const struct ezlb_snat_row *row)
{
	struct nftnl_set_elem *elem = ezlb_nft_row_build(row, true);
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, 0, 0, 0);

	nftnl_set_elem_nlmsg_build(msg, elem, NFTA_LIST_ELEM);
	nftnl_set_elem_free(elem);
	assert_int_equal(
		fake_change_elem(table, ezlb_nft_set_of(row), true,
				 mnl_nlmsg_get_payload_offset(msg, sizeof(struct nfgenmsg))),
		0);
}

static uint64_t connections(const char *listen)
{
	struct ezlb_table table = { .snat_wanted = true };
	struct ezlb_snat_row key = nft_row(EZLB_TCP, listen, NULL);
	const struct ezlb_snat_row *row;
	uint64_t out;

	assert_int_equal(layer->list(layer, NULL, &table, &err), 0);
	ezlb_table_sort(&table);
	row = EZLB_FIND(&table.snats, &key, ezlb_snat_row_cmp);
	assert_non_null(row);
	out = row->connections;
	ezlb_table_clear(&table);
	return out;
}

/* What was counted is listed, makes no write, and outlives a new value and a new frame. */
static void test_counters(void **state)
{
	struct ezlb_snat_row row = nft_row(EZLB_TCP, V4, "10.0.0.3");

	(void)state;
	assert_int_equal(APPLY(SETUP, OP(ADD, V4_TOO, NULL)), 0);
	row.connections = 7;
	put_elem(&fake.table[0], &row);
	assert_int_equal(connections(V4), 7);
	assert_int_equal(connections(V4_TOO), 0);
	fake.transactions = 0;
	assert_int_equal(APPLY(SETUP, OP(SET, V4, "10.0.0.3")), 0);
	assert_int_equal(fake.transactions, 0);
	assert_int_equal(APPLY(OP(SET, V4, "10.0.0.4-10.0.0.5")), 0);
	assert_string_equal(world(), "sound 10.0.0.1:80>10.0.0.4-10.0.0.5 10.0.0.2:80>masq");
	assert_int_equal(connections(V4), 7);
	fake.table[0].n_rules = 0;
	assert_int_equal(APPLY(SETUP), 0);
	assert_int_equal(connections(V4), 7);
	assert_int_equal(APPLY(OP(SET, V4, NULL)), 0);
	assert_string_equal(world(), "sound 10.0.0.1:80>masq 10.0.0.2:80>masq");
	assert_int_equal(connections(V4), 7);
}

/* --- a frame of an earlier ezlb, whose map had one address ----------------------------------- */

static void put_old_set(struct fake_table *table)
{
	static _Alignas(struct nlmsghdr) char bytes[1024];
	struct nlmsghdr *msg = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_NEWSET, AF_INET, 0, 0);
	struct nftnl_set *set = nftnl_set_alloc();

	nftnl_set_set_str(set, NFTNL_SET_TABLE, EZLB_NFT_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, "source_of");
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_MAP);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, 12);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, 7 << 12 | 12 << 6 | 13);
	nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, 4);
	nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, 7);
	nftnl_set_nlmsg_build_payload(msg, set);
	nftnl_set_free(set);
	fake_keep(&table->set[EZLB_NFT_SOURCE_OF], msg);
}

static void test_old_frame(void **state)
{
	(void)state;
	assert_int_equal(APPLY(OP(ADD, V4, "10.0.0.3"), OP(ADD, V4_TOO, NULL)), 0);
	put_old_set(&fake.table[0]);
	assert_string_equal(world(), "unsound 10.0.0.2:80>masq");
	fake.transactions = 0;
	assert_int_equal(APPLY(SETUP, OP(ADD, V4, "10.0.0.3-10.0.0.6")), 0);
	assert_int_equal(fake.transactions, 1);
	assert_string_equal(world(), "sound 10.0.0.1:80>10.0.0.3-10.0.0.6 10.0.0.2:80>masq");
}

/* --- a kernel without it --------------------------------------------------------------------- */

static void test_not_loaded(void **state)
{
	uint64_t print;

	(void)state;
	signs.module = "/no/such";
	assert_string_equal(world(), "absent");
	assert_int_equal(layer->peek(layer, NULL, &print), -ENOENT);
	assert_int_equal(APPLY(OP(DEL, V4, NULL), TEARDOWN), 0);
	assert_int_equal(fake.opened, 0);
	assert_int_equal(APPLY(OP(ADD, V4, NULL)), 0);
	assert_int_equal(fake.opened, 1);
	signs.module = "/";
	assert_string_equal(world(), "sound 10.0.0.1:80>masq");
}

/* Looked up once: what is built in stays so. */
static void test_builtin(void **state)
{
	uint64_t print;

	(void)state;
	signs.module = signs.builtin = signs.symbols = "/no/such";
	assert_int_equal(layer->peek(layer, NULL, &print), 0);
	signs.builtin = "/dev/null";
	assert_int_equal(layer->peek(layer, NULL, &print), 0);
}

static void test_none(void **state)
{
	static const int codes[] = { -EINVAL, -EOPNOTSUPP };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		fake.gen_rc = codes[i];
		assert_string_equal(world(), "absent");
		assert_int_equal(APPLY(OP(DEL, V4, NULL), TEARDOWN), 0);
		assert_int_equal(rcs[0], 0);
		assert_int_equal(err.code, 0);
		assert_int_equal(APPLY(SETUP, OP(ADD, V6, NULL)), -ENOPROTOOPT);
		assert_int_equal(rcs[1], -ENOPROTOOPT);
		assert_non_null(strstr(err.msg, "modprobe nf_tables"));
	}
}

static void test_peek(void **state)
{
	uint64_t before, after;

	(void)state;
	assert_int_equal(layer->peek(layer, NULL, &before), 0);
	assert_int_equal(layer->peek(layer, NULL, &after), 0);
	assert_int_equal(before, after);
	assert_int_equal(APPLY(SETUP), 0);
	assert_int_equal(layer->peek(layer, NULL, &after), 0);
	assert_int_not_equal(before, after);
}

/* Opening asks nobody. */
static void test_open(void **state)
{
	struct ezlb_layer *opened;

	(void)state;
	assert_int_equal(ezlb_snat_nftables_open(&opened, &err), 0);
	assert_int_equal(opened->snat_key, EZLB_SNAT_KEY_LISTENER);
	opened->close(opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows_are_for_listeners),
		TEST(test_life),
		TEST(test_small_changes),
		TEST(test_ipv6),
		TEST(test_nothing_to_do),
		TEST(test_many),
		TEST(test_unsound_ipv6),
		TEST(test_strangers),
		TEST(test_strange_set),
		TEST(test_in_both_sets),
		TEST(test_not_loaded),
		TEST(test_builtin),
		TEST(test_none),
		TEST(test_peek),
		TEST(test_open),
		TEST(test_counters),
		TEST(test_old_frame),
		TEST(test_teardown_takes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
