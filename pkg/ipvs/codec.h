/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * codec: an op to the bytes of a genetlink request, and the bytes of a reply to a row. Pure: no
 * socket, no clock, and a reply is never read past its end, whatever it says of itself.
 * Source: include/uapi/linux/ip_vs.h, ip_vs_genl_parse_service(), ip_vs_genl_fill_stats64() and
 * their like in ip_vs_ctl.c.
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
 * Each appends one request, of at most 256 bytes; `family` is the id of the IPVS family. An op is
 * one of SERVICE_* and DEST_*.
 */
void ezlb_ipvs_put_op(struct ezlb_nl_buf *buf, uint16_t family, const struct ezlb_op *op);
void ezlb_ipvs_put_get_info(struct ezlb_nl_buf *buf, uint16_t family);
void ezlb_ipvs_put_get_services(struct ezlb_nl_buf *buf, uint16_t family);
void ezlb_ipvs_put_get_dests(struct ezlb_nl_buf *buf, uint16_t family,
			     const struct ezlb_service_key *service);

/*
 * msg is one whole message from its nlmsghdr on, len the bytes that are there. 0, -EBADMSG where it
 * is cut short or does not make sense, -EPROTONOSUPPORT where it is sound but describes what ezlb
 * has no row for: a service by firewall mark or of another protocol.
 */
int ezlb_ipvs_get_service(const void *msg, size_t len, struct ezlb_service_row *out);
int ezlb_ipvs_get_dest(const void *msg, size_t len, const struct ezlb_service_key *service,
		       struct ezlb_dest_row *out);

/* The same messages for what they count; the sums over dests are not in that of a service. */
int ezlb_ipvs_get_service_traffic(const void *msg, size_t len, struct ezlb_traffic_row *out);
int ezlb_ipvs_get_dest_traffic(const void *msg, size_t len, const struct ezlb_service_key *service,
			       struct ezlb_traffic_row *out);
