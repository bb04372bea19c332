// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_rows.h"

#include <libnftnl/common.h>
#include <libnftnl/expr.h>

#include "chain.h"
#include "nft_row.h"

static const struct {
	const char *name;
	enum ezlb_proto proto;
	const char *listen, *to;
	const char *key, *data; /* in hex, of the latter what is first and last */
} cases[] = {
	{ "v4", EZLB_TCP, "10.0.0.1:80", "10.0.0.3", "0a000001060000000050 0000",
	  "0a000003 0a000003" },
	{ "v4 range", EZLB_TCP, "10.0.0.1:80", "10.0.0.3-10.0.1.6", "0a000001060000000050 0000",
	  "0a000003 0a000106" },
	{ "v4 masquerade", EZLB_UDP, "10.0.0.1:53", NULL, "0a000001110000000035 0000", "" },
	{ "v6", EZLB_SCTP, "[fd00:10::1]:40000", "fd00::3",
	  "fd000010000000000000000000000001840000009c40 0000",
	  "fd000000000000000000000000000003 fd000000000000000000000000000003" },
	{ "v6 range", EZLB_TCP, "[::1]:1", "fd00::3-fd00::1:0",
	  "00000000000000000000000000000001060000000001 0000",
	  "fd000000000000000000000000000003 fd000000000000000000000000010000" },
	{ "v6 masquerade", EZLB_TCP, "[::1]:1", NULL,
	  "00000000000000000000000000000001060000000001 0000", "" },
};

static size_t from_hex(const char *hex, unsigned char *out)
{
	size_t len = 0;
	unsigned byte;

	for (; *hex; hex += 2) {
		hex += *hex == ' ';
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		out[len++] = (unsigned char)byte;
	}
	return len;
}

static void assert_bytes(struct nftnl_set_elem *elem, uint16_t attr, const char *hex)
{
	unsigned char want[32];
	uint32_t want_len = (uint32_t)from_hex(hex, want), len = 0;
	const void *have;

	assert_int_equal(nftnl_set_elem_is_set(elem, attr), want_len > 0);
	if (!want_len)
		return;
	have = nftnl_set_elem_get(elem, attr, &len);
	assert_int_equal(len, want_len);
	assert_memory_equal(have, want, len);
}

static const struct ezlb_nft_family *family_of(const struct ezlb_snat_row *row)
{
	return &ezlb_nft_families[row->key.endpoint.addr.family == AF_INET6];
}

static void test_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_snat_row row = nft_row(cases[i].proto, cases[i].listen, cases[i].to);
		enum ezlb_nft_set set = ezlb_nft_set_of(&row);
		struct nftnl_set_elem *elem = ezlb_nft_row_build(&row, true);
		struct ezlb_snat_row back;

		print_message("%s\n", cases[i].name);
		assert_int_equal(ezlb_snat_row_check(&row), 0);
		assert_int_equal(set, cases[i].to ? EZLB_NFT_SOURCE_OF : EZLB_NFT_MASQUERADED);
		assert_bytes(elem, NFTNL_SET_ELEM_KEY, cases[i].key);
		assert_bytes(elem, NFTNL_SET_ELEM_DATA, cases[i].data);
		assert_int_equal(ezlb_nft_row_parse(family_of(&row), set, elem, &back), 0);
		assert_int_equal(ezlb_snat_row_cmp(&back, &row), 0);
		assert_true(ezlb_snat_row_same(&back, &row));
		assert_int_equal(back.connections, 0);
		nftnl_set_elem_free(elem);
		elem = ezlb_nft_row_build(&row, false);
		assert_bytes(elem, NFTNL_SET_ELEM_KEY, cases[i].key);
		assert_bytes(elem, NFTNL_SET_ELEM_DATA, "");
		nftnl_set_elem_free(elem);
	}
}

static void test_marks(void **state)
{
	static const struct {
		uint8_t family;
		const char *to;
		enum ezlb_nft_set set;
	} marks[] = {
		{ AF_INET, "10.0.0.3-10.0.0.6", EZLB_NFT_SOURCE_OF_MARK },
		{ AF_INET, NULL, EZLB_NFT_MASQUERADED_MARK },
		{ AF_INET6, "fd00::3", EZLB_NFT_SOURCE_OF_MARK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		struct ezlb_snat_row row = nft_mark_row(0x01020304, marks[i].family, marks[i].to);
		struct nftnl_set_elem *elem = ezlb_nft_row_build(&row, true);
		struct ezlb_snat_row back;
		uint32_t len;

		assert_int_equal(ezlb_snat_row_check(&row), 0);
		assert_int_equal(ezlb_nft_set_of(&row), marks[i].set);
		assert_int_equal(
			*(const uint32_t *)nftnl_set_elem_get(elem, NFTNL_SET_ELEM_KEY, &len),
			0x01020304);
		assert_int_equal(len, 4);
		assert_int_equal(ezlb_nft_row_parse(family_of(&row), marks[i].set, elem, &back), 0);
		assert_int_equal(ezlb_snat_row_cmp(&back, &row), 0);
		assert_true(ezlb_snat_row_same(&back, &row));
		assert_int_equal(
			ezlb_nft_row_parse(family_of(&row), EZLB_NFT_SOURCE_OF, elem, &back),
			-EINVAL);
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, "\0\0\0\0", 4);
		assert_int_equal(ezlb_nft_row_parse(family_of(&row), marks[i].set, elem, &back),
				 -EINVAL);
		nftnl_set_elem_free(elem);
	}
}

struct parsed {
	enum ezlb_nft_set set;
	int rc;
	struct ezlb_snat_row row;
};

static int on_parsed(struct nftnl_set_elem *elem, void *arg)
{
	struct parsed *out = arg;

	out->rc = ezlb_nft_row_parse(&ezlb_nft_families[0], out->set, elem, &out->row);
	return 0;
}

