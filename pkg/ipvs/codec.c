// SPDX-License-Identifier: GPL-2.0-or-later
/* codec: the half that writes requests. */
#include "codec.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_BYTES 256 /* no request is larger */

/* One request. Zeroed, so that padding is. Built here and not by libnl: a start writes thousands.
 */
struct request {
	_Alignas(struct nlmsghdr) unsigned char bytes[REQUEST_BYTES];
	size_t len;
};

static void *take_room(struct request *msg, size_t len)
{
	void *room = msg->bytes + msg->len;

	if (msg->len + NLA_ALIGN(len) > sizeof(msg->bytes))
		abort(); /* the texts of rows have limits, so this is an error of ours */
	msg->len += NLA_ALIGN(len);
	return room;
}

static void put_bytes(struct request *msg, int type, const void *bytes, size_t len)
{
	struct nlattr *attr = take_room(msg, NLA_HDRLEN + len);

	attr->nla_type = (uint16_t)type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy((unsigned char *)attr + NLA_HDRLEN, bytes, len);
}

static void put_u8(struct request *msg, int type, uint8_t n)
{
	put_bytes(msg, type, &n, sizeof(n));
}

static void put_u16(struct request *msg, int type, uint16_t n)
{
	put_bytes(msg, type, &n, sizeof(n));
}

static void put_u32(struct request *msg, int type, uint32_t n)
{
	put_bytes(msg, type, &n, sizeof(n));
}

static void put_string(struct request *msg, int type, const char *text)
{
	put_bytes(msg, type, text, strlen(text) + 1);
}

static struct nlattr *nest_start(struct request *msg, int type)
{
	struct nlattr *nest = take_room(msg, NLA_HDRLEN);

	nest->nla_type = (uint16_t)(type | NLA_F_NESTED);
	return nest;
}

static void nest_end(struct request *msg, struct nlattr *nest)
{
	nest->nla_len = (uint16_t)(msg->bytes + msg->len - (unsigned char *)nest);
}

static struct request *msg_start(struct request *msg, uint16_t family, uint8_t cmd, int flags)
{
	struct nlmsghdr *head;
	struct genlmsghdr *genl;

	memset(msg, 0, sizeof(*msg));
	head = take_room(msg, NLMSG_HDRLEN);
	head->nlmsg_type = family;
	head->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	genl = take_room(msg, GENL_HDRLEN);
	genl->cmd = cmd;
	genl->version = IPVS_GENL_VERSION;
	return msg;
}

static void msg_end(struct ezlb_nl_buf *buf, struct request *msg)
{
	struct nlmsghdr *head = (void *)msg->bytes;

	head->nlmsg_len = (uint32_t)msg->len;
	ezlb_nl_put(buf, head);
}

static void put_key(struct request *msg, const struct ezlb_service_key *key)
{
	put_u16(msg, IPVS_SVC_ATTR_AF, key->listen.addr.family);
	/* In place of protocol and listener, as in the replies. */
	if (key->fwmark) {
		put_u32(msg, IPVS_SVC_ATTR_FWMARK, key->fwmark);
		return;
	}
	put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, (uint16_t)ezlb_proto_number(key->proto));
	put_bytes(msg, IPVS_SVC_ATTR_ADDR, key->listen.addr.bytes, EZLB_IPVS_ADDR_BYTES);
	put_u16(msg, IPVS_SVC_ATTR_PORT, htons(key->listen.port));
}

