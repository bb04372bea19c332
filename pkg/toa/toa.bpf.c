// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program for client_address: toa, on the tc egress of the interfaces towards the backends. It
 * puts the TCP option with the client's address into the SYN, and into the packets that can
 * complete the handshake (the ACK, the first data): modules on backends read one of these. It
 * overwrites options of the same kinds that clients send.
 *
 * Every packet goes on, whatever fails, except fragments that hide options (see cuts_header). A
 * packet that is neither SYN nor has an unusual option costs one look-up in a hash map.
 *
 * Clients can complete the handshake with any packet within the window, not only with the one that
 * follows the SYN. So options are overwritten in all packets of a connection.
 */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "program_maps.h"
#include "toa_conntrack.bpf.h"
#include "toa_packet.bpf.h"

#define OPTIONS 40 /* the most that a TCP header has */

/* So many packets of a connection get the option; see `completes`. */
#define ACKS 32
#define DATA 3

char _license[] SEC("license") = "GPL"; /* the functions of conntrack ask for it */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ezlb_toa_service_key);
	__type(value, struct ezlb_toa_service);
	__uint(max_entries, EZLB_TOA_SERVICES);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct ezlb_toa_connection_key);
	__type(value, struct ezlb_toa_connection);
	__uint(max_entries, EZLB_TOA_CONNECTIONS);
} connections SEC(".maps");

/* enum ezlb_toa_count */
enum count { ADDED, STRIPPED, NO_ROOM, TOO_LONG, NO_ENTRY, FAILED, COUNTS };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, COUNTS);
} counters SEC(".maps");

/* Room for parts of a packet. Too much for the stack, and the verifier follows it more easily. */
struct room {
	__u8 old[64], new[64]; /* options */
	__u32 len;	       /* of these */
	__u32 left;	       /* see `overwrite`: bytes of an option that are left */
	__u8 bad, found;
	__u8 rest[16384]; /* what is behind the place of the new option; a power of two */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct room);
	__uint(max_entries, 1);
} rooms SEC(".maps");

INLINE void count(enum count what)
{
	__u32 index = what;
	__u64 *n = bpf_map_lookup_elem(&counters, &index);

	if (n)
		++*n;
}

/* --- whose packet it is ---------------------------------------------------------------------- */

/* Makes the option that the packets of this client get. */
INLINE void make_option(const struct ezlb_toa_service *service,
			const struct nf_conntrack_man *client, __u32 family,
			struct ezlb_toa_connection *out)
{
	__be16 port = client->u.all;
	__u32 words[4];

	words[0] = client->u3.all[0];
	out->option[0] = 254;
	out->len = 8;
	if (family == AF_INET6) {
		words[1] = client->u3.all[1];
		words[2] = client->u3.all[2];
		words[3] = client->u3.all[3];
		if (service->ipv6_kind == 253)
			out->option[0] = 253;
		out->len = 20;
		__builtin_memcpy(&out->option[8], &words[1], 12);
	}
	out->option[1] = out->len;
	__builtin_memcpy(&out->option[2], &port, 2);
	__builtin_memcpy(&out->option[4], &words[0], 4);
}

/* Like IPVS: a service with a mark comes before one with a listener. */
INLINE struct ezlb_toa_service *
find_service(struct __sk_buff *skb, const struct nf_conntrack_tuple *original, __u32 family)
{
	struct ezlb_toa_service_key key = { .family = family, .mark = skb->mark };
	struct ezlb_toa_service *service = NULL;
	__u32 words[4] = { 0 };

	if (key.mark)
		service = bpf_map_lookup_elem(&services, &key);
	if (service)
		return service;
	words[0] = original->dst.u3.all[0];
	if (family == AF_INET6) {
		words[1] = original->dst.u3.all[1];
		words[2] = original->dst.u3.all[2];
		words[3] = original->dst.u3.all[3];
	}
	__builtin_memcpy(key.address, words, sizeof(words));
	key.port = original->dst.u.all;
	key.mark = 0;
	return bpf_map_lookup_elem(&services, &key);
}

/*
 * Conntrack knows the connection by its answers, which come from the backend to the source address.
 * Their original direction is from the client to the listener.
 */
