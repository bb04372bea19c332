/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compat: parses rules of an nf_tables filter and builds ezlb's. Every iptables-nft can list the
 * latter: they use only expressions that it writes itself, and for the match the same bytes as in a
 * legacy table. (It cannot list a table with a ct expression of nf_tables.) Pure.
 */
#pragma once

#include <libnftnl/rule.h>

#include "actual.h"

/* The caller frees the rule and sets its table and chain. */
struct nftnl_rule *ezlb_fw_compat_build(const struct ezlb_accept_row *row);
struct nftnl_rule *ezlb_fw_compat_jump(const char *chain);

/* Parses any rule, also those of other programs. May change *rule. */
void ezlb_fw_compat_read(uint8_t family, struct nftnl_rule *rule, struct ezlb_fw_rule *out);
