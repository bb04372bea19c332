// SPDX-License-Identifier: GPL-2.0-or-later
/* codec_read: the half of the codec that reads replies. */
#include "codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

/* A piece of the reply; data NULL: the attribute is not there. */
struct span {
	const unsigned char *data;
	size_t len;
};

/* Sorts the attributes in `in` by type; types of n and above are of a newer kernel. */
static int split(struct span in, struct span *attrs, size_t n)
{
	struct nlattr attr;

	memset(attrs, 0, n * sizeof(*attrs));
	while (in.len > 0) {
		size_t type, step;

		if (in.len < sizeof(attr))
			return -EBADMSG;
		memcpy(&attr, in.data, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > in.len)
			return -EBADMSG;
		type = attr.nla_type & NLA_TYPE_MASK;
		if (type < n)
			attrs[type] = (struct span){ in.data + sizeof(attr),
						     attr.nla_len - sizeof(attr) };
		step = NLA_ALIGN(attr.nla_len);
		if (step > in.len)
			step = in.len;
		in.data += step;
		in.len -= step;
	}
	return 0;
}

/* The attributes in the nest `type` of a message. */
static int open_nest(const void *msg, size_t len, uint16_t type, struct span *attrs, size_t n)
{
	struct span top[IPVS_CMD_ATTR_MAX + 1];
	struct nlmsghdr nlh;
	const size_t skip = NLMSG_HDRLEN + GENL_HDRLEN;

	if (len < skip)
		return -EBADMSG;
	memcpy(&nlh, msg, sizeof(nlh));
	if (nlh.nlmsg_len < skip || nlh.nlmsg_len > len)
		return -EBADMSG;
	if (split((struct span){ (const unsigned char *)msg + skip, nlh.nlmsg_len - skip }, top,
		  IPVS_CMD_ATTR_MAX + 1))
		return -EBADMSG;
	return top[type].data ? split(top[type], attrs, n) : -EBADMSG;
}

/* True where the attribute is there and exactly as long as the value. */
static bool get(struct span attr, void *out, size_t len)
{
	if (!attr.data || attr.len != len)
		return false;
	memcpy(out, attr.data, len);
	return true;
}

static bool get_addr(struct span attr, uint16_t family, struct ezlb_addr *out)
{
	unsigned char bytes[EZLB_IPVS_ADDR_BYTES];

	if ((family != AF_INET && family != AF_INET6) || !get(attr, bytes, sizeof(bytes)))
		return false;
	*out = (struct ezlb_addr){ .family = (uint8_t)family };
	memcpy(out->bytes, bytes, family == AF_INET ? 4 : EZLB_IPVS_ADDR_BYTES);
	return true;
}

static bool get_port(struct span attr, uint16_t *port)
{
	uint16_t net;

	if (!get(attr, &net, sizeof(net)))
		return false;
	*port = ntohs(net);
	return true;
}

static bool get_scheduler(struct span attr, char out[EZLB_SCHED_MAX + 1])
{
	size_t len;

	if (!attr.data)
		return false;
	len = strnlen((const char *)attr.data, attr.len);
	if (len == 0 || len > EZLB_SCHED_MAX)
		return false;
	memset(out, 0, EZLB_SCHED_MAX + 1);
	memcpy(out, attr.data, len);
	return true;
}

/* -EPROTONOSUPPORT: a service that ezlb has no key for. */
static int get_key(const struct span *attrs, struct ezlb_service_key *out)
{
	uint16_t family, proto;

	if (attrs[IPVS_SVC_ATTR_FWMARK].data)
		return -EPROTONOSUPPORT;
	if (!get(attrs[IPVS_SVC_ATTR_AF], &family, sizeof(family)) ||
	    !get(attrs[IPVS_SVC_ATTR_PROTOCOL], &proto, sizeof(proto)) ||
	    !get_addr(attrs[IPVS_SVC_ATTR_ADDR], family, &out->listen.addr) ||
	    !get_port(attrs[IPVS_SVC_ATTR_PORT], &out->listen.port))
		return -EBADMSG;
	return ezlb_proto_from_number(proto, &out->proto) ? -EPROTONOSUPPORT : 0;
}

/* Kernels before 3.18 do not tell the family: there it is always the service's. */
static bool get_endpoint(const struct span *attrs, uint16_t family, struct ezlb_endpoint *out)
{
	if (attrs[IPVS_DEST_ATTR_ADDR_FAMILY].data &&
	    !get(attrs[IPVS_DEST_ATTR_ADDR_FAMILY], &family, sizeof(family)))
		return false;
	return get_addr(attrs[IPVS_DEST_ATTR_ADDR], family, &out->addr) &&
	       get_port(attrs[IPVS_DEST_ATTR_PORT], &out->port);
}

