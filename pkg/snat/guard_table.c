// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard_table.h"

#include <errno.h>
#include <net/if.h> /* before linux/if.h, which would define the same names */
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>

#include <libnftnl/chain.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

#include <ezlb/mem.h>
#include <ezlb/snat.h>

#include "nft_expr.h"
#include "nft_frame.h"

/*
 * IPVS takes packets at 98 and 99 (kernel: ip_vs_ops4 in ip_vs_core.c, NF_IP_PRI_NAT_SRC - 2 and
 * - 1). Whatever comes after it is for this host.
 */
#define PRIORITY 110

#define TCP_FLAGS_AT 13 /* the byte of the TCP header */
#define TCP_FIN	     0x01
#define TCP_SYN	     0x02
#define TCP_RST	     0x04
#define TCP_ACK	     0x10

#define ELEMS_MAX 512 /* the list of elements in a message has a 16-bit length */

const char *const guard_sets[GUARD_SETS] = { "guarded_ip", "guarded_ip6" };

static struct nlmsghdr *start(struct ezlb_nl_buf *buf, uint16_t type, uint16_t flags)
{
	return ezlb_nft_msg_start(buf, type, NFPROTO_INET, flags);
}

/* --- the table ------------------------------------------------------------------------------- */

static void put_table(struct ezlb_nl_buf *buf, uint16_t type, uint16_t flags)
{
	mnl_attr_put_strz(start(buf, type, flags), NFTA_TABLE_NAME, EZLB_GUARD_TABLE);
	ezlb_nl_msg_end(buf);
}

void guard_put_del(struct ezlb_nl_buf *buf)
{
	put_table(buf, NFT_MSG_DELTABLE, 0);
}

bool guard_is_table(const struct nlmsghdr *msg)
{
	struct nftnl_table *table = ezlb_nft_must(nftnl_table_alloc());
	bool ours = ezlb_nft_parse_table(msg, table) == 0 &&
		    nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS) == 0 && /* not dormant */
		    nftnl_table_get_u32(table, NFTNL_TABLE_USE) == 1 + GUARD_SETS;

	nftnl_table_free(table);
	return ours;
}

/* --- the chain ------------------------------------------------------------------------------- */

static void put_chain(struct ezlb_nl_buf *buf)
{
	struct nftnl_chain *chain = ezlb_nft_must(nftnl_chain_alloc());

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, EZLB_GUARD_TABLE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, GUARD_CHAIN);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_LOCAL_IN);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, PRIORITY);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	nftnl_chain_nlmsg_build_payload(start(buf, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL),
					chain);
	ezlb_nl_msg_end(buf);
	nftnl_chain_free(chain);
}

bool guard_is_chain(const struct nlmsghdr *msg)
{
	return ezlb_nft_is_base_chain(msg, "filter", NF_INET_LOCAL_IN, PRIORITY);
}

/* --- the sets -------------------------------------------------------------------------------- */

static void put_set(struct ezlb_nl_buf *buf, unsigned six)
{
	struct nftnl_set *set = ezlb_nft_must(nftnl_set_alloc());

	nftnl_set_set_str(set, NFTNL_SET_TABLE, EZLB_GUARD_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, guard_sets[six]);
	nftnl_set_set_u32(set, NFTNL_SET_ID, six + 1);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, ezlb_nft_families[six].addr_len);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, ezlb_nft_families[six].addr_type);
	nftnl_set_nlmsg_build_payload(start(buf, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL), set);
	ezlb_nl_msg_end(buf);
	nftnl_set_free(set);
}

/* A timeout would delete elements, a limit their number; an expression could prevent a match. */
static bool is_plain_set(const struct nftnl_set *set, unsigned six)
{
	return nftnl_set_get_u32(set, NFTNL_SET_FLAGS) == 0 &&
	       nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN) == ezlb_nft_families[six].addr_len &&
	       nftnl_set_get_u32(set, NFTNL_SET_KEY_TYPE) == ezlb_nft_families[six].addr_type &&
	       nftnl_set_get_u32(set, NFTNL_SET_DESC_SIZE) == 0 &&
	       !nftnl_set_is_set(set, NFTNL_SET_TIMEOUT) &&
	       !nftnl_set_is_set(set, NFTNL_SET_EXPR) &&
	       !nftnl_set_is_set(set, NFTNL_SET_EXPRESSIONS);
}

