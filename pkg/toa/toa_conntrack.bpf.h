/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toa_conntrack: what the program sees of conntrack (net/netfilter/nf_conntrack_bpf.c, since Linux
 * 5.18). The structures have only the members that are read: the loader adapts the offsets to the
 * kernel that it runs on (CO-RE), by the names of structures and members.
 */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

union nf_inet_addr {
	__u32 all[4];
};
union nf_conntrack_man_proto {
	__be16 all;
};
struct nf_conntrack_man {
	union nf_inet_addr u3;
	union nf_conntrack_man_proto u;
	__u16 l3num;
};
struct nf_conntrack_tuple {
	struct nf_conntrack_man src;
	struct {
		union nf_inet_addr u3;
		union {
			__be16 all;
		} u;
	} dst;
};
struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
};
struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2]; /* enum ip_conntrack_dir: original, reply */
};

#pragma clang attribute pop

/* As in 5.18. Later kernels have a longer one, and accept this length, too. */
struct bpf_ct_opts {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir; /* out: the direction of the entry that has the tuple */
	__u8 reserved[2];
};

struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple,
				  __u32 tuple_size, struct bpf_ct_opts *opts,
				  __u32 opts_size) __ksym;
void bpf_ct_release(struct nf_conn *ct) __ksym;