INLINE struct nf_conn *look_up(struct __sk_buff *skb, const struct packet *p)
{
	struct bpf_ct_opts opts = { .netns_id = BPF_F_CURRENT_NETNS, .l4proto = IPPROTO_TCP };
	struct bpf_sock_tuple answer = {};
	struct nf_conn *ct;

	if (p->key.family == AF_INET) {
		__builtin_memcpy(&answer.ipv4.saddr, p->key.dest, 4);
		__builtin_memcpy(&answer.ipv4.daddr, p->key.source, 4);
		answer.ipv4.sport = p->key.dest_port;
		answer.ipv4.dport = p->key.source_port;
		ct = bpf_skb_ct_lookup(skb, &answer, sizeof(answer.ipv4), &opts, sizeof(opts));
	} else {
		__builtin_memcpy(&answer.ipv6.saddr, p->key.dest, 16);
		__builtin_memcpy(&answer.ipv6.daddr, p->key.source, 16);
		answer.ipv6.sport = p->key.dest_port;
		answer.ipv6.dport = p->key.source_port;
		ct = bpf_skb_ct_lookup(skb, &answer, sizeof(answer.ipv6), &opts, sizeof(opts));
	}
	return ct;
}

enum whose { OURS, NOT_OURS, UNKNOWN };

/* Fills the option and its length; length 0 if the service does not want one. */
INLINE enum whose find_connection(struct __sk_buff *skb, const struct packet *p,
				  struct ezlb_toa_connection *out)
{
	struct nf_conn *ct = look_up(skb, p);
	struct ezlb_toa_service *service;

	if (!ct)
		return UNKNOWN;
	service = find_service(skb, &ct->tuplehash[0].tuple, p->key.family);
	if (service && service->mode == EZLB_TOA_MODE_ADD)
		make_option(service, &ct->tuplehash[0].tuple.src, p->key.family, out);
	bpf_ct_release(ct);
	return service ? OURS : NOT_OURS;
}

/*
 * Says to the verifier what is true anyway: the length is from 1 to mask + 1. From comparisons, as
 * the compiler arranges them, old verifiers conclude nothing.
 */
INLINE __u32 bounded(__u32 len, __u32 mask)
{
	__u32 less = len - 1;

	asm volatile("" : "+r"(less)); /* or the compiler takes the mask away */
	return (less & mask) + 1;
}

/* --- changing a packet ----------------------------------------------------------------------- */

/*
 * Copies the options to room->new with NOPs in place of those of the kinds 253 and 254. Reads as
 * the kernel's parser and the modules do: what these do not reach is left alone. One byte each
 * time; the state is in *room, so that the verifier has one state for each byte.
 */
INLINE bool overwrite(struct room *room)
{
	room->left = 0;
	room->found = 0;
	__builtin_memcpy(room->new, room->old, sizeof(room->new));
	for (__u32 i = 0; i < OPTIONS; i++) {
		__u32 kind = room->old[i], size = room->old[i + 1];

		if (i >= room->len)
			break;
		if (room->left == 0) {
			if (kind == 0) /* end of options */
				break;
			if (kind == 1) /* NOP, a single byte */
				size = 1;
			else if (size < 2 || i + size > room->len)
				break;
			room->left = size;
			room->bad = kind == 253 || kind == 254;
			room->found |= room->bad;
		}
		if (room->bad)
			room->new[i] = 1;
		room->left--;
	}
	return room->found;
}

/* Reads the options to room->old. Drivers may leave them in pages behind the linear part. */
INLINE bool load_options(struct __sk_buff *skb, const struct packet *p, struct room *room,
			 __u32 len)
{
	if (load(skb, p->at + TCP_BYTES, room->old, len))
		return true;
	bpf_skb_pull_data(skb, skb->len - p->total + p->at + TCP_BYTES + len);
	return load(skb, p->at + TCP_BYTES, room->old, len);
}

/* Whether the packet has options to overwrite; if so, room->new is what it should have. */
INLINE bool is_forged(struct __sk_buff *skb, const struct packet *p, struct room *room)
{
	__u32 len = options_len(p);

	if (len == 0 || len > OPTIONS)
		return false;
	len = bounded(len, sizeof(room->old) - 1);
	if (!load_options(skb, p, room, len)) {
		count(FAILED);
		return false;
	}
	/* Nearly all packets have time stamps and nothing else. */
	if (len == 12 && *(__u32 *)room->old == bpf_htonl(0x0101080a))
		return false;
	room->len = len;
	return overwrite(room);
}

