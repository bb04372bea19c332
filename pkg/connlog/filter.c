// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

/* The words of the program's scratch memory. */
enum { M_TUPLE, M_PROTO, M_PORT, M_HASH };

#define FAMILY_AT NLMSG_HDRLEN /* the first byte of struct nfgenmsg */
#define ATTRS_AT  (NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg)))
#define LEAF	  32 /* keys that are compared one after the other */
#define ANY_PORT  0
#define ANY_PROTO 0
#define MULTIPLY  0x01000193 /* the prime of FNV-1a, 32 bits */

struct keys EZLB_VEC(uint32_t);

static void put(struct filter *f, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	*EZLB_PUSH(f) = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
}

/* --- the hash, here and in the program -----------------------------------------------------------
 */

/* FNV-1a by words. Below 2^31, because the kernel needs two instructions to compare with more. */
static uint32_t mix(uint32_t hash, uint32_t word)
{
	return (hash ^ word) * MULTIPLY;
}

static uint32_t finish(uint32_t hash)
{
	return (hash ^ hash >> 16) & 0x7fffffff;
}

static uint32_t key_of(const struct ezlb_addr *addr, unsigned proto, uint16_t port)
{
	uint32_t hash = addr->family;

	for (size_t i = 0; i < (addr->family == AF_INET ? 4u : 16u); i += 4)
		hash = mix(hash, (uint32_t)addr->bytes[i] << 24 |
					 (uint32_t)addr->bytes[i + 1] << 16 |
					 (uint32_t)addr->bytes[i + 2] << 8 | addr->bytes[i + 3]);
	return finish(mix(mix(hash, proto), port));
}

/* hash = mix(hash, A) */
static void put_mix(struct filter *f)
{
	put(f, BPF_LDX | BPF_MEM, 0, 0, M_HASH);
	put(f, BPF_ALU | BPF_XOR | BPF_X, 0, 0, 0);
	put(f, BPF_ALU | BPF_MUL | BPF_K, 0, 0, MULTIPLY);
	put(f, BPF_ST, 0, 0, M_HASH);
}

