// SPDX-License-Identifier: GPL-2.0-or-later
#include "entries.h"

static union message buf;

/* The request's only message goes into buf. */
static void take(struct ezlb_nl_buf *request)
{
	assert_true(request->len <= sizeof(buf));
	memset(&buf, 0, sizeof(buf));
	memcpy(&buf, request->items, request->len);
	assert_int_equal(MNL_ALIGN(buf.msg.nlmsg_len), request->len);
	ezlb_nl_buf_clear(request);
}

/* An attribute of the message itself, or of one of its attributes. */
static const struct nlattr *find(const struct nlattr *in, uint16_t type)
{
	const void *start = in ? mnl_attr_get_payload(in)
			       : mnl_nlmsg_get_payload_offset(&buf.msg, sizeof(struct nfgenmsg));
	size_t len = in ? mnl_attr_get_payload_len(in)
			: mnl_nlmsg_get_payload_len(&buf.msg) - sizeof(struct nfgenmsg);
	const struct nlattr *attr = start;

	while (mnl_attr_ok(attr, (int)((const char *)start + len - (const char *)attr))) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
		attr = mnl_attr_next(attr);
	}
	return NULL;
}

static void same_entry(const struct ezlb_ct_entry *a, const struct ezlb_ct_entry *b)
{
	assert_int_equal(a->proto, b->proto);
	assert_int_equal(ezlb_endpoint_cmp(&a->client, &b->client), 0);
	assert_int_equal(ezlb_endpoint_cmp(&a->listen, &b->listen), 0);
	assert_int_equal(ezlb_endpoint_cmp(&a->backend, &b->backend), 0);
	assert_int_equal(a->zone, b->zone);
	assert_int_equal(a->id, b->id);
}

static void test_read(void **state)
{
	struct ezlb_ct_entry cases[] = {
		entry(EZLB_UDP, "172.16.0.2:1001", "10.0.0.1:53", "192.168.10.11:5353", 7),
		entry(EZLB_TCP, "[fd00::9]:1001", "[fd00::1]:80", "[fd01::2]:8080", 0xfffffff0),
		entry(EZLB_SCTP, "172.16.0.2:1", "10.0.0.1:2", "192.168.10.11:3", 9),
	};

	(void)state;
	cases[2].zone = 12;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_ct_entry got;

		entry_message(&buf, &cases[i], 0);
		assert_true(ezlb_ct_read(&buf.msg, &got));
		same_entry(&got, &cases[i]);
	}
}

static void test_read_of_no_use(void **state)
{
	struct ezlb_ct_entry e = entry(EZLB_UDP, "172.16.0.2:1001", "10.0.0.1:53",
				       "192.168.10.11:53", 7);
	struct ezlb_ct_entry got;

	(void)state;
	entry_message(&buf, &e, IPPROTO_GRE);
	assert_false(ezlb_ct_read(&buf.msg, &got));
	entry_message(&buf, &e, IPPROTO_ICMP);
	assert_false(ezlb_ct_read(&buf.msg, &got));
	entry_message(&buf, &e, 0);
	buf.msg.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	assert_false(ezlb_ct_read(&buf.msg, &got));
	entry_message(&buf, &e, 0);
	buf.msg.nlmsg_len = NLMSG_HDRLEN;
	assert_false(ezlb_ct_read(&buf.msg, &got));
	buf.msg.nlmsg_len = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	assert_false(ezlb_ct_read(&buf.msg, &got));
	e.id = 0; /* leaves it out */
	entry_message(&buf, &e, 0);
	assert_false(ezlb_ct_read(&buf.msg, &got));
}

/* However the kernel's message is cut: no entry that is half of one, no step over its end. */
static void test_read_cut(void **state)
{
	struct ezlb_ct_entry e = entry(EZLB_UDP, "172.16.0.2:1001", "10.0.0.1:53",
				       "192.168.10.11:53", 7);
	uint32_t whole;

	(void)state;
	entry_message(&buf, &e, 0);
	whole = buf.msg.nlmsg_len;
	for (uint32_t len = NLMSG_HDRLEN; len < whole; len++) {
		EZLB_AUTO_FREE struct nlmsghdr *cut = ezlb_calloc(1, len);
		struct ezlb_ct_entry got;

		memcpy(cut, buf.bytes, len);
		cut->nlmsg_len = len;
		assert_false(ezlb_ct_read(cut, &got));
	}
}

