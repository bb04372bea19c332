/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program_maps: the maps of the BPF program, as both the program (toa.bpf.c) and its loader see
 * them. Nothing here has padding that is not named: the kernel compares keys byte by byte.
 */
#pragma once

#include <linux/types.h>

/*
 * Map services. The key is either a listener (family, address, port; mark 0) or a mark (family and
 * mark; the rest 0). An IPv4 address is in the first four bytes.
 */
struct ezlb_toa_service_key {
	__u8 address[16];
	__be16 port;
	__u8 family; /* AF_INET, AF_INET6 */
	__u8 zero;
	__u32 mark;
};
struct ezlb_toa_service {
	__u8 mode;	/* EZLB_TOA_MODE_* = enum ezlb_toa_mode */
	__u8 ipv6_kind; /* 254 or 253 */
	__u8 zero[2];
};
#define EZLB_TOA_SERVICES   65536
#define EZLB_TOA_MODE_STRIP 0
#define EZLB_TOA_MODE_ADD   1

/*
 * Map connections: those that have begun, as their packets are behind source NAT. An entry is made
 * at the SYN, and the least recently used one is replaced.
 */
struct ezlb_toa_connection_key {
	__u8 source[16], dest[16];
	__be16 source_port, dest_port;
	__u32 family;
};
struct ezlb_toa_connection {
	__u32 isn;	 /* the sequence number of the SYN, host order */
	__u32 syn_len;	 /* bytes of data in the SYN */
	__u8 option[20]; /* as it is in the packet; all zero: none */
	__u8 len;	 /* of the option; 0: options are only overwritten */
	__u8 acks, data; /* how many more packets get the option: without data, with data */
	__u8 zero;
};
#define EZLB_TOA_CONNECTIONS 65536