/* A = finish(mix(mix(hash, proto), port)), and keeps hash. */
static void put_finish(struct filter *f, bool proto, bool port)
{
	put(f, BPF_LDX | BPF_MEM, 0, 0, M_HASH);
	put(f, proto ? BPF_LD | BPF_MEM : BPF_LD | BPF_IMM, 0, 0, proto ? M_PROTO : ANY_PROTO);
	put(f, BPF_ALU | BPF_XOR | BPF_X, 0, 0, 0);
	put(f, BPF_ALU | BPF_MUL | BPF_K, 0, 0, MULTIPLY);
	if (port) {
		put(f, BPF_LDX | BPF_MEM, 0, 0, M_PORT);
		put(f, BPF_ALU | BPF_XOR | BPF_X, 0, 0, 0);
	}
	put(f, BPF_ALU | BPF_MUL | BPF_K, 0, 0, MULTIPLY);
	put(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	put(f, BPF_ALU | BPF_RSH | BPF_K, 0, 0, 16);
	put(f, BPF_ALU | BPF_XOR | BPF_X, 0, 0, 0);
	put(f, BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x7fffffff);
}

/* --- the message ---------------------------------------------------------------------------------
 */

static void put_return(struct filter *f, bool pass)
{
	put(f, BPF_RET | BPF_K, 0, 0, pass ? UINT32_MAX : 0);
}

/* A = the offset of the attribute `type` among those at A, or in the attribute at A; drops if none.
 */
static void put_find(struct filter *f, int32_t how, uint32_t type)
{
	put(f, BPF_LDX | BPF_IMM, 0, 0, type);
	put(f, BPF_LD | BPF_B | BPF_ABS, 0, 0, (uint32_t)(SKF_AD_OFF + how));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	put_return(f, false);
}

static void put_ports(struct filter *f)
{
	put_find(f, SKF_AD_NLATTR_NEST, CTA_TUPLE_PROTO);
	put(f, BPF_ST, 0, 0, M_PORT); /* for now: the attribute */
	put_find(f, SKF_AD_NLATTR_NEST, CTA_PROTO_NUM);
	put(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	put(f, BPF_LD | BPF_B | BPF_IND, 0, 0, NLA_HDRLEN);
	put(f, BPF_ST, 0, 0, M_PROTO);
	put(f, BPF_LD | BPF_MEM, 0, 0, M_PORT);
	put_find(f, SKF_AD_NLATTR_NEST, CTA_PROTO_DST_PORT);
	put(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	put(f, BPF_LD | BPF_H | BPF_IND, 0, 0, NLA_HDRLEN);
	put(f, BPF_ST, 0, 0, M_PORT);
}

/* A is the attribute with the addresses. */
static void put_address(struct filter *f, uint32_t type, uint32_t len)
{
	put_find(f, SKF_AD_NLATTR_NEST, type);
	for (uint32_t i = 0; i < len; i += 4) {
		put(f, BPF_ST, 0, 0, M_TUPLE);
		put(f, BPF_MISC | BPF_TAX, 0, 0, 0);
		put(f, BPF_LD | BPF_W | BPF_IND, 0, 0, NLA_HDRLEN + i);
		put_mix(f);
		put(f, BPF_LD | BPF_MEM, 0, 0, M_TUPLE);
	}
}

static void put_head(struct filter *f)
{
	size_t skip, jump;

	put(f, BPF_LD | BPF_IMM, 0, 0, ATTRS_AT);
	put_find(f, SKF_AD_NLATTR, CTA_TUPLE_ORIG);
	put(f, BPF_ST, 0, 0, M_TUPLE);
	put_ports(f);
	put(f, BPF_LD | BPF_B | BPF_ABS, 0, 0, FAMILY_AT);
	put(f, BPF_ST, 0, 0, M_HASH);
	put(f, BPF_LD | BPF_MEM, 0, 0, M_TUPLE);
	put_find(f, SKF_AD_NLATTR_NEST, CTA_TUPLE_IP);
	put(f, BPF_ST, 0, 0, M_TUPLE);
	put(f, BPF_LD | BPF_MEM, 0, 0, M_HASH);
	skip = f->len;
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, AF_INET);
	put(f, BPF_LD | BPF_MEM, 0, 0, M_TUPLE);
	put_address(f, CTA_IP_V4_DST, 4);
	jump = f->len;
	put(f, BPF_JMP | BPF_JA, 0, 0, 0);
	f->items[skip].jf = (uint8_t)(f->len - skip - 1);
	put(f, BPF_LD | BPF_MEM, 0, 0, M_TUPLE);
	put_address(f, CTA_IP_V6_DST, 16);
	f->items[jump].k = (uint32_t)(f->len - jump - 1);
}

/* --- the keys ------------------------------------------------------------------------------------
 */

/* Passes the message if A is one of the sorted keys. What follows is reached if it is none. */
static void put_leaf(struct filter *f, const uint32_t *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(n - i), 0, keys[i]);
	put(f, BPF_JMP | BPF_JA, 0, 0, 1);
	put_return(f, true);
}

static void put_search(struct filter *f, const uint32_t *keys, size_t n)
{
	size_t half = n / 2, at, end;

	if (n <= LEAF) {
		put_leaf(f, keys, n);
		return;
	}
	put(f, BPF_JMP | BPF_JGE | BPF_K, 0, 1, keys[half]);
	at = f->len;
	put(f, BPF_JMP | BPF_JA, 0, 0, 0);
	put_search(f, keys, half);
	end = f->len;
	put(f, BPF_JMP | BPF_JA, 0, 0, 0);
	f->items[at].k = (uint32_t)(f->len - at - 1);
	put_search(f, keys + half, n - half);
	f->items[end].k = (uint32_t)(f->len - end - 1);
}

static int by_value(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

static void add_keys(const struct ezlb_connections_index *index,
		     const struct ezlb_connections_places *places, bool proto, bool port,
		     struct keys *out)
{
	for (size_t i = 0; i < places->len; i++) {
		const struct ezlb_connections_place *place = &places->items[i];

		if (index->services.items[place->service].log)
			*EZLB_PUSH(out) = key_of(&place->at.addr,
						 proto ? (unsigned)ezlb_proto_number(place->proto)
						       : ANY_PROTO,
						 port ? place->at.port : ANY_PORT);
	}
}

static void put_set(struct filter *f, struct keys *keys, bool proto, bool port)
{
	EZLB_SORT(keys, by_value);
	EZLB_UNIQUE(keys, by_value);
	if (keys->items) {
		put_finish(f, proto, port);
		put_search(f, keys->items, keys->len);
	}
	EZLB_VEC_CLEAR(keys);
}

static bool needs_all(const struct ezlb_connections_index *index)
{
	for (size_t i = 0; i < index->marks.len; i++)
		if (index->services.items[index->marks.items[i].service].log)
			return true;
	return false;
}

bool filter_make(const struct ezlb_connections_index *index, enum filter_grain grain,
		 struct filter *out)
{
	bool fine = grain == FILTER_LISTENERS;
	struct keys keys = { 0 };

	out->len = 0;
	if (grain == FILTER_NOTHING || needs_all(index)) {
		put_return(out, true);
		return true;
	}
	put_head(out);
	add_keys(index, &index->listeners, fine, fine, &keys);
	if (fine)
		put_set(out, &keys, true, true);
	add_keys(index, &index->ranges, fine, false, &keys);
	put_set(out, &keys, fine, false);
	put_return(out, false);
	if (out->len <= BPF_MAXINSNS)
		return true;
	EZLB_VEC_CLEAR(out);
	return false;
}
