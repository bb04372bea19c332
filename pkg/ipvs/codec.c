// SPDX-License-Identifier: GPL-2.0-or-later
#include "codec.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

/* Appends, padded with zeros as netlink wants it. */
static void put(struct ezlb_ipvs_buf *buf, const void *data, size_t len)
{
	size_t padded = NLMSG_ALIGN(len);

	if (buf->cap - buf->len < padded) {
		buf->cap = 2 * buf->cap + padded;
		buf->items = ezlb_realloc(buf->items, buf->cap, 1);
	}
	memset(buf->items + buf->len, 0, padded);
	memcpy(buf->items + buf->len, data, len);
	buf->len += padded;
}

static void put_attr(struct ezlb_ipvs_buf *buf, uint16_t type, const void *data, size_t len)
{
	struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	put(buf, &attr, sizeof(attr));
	if (len > 0)
		put(buf, data, len);
}

static void put_u16(struct ezlb_ipvs_buf *buf, uint16_t type, uint16_t value)
{
	put_attr(buf, type, &value, sizeof(value));
}

static void put_u32(struct ezlb_ipvs_buf *buf, uint16_t type, uint32_t value)
{
	put_attr(buf, type, &value, sizeof(value));
}

static size_t nest_start(struct ezlb_ipvs_buf *buf, uint16_t type)
{
	size_t start = buf->len;

	put_attr(buf, type | NLA_F_NESTED, NULL, 0);
	return start;
}

static void nest_end(struct ezlb_ipvs_buf *buf, size_t start)
{
	uint16_t len = (uint16_t)(buf->len - start);

	memcpy(buf->items + start + offsetof(struct nlattr, nla_len), &len, sizeof(len));
}

static size_t msg_start(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head, uint8_t cmd,
			uint16_t flags)
{
	size_t start = buf->len;
	struct nlmsghdr nlh = {
		.nlmsg_type = head->family,
		.nlmsg_flags = NLM_F_REQUEST | head->flags | flags,
		.nlmsg_seq = head->seq,
	};
	struct genlmsghdr genl = { .cmd = cmd, .version = IPVS_GENL_VERSION };

	put(buf, &nlh, sizeof(nlh));
	put(buf, &genl, sizeof(genl));
	return start;
}

static void msg_end(struct ezlb_ipvs_buf *buf, size_t start)
{
	uint32_t len = (uint32_t)(buf->len - start);

	memcpy(buf->items + start + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof(len));
}

static void put_key(struct ezlb_ipvs_buf *buf, const struct ezlb_service_key *key)
{
	put_u16(buf, IPVS_SVC_ATTR_AF, key->listen.addr.family);
	put_u16(buf, IPVS_SVC_ATTR_PROTOCOL, (uint16_t)ezlb_proto_number(key->proto));
	put_attr(buf, IPVS_SVC_ATTR_ADDR, key->listen.addr.bytes, EZLB_IPVS_ADDR_BYTES);
	put_u16(buf, IPVS_SVC_ATTR_PORT, htons(key->listen.port));
}

