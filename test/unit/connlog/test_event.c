// SPDX-License-Identifier: GPL-2.0-or-later
#include "removed.h"

static void same(const struct ezlb_endpoint *have, const char *want)
{
	char text[EZLB_ENDPOINT_STRLEN];

	assert_string_equal(ezlb_endpoint_format(have, text), want);
}

static void test_everything(void **state)
{
	struct removed r = closed;
	union message buf;
	struct event event;

	(void)state;
	r.mark = 7;
	r.left_s = 11;
	assert_true(event_read(removed_message(&r, &buf), &event));
	assert_int_equal(event.connection.proto, EZLB_TCP);
	same(&event.connection.client, r.client);
	same(&event.connection.listen, r.listen);
	same(&event.connection.source, r.source);
	same(&event.connection.backend, r.backend);
	assert_int_equal(event.connection.mark, 7);
	assert_true(event.connection.counted);
	assert_int_equal(event.connection.packets_in, 6);
	assert_int_equal(event.connection.bytes_in, 407);
	assert_int_equal(event.connection.packets_out, 5);
	assert_int_equal(event.connection.bytes_out, 377);
	assert_true(event.replied);
	assert_true(event.assured);
	assert_int_equal(event.state, TCP_CONNTRACK_TIME_WAIT);
	assert_int_equal(event.left_s, 11);
	assert_int_equal(event.start_ns, r.start_ns);
	assert_int_equal(event.stop_ns, r.stop_ns);
}

/* Without the settings of the host, and from kernels before 5.12. */
static void test_what_is_missing(void **state)
{
	struct removed r = { .proto = EZLB_UDP,
			     .client = "[fd00::9]:1001",
			     .listen = "[fd00::1]:53",
			     .source = "[fd00::3]:1002",
			     .backend = "[fd01::2]:53",
			     .state = -1 };
	union message buf;
	struct event event;

	(void)state;
	assert_true(event_read(removed_message(&r, &buf), &event));
	assert_int_equal(event.connection.proto, EZLB_UDP);
	same(&event.connection.client, r.client);
	same(&event.connection.backend, r.backend);
	assert_false(event.connection.counted);
	assert_false(event.replied);
	assert_false(event.assured);
	assert_int_equal(event.state, -1);
	assert_int_equal(event.left_s, 0);
	assert_int_equal(event.start_ns, 0);
	assert_int_equal(event.stop_ns, 0);
}

/* Of a time that no clock has, the difference to another one need not fit. */
static void test_far_future(void **state)
{
	struct removed r = closed;
	union message buf;
	struct event event;

	(void)state;
	r.start_ns = INT64_MIN / 2;
	assert_true(event_read(removed_message(&r, &buf), &event));
	assert_int_equal(event.start_ns, 0);
	assert_int_equal(event.stop_ns, r.stop_ns);
	r.start_ns = INT64_MAX / 2;
	r.stop_ns = INT64_MAX / 2 + 1;
	assert_true(event_read(removed_message(&r, &buf), &event));
	assert_int_equal(event.start_ns, r.start_ns);
	assert_int_equal(event.stop_ns, 0);
}

static void test_sctp(void **state)
{
	struct removed r = closed;
	union message buf;
	struct event event;

	(void)state;
	r.proto = EZLB_SCTP;
	r.state = SCTP_CONNTRACK_SHUTDOWN_ACK_SENT;
	assert_true(event_read(removed_message(&r, &buf), &event));
	assert_int_equal(event.state, SCTP_CONNTRACK_SHUTDOWN_ACK_SENT);
}

static void test_what_is_no_such_message(void **state)
{
	union message buf;
	struct event event;

	(void)state;
	removed_message(&closed, &buf);
	buf.msg.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	assert_false(event_read(&buf.msg, &event));
	removed_message(&closed, &buf);
	/* The protocol of the first tuple: icmp. */
	for (size_t i = 0; i + 5 < buf.msg.nlmsg_len; i++)
		if (memcmp(buf.bytes + i, "\5\0\1\0\6", 5) == 0)
			buf.bytes[i + 4] = IPPROTO_ICMP;
	assert_false(event_read(&buf.msg, &event));
}

/* Cut anywhere, it is refused or says less, and nothing outside is read (asan). */
static void test_cut(void **state)
{
	union message buf;
	struct event event;

	(void)state;
	for (uint32_t len = sizeof(struct nlmsghdr); len < 300; len++) {
		struct nlmsghdr *cut;

		removed_message(&closed, &buf);
		if (len > buf.msg.nlmsg_len)
			break;
		cut = malloc(len);
		memcpy(cut, buf.bytes, len);
		cut->nlmsg_len = len;
		if (len < 100)
			assert_false(event_read(cut, &event));
		else
			event_read(cut, &event);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything), cmocka_unit_test(test_what_is_missing),
		cmocka_unit_test(test_sctp),	   cmocka_unit_test(test_what_is_no_such_message),
		cmocka_unit_test(test_cut),	   cmocka_unit_test(test_far_future),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
