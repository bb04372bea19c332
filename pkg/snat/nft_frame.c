// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_frame.h"

#include <errno.h>
#include <net/if.h> /* before linux/if.h, which would define the same names */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

#include <ezlb/snat.h>

#include "nft_expr.h"

#define PRIORITY (100 - 10) /* srcnat - 10: before iptables and others */

/* nft's numbers for types; the kernel stores them for `nft list` (nftables, datatype.h). */
#define TYPE_PROTO   12
#define TYPE_SERVICE 13
#define TYPE_MARK    19
#define TYPE_BITS    6
#define HOST_ENDIAN  1 /* BYTEORDER_HOST_ENDIAN */

/* An expression has at most that many attributes: libnftnl keeps them in a 32-bit mask. */
#define EXPR_ATTRS 32

/* --- the table ------------------------------------------------------------------------------- */

static void put_table(struct ezlb_nl_buf *buf, const struct ezlb_nft_family *family)
{
	struct nlmsghdr *msg = ezlb_nft_msg_start(buf, NFT_MSG_NEWTABLE, family->family,
						  NLM_F_CREATE | NLM_F_EXCL);

	mnl_attr_put_strz(msg, NFTA_TABLE_NAME, EZLB_NFT_TABLE);
	ezlb_nl_msg_end(buf);
}

bool ezlb_nft_is_table(const struct nlmsghdr *msg)
{
	struct nftnl_table *table = ezlb_nft_must(nftnl_table_alloc());
	bool ours = ezlb_nft_parse_table(msg, table) == 0 &&
		    nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS) == 0 && /* not dormant */
		    nftnl_table_get_u32(table, NFTNL_TABLE_USE) == 1 + EZLB_NFT_SETS;

	nftnl_table_free(table);
	return ours;
}

/* --- the chain ------------------------------------------------------------------------------- */

static void put_chain(struct ezlb_nl_buf *buf, const struct ezlb_nft_family *family)
{
	struct nftnl_chain *chain = ezlb_nft_must(nftnl_chain_alloc());

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, EZLB_NFT_TABLE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, EZLB_SNAT_CHAIN);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "nat");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_POST_ROUTING);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, PRIORITY);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	nftnl_chain_nlmsg_build_payload(ezlb_nft_msg_start(buf, NFT_MSG_NEWCHAIN, family->family,
							   NLM_F_CREATE | NLM_F_EXCL),
					chain);
	ezlb_nl_msg_end(buf);
	nftnl_chain_free(chain);
}

bool ezlb_nft_is_base_chain(const struct nlmsghdr *msg, const char *type, uint32_t hook,
			    int32_t prio)
{
	struct nftnl_chain *chain = ezlb_nft_must(nftnl_chain_alloc());
	const char *has;
	bool same = false;

	if (ezlb_nft_parse_chain(msg, chain) == 0) {
		has = nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE);
		same = has && strcmp(has, type) == 0 &&
		       nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) &&
		       nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == hook &&
		       nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO) == prio &&
		       nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == NF_ACCEPT;
	}
	nftnl_chain_free(chain);
	return same;
}

bool ezlb_nft_is_chain(const struct nlmsghdr *msg)
{
	return ezlb_nft_is_base_chain(msg, "nat", NF_INET_POST_ROUTING, PRIORITY);
}

/* --- the sets -------------------------------------------------------------------------------- */

/*
 * User data that the kernel stores for nft: that the data are address ranges, and that a mark is in
 * the byte order of the host.
 */
static void put_udata(struct nftnl_set *out, enum ezlb_nft_set set)
{
	struct nftnl_udata_buf *udata = ezlb_nft_must(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN));

	if (ezlb_nft_by_mark(set))
		nftnl_udata_put_u32(udata, NFTNL_UDATA_SET_KEYBYTEORDER, HOST_ENDIAN);
	if (ezlb_nft_is_map(set))
		nftnl_udata_put_u32(udata, NFTNL_UDATA_SET_DATA_INTERVAL, 1);
	if (nftnl_udata_buf_len(udata) > 0)
		nftnl_set_set_data(out, NFTNL_SET_USERDATA, nftnl_udata_buf_data(udata),
				   nftnl_udata_buf_len(udata));
	nftnl_udata_buf_free(udata);
}

static uint32_t key_type(const struct ezlb_nft_family *family, enum ezlb_nft_set set)
{
	if (ezlb_nft_by_mark(set))
		return TYPE_MARK;
	return ((uint32_t)family->addr_type << 2 * TYPE_BITS) | TYPE_PROTO << TYPE_BITS |
	       TYPE_SERVICE;
}

