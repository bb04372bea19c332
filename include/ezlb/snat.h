/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snat: the source half of FullNAT. One rule for each healthy backend of a full_nat service, in a
 * chain of our own:
 *
 *   -A POSTROUTING -j EZLB-SNAT
 *   -A EZLB-SNAT -d <backend>/32 -p <proto> -m <proto> --dport <port> -j SNAT --to-source <to>
 *   -A EZLB-SNAT -d <backend>/32 -p <proto> -m <proto> --dport <port> -j MASQUERADE
 *
 * The jump comes first in POSTROUTING: NAT is decided once for a connection, by the first rule that
 * matches, and a container engine's own MASQUERADE must not win over snat_ip.
 */
#pragma once

#include <ezlb/layer.h>

#define EZLB_SNAT_CHAIN "EZLB-SNAT"

/*
 * The legacy nat table through libiptc (IPv4). One apply is one commit, under /run/xtables.lock
 * with a bounded wait (-EAGAIN afterwards); the table is read again under the lock before and
 * after. Never touches a rule outside its chain except its own jump. Opening touches nothing.
 */
int ezlb_snat_iptables_open(struct ezlb_layer **out, struct ezlb_err *err);
