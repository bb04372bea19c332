/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toa_packet: what the program has to know of a packet, and where that is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "program_maps.h"

#define INLINE static __always_inline

#define AF_INET		2
#define AF_INET6	10
#define TCP_BYTES	20 /* the fixed part of the TCP header */
#define IP_BYTES	20
#define IP6_BYTES	40
#define FRAGMENT_OFFSET 0x1fff
#define FRAGMENT_MORE	0x2000
#define NOWHERE		0xffffffff

struct packet {
	union { /* the first bytes from the network header on */
		struct {
			struct iphdr ip;
			struct tcphdr tcp;
		} v4;
		struct ipv6hdr v6;
		__u64 words[5];
	} head;
	struct tcphdr tcp;
	struct ezlb_toa_connection_key key;
	__u32 at;    /* of the TCP header, from the network header on */
	__u32 total; /* bytes from the network header to the end, as the header says */
	bool fragment;
};

/* Reads at an offset from the network header, whatever link header there is before it. */
INLINE bool load(struct __sk_buff *skb, __u32 at, void *to, __u32 len)
{
	return bpf_skb_load_bytes_relative(skb, at, to, len, BPF_HDR_START_NET) == 0;
}

INLINE bool read_v4(struct packet *p)
{
	const struct iphdr *ip = &p->head.v4.ip;
	__u16 fragment = bpf_ntohs(ip->frag_off);

	if (ip->protocol != IPPROTO_TCP || (fragment & FRAGMENT_OFFSET))
		return false;
	p->fragment = fragment & FRAGMENT_MORE;
	p->at = ip->ihl * 4;
	p->total = bpf_ntohs(ip->tot_len);
	p->key.family = AF_INET;
	__builtin_memcpy(p->key.source, &ip->saddr, 4);
	__builtin_memcpy(p->key.dest, &ip->daddr, 4);
	return true;
}

/* Clients could hide an option behind headers that nobody uses, so these are passed over. */
INLINE bool skip_extensions(struct __sk_buff *skb, struct packet *p)
{
	__u8 next = p->head.v6.nexthdr, bytes[4];

	p->at = IP6_BYTES;
	for (int i = 0; i < 64 && next != IPPROTO_TCP; i++) {
		if ((next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING &&
		     next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT) ||
		    !load(skb, p->at, bytes, sizeof(bytes)))
			return false;
		p->at += 8;
		if (next != IPPROTO_FRAGMENT)
			p->at += bytes[1] * 8;
		else if (bytes[2] || (bytes[3] & 0xf8)) /* not the first fragment */
			return false;
		else
			p->fragment = true;
		next = bytes[0];
	}
	return next == IPPROTO_TCP;
}

INLINE bool read_v6(struct __sk_buff *skb, struct packet *p)
{
	const struct ipv6hdr *ip = &p->head.v6;

	if (!skip_extensions(skb, p))
		return false;
	p->total = IP6_BYTES + bpf_ntohs(ip->payload_len);
	p->key.family = AF_INET6;
	__builtin_memcpy(p->key.source, &ip->saddr, 16);
	__builtin_memcpy(p->key.dest, &ip->daddr, 16);
	return true;
}

/* false: nothing that this program has to do with. */
INLINE bool read_packet(struct __sk_buff *skb, struct packet *p)
{
	__u8 version;

	/* On a VLAN that keeps its tag in the packet the protocol is that of the tag. */
	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6) &&
	    skb->protocol != bpf_htons(ETH_P_8021Q) && skb->protocol != bpf_htons(ETH_P_8021AD))
		return false;
	/* The shortest TCP packet has 40 bytes. */
	if (!load(skb, 0, &p->head, sizeof(p->head)))
		return false;
	version = p->head.v4.ip.version;
	if (version == 4 ? !read_v4(p) : version != 6 || !read_v6(skb, p))
		return false;
	if (p->at == IP_BYTES)
		p->tcp = p->head.v4.tcp;
	else if (!load(skb, p->at, &p->tcp, sizeof(p->tcp)))
		return false;
	p->key.source_port = p->tcp.source;
	p->key.dest_port = p->tcp.dest;
	return p->tcp.doff * 4 >= TCP_BYTES && p->total >= p->at + p->tcp.doff * 4;
}

INLINE __u32 data_len(const struct packet *p)
{
	return p->total - p->at - p->tcp.doff * 4;
}

/*
 * The length of the link header: Ethernet, with or without tag, or none (ipip, WireGuard, tun). To
 * change a packet takes an offset from its first byte. Verified, because a wrong one would be
 * fatal.
 */
INLINE __u32 link_len(struct __sk_buff *skb, const struct packet *p)
{
	__u32 len = skb->len - p->total;
	__u64 words[4]; /* not the checksum of TCP, which `strip` changes */

	if (len > 256 || bpf_skb_load_bytes(skb, len, words, sizeof(words)))
		return NOWHERE;
	for (int i = 0; i < 4; i++)
		if (words[i] != p->head.words[i])
			return NOWHERE;
	return len;
}

INLINE __u32 options_len(const struct packet *p)
{
	return p->tcp.doff * 4 - TCP_BYTES;
}
