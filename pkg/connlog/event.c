// SPDX-License-Identifier: GPL-2.0-or-later
#include "event.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/netlink.h>

#define REMOVED ((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE)

static const void *bytes_of(const struct ezlb_nl_attrs *attrs, int type, size_t len)
{
	const struct nlattr *attr = attrs->at[type];

	return attr && mnl_attr_get_payload_len(attr) >= len ? mnl_attr_get_payload(attr) : NULL;
}

static bool nested(const struct ezlb_nl_attrs *attrs, int type, struct ezlb_nl_attrs *out)
{
	return attrs->at[type] && ezlb_nl_attrs_nested(attrs->at[type], out) == 0;
}

static uint32_t number32(const struct ezlb_nl_attrs *attrs, int type)
{
	const void *bytes = bytes_of(attrs, type, sizeof(uint32_t));
	uint32_t number = 0;

	if (bytes)
		memcpy(&number, bytes, sizeof(number));
	return ntohl(number);
}

static bool number64(const struct ezlb_nl_attrs *attrs, int type, uint64_t *out)
{
	const void *bytes = bytes_of(attrs, type, sizeof(uint64_t));
	uint64_t number = 0;

	if (bytes)
		memcpy(&number, bytes, sizeof(number));
	*out = be64toh(number);
	return bytes != NULL;
}

static bool read_address(const struct ezlb_nl_attrs *ip, int v4, int v6, struct ezlb_addr *out)
{
	const void *bytes = bytes_of(ip, v4, 4);
	size_t len = bytes ? 4 : 16;

	if (!bytes)
		bytes = bytes_of(ip, v6, 16);
	if (!bytes)
		return false;
	out->family = len == 4 ? AF_INET : AF_INET6;
	memcpy(out->bytes, bytes, len);
	return true;
}

static bool read_port(const struct ezlb_nl_attrs *proto, int type, uint16_t *out)
{
	const void *bytes = bytes_of(proto, type, sizeof(uint16_t));

	if (bytes)
		memcpy(out, bytes, sizeof(uint16_t));
	*out = ntohs(*out);
	return bytes != NULL;
}

/* The protocol is that of both directions. */
static bool read_tuple(const struct ezlb_nl_attrs *attrs, int type, struct ezlb_endpoint *src,
		       struct ezlb_endpoint *dst, enum ezlb_proto *proto)
{
	struct ezlb_nl_attrs tuple, ip, ports;
	const uint8_t *number;

	if (!nested(attrs, type, &tuple) || !nested(&tuple, CTA_TUPLE_IP, &ip) ||
	    !nested(&tuple, CTA_TUPLE_PROTO, &ports))
		return false;
	number = bytes_of(&ports, CTA_PROTO_NUM, 1);
	return number && ezlb_proto_from_number(*number, proto) == 0 &&
	       read_address(&ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC, &src->addr) &&
	       read_address(&ip, CTA_IP_V4_DST, CTA_IP_V6_DST, &dst->addr) &&
	       read_port(&ports, CTA_PROTO_SRC_PORT, &src->port) &&
	       read_port(&ports, CTA_PROTO_DST_PORT, &dst->port);
}

static bool read_counters(const struct ezlb_nl_attrs *attrs, int type, uint64_t *packets,
			  uint64_t *bytes)
{
	struct ezlb_nl_attrs counters;

	return nested(attrs, type, &counters) &&
	       number64(&counters, CTA_COUNTERS_PACKETS, packets) &&
	       number64(&counters, CTA_COUNTERS_BYTES, bytes);
}

static int read_state(const struct ezlb_nl_attrs *attrs, enum ezlb_proto proto)
{
	bool tcp = proto == EZLB_TCP;
	struct ezlb_nl_attrs info, of;
	const uint8_t *state;

	if (proto == EZLB_UDP || !nested(attrs, CTA_PROTOINFO, &info) ||
	    !nested(&info, tcp ? CTA_PROTOINFO_TCP : CTA_PROTOINFO_SCTP, &of))
		return -1;
	state = bytes_of(&of, tcp ? CTA_PROTOINFO_TCP_STATE : CTA_PROTOINFO_SCTP_STATE, 1);
	return state ? *state : -1;
}

/* A time after the year 2116 is none: the difference of two times must fit. */
static int64_t time_of(const struct ezlb_nl_attrs *times, int type)
{
	uint64_t ns;

	return number64(times, type, &ns) && ns <= INT64_MAX / 2 ? (int64_t)ns : 0;
}

static void read_times(const struct ezlb_nl_attrs *attrs, struct event *out)
{
	struct ezlb_nl_attrs times;

	if (!nested(attrs, CTA_TIMESTAMP, &times))
		return;
	out->start_ns = time_of(&times, CTA_TIMESTAMP_START);
	out->stop_ns = time_of(&times, CTA_TIMESTAMP_STOP);
}

bool event_read(const struct nlmsghdr *msg, struct event *out)
{
	struct ezlb_connection *connection = &out->connection;
	struct ezlb_nl_attrs attrs;
	uint32_t status;

	*out = (struct event){ .state = -1 };
	if (msg->nlmsg_type != REMOVED ||
	    ezlb_nl_attrs_read(msg, sizeof(struct nfgenmsg), &attrs) < 0 ||
	    !read_tuple(&attrs, CTA_TUPLE_ORIG, &connection->client, &connection->listen,
			&connection->proto) ||
	    !read_tuple(&attrs, CTA_TUPLE_REPLY, &connection->backend, &connection->source,
			&connection->proto))
		return false;
	status = number32(&attrs, CTA_STATUS);
	out->replied = status & IPS_SEEN_REPLY;
	out->assured = status & IPS_ASSURED;
	connection->mark = number32(&attrs, CTA_MARK);
	connection->counted = read_counters(&attrs, CTA_COUNTERS_ORIG, &connection->packets_in,
					    &connection->bytes_in) &&
			      read_counters(&attrs, CTA_COUNTERS_REPLY, &connection->packets_out,
					    &connection->bytes_out);
	out->state = read_state(&attrs, connection->proto);
	out->left_s = number32(&attrs, CTA_TIMEOUT);
	read_times(&attrs, out);
	return true;
}
