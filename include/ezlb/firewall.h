/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall: a way through filters that drop. What clients send to IPVS passes INPUT, what backends
 * answer passes FORWARD; an accept in a table of our own cannot override another chain's drop. So
 * where a filter drops, its own base chain gets a jump to a chain of ours, first of all, with one
 * accept for each service:
 *
 *   -A INPUT -j EZLB-INPUT
 *   -A EZLB-INPUT -d <vip>/32 -p <proto> -m <proto> --dport <port> -j ACCEPT
 *   -A FORWARD -j EZLB-FORWARD
 *   -A EZLB-FORWARD -p <proto> -m conntrack --ctstate ESTABLISHED --ctproto <proto>
 *       --ctorigdst <vip> --ctorigdstport <port> --ctdir REPLY -j ACCEPT
 *
 * (iptables lists the second <proto> of the last rule as a number.)
 *
 * The filters are the legacy filter tables of iptables and ip6tables (libiptc, libip6tc), and the
 * tables `ip filter` and `ip6 filter` of nf_tables that iptables-nft makes (libnftnl); there the
 * rules are such that iptables-nft -S goes on listing the table. A filter drops where the policy of
 * its base chain is DROP, or a rule in it, or in a chain that is reached from it, has the target
 * DROP or REJECT. A table that is not there, or not loaded, drops nothing. Tables of nf_tables that
 * another program made in its own manner are not touched: ezlb_firewall_find tells of them.
 */
#pragma once

#include <ezlb/layer.h>

#define EZLB_INPUT_CHAIN   "EZLB-INPUT"
#define EZLB_FORWARD_CHAIN "EZLB-FORWARD"

/*
 * list gives `gates` as the host's filters are, the rows that are in every filter of their gate and
 * family that drops, and the frame: `present` where there is anything of ours in any filter,
 * `sound` where each filter that drops has its chain and exactly one jump to it, from where it
 * belongs, nothing in our chains is anything but rows, each once, no row is in some of its filters
 * only, and no other filter has anything of ours. A filter where only we are left (all else
 * accepts) does not drop. Rows whose gate is closed in no filter are not wanted, so they are not
 * sought either.
 *
 * A jump that is missing is put first. Where another program puts a rule before it later, it stays
 * where it is: two programs that both insist on being first would never come to rest.
 *
 * SETUP makes the frame as it should be, in all filters, and so does any ADD; what is in some of
 * its filters only, and is not added in the same batch, goes. ADD and DEL are for a row in all
 * filters of its gate and family that drop: where none does, an ADD has nothing to do and is done.
 * TEARDOWN removes all that is ours everywhere. Whatever rules others have there stay as they are,
 * in their order, with their counters. One apply is at most one commit a table, legacy under the
 * lock of iptables with a wait of 2 s (-EAGAIN), nf_tables in one transaction a family. Nothing is
 * written where all is done already. Neither list nor the removing ops load a module.
 *
 * peek sees the legacy filter tables as the SNAT layer's peek sees the nat table, and the
 * generation of the nf_tables ruleset. -ENOENT where the kernel has neither.
 */
int ezlb_firewall_open(struct ezlb_layer **out, struct ezlb_err *err);

/*
 * Base chains at INPUT, FORWARD or OUTPUT that drop and that ezlb has no way through: those of
 * native nf_tables tables, and any at OUTPUT. A drop that only a verdict map leads to is not seen.
 * For the doctor. The caller frees *out with EZLB_VEC_CLEAR, also after a failure.
 */
struct ezlb_drop {
	char table[96]; /* "inet firewalld", "ip filter (legacy)" */
	char chain[64];
	enum { EZLB_DROP_INPUT, EZLB_DROP_FORWARD, EZLB_DROP_OUTPUT } hook;
	bool by_policy; /* false: by a rule */
};
struct ezlb_drops EZLB_VEC(struct ezlb_drop);
int ezlb_firewall_find(struct ezlb_drops *out, struct ezlb_err *err);
