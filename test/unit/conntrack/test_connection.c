// SPDX-License-Identifier: GPL-2.0-or-later
#include "entries.h"

#include <endian.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack_sctp.h>

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

static void add_counts(union message *buf)
{
	put(&buf->msg, CTA_COUNTERS_ORIG, CTA_COUNTERS_BYTES, 1, CTA_COUNTERS_PACKETS, 2);
	put(&buf->msg, CTA_COUNTERS_REPLY, CTA_COUNTERS_BYTES, 3, CTA_COUNTERS_PACKETS, 4);
	put(&buf->msg, CTA_TIMESTAMP, CTA_TIMESTAMP_START, UINT64_C(1700000000123456789),
	    CTA_TIMESTAMP_STOP, UINT64_C(1700000001000000000));
}

static void message(union message *buf)
{
	memset(buf, 0, sizeof(*buf));
	mnl_nlmsg_put_header(&buf->msg);
	buf->msg.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	mnl_nlmsg_put_extra_header(&buf->msg, sizeof(struct nfgenmsg));
	nfct_nlmsg_build(&buf->msg, ct); /* of an entry without a part it writes the rest */
}

static bool reads(struct ezlb_connection *out)
{
	union message buf;

	message(&buf);
	return ezlb_ct_read_connection(&buf.msg, out);
}

static void test_all(void **state)
{
	struct ezlb_connection c;
	union message buf;

	(void)state;
	tuples("1.1.1.1:9", "10.0.0.1:80", "1.0.0.2:8080", "10.0.0.3:5", IPPROTO_TCP);
	nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 119);
	nfct_set_attr_u32(ct, ATTR_MARK, 7);
	nfct_set_attr_u16(ct, ATTR_ZONE, 9);
	message(&buf);
	mnl_attr_put_u32(&buf.msg, CTA_ID, htonl(8)); /* the library does not write it */
	add_counts(&buf);
	assert_true(ezlb_ct_read_connection(&buf.msg, &c));
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
	assert_true(reads(&c));
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

	assert_true(reads(&c));
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
	assert_false(reads(&c));
	entry_set(ct, false, &v4, &to);
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, IPPROTO_TCP);
	assert_false(reads(&c)); /* no answers */
	entry_set(ct, true, &to, &v4);
	nfct_set_attr_u8(ct, ATTR_REPL_L4PROTO, IPPROTO_TCP);
	assert_true(reads(&c));
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, IPPROTO_ICMP);
	assert_false(reads(&c));
}

/* --- damaged messages ------------------------------------------------------------------------ */

/* libnetfilter_conntrack (1.0.9) writes beyond an array of its stack for these. */
static void test_unknown_protoinfo(void **state)
{
	struct ezlb_connection c;
	struct nlattr *nest;
	union message buf;

	(void)state;
	tuples("1.1.1.1:9", "10.0.0.1:80", "1.0.0.2:8080", "10.0.0.3:5", IPPROTO_TCP);
	message(&buf);
	nest = mnl_attr_nest_start(&buf.msg, CTA_PROTOINFO);
	for (uint16_t type = 0; type < 200; type++)
		mnl_attr_put(&buf.msg, type, 0, NULL);
	mnl_attr_nest_end(&buf.msg, nest);
	assert_true(ezlb_ct_read_connection(&buf.msg, &c));
	assert_string_equal(c.state, "");
}

/*
 * Each byte of a message with everything in it, with several other values, and each length: nothing
 * is read beyond the message, which ends where its memory ends.
 */
static void test_any_bytes(void **state)
{
	static const unsigned char values[] = { 0, 1, 3, 4, 5, 0x7f, 0x80, 0xff };
	union message whole;

	(void)state;
	tuples("1.1.1.1:9", "10.0.0.1:80", "1.0.0.2:8080", "10.0.0.3:5", IPPROTO_TCP);
	nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	message(&whole);
	add_counts(&whole);
	for (size_t i = sizeof(whole.msg); i < whole.msg.nlmsg_len; i++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			struct nlmsghdr *msg = malloc(whole.msg.nlmsg_len);
			struct ezlb_connection c;

			memcpy(msg, &whole, whole.msg.nlmsg_len);
			((unsigned char *)msg)[i] = values[v];
			ezlb_ct_read_connection(msg, &c);
			free(msg);
		}
	}
	for (uint32_t len = sizeof(whole.msg); len < whole.msg.nlmsg_len; len++) {
		struct nlmsghdr *msg = malloc(len);
		struct ezlb_connection c;

		memcpy(msg, &whole, len);
		msg->nlmsg_len = len;
		ezlb_ct_read_connection(msg, &c);
		free(msg);
	}
}

/* A required attribute with another length is missing, another one is not known. */
static void test_lengths(void **state)
{
	struct ezlb_connection c;
	union message buf;

	(void)state;
	tuples("1.1.1.1:9", "10.0.0.1:80", "1.0.0.2:8080", "10.0.0.3:5", IPPROTO_TCP);
	message(&buf);
	mnl_attr_put_u16(&buf.msg, CTA_MARK, 7);
	mnl_attr_put_u32(&buf.msg, CTA_ZONE, 7);
	mnl_attr_put_u64(&buf.msg, CTA_TIMEOUT, 7);
	mnl_attr_put(&buf.msg, CTA_ID, 0, NULL);
	assert_true(ezlb_ct_read_connection(&buf.msg, &c));
	assert_int_equal(c.mark, 0);
	assert_int_equal(c.zone, 0);
	assert_int_equal(c.id, 0);
	assert_int_equal(c.expires_s, -1);
	mnl_attr_put_u32(&buf.msg, CTA_TUPLE_REPLY, 7);
	assert_false(ezlb_ct_read_connection(&buf.msg, &c));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all),
		TEST(test_little),
		TEST(test_states),
		TEST(test_none),
		TEST(test_unknown_protoinfo),
		TEST(test_any_bytes),
		TEST(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