/* NEW and SET need all attributes: the kernel reads a missing one as zero. */
static void put_service(struct request *msg, const struct ezlb_service_row *row)
{
	/* With all bits set in the mask the row's flags replace the kernel's. */
	struct ip_vs_flags flags = { .flags = row->flags & ~(uint32_t)IP_VS_SVC_F_HASHED,
				     .mask = ~0u };

	put_string(msg, IPVS_SVC_ATTR_SCHED_NAME, row->scheduler);
	put_bytes(msg, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	put_u32(msg, IPVS_SVC_ATTR_TIMEOUT, row->timeout);
	put_u32(msg, IPVS_SVC_ATTR_NETMASK, row->netmask);
	/* Without this attribute SET removes the engine, too: ip_vs_edit_service(). */
	if (row->engine[0])
		put_string(msg, IPVS_SVC_ATTR_PE_NAME, row->engine);
}

static void put_endpoint(struct request *msg, const struct ezlb_endpoint *endpoint)
{
	put_bytes(msg, IPVS_DEST_ATTR_ADDR, endpoint->addr.bytes, EZLB_IPVS_ADDR_BYTES);
	put_u16(msg, IPVS_DEST_ATTR_PORT, htons(endpoint->port));
	put_u16(msg, IPVS_DEST_ATTR_ADDR_FAMILY, endpoint->addr.family);
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

static uint16_t tunnel_flags(enum ezlb_tunnel_checksum checksum)
{
	switch (checksum) {
	case EZLB_TUNNEL_NOCSUM:
		return IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM;
	case EZLB_TUNNEL_CSUM:
		return IP_VS_TUNNEL_ENCAP_FLAG_CSUM;
	case EZLB_TUNNEL_REMCSUM:
		return IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM;
	}
	assert(!"checksum");
	return 0;
}

/* Without these attributes the kernel resets them: a plain IP in IP tunnel. */
static void put_tunnel(struct request *msg, const struct ezlb_tunnel *tunnel)
{
	put_u8(msg, IPVS_DEST_ATTR_TUN_TYPE, (uint8_t)tunnel->type);
	put_u16(msg, IPVS_DEST_ATTR_TUN_PORT, htons(tunnel->port));
	put_u16(msg, IPVS_DEST_ATTR_TUN_FLAGS, tunnel_flags(tunnel->checksum));
}

static void put_dest(struct request *msg, const struct ezlb_dest_row *row)
{
	put_u32(msg, IPVS_DEST_ATTR_FWD_METHOD, fwd_method(row->forward));
	put_u32(msg, IPVS_DEST_ATTR_WEIGHT, row->weight);
	put_u32(msg, IPVS_DEST_ATTR_U_THRESH, row->upper);
	put_u32(msg, IPVS_DEST_ATTR_L_THRESH, row->lower);
	if (row->forward == EZLB_TUNNEL)
		put_tunnel(msg, &row->tunnel);
}

static void put_service_op(struct ezlb_nl_buf *buf, uint16_t family, uint8_t cmd,
			   const struct ezlb_service_row *row)
{
	struct request room, *msg = msg_start(&room, family, cmd, 0);
	struct nlattr *nest = nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	put_key(msg, &row->key);
	if (cmd != IPVS_CMD_DEL_SERVICE)
		put_service(msg, row);
	nest_end(msg, nest);
	msg_end(buf, msg);
}

static void put_dest_op(struct ezlb_nl_buf *buf, uint16_t family, uint8_t cmd,
			const struct ezlb_dest_row *row)
{
	struct request room, *msg = msg_start(&room, family, cmd, 0);
	struct nlattr *nest = nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	put_key(msg, &row->service);
	nest_end(msg, nest);
	nest = nest_start(msg, IPVS_CMD_ATTR_DEST);
	put_endpoint(msg, &row->endpoint);
	if (cmd != IPVS_CMD_DEL_DEST)
		put_dest(msg, row);
	nest_end(msg, nest);
	msg_end(buf, msg);
}

static void put_timeout_op(struct ezlb_nl_buf *buf, uint16_t family,
			   const struct ezlb_timeout_row *row)
{
	static const int attrs[EZLB_TIMEOUTS] = {
		[EZLB_TIMEOUT_TCP] = IPVS_CMD_ATTR_TIMEOUT_TCP,
		[EZLB_TIMEOUT_TCPFIN] = IPVS_CMD_ATTR_TIMEOUT_TCP_FIN,
		[EZLB_TIMEOUT_UDP] = IPVS_CMD_ATTR_TIMEOUT_UDP,
	};
	struct request room, *msg = msg_start(&room, family, IPVS_CMD_SET_CONFIG, 0);

	/* The kernel keeps the values that the request does not name. */
	put_u32(msg, attrs[row->timeout], row->seconds);
	msg_end(buf, msg);
}

/* To start one the kernel demands all three attributes: ip_vs_genl_new_daemon(). */
static void put_sync_op(struct ezlb_nl_buf *buf, uint16_t family, uint8_t cmd,
			const struct ezlb_sync_row *row)
{
	struct request room, *msg = msg_start(&room, family, cmd, 0);
	struct nlattr *nest = nest_start(msg, IPVS_CMD_ATTR_DAEMON);

	put_u32(msg, IPVS_DAEMON_ATTR_STATE,
		row->role == EZLB_SYNC_MASTER ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP);
	if (cmd == IPVS_CMD_NEW_DAEMON) {
		put_string(msg, IPVS_DAEMON_ATTR_MCAST_IFN, row->device);
		put_u32(msg, IPVS_DAEMON_ATTR_SYNC_ID, row->id);
	}
	nest_end(msg, nest);
	msg_end(buf, msg);
}

void ezlb_ipvs_put_op(struct ezlb_nl_buf *buf, uint16_t family, const struct ezlb_op *op)
{
	switch (op->kind) {
	case EZLB_OP_SYNC_ADD:
	case EZLB_OP_SYNC_SET:
		put_sync_op(buf, family, IPVS_CMD_NEW_DAEMON, &op->sync);
		break;
	case EZLB_OP_SYNC_DEL:
		put_sync_op(buf, family, IPVS_CMD_DEL_DAEMON, &op->sync);
		break;
	case EZLB_OP_TIMEOUT_SET:
	case EZLB_OP_TIMEOUT_RESET:
		put_timeout_op(buf, family, &op->timeout);
		break;
	case EZLB_OP_SERVICE_ADD:
		put_service_op(buf, family, IPVS_CMD_NEW_SERVICE, &op->service);
		break;
	case EZLB_OP_SERVICE_SET:
		put_service_op(buf, family, IPVS_CMD_SET_SERVICE, &op->service);
		break;
	case EZLB_OP_SERVICE_DEL:
		put_service_op(buf, family, IPVS_CMD_DEL_SERVICE, &op->service);
		break;
	case EZLB_OP_DEST_ADD:
		put_dest_op(buf, family, IPVS_CMD_NEW_DEST, &op->dest);
		break;
	case EZLB_OP_DEST_SET:
		put_dest_op(buf, family, IPVS_CMD_SET_DEST, &op->dest);
		break;
	case EZLB_OP_DEST_DEL:
		put_dest_op(buf, family, IPVS_CMD_DEL_DEST, &op->dest);
		break;
	case EZLB_OP_HOST_SET:
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_SNAT_SETUP:
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_MARK_ADD:
	case EZLB_OP_GUARD_ADD:
	case EZLB_OP_TOA_SETUP:
	case EZLB_OP_TOA_ADD:
	case EZLB_OP_TOA_SET:
	case EZLB_OP_TOA_DEL:
	case EZLB_OP_TOA_TEARDOWN:
	case EZLB_OP_HOOK_ADD:
	case EZLB_OP_HOOK_DEL:
	case EZLB_OP_GUARD_DEL:
	case EZLB_OP_MARK_DEL:
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

void ezlb_ipvs_put_get_info(struct ezlb_nl_buf *buf, uint16_t family)
{
	struct request room;

	msg_end(buf, msg_start(&room, family, IPVS_CMD_GET_INFO, NLM_F_ACK));
}

void ezlb_ipvs_put_no_service(struct ezlb_nl_buf *buf, uint16_t family)
{
	struct request room;

	msg_end(buf, msg_start(&room, family, IPVS_CMD_NEW_SERVICE, NLM_F_ACK));
}

void ezlb_ipvs_put_get_timeouts(struct ezlb_nl_buf *buf, uint16_t family)
{
	struct request room;

	msg_end(buf, msg_start(&room, family, IPVS_CMD_GET_CONFIG, NLM_F_ACK));
}

void ezlb_ipvs_put_get_syncs(struct ezlb_nl_buf *buf, uint16_t family)
{
	struct request room;

	msg_end(buf, msg_start(&room, family, IPVS_CMD_GET_DAEMON, NLM_F_DUMP));
}

void ezlb_ipvs_put_get_services(struct ezlb_nl_buf *buf, uint16_t family)
{
	struct request room;

	msg_end(buf, msg_start(&room, family, IPVS_CMD_GET_SERVICE, NLM_F_DUMP));
}

static void put_get_by_key(struct ezlb_nl_buf *buf, struct request *msg,
			   const struct ezlb_service_key *service)
{
	struct nlattr *nest = nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	put_key(msg, service);
	nest_end(msg, nest);
	msg_end(buf, msg);
}

void ezlb_ipvs_put_get_service(struct ezlb_nl_buf *buf, uint16_t family,
			       const struct ezlb_service_key *service)
{
	struct request room;

	put_get_by_key(buf, msg_start(&room, family, IPVS_CMD_GET_SERVICE, NLM_F_ACK), service);
}

void ezlb_ipvs_put_get_dests(struct ezlb_nl_buf *buf, uint16_t family,
			     const struct ezlb_service_key *service)
{
	struct request room;

	put_get_by_key(buf, msg_start(&room, family, IPVS_CMD_GET_DEST, NLM_F_DUMP), service);
}
