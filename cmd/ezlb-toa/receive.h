/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * receive: what the BPF programs and ezlb-toa share. Only fixed-size types, because two compilers
 * read it. Whoever changes a struct, or the meaning of a map, gives that map another name: an
 * upgrade takes over maps whose name, type and sizes are the same.
 */
#pragma once

#include <linux/types.h>

/* Options of a TCP header are at most this long. */
#define TOA_OPTIONS_MAX 40
/* At most this many entries in the list of balancers. A service has up to 1024 source addresses. */
#define TOA_FROM_MAX 2048

/* TCP options of the receiver: kind, length, port (network order), address. */
#define TOA_KIND_TOA	254 /* 8 bytes: IPv4; 20 bytes: IPv6 as DPVS writes it */
#define TOA_KIND_IPV6	253 /* 20 bytes: IPv6 as the modules of Alibaba and Huawei write it */
#define TOA_LENGTH_IPV4 8
#define TOA_LENGTH_IPV6 20

/* The client of a connection, in the storage of its socket. */
struct toa_client {
	__u8 addr[16]; /* an IPv4 address is v4-mapped */
	__u16 port;    /* network order */
	__u16 zero;
};

/*
 * An address or a network that may send the option. The trie compares bits from the beginning of
 * `generation`, so its prefix is 32 bits for that and 96 more for IPv4.
 */
struct toa_from {
	__u32 prefix;	  /* in bits */
	__u32 generation; /* only those of the current list count */
	__u8 addr[16];	  /* an IPv4 address is v4-mapped */
};

/* The one entry of the map toa_config. */
struct toa_config {
	__u32 generation;
};

/* Where options are parsed: a program cannot look into its stack at a place that it calculates. */
struct toa_scratch {
	__u8 options[64];
	__u32 size, at;
};

/* The entries of the map toa_counters, one for each processor. */
enum toa_counter {
	TOA_ACCEPTED,	/* connections whose option was believed */
	TOA_WITHOUT,	/* connections from a balancer without an option */
	TOA_UNLISTED,	/* connections with an option from an address that is no balancer */
	TOA_MALFORMED,	/* connections from a balancer with an option that says nothing usable */
	TOA_FAILED,	/* the kernel had no memory for an address */
	TOA_TRANSLATED, /* calls of accept() and getpeername() that returned the client */
	TOA_COUNTERS,
};
