/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * addr: IP addresses and endpoints as values. Formatting writes the canonical form. Parsing accepts
 * only complete numeric addresses: no names, no "10.1", no leading zeros, no zone.
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <ezlb/err.h>

struct ezlb_addr {
	uint8_t family;	   /* AF_INET, AF_INET6; 0 = none */
	uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

struct ezlb_endpoint {
	struct ezlb_addr addr;
	uint16_t port; /* host order, 1-65535; 0: the address alone */
};

/* From first to last, both included, of one family. Family 0 of first: no range. */
struct ezlb_addr_range {
	struct ezlb_addr first, last;
};

struct sockaddr_storage;

/* Room for "[ffff:...:255.255.255.255]:65535" and its NUL. */
#define EZLB_ADDR_STRLEN     46
#define EZLB_ENDPOINT_STRLEN 54
#define EZLB_RANGE_STRLEN    92

int ezlb_addr_parse(const char *text, struct ezlb_addr *out, struct ezlb_err *err);
const char *ezlb_addr_format(const struct ezlb_addr *addr, char buf[EZLB_ADDR_STRLEN]);
static inline int ezlb_addr_cmp(const struct ezlb_addr *a, const struct ezlb_addr *b);
bool ezlb_addr_is_any(const struct ezlb_addr *addr);
bool ezlb_addr_is_multicast(const struct ezlb_addr *addr);

/* "10.0.0.3" or "10.0.0.3-10.0.0.6". A range of one address is formatted as that address. */
int ezlb_range_parse(const char *text, struct ezlb_addr_range *out, struct ezlb_err *err);
const char *ezlb_range_format(const struct ezlb_addr_range *range, char buf[EZLB_RANGE_STRLEN]);
int ezlb_range_cmp(const struct ezlb_addr_range *a, const struct ezlb_addr_range *b);
/* The number of addresses, at most UINT64_MAX. */
uint64_t ezlb_range_size(const struct ezlb_addr_range *range);

/* "IP:port" or "[IPv6]:port". */
int ezlb_endpoint_parse(const char *text, struct ezlb_endpoint *out, struct ezlb_err *err);
/* Of an endpoint without a port only the address, which _parse does not accept. */
const char *ezlb_endpoint_format(const struct ezlb_endpoint *ep, char buf[EZLB_ENDPOINT_STRLEN]);
static inline int ezlb_endpoint_cmp(const struct ezlb_endpoint *a, const struct ezlb_endpoint *b);

/* Fills a sockaddr for connect() and returns its length. */
unsigned ezlb_endpoint_sockaddr(const struct ezlb_endpoint *ep, struct sockaddr_storage *out);

/*
 * The order of the bytes, as memcmp. These two are here because every sort and every search of rows
 * calls them, 100,000 times in a pass over 10,000 dests.
 */
static inline int ezlb_addr_cmp(const struct ezlb_addr *a, const struct ezlb_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	for (size_t at = 0; at < sizeof(a->bytes); at += sizeof(uint64_t)) {
		uint64_t x, y;

		memcpy(&x, a->bytes + at, sizeof(x));
		memcpy(&y, b->bytes + at, sizeof(y));
		if (x != y)
			return be64toh(x) < be64toh(y) ? -1 : 1;
	}
	return 0;
}

static inline int ezlb_endpoint_cmp(const struct ezlb_endpoint *a, const struct ezlb_endpoint *b)
{
	int rc = ezlb_addr_cmp(&a->addr, &b->addr);

	return rc ? rc : (a->port > b->port) - (a->port < b->port);
}
