// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs of ezlb-toa: one reads the client's address from the TCP options of a new connection
 * and keeps it in the storage of the socket; two replace the address that getpeername() and
 * accept() return. The kernel calls them for every socket below the cgroup
 * (include/uapi/linux/bpf.h: bpf_sock_ops, bpf_sock_addr).
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../../cmd/ezlb-toa/receive.h"

#define AF_INET	     2
#define AF_INET6     10
#define SOL_TCP	     6
#define TCP_SAVE_SYN 27
#define TCP_HEADER   20
#define TCP_MAX	     (TCP_HEADER + TOA_OPTIONS_MAX)

/* RFC 9293: the two options that are no more than their kind. */
#define KIND_END 0
#define KIND_NOP 1

#define MAPPED_PREFIX bpf_htonl(0xffff)

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct toa_client);
} toa_clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 3 * TOA_FROM_MAX);
	__type(key, struct toa_from);
	__type(value, __u32);
} toa_from SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct toa_config);
} toa_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TOA_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} toa_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct toa_scratch);
} toa_scratch SEC(".maps");

enum found { FOUND_NONE, FOUND_CLIENT, FOUND_MALFORMED };

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&toa_counters, &counter);

	if (value)
		++*value;
}

static __always_inline void map_address(__u32 to[4], __u32 ipv4)
{
	to[0] = 0;
	to[1] = 0;
	to[2] = MAPPED_PREFIX;
	to[3] = ipv4;
}

static __always_inline bool is_mapped(const __u32 addr[4])
{
	return addr[0] == 0 && addr[1] == 0 && addr[2] == MAPPED_PREFIX;
}

static __always_inline bool is_from_balancer(struct bpf_sock_ops *ops)
{
	struct toa_from key = { .prefix = 32 + 128 };
	const struct toa_config *config;
	__u32 *addr = (__u32 *)key.addr;
	__u32 zero = 0;

	config = bpf_map_lookup_elem(&toa_config, &zero);
	if (!config)
		return false;
	key.generation = config->generation;
	if (ops->family == AF_INET) {
		map_address(addr, ops->remote_ip4);
	} else {
		addr[0] = ops->remote_ip6[0];
		addr[1] = ops->remote_ip6[1];
		addr[2] = ops->remote_ip6[2];
		addr[3] = ops->remote_ip6[3];
	}
	return bpf_map_lookup_elem(&toa_from, &key);
}

/* An address and a port that no client can have. */
static __always_inline bool is_nobody(const struct toa_client *client)
{
	const __u32 *addr = (const __u32 *)client->addr;

	if (client->port == 0)
		return true;
	if (is_mapped(addr))
		return addr[3] == 0;
	return addr[0] == 0 && addr[1] == 0 && addr[2] == 0 && addr[3] == 0;
}

/* The option at `at`, whose length fits into the header. */
static __always_inline enum found read_option(struct toa_scratch *scratch, __u32 at, __u8 length,
					      struct toa_client *client)
{
	const __u8 *option;

	if (at > sizeof(scratch->options) - TOA_LENGTH_IPV6)
		return FOUND_MALFORMED;
	option = scratch->options + at;
	__builtin_memcpy(&client->port, option + 2, sizeof(client->port));
	if (length == TOA_LENGTH_IPV4) {
		__u32 ipv4;

		__builtin_memcpy(&ipv4, option + 4, sizeof(ipv4));
		map_address((__u32 *)client->addr, ipv4);
	} else {
		__builtin_memcpy(client->addr, option + 4, sizeof(client->addr));
	}
	return is_nobody(client) ? FOUND_MALFORMED : FOUND_CLIENT;
}

static __always_inline bool is_ours(__u8 kind, __u8 length)
{
	if (kind == TOA_KIND_TOA)
		return length == TOA_LENGTH_IPV4 || length == TOA_LENGTH_IPV6;
	return kind == TOA_KIND_IPV6 && length == TOA_LENGTH_IPV6;
}

/*
 * What the verifier knows of a number after one turn of a loop must not be another thing after the
 * next: it would look at everything that follows once for each. So the numbers are in the map.
 */
#define AGAIN(number) (*(volatile __u32 *)&(number))

/* The first such option of the `size` bytes, as the kernel modules take it. */
static __always_inline enum found find_option(struct toa_scratch *scratch,
					      struct toa_client *client)
{
	__u32 size = AGAIN(scratch->size);

	AGAIN(scratch->at) = 0;
	for (int i = 0; i < TOA_OPTIONS_MAX; i++) {
		/* Read again each time: what the verifier knows of it must not depend on the turn.
		 */
		__u32 at = *(volatile __u32 *)&scratch->at;
		__u8 kind, length;

		if (at >= size || at >= TOA_OPTIONS_MAX)
			return FOUND_NONE;
		kind = scratch->options[at];
		if (kind == KIND_END)
			return FOUND_NONE;
		if (kind == KIND_NOP) {
			AGAIN(scratch->at) = at + 1;
			continue;
		}
		length = scratch->options[at + 1];
		if (length < 2 || at + length > size)
			return FOUND_NONE;
		if (is_ours(kind, length))
			return read_option(scratch, at, length, client);
		AGAIN(scratch->at) = at + length;
	}
	return FOUND_NONE;
}

