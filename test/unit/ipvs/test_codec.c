// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "codec.h"

/* --- writing: libnl reads it back ---------------------------------------------------------- */

struct written {
	struct ezlb_nl_buf buf;
	struct nlattr *service[IPVS_SVC_ATTR_MAX + 1];
	struct nlattr *dest[IPVS_DEST_ATTR_MAX + 1];
	bool has_dest;
};

/* The message begins at `from`, and is the last one. */
static void parse(struct written *w, size_t from, int cmd, int flags)
{
	struct nlattr *top[IPVS_CMD_ATTR_MAX + 1];
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)(w->buf.items + from);
	struct genlmsghdr *genl = nlmsg_data(nlh);

	assert_int_equal(nlh->nlmsg_len, w->buf.len - from);
	assert_true(nlh->nlmsg_len <= 256);
	assert_int_equal(nlh->nlmsg_type, FAMILY);
	assert_int_equal(nlh->nlmsg_flags, flags);
	assert_int_equal(nlh->nlmsg_seq, 0);
	assert_int_equal(nlh->nlmsg_pid, 0);
	assert_int_equal(genl->cmd, cmd);
	assert_int_equal(genl->version, IPVS_GENL_VERSION);
	assert_int_equal(genlmsg_parse(nlh, 0, top, IPVS_CMD_ATTR_MAX, NULL), 0);
	assert_non_null(top[IPVS_CMD_ATTR_SERVICE]);
	assert_int_equal(
		nla_parse_nested(w->service, IPVS_SVC_ATTR_MAX, top[IPVS_CMD_ATTR_SERVICE], NULL),
		0);
	w->has_dest = top[IPVS_CMD_ATTR_DEST] != NULL;
	if (w->has_dest)
		assert_int_equal(nla_parse_nested(w->dest, IPVS_DEST_ATTR_MAX,
						  top[IPVS_CMD_ATTR_DEST], NULL),
				 0);
}

static void check_key(const struct written *w, const struct ezlb_service_key *want, int proto)
{
	assert_int_equal(nla_get_u16(w->service[IPVS_SVC_ATTR_AF]), want->listen.addr.family);
	if (want->fwmark) {
		assert_int_equal(nla_get_u32(w->service[IPVS_SVC_ATTR_FWMARK]), want->fwmark);
		assert_null(w->service[IPVS_SVC_ATTR_PROTOCOL]);
		assert_null(w->service[IPVS_SVC_ATTR_ADDR]);
		assert_null(w->service[IPVS_SVC_ATTR_PORT]);
		return;
	}
	assert_int_equal(nla_get_u16(w->service[IPVS_SVC_ATTR_PROTOCOL]), proto);
	assert_int_equal(nla_len(w->service[IPVS_SVC_ATTR_ADDR]), 16);
	assert_memory_equal(nla_data(w->service[IPVS_SVC_ATTR_ADDR]), want->listen.addr.bytes, 16);
	assert_int_equal(nla_get_u16(w->service[IPVS_SVC_ATTR_PORT]), htons(want->listen.port));
}

static const struct {
	enum ezlb_op_kind kind;
	int cmd;
} service_ops[] = {
	{ EZLB_OP_SERVICE_ADD, IPVS_CMD_NEW_SERVICE },
	{ EZLB_OP_SERVICE_SET, IPVS_CMD_SET_SERVICE },
	{ EZLB_OP_SERVICE_DEL, IPVS_CMD_DEL_SERVICE },
};

static const struct {
	const char *listen;
	enum ezlb_proto proto;
	int number;
	uint32_t flags, want_flags, timeout, netmask;
	const char *scheduler, *engine;
} service_rows[] = {
	{ "10.0.0.1:80", EZLB_TCP, 6, 0, 0, 0, ~0u, "wrr", "" },
	{ "[fd00::1]:53", EZLB_UDP, 17, 1 | 2, 1, 300, 128, "lblcr", "sip" },
	{ "10.0.0.1:65535", EZLB_SCTP, 132, 0x18, 0x18, 0, 1, "fifteen_letters",
	  "letters_fifteen" },
};

