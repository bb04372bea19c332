/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_row: converts a SNAT row to an element of one of ezlb's nf_tables sets and back. Pure.
 *
 * An element's key is the listener in the layout of the rule's registers: address, protocol, port,
 * each padded to four bytes; or the firewall mark, in the sets whose names end in `_mark`. The data
 * of an element of `source_of` is the range of source addresses: the first, then the last. The
 * packet counter of an element is the row's number of connections, because a nat chain sees only
 * the first packet of each. Kernels before 5.7 have no such counter.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libnftnl/set.h>

#include <ezlb/table.h>

/*
 * In the order of the rules: IPVS looks for a service with the mark of a packet first, so the
 * source address of that service counts too.
 */
enum ezlb_nft_set {
	EZLB_NFT_SOURCE_OF_MARK,
	EZLB_NFT_MASQUERADED_MARK,
	EZLB_NFT_SOURCE_OF,
	EZLB_NFT_MASQUERADED,
	EZLB_NFT_SETS
};

/* Is its key a mark? */
static inline bool ezlb_nft_by_mark(enum ezlb_nft_set set)
{
	return set == EZLB_NFT_SOURCE_OF_MARK || set == EZLB_NFT_MASQUERADED_MARK;
}
/* Does it map its key to a source address? Otherwise the connections are masqueraded. */
static inline bool ezlb_nft_is_map(enum ezlb_nft_set set)
{
	return set == EZLB_NFT_SOURCE_OF_MARK || set == EZLB_NFT_SOURCE_OF;
}

const char *ezlb_nft_set_str(enum ezlb_nft_set set); /* its name in the kernel */
enum ezlb_nft_set ezlb_nft_set_of(const struct ezlb_snat_row *row);

/* What differs between IPv4 and IPv6. */
struct ezlb_nft_family {
	uint8_t family;	   /* AF_INET or AF_INET6, which are nf_tables' numbers too */
	uint8_t addr_len;  /* bytes */
	uint8_t addr_type; /* nft's number for this address type, see nft_frame.c */
	uint8_t ct_dst;	   /* NFT_CT_DST_IP or NFT_CT_DST_IP6 */
	/*
	 * The registers after the address, which is in NFT_REG_1, and four bytes further, by the
	 * numbers that the kernel returns.
	 */
	uint8_t second, third;
};
extern const struct ezlb_nft_family ezlb_nft_families[2]; /* IPv4 first */

static inline uint32_t ezlb_nft_key_len(const struct ezlb_nft_family *family, enum ezlb_nft_set set)
{
	return ezlb_nft_by_mark(set) ? 4u : family->addr_len + 8u;
}

/*
 * Builds an element of ezlb_nft_set_of(row) for a valid row (ezlb_snat_row_check); its counter
 * starts at row->connections. Without data it serves to delete the element. The caller frees it.
 */
struct nftnl_set_elem *ezlb_nft_row_build(const struct ezlb_snat_row *row, bool data);

/* The exact inverse: -EINVAL for an element that build would not create. */
int ezlb_nft_row_parse(const struct ezlb_nft_family *family, enum ezlb_nft_set set,
		       struct nftnl_set_elem *elem, struct ezlb_snat_row *out);
