/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel: what IPVS would say, as bytes, and a socket pair to say it on. Answers are put on the
 * socket beforehand; sequence numbers count from 1, so a test knows them.
 */
#pragma once

#include "cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/table.h>

#include "netlink.h"

#define FAMILY 30 /* the id of IPVS as long as nobody unloads it */

/* --- bytes --------------------------------------------------------------------------------- */

struct bytes {
	unsigned char data[65536];
	size_t len;
};

static inline void add(struct bytes *b, const void *data, size_t len)
{
	assert_true(b->len + NLMSG_ALIGN(len) <= sizeof(b->data));
	memset(b->data + b->len, 0, NLMSG_ALIGN(len));
	memcpy(b->data + b->len, data, len);
	b->len += NLMSG_ALIGN(len);
}

static inline void add_attr(struct bytes *b, int type, const void *data, size_t len)
{
	struct nlattr attr = { .nla_len = (uint16_t)(sizeof(attr) + len),
			       .nla_type = (uint16_t)type };

	add(b, &attr, sizeof(attr));
	add(b, data, len);
}

static inline void add_u16(struct bytes *b, int type, uint16_t value)
{
	add_attr(b, type, &value, sizeof(value));
}

static inline void add_u32(struct bytes *b, int type, uint32_t value)
{
	add_attr(b, type, &value, sizeof(value));
}

static inline size_t start_nest(struct bytes *b, int type)
{
	add_attr(b, type, "", 0);
	return b->len - sizeof(struct nlattr);
}

static inline void end_nest(struct bytes *b, size_t start)
{
	uint16_t len = (uint16_t)(b->len - start);

	memcpy(b->data + start, &len, sizeof(len));
}

static inline size_t start_msg(struct bytes *b, int type, int flags, uint32_t seq)
{
	struct nlmsghdr head = { .nlmsg_type = (uint16_t)type,
				 .nlmsg_flags = (uint16_t)flags,
				 .nlmsg_seq = seq };

	add(b, &head, sizeof(head));
	return b->len - sizeof(head);
}

static inline void end_msg(struct bytes *b, size_t start)
{
	uint32_t len = (uint32_t)(b->len - start);

	memcpy(b->data + start, &len, sizeof(len));
}

/* With NETLINK_CAP_ACK: the header of the request and no more. code 0 is an ACK. */
static inline void add_error(struct bytes *b, uint32_t seq, int code)
{
	struct nlmsgerr error = { .error = code, .msg = { .nlmsg_seq = seq } };
	size_t msg = start_msg(b, NLMSG_ERROR, 0, seq);

	add(b, &error, sizeof(error));
	end_msg(b, msg);
}

static inline void add_done(struct bytes *b, uint32_t seq, int flags, int code)
{
	size_t msg = start_msg(b, NLMSG_DONE, NLM_F_MULTI | flags, seq);

	add(b, &code, sizeof(code));
	end_msg(b, msg);
}