static void test_service_ops(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(service_ops) * COUNT_OF(service_rows); i++) {
		size_t o = i / COUNT_OF(service_rows), r = i % COUNT_OF(service_rows);
		struct ezlb_op op = { .kind = service_ops[o].kind };
		struct written w = { .has_dest = true };
		const struct ip_vs_flags *flags;

		op.service.key = key(service_rows[r].proto, service_rows[r].listen);
		op.service.flags = service_rows[r].flags;
		op.service.timeout = service_rows[r].timeout;
		op.service.netmask = service_rows[r].netmask;
		ezlb_strcpy(op.service.scheduler, sizeof(op.service.scheduler),
			    service_rows[r].scheduler);
		ezlb_strcpy(op.service.engine, sizeof(op.service.engine), service_rows[r].engine);
		ezlb_ipvs_put_op(&w.buf, FAMILY, &op);
		parse(&w, 0, service_ops[o].cmd, NLM_F_REQUEST);
		check_key(&w, &op.service.key, service_rows[r].number);
		assert_false(w.has_dest);
		if (op.kind == EZLB_OP_SERVICE_DEL) {
			assert_null(w.service[IPVS_SVC_ATTR_SCHED_NAME]);
			ezlb_nl_buf_clear(&w.buf);
			continue;
		}
		assert_string_equal(nla_get_string(w.service[IPVS_SVC_ATTR_SCHED_NAME]),
				    service_rows[r].scheduler);
		assert_int_equal(nla_len(w.service[IPVS_SVC_ATTR_FLAGS]), sizeof(*flags));
		flags = nla_data(w.service[IPVS_SVC_ATTR_FLAGS]);
		assert_int_equal(flags->flags, service_rows[r].want_flags);
		assert_int_equal(flags->mask, ~0u);
		assert_int_equal(nla_get_u32(w.service[IPVS_SVC_ATTR_TIMEOUT]),
				 service_rows[r].timeout);
		assert_int_equal(nla_get_u32(w.service[IPVS_SVC_ATTR_NETMASK]),
				 service_rows[r].netmask);
		/* Missing, not empty: so the kernel removes the engine. */
		if (service_rows[r].engine[0])
			assert_string_equal(nla_get_string(w.service[IPVS_SVC_ATTR_PE_NAME]),
					    service_rows[r].engine);
		else
			assert_null(w.service[IPVS_SVC_ATTR_PE_NAME]);
		ezlb_nl_buf_clear(&w.buf);
	}
}

static const struct {
	enum ezlb_op_kind kind;
	int cmd;
} dest_ops[] = {
	{ EZLB_OP_DEST_ADD, IPVS_CMD_NEW_DEST },
	{ EZLB_OP_DEST_SET, IPVS_CMD_SET_DEST },
	{ EZLB_OP_DEST_DEL, IPVS_CMD_DEL_DEST },
};

static const struct {
	const char *listen, *backend;
	enum ezlb_forward forward;
	uint32_t method, weight, upper, lower;
	struct ezlb_tunnel tunnel;
	int tunnel_flags; /* -1: no tunnel attributes */
} dest_rows[] = {
	{ "10.0.0.1:80", "192.168.10.11:8080", EZLB_MASQ, 0, 1, 0, 0, { 0 }, -1 },
	{ "[fd00::1]:80", "[fd00:192::11]:8080", EZLB_DIRECT, 3, 65535, 1000, 900, { 0 }, -1 },
	{ "10.0.0.1:80", "[fd00:192::11]:80", EZLB_TUNNEL, 2, 0, 0, 0, { 0 }, 0 },
	{ "10.0.0.1:80", "1.2.3.4:80", EZLB_TUNNEL, 2, 0, 0, 0, { EZLB_TUNNEL_GUE, 6080, 0 }, 0 },
	{ "10.0.0.1:80",
	  "1.2.3.4:80",
	  EZLB_TUNNEL,
	  2,
	  0,
	  0,
	  0,
	  { EZLB_TUNNEL_GUE, 6080, EZLB_TUNNEL_REMCSUM },
	  2 },
	{ "10.0.0.1:80",
	  "1.2.3.4:80",
	  EZLB_TUNNEL,
	  2,
	  0,
	  0,
	  0,
	  { EZLB_TUNNEL_GRE, 0, EZLB_TUNNEL_CSUM },
	  1 },
};

