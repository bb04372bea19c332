// SPDX-License-Identifier: GPL-2.0-or-later
/* codec: the half that writes requests. */
#include "codec.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_BYTES 256 /* no request is larger */

static struct nl_msg *msg_start(uint16_t family, uint8_t cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(REQUEST_BYTES);

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_REQUEST | flags,
				 cmd, IPVS_GENL_VERSION))
		abort(); /* out of memory */
	return msg;
}

static void msg_end(struct ezlb_nl_buf *buf, struct nl_msg *msg)
{
	ezlb_nl_put(buf, nlmsg_hdr(msg));
	nlmsg_free(msg);
}

static void put_key(struct nl_msg *msg, const struct ezlb_service_key *key)
{
	nla_put_u16(msg, IPVS_SVC_ATTR_AF, key->listen.addr.family);
	/* In place of protocol and listener, as in the replies. */
	if (key->fwmark) {
		nla_put_u32(msg, IPVS_SVC_ATTR_FWMARK, key->fwmark);
		return;
	}
	nla_put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, (uint16_t)ezlb_proto_number(key->proto));
	nla_put(msg, IPVS_SVC_ATTR_ADDR, EZLB_IPVS_ADDR_BYTES, key->listen.addr.bytes);
	nla_put_u16(msg, IPVS_SVC_ATTR_PORT, htons(key->listen.port));
}

/* NEW and SET need all attributes: the kernel reads a missing one as zero. */
static void put_service(struct nl_msg *msg, const struct ezlb_service_row *row)
{
	/* With all bits set in the mask the row's flags replace the kernel's. */
	struct ip_vs_flags flags = { .flags = row->flags & ~(uint32_t)IP_VS_SVC_F_HASHED,
				     .mask = ~0u };

	nla_put_string(msg, IPVS_SVC_ATTR_SCHED_NAME, row->scheduler);
	nla_put(msg, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
	nla_put_u32(msg, IPVS_SVC_ATTR_TIMEOUT, row->timeout);
	nla_put_u32(msg, IPVS_SVC_ATTR_NETMASK, row->netmask);
	/* Without this attribute SET removes the engine, too: ip_vs_edit_service(). */
	if (row->engine[0])
		nla_put_string(msg, IPVS_SVC_ATTR_PE_NAME, row->engine);
}

static void put_endpoint(struct nl_msg *msg, const struct ezlb_endpoint *endpoint)
{
	nla_put(msg, IPVS_DEST_ATTR_ADDR, EZLB_IPVS_ADDR_BYTES, endpoint->addr.bytes);
	nla_put_u16(msg, IPVS_DEST_ATTR_PORT, htons(endpoint->port));
	nla_put_u16(msg, IPVS_DEST_ATTR_ADDR_FAMILY, endpoint->addr.family);
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
static void put_tunnel(struct nl_msg *msg, const struct ezlb_tunnel *tunnel)
{
	nla_put_u8(msg, IPVS_DEST_ATTR_TUN_TYPE, (uint8_t)tunnel->type);
	nla_put_u16(msg, IPVS_DEST_ATTR_TUN_PORT, htons(tunnel->port));
	nla_put_u16(msg, IPVS_DEST_ATTR_TUN_FLAGS, tunnel_flags(tunnel->checksum));
}

static void put_dest(struct nl_msg *msg, const struct ezlb_dest_row *row)
{
	nla_put_u32(msg, IPVS_DEST_ATTR_FWD_METHOD, fwd_method(row->forward));
	nla_put_u32(msg, IPVS_DEST_ATTR_WEIGHT, row->weight);
	nla_put_u32(msg, IPVS_DEST_ATTR_U_THRESH, row->upper);
	nla_put_u32(msg, IPVS_DEST_ATTR_L_THRESH, row->lower);
	if (row->forward == EZLB_TUNNEL)
		put_tunnel(msg, &row->tunnel);
}

static void put_service_op(struct ezlb_nl_buf *buf, uint16_t family, uint8_t cmd,
			   const struct ezlb_service_row *row)
{
	struct nl_msg *msg = msg_start(family, cmd, 0);
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	put_key(msg, &row->key);
	if (cmd != IPVS_CMD_DEL_SERVICE)
		put_service(msg, row);
	nla_nest_end(msg, nest);
	msg_end(buf, msg);
}

static void put_dest_op(struct ezlb_nl_buf *buf, uint16_t family, uint8_t cmd,
			const struct ezlb_dest_row *row)
{
	struct nl_msg *msg = msg_start(family, cmd, 0);
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	put_key(msg, &row->service);
	nla_nest_end(msg, nest);
	nest = nla_nest_start(msg, IPVS_CMD_ATTR_DEST);
	put_endpoint(msg, &row->endpoint);
	if (cmd != IPVS_CMD_DEL_DEST)
		put_dest(msg, row);
	nla_nest_end(msg, nest);
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
	struct nl_msg *msg = msg_start(family, IPVS_CMD_SET_CONFIG, 0);

	/* The kernel keeps the values that the request does not name. */
	nla_put_u32(msg, attrs[row->timeout], row->seconds);
	msg_end(buf, msg);
}

/* To start one the kernel demands all three attributes: ip_vs_genl_new_daemon(). */
static void put_sync_op(struct ezlb_nl_buf *buf, uint16_t family, uint8_t cmd,
			const struct ezlb_sync_row *row)
{
	struct nl_msg *msg = msg_start(family, cmd, 0);
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_DAEMON);

	nla_put_u32(msg, IPVS_DAEMON_ATTR_STATE,
		    row->role == EZLB_SYNC_MASTER ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP);
	if (cmd == IPVS_CMD_NEW_DAEMON) {
		nla_put_string(msg, IPVS_DAEMON_ATTR_MCAST_IFN, row->device);
		nla_put_u32(msg, IPVS_DAEMON_ATTR_SYNC_ID, row->id);
	}
	nla_nest_end(msg, nest);
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
	case EZLB_OP_TOA_SETUP:
	case EZLB_OP_TOA_ADD:
	case EZLB_OP_TOA_SET:
	case EZLB_OP_TOA_DEL:
	case EZLB_OP_TOA_TEARDOWN:
	case EZLB_OP_HOOK_ADD:
	case EZLB_OP_HOOK_DEL:
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
	msg_end(buf, msg_start(family, IPVS_CMD_GET_INFO, NLM_F_ACK));
}

void ezlb_ipvs_put_no_service(struct ezlb_nl_buf *buf, uint16_t family)
{
	msg_end(buf, msg_start(family, IPVS_CMD_NEW_SERVICE, NLM_F_ACK));
}

void ezlb_ipvs_put_get_timeouts(struct ezlb_nl_buf *buf, uint16_t family)
{
	msg_end(buf, msg_start(family, IPVS_CMD_GET_CONFIG, NLM_F_ACK));
}

void ezlb_ipvs_put_get_syncs(struct ezlb_nl_buf *buf, uint16_t family)
{
	msg_end(buf, msg_start(family, IPVS_CMD_GET_DAEMON, NLM_F_DUMP));
}

void ezlb_ipvs_put_get_services(struct ezlb_nl_buf *buf, uint16_t family)
{
	msg_end(buf, msg_start(family, IPVS_CMD_GET_SERVICE, NLM_F_DUMP));
}

void ezlb_ipvs_put_get_dests(struct ezlb_nl_buf *buf, uint16_t family,
			     const struct ezlb_service_key *service)
{
	struct nl_msg *msg = msg_start(family, IPVS_CMD_GET_DEST, NLM_F_DUMP);
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	put_key(msg, service);
	nla_nest_end(msg, nest);
	msg_end(buf, msg);
}