bool guard_is_set(const struct nlmsghdr *msg, unsigned six)
{
	struct nftnl_set *set = ezlb_nft_must(nftnl_set_alloc());
	bool ours = ezlb_nft_parse_set(msg, set) == 0 && is_plain_set(set, six);

	nftnl_set_free(set);
	return ours;
}

/* Appends one message with rows of the family from *at on; moves *at behind the last of them. */
static void put_some(struct ezlb_nl_buf *buf, const struct ezlb_guards *rows, unsigned six,
		     size_t *at)
{
	struct nlmsghdr *msg = start(buf, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL);
	const struct ezlb_nft_family *family = &ezlb_nft_families[six];
	struct nlattr *list;

	mnl_attr_put_strz(msg, NFTA_SET_ELEM_LIST_TABLE, EZLB_GUARD_TABLE);
	mnl_attr_put_strz(msg, NFTA_SET_ELEM_LIST_SET, guard_sets[six]);
	list = mnl_attr_nest_start(msg, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (int n = 0; *at < rows->len && n < ELEMS_MAX; (*at)++, n++) {
		const struct ezlb_addr *addr = &rows->items[*at].addr;
		struct nftnl_set_elem *elem;

		if (addr->family != family->family)
			break;
		elem = ezlb_nft_must(nftnl_set_elem_alloc());
		nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, addr->bytes, family->addr_len);
		nftnl_set_elem_nlmsg_build(msg, elem, NFTA_LIST_ELEM);
		nftnl_set_elem_free(elem);
	}
	mnl_attr_nest_end(msg, list);
	ezlb_nl_msg_end(buf);
}

/* The rows of one family stand together. */
static void put_rows(struct ezlb_nl_buf *buf, const struct ezlb_guards *rows)
{
	for (size_t i = 0; i < rows->len;)
		put_some(buf, rows, rows->items[i].addr.family == AF_INET6, &i);
}

int guard_elem_parse(const struct nftnl_set_elem *elem, unsigned six, struct ezlb_guard_row *out)
{
	static const uint16_t extras[] = {
		NFTNL_SET_ELEM_FLAGS,	NFTNL_SET_ELEM_VERDICT,	    NFTNL_SET_ELEM_DATA,
		NFTNL_SET_ELEM_TIMEOUT, NFTNL_SET_ELEM_EXPR,	    NFTNL_SET_ELEM_OBJREF,
		NFTNL_SET_ELEM_KEY_END, NFTNL_SET_ELEM_EXPRESSIONS,
	};
	const void *key;
	uint32_t len = 0;

	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++)
		if (nftnl_set_elem_is_set(elem, extras[i]))
			return -EINVAL;
	if (!nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_KEY))
		return -EINVAL;
	/* libnftnl only reads from it. */
	key = nftnl_set_elem_get((struct nftnl_set_elem *)(uintptr_t)elem, NFTNL_SET_ELEM_KEY,
				 &len);
	if (!key || len != ezlb_nft_families[six].addr_len)
		return -EINVAL;
	*out = (struct ezlb_guard_row){ .addr.family = ezlb_nft_families[six].family };
	memcpy(out->addr.bytes, key, len);
	return 0;
}

/* --- the rules ------------------------------------------------------------------------------- */

/* To a guarded address, and not from this host itself. */
static void add_address(struct nftnl_rule *rule, unsigned six)
{
	const uint16_t loopback = ARPHRD_LOOPBACK;
	struct nftnl_expr *expr;

	nft_expr_destination(rule, ezlb_nft_families[six].family);
	expr = nft_expr_add(rule, "lookup");
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, guard_sets[six]);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, 0); /* the kernel returns them always */
	nft_expr_meta(rule, NFT_META_IIFTYPE, NFT_REG_1);
	nft_expr_cmp(rule, NFT_CMP_NEQ, &loopback, sizeof(loopback));
}