/* Writes room->new in place of room->old. */
INLINE void strip(struct __sk_buff *skb, const struct packet *p, struct room *room)
{
	__u32 len = bounded(options_len(p), sizeof(room->old) - 1);
	__u32 link = link_len(skb, p), tcp = link + p->at;
	__s64 change;

	change = bpf_csum_diff((__be32 *)room->old, len, (__be32 *)room->new, len, 0);
	if (link == NOWHERE || change < 0 ||
	    bpf_skb_store_bytes(skb, tcp + TCP_BYTES, room->new, len, 0) ||
	    bpf_l4_csum_replace(skb, tcp + offsetof(struct tcphdr, check), 0, change, 0))
		count(FAILED);
	else
		count(STRIPPED);
}

/* The lengths in the IP header. */
INLINE void set_lengths(struct __sk_buff *skb, const struct packet *p, __u32 link, __u32 total)
{
	__be16 was = bpf_htons(p->total), is = bpf_htons(total);

	if (p->key.family == AF_INET) {
		bpf_l3_csum_replace(skb, link + offsetof(struct iphdr, check), was, is, 2);
		bpf_skb_store_bytes(skb, link + offsetof(struct iphdr, tot_len), &is, 2, 0);
	} else {
		is = bpf_htons(total - IP6_BYTES);
		bpf_skb_store_bytes(skb, link + offsetof(struct ipv6hdr, payload_len), &is, 2, 0);
	}
}

/*
 * Header length and checksum of TCP. With CHECKSUM_PARTIAL the field has the sum of the pseudo
 * header only, and the kernel changes it for BPF_F_PSEUDO_HDR alone.
 */
INLINE void set_tcp(struct __sk_buff *skb, const struct packet *p, __u32 tcp,
		    const struct ezlb_toa_connection *c, __u32 len)
{
	__u32 check = tcp + offsetof(struct tcphdr, check), length = p->total - p->at;
	__be16 was, is;
	__s64 sum;

	__builtin_memcpy(&was, (const __u8 *)&p->tcp + 12, 2); /* header length and flags */
	is = bpf_htons(bpf_ntohs(was) + (len / 4 << 12));
	sum = len == 8 ? bpf_csum_diff(NULL, 0, (__be32 *)c->option, 8, 0)
		       : bpf_csum_diff(NULL, 0, (__be32 *)c->option, 20, 0);
	bpf_skb_store_bytes(skb, tcp + 12, &is, 2, 0);
	bpf_l4_csum_replace(skb, check, was, is, 2);
	bpf_l4_csum_replace(skb, check, 0, sum, 0);
	bpf_l4_csum_replace(skb, check, bpf_htons(length), bpf_htons(length + len),
			    BPF_F_PSEUDO_HDR | 2);
}

/*
 * Moves what is behind the fixed part of the TCP header. (bpf_skb_adjust_room would move the
 * headers instead, but leaves csum_start wrong.) After bpf_skb_change_tail the packet is in one
 * piece and is ours, so that no write can fail.
 */
INLINE enum count insert(struct __sk_buff *skb, const struct packet *p, struct room *room,
			 const struct ezlb_toa_connection *c, __u32 len)
{
	__u32 rest = p->total - p->at - TCP_BYTES, link = link_len(skb, p);
	__u32 tcp = link + p->at;
	bool moves;

	if (link == NOWHERE)
		return FAILED;
	if (rest > sizeof(room->rest))
		return TOO_LONG;
	moves = rest > 0;
	rest = bounded(rest, sizeof(room->rest) - 1);
	if (moves && bpf_skb_load_bytes(skb, tcp + TCP_BYTES, room->rest, rest))
		return FAILED;
	if (bpf_skb_change_tail(skb, skb->len + len, 0))
		return FAILED;
	if (moves)
		bpf_skb_store_bytes(skb, tcp + TCP_BYTES + len, room->rest, rest, 0);
	bpf_skb_store_bytes(skb, tcp + TCP_BYTES, c->option, len, 0);
	set_lengths(skb, p, link, p->total + len);
	set_tcp(skb, p, tcp, c, len);
	return ADDED;
}

