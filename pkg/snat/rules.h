/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules: one SNAT row to the bytes of one iptables rule and back. Pure: knows the kernel's structs
 * and calls nothing. The bytes are those that `iptables -A` makes of the form in ezlb/snat.h.
 */
#pragma once

#include <net/if.h> /* before linux/if.h, which then leaves out what is in here */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter_ipv4/ip_tables.h>

#include <ezlb/table.h>

/* The largest: the sctp match and a NAT target. */
#define EZLB_SNAT_RULE_MAX                                                       \
	(sizeof(struct ipt_entry) +                                              \
	 XT_ALIGN(sizeof(struct xt_entry_match) + sizeof(struct xt_sctp_info)) + \
	 XT_ALIGN(sizeof(struct xt_entry_target) + sizeof(struct nf_nat_ipv4_multi_range_compat)))

/* A struct ipt_entry with its match and target; len is the entry's next_offset. */
struct ezlb_snat_rule {
	size_t len;
	_Alignas(struct ipt_entry) unsigned char bytes[EZLB_SNAT_RULE_MAX];
};

/* 0; -EAFNOSUPPORT for anything but IPv4; -EINVAL for port 0. */
int ezlb_snat_rule_build(const struct ezlb_snat_row *row, struct ezlb_snat_rule *out);

/*
 * The exact inverse, of a rule as the kernel or libiptc holds it: what it accepts, build makes
 * again byte for byte, apart from counters and the kernel's own fields. Else -EINVAL.
 */
int ezlb_snat_rule_parse(const void *bytes, size_t len, struct ezlb_snat_row *out);

/* A rule that matches every packet and jumps to EZLB_SNAT_CHAIN. */
void ezlb_snat_rule_jump(struct ezlb_snat_rule *out);

/* Does it match every packet, and jump (-j) rather than go (-g)? */
bool ezlb_snat_rule_is_plain_jump(const struct ipt_entry *entry);
