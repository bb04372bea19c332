// SPDX-License-Identifier: GPL-2.0-or-later
#include "match.h" /* first: the order of its includes matters */

#include "compat.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include <ezlb/netfilter.h>

#define RULE_MAX 1024 /* ezlb's rules are shorter */

/* --- building -------------------------------------------------------------------------------- */

static struct nftnl_expr *add(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *expr = ezlb_nft_must(nftnl_expr_alloc(name));

	nftnl_rule_add_expr(rule, expr);
	return expr;
}

static void add_cmp(struct nftnl_rule *rule, const void *data, size_t size)
{
	struct nftnl_expr *cmp = add(rule, "cmp");

	nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	nftnl_expr_set(cmp, NFTNL_EXPR_CMP_DATA, data, (uint32_t)size);
}

static void add_proto(struct nftnl_rule *rule, enum ezlb_proto proto)
{
	struct nftnl_expr *meta = add(rule, "meta");
	uint8_t number = (uint8_t)ezlb_proto_number(proto);

	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, NFT_META_L4PROTO);
	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, NFT_REG_1);
	add_cmp(rule, &number, sizeof(number));
}

static void add_destination(struct nftnl_rule *rule, const struct ezlb_addr *addr)
{
	struct nftnl_expr *load = add(rule, "payload");
	size_t size = ezlb_xt_form_of(addr->family)->addr_size;
	size_t at = addr->family == AF_INET ? offsetof(struct iphdr, daddr)
					    : offsetof(struct ip6_hdr, ip6_dst);

	nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_OFFSET, (uint32_t)at);
	nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_LEN, (uint32_t)size);
	add_cmp(rule, addr->bytes, size);
}

static void add_match(struct nftnl_rule *rule, const struct ezlb_accept_row *row)
{
	struct nftnl_expr *expr = add(rule, "match");
	struct ezlb_fw_match match;
	void *info;

	ezlb_fw_match_build(row, &match);
	info = ezlb_calloc(1, match.size);
	memcpy(info, &match.info, match.size);
	nftnl_expr_set_str(expr, NFTNL_EXPR_MT_NAME, match.name);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_MT_REV, match.rev);
	nftnl_expr_set(expr, NFTNL_EXPR_MT_INFO, info, (uint32_t)match.size); /* takes it over */
}

/* Adds a counter too, like iptables-nft in every rule. */
static void add_verdict(struct nftnl_rule *rule, uint32_t verdict, const char *chain)
{
	struct nftnl_expr *counter = add(rule, "counter"), *immediate = add(rule, "immediate");

	nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_PACKETS, 0);
	nftnl_expr_set_u64(counter, NFTNL_EXPR_CTR_BYTES, 0);
	nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_VERDICT, verdict);
	if (chain)
		nftnl_expr_set_str(immediate, NFTNL_EXPR_IMM_CHAIN, chain);
}

struct nftnl_rule *ezlb_fw_compat_build(const struct ezlb_accept_row *row)
{
	struct nftnl_rule *rule = ezlb_nft_must(nftnl_rule_alloc());

	add_proto(rule, row->service.proto);
	if (row->gate == EZLB_GATE_INPUT)
		add_destination(rule, &row->service.listen.addr);
	add_match(rule, row);
	add_verdict(rule, NF_ACCEPT, NULL);
	/* The kernel's match requires that the rule states its protocol. */
	nftnl_rule_set_u32(rule, NFTNL_RULE_COMPAT_PROTO,
			   (uint32_t)ezlb_proto_number(row->service.proto));
	nftnl_rule_set_u32(rule, NFTNL_RULE_COMPAT_FLAGS, 0);
	return rule;
}

struct nftnl_rule *ezlb_fw_compat_jump(const char *chain)
{
	struct nftnl_rule *rule = ezlb_nft_must(nftnl_rule_alloc());

	add_verdict(rule, (uint32_t)NFT_JUMP, chain);
	return rule;
}

/* --- reading --------------------------------------------------------------------------------- */

/* Writes only the expressions as a message: the bytes are equal for rules that do the same. */
static void put_expressions(struct nftnl_rule *rule, struct ezlb_nl_buf *out)
{
	static const uint16_t others[] = { NFTNL_RULE_FAMILY,	    NFTNL_RULE_TABLE,
					   NFTNL_RULE_CHAIN,	    NFTNL_RULE_HANDLE,
					   NFTNL_RULE_POSITION,	    NFTNL_RULE_USERDATA,
					   NFTNL_RULE_COMPAT_PROTO, NFTNL_RULE_COMPAT_FLAGS };

	struct nlmsghdr *msg;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		nftnl_rule_unset(rule, others[i]);
	msg = ezlb_nft_msg_start(out, 0, 0, 0);
	/* libmnl 1.0.4 does not clear the padding of attributes. */
	memset(mnl_nlmsg_get_payload_tail(msg), 0, RULE_MAX);
	nftnl_rule_nlmsg_build_payload(msg, rule);
	ezlb_nl_msg_end(out);
}