/* The kernel wants all of these with NEW and SET, and takes what is not said for zero. */
static void put_service(struct ezlb_ipvs_buf *buf, const struct ezlb_service_row *row)
{
	/* With the mask all set the row's flags replace the kernel's. */
	struct ip_vs_flags flags = { .flags = row->flags & ~(uint32_t)IP_VS_SVC_F_HASHED,
				     .mask = ~0u };

	put_attr(buf, IPVS_SVC_ATTR_SCHED_NAME, row->scheduler, strlen(row->scheduler) + 1);
	put_attr(buf, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	put_u32(buf, IPVS_SVC_ATTR_TIMEOUT, row->timeout);
	put_u32(buf, IPVS_SVC_ATTR_NETMASK, row->netmask);
}

static void put_endpoint(struct ezlb_ipvs_buf *buf, const struct ezlb_endpoint *endpoint)
{
	put_attr(buf, IPVS_DEST_ATTR_ADDR, endpoint->addr.bytes, EZLB_IPVS_ADDR_BYTES);
	put_u16(buf, IPVS_DEST_ATTR_PORT, htons(endpoint->port));
	put_u16(buf, IPVS_DEST_ATTR_ADDR_FAMILY, endpoint->addr.family);
}

static uint32_t fwd_method(enum ezlb_forward forward)
{
	switch (forward) {
	case EZLB_MASQ:
		return IP_VS_CONN_F_MASQ;
	case EZLB_DIRECT:
		return IP_VS_CONN_F_DROUTE;
	case EZLB_TUNNEL:
		return IP_VS_CONN_F_TUNNEL;
	}
	assert(!"forward method");
	return 0;
}

static void put_dest(struct ezlb_ipvs_buf *buf, const struct ezlb_dest_row *row)
{
	put_u32(buf, IPVS_DEST_ATTR_FWD_METHOD, fwd_method(row->forward));
	put_u32(buf, IPVS_DEST_ATTR_WEIGHT, row->weight);
	put_u32(buf, IPVS_DEST_ATTR_U_THRESH, row->upper);
	put_u32(buf, IPVS_DEST_ATTR_L_THRESH, row->lower);
}

static void put_service_op(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head,
			   uint8_t cmd, const struct ezlb_service_row *row)
{
	size_t msg = msg_start(buf, head, cmd, 0);
	size_t nest = nest_start(buf, IPVS_CMD_ATTR_SERVICE);

	put_key(buf, &row->key);
	if (cmd != IPVS_CMD_DEL_SERVICE)
		put_service(buf, row);
	nest_end(buf, nest);
	msg_end(buf, msg);
}

static void put_dest_op(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head, uint8_t cmd,
			const struct ezlb_dest_row *row)
{
	size_t msg = msg_start(buf, head, cmd, 0);
	size_t nest = nest_start(buf, IPVS_CMD_ATTR_SERVICE);

	put_key(buf, &row->service);
	nest_end(buf, nest);
	nest = nest_start(buf, IPVS_CMD_ATTR_DEST);
	put_endpoint(buf, &row->endpoint);
	if (cmd != IPVS_CMD_DEL_DEST)
		put_dest(buf, row);
	nest_end(buf, nest);
	msg_end(buf, msg);
}

void ezlb_ipvs_put_op(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head,
		      const struct ezlb_op *op)
{
	switch (op->kind) {
	case EZLB_OP_SERVICE_ADD:
		put_service_op(buf, head, IPVS_CMD_NEW_SERVICE, &op->service);
		break;
	case EZLB_OP_SERVICE_SET:
		put_service_op(buf, head, IPVS_CMD_SET_SERVICE, &op->service);
		break;
	case EZLB_OP_SERVICE_DEL:
		put_service_op(buf, head, IPVS_CMD_DEL_SERVICE, &op->service);
		break;
	case EZLB_OP_DEST_ADD:
		put_dest_op(buf, head, IPVS_CMD_NEW_DEST, &op->dest);
		break;
	case EZLB_OP_DEST_SET:
		put_dest_op(buf, head, IPVS_CMD_SET_DEST, &op->dest);
		break;
	case EZLB_OP_DEST_DEL:
		put_dest_op(buf, head, IPVS_CMD_DEL_DEST, &op->dest);
		break;
	case EZLB_OP_HOST_SET:
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SNAT_DEL:
	case EZLB_OP_SNAT_TEARDOWN:
	case EZLB_OP_ACCEPT_DEL:
	case EZLB_OP_FIREWALL_TEARDOWN:
	case EZLB_OP_VIP_DEL:
	case EZLB_OP_LINK_DEL:
	case EZLB_OP_HOST_RESET:
	case EZLB_OPS:
		assert(!"an op of another layer");
	}
}

void ezlb_ipvs_put_get_info(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head)
{
	msg_end(buf, msg_start(buf, head, IPVS_CMD_GET_INFO, 0));
}

void ezlb_ipvs_put_get_services(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head)
{
	msg_end(buf, msg_start(buf, head, IPVS_CMD_GET_SERVICE, NLM_F_DUMP));
}

void ezlb_ipvs_put_get_dests(struct ezlb_ipvs_buf *buf, const struct ezlb_ipvs_head *head,
			     const struct ezlb_service_key *service)
{
	size_t msg = msg_start(buf, head, IPVS_CMD_GET_DEST, NLM_F_DUMP);
	size_t nest = nest_start(buf, IPVS_CMD_ATTR_SERVICE);

	put_key(buf, service);
	nest_end(buf, nest);
	msg_end(buf, msg);
}
