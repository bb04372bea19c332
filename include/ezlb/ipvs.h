/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipvs: virtual services and dests over the IPVS genetlink family.
 * Source: include/uapi/linux/ip_vs.h, net/netfilter/ipvs/ip_vs_ctl.c.
 */
#pragma once

#include <ezlb/layer.h>
#include <ezlb/traffic.h>

/*
 * Opens one genetlink socket in the network namespace of the caller. The kernel loads ip_vs for
 * this if it can (alias net-pf-16-proto-16-family-IPVS); list and apply never load it. Returns
 * -ENOENT if ip_vs is missing, -EPERM without CAP_NET_ADMIN; err names the fix.
 *
 * The layer resolves the family id again after ip_vs was unloaded and loaded. A call waits at most
 * 5 s for answers, then returns -ETIMEDOUT; the time that the kernel works before it answers is
 * extra (a change of scheduler takes about 10 ms per service). An empty scope sends no request.
 * SET changes services and dests in place; they are never deleted and created again. A DEL of a
 * missing object succeeds. An op for a dest whose tunnel type the kernel does not know gets
 * -EPROTONOSUPPORT and has no effect.
 *
 * peek reads /proc/net/ip_vs, in the network namespace of the process; -ENOENT if ip_vs is not
 * loaded. Reads take at most 0.5 % of the time of one CPU, and are at most 1.4 s apart because of
 * that: between them the print is that of the last read. After an apply, or with another scope, the
 * next peek reads. It sends a request only while the family id is unknown. That text shows keys,
 * schedulers, weights, forwarding methods, and the persistence flag with its timeout and netmask.
 * Only list sees the rest: dest thresholds, other service flags (the scheduler's own; one-packet
 * for IPv6), the netmask of a service that is not persistent, the persistence engine, and the
 * options of tunnels.
 */
int ezlb_ipvs_open(struct ezlb_layer **out, struct ezlb_err *err);
/*
 * From now on peek reads the rows only if somebody may have changed them, where the kernel lets
 * ezlb count the calls that change IPVS (changes.h). A thread keeps the rights that the caller has
 * now, attaches at the next peek, and ends.
 */
void ezlb_ipvs_count_changes(struct ezlb_layer *layer);
/* Whether it does; if not, *why has the reason, or code 0: nobody asked, or not tried yet. */
bool ezlb_ipvs_counts_changes(const struct ezlb_layer *layer, struct ezlb_err *why);
/* From now on list reads the timeouts, too, also with an empty scope. peek never sees them. */
void ezlb_ipvs_manage_timeouts(struct ezlb_layer *layer);
/*
 * From now on list reads the sync daemons, too, also with an empty scope. peek asks for them as
 * well, which is one more request, and looks at their interfaces and at `device` ("": none).
 */
void ezlb_ipvs_manage_syncs(struct ezlb_layer *layer, const char *device);

/*
 * Reads the kernel's counters of the services in scope and of their dests, sorted. It uses its own
 * socket and shares nothing with a layer, so any thread may call it. It sends one request per
 * service: about 20 ms for 1,000 services with 10 dests each. It never loads ip_vs: -ENOENT if
 * ip_vs is not loaded. Other errors are those of open and list; a call waits at most 5 s. On
 * failure *out is empty. A service that is deleted meanwhile is left out. An empty scope sends no
 * request. Kernels before 4.1 count connections and packets in 32 bits, which wrap to 0.
 */
int ezlb_ipvs_traffic(const struct ezlb_scope *scope, struct ezlb_traffic *out,
		      struct ezlb_err *err);
/*
 * As ezlb_ipvs_traffic without the rows of dests, and with no sums over them (active and inactive
 * are 0): one dump of the services, however many dests they have.
 */
int ezlb_ipvs_service_traffic(const struct ezlb_scope *scope, struct ezlb_traffic *out,
			      struct ezlb_err *err);
/*
 * The counters of all services together. While they stand still, so do those of each service: the
 * kernel counts a packet in both. It publishes each of them every 2 s or a little later, so one may
 * be that much behind the other.
 */
struct ezlb_ipvs_totals {
	uint64_t connections, packets_in, packets_out, bytes_in, bytes_out;
};
/* One read of /proc/net/ip_vs_stats, whose form is the kernel's. -EPROTO: it has another one. Any
 * thread may call it. */
int ezlb_ipvs_totals(struct ezlb_ipvs_totals *out);
/*
 * Only the dests, with weight, active and inactive, and without counters: one read of
 * /proc/net/ip_vs, at about a seventh of the cost of ezlb_ipvs_traffic. Sorted. Any thread may call
 * it. -ENOENT if ip_vs is not loaded. A service that changes meanwhile may be left out.
 */
int ezlb_ipvs_connections(const struct ezlb_scope *scope, struct ezlb_traffic *out,
			  struct ezlb_err *err);
/* Gets protocol, VIP and port of a connection, also if the service is a mark. */
typedef void (*ezlb_ipvs_own_fn)(void *arg, const struct ezlb_service_key *to);
/*
 * Calls fn for each active connection that began on this balancer; those that the sync daemon has
 * learned from others are left out. Reads the whole table of connections in one fixed buffer. Any
 * thread may call it. Most kernels walk the table from its begin for each page of text, so the time
 * grows with the square of the table: -ETIMEDOUT after `most_ms`. If the table changes meanwhile, a
 * connection may be left out or come twice. Else the errors of open(2) and read(2).
 */
int ezlb_ipvs_own_connections(uint32_t most_ms, ezlb_ipvs_own_fn fn, void *arg);