static void check_tunnel(struct nlattr *const *attrs, const struct ezlb_tunnel *want, int flags)
{
	if (flags < 0) {
		assert_null(attrs[IPVS_DEST_ATTR_TUN_TYPE]);
		return;
	}
	assert_int_equal(nla_get_u8(attrs[IPVS_DEST_ATTR_TUN_TYPE]), want->type);
	assert_int_equal(nla_get_u16(attrs[IPVS_DEST_ATTR_TUN_PORT]), htons(want->port));
	assert_int_equal(nla_get_u16(attrs[IPVS_DEST_ATTR_TUN_FLAGS]), flags);
}

static void test_dest_ops(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(dest_ops) * COUNT_OF(dest_rows); i++) {
		size_t o = i / COUNT_OF(dest_rows), r = i % COUNT_OF(dest_rows);
		struct ezlb_op op = { .kind = dest_ops[o].kind };
		struct written w = { .has_dest = false };

		op.dest = dest(dest_rows[r].listen, dest_rows[r].backend);
		op.dest.forward = dest_rows[r].forward;
		op.dest.weight = dest_rows[r].weight;
		op.dest.upper = dest_rows[r].upper;
		op.dest.lower = dest_rows[r].lower;
		op.dest.tunnel = dest_rows[r].tunnel;
		ezlb_ipvs_put_op(&w.buf, FAMILY, &op);
		parse(&w, 0, dest_ops[o].cmd, NLM_F_REQUEST);
		check_key(&w, &op.dest.service, 6);
		assert_null(w.service[IPVS_SVC_ATTR_FLAGS]);
		assert_true(w.has_dest);
		assert_int_equal(nla_len(w.dest[IPVS_DEST_ATTR_ADDR]), 16);
		assert_memory_equal(nla_data(w.dest[IPVS_DEST_ATTR_ADDR]),
				    op.dest.endpoint.addr.bytes, 16);
		assert_int_equal(nla_get_u16(w.dest[IPVS_DEST_ATTR_PORT]),
				 htons(op.dest.endpoint.port));
		assert_int_equal(nla_get_u16(w.dest[IPVS_DEST_ATTR_ADDR_FAMILY]),
				 op.dest.endpoint.addr.family);
		if (op.kind == EZLB_OP_DEST_DEL) {
			assert_null(w.dest[IPVS_DEST_ATTR_WEIGHT]);
			ezlb_nl_buf_clear(&w.buf);
			continue;
		}
		assert_int_equal(nla_get_u32(w.dest[IPVS_DEST_ATTR_FWD_METHOD]),
				 dest_rows[r].method);
		assert_int_equal(nla_get_u32(w.dest[IPVS_DEST_ATTR_WEIGHT]), dest_rows[r].weight);
		assert_int_equal(nla_get_u32(w.dest[IPVS_DEST_ATTR_U_THRESH]), dest_rows[r].upper);
		assert_int_equal(nla_get_u32(w.dest[IPVS_DEST_ATTR_L_THRESH]), dest_rows[r].lower);
		check_tunnel(w.dest, &dest_rows[r].tunnel, dest_rows[r].tunnel_flags);
		ezlb_nl_buf_clear(&w.buf);
	}
}

static void test_timeout_ops(void **state)
{
	static const struct {
		enum ezlb_timeout timeout;
		int attr;
	} rows[] = { { EZLB_TIMEOUT_TCP, IPVS_CMD_ATTR_TIMEOUT_TCP },
		     { EZLB_TIMEOUT_TCPFIN, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN },
		     { EZLB_TIMEOUT_UDP, IPVS_CMD_ATTR_TIMEOUT_UDP } };

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
		struct ezlb_op op = { .kind = i % 2 ? EZLB_OP_TIMEOUT_RESET : EZLB_OP_TIMEOUT_SET,
				      .timeout = { rows[i / 2].timeout, 77 } };
		struct nlattr *top[IPVS_CMD_ATTR_MAX + 1];
		struct ezlb_nl_buf buf = { 0 };
		struct nlmsghdr *nlh;

		ezlb_ipvs_put_op(&buf, FAMILY, &op);
		nlh = (struct nlmsghdr *)(void *)buf.items;
		assert_int_equal(buf.items[NLMSG_HDRLEN], IPVS_CMD_SET_CONFIG);
		assert_int_equal(genlmsg_parse(nlh, 0, top, IPVS_CMD_ATTR_MAX, NULL), 0);
		/* The others are not named, so they keep their values. */
		for (int attr = 1; attr <= IPVS_CMD_ATTR_MAX; attr++)
			if (attr == rows[i / 2].attr)
				assert_int_equal(nla_get_u32(top[attr]), 77);
			else
				assert_null(top[attr]);
		ezlb_nl_buf_clear(&buf);
	}
}

