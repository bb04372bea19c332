// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "program_maps.h"

char _license[] SEC("license") = "GPL";

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

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 6);
} counters SEC(".maps");

SEC("tc")
int EZLB_BPF_NAME(struct __sk_buff *skb)
{
	struct ezlb_toa_service_key key = { .mark = skb->mark };
	struct ezlb_toa_connection_key c = { .family = skb->mark };
	__u32 zero = 0;
	__u64 *n;

	if (bpf_map_lookup_elem(&services, &key) && bpf_map_lookup_elem(&connections, &c)) {
		n = bpf_map_lookup_elem(&counters, &zero);
		if (n)
			++*n;
	}
	return TC_ACT_UNSPEC;
}