static struct nftnl_set *build_set(const struct ezlb_nft_family *family, enum ezlb_nft_set set)
{
	struct nftnl_set *out = ezlb_nft_must(nftnl_set_alloc());

	nftnl_set_set_str(out, NFTNL_SET_TABLE, EZLB_NFT_TABLE);
	nftnl_set_set_str(out, NFTNL_SET_NAME, ezlb_nft_set_str(set));
	nftnl_set_set_u32(out, NFTNL_SET_ID, set + 1u);
	nftnl_set_set_u32(out, NFTNL_SET_KEY_LEN, ezlb_nft_key_len(family, set));
	nftnl_set_set_u32(out, NFTNL_SET_KEY_TYPE, key_type(family, set));
	/* Each element gets a counter. */
	nftnl_set_add_expr(out, ezlb_nft_must(nftnl_expr_alloc("counter")));
	put_udata(out, set);
	if (ezlb_nft_is_map(set)) {
		nftnl_set_set_u32(out, NFTNL_SET_FLAGS, NFT_SET_MAP);
		nftnl_set_set_u32(out, NFTNL_SET_DATA_LEN, 2u * family->addr_len);
		nftnl_set_set_u32(out, NFTNL_SET_DATA_TYPE, family->addr_type);
	}
	return out;
}

static void put_set(struct ezlb_nl_buf *buf, const struct ezlb_nft_family *family,
		    enum ezlb_nft_set which)
{
	struct nftnl_set *set = build_set(family, which);

	nftnl_set_nlmsg_build_payload(
		ezlb_nft_msg_start(buf, NFT_MSG_NEWSET, family->family, NLM_F_CREATE | NLM_F_EXCL),
		set);
	ezlb_nl_msg_end(buf);
	nftnl_set_free(set);
}

/* True if elements have no expression but a counter; kernels before 5.7 ignore the counter. */
static bool only_counts(const struct nftnl_set *set)
{
	const struct nftnl_expr *expr;

	if (nftnl_set_is_set(set, NFTNL_SET_EXPRESSIONS))
		return false;
	if (!nftnl_set_is_set(set, NFTNL_SET_EXPR))
		return true;
	expr = nftnl_set_get(set, NFTNL_SET_EXPR);
	return expr && strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "counter") == 0;
}

/* A timeout would delete elements, a size limit their number, an expression could prevent a match.
 */
static bool same_set(const struct nftnl_set *a, const struct nftnl_set *b)
{
	static const uint16_t attrs[] = { NFTNL_SET_FLAGS,     NFTNL_SET_KEY_LEN,
					  NFTNL_SET_KEY_TYPE,  NFTNL_SET_DATA_LEN,
					  NFTNL_SET_DATA_TYPE, NFTNL_SET_DESC_SIZE,
					  NFTNL_SET_OBJ_TYPE };

	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		if (nftnl_set_get_u32(a, attrs[i]) != nftnl_set_get_u32(b, attrs[i]))
			return false;
	}
	return !nftnl_set_is_set(a, NFTNL_SET_TIMEOUT) && only_counts(a);
}

bool ezlb_nft_is_set(const struct nlmsghdr *msg, const struct ezlb_nft_family *family,
		     enum ezlb_nft_set set)
{
	struct nftnl_set *have = ezlb_nft_must(nftnl_set_alloc()), *want = build_set(family, set);
	bool ours = ezlb_nft_parse_set(msg, have) == 0 && same_set(have, want);

	nftnl_set_free(have);
	nftnl_set_free(want);
	return ours;
}

/* --- the rules ------------------------------------------------------------------------------- */

/* Loads a value of the connection's original direction, before any translation. */
static void add_ct_original(struct nftnl_rule *rule, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "ct");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_CT_DIR, 0); /* IP_CT_DIR_ORIGINAL */
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, reg);
}

static void add_key(struct nftnl_rule *rule, const struct ezlb_nft_family *family)
{
	add_ct_original(rule, family->ct_dst, NFT_REG_1);
	nft_expr_meta(rule, NFT_META_L4PROTO, family->second);
	add_ct_original(rule, NFT_CT_PROTO_DST, family->third);
}

static void add_lookup(struct nftnl_rule *rule, enum ezlb_nft_set set)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "lookup");

	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, ezlb_nft_set_str(set));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	if (ezlb_nft_is_map(set))
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1);
	/* The kernel always returns the flags, and ezlb_nft_same_rule compares them. */
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, 0);
}

static void add_snat(struct nftnl_rule *rule, const struct ezlb_nft_family *family)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "nat");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_TYPE, NFT_NAT_SNAT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FAMILY, family->family);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MAX, family->second);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FLAGS,
			   NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_RANDOM_FULLY);
}

