/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules: converts a SNAT row to the bytes of an iptables or ip6tables rule and back. Pure. The
 * bytes are those that `iptables -A` or `ip6tables -A` writes for the rules in ezlb/snat.h.
 */
#pragma once

#include <stddef.h>

#include <ezlb/xtables.h> /* first: the order of its includes matters */

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_sctp.h>

/* Returns 0 or the error of ezlb_snat_row_check; -EINVAL for a mark, too. The rule's counters are
 * zero. */
int ezlb_snat_rule_build(const struct ezlb_snat_row *row, struct ezlb_xt_entry *out);

/*
 * The exact inverse, for a rule from the kernel or libiptc. -EINVAL unless build creates the same
 * bytes, apart from counters, padding and the kernel's own fields. The packet counter is the row's
 * number of connections, because a nat table sees only the first packet of each.
 */
int ezlb_snat_rule_parse(const struct ezlb_xt_form *form, const void *bytes, size_t len,
			 struct ezlb_snat_row *out);
