/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match: the xtables match of a row's rule. Legacy rules have its bytes after the entry, rules of
 * iptables-nft in an expression. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <ezlb/xtables.h> /* first: the order of its includes matters */

#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>

/* Aligned like the kernel's data; the bytes after a shorter member are zero. */
union ezlb_fw_info {
	struct xt_tcp tcp;
	struct xt_udp udp;
	struct xt_sctp_info sctp;
	struct xt_conntrack_mtinfo3 ct;
	_Alignas(8) unsigned char bytes[1];
};

struct ezlb_fw_match {
	const char *name; /* static */
	uint8_t rev;
	size_t size; /* of the info, aligned */
	union ezlb_fw_info info;
};

/* For INPUT it matches the port, for FORWARD the whole row. */
void ezlb_fw_match_build(const struct ezlb_accept_row *row, struct ezlb_fw_match *out);

/*
 * Reads gate, protocol and port, for FORWARD also the address. -EINVAL for another kind of match.
 * The caller checks whether the match is exactly what build creates.
 */
int ezlb_fw_match_read(const char *name, const void *info, size_t size, uint8_t family,
		       struct ezlb_accept_row *out);
