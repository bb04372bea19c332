// SPDX-License-Identifier: GPL-2.0-or-later
/* codec: the half that reads replies. */
#include "codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

static int open_msg(const void *msg, size_t len, struct ezlb_nl_attrs *out)
{
	const struct nlmsghdr *head = msg;

	if (len < sizeof(*head) || head->nlmsg_len < sizeof(*head) || head->nlmsg_len > len)
		return -EBADMSG;
	return ezlb_nl_attrs_read(head, GENL_HDRLEN, out);
}

/* Reads the attributes inside the nested attribute `type` of a message. */
static int open_nest(const void *msg, size_t len, uint16_t type, struct ezlb_nl_attrs *out)
{
	struct ezlb_nl_attrs top;

	if (open_msg(msg, len, &top) || !top.at[type])
		return -EBADMSG;
	return ezlb_nl_attrs_nested(top.at[type], out);
}

/* True if the attribute exists and is exactly as long as the value. */
static bool get(const struct nlattr *attr, void *out, size_t len)
{
	if (!attr || mnl_attr_get_payload_len(attr) != len)
		return false;
	memcpy(out, mnl_attr_get_payload(attr), len);
	return true;
}

static bool get_addr(const struct nlattr *attr, uint16_t family, struct ezlb_addr *out)
{
	unsigned char bytes[EZLB_IPVS_ADDR_BYTES];

	if ((family != AF_INET && family != AF_INET6) || !get(attr, bytes, sizeof(bytes)))
		return false;
	*out = (struct ezlb_addr){ .family = (uint8_t)family };
	memcpy(out->bytes, bytes, family == AF_INET ? 4 : EZLB_IPVS_ADDR_BYTES);
	return true;
}

static bool get_port(const struct nlattr *attr, uint16_t *port)
{
	uint16_t net;

	if (!get(attr, &net, sizeof(net)))
		return false;
	*port = ntohs(net);
	return true;
}

/* The name of a scheduler or an engine; both have 16 bytes. */
static bool get_name(const struct nlattr *attr, char out[EZLB_SCHED_MAX + 1])
{
	size_t len;

	_Static_assert(EZLB_SCHED_MAX == EZLB_PE_MAX, "one size for both");
	if (!attr)
		return false;
	len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	if (len == 0 || len > EZLB_SCHED_MAX)
		return false;
	memset(out, 0, EZLB_SCHED_MAX + 1);
	memcpy(out, mnl_attr_get_payload(attr), len);
	return true;
}

static int get_mark(const struct ezlb_nl_attrs *attrs, struct ezlb_service_key *out)
{
	uint16_t family;

	if (!get(attrs->at[IPVS_SVC_ATTR_AF], &family, sizeof(family)) ||
	    (family != AF_INET && family != AF_INET6) ||
	    !get(attrs->at[IPVS_SVC_ATTR_FWMARK], &out->fwmark, sizeof(out->fwmark)) ||
	    out->fwmark == 0)
		return -EBADMSG;
	out->listen.addr.family = (uint8_t)family;
	return 0;
}

/* -EPROTONOSUPPORT: ezlb has no key for this kind of service. */
static int get_key(const struct ezlb_nl_attrs *attrs, struct ezlb_service_key *out)
{
	uint16_t family, proto;

	if (attrs->at[IPVS_SVC_ATTR_FWMARK])
		return get_mark(attrs, out);
	if (!get(attrs->at[IPVS_SVC_ATTR_AF], &family, sizeof(family)) ||
	    !get(attrs->at[IPVS_SVC_ATTR_PROTOCOL], &proto, sizeof(proto)) ||
	    !get_addr(attrs->at[IPVS_SVC_ATTR_ADDR], family, &out->listen.addr) ||
	    !get_port(attrs->at[IPVS_SVC_ATTR_PORT], &out->listen.port))
		return -EBADMSG;
	return ezlb_proto_from_number(proto, &out->proto) ? -EPROTONOSUPPORT : 0;
}

/* Kernels before 3.18 omit the family: there it is always that of the service. */
static bool get_endpoint(const struct ezlb_nl_attrs *attrs, uint16_t family,
			 struct ezlb_endpoint *out)
{
	if (attrs->at[IPVS_DEST_ATTR_ADDR_FAMILY] &&
	    !get(attrs->at[IPVS_DEST_ATTR_ADDR_FAMILY], &family, sizeof(family)))
		return false;
	return get_addr(attrs->at[IPVS_DEST_ATTR_ADDR], family, &out->addr) &&
	       get_port(attrs->at[IPVS_DEST_ATTR_PORT], &out->port);
}

