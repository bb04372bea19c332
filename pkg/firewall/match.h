/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match: the one match of a row's rule, as iptables and the kernel know it. Legacy rules have its
 * bytes behind the entry, those of iptables-nft in an expression. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <ezlb/xtables.h> /* first: what it includes has an order */

#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_tcpudp.h>

/* Aligned to the full: what is behind the end of one is zero. */
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

/* Of INPUT it is the port, of FORWARD all that the row says. */
void ezlb_fw_match_build(const struct ezlb_accept_row *row, struct ezlb_fw_match *out);

/*
 * Fills gate, protocol and port, of FORWARD the address, too. -EINVAL for a match of another kind;
 * that it is exactly what build makes is for the caller to see.
 */
int ezlb_fw_match_read(const char *name, const void *info, size_t size, uint8_t family,
		       struct ezlb_accept_row *out);
