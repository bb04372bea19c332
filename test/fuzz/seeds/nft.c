// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole conversations about ezlb's table, the marks of ranges, the table of guarded addresses, and
 * a filter of iptables-nft.
 */
#include "seeds.h"

#include "test/unit/snat/nft_rows.h"

#include <linux/netfilter.h>

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

#include <ezlb/snat.h>

#include "pkg/firewall/compat.h"
#include "pkg/snat/guard_table.h"
#include "pkg/snat/mark.h"
#include "pkg/snat/nft_frame.h"

static void add_gen(struct ezlb_text *seed, uint8_t family, uint32_t seq)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWGEN, family, 0);

	mnl_attr_put_u32(msg, NFTA_GEN_ID, htonl(7));
	seed_add(seed, msg, seq);
	ezlb_nl_msg_end(&buf);
	seed_ack(seed, seq);
}

static void add_table(struct ezlb_text *seed, const char *name, uint32_t use, uint32_t seq)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWTABLE, 0, 0);

	mnl_attr_put_strz(msg, NFTA_TABLE_NAME, name);
	mnl_attr_put_u32(msg, NFTA_TABLE_FLAGS, 0);
	mnl_attr_put_u32(msg, NFTA_TABLE_USE, htonl(use));
	seed_add(seed, msg, seq);
	ezlb_nl_msg_end(&buf);
	seed_ack(seed, seq);
}

static void add_elems(struct ezlb_text *seed, enum ezlb_nft_set set, const struct ezlb_snats *rows,
		      uint32_t seq)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = NULL;

	ezlb_nft_put_rows(&buf, NFT_MSG_NEWSETELEM, set, rows);
	while ((msg = nft_next(&buf, msg)))
		seed_add(seed, msg, seq);
	seed_done(seed, seq);
}

static void put_snat(size_t family, const struct ezlb_snats *rows, const char *name)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf frame = { .items = NULL };
	struct nlmsghdr *msg = NULL, *parts[2 + 2 * EZLB_NFT_SETS] = { NULL };
	struct ezlb_text seed = { 0 };
	uint32_t seq = 4;

	ezlb_nft_put_frame(&frame, &ezlb_nft_families[family]);
	for (size_t n = 0; (msg = nft_next(&frame, msg)); n++)
		parts[n] = msg;
	add_gen(&seed, ezlb_nft_families[family].family, 1);
	add_table(&seed, EZLB_NFT_TABLE, 1 + EZLB_NFT_SETS, 2);
	seed_add(&seed, parts[1 + EZLB_NFT_SETS], 3);
	seed_ack(&seed, 3);
	for (size_t i = 0; i < EZLB_NFT_SETS; i++)
		seed_add(&seed, parts[2 + EZLB_NFT_SETS + i], seq);
	seed_done(&seed, seq++);
	for (enum ezlb_nft_set set = 0; set < EZLB_NFT_SETS; set++) {
		seed_add(&seed, parts[1 + set], seq);
		seed_ack(&seed, seq++);
		add_elems(&seed, set, rows, seq++);
	}
	add_gen(&seed, ezlb_nft_families[family].family, seq);
	seed_put("snat_nft", name, &seed);
}

static void seeds_snat(void)
{
	struct ezlb_snat_row four[] = {
		nft_row(EZLB_TCP, "10.0.0.1:80", "10.0.0.3"),
		nft_row(EZLB_TCP, "10.0.0.1:443", "10.0.0.3-10.0.1.6"),
		nft_row(EZLB_UDP, "10.0.0.1:53", NULL),
		nft_mark_row(7, AF_INET, "10.0.0.3"),
		nft_mark_row(8, AF_INET, NULL),
	};
	struct ezlb_snat_row six[] = {
		nft_row(EZLB_SCTP, "[fd00:10::1]:40000", "fd00::3"),
		nft_row(EZLB_TCP, "[::1]:1", NULL),
		nft_mark_row(9, AF_INET6, "fd00::3-fd00::1:0"),
	};

	four[0].connections = 77;
	put_snat(0, &(struct ezlb_snats){ four, COUNT_OF(four), COUNT_OF(four) }, "ip");
	put_snat(1, &(struct ezlb_snats){ six, COUNT_OF(six), COUNT_OF(six) }, "ip6");
}

