// SPDX-License-Identifier: GPL-2.0-or-later
/* connection: what libnetfilter_conntrack has read of an entry, as a value. */
#include <ezlb/conntrack.h>

#include <arpa/inet.h>
#include <string.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_sctp.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>

#define MS_NS 1000000

/* The attributes of one endpoint. */
struct place {
	enum nf_conntrack_attr v4, v6, port;
};
static const struct place client_at = { ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC,
					ATTR_ORIG_PORT_SRC };
static const struct place listen_at = { ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST,
					ATTR_ORIG_PORT_DST };
static const struct place backend_at = { ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV6_SRC,
					 ATTR_REPL_PORT_SRC };
static const struct place source_at = { ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_DST,
					ATTR_REPL_PORT_DST };

static bool has(const struct nf_conntrack *ct, enum nf_conntrack_attr attr)
{
	return nfct_attr_is_set(ct, attr) > 0;
}

static bool read_endpoint(const struct nf_conntrack *ct, const struct place *at,
			  struct ezlb_endpoint *out)
{
	bool v4 = has(ct, at->v4);
	enum nf_conntrack_attr addr_at = v4 ? at->v4 : at->v6;

	if (!has(ct, addr_at) || !has(ct, at->port))
		return false;
	out->addr.family = v4 ? AF_INET : AF_INET6;
	memcpy(out->addr.bytes, nfct_get_attr(ct, addr_at), v4 ? 4 : 16);
	out->port = ntohs(nfct_get_attr_u16(ct, at->port));
	return true;
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
static const char *udp_state(const struct nf_conntrack *ct)
{
	uint32_t status = nfct_get_attr_u32(ct, ATTR_STATUS);

	if (!has(ct, ATTR_STATUS))
		return "";
	if (status & IPS_ASSURED)
		return "ASSURED";
	return status & IPS_SEEN_REPLY ? "REPLIED" : "UNREPLIED";
}

static const char *state_of(const struct nf_conntrack *ct, enum ezlb_proto proto)
{
	switch (proto) {
	case EZLB_TCP:
		return has(ct, ATTR_TCP_STATE) ? word(tcp_states, TCP_CONNTRACK_MAX,
						      nfct_get_attr_u8(ct, ATTR_TCP_STATE))
					       : "";
	case EZLB_UDP:
		return udp_state(ct);
	case EZLB_SCTP:
		return has(ct, ATTR_SCTP_STATE) ? word(sctp_states, SCTP_CONNTRACK_MAX,
						       nfct_get_attr_u8(ct, ATTR_SCTP_STATE))
						: "";
	}
	return "";
}

/* --- the rest -------------------------------------------------------------------------------- */

static void read_counters(const struct nf_conntrack *ct, struct ezlb_connection *out)
{
	out->counted = has(ct, ATTR_ORIG_COUNTER_BYTES) && has(ct, ATTR_REPL_COUNTER_BYTES);
	if (!out->counted)
		return;
	out->bytes_in = nfct_get_attr_u64(ct, ATTR_ORIG_COUNTER_BYTES);
	out->packets_in = nfct_get_attr_u64(ct, ATTR_ORIG_COUNTER_PACKETS);
	out->bytes_out = nfct_get_attr_u64(ct, ATTR_REPL_COUNTER_BYTES);
	out->packets_out = nfct_get_attr_u64(ct, ATTR_REPL_COUNTER_PACKETS);
}

static void read_times(const struct nf_conntrack *ct, struct ezlb_connection *out)
{
	if (has(ct, ATTR_TIMESTAMP_START))
		out->started_ms = (int64_t)(nfct_get_attr_u64(ct, ATTR_TIMESTAMP_START) / MS_NS);
	if (has(ct, ATTR_TIMESTAMP_STOP))
		out->ended_ms = (int64_t)(nfct_get_attr_u64(ct, ATTR_TIMESTAMP_STOP) / MS_NS);
	out->expires_s = has(ct, ATTR_TIMEOUT) ? (int64_t)nfct_get_attr_u32(ct, ATTR_TIMEOUT) : -1;
}

bool ezlb_conntrack_connection(const struct nf_conntrack *ct, struct ezlb_connection *out)
{
	*out = (struct ezlb_connection){ .state = "" };
	if (!has(ct, ATTR_ORIG_L4PROTO) ||
	    ezlb_proto_from_number(nfct_get_attr_u8(ct, ATTR_ORIG_L4PROTO), &out->proto))
		return false;
	if (!read_endpoint(ct, &client_at, &out->client) ||
	    !read_endpoint(ct, &listen_at, &out->listen) ||
	    !read_endpoint(ct, &backend_at, &out->backend) ||
	    !read_endpoint(ct, &source_at, &out->source))
		return false;
	out->zone = nfct_get_attr_u16(ct, ATTR_ZONE); /* 0 if it is not set, as the next two */
	out->id = nfct_get_attr_u32(ct, ATTR_ID);
	out->mark = nfct_get_attr_u32(ct, ATTR_MARK);
	out->state = state_of(ct, out->proto);
	out->has_closed = has(ct, ATTR_TCP_STATE) &&
			  nfct_get_attr_u8(ct, ATTR_TCP_STATE) > TCP_CONNTRACK_ESTABLISHED;
	read_counters(ct, out);
	read_times(ct, out);
	return true;
}
