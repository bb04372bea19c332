// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_expr.h"

#include <net/if.h> /* before linux/if.h, which would define the same names */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <ezlb/netfilter.h>

struct nftnl_expr *nft_expr_add(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *expr = ezlb_nft_must(nftnl_expr_alloc(name));

	nftnl_rule_add_expr(rule, expr);
	return expr;
}

void nft_expr_meta(struct nftnl_rule *rule, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "meta");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, reg);
}

void nft_expr_payload(struct nftnl_rule *rule, uint32_t base, uint32_t offset, uint32_t len)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "payload");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, len);
}

void nft_expr_cmp(struct nftnl_rule *rule, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *expr = nft_expr_add(rule, "cmp");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, len);
}

/* The destination address is at byte 16 of an IPv4 header, and at byte 24 of an IPv6 header. */
void nft_expr_destination(struct nftnl_rule *rule, uint8_t family)
{
	bool v4 = family == AF_INET;
	uint8_t nfproto = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	nft_expr_meta(rule, NFT_META_NFPROTO, NFT_REG_1);
	nft_expr_cmp(rule, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
	nft_expr_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, v4 ? 16 : 24, v4 ? 4 : 16);
}
