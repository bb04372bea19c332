// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * connection: a conntrack entry as a value. Read here and not by libnetfilter_conntrack, which
 * (1.0.9) writes beyond the end of an array for an attribute of CTA_PROTOINFO that it does not
 * know.
 */
#include "entry.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_sctp.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>

#define MS_NS 1000000

/* --- attributes ------------------------------------------------------------------------------ */

/* False, and *out is as before, if the attribute is missing or has another length. */
static bool get(const struct ezlb_nl_attrs *attrs, int type, void *out, size_t size)
{
	const struct nlattr *attr = attrs->at[type];

	if (!attr || mnl_attr_get_payload_len(attr) != size)
		return false;
	memcpy(out, mnl_attr_get_payload(attr), size);
	return true;
}

static bool get_u32(const struct ezlb_nl_attrs *attrs, int type, uint32_t *out)
{
	if (!get(attrs, type, out, sizeof(*out)))
		return false;
	*out = ntohl(*out);
	return true;
}

static bool get_u64(const struct ezlb_nl_attrs *attrs, int type, uint64_t *out)
{
	if (!get(attrs, type, out, sizeof(*out)))
		return false;
	*out = be64toh(*out);
	return true;
}

/* All are missing if the nest is missing or damaged. */
static struct ezlb_nl_attrs nest_of(const struct ezlb_nl_attrs *attrs, int type)
{
	struct ezlb_nl_attrs nest = { .at = { NULL } };

	if (attrs->at[type] && ezlb_nl_attrs_nested(attrs->at[type], &nest) < 0)
		nest = (struct ezlb_nl_attrs){ .at = { NULL } };
	return nest;
}

/* --- the tuples ------------------------------------------------------------------------------ */

static bool get_addr(const struct ezlb_nl_attrs *ip, int v4, int v6, struct ezlb_addr *out)
{
	if (get(ip, v4, out->bytes, 4))
		out->family = AF_INET;
	else if (get(ip, v6, out->bytes, 16))
		out->family = AF_INET6;
	return out->family != 0;
}

static bool get_port(const struct ezlb_nl_attrs *proto, int type, uint16_t *out)
{
	if (!get(proto, type, out, sizeof(*out)))
		return false;
	*out = ntohs(*out);
	return true;
}

/* `number`: the protocol, 0 if it is missing. */
static bool read_tuple(const struct ezlb_nl_attrs *attrs, int type, struct ezlb_endpoint *src,
		       struct ezlb_endpoint *dst, uint8_t *number)
{
	struct ezlb_nl_attrs tuple = nest_of(attrs, type), ip = nest_of(&tuple, CTA_TUPLE_IP),
			     proto = nest_of(&tuple, CTA_TUPLE_PROTO);

	*number = 0;
	get(&proto, CTA_PROTO_NUM, number, sizeof(*number));
	return get_addr(&ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC, &src->addr) &&
	       get_addr(&ip, CTA_IP_V4_DST, CTA_IP_V6_DST, &dst->addr) &&
	       get_port(&proto, CTA_PROTO_SRC_PORT, &src->port) &&
	       get_port(&proto, CTA_PROTO_DST_PORT, &dst->port);
}

/* --- states ---------------------------------------------------------------------------------- */

