/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * codec: encodes an op as a genetlink request and decodes a reply into a row. Pure: no socket, no
 * clock. It never reads past the end of a reply, whatever lengths the reply contains.
 * Source: include/uapi/linux/ip_vs.h; ip_vs_genl_parse_*() and ip_vs_genl_fill_*() in ip_vs_ctl.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/netlink.h>
#include <ezlb/plan.h>
#include <ezlb/table.h>
#include <ezlb/traffic.h>

#define EZLB_IPVS_ADDR_BYTES 16 /* union nf_inet_addr, for both families */

/*
 * Each appends one request of at most 256 bytes; `family` is the id of the IPVS family. The op must
 * be one of SERVICE_*, DEST_*, TIMEOUT_* and SYNC_*. SYNC_SET only starts: a SYNC_DEL goes before
 * it.
 */
void ezlb_ipvs_put_op(struct ezlb_nl_buf *buf, uint16_t family, const struct ezlb_op *op);
/* A NEW_SERVICE without a service. The kernel refuses it with EINVAL: it does nothing. */
void ezlb_ipvs_put_no_service(struct ezlb_nl_buf *buf, uint16_t family);
void ezlb_ipvs_put_get_info(struct ezlb_nl_buf *buf, uint16_t family);
void ezlb_ipvs_put_get_timeouts(struct ezlb_nl_buf *buf, uint16_t family);
void ezlb_ipvs_put_get_syncs(struct ezlb_nl_buf *buf, uint16_t family);
void ezlb_ipvs_put_get_services(struct ezlb_nl_buf *buf, uint16_t family);
/* The answer is one message, as in a dump; -ESRCH if there is no such service. */
void ezlb_ipvs_put_get_service(struct ezlb_nl_buf *buf, uint16_t family,
			       const struct ezlb_service_key *service);
void ezlb_ipvs_put_get_dests(struct ezlb_nl_buf *buf, uint16_t family,
			     const struct ezlb_service_key *service);

/*
 * msg is one message that begins with its nlmsghdr, len the bytes received. Returns 0, -EBADMSG if
 * the message is cut or invalid, or -EPROTONOSUPPORT for a valid service that ezlb has no row for:
 * one of another protocol.
 */
int ezlb_ipvs_get_service(const void *msg, size_t len, struct ezlb_service_row *out);
int ezlb_ipvs_get_dest(const void *msg, size_t len, const struct ezlb_service_key *service,
		       struct ezlb_dest_row *out);

/* One of the answers to get_syncs. -EBADMSG if something is missing, or the role is unknown. */
int ezlb_ipvs_get_sync(const void *msg, size_t len, struct ezlb_sync_row *out);

/* The answer to get_timeouts. -EBADMSG if one is missing. */
int ezlb_ipvs_get_timeouts(const void *msg, size_t len, uint32_t out[EZLB_TIMEOUTS]);

/*
 * Whether the kernel that wrote this message about a dest knows tunnel types. One that does not
 * takes every tunnel for IP in IP, and reports no error.
 */
bool ezlb_ipvs_has_tunnels(const void *msg, size_t len);

/* Read the counters of the same messages; that of a service has no sums over its dests. */
int ezlb_ipvs_get_service_traffic(const void *msg, size_t len, struct ezlb_traffic_row *out);
int ezlb_ipvs_get_dest_traffic(const void *msg, size_t len, const struct ezlb_service_key *service,
			       struct ezlb_traffic_row *out);
