/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mark_rule: converts a row of a range of ports to the rule that marks its packets and back. The
 * rule's comment has the row; a rule is ours if it is exactly what build makes of that row. Pure.
 */
#pragma once

#include <stdbool.h>

#include <libnftnl/rule.h>

#include <ezlb/table.h>

/* 0; -EAFNOSUPPORT or -EINVAL for a row that build must not get. */
int ezlb_mark_row_check(const struct ezlb_mark_row *row);
/* The caller frees it. */
struct nftnl_rule *ezlb_mark_rule_build(const struct ezlb_mark_row *row, const char *chain);
/* -EINVAL for a rule that build would not make. */
int ezlb_mark_rule_parse(const struct nftnl_rule *rule, struct ezlb_mark_row *out);
