/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules: one SNAT row to the bytes of one iptables or ip6tables rule and back. Pure: knows the
 * kernel's structs and calls nothing. The bytes are those that `iptables -A` or `ip6tables -A`
 * makes of the form in ezlb/snat.h.
 */
#pragma once

#include <stddef.h>

#include <ezlb/xtables.h> /* first: what it includes has an order */

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_sctp.h>

/*
 * 0; -EAFNOSUPPORT for anything but IPv4 and IPv6, or a `to` of the other; -EINVAL for port 0, or a
 * `to` that ends before it begins. The rule's counters are zero.
 */
int ezlb_snat_rule_build(const struct ezlb_snat_row *row, struct ezlb_xt_entry *out);

/*
 * The exact inverse, of a rule as the kernel or libiptc holds it: what it accepts, build makes
 * again byte for byte, apart from counters, padding and the kernel's own fields. Else -EINVAL. The
 * packets counted are the row's connections: of each one a nat table sees only the first.
 */
int ezlb_snat_rule_parse(const struct ezlb_xt_form *form, const void *bytes, size_t len,
			 struct ezlb_snat_row *out);