int ezlb_ipvs_get_service(const void *msg, size_t len, struct ezlb_service_row *out)
{
	struct ezlb_nl_attrs attrs;
	struct ip_vs_flags flags;
	int rc;

	*out = (struct ezlb_service_row){ 0 };
	if (open_nest(msg, len, IPVS_CMD_ATTR_SERVICE, &attrs))
		return -EBADMSG;
	rc = get_key(&attrs, &out->key);
	if (rc)
		return rc;
	if (!get_name(attrs.at[IPVS_SVC_ATTR_SCHED_NAME], out->scheduler) ||
	    !get(attrs.at[IPVS_SVC_ATTR_FLAGS], &flags, sizeof(flags)) ||
	    !get(attrs.at[IPVS_SVC_ATTR_TIMEOUT], &out->timeout, sizeof(out->timeout)) ||
	    !get(attrs.at[IPVS_SVC_ATTR_NETMASK], &out->netmask, sizeof(out->netmask)))
		return -EBADMSG;
	if (attrs.at[IPVS_SVC_ATTR_PE_NAME] &&
	    !get_name(attrs.at[IPVS_SVC_ATTR_PE_NAME], out->engine))
		return -EBADMSG;
	out->flags = flags.flags & ~(uint32_t)IP_VS_SVC_F_HASHED;
	return 0;
}

/*
 * ezlb never sets local node and bypass. They deliver without NAT, as direct does. Such a dest
 * still needs a row: if list left it out, every pass would try to add it again.
 */
static enum ezlb_forward forward_of(uint32_t method)
{
	switch (method & IP_VS_CONN_F_FWD_MASK) {
	case IP_VS_CONN_F_MASQ:
		return EZLB_MASQ;
	case IP_VS_CONN_F_TUNNEL:
		return EZLB_TUNNEL;
	default:
		return EZLB_DIRECT;
	}
}

/*
 * Kernels before 5.2 have none of these attributes, and 5.2 has no flags. The kernel treats a type
 * that it does not know as IP in IP.
 */
static bool get_tunnel(const struct ezlb_nl_attrs *attrs, struct ezlb_tunnel *out)
{
	const struct nlattr *port = attrs->at[IPVS_DEST_ATTR_TUN_PORT];
	const struct nlattr *flags = attrs->at[IPVS_DEST_ATTR_TUN_FLAGS];
	uint16_t bits = 0;
	uint8_t type;

	if (!attrs->at[IPVS_DEST_ATTR_TUN_TYPE])
		return true;
	if (!get(attrs->at[IPVS_DEST_ATTR_TUN_TYPE], &type, sizeof(type)) ||
	    (port && !get_port(port, &out->port)) || (flags && !get(flags, &bits, sizeof(bits))))
		return false;
	if (type == IP_VS_CONN_F_TUNNEL_TYPE_GUE)
		out->type = EZLB_TUNNEL_GUE;
	else if (type == IP_VS_CONN_F_TUNNEL_TYPE_GRE)
		out->type = EZLB_TUNNEL_GRE;
	if (bits & IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM)
		out->checksum = EZLB_TUNNEL_REMCSUM;
	else if (bits & IP_VS_TUNNEL_ENCAP_FLAG_CSUM)
		out->checksum = EZLB_TUNNEL_CSUM;
	return true;
}

bool ezlb_ipvs_has_tunnels(const void *msg, size_t len)
{
	struct ezlb_nl_attrs attrs;

	return open_nest(msg, len, IPVS_CMD_ATTR_DEST, &attrs) == 0 &&
	       attrs.at[IPVS_DEST_ATTR_TUN_TYPE];
}

int ezlb_ipvs_get_dest(const void *msg, size_t len, const struct ezlb_service_key *service,
		       struct ezlb_dest_row *out)
{
	struct ezlb_nl_attrs attrs;
	uint32_t method;

	*out = (struct ezlb_dest_row){ .service = *service };
	if (open_nest(msg, len, IPVS_CMD_ATTR_DEST, &attrs))
		return -EBADMSG;
	if (!get_endpoint(&attrs, service->listen.addr.family, &out->endpoint) ||
	    !get(attrs.at[IPVS_DEST_ATTR_FWD_METHOD], &method, sizeof(method)) ||
	    !get(attrs.at[IPVS_DEST_ATTR_WEIGHT], &out->weight, sizeof(out->weight)) ||
	    !get(attrs.at[IPVS_DEST_ATTR_U_THRESH], &out->upper, sizeof(out->upper)) ||
	    !get(attrs.at[IPVS_DEST_ATTR_L_THRESH], &out->lower, sizeof(out->lower)) ||
	    !get(attrs.at[IPVS_DEST_ATTR_ACTIVE_CONNS], &out->active, sizeof(out->active)))
		return -EBADMSG;
	out->forward = forward_of(method);
	if (out->forward == EZLB_TUNNEL && !get_tunnel(&attrs, &out->tunnel))
		return -EBADMSG;
	return 0;
}

static bool get_device(const struct nlattr *attr, char out[EZLB_DEVICE_STRLEN])
{
	size_t len;

	if (!attr)
		return false;
	len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	if (len == 0 || len >= EZLB_DEVICE_STRLEN)
		return false;
	memcpy(out, mnl_attr_get_payload(attr), len);
	return true;
}

