/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules: one SNAT row to the bytes of one iptables or ip6tables rule and back. Pure: knows the
 * kernel's structs and calls nothing. The bytes are those that `iptables -A` or `ip6tables -A`
 * makes of the form in ezlb/snat.h.
 */
#pragma once

#include <limits.h> /* for ip6_tables.h */
#include <net/if.h> /* before linux/if.h, which then leaves out what is in here */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <ezlb/table.h>

/* The largest: of IPv6, with the sctp match and a NAT target. */
#define EZLB_SNAT_RULE_MAX                                                       \
	(sizeof(struct ip6t_entry) +                                             \
	 XT_ALIGN(sizeof(struct xt_entry_match) + sizeof(struct xt_sctp_info)) + \
	 XT_ALIGN(sizeof(struct xt_entry_target) + sizeof(struct nf_nat_range)))

/* An entry with its match and target; len is the entry's next_offset. */
struct ezlb_snat_rule {
	size_t len;
	_Alignas(struct ip6t_entry) unsigned char bytes[EZLB_SNAT_RULE_MAX];
};

/* Where struct ipt_entry and struct ip6t_entry have what: offsets, but for those of a size. */
struct ezlb_snat_form {
	uint8_t family;
	size_t addr_size;
	size_t dst, dmsk;     /* addresses */
	size_t proto;	      /* uint16_t */
	size_t flags;	      /* uint8_t */
	uint8_t proto_flag;   /* says that proto counts; 0 where that goes without saying */
	size_t said;	      /* so many bytes say what the rule matches; padding may follow */
	size_t target_offset; /* uint16_t; the next uint16_t is next_offset, the entry's length */
	size_t comefrom;      /* from here on the kernel's own, with padding and the counters */
	size_t counters;      /* struct xt_counters, which end the entry */
	size_t size;	      /* without match and target */
};
extern const struct ezlb_snat_form ezlb_snat_form_ip, ezlb_snat_form_ip6;

/*
 * 0; -EAFNOSUPPORT for anything but IPv4 and IPv6, or a `to` of the other; -EINVAL for port 0, or a
 * `to` that ends before it begins. The rule's counters are zero.
 */
int ezlb_snat_rule_build(const struct ezlb_snat_row *row, struct ezlb_snat_rule *out);

/*
 * The exact inverse, of a rule as the kernel or libiptc holds it: what it accepts, build makes
 * again byte for byte, apart from counters, padding and the kernel's own fields. Else -EINVAL. The
 * packets counted are the row's connections: of each one a nat table sees only the first.
 */
int ezlb_snat_rule_parse(const struct ezlb_snat_form *form, const void *bytes, size_t len,
			 struct ezlb_snat_row *out);

/* A rule that matches every packet and jumps to EZLB_SNAT_CHAIN. */
void ezlb_snat_rule_jump(const struct ezlb_snat_form *form, struct ezlb_snat_rule *out);

/* Does it match every packet, and jump (-j) rather than go (-g)? */
bool ezlb_snat_rule_is_plain_jump(const struct ezlb_snat_form *form, const void *entry);

/* Of an entry anywhere in memory. */
size_t ezlb_snat_rule_len(const struct ezlb_snat_form *form, const void *entry);
struct xt_counters ezlb_snat_rule_counters(const struct ezlb_snat_form *form, const void *entry);