/* As the kernel gives it back; frees it. */
static struct parsed through_message(struct nftnl_set_elem *elem, enum ezlb_nft_set which)
{
	static _Alignas(struct nlmsghdr) char bytes[1024];
	struct nlmsghdr *msg = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_NEWSETELEM, AF_INET, 0, 0);
	struct nlattr *list = mnl_attr_nest_start(msg, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nftnl_set *set = nftnl_set_alloc();
	struct parsed out = { .set = which, .rc = 1 };

	nftnl_set_elem_nlmsg_build(msg, elem, NFTA_LIST_ELEM);
	nftnl_set_elem_free(elem);
	mnl_attr_nest_end(msg, list);
	assert_int_equal(nftnl_set_elems_nlmsg_parse(msg, set), 0);
	nftnl_set_elem_foreach(set, on_parsed, &out);
	nftnl_set_free(set);
	return out;
}

static struct parsed with_expr(const char *name)
{
	struct ezlb_snat_row row = nft_row(EZLB_TCP, "10.0.0.1:80", NULL);
	struct nftnl_set_elem *elem = ezlb_nft_row_build(&row, true);

	nftnl_set_elem_add_expr(elem, nftnl_expr_alloc(name));
	return through_message(elem, EZLB_NFT_MASQUERADED);
}

/* One that has counted goes on from there; what deletes an element says nothing of it. */
static void test_counter(void **state)
{
	struct ezlb_snat_row row = nft_row(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	struct nftnl_set_elem *elem;
	struct parsed got;

	(void)state;
	row.connections = UINT64_MAX;
	got = through_message(ezlb_nft_row_build(&row, true), EZLB_NFT_SOURCE_OF);
	assert_int_equal(got.rc, 0);
	assert_int_equal(got.row.connections, UINT64_MAX);
	elem = ezlb_nft_row_build(&row, false);
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_DATA, "\12\0\0\3\12\0\0\3", 8);
	got = through_message(elem, EZLB_NFT_SOURCE_OF);
	assert_int_equal(got.rc, 0);
	assert_int_equal(got.row.connections, 0);
	got = with_expr("counter");
	assert_int_equal(got.rc, 0);
	assert_int_equal(got.row.connections, 0);
	assert_int_equal(with_expr("quota").rc, -EINVAL);
}

static void test_check(void **state)
{
	struct ezlb_snat_row row = nft_row(EZLB_TCP, "10.0.0.1:80", "fd00::3");

	(void)state;
	assert_int_equal(ezlb_snat_row_check(&row), -EAFNOSUPPORT);
	row = nft_row(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	row.to.last.family = AF_INET6;
	assert_int_equal(ezlb_snat_row_check(&row), -EAFNOSUPPORT);
	row = nft_row(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	row.to.last.bytes[3] = 2;
	assert_int_equal(ezlb_snat_row_check(&row), -EINVAL);
	row = nft_row(EZLB_TCP, "10.0.0.1:80", NULL);
	row.key.endpoint.addr.family = 0;
	assert_int_equal(ezlb_snat_row_check(&row), -EAFNOSUPPORT);
	row = nft_row(EZLB_TCP, "10.0.0.1:80", NULL);
	row.key.endpoint.port = 0;
	assert_int_equal(ezlb_snat_row_check(&row), -EINVAL);
}

static const struct {
	const char *name, *key, *data;
	uint16_t extra; /* an attribute set to 1 as well */
} strangers[] = {
	{ "no key", "", "0a000003 0a000003", 0 },
	{ "a short key", "0a00000106000000", "0a000003 0a000003", 0 },
	{ "icmp", "0a0000010100000000500000", "0a000003 0a000003", 0 },
	{ "port 0", "0a0000010600000000000000", "0a000003 0a000003", 0 },
	{ "something behind the protocol", "0a0000010600000100500000", "0a000003 0a000003", 0 },
	{ "something behind the port", "0a0000010600000000500001", "0a000003 0a000003", 0 },
	{ "no data", "0a0000010600000000500000", "", 0 },
	{ "one address, as ezlb had it once", "0a0000010600000000500000", "0a000003", 0 },
	{ "one of IPv6", "0a0000010600000000500000", "fd000000000000000000000000000003", 0 },
	{ "a range backwards", "0a0000010600000000500000", "0a000003 0a000002", 0 },
	{ "flags", "0a0000010600000000500000", "0a000003 0a000003", NFTNL_SET_ELEM_FLAGS },
	{ "a verdict", "0a0000010600000000500000", "0a000003 0a000003", NFTNL_SET_ELEM_VERDICT },
};

static void test_strangers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(strangers); i++) {
		struct nftnl_set_elem *elem = nftnl_set_elem_alloc();
		unsigned char bytes[32];
		struct ezlb_snat_row row;
		size_t len;

		print_message("%s\n", strangers[i].name);
		len = from_hex(strangers[i].key, bytes);
		if (len)
			nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, bytes, (uint32_t)len);
		len = from_hex(strangers[i].data, bytes);
		if (len)
			nftnl_set_elem_set(elem, NFTNL_SET_ELEM_DATA, bytes, (uint32_t)len);
		if (strangers[i].extra || strcmp(strangers[i].name, "flags") == 0)
			nftnl_set_elem_set_u32(elem, strangers[i].extra, 1);
		assert_int_equal(
			ezlb_nft_row_parse(&ezlb_nft_families[0], EZLB_NFT_SOURCE_OF, elem, &row),
			-EINVAL);
		nftnl_set_elem_free(elem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways), cmocka_unit_test(test_marks),
		cmocka_unit_test(test_counter),	  cmocka_unit_test(test_check),
		cmocka_unit_test(test_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