static void test_questions(void **state)
{
	struct ezlb_service_key of = key(EZLB_UDP, "10.0.0.1:53");
	struct written w = { .has_dest = true };
	const size_t bare = NLMSG_HDRLEN + GENL_HDRLEN;
	struct nlmsghdr nlh;
	size_t from;

	(void)state;
	ezlb_ipvs_put_get_services(&w.buf, FAMILY);
	assert_int_equal(w.buf.len, bare);
	memcpy(&nlh, w.buf.items, sizeof(nlh));
	assert_int_equal(nlh.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(w.buf.items[NLMSG_HDRLEN], IPVS_CMD_GET_SERVICE);

	/* Appended, not written over. */
	ezlb_ipvs_put_get_info(&w.buf, FAMILY);
	assert_int_equal(w.buf.len, 2 * bare);
	memcpy(&nlh, w.buf.items + bare, sizeof(nlh));
	assert_int_equal(nlh.nlmsg_len, bare);
	assert_int_equal(nlh.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(w.buf.items[bare + NLMSG_HDRLEN], IPVS_CMD_GET_INFO);

	from = w.buf.len;
	ezlb_ipvs_put_get_dests(&w.buf, FAMILY, &of);
	parse(&w, from, IPVS_CMD_GET_DEST, NLM_F_REQUEST | NLM_F_DUMP);
	check_key(&w, &of, 17);
	assert_false(w.has_dest);

	from = w.buf.len;
	ezlb_ipvs_put_get_service(&w.buf, FAMILY, &of);
	parse(&w, from, IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
	check_key(&w, &of, 17);
	assert_false(w.has_dest);
	ezlb_nl_buf_clear(&w.buf);
}

/* --- reading ------------------------------------------------------------------------------- */

static void test_read_service(void **state)
{
	struct ezlb_service_row rows[] = { service("10.0.0.1:80"), service("[fd00::1]:443") };

	(void)state;
	rows[1].key.proto = EZLB_UDP;
	rows[1].flags = IP_VS_SVC_F_PERSISTENT;
	rows[1].timeout = 300;
	rows[1].netmask = 64;
	ezlb_strcpy(rows[1].engine, sizeof(rows[1].engine), "sip");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes b = { .len = 0 };
		struct ezlb_service_row got;

		add_service(&b, 1, &rows[i], 0, 0);
		assert_int_equal(ezlb_ipvs_get_service(b.data, b.len, &got), 0);
		assert_int_equal(ezlb_service_row_cmp(&got, &rows[i]), 0);
		assert_true(ezlb_service_row_same(&got, &rows[i]));
	}
}

/* Read as it is written: in place of protocol and listener, for either family. */
static void test_marks(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		struct ezlb_op op = { .kind = EZLB_OP_SERVICE_ADD };
		struct written w = { .has_dest = false };
		struct bytes b = { .len = 0 };
		struct ezlb_service_row got;

		op.service.key.fwmark = 0x80000007;
		op.service.key.listen.addr.family = six ? AF_INET6 : AF_INET;
		ezlb_strcpy(op.service.scheduler, sizeof(op.service.scheduler), "rr");
		ezlb_ipvs_put_op(&w.buf, FAMILY, &op);
		parse(&w, 0, IPVS_CMD_NEW_SERVICE, NLM_F_REQUEST);
		check_key(&w, &op.service.key, 0);
		ezlb_nl_buf_clear(&w.buf);
		op.kind = EZLB_OP_DEST_DEL;
		op.dest = dest("10.0.0.1:80", "192.168.10.11:8080");
		op.dest.service = (struct ezlb_service_key){ .fwmark = 7,
							     .listen.addr.family = six ? AF_INET6
										       : AF_INET };
		ezlb_ipvs_put_op(&w.buf, FAMILY, &op);
		parse(&w, 0, IPVS_CMD_DEL_DEST, NLM_F_REQUEST);
		check_key(&w, &op.dest.service, 0);
		ezlb_nl_buf_clear(&w.buf);
		got = service(six ? "[fd00::1]:80" : "10.0.0.1:80");
		add_service(&b, 1, &got, 7, 0);
		assert_int_equal(ezlb_ipvs_get_service(b.data, b.len, &got), 0);
		assert_int_equal(ezlb_service_key_cmp(&got.key, &op.dest.service), 0);
	}
}

static void test_foreign_service(void **state)
{
	struct ezlb_service_row row = service("10.0.0.1:80"), got;
	struct bytes esp = { .len = 0 };

	(void)state;
	add_service(&esp, 1, &row, 0, 50);
	assert_int_equal(ezlb_ipvs_get_service(esp.data, esp.len, &got), -EPROTONOSUPPORT);
}

static const struct {
	const char *name;
	const char *listen, *backend;
	uint32_t method;
	uint16_t af;
	enum ezlb_forward want;
} read_dests[] = {
	{ "masq", "10.0.0.1:80", "192.168.10.11:80", 0, AF_INET, EZLB_MASQ },
	{ "direct", "[fd00::1]:80", "[fd00:192::11]:80", 3, AF_INET6, EZLB_DIRECT },
	{ "other family", "10.0.0.1:80", "[fd00:192::11]:80", 2, AF_INET6, EZLB_TUNNEL },
	{ "old kernel", "10.0.0.1:80", "192.168.10.11:80", 0, 0, EZLB_MASQ },
	{ "old kernel, v6", "[fd00::1]:80", "[fd00:192::11]:80", 0, 0, EZLB_MASQ },
	{ "flags above the method", "10.0.0.1:80", "1.2.3.4:5", 0x102, AF_INET, EZLB_TUNNEL },
	{ "local node", "10.0.0.1:80", "1.2.3.4:5", 1, AF_INET, EZLB_DIRECT },
	{ "bypass", "10.0.0.1:80", "1.2.3.4:5", 4, AF_INET, EZLB_DIRECT },
};

static void test_read_dest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(read_dests); i++) {
		struct ezlb_dest_row want = dest(read_dests[i].listen, read_dests[i].backend);
		struct bytes b = { .len = 0 };
		struct ezlb_dest_row got;

		print_message("%s\n", read_dests[i].name);
		want.forward = read_dests[i].want;
		want.weight = 65535;
		want.upper = 9;
		want.lower = 8;
		add_dest(&b, 1, &want, read_dests[i].method, read_dests[i].af);
		assert_int_equal(ezlb_ipvs_get_dest(b.data, b.len, &want.service, &got), 0);
		assert_int_equal(ezlb_dest_row_cmp(&got, &want), 0);
		assert_true(ezlb_dest_row_same(&got, &want));
		assert_int_equal(got.active, 7);
		assert_false(got.full_nat);
		assert_false(ezlb_ipvs_has_tunnels(b.data, b.len));
	}
}