int ezlb_ipvs_get_service(const void *msg, size_t len, struct ezlb_service_row *out)
{
	struct span attrs[IPVS_SVC_ATTR_MAX + 1];
	struct ip_vs_flags flags;
	int rc;

	*out = (struct ezlb_service_row){ 0 };
	if (open_nest(msg, len, IPVS_CMD_ATTR_SERVICE, attrs, IPVS_SVC_ATTR_MAX + 1))
		return -EBADMSG;
	rc = get_key(attrs, &out->key);
	if (rc)
		return rc;
	if (!get_scheduler(attrs[IPVS_SVC_ATTR_SCHED_NAME], out->scheduler) ||
	    !get(attrs[IPVS_SVC_ATTR_FLAGS], &flags, sizeof(flags)) ||
	    !get(attrs[IPVS_SVC_ATTR_TIMEOUT], &out->timeout, sizeof(out->timeout)) ||
	    !get(attrs[IPVS_SVC_ATTR_NETMASK], &out->netmask, sizeof(out->netmask)))
		return -EBADMSG;
	out->flags = flags.flags & ~(uint32_t)IP_VS_SVC_F_HASHED;
	return 0;
}

/*
 * Local node and bypass, which nothing of ours ever sets, deliver without NAT, as direct does; a
 * row is needed all the same, for a dest that list leaves out would be added again for ever.
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

int ezlb_ipvs_get_dest(const void *msg, size_t len, const struct ezlb_service_key *service,
		       struct ezlb_dest_row *out)
{
	struct span attrs[IPVS_DEST_ATTR_MAX + 1];
	uint32_t method;

	*out = (struct ezlb_dest_row){ .service = *service };
	if (open_nest(msg, len, IPVS_CMD_ATTR_DEST, attrs, IPVS_DEST_ATTR_MAX + 1))
		return -EBADMSG;
	if (!get_endpoint(attrs, service->listen.addr.family, &out->endpoint) ||
	    !get(attrs[IPVS_DEST_ATTR_FWD_METHOD], &method, sizeof(method)) ||
	    !get(attrs[IPVS_DEST_ATTR_WEIGHT], &out->weight, sizeof(out->weight)) ||
	    !get(attrs[IPVS_DEST_ATTR_U_THRESH], &out->upper, sizeof(out->upper)) ||
	    !get(attrs[IPVS_DEST_ATTR_L_THRESH], &out->lower, sizeof(out->lower)))
		return -EBADMSG;
	out->forward = forward_of(method);
	return 0;
}

/* --- counters ------------------------------------------------------------------------------ */

static bool get_count(struct span attr, size_t len, uint64_t *out)
{
	uint32_t small;

	if (len == sizeof(*out))
		return get(attr, out, len);
	if (!get(attr, &small, sizeof(small)))
		return false;
	*out = small;
	return true;
}

/* Kernels before 4.1 have only `narrow`, in which bytes alone have 64 bits. */
static int get_counters(struct span wide, struct span narrow, struct ezlb_counters *out)
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
	struct span attrs[IPVS_STATS_ATTR_MAX + 1];

	if (split(wide.data ? wide : narrow, attrs, IPVS_STATS_ATTR_MAX + 1))
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		size_t len = wide.data ? sizeof(uint64_t) : counts[i].narrow;

		if (!get_count(attrs[counts[i].type], len, counts[i].to))
			return -EBADMSG;
	}
	return 0;
}

int ezlb_ipvs_get_service_traffic(const void *msg, size_t len, struct ezlb_traffic_row *out)
{
	struct span attrs[IPVS_SVC_ATTR_MAX + 1];
	int rc;

	*out = (struct ezlb_traffic_row){ 0 };
	if (open_nest(msg, len, IPVS_CMD_ATTR_SERVICE, attrs, IPVS_SVC_ATTR_MAX + 1))
		return -EBADMSG;
	rc = get_key(attrs, &out->service);
	if (rc)
		return rc;
	return get_counters(attrs[IPVS_SVC_ATTR_STATS64], attrs[IPVS_SVC_ATTR_STATS],
			    &out->counters);
}

int ezlb_ipvs_get_dest_traffic(const void *msg, size_t len, const struct ezlb_service_key *service,
			       struct ezlb_traffic_row *out)
{
	struct span attrs[IPVS_DEST_ATTR_MAX + 1];

	*out = (struct ezlb_traffic_row){ .service = *service };
	if (open_nest(msg, len, IPVS_CMD_ATTR_DEST, attrs, IPVS_DEST_ATTR_MAX + 1))
		return -EBADMSG;
	if (!get_endpoint(attrs, service->listen.addr.family, &out->backend) ||
	    !get(attrs[IPVS_DEST_ATTR_WEIGHT], &out->weight, sizeof(out->weight)) ||
	    !get(attrs[IPVS_DEST_ATTR_ACTIVE_CONNS], &out->active, sizeof(out->active)) ||
	    !get(attrs[IPVS_DEST_ATTR_INACT_CONNS], &out->inactive, sizeof(out->inactive)))
		return -EBADMSG;
	return get_counters(attrs[IPVS_DEST_ATTR_STATS64], attrs[IPVS_DEST_ATTR_STATS],
			    &out->counters);
}
