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

#include <ezlb/plan.h>
#include <ezlb/table.h>
#include <ezlb/traffic.h>

#define EZLB_IPVS_ADDR_BYTES 16 /* union nf_inet_addr, for both families */

/* Messages are appended; the caller owns it and clears it with EZLB_VEC_CLEAR. */
struct ezlb_ipvs_buf EZLB_VEC(unsigned char);

struct ezlb_ipvs_head {
	uint16_t family; /* id of the IPVS family, which is the message type */
	uint16_t flags;	 /* NLM_F_ACK or 0; the codec adds REQUEST and DUMP */
	uint32_t seq;
};

/* Each appends one message, of at most 256 bytes. An op is one of SERVICE_* and DEST_*. */
void ezlb_ipvs_put_op(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head,
		      const struct ezlb_op *op);
void ezlb_ipvs_put_get_info(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head);
void ezlb_ipvs_put_get_services(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head);
void ezlb_ipvs_put_get_dests(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head,
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
