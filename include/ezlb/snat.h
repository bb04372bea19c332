/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snat: the source half of FullNAT. One rule for each healthy backend of a full_nat service, in a
 * chain of our own:
 *
 *   -A POSTROUTING -j EZLB-SNAT
 *   -A EZLB-SNAT -d <backend>/32 -p <proto> -m <proto> --dport <port> -j SNAT --to-source <to>
 *   -A EZLB-SNAT -d <backend>/32 -p <proto> -m <proto> --dport <port> -j MASQUERADE
 *
 * The jump is put first in POSTROUTING: NAT is decided once for a connection, by the first rule
 * that matches, and a container engine's own MASQUERADE must not win over snat_ip. Where another
 * program puts a rule before it later, it stays where it is: two programs that both insist on being
 * first would never come to rest.
 *
 * The chain is ours alone. A rule in it that is not exactly of this form, a second rule for the
 * same backend, and any other rule of the table that leads to it make the frame unsound, and go.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/layer.h>

#define EZLB_SNAT_CHAIN "EZLB-SNAT"

/*
 * The legacy nat table through libiptc (IPv4: an op for IPv6 gets -EAFNOSUPPORT and the others go
 * on). One apply is at most one commit, under the lock in $XTABLES_LOCKFILE or /run/xtables.lock
 * with a wait of at most 2 s (-EAGAIN afterwards); the table is read again under the lock before
 * and after. An op that finds its work done is done; where that is all, nothing is written. Any op
 * that puts something in mends the frame too. Rules keep their order and their counters. Never
 * touches a rule outside its chain except those that lead to it. Opening touches nothing; list and
 * removing ops do not load the table. Needs CAP_NET_ADMIN and CAP_NET_RAW (for libiptc's socket).
 *
 * Its peek sees the whole table, so it tells of other programs' rules as well; counters do not
 * change it. Up to 2,000 entries (and 1 MiB) it misses nothing. Of a larger table it sees only how
 * many entries and bytes there are and where the built-in chains begin and end: it misses a rule
 * replaced by one of the same size, another order within a chain, a policy. -ENOENT where the table
 * is not loaded.
 */
int ezlb_snat_iptables_open(struct ezlb_layer **out, struct ezlb_err *err);

/* Has the legacy nat table a chain whose name begins so? False where it cannot be read. */
bool ezlb_snat_iptables_has_chain(const char *prefix);
