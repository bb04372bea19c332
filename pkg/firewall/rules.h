/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules: one row to the bytes of one rule of a legacy filter table and back. Pure. The bytes are
 * those that `iptables -A` or `ip6tables -A` makes of the form in ezlb/firewall.h.
 */
#pragma once

#include <limits.h> /* for ip6_tables.h */
#include <net/if.h> /* before linux/if.h, which then leaves out what is in here */
#include <netinet/in.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "match.h"

/* An entry with its match and target, which says its name as libiptc wants it. */
struct ezlb_fw_entry {
	size_t len;
	_Alignas(struct ip6t_entry) unsigned char bytes
		[sizeof(struct ip6t_entry) + sizeof(struct xt_entry_match) +
		 sizeof(union ezlb_fw_info) + XT_ALIGN(sizeof(struct xt_standard_target))];
};

void ezlb_fw_entry_build(const struct ezlb_accept_row *row, struct ezlb_fw_entry *out);

/*
 * Reads an entry of the kernel's; `target` is what libiptc says that it is. -EINVAL for one that
 * build would not have made; counters, padding and the kernel's own fields do not count.
 */
int ezlb_fw_entry_read(uint8_t family, const void *entry, const char *target,
		       struct ezlb_accept_row *out);

/* A rule that matches every packet and jumps to the chain. */
void ezlb_fw_entry_jump(uint8_t family, const char *chain, struct ezlb_fw_entry *out);
/* Does it match every packet, and jump (-j) rather than go (-g)? */
bool ezlb_fw_entry_is_plain(uint8_t family, const void *entry);