static struct nftnl_rule *build_rule(const struct ezlb_nft_family *family, enum ezlb_nft_set set)
{
	struct nftnl_rule *rule = ezlb_nft_must(nftnl_rule_alloc());

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, EZLB_NFT_TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, EZLB_SNAT_CHAIN);
	/* IPVS sends the packet of the client on, with its mark. */
	if (ezlb_nft_by_mark(set))
		nft_expr_meta(rule, NFT_META_MARK, NFT_REG_1);
	else
		add_key(rule, family);
	add_lookup(rule, set);
	if (ezlb_nft_is_map(set))
		add_snat(rule, family);
	else
		nftnl_expr_set_u32(nft_expr_add(rule, "masq"), NFTNL_EXPR_MASQ_FLAGS,
				   NF_NAT_RANGE_PROTO_RANDOM_FULLY);
	return rule;
}

static void put_rule(struct ezlb_nl_buf *buf, const struct ezlb_nft_family *family,
		     enum ezlb_nft_set set)
{
	struct nftnl_rule *rule = build_rule(family, set);

	nftnl_rule_nlmsg_build_payload(ezlb_nft_msg_start(buf, NFT_MSG_NEWRULE, family->family,
							  NLM_F_CREATE | NLM_F_APPEND),
				       rule);
	ezlb_nl_msg_end(buf);
	nftnl_rule_free(rule);
}

static bool same_attr(const struct nftnl_expr *a, const struct nftnl_expr *b, uint16_t attr)
{
	uint32_t len_a = 0, len_b = 0;
	const void *pa, *pb;

	if (nftnl_expr_is_set(a, attr) != nftnl_expr_is_set(b, attr))
		return false;
	if (!nftnl_expr_is_set(a, attr))
		return true;
	pa = nftnl_expr_get(a, attr, &len_a);
	pb = nftnl_expr_get(b, attr, &len_b);
	return pa && pb && len_a == len_b && memcmp(pa, pb, len_a) == 0;
}

/*
 * Not the values of a counter. Kernels before 5.6 do not say which operation a bitwise is; another
 * one than "and" has no mask.
 */
static bool same_expr(const struct nftnl_expr *a, const struct nftnl_expr *b)
{
	const char *name = nftnl_expr_get_str(a, NFTNL_EXPR_NAME);
	bool bitwise = strcmp(name, "bitwise") == 0;

	if (strcmp(name, nftnl_expr_get_str(b, NFTNL_EXPR_NAME)) != 0)
		return false;
	if (strcmp(name, "counter") == 0)
		return true;
	for (uint16_t attr = NFTNL_EXPR_BASE; attr < EXPR_ATTRS; attr++)
		if (!(bitwise && attr == NFTNL_EXPR_BITWISE_OP) && !same_attr(a, b, attr))
			return false;
	return true;
}

bool ezlb_nft_same_rule(const struct nftnl_rule *a, const struct nftnl_rule *b)
{
	struct nftnl_expr_iter *in_a = ezlb_nft_must(nftnl_expr_iter_create(a));
	struct nftnl_expr_iter *in_b = ezlb_nft_must(nftnl_expr_iter_create(b));
	const struct nftnl_expr *next_a, *next_b;

	do {
		next_a = nftnl_expr_iter_next(in_a);
		next_b = nftnl_expr_iter_next(in_b);
	} while (next_a && next_b && same_expr(next_a, next_b));
	nftnl_expr_iter_destroy(in_a);
	nftnl_expr_iter_destroy(in_b);
	return !next_a && !next_b;
}

bool ezlb_nft_is_rule(const struct nlmsghdr *msg, const struct ezlb_nft_family *family,
		      enum ezlb_nft_set set)
{
	struct nftnl_rule *have = ezlb_nft_must(nftnl_rule_alloc()),
			  *want = build_rule(family, set);
	bool ours = ezlb_nft_parse_rule(msg, have) == 0 && ezlb_nft_same_rule(have, want);

	nftnl_rule_free(have);
	nftnl_rule_free(want);
	return ours;
}

/* --- the whole frame ------------------------------------------------------------------------- */

void ezlb_nft_put_frame(struct ezlb_nl_buf *buf, const struct ezlb_nft_family *family)
{
	put_table(buf, family);
	for (enum ezlb_nft_set set = 0; set < EZLB_NFT_SETS; set++)
		put_set(buf, family, set);
	put_chain(buf, family);
	for (enum ezlb_nft_set set = 0; set < EZLB_NFT_SETS; set++)
		put_rule(buf, family, set);
}
