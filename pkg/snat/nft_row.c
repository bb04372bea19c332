// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_row.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>

#include <ezlb/mem.h>
#include <ezlb/netfilter.h>

#define KEY_MAX	 24
#define DATA_MAX 32

/* If a 4-byte register begins a 16-byte register, the kernel returns the number of the latter. */
const struct ezlb_nft_family ezlb_nft_families[2] = {
	{ AF_INET, 4, 7, NFT_CT_DST_IP, NFT_REG32_01, NFT_REG32_02 },
	{ AF_INET6, 16, 8, NFT_CT_DST_IP6, NFT_REG_2, NFT_REG32_05 },
};

const char *ezlb_nft_set_str(enum ezlb_nft_set set)
{
	/* No keywords of the nft language: its parser would reject them as names. */
	static const char *const names[EZLB_NFT_SETS] = {
		[EZLB_NFT_SOURCE_OF_MARK] = "source_of_mark",
		[EZLB_NFT_MASQUERADED_MARK] = "masqueraded_mark",
		[EZLB_NFT_SOURCE_OF] = "source_of",
		[EZLB_NFT_MASQUERADED] = "masqueraded",
	};

	return names[set];
}

enum ezlb_nft_set ezlb_nft_set_of(const struct ezlb_snat_row *row)
{
	if (row->key.fwmark)
		return row->to.first.family ? EZLB_NFT_SOURCE_OF_MARK : EZLB_NFT_MASQUERADED_MARK;
	return row->to.first.family ? EZLB_NFT_SOURCE_OF : EZLB_NFT_MASQUERADED;
}

static size_t addr_len(const struct ezlb_addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

static size_t put_key(const struct ezlb_snat_row *row, uint8_t key[KEY_MAX])
{
	size_t len = addr_len(&row->key.endpoint.addr);
	uint16_t port = htons(row->key.endpoint.port);

	memset(key, 0, KEY_MAX);
	if (row->key.fwmark) { /* in the byte order of the host */
		memcpy(key, &row->key.fwmark, sizeof(row->key.fwmark));
		return sizeof(row->key.fwmark);
	}
	memcpy(key, row->key.endpoint.addr.bytes, len);
	key[len] = (uint8_t)ezlb_proto_number(row->key.proto);
	memcpy(key + len + 4, &port, sizeof(port));
	return len + 8;
}

static void put_range(struct nftnl_set_elem *elem, const struct ezlb_addr_range *range)
{
	size_t len = addr_len(&range->first);
	uint8_t data[DATA_MAX];

	memcpy(data, range->first.bytes, len);
	memcpy(data + len, range->last.bytes, len);
	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_DATA, data, (uint32_t)(2 * len));
}

/* Only for a start above 0: the kernel adds a zero counter itself, as the set says. */
static void put_counter(struct nftnl_set_elem *elem, uint64_t connections)
{
	struct nftnl_expr *expr = ezlb_nft_must(nftnl_expr_alloc("counter"));

	nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_PACKETS, connections);
	nftnl_set_elem_add_expr(elem, expr);
}

struct nftnl_set_elem *ezlb_nft_row_build(const struct ezlb_snat_row *row, bool data)
{
	struct nftnl_set_elem *elem = ezlb_nft_must(nftnl_set_elem_alloc());
	uint8_t key[KEY_MAX];

	nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, key, (uint32_t)put_key(row, key));
	if (data && row->to.first.family)
		put_range(elem, &row->to);
	if (data && row->connections)
		put_counter(elem, row->connections);
	return elem;
}

/* True if the element has only key, data and counter: anything else affects its traffic. */
static bool is_plain(const struct nftnl_set_elem *elem)
{
	static const uint16_t extras[] = {
		NFTNL_SET_ELEM_FLAGS,  NFTNL_SET_ELEM_VERDICT, NFTNL_SET_ELEM_TIMEOUT,
		NFTNL_SET_ELEM_OBJREF, NFTNL_SET_ELEM_KEY_END, NFTNL_SET_ELEM_EXPRESSIONS,
	};

	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
		if (nftnl_set_elem_is_set(elem, extras[i]))
			return false;
	}
	return true;
}

/* -EINVAL for another expression: it can decide whether the element matches. */
static int get_counter(struct nftnl_set_elem *elem, uint64_t *connections)
{
	const struct nftnl_expr *expr;

	if (!nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_EXPR))
		return 0;
	expr = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_EXPR, &(uint32_t){ 0 });
	if (!expr || strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "counter") != 0)
		return -EINVAL;
	*connections = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_PACKETS);
	return 0;
}

static int get_range(struct nftnl_set_elem *elem, const struct ezlb_nft_family *family,
		     struct ezlb_addr_range *out)
{
	uint32_t len = 0;
	const uint8_t *data;

	if (!nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_DATA))
		return -EINVAL;
	data = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_DATA, &len);
	if (!data || len != 2u * family->addr_len)
		return -EINVAL;
	out->first.family = out->last.family = family->family;
	memcpy(out->first.bytes, data, family->addr_len);
	memcpy(out->last.bytes, data + family->addr_len, family->addr_len);
	return ezlb_addr_cmp(&out->first, &out->last) <= 0 ? 0 : -EINVAL;
}

static int get_listener(const struct ezlb_nft_family *family, const uint8_t *key,
			struct ezlb_snat_key *out)
{
	uint16_t port;

	memcpy(out->endpoint.addr.bytes, key, family->addr_len);
	memcpy(&port, key + family->addr_len + 4, sizeof(port));
	out->endpoint.port = ntohs(port);
	if (ezlb_proto_from_number(key[family->addr_len], &out->proto) < 0 || !out->endpoint.port)
		return -EINVAL;
	return 0;
}

static int get_mark(const uint8_t *key, struct ezlb_snat_key *out)
{
	memcpy(&out->fwmark, key, sizeof(out->fwmark));
	return out->fwmark ? 0 : -EINVAL;
}

int ezlb_nft_row_parse(const struct ezlb_nft_family *family, enum ezlb_nft_set set,
		       struct nftnl_set_elem *elem, struct ezlb_snat_row *out)
{
	uint8_t again[KEY_MAX];
	const uint8_t *key;
	uint32_t len = 0;
	int rc;

	*out = (struct ezlb_snat_row){ .key.kind = EZLB_SNAT_KEY_LISTENER,
				       .key.endpoint.addr.family = family->family };
	if (!is_plain(elem) || !nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_KEY))
		return -EINVAL;
	key = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_KEY, &len);
	if (!key || len != ezlb_nft_key_len(family, set))
		return -EINVAL;
	rc = ezlb_nft_by_mark(set) ? get_mark(key, &out->key)
				   : get_listener(family, key, &out->key);
	if (rc < 0)
		return rc;
	if (put_key(out, again) != len || memcmp(again, key, len) != 0)
		return -EINVAL;
	if (get_counter(elem, &out->connections) < 0)
		return -EINVAL;
	return ezlb_nft_is_map(set) ? get_range(elem, family, &out->to) : 0;
}