static const struct {
	uint32_t method;
	int type, flags;
	struct ezlb_tunnel want;
} read_tunnels[] = {
	{ 2, 0, 0, { EZLB_TUNNEL_IPIP, 6080, EZLB_TUNNEL_NOCSUM } },
	{ 2, 1, 0, { EZLB_TUNNEL_GUE, 6080, EZLB_TUNNEL_NOCSUM } },
	{ 2, 1, 2, { EZLB_TUNNEL_GUE, 6080, EZLB_TUNNEL_REMCSUM } },
	{ 2, 2, 1, { EZLB_TUNNEL_GRE, 6080, EZLB_TUNNEL_CSUM } },
	{ 2, 9, 0, { EZLB_TUNNEL_IPIP, 6080, EZLB_TUNNEL_NOCSUM } }, /* as the kernel treats it */
	{ 0, 1, 1, { EZLB_TUNNEL_IPIP, 0, EZLB_TUNNEL_NOCSUM } },    /* no tunnel at all */
};

static void test_read_tunnel(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(read_tunnels); i++) {
		struct ezlb_dest_row row = dest("10.0.0.1:80", "1.2.3.4:5"), got;
		struct bytes b = { .len = 0 };

		row.tunnel.type = (enum ezlb_tunnel_type)read_tunnels[i].type;
		row.tunnel.port = 6080;
		add_tunnel_dest(&b, 1, &row, read_tunnels[i].method, AF_INET,
				read_tunnels[i].flags);
		assert_int_equal(ezlb_ipvs_get_dest(b.data, b.len, &row.service, &got), 0);
		assert_int_equal(got.tunnel.type, read_tunnels[i].want.type);
		assert_int_equal(got.tunnel.port, read_tunnels[i].want.port);
		assert_int_equal(got.tunnel.checksum, read_tunnels[i].want.checksum);
		assert_true(ezlb_ipvs_has_tunnels(b.data, b.len));
	}
}

