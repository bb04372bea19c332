/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall: accept rules in filters that drop. Packets of clients to IPVS pass INPUT, answers of
 * backends pass FORWARD. An accept in another table cannot override a filter's drop, so ezlb
 * inserts a jump as the first rule of the filter's own base chain. It leads to a chain of ezlb with
 * one accept for each service:
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
 * nf_tables tables `ip filter` and `ip6 filter` of iptables-nft (libnftnl), whose rules ezlb writes
 * in a form that iptables-nft -S can list. A filter drops if the policy of its base chain is DROP,
 * or if a rule in it, or in a chain that it leads to, has the target DROP or REJECT. Its gate
 * (INPUT or FORWARD) is then called closed. A table that does not exist or is not loaded drops
 * nothing. ezlb does not change other nf_tables tables; ezlb_firewall_find reports them.
 */
#pragma once

#include <ezlb/layer.h>

#define EZLB_INPUT_CHAIN   "EZLB-INPUT"
#define EZLB_FORWARD_CHAIN "EZLB-FORWARD"

/*
 * list returns `gates` (where the host's filters drop), the rows that exist in every filter of
 * their gate and family that drops, and the frame. The frame is `present` if any filter has a chain
 * of ezlb. It is `sound` if
 * - each filter that drops has ezlb's chain and exactly one jump to it, from the right base chain,
 * - ezlb's chains contain only rows, each once, and no row is missing in one of its filters,
 * - no other filter has anything of ezlb.
 * Rules of ezlb do not make a filter drop. Rows whose gate is closed in no filter are not wanted,
 * so list does not look for them.
 *
 * ezlb inserts a missing jump as the first rule. If another program later inserts a rule before it,
 * ezlb leaves it: two programs that both insist on the first place would never stop.
 *
 * SETUP and any ADD repair the frame in all filters, and delete rows that are in only some of their
 * filters unless the batch adds them. ADD and DEL change a row in all filters of its gate and
 * family that drop; if none drops, ADD succeeds without a change. TEARDOWN removes everything of
 * ezlb. Rules of other programs keep their order and counters. One apply does at most one commit
 * per legacy table, under the iptables lock with a wait of at most 2 s (-EAGAIN), and one nf_tables
 * transaction per family. If nothing changes, nothing is written. list and the removing ops load no
 * module.
 *
 * peek hashes the legacy filter tables like the peek of the iptables SNAT driver, and the
 * generation of the nf_tables ruleset. -ENOENT if the kernel has neither.
 */
int ezlb_firewall_open(struct ezlb_layer **out, struct ezlb_err *err);

/*
 * Finds base chains at INPUT, FORWARD or OUTPUT that drop and in which ezlb adds no accept rules:
 * those of native nf_tables tables, and all at OUTPUT. It does not see drops behind a verdict map.
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