static void add_mask(struct nftnl_rule *rule, const void *mask, uint32_t len)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "bitwise");
	const uint32_t zero = 0;

	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask, len);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, &zero, len);
}

static void add_reject(struct nftnl_rule *rule, uint32_t type)
{
	struct nftnl_expr *expr;

	nft_expr_add(rule, "counter");
	expr = nft_expr_add(rule, "reject");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE, type);
	if (type == NFT_REJECT_ICMPX_UNREACH)
		nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, NFT_REJECT_ICMPX_PORT_UNREACH);
}

/*
 * Only a SYN can begin a connection, so a connection that is open is safe, whether or not conntrack
 * knows it.
 */
static void add_tcp(struct nftnl_rule *rule)
{
	const uint8_t tcp = IPPROTO_TCP, syn = TCP_SYN;
	const uint8_t mask = TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK;

	nft_expr_meta(rule, NFT_META_L4PROTO, NFT_REG_1);
	nft_expr_cmp(rule, NFT_CMP_EQ, &tcp, sizeof(tcp));
	nft_expr_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_AT, sizeof(mask));
	add_mask(rule, &mask, sizeof(mask));
	nft_expr_cmp(rule, NFT_CMP_EQ, &syn, sizeof(syn));
	add_reject(rule, NFT_REJECT_TCP_RST);
}

static void add_not_proto(struct nftnl_rule *rule, uint8_t proto)
{
	nft_expr_meta(rule, NFT_META_L4PROTO, NFT_REG_1);
	nft_expr_cmp(rule, NFT_CMP_NEQ, &proto, sizeof(proto));
}

/* Of the other protocols what conntrack takes for new: the answers to this host are not. */
static void add_others(struct nftnl_rule *rule, unsigned six)
{
	const uint32_t mask = NF_CT_STATE_BIT(IP_CT_NEW), zero = 0;
	struct nftnl_expr *expr;

	add_not_proto(rule, IPPROTO_TCP);
	add_not_proto(rule, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	expr = nft_expr_add(rule, "ct");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, NFT_CT_STATE);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	add_mask(rule, &mask, sizeof(mask));
	nft_expr_cmp(rule, NFT_CMP_NEQ, &zero, sizeof(zero));
	add_reject(rule, NFT_REJECT_ICMPX_UNREACH);
}

static struct nftnl_rule *build_rule(unsigned i)
{
	struct nftnl_rule *rule = ezlb_nft_must(nftnl_rule_alloc());
	unsigned six = i / 2;

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, EZLB_GUARD_TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, GUARD_CHAIN);
	add_address(rule, six);
	if (i % 2 == 0)
		add_tcp(rule);
	else
		add_others(rule, six);
	return rule;
}

static void put_rule(struct ezlb_nl_buf *buf, unsigned i)
{
	struct nftnl_rule *rule = build_rule(i);

	nftnl_rule_nlmsg_build_payload(start(buf, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND),
				       rule);
	ezlb_nl_msg_end(buf);
	nftnl_rule_free(rule);
}

bool guard_is_rule(const struct nlmsghdr *msg, unsigned i)
{
	struct nftnl_rule *have = ezlb_nft_must(nftnl_rule_alloc()), *want = build_rule(i);
	bool ours = ezlb_nft_parse_rule(msg, have) == 0 && ezlb_nft_same_rule(have, want);

	nftnl_rule_free(have);
	nftnl_rule_free(want);
	return ours;
}

/* --- all of it ------------------------------------------------------------------------------- */

void guard_put_all(struct ezlb_nl_buf *buf, const struct ezlb_guards *rows)
{
	put_table(buf, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	for (unsigned six = 0; six < GUARD_SETS; six++)
		put_set(buf, six);
	put_chain(buf);
	for (unsigned i = 0; i < GUARD_RULES; i++)
		put_rule(buf, i);
	put_rows(buf, rows);
}