int ezlb_ipvs_get_sync(const void *msg, size_t len, struct ezlb_sync_row *out)
{
	struct ezlb_nl_attrs attrs;
	uint32_t state;

	*out = (struct ezlb_sync_row){ .id = 0 };
	if (open_nest(msg, len, IPVS_CMD_ATTR_DAEMON, &attrs) ||
	    !get(attrs.at[IPVS_DAEMON_ATTR_STATE], &state, sizeof(state)) ||
	    !get_device(attrs.at[IPVS_DAEMON_ATTR_MCAST_IFN], out->device) ||
	    !get(attrs.at[IPVS_DAEMON_ATTR_SYNC_ID], &out->id, sizeof(out->id)) ||
	    (state != IP_VS_STATE_MASTER && state != IP_VS_STATE_BACKUP))
		return -EBADMSG;
	out->role = state == IP_VS_STATE_MASTER ? EZLB_SYNC_MASTER : EZLB_SYNC_BACKUP;
	return 0;
}

int ezlb_ipvs_get_timeouts(const void *msg, size_t len, uint32_t out[EZLB_TIMEOUTS])
{
	struct ezlb_nl_attrs attrs;

	if (open_msg(msg, len, &attrs) ||
	    !get(attrs.at[IPVS_CMD_ATTR_TIMEOUT_TCP], &out[EZLB_TIMEOUT_TCP], sizeof(*out)) ||
	    !get(attrs.at[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN], &out[EZLB_TIMEOUT_TCPFIN],
		 sizeof(*out)) ||
	    !get(attrs.at[IPVS_CMD_ATTR_TIMEOUT_UDP], &out[EZLB_TIMEOUT_UDP], sizeof(*out)))
		return -EBADMSG;
	return 0;
}

/* --- counters ------------------------------------------------------------------------------ */

static bool get_count(const struct nlattr *attr, size_t len, uint64_t *out)
{
	uint32_t small;

	if (len == sizeof(*out))
		return get(attr, out, len);
	if (!get(attr, &small, sizeof(small)))
		return false;
	*out = small;
	return true;
}

/* Kernels before 4.1 send only `narrow`, in which only byte counts have 64 bits. */
static int get_counters(const struct nlattr *wide, const struct nlattr *narrow,
			struct ezlb_counters *out)
{
	const struct {
		uint64_t *to;
		int type;
		size_t narrow;
	} counts[] = {
		{ &out->connections, IPVS_STATS_ATTR_CONNS, 4 },
		{ &out->packets_in, IPVS_STATS_ATTR_INPKTS, 4 },
		{ &out->packets_out, IPVS_STATS_ATTR_OUTPKTS, 4 },
		{ &out->bytes_in, IPVS_STATS_ATTR_INBYTES, 8 },
		{ &out->bytes_out, IPVS_STATS_ATTR_OUTBYTES, 8 },
		{ &out->connection_rate, IPVS_STATS_ATTR_CPS, 4 },
		{ &out->packet_rate_in, IPVS_STATS_ATTR_INPPS, 4 },
		{ &out->packet_rate_out, IPVS_STATS_ATTR_OUTPPS, 4 },
		{ &out->byte_rate_in, IPVS_STATS_ATTR_INBPS, 4 },
		{ &out->byte_rate_out, IPVS_STATS_ATTR_OUTBPS, 4 },
	};
	struct ezlb_nl_attrs attrs;

	if (!wide && !narrow)
		return -EBADMSG;
	if (ezlb_nl_attrs_nested(wide ? wide : narrow, &attrs))
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		size_t len = wide ? sizeof(uint64_t) : counts[i].narrow;

		if (!get_count(attrs.at[counts[i].type], len, counts[i].to))
			return -EBADMSG;
	}
	return 0;
}

int ezlb_ipvs_get_service_traffic(const void *msg, size_t len, struct ezlb_traffic_row *out)
{
	struct ezlb_nl_attrs attrs;
	int rc;

	*out = (struct ezlb_traffic_row){ 0 };
	if (open_nest(msg, len, IPVS_CMD_ATTR_SERVICE, &attrs))
		return -EBADMSG;
	rc = get_key(&attrs, &out->service);
	if (rc)
		return rc;
	return get_counters(attrs.at[IPVS_SVC_ATTR_STATS64], attrs.at[IPVS_SVC_ATTR_STATS],
			    &out->counters);
}

int ezlb_ipvs_get_dest_traffic(const void *msg, size_t len, const struct ezlb_service_key *service,
			       struct ezlb_traffic_row *out)
{
	struct ezlb_nl_attrs attrs;

	*out = (struct ezlb_traffic_row){ .service = *service, .of_dest = true };
	if (open_nest(msg, len, IPVS_CMD_ATTR_DEST, &attrs))
		return -EBADMSG;
	if (!get_endpoint(&attrs, service->listen.addr.family, &out->backend) ||
	    !get(attrs.at[IPVS_DEST_ATTR_WEIGHT], &out->weight, sizeof(out->weight)) ||
	    !get(attrs.at[IPVS_DEST_ATTR_ACTIVE_CONNS], &out->active, sizeof(out->active)) ||
	    !get(attrs.at[IPVS_DEST_ATTR_INACT_CONNS], &out->inactive, sizeof(out->inactive)))
		return -EBADMSG;
	return get_counters(attrs.at[IPVS_DEST_ATTR_STATS64], attrs.at[IPVS_DEST_ATTR_STATS],
			    &out->counters);
}