/* The requests that create the table, as answers. */
static void seeds_mark(void)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct ezlb_mark_row row = { .service = { .fwmark = 7, .listen.addr.family = AF_INET },
				     .proto = EZLB_TCP,
				     .last_port = 5100 };
	struct ezlb_text seed = { 0 };
	uint32_t rules = 4, chains = 3;
	struct nlmsghdr *msg = NULL;

	assert_int_equal(ezlb_endpoint_parse("10.0.0.1:5000", &row.first, NULL), 0);
	mark_put_all(&buf, &(struct ezlb_marks){ &row, 1, 1 });
	add_gen(&seed, AF_INET, 1);
	add_table(&seed, EZLB_MARK_TABLE, 2, 2);
	while ((msg = nft_next(&buf, msg)))
		if (nft_type(msg) == NFT_MSG_NEWCHAIN) {
			seed_add(&seed, msg, chains);
			seed_ack(&seed, chains);
			chains += 2;
		}
	while ((msg = nft_next(&buf, msg)))
		if (nft_type(msg) == NFT_MSG_NEWRULE) {
			seed_add(&seed, msg, rules);
			seed_done(&seed, rules);
			rules += 2;
		}
	add_gen(&seed, AF_INET, 7);
	/* A change: begin, the old table, the new one with two chains and two rules. */
	seed_ack(&seed, 8 + 6);
	seed_put("mark_nft", "one", &seed);
}

static void add_error(struct ezlb_text *seed, int code, uint32_t seq)
{
	size_t at = seed->len + NLMSG_HDRLEN;

	code = -code;
	seed_ack(seed, seq);
	memcpy(seed->items + at, &code, sizeof(code));
}

/* All messages of the type, as the answer to one request; the n-th alone if n >= 0. */
static void add_parts(struct ezlb_text *seed, const struct ezlb_nl_buf *buf, uint16_t type, int n,
		      uint32_t seq)
{
	struct nlmsghdr *msg = NULL;
	int i = 0;

	while ((msg = nft_next(buf, msg)))
		if (nft_type(msg) == type && (n < 0 || n == i++))
			seed_add(seed, msg, seq);
}

/*
 * The answers to what guard_read asks, from this sequence number on; returns the next one. `copies`
 * is how often each element comes.
 */
static uint32_t add_guards(struct ezlb_text *seed, uint32_t use, int copies, uint32_t seq)
{
	static const char *const addrs[] = { "10.0.0.1", "10.0.0.2", "fd00::1" };
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct ezlb_guard_row items[COUNT_OF(addrs)] = { 0 };

	for (size_t i = 0; i < COUNT_OF(addrs); i++)
		assert_int_equal(ezlb_addr_parse(addrs[i], &items[i].addr, NULL), 0);
	guard_put_all(&buf, &(struct ezlb_guards){ items, COUNT_OF(items), COUNT_OF(items) });
	add_table(seed, EZLB_GUARD_TABLE, use, seq++);
	add_parts(seed, &buf, NFT_MSG_NEWCHAIN, -1, seq);
	seed_ack(seed, seq++);
	add_parts(seed, &buf, NFT_MSG_NEWRULE, -1, seq);
	seed_done(seed, seq++);
	for (int six = 0; six < (int)GUARD_SETS; six++) {
		add_parts(seed, &buf, NFT_MSG_NEWSET, six, seq);
		seed_ack(seed, seq++);
		for (int i = 0; i < copies; i++)
			add_parts(seed, &buf, NFT_MSG_NEWSETELEM, six, seq);
		seed_done(seed, seq++);
	}
	return seq;
}

/*
 * The requests of a transaction that begins with this sequence number: the one that deletes the
 * table is its second, and with a table to create it has so many more.
 */
#define GUARD_CREATION (1u + GUARD_SETS + 1u + GUARD_RULES + GUARD_SETS)

