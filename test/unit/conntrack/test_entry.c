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
	struct ezlb_nl_buf request = { .items = NULL };

	(void)state;
	ezlb_ct_put_dump(&request);
	take(&request);
	assert_int_equal(buf.msg.nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET);
	assert_int_equal(buf.msg.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(buf.bytes[NLMSG_HDRLEN], AF_UNSPEC);
	assert_int_equal(buf.msg.nlmsg_len, NLMSG_HDRLEN + sizeof(struct nfgenmsg));
}

static void test_get(void **state)
{
	static const struct {
		const char *backend, *source;
		enum ezlb_proto proto;
		uint8_t number, family;
		uint16_t src, dst, len;
	} cases[] = {
		{ "192.168.10.11:53", "10.0.0.3:40001", EZLB_UDP, IPPROTO_UDP, AF_INET,
		  CTA_IP_V4_SRC, CTA_IP_V4_DST, 4 },
		{ "[fd01::2]:80", "[fd00::3]:2", EZLB_SCTP, IPPROTO_SCTP, AF_INET6, CTA_IP_V6_SRC,
		  CTA_IP_V6_DST, 16 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct ezlb_connection_answer answer = { cases[i].proto,
							       endpoint(cases[i].backend),
							       endpoint(cases[i].source) };
		struct ezlb_nl_buf request = { .items = NULL };
		const struct nlattr *tuple, *nest, *attr;

		ezlb_ct_put_get(&request, &answer);
		take(&request);
		assert_int_equal(buf.msg.nlmsg_type,
				 NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET);
		assert_int_equal(buf.msg.nlmsg_flags, NLM_F_REQUEST);
		assert_int_equal(buf.bytes[NLMSG_HDRLEN], cases[i].family);
		assert_null(find(NULL, CTA_TUPLE_ORIG));
		tuple = find(NULL, CTA_TUPLE_REPLY);
		nest = find(tuple, CTA_TUPLE_IP);
		attr = find(nest, cases[i].src);
		assert_int_equal(mnl_attr_get_payload_len(attr), cases[i].len);
		assert_memory_equal(mnl_attr_get_payload(attr), answer.backend.addr.bytes,
				    cases[i].len);
		assert_memory_equal(mnl_attr_get_payload(find(nest, cases[i].dst)),
				    answer.source.addr.bytes, cases[i].len);
		nest = find(tuple, CTA_TUPLE_PROTO);
		assert_int_equal(mnl_attr_get_u8(find(nest, CTA_PROTO_NUM)), cases[i].number);
		assert_int_equal(mnl_attr_get_u16(find(nest, CTA_PROTO_SRC_PORT)),
				 htons(answer.backend.port));
		assert_int_equal(mnl_attr_get_u16(find(nest, CTA_PROTO_DST_PORT)),
				 htons(answer.source.port));
	}
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
		cmocka_unit_test(test_dump),	     cmocka_unit_test(test_get),
		cmocka_unit_test(test_backend_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