/* What a request names, with the direction of the answers, which it lacks. */
static void read_back(const struct ezlb_ct_entry *want, struct ezlb_ct_entry *out)
{
	struct nf_conntrack *ct = nfct_new();
	uint32_t id = mnl_attr_get_u32(find(NULL, CTA_ID));

	assert_true(nfct_nlmsg_parse(&buf.msg, ct) >= 0);
	entry_set(ct, true, &want->backend, &want->client);
	nfct_set_attr_u8(ct, ATTR_REPL_L4PROTO, nfct_get_attr_u8(ct, ATTR_ORIG_L4PROTO));
	buf.msg.nlmsg_len = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	buf.msg.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	assert_int_equal(nfct_nlmsg_build(&buf.msg, ct), 0);
	mnl_attr_put_u32(&buf.msg, CTA_ID, id);
	assert_true(ezlb_ct_read(&buf.msg, out));
	nfct_destroy(ct);
}

static void test_delete(void **state)
{
	struct ezlb_ct_entry cases[] = {
		entry(EZLB_UDP, "172.16.0.2:1001", "10.0.0.1:53", "192.168.10.11:5353", 0x01020304),
		entry(EZLB_TCP, "[fd00::9]:1001", "[fd00::1]:80", "[fd01::2]:8080", 5),
	};

	(void)state;
	cases[1].zone = 3;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_ct_entry got, *want = &cases[i];
		struct ezlb_nl_buf request = { .items = NULL };

		ezlb_ct_put_delete(&request, want);
		take(&request);
		assert_int_equal(buf.msg.nlmsg_type,
				 NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
		assert_int_equal(buf.msg.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
		/* Without it the kernel would empty its table. */
		assert_non_null(find(NULL, CTA_TUPLE_ORIG));
		assert_null(find(NULL, CTA_TUPLE_REPLY));
		assert_int_equal(ntohl(mnl_attr_get_u32(find(NULL, CTA_ID))), want->id);
		read_back(want, &got);
		same_entry(&got, want);
	}
}

static void test_dump(void **state)
{
	static const struct {
		const char *name, *listen;
		bool proto, addr, port, narrow;
		uint32_t want; /* CTA_FILTER_ORIG_FLAGS, 0: no filter */
	} cases[] = {
		{ "all in common", "10.0.0.1:53", true, true, true, true, 0x2a },
		{ "not wanted", "10.0.0.1:53", true, true, true, false, 0 },
		{ "no protocol, so no port", "10.0.0.1:53", false, true, true, true, 0x02 },
		{ "no address", "10.0.0.1:53", true, false, true, true, 0x28 },
		{ "protocol alone", "10.0.0.1:53", true, false, false, true, 0x08 },
		{ "nothing but a port", "10.0.0.1:53", false, false, true, true, 0 },
		{ "IPv6 has no address", "[fd00::1]:53", true, true, true, true, 0x28 },
		{ "nothing of IPv6", "[fd00::1]:53", false, true, false, true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_flow like = flow(EZLB_UDP, cases[i].listen, NULL);
		struct ezlb_ct_filter filter = { .family = like.listen.addr.family,
						 .proto = cases[i].proto,
						 .addr = cases[i].addr,
						 .port = cases[i].port,
						 .like = like };
		const struct ezlb_connection_select select = ezlb_ct_filter_select(&filter);
		struct ezlb_nl_buf request = { .items = NULL };
		const struct nlattr *tuple, *nest, *flags;

		print_message("%s\n", cases[i].name);
		ezlb_ct_put_dump(&request, filter.family, cases[i].narrow ? &select : NULL);
		take(&request);
		assert_int_equal(buf.msg.nlmsg_type,
				 NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET);
		assert_int_equal(buf.msg.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
		assert_int_equal(buf.bytes[NLMSG_HDRLEN], filter.family);
		tuple = find(NULL, CTA_TUPLE_ORIG);
		nest = find(NULL, CTA_FILTER);
		assert_int_equal(tuple != NULL, cases[i].want != 0);
		assert_int_equal(nest != NULL, cases[i].want != 0);
		if (!nest)
			continue;
		flags = find(nest, CTA_FILTER_ORIG_FLAGS);
		assert_int_equal(mnl_attr_get_u32(flags), cases[i].want);
		nest = find(tuple, CTA_TUPLE_IP);
		assert_int_equal(nest != NULL, (cases[i].want & 0x02) != 0);
		if (nest)
			assert_memory_equal(mnl_attr_get_payload(find(nest, CTA_IP_V4_DST)),
					    like.listen.addr.bytes, 4);
		nest = find(tuple, CTA_TUPLE_PROTO);
		assert_int_equal(nest != NULL, (cases[i].want & 0x08) != 0);
		if (!nest)
			continue;
		assert_int_equal(mnl_attr_get_u8(find(nest, CTA_PROTO_NUM)), IPPROTO_UDP);
		flags = find(nest, CTA_PROTO_DST_PORT);
		assert_int_equal(flags != NULL, (cases[i].want & 0x20) != 0);
		if (flags)
			assert_int_equal(ntohs(mnl_attr_get_u16(flags)), 53);
	}
}

/* The direction of the answers: what `who` and the backends of `connections` ask for. */
static void test_dump_of_answers(void **state)
{
	const struct ezlb_connection_select select = { .has_proto = true,
						       .proto = EZLB_UDP,
						       .client = endpoint("172.16.0.2:7"),
						       .backend = endpoint("192.168.10.11:53"),
						       .source = endpoint("10.0.0.3:40001") };
	struct ezlb_nl_buf request = { .items = NULL };
	const struct nlattr *tuple, *nest;

	(void)state;
	ezlb_ct_put_dump(&request, AF_INET, &select);
	take(&request);
	nest = find(NULL, CTA_FILTER);
	assert_int_equal(mnl_attr_get_u32(find(nest, CTA_FILTER_ORIG_FLAGS)), 0x19);
	assert_int_equal(mnl_attr_get_u32(find(nest, CTA_FILTER_REPLY_FLAGS)), 0x3b);
	tuple = find(NULL, CTA_TUPLE_ORIG);
	assert_memory_equal(mnl_attr_get_payload(find(find(tuple, CTA_TUPLE_IP), CTA_IP_V4_SRC)),
			    select.client.addr.bytes, 4);
	assert_int_equal(mnl_attr_get_u16(find(find(tuple, CTA_TUPLE_PROTO), CTA_PROTO_SRC_PORT)),
			 htons(7));
	tuple = find(NULL, CTA_TUPLE_REPLY);
	nest = find(tuple, CTA_TUPLE_IP);
	assert_memory_equal(mnl_attr_get_payload(find(nest, CTA_IP_V4_SRC)),
			    select.backend.addr.bytes, 4);
	assert_memory_equal(mnl_attr_get_payload(find(nest, CTA_IP_V4_DST)),
			    select.source.addr.bytes, 4);
	nest = find(tuple, CTA_TUPLE_PROTO);
	assert_int_equal(mnl_attr_get_u8(find(nest, CTA_PROTO_NUM)), IPPROTO_UDP);
	assert_int_equal(mnl_attr_get_u16(find(nest, CTA_PROTO_SRC_PORT)), htons(53));
	assert_int_equal(mnl_attr_get_u16(find(nest, CTA_PROTO_DST_PORT)), htons(40001));
}

/* IPv6 addresses are compared wrongly by the kernel, so the filter does not have them. */
static void test_backend_dump(void **state)
{
	static const struct {
		const char *backend;
		bool narrow;
		uint32_t same; /* 0: no filter */
	} cases[] = {
		{ "192.168.10.11:5353", true, 1 << 0 | 1 << 3 | 1 << 4 },
		{ "192.168.10.11:5353", false, 0 },
		{ "[fd01::2]:5353", true, 1 << 3 | 1 << 4 },
		{ NULL, true, 1 << 0 | 1 << 3 }, /* any port */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_endpoint backend = endpoint(cases[i].backend ? cases[i].backend
									 : "192.168.10.11:1");
		struct ezlb_nl_buf request = { .items = NULL };
		const struct nlattr *tuple, *ip;

		if (!cases[i].backend)
			backend.port = 0;
		ezlb_ct_put_backend_dump(&request, EZLB_UDP, &backend, cases[i].narrow);
		take(&request);
		assert_int_equal(buf.msg.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
		tuple = find(NULL, CTA_TUPLE_REPLY);
		assert_true((tuple != NULL) == cases[i].narrow);
		if (!tuple)
			continue;
		assert_int_equal(
			mnl_attr_get_u32(find(find(NULL, CTA_FILTER), CTA_FILTER_REPLY_FLAGS)),
			cases[i].same);
		ip = find(tuple, CTA_TUPLE_IP);
		assert_true((ip != NULL) == ((cases[i].same & 1) != 0));
		if (ip)
			assert_memory_equal(mnl_attr_get_payload(find(ip, CTA_IP_V4_SRC)),
					    backend.addr.bytes, 4);
		tuple = find(tuple, CTA_TUPLE_PROTO);
		assert_int_equal(mnl_attr_get_u8(find(tuple, CTA_PROTO_NUM)), IPPROTO_UDP);
		if (cases[i].same & 1 << 4)
			assert_int_equal(mnl_attr_get_u16(find(tuple, CTA_PROTO_SRC_PORT)),
					 htons(5353));
		else
			assert_null(find(tuple, CTA_PROTO_SRC_PORT));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),	     cmocka_unit_test(test_read_of_no_use),
		cmocka_unit_test(test_read_cut),     cmocka_unit_test(test_delete),
		cmocka_unit_test(test_dump),	     cmocka_unit_test(test_dump_of_answers),
		cmocka_unit_test(test_backend_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