/* The packet that completed the handshake: its TCP header is all that the kernel shows. */
static __always_inline void copy_packet(struct bpf_sock_ops *ops, struct toa_scratch *scratch)
{
	const __u8 *data = ops->skb_data, *end = ops->skb_data_end;

	AGAIN(scratch->size) = 0;
	for (int i = 0; i < TOA_OPTIONS_MAX; i++) {
		if (data + TCP_HEADER + i + 1 > end)
			break;
		scratch->options[i] = data[TCP_HEADER + i];
		AGAIN(scratch->size) = i + 1;
	}
}

/* The SYN, which the kernel keeps for listeners that are younger than this program. */
static __always_inline void copy_syn(struct bpf_sock_ops *ops, struct toa_scratch *scratch)
{
	__u8 syn[TCP_MAX] = { 0 };
	int size = bpf_getsockopt(ops, SOL_TCP, TCP_BPF_SYN, syn, sizeof(syn));

	AGAIN(scratch->size) = 0;
	if (size <= TCP_HEADER || size > TCP_MAX)
		return;
	__builtin_memcpy(scratch->options, syn + TCP_HEADER, TOA_OPTIONS_MAX);
	AGAIN(scratch->size) = size - TCP_HEADER;
}

static __always_inline void keep(struct bpf_sock_ops *ops, const struct toa_client *client)
{
	struct toa_client *kept = NULL;

	/* A socket for IPv4 alone cannot show an IPv6 address. */
	if (ops->family == AF_INET && !is_mapped((const __u32 *)client->addr)) {
		count(TOA_MALFORMED);
		return;
	}
	if (ops->sk)
		kept = bpf_sk_storage_get(&toa_clients, ops->sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!kept) {
		count(TOA_FAILED);
		return;
	}
	*kept = *client;
	count(TOA_ACCEPTED);
}

static __always_inline void accept_connection(struct bpf_sock_ops *ops)
{
	struct toa_client client = { 0 };
	struct toa_scratch *scratch;
	enum found found;
	__u32 zero = 0;

	scratch = bpf_map_lookup_elem(&toa_scratch, &zero);
	if (!scratch)
		return;
	copy_packet(ops, scratch);
	found = find_option(scratch, &client);
	if (found == FOUND_NONE) {
		copy_syn(ops, scratch);
		found = find_option(scratch, &client);
	}
	if (!is_from_balancer(ops)) {
		if (found != FOUND_NONE)
			count(TOA_UNLISTED);
		return;
	}
	if (found == FOUND_CLIENT)
		keep(ops, &client);
	else
		count(found == FOUND_NONE ? TOA_WITHOUT : TOA_MALFORMED);
}

/* A server may have asked for more of the SYN itself: that stays. Before 6.1 one cannot know. */
static __always_inline void save_syn(struct bpf_sock_ops *ops)
{
	int saved = 0, on = 1;

	if (bpf_getsockopt(ops, SOL_TCP, TCP_SAVE_SYN, &saved, sizeof(saved)) == 0 && saved != 0)
		return;
	bpf_setsockopt(ops, SOL_TCP, TCP_SAVE_SYN, &on, sizeof(on));
}

/* Others may be attached, too: the program leaves `reply` and the callback flags as they are. */
SEC("sockops")
int toa_sockops(struct bpf_sock_ops *ops)
{
	if (ops->family != AF_INET && ops->family != AF_INET6)
		return 1;
	if (ops->op == BPF_SOCK_OPS_TCP_LISTEN_CB)
		save_syn(ops);
	else if (ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		accept_connection(ops);
	else if (ops->op == BPF_SOCK_OPS_TCP_CONNECT_CB && ops->sk)
		/* A socket that was accepted, disconnected (connect() to AF_UNSPEC), and is used
		 * for another connection. */
		bpf_sk_storage_delete(&toa_clients, ops->sk);
	return 1;
}

static __always_inline const struct toa_client *client_of(struct bpf_sock_addr *addr)
{
	return addr->sk ? bpf_sk_storage_get(&toa_clients, addr->sk, 0, 0) : NULL;
}

SEC("cgroup/getpeername4")
int toa_peer4(struct bpf_sock_addr *addr)
{
	const struct toa_client *client = client_of(addr);

	if (client) {
		addr->user_ip4 = ((const __u32 *)client->addr)[3];
		addr->user_port = client->port;
		count(TOA_TRANSLATED);
	}
	return 1;
}

SEC("cgroup/getpeername6")
int toa_peer6(struct bpf_sock_addr *addr)
{
	const struct toa_client *client = client_of(addr);

	if (client) {
		addr->user_ip6[0] = ((const __u32 *)client->addr)[0];
		addr->user_ip6[1] = ((const __u32 *)client->addr)[1];
		addr->user_ip6[2] = ((const __u32 *)client->addr)[2];
		addr->user_ip6[3] = ((const __u32 *)client->addr)[3];
		addr->user_port = client->port;
		count(TOA_TRANSLATED);
	}
	return 1;
}

const char toa_license[] SEC("license") = "GPL";