/* Frees `made`. */
static bool is_same(struct nftnl_rule *seen, struct nftnl_rule *made)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf a = { .items = NULL }, b = { .items = NULL };

	put_expressions(seen, &a);
	put_expressions(made, &b);
	nftnl_rule_free(made);
	return a.len == b.len && memcmp(a.items, b.items, a.len) == 0;
}

struct reading {
	uint8_t family;
	struct ezlb_fw_rule *out;
	struct ezlb_accept_row row;
	bool matched; /* the rule has a match as in ezlb's rules */
	bool accepts;
};

static void read_match(struct reading *reading, const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_MT_NAME);
	uint32_t size = 0;
	const void *info = nftnl_expr_get(expr, NFTNL_EXPR_MT_INFO, &size);

	if (name && info)
		reading->matched = ezlb_fw_match_read(name, info, size, reading->family,
						      &reading->row) == 0;
}

static void read_cmp(struct reading *reading, const struct nftnl_expr *expr)
{
	uint32_t size = 0;
	const void *data = nftnl_expr_get(expr, NFTNL_EXPR_CMP_DATA, &size);

	if (!data || size != ezlb_xt_form_of(reading->family)->addr_size)
		return;
	reading->row.service.listen.addr.family = reading->family;
	memcpy(reading->row.service.listen.addr.bytes, data, size);
}

static void read_verdict(struct reading *reading, const struct nftnl_expr *expr)
{
	struct ezlb_fw_rule *out = reading->out;
	const char *chain = nftnl_expr_get_str(expr, NFTNL_EXPR_IMM_CHAIN);
	int verdict = (int)nftnl_expr_get_u32(expr, NFTNL_EXPR_IMM_VERDICT);

	if (!nftnl_expr_is_set(expr, NFTNL_EXPR_IMM_VERDICT))
		return;
	reading->accepts = verdict == NF_ACCEPT;
	if (verdict == NF_DROP)
		out->kind = EZLB_FW_DROP;
	if ((verdict == NFT_JUMP || verdict == NFT_GOTO) && chain) {
		out->kind = EZLB_FW_GO;
		free(out->to); /* of an expression before this one */
		out->to = ezlb_strdup(chain);
	}
}

static int on_expr(struct nftnl_expr *expr, void *arg)
{
	struct reading *reading = arg;
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	/* An inet table has no rule of ezlb. */
	bool may_be_ours = ezlb_xt_form_of(reading->family) != NULL;

	if (strcmp(name, "match") == 0 && may_be_ours) {
		read_match(reading, expr);
	} else if (strcmp(name, "cmp") == 0 && may_be_ours) {
		read_cmp(reading, expr);
	} else if (strcmp(name, "immediate") == 0) {
		read_verdict(reading, expr);
	} else if (strcmp(name, "counter") == 0) {
		nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_PACKETS, 0);
		nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_BYTES, 0);
	} else if (strcmp(name, "reject") == 0) {
		reading->out->kind = EZLB_FW_DROP;
	} else if (strcmp(name, "target") == 0) {
		const char *target = nftnl_expr_get_str(expr, NFTNL_EXPR_TG_NAME);

		if (target && strcmp(target, "REJECT") == 0)
			reading->out->kind = EZLB_FW_DROP;
	}
	return 0;
}

void ezlb_fw_compat_read(uint8_t family, struct nftnl_rule *rule, struct ezlb_fw_rule *out)
{
	struct reading reading = { .family = family, .out = out };

	out->handle = nftnl_rule_get_u64(rule, NFTNL_RULE_HANDLE);
	nftnl_expr_foreach(rule, on_expr, &reading);
	if (out->kind == EZLB_FW_GO)
		out->plain = is_same(rule, ezlb_fw_compat_jump(out->to));
	if (!reading.accepts || !reading.matched || !reading.row.service.listen.addr.family ||
	    !is_same(rule, ezlb_fw_compat_build(&reading.row)))
		return;
	out->kind = EZLB_FW_ROW;
	out->row = reading.row;
}