static void put_guard(uint32_t use, int copies, int code, const char *name)
{
	struct ezlb_text seed = { 0 };
	uint32_t seq;

	add_gen(&seed, AF_INET, 1);
	seq = add_guards(&seed, use, copies, 2);
	add_gen(&seed, AF_INET, seq++);
	add_error(&seed, code, seq + 1);
	seed_ack(&seed, seq + 1 + GUARD_CREATION);
	seed_put("guard", name, &seed);
}

static void seeds_guard(void)
{
	struct ezlb_text seed = { 0 };
	uint32_t seq;

	put_guard(1 + GUARD_SETS, 1, 0, "own");
	put_guard(GUARD_SETS, 1, 0, "odd");
	put_guard(1 + GUARD_SETS, 2, 0, "twice");
	put_guard(1 + GUARD_SETS, 1, EBUSY, "rejected");
	/* There is no such table yet. */
	add_gen(&seed, AF_INET, 1);
	add_error(&seed, ENOENT, 2);
	add_gen(&seed, AF_INET, 3);
	seed_ack(&seed, 4 + GUARD_CREATION);
	seed_put("guard", "none", &seed);
	/* As the layer of the marks asks; there are no marks. */
	add_gen(&seed, AF_INET, 1);
	add_error(&seed, ENOENT, 2);
	seq = add_guards(&seed, 1 + GUARD_SETS, 1, 3);
	add_gen(&seed, AF_INET, seq);
	seed_put("mark_nft", "guards", &seed);
}

static void add_chain(struct ezlb_text *seed, const char *name, uint32_t hook, uint32_t policy)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWCHAIN, AF_INET, 0);
	struct nftnl_chain *chain = nftnl_chain_alloc();

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, "filter");
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	if (hook != UINT32_MAX) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, 0);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, policy);
	}
	nftnl_chain_nlmsg_build_payload(msg, chain);
	nftnl_chain_free(chain);
	seed_add(seed, msg, 2);
	ezlb_nl_msg_end(&buf);
}

/* Frees the rule. */
static void add_rule(struct ezlb_text *seed, struct nftnl_rule *rule, const char *chain)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nft_msg_start(&buf, NFT_MSG_NEWRULE, AF_INET, 0);

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, "filter");
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, 9);
	nftnl_rule_nlmsg_build_payload(msg, rule);
	nftnl_rule_free(rule);
	seed_add(seed, msg, 3);
	ezlb_nl_msg_end(&buf);
}

static void put_filter(const char *listen, const char *name)
{
	struct ezlb_accept_row in = { .gate = EZLB_GATE_INPUT }, out;
	struct ezlb_text seed = { 0 };

	assert_int_equal(ezlb_endpoint_parse(listen, &in.service.listen, NULL), 0);
	out = in;
	out.gate = EZLB_GATE_FORWARD;
	add_gen(&seed, in.service.listen.addr.family, 1);
	add_chain(&seed, "INPUT", NF_INET_LOCAL_IN, NF_DROP);
	add_chain(&seed, "FORWARD", NF_INET_FORWARD, NF_ACCEPT);
	add_chain(&seed, EZLB_INPUT_CHAIN, UINT32_MAX, 0);
	add_chain(&seed, EZLB_FORWARD_CHAIN, UINT32_MAX, 0);
	seed_done(&seed, 2);
	add_rule(&seed, ezlb_fw_compat_jump(EZLB_INPUT_CHAIN), "INPUT");
	add_rule(&seed, ezlb_fw_compat_build(&in), EZLB_INPUT_CHAIN);
	add_rule(&seed, ezlb_fw_compat_build(&out), EZLB_FORWARD_CHAIN);
	seed_done(&seed, 3);
	add_gen(&seed, in.service.listen.addr.family, 4);
	seed_put("firewall_nft", name, &seed);
}

void seeds_nft(void)
{
	seeds_snat();
	seeds_mark();
	seeds_guard();
	put_filter("10.0.0.1:80", "ip");
	put_filter("[fd00::1]:443", "ip6");
}