/* As ip_vs_genl_fill_service(); fwmark and proto overrule the row where they are not 0. */
static inline void add_service(struct bytes *b, uint32_t seq, const struct ezlb_service_row *row,
			       uint32_t fwmark, int proto)
{
	struct genlmsghdr genl = { .cmd = IPVS_CMD_NEW_SERVICE, .version = 1 };
	struct ip_vs_flags flags = { .flags = row->flags | IP_VS_SVC_F_HASHED, .mask = ~0u };
	size_t msg = start_msg(b, FAMILY, NLM_F_MULTI, seq), nest;

	add(b, &genl, sizeof(genl));
	nest = start_nest(b, IPVS_CMD_ATTR_SERVICE);
	add_u16(b, IPVS_SVC_ATTR_AF, row->key.listen.addr.family);
	if (fwmark) {
		add_u32(b, IPVS_SVC_ATTR_FWMARK, fwmark);
	} else {
		proto = proto ? proto : ezlb_proto_number(row->key.proto);
		add_u16(b, IPVS_SVC_ATTR_PROTOCOL, (uint16_t)proto);
		add_attr(b, IPVS_SVC_ATTR_ADDR, row->key.listen.addr.bytes, 16);
		add_u16(b, IPVS_SVC_ATTR_PORT, htons(row->key.listen.port));
	}
	add_attr(b, IPVS_SVC_ATTR_SCHED_NAME, row->scheduler, strlen(row->scheduler) + 1);
	add_attr(b, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	add_u32(b, IPVS_SVC_ATTR_TIMEOUT, row->timeout);
	add_u32(b, IPVS_SVC_ATTR_NETMASK, row->netmask);
	if (row->engine[0])
		add_attr(b, IPVS_SVC_ATTR_PE_NAME, row->engine, strlen(row->engine) + 1);
	end_nest(b, nest);
	end_msg(b, msg);
}

/* As ip_vs_genl_fill_dest(). af 0, flags -1: not told, as by an old kernel. */
static inline void add_tunnel_dest(struct bytes *b, uint32_t seq, const struct ezlb_dest_row *row,
				   uint32_t method, uint16_t af, int flags)
{
	const uint8_t type = (uint8_t)row->tunnel.type;
	struct genlmsghdr genl = { .cmd = IPVS_CMD_NEW_DEST, .version = 1 };
	size_t msg = start_msg(b, FAMILY, NLM_F_MULTI, seq), nest;

	add(b, &genl, sizeof(genl));
	nest = start_nest(b, IPVS_CMD_ATTR_DEST);
	add_attr(b, IPVS_DEST_ATTR_ADDR, row->endpoint.addr.bytes, 16);
	add_u16(b, IPVS_DEST_ATTR_PORT, htons(row->endpoint.port));
	add_u32(b, IPVS_DEST_ATTR_FWD_METHOD, method);
	add_u32(b, IPVS_DEST_ATTR_WEIGHT, row->weight);
	add_u32(b, IPVS_DEST_ATTR_U_THRESH, row->upper);
	add_u32(b, IPVS_DEST_ATTR_L_THRESH, row->lower);
	add_u32(b, IPVS_DEST_ATTR_ACTIVE_CONNS, 7);
	if (af)
		add_u16(b, IPVS_DEST_ATTR_ADDR_FAMILY, af);
	if (flags >= 0) {
		add_attr(b, IPVS_DEST_ATTR_TUN_TYPE, &type, sizeof(type));
		add_u16(b, IPVS_DEST_ATTR_TUN_PORT, htons(row->tunnel.port));
		add_u16(b, IPVS_DEST_ATTR_TUN_FLAGS, (uint16_t)flags);
	}
	end_nest(b, nest);
	end_msg(b, msg);
}

/* A kernel before 5.2, without tunnel types. */
static inline void add_dest(struct bytes *b, uint32_t seq, const struct ezlb_dest_row *row,
			    uint32_t method, uint16_t af)
{
	add_tunnel_dest(b, seq, row, method, af, -1);
}

/* As IPVS_CMD_GET_CONFIG answers. */
static inline void add_timeouts(struct bytes *b, uint32_t seq, uint32_t tcp, uint32_t fin,
				uint32_t udp)
{
	struct genlmsghdr genl = { .cmd = IPVS_CMD_SET_CONFIG, .version = 1 };
	size_t msg = start_msg(b, FAMILY, 0, seq);

	add(b, &genl, sizeof(genl));
	add_u32(b, IPVS_CMD_ATTR_TIMEOUT_TCP, tcp);
	add_u32(b, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, fin);
	add_u32(b, IPVS_CMD_ATTR_TIMEOUT_UDP, udp);
	end_msg(b, msg);
}

/* As ip_vs_genl_dump_daemon(). state 0, device NULL, id -1: left out. */
static inline void add_sync(struct bytes *b, uint32_t seq, uint32_t state, const char *device,
			    int64_t id)
{
	struct genlmsghdr genl = { .cmd = IPVS_CMD_NEW_DAEMON, .version = 1 };
	size_t msg = start_msg(b, FAMILY, NLM_F_MULTI, seq), nest;

	add(b, &genl, sizeof(genl));
	nest = start_nest(b, IPVS_CMD_ATTR_DAEMON);
	if (state)
		add_u32(b, IPVS_DAEMON_ATTR_STATE, state);
	if (device)
		add_attr(b, IPVS_DAEMON_ATTR_MCAST_IFN, device, strlen(device) + 1);
	if (id >= 0)
		add_u32(b, IPVS_DAEMON_ATTR_SYNC_ID, (uint32_t)id);
	end_nest(b, nest);
	end_msg(b, msg);
}

/* --- rows ---------------------------------------------------------------------------------- */

static inline struct ezlb_endpoint endpoint(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static inline struct ezlb_service_key key(enum ezlb_proto proto, const char *listen)
{
	return (struct ezlb_service_key){ .proto = proto, .listen = endpoint(listen) };
}

static inline struct ezlb_service_row service(const char *listen)
{
	struct ezlb_service_row row = { .key = key(EZLB_TCP, listen), .netmask = ~0u };

	ezlb_strcpy(row.scheduler, sizeof(row.scheduler), "wrr");
	return row;
}

static inline struct ezlb_dest_row dest(const char *listen, const char *backend)
{
	return (struct ezlb_dest_row){
		.service = key(EZLB_TCP, listen),
		.endpoint = endpoint(backend),
		.weight = 1,
	};
}

/* --- the socket ---------------------------------------------------------------------------- */

struct kernel {
	int near, far; /* the far end is ours; near is -1 once the layer has taken its own */
	int earlier[8];
	int n_earlier; /* far ends of earlier pairs: closed at the end, or the layer would notice */
	int opened, resolved, loads;
	int socket_rc, resolve_rc; /* 0, or the -errno that the next ones end with */
	uint16_t family;
	char procfs[32]; /* where the text is; a test may say another at any time */
};

/* A pair for the next socket() of the layer, so that answers can be put there first. */
static inline void kernel_pair(struct kernel *k)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	if (k->far >= 0)
		k->earlier[k->n_earlier++] = k->far;
	ezlb_close_fd(&k->near);
	k->near = fds[0];
	k->far = fds[1];
}

static inline void say(struct kernel *k, struct bytes *b)
{
	assert_int_equal(send(k->far, b->data, b->len, 0), (ssize_t)b->len);
	b->len = 0;
}

static inline void say_error(struct kernel *k, uint32_t seq, int code)
{
	struct bytes b = { .len = 0 };

	add_error(&b, seq, code);
	say(k, &b);
}

/* The next send of the layer, or fails the test. */
static inline void hear(struct kernel *k, struct bytes *b)
{
	ssize_t n = recv(k->far, b->data, sizeof(b->data), MSG_DONTWAIT);

	assert_true(n > 0);
	b->len = (size_t)n;
}

static inline bool silent(struct kernel *k)
{
	char c;

	return recv(k->far, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static inline int kernel_socket(void *arg)
{
	struct kernel *k = arg;
	int fd = k->near;

	k->opened++;
	if (k->socket_rc)
		return k->socket_rc;
	assert_true(fd >= 0);
	k->near = -1;
	return fd;
}

static inline int kernel_resolve(void *arg, bool load, uint16_t *family, struct ezlb_err *err)
{
	struct kernel *k = arg;

	k->resolved++;
	k->loads += load;
	if (k->resolve_rc)
		return ezlb_err_set(err, -k->resolve_rc, "no family");
	*family = k->family;
	return 0;
}

/* Reading the rows costs nothing: each peek reads them. */
static inline uint64_t kernel_cpu_ns(void)
{
	return 0;
}

static inline struct ezlb_ipvs_source kernel_source(struct kernel *k)
{
	return (struct ezlb_ipvs_source){
		.nl = { .timeout_ms = 50, .socket = kernel_socket, .arg = k },
		.resolve = kernel_resolve,
		.arg = k,
		.procfs = k->procfs,
		.cpu_ns = kernel_cpu_ns,
	};
}

static inline void kernel_init(struct kernel *k)
{
	*k = (struct kernel){ .near = -1, .far = -1, .family = FAMILY, .procfs = "/no/such/ip_vs" };
	kernel_pair(k);
	say_error(k, 1, 0); /* the question that opening asks */
}

static inline void kernel_clear(struct kernel *k)
{
	ezlb_close_fd(&k->far);
	ezlb_close_fd(&k->near);
	while (k->n_earlier > 0)
		close(k->earlier[--k->n_earlier]);
}
