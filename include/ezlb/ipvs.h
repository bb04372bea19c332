/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipvs: virtual services and real servers over the IPVS genetlink family.
 * Source: include/uapi/linux/ip_vs.h, net/netfilter/ipvs/ip_vs_ctl.c.
 */
#pragma once

#include <ezlb/layer.h>
#include <ezlb/traffic.h>

/*
 * Opens the one genetlink socket in the network namespace of the caller. The kernel loads ip_vs for
 * this by itself where it can (alias net-pf-16-proto-16-family-IPVS); list and apply never load it.
 * -ENOENT where there is no ip_vs even then, -EPERM without CAP_NET_ADMIN; err names the remedy.
 *
 * The family id is resolved again when ip_vs was unloaded and loaded since. A call waits at most
 * 5 s for answers, then -ETIMEDOUT; what the kernel does before it answers comes on top (a change
 * of scheduler takes it some 10 ms for each service). An empty scope asks the kernel nothing.
 * Services and dests are edited in place (SET), never deleted and made again. A DEL of what is
 * gone already is done. The row of a dest has no tunnel options: SET makes it plain IPIP.
 *
 * peek reads /proc/net/ip_vs, in the network namespace of the process, and does not need the
 * socket: -ENOENT where ip_vs is not loaded. That text has the keys, schedulers, weights and
 * forwarding methods, and of persistence the flag with its timeout and netmask. It has not, so
 * that only list can tell: the thresholds of dests, a service's other flags (the scheduler's own;
 * one-packet for IPv6), the netmask of a service that is not persistent, the persistence engine,
 * and the options of tunnels.
 */
int ezlb_ipvs_open(struct ezlb_layer **out, struct ezlb_err *err);

/*
 * What the kernel has counted of the services in scope and of their dests, sorted. It has a socket
 * of its own and shares nothing with a layer, so it may be called in any thread. Costs a request a
 * service: some 20 ms for 1,000 of 10 dests. It never loads ip_vs: -ENOENT where that is not
 * loaded. Errors are else those of open and of list; a call waits at most 5 s. On failure *out is
 * empty. A service that vanishes meanwhile is left out. An empty scope asks the kernel nothing. A
 * kernel before 4.1 counts connections and packets in 32 bits and then begins with 0 again.
 */
int ezlb_ipvs_traffic(const struct ezlb_scope *scope, struct ezlb_traffic *out,
		      struct ezlb_err *err);
