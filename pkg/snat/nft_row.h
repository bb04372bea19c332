/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_row: one SNAT row to an element of one of our two nf_tables sets and back. Pure.
 *
 * An element's key is a service's listener as a rule has it in registers: address, protocol, port,
 * each padded to four bytes. An element of `source_of` has the range of source addresses for its
 * data: the first, then the last. Each has a counter of packets, which are the row's connections:
 * of each one a nat chain sees only the first. Where the kernel cannot count here (before 5.7), the
 * element has none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libnftnl/set.h>

#include <ezlb/table.h>

enum ezlb_nft_set { EZLB_NFT_SOURCE_OF, EZLB_NFT_MASQUERADED, EZLB_NFT_SETS };

const char *ezlb_nft_set_str(enum ezlb_nft_set set); /* its name in the kernel */
enum ezlb_nft_set ezlb_nft_set_of(const struct ezlb_snat_row *row);

/* What is not the same for IPv4 and IPv6. */
struct ezlb_nft_family {
	uint8_t family;	   /* AF_INET or AF_INET6, which are nf_tables' numbers too */
	uint8_t addr_len;  /* bytes */
	uint8_t addr_type; /* nft's number for such an address, see nft_frame.c */
	uint8_t ct_dst;	   /* NFT_CT_DST_IP or its like */
	/*
	 * The registers of what is behind an address, and four bytes further, by the names that
	 * the kernel gives back. The address itself is in NFT_REG_1.
	 */
	uint8_t second, third;
};
extern const struct ezlb_nft_family ezlb_nft_families[2]; /* IPv4 first */

static inline uint32_t ezlb_nft_key_len(const struct ezlb_nft_family *family)
{
	return family->addr_len + 8u;
}

/*
 * 0; -EAFNOSUPPORT for no address, or a source of the other family; -EINVAL for port 0, or a source
 * that ends before it begins.
 */
int ezlb_nft_row_check(const struct ezlb_snat_row *row);

/*
 * An element of ezlb_nft_set_of(row), for a row that the check lets pass; its counter goes on from
 * row->connections. Without its data it is what deletes it. The caller frees it.
 */
struct nftnl_set_elem *ezlb_nft_row_build(const struct ezlb_snat_row *row, bool data);

/* The exact inverse: -EINVAL for an element that build would not have made. */
int ezlb_nft_row_parse(const struct ezlb_nft_family *family, enum ezlb_nft_set set,
		       struct nftnl_set_elem *elem, struct ezlb_snat_row *out);