/* --- hostile replies ----------------------------------------------------------------------- */

static int read_service(const unsigned char *msg, size_t len)
{
	struct ezlb_service_row row;

	return ezlb_ipvs_get_service(msg, len, &row);
}

static int read_dest(const unsigned char *msg, size_t len)
{
	const struct ezlb_service_key of = { .listen.addr.family = AF_INET };
	struct ezlb_dest_row row;

	return ezlb_ipvs_get_dest(msg, len, &of, &row);
}

/* A copy of exactly the size, so that the sanitizer sees the first byte read beyond it. */
static int read_copy(int (*read)(const unsigned char *, size_t), const unsigned char *msg,
		     size_t len)
{
	unsigned char *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, msg, len);
	rc = read(copy, len);
	free(copy);
	return rc;
}

/* A number at `offset` in the message, of 2 or 4 bytes. */
static void poke(struct bytes *b, size_t offset, uint32_t value, size_t size)
{
	uint16_t small = (uint16_t)value;

	memcpy(b->data + offset, size == 2 ? (void *)&small : (void *)&value, size);
}

static void both_messages(struct bytes out[2])
{
	struct ezlb_service_row s = service("10.0.0.1:80");
	struct ezlb_dest_row d = dest("10.0.0.1:80", "192.168.10.11:80");

	out[0].len = out[1].len = 0;
	add_service(&out[0], 1, &s, 0, 0);
	add_dest(&out[1], 1, &d, 0, AF_INET);
}

static int (*const readers[2])(const unsigned char *, size_t) = { read_service, read_dest };

static void test_truncated(void **state)
{
	struct bytes b[2];

	(void)state;
	both_messages(b);
	for (int i = 0; i < 2; i++) {
		const size_t whole = b[i].len;

		assert_int_equal(read_copy(readers[i], b[i].data, whole), 0);
		for (size_t len = 0; len < whole; len++)
			assert_int_equal(read_copy(readers[i], b[i].data, len), -EBADMSG);
		/* The same where the header admits to the cut, and where it and the nest do. */
		for (size_t len = NLMSG_HDRLEN; len < whole; len++) {
			poke(&b[i], 0, (uint32_t)len, 4);
			assert_int_equal(read_copy(readers[i], b[i].data, len), -EBADMSG);
			if (len < NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN)
				continue;
			poke(&b[i], NLMSG_HDRLEN + GENL_HDRLEN,
			     (uint32_t)len - NLMSG_HDRLEN - GENL_HDRLEN, 2);
			/* All that follows the last attribute of need may be missing. */
			if (read_copy(readers[i], b[i].data, len) == 0)
				assert_int_equal(i, 1);
			poke(&b[i], NLMSG_HDRLEN + GENL_HDRLEN,
			     (uint32_t)whole - NLMSG_HDRLEN - GENL_HDRLEN, 2);
		}
	}
}

