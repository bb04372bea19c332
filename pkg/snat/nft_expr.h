/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_expr: adds expressions to a rule of nf_tables. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h> /* for libnftnl */

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include <ezlb/addr.h>

/* The rule owns it. */
struct nftnl_expr *nft_expr_add(struct nftnl_rule *rule, const char *name);

void nft_expr_meta(struct nftnl_rule *rule, uint32_t key, uint32_t reg);
/* These two are about NFT_REG_1. */
void nft_expr_payload(struct nftnl_rule *rule, uint32_t base, uint32_t offset, uint32_t len);
void nft_expr_cmp(struct nftnl_rule *rule, uint32_t op, const void *data, uint32_t len);

/* The packet is of the family; its destination address is then in NFT_REG_1. */
void nft_expr_destination(struct nftnl_rule *rule, uint8_t family);