INLINE enum count add(struct __sk_buff *skb, const struct packet *p, struct room *room,
		      const struct ezlb_toa_connection *c)
{
	__u32 len = c->len == 8 ? 8 : 20, mtu = p->total + len; /* in: the length that it gets */
	long rc;

	if (options_len(p) + len > OPTIONS)
		return NO_ROOM;
	if (skb->gso_size || p->fragment)
		return TOO_LONG;
	rc = bpf_check_mtu(skb, 0, &mtu, 0, 0);
	if (rc != 0)
		return rc > 0 ? TOO_LONG : FAILED;
	return len == 8 ? insert(skb, p, room, c, 8) : insert(skb, p, room, c, 20);
}

/*
 * Whether it is a first fragment that ends within the TCP header (RFC 1858, 3): a client can cut
 * its packet so, and the kernel, which puts fragments together for conntrack, cuts it at the same
 * length again. What follows may be options, and is in a packet of its own. Only attackers do that.
 */
INLINE bool cuts_header(struct __sk_buff *skb)
{
	struct ezlb_toa_connection unused = {};
	struct packet p = {};
	__be16 ports[2];
	bool tcp = false;

	if (!load(skb, 0, &p.head.v4.ip, IP_BYTES))
		return false;
	if (p.head.v4.ip.version == 4)
		tcp = read_v4(&p);
	else if (p.head.v4.ip.version == 6 && load(skb, 0, &p.head.v6, IP6_BYTES))
		tcp = read_v6(skb, &p);
	if (!tcp || !p.fragment || !load(skb, p.at, ports, sizeof(ports)))
		return false;
	p.key.source_port = ports[0];
	p.key.dest_port = ports[1];
	if (find_connection(skb, &p, &unused) != OURS)
		return false;
	count(FAILED);
	return true;
}

/* --- the program ----------------------------------------------------------------------------- */

INLINE void begin(struct __sk_buff *skb, const struct packet *p, struct room *room)
{
	struct ezlb_toa_connection c = {
		.isn = bpf_ntohl(p->tcp.seq), .syn_len = data_len(p), .acks = ACKS, .data = DATA
	};
	enum whose whose = find_connection(skb, p, &c);

	if (whose != OURS) {
		if (whose == UNKNOWN)
			count(NO_ENTRY);
		return;
	}
	bpf_map_update_elem(&connections, &p->key, &c, BPF_ANY);
	if (is_forged(skb, p, room))
		strip(skb, p, room);
	if (c.len)
		count(add(skb, p, room, &c));
}

/*
 * Whether the packet can complete the handshake and gets the option. Not without end: a client may
 * never send data; and if a router behind us has a smaller MTU than our interface, first data with
 * the option never arrive, but without it they do.
 */
INLINE bool completes(const struct packet *p, struct ezlb_toa_connection *c)
{
	__u32 since = bpf_ntohl(p->tcp.seq) - c->isn - 1;

	if (!c->len || p->tcp.rst || (since != 0 && since != c->syn_len))
		return false;
	if (data_len(p) == 0)
		return c->acks && c->acks--;
	return c->data && c->data--;
}

INLINE void go_on(struct __sk_buff *skb, const struct packet *p, struct room *room)
{
	struct ezlb_toa_connection *c = bpf_map_lookup_elem(&connections, &p->key);
	struct ezlb_toa_connection found = { 0 };

	if (is_forged(skb, p, room) && (c || find_connection(skb, p, &found) == OURS))
		strip(skb, p, room);
	if (c && completes(p, c))
		count(add(skb, p, room, c));
}

SEC("tc")
int EZLB_BPF_NAME(struct __sk_buff *skb)
{
	struct packet p = {};
	__u32 zero = 0;
	struct room *room;

	if (!read_packet(skb, &p))
		/* UNSPEC, so that other filters see it. */
		return cuts_header(skb) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
	room = bpf_map_lookup_elem(&rooms, &zero);
	if (!room)
		return TC_ACT_UNSPEC;
	if (!p.tcp.syn)
		go_on(skb, &p, room);
	else if (!p.tcp.ack)
		begin(skb, &p, room);
	return TC_ACT_UNSPEC;
}
