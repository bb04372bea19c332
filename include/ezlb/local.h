/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * local: the addresses that packets can be delivered to on this host, as the kernel's local routing
 * table has them. Most entries are one address. A route such as `local 10.0.0.0/24 dev lo` makes
 * all addresses of a network local. 127.0.0.0/8 is one of these.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>

/* A network; the bits of `addr` behind the prefix are 0. */
struct ezlb_local_net {
	struct ezlb_addr addr;
	uint8_t prefix; /* 0-32, IPv6 0-128 */
};

/* The zero value knows nothing. */
struct ezlb_local {
	bool known;				     /* the table has been read */
	struct EZLB_VEC(struct ezlb_addr) addrs;     /* of entries that are one address; sorted */
	struct EZLB_VEC(struct ezlb_local_net) nets; /* the other entries; sorted */
};

/* Adds an entry; entries may be added in any order. ezlb_local_sort must follow before a search. */
void ezlb_local_add(struct ezlb_local *local, const struct ezlb_addr *addr, uint8_t prefix);
void ezlb_local_sort(struct ezlb_local *local); /* removes entries that are there twice, too */
bool ezlb_local_has(const struct ezlb_local *local, const struct ezlb_addr *addr);
/* The first address of the range that is not local; false if all are. */
bool ezlb_local_lacks(const struct ezlb_local *local, const struct ezlb_addr_range *range,
		      struct ezlb_addr *missing);
bool ezlb_local_same(const struct ezlb_local *a, const struct ezlb_local *b);
void ezlb_local_clear(struct ezlb_local *local);
