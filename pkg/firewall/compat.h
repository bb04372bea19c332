/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compat: a rule of an nf_tables filter to what matters of it and back. Ours are such that every
 * iptables-nft can list them: expressions that it makes itself, and for the match the same bytes as
 * in a legacy table. (With the ct expression of nf_tables it gives the whole table up.) Pure.
 */
#pragma once

#include <libnftnl/rule.h>

#include "actual.h"

/* The caller frees the rule; table and chain are not set. */
struct nftnl_rule *ezlb_fw_compat_build(const struct ezlb_accept_row *row);
struct nftnl_rule *ezlb_fw_compat_jump(const char *chain);

/* Of any rule, whoever made it. It may be changed on the way. */
void ezlb_fw_compat_read(uint8_t family, struct nftnl_rule *rule, struct ezlb_fw_rule *out);