/* Every attribute in turn given every length: refused or read, never beyond the end. */
static void test_lying_lengths(void **state)
{
	struct bytes b[2];
	int refused = 0;

	(void)state;
	both_messages(b);
	for (int i = 0; i < 2; i++) {
		for (size_t at = NLMSG_HDRLEN + GENL_HDRLEN; at + 2 <= b[i].len; at += 4) {
			uint16_t was;

			memcpy(&was, b[i].data + at, sizeof(was));
			for (uint32_t lie = 0; lie < 400; lie++) {
				poke(&b[i], at, lie, 2);
				refused += read_copy(readers[i], b[i].data, b[i].len) == -EBADMSG;
			}
			poke(&b[i], at, was, 2);
		}
		assert_int_equal(read_copy(readers[i], b[i].data, b[i].len), 0);
	}
	assert_true(refused > 1000);
}

static const struct {
	const char *name;
	int attr;
	const char *data;
	size_t len;
} bad_attrs[] = {
	{ "no family that we know", IPVS_SVC_ATTR_AF, "\x07\x00", 2 },
	{ "long family", IPVS_SVC_ATTR_AF, "\x02\x00\x00\x00", 4 },
	{ "short address", IPVS_SVC_ATTR_ADDR, "\x0a\x00\x00\x01", 4 },
	{ "long port", IPVS_SVC_ATTR_PORT, "\x00\x50\x00\x00", 4 },
	{ "empty scheduler", IPVS_SVC_ATTR_SCHED_NAME, "", 1 },
	{ "long scheduler", IPVS_SVC_ATTR_SCHED_NAME, "sixteen_letters_", 17 },
	{ "flags without mask", IPVS_SVC_ATTR_FLAGS, "\x00\x00\x00\x00", 4 },
	{ "empty engine", IPVS_SVC_ATTR_PE_NAME, "", 1 },
	{ "long engine", IPVS_SVC_ATTR_PE_NAME, "sixteen_letters_", 17 },
	{ "short timeout", IPVS_SVC_ATTR_TIMEOUT, "\x00\x00", 2 },
	{ "long netmask", IPVS_SVC_ATTR_NETMASK, "\xff\xff\xff\xff\xff\xff\xff\xff", 8 },
};

/* The last of two attributes of one type counts. */
static void test_bad_attrs(void **state)
{
	const size_t nest = NLMSG_HDRLEN + GENL_HDRLEN;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_attrs); i++) {
		struct bytes b[2];

		print_message("%s\n", bad_attrs[i].name);
		both_messages(b);
		add_attr(&b[0], bad_attrs[i].attr, bad_attrs[i].data, bad_attrs[i].len);
		end_nest(&b[0], nest);
		end_msg(&b[0], 0);
		assert_int_equal(read_copy(read_service, b[0].data, b[0].len), -EBADMSG);
	}
}

/* A newer kernel's attributes are passed over; a nest may carry the flag that says so. */
static void test_newer_kernel(void **state)
{
	const size_t nest = NLMSG_HDRLEN + GENL_HDRLEN;
	struct bytes b[2];

	(void)state;
	both_messages(b);
	add_u32(&b[0], IPVS_SVC_ATTR_MAX + 1, 1);
	add_u32(&b[0], 0x3fff, 1);
	end_nest(&b[0], nest);
	end_msg(&b[0], 0);
	poke(&b[0], nest + 2, IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED, 2);
	assert_int_equal(read_copy(read_service, b[0].data, b[0].len), 0);
}

static void test_garbage(void **state)
{
	(void)state;
	srand(20261122);
	for (int round = 0; round < 200000; round++) {
		struct bytes b[2];
		int i = round % 2;

		both_messages(b);
		if (round % 4 < 2) {
			for (size_t at = 0; at < b[i].len; at++)
				b[i].data[at] = (unsigned char)rand();
			poke(&b[i], 0, (uint32_t)b[i].len, 4);
		} else {
			for (int flips = rand() % 8; flips >= 0; flips--)
				b[i].data[(size_t)rand() % b[i].len] = (unsigned char)rand();
		}
		(void)read_copy(readers[i], b[i].data, b[i].len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service_ops),   cmocka_unit_test(test_dest_ops),
		cmocka_unit_test(test_questions),     cmocka_unit_test(test_read_service),
		cmocka_unit_test(test_marks),	      cmocka_unit_test(test_foreign_service),
		cmocka_unit_test(test_read_dest),     cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_lying_lengths), cmocka_unit_test(test_bad_attrs),
		cmocka_unit_test(test_newer_kernel),  cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_read_tunnel),   cmocka_unit_test(test_timeout_ops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
