// SPDX-License-Identifier: GPL-2.0-or-later
#include "entries.h"

#include <endian.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack_sctp.h>

#include <ezlb/conntrack.h>

static struct nf_conntrack *ct;

static int setup(void **state)
{
	(void)state;
	ct = nfct_new();
	assert_non_null(ct);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nfct_destroy(ct);
	return 0;
}

static void tuples(const char *client, const char *listen, const char *backend, const char *source,
		   uint8_t proto)
{
	const struct ezlb_endpoint c = endpoint(client), l = endpoint(listen),
				   b = endpoint(backend), s = endpoint(source);

	entry_set(ct, false, &c, &l);
	entry_set(ct, true, &b, &s);
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, proto);
	nfct_set_attr_u8(ct, ATTR_REPL_L4PROTO, proto);
}

static void is(const struct ezlb_endpoint *got, const char *want)
{
	char text[EZLB_ENDPOINT_STRLEN];

	assert_string_equal(ezlb_endpoint_format(got, text), want);
}

static void put(struct nlmsghdr *msg, uint16_t nest, uint16_t a, uint64_t first, uint16_t b,
		uint64_t second)
{
	struct nlattr *attr = mnl_attr_nest_start(msg, nest);

	mnl_attr_put_u64(msg, a, htobe64(first));
	mnl_attr_put_u64(msg, b, htobe64(second));
	mnl_attr_nest_end(msg, attr);
}

/* The library sets counters and times from the kernel's messages only. */
static void add_counts(void)
{
	union message buf = { .msg = { .nlmsg_len = 0 } };

	mnl_nlmsg_put_header(&buf.msg);
	buf.msg.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	mnl_nlmsg_put_extra_header(&buf.msg, sizeof(struct nfgenmsg));
	put(&buf.msg, CTA_COUNTERS_ORIG, CTA_COUNTERS_BYTES, 1, CTA_COUNTERS_PACKETS, 2);
	put(&buf.msg, CTA_COUNTERS_REPLY, CTA_COUNTERS_BYTES, 3, CTA_COUNTERS_PACKETS, 4);
	put(&buf.msg, CTA_TIMESTAMP, CTA_TIMESTAMP_START, UINT64_C(1700000000123456789),
	    CTA_TIMESTAMP_STOP, UINT64_C(1700000001000000000));
	assert_true(nfct_nlmsg_parse(&buf.msg, ct) >= 0);
}

static void test_all(void **state)
{
	struct ezlb_connection c;

	(void)state;
	tuples("1.1.1.1:9", "10.0.0.1:80", "1.0.0.2:8080", "10.0.0.3:5", IPPROTO_TCP);
	nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 119);
	nfct_set_attr_u32(ct, ATTR_MARK, 7);
	nfct_set_attr_u32(ct, ATTR_ID, 8);
	nfct_set_attr_u16(ct, ATTR_ZONE, 9);
	add_counts();
	assert_true(ezlb_conntrack_connection(ct, &c));
	assert_int_equal(c.proto, EZLB_TCP);
	is(&c.client, "1.1.1.1:9");
	is(&c.listen, "10.0.0.1:80");
	is(&c.backend, "1.0.0.2:8080");
	is(&c.source, "10.0.0.3:5");
	assert_string_equal(c.state, "ESTABLISHED");
	assert_false(c.has_closed);
	assert_true(c.counted);
	assert_int_equal(c.bytes_in, 1);
	assert_int_equal(c.packets_in, 2);
	assert_int_equal(c.bytes_out, 3);
	assert_int_equal(c.packets_out, 4);
	assert_true(c.started_ms == 1700000000123);
	assert_true(c.ended_ms == 1700000001000);
	assert_int_equal(c.expires_s, 119);
	assert_int_equal(c.mark, 7);
	assert_int_equal(c.id, 8);
	assert_int_equal(c.zone, 9);
}

/* A kernel without accounting and timestamps. */
static void test_little(void **state)
{
	struct ezlb_connection c;

	(void)state;
	tuples("[fd02::1]:9", "[fd00::1]:80", "[fd01::2]:8080", "[fd00::3]:5", IPPROTO_TCP);
	assert_true(ezlb_conntrack_connection(ct, &c));
	is(&c.client, "[fd02::1]:9");
	is(&c.listen, "[fd00::1]:80");
	is(&c.backend, "[fd01::2]:8080");
	is(&c.source, "[fd00::3]:5");
	assert_string_equal(c.state, "");
	assert_false(c.has_closed);
	assert_false(c.counted);
	assert_int_equal(c.started_ms, 0);
	assert_int_equal(c.ended_ms, 0);
	assert_int_equal(c.expires_s, -1);
	assert_int_equal(c.mark, 0);
}

static void state_is(const char *want, bool closed)
{
	struct ezlb_connection c;

	assert_true(ezlb_conntrack_connection(ct, &c));
	assert_string_equal(c.state, want);
	assert_int_equal(c.has_closed, closed);
}

static void test_states(void **state)
{
	(void)state;
	tuples("1.1.1.1:9", "10.0.0.1:80", "1.0.0.2:8080", "10.0.0.3:5", IPPROTO_TCP);
	nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_TIME_WAIT);
	state_is("TIME_WAIT", true);
	nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_SYN_SENT);
	state_is("SYN_SENT", false);
	nfct_set_attr_u8(ct, ATTR_TCP_STATE, 200);
	state_is("", true);
	teardown(NULL);
	setup(NULL);
	tuples("1.1.1.1:9", "10.0.0.1:80", "1.0.0.2:8080", "10.0.0.3:5", IPPROTO_UDP);
	state_is("", false);
	nfct_set_attr_u32(ct, ATTR_STATUS, IPS_CONFIRMED);
	state_is("UNREPLIED", false);
	nfct_set_attr_u32(ct, ATTR_STATUS, IPS_SEEN_REPLY);
	state_is("REPLIED", false);
	nfct_set_attr_u32(ct, ATTR_STATUS, IPS_SEEN_REPLY | IPS_ASSURED);
	state_is("ASSURED", false);
	teardown(NULL);
	setup(NULL);
	tuples("1.1.1.1:9", "10.0.0.1:80", "1.0.0.2:8080", "10.0.0.3:5", IPPROTO_SCTP);
	state_is("", false);
	nfct_set_attr_u8(ct, ATTR_SCTP_STATE, SCTP_CONNTRACK_SHUTDOWN_SENT);
	state_is("SHUTDOWN_SENT", false);
	nfct_set_attr_u8(ct, ATTR_SCTP_STATE, 200);
	state_is("", false);
}

static void test_none(void **state)
{
	struct ezlb_connection c;
	const struct ezlb_endpoint v4 = endpoint("1.1.1.1:9"), to = endpoint("10.0.0.1:80");

	(void)state;
	assert_false(ezlb_conntrack_connection(ct, &c));
	entry_set(ct, false, &v4, &to);
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, IPPROTO_TCP);
	assert_false(ezlb_conntrack_connection(ct, &c)); /* no answers */
	entry_set(ct, true, &to, &v4);
	assert_true(ezlb_conntrack_connection(ct, &c));
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, IPPROTO_ICMP);
	assert_false(ezlb_conntrack_connection(ct, &c));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all),
		TEST(test_little),
		TEST(test_states),
		TEST(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