static const char *const tcp_states[TCP_CONNTRACK_MAX] = {
	[TCP_CONNTRACK_NONE] = "NONE",	       [TCP_CONNTRACK_SYN_SENT] = "SYN_SENT",
	[TCP_CONNTRACK_SYN_RECV] = "SYN_RECV", [TCP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
	[TCP_CONNTRACK_FIN_WAIT] = "FIN_WAIT", [TCP_CONNTRACK_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCP_CONNTRACK_LAST_ACK] = "LAST_ACK", [TCP_CONNTRACK_TIME_WAIT] = "TIME_WAIT",
	[TCP_CONNTRACK_CLOSE] = "CLOSE",       [TCP_CONNTRACK_SYN_SENT2] = "SYN_SENT2",
};

static const char *const sctp_states[SCTP_CONNTRACK_MAX] = {
	[SCTP_CONNTRACK_NONE] = "NONE",
	[SCTP_CONNTRACK_CLOSED] = "CLOSED",
	[SCTP_CONNTRACK_COOKIE_WAIT] = "COOKIE_WAIT",
	[SCTP_CONNTRACK_COOKIE_ECHOED] = "COOKIE_ECHOED",
	[SCTP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
	[SCTP_CONNTRACK_SHUTDOWN_SENT] = "SHUTDOWN_SENT",
	[SCTP_CONNTRACK_SHUTDOWN_RECD] = "SHUTDOWN_RECD",
	[SCTP_CONNTRACK_SHUTDOWN_ACK_SENT] = "SHUTDOWN_ACK_SENT",
	[SCTP_CONNTRACK_HEARTBEAT_SENT] = "HEARTBEAT_SENT",
	[SCTP_CONNTRACK_HEARTBEAT_ACKED] = "HEARTBEAT_ACKED",
};

static const char *word(const char *const *words, size_t n, uint8_t state)
{
	return state < n && words[state] ? words[state] : "";
}

/* UDP has no state of its own: conntrack says whether there were answers, and several. */
static const char *udp_state(const struct ezlb_nl_attrs *attrs)
{
	uint32_t status;

	if (!get_u32(attrs, CTA_STATUS, &status))
		return "";
	if (status & IPS_ASSURED)
		return "ASSURED";
	return status & IPS_SEEN_REPLY ? "REPLIED" : "UNREPLIED";
}

static void read_state(const struct ezlb_nl_attrs *attrs, struct ezlb_connection *out)
{
	struct ezlb_nl_attrs info = nest_of(attrs, CTA_PROTOINFO),
			     tcp = nest_of(&info, CTA_PROTOINFO_TCP),
			     sctp = nest_of(&info, CTA_PROTOINFO_SCTP);
	uint8_t state = 0;

	switch (out->proto) {
	case EZLB_TCP:
		if (!get(&tcp, CTA_PROTOINFO_TCP_STATE, &state, sizeof(state)))
			return;
		out->state = word(tcp_states, TCP_CONNTRACK_MAX, state);
		out->has_closed = state > TCP_CONNTRACK_ESTABLISHED;
		return;
	case EZLB_UDP:
		out->state = udp_state(attrs);
		return;
	case EZLB_SCTP:
		if (get(&sctp, CTA_PROTOINFO_SCTP_STATE, &state, sizeof(state)))
			out->state = word(sctp_states, SCTP_CONNTRACK_MAX, state);
		return;
	}
}

/* --- the rest -------------------------------------------------------------------------------- */

static void read_counters(const struct ezlb_nl_attrs *attrs, struct ezlb_connection *out)
{
	struct ezlb_nl_attrs in = nest_of(attrs, CTA_COUNTERS_ORIG),
			     answers = nest_of(attrs, CTA_COUNTERS_REPLY);

	out->counted = get_u64(&in, CTA_COUNTERS_BYTES, &out->bytes_in) &&
		       get_u64(&in, CTA_COUNTERS_PACKETS, &out->packets_in) &&
		       get_u64(&answers, CTA_COUNTERS_BYTES, &out->bytes_out) &&
		       get_u64(&answers, CTA_COUNTERS_PACKETS, &out->packets_out);
	if (!out->counted)
		out->bytes_in = out->packets_in = out->bytes_out = out->packets_out = 0;
}

static void read_times(const struct ezlb_nl_attrs *attrs, struct ezlb_connection *out)
{
	struct ezlb_nl_attrs times = nest_of(attrs, CTA_TIMESTAMP);
	uint64_t ns;
	uint32_t s;

	if (get_u64(&times, CTA_TIMESTAMP_START, &ns))
		out->started_ms = (int64_t)(ns / MS_NS);
	if (get_u64(&times, CTA_TIMESTAMP_STOP, &ns))
		out->ended_ms = (int64_t)(ns / MS_NS);
	out->expires_s = get_u32(attrs, CTA_TIMEOUT, &s) ? (int64_t)s : -1;
}

bool ezlb_ct_read_connection(const struct nlmsghdr *msg, struct ezlb_connection *out)
{
	struct ezlb_nl_attrs attrs;
	uint8_t number, again;

	*out = (struct ezlb_connection){ .state = "" };
	if (msg->nlmsg_type >> 8 != NFNL_SUBSYS_CTNETLINK ||
	    ezlb_nl_attrs_read(msg, sizeof(struct nfgenmsg), &attrs) < 0 ||
	    !read_tuple(&attrs, CTA_TUPLE_ORIG, &out->client, &out->listen, &number) ||
	    !read_tuple(&attrs, CTA_TUPLE_REPLY, &out->backend, &out->source, &again) ||
	    ezlb_proto_from_number(number, &out->proto) < 0)
		return false;
	get_port(&attrs, CTA_ZONE, &out->zone);
	get_u32(&attrs, CTA_ID, &out->id);
	get_u32(&attrs, CTA_MARK, &out->mark);
	read_state(&attrs, out);
	read_counters(&attrs, out);
	read_times(&attrs, out);
	return true;
}
