// SPDX-License-Identifier: GPL-2.0-or-later
/* route_msg: requests for routes, answers, and which addresses a prefix has. */
#include "cm.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include <ezlb/mem.h>

#include "route_msg.h"

static struct ezlb_nl_buf buf;

static int teardown(void **state)
{
	(void)state;
	ezlb_nl_buf_clear(&buf);
	return 0;
}

static struct ezlb_addr addr(const char *text)
{
	struct ezlb_addr out = { 0 };

	assert_int_equal(ezlb_addr_parse(text, &out, NULL), 0);
	return out;
}

static void test_put(void **state)
{
	static const char *const texts[] = { "10.1.2.3", "fd00::5" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct ezlb_addr to = addr(texts[i]);
		const struct nlmsghdr *msg;
		struct ezlb_nl_attrs attrs;
		const struct rtmsg *head;
		size_t size = i ? 16 : 4;

		buf.len = 0;
		toa_route_put(&buf, &to);
		msg = (const void *)buf.items;
		head = mnl_nlmsg_get_payload(msg);
		assert_int_equal(msg->nlmsg_type, RTM_GETROUTE);
		assert_int_equal(msg->nlmsg_flags, NLM_F_REQUEST);
		assert_int_equal(head->rtm_family, to.family);
		assert_int_equal(head->rtm_dst_len, 8 * size);
		assert_int_equal(head->rtm_src_len, 0);
		assert_int_equal(head->rtm_flags, RTM_F_FIB_MATCH);
		assert_int_equal(ezlb_nl_attrs_read(msg, sizeof(*head), &attrs), 0);
		for (int type = 0; type < EZLB_NL_ATTRS; type++)
			assert_int_equal(attrs.at[type] != NULL, type == RTA_DST);
		assert_int_equal(mnl_attr_get_payload_len(attrs.at[RTA_DST]), size);
		assert_memory_equal(mnl_attr_get_payload(attrs.at[RTA_DST]), to.bytes, size);
	}
}

/* --- answers --------------------------------------------------------------------------------- */

static struct nlmsghdr *start(uint8_t type)
{
	struct nlmsghdr *msg;
	struct rtmsg *head;

	buf.len = 0;
	msg = ezlb_nl_msg_start(&buf, RTM_NEWROUTE, 0);
	head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));
	head->rtm_family = AF_INET;
	head->rtm_type = type;
	return msg;
}

static void test_types(void **state)
{
	struct route_paths paths;

	(void)state;
	for (uint8_t type = 0; type < 12; type++) {
		struct nlmsghdr *msg = start(type);

		mnl_attr_put_u32(msg, RTA_OIF, 7);
		paths.len = 5;
		assert_int_equal(toa_route_read(msg, &paths), 0);
		assert_int_equal(paths.len, type == RTN_UNICAST);
	}
	assert_int_equal(toa_route_read(start(RTN_UNICAST), &paths), 0);
	assert_int_equal(paths.len, 0);
}

/* hops("7 8 7"): a multipath route by these. */
static struct nlmsghdr *start_hops(const int *by, size_t n)
{
	struct nlmsghdr *msg = start(RTN_UNICAST);
	struct nlattr *nest = mnl_attr_nest_start(msg, RTA_MULTIPATH);

	for (size_t i = 0; i < n; i++) {
		/* As the kernel writes them: with the gateway behind each. */
		struct rtnexthop *hop = mnl_nlmsg_get_payload_tail(msg);

		*hop = (struct rtnexthop){ .rtnh_len = sizeof(*hop) + 8, .rtnh_ifindex = by[i] };
		msg->nlmsg_len += sizeof(*hop);
		mnl_attr_put_u32(msg, RTA_GATEWAY, 0x0100000a);
	}
	mnl_attr_nest_end(msg, nest);
	return msg;
}

static struct rtnexthop *first_hop(struct nlmsghdr *msg)
{
	return mnl_nlmsg_get_payload_offset(msg, sizeof(struct rtmsg) + sizeof(struct nlattr));
}

static void test_multipath(void **state)
{
	static const int three[] = { 7, 8, 7 };
	struct route_paths paths;
	struct nlmsghdr *msg;
	int many[20];

	(void)state;
	assert_int_equal(toa_route_read(start_hops(three, 3), &paths), 0);
	assert_int_equal(paths.len, 2);
	assert_int_equal(paths.ifindex[0], 7);
	assert_int_equal(paths.ifindex[1], 8);
	for (int i = 0; i < 20; i++)
		many[i] = i + 1;
	assert_int_equal(toa_route_read(start_hops(many, 20), &paths), 0);
	assert_int_equal(paths.len, ROUTE_PATHS);
	msg = start_hops(three, 3);
	first_hop(msg)->rtnh_len = 4;
	assert_int_equal(toa_route_read(msg, &paths), -EBADMSG);
	first_hop(msg)->rtnh_len = 200;
	assert_int_equal(toa_route_read(msg, &paths), -EBADMSG);
	msg->nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)) - 1;
	assert_int_equal(toa_route_read(msg, &paths), -EBADMSG);
}

static void test_prefix(void **state)
{
	static const struct {
		const char *prefix;
		uint8_t len;
		const char *to;
		bool has;
	} rows[] = {
		{ "10.1.2.0", 24, "10.1.2.255", true },	  { "10.1.2.0", 24, "10.1.3.0", false },
		{ "10.1.2.128", 25, "10.1.2.129", true }, { "10.1.2.128", 25, "10.1.2.127", false },
		{ "10.1.2.3", 32, "10.1.2.3", true },	  { "10.1.2.3", 32, "10.1.2.2", false },
		{ "10.0.0.0", 0, "192.0.2.1", true },	  { "10.0.0.0", 0, "fd00::1", false },
		{ "fd00::", 64, "fd00::1", true },	  { "fd00::", 64, "fd00:0:0:1::1", false },
		{ "fd00::1", 128, "fd00::1", true },	  { "fd00::1", 128, "fd00::2", false },
		{ "fd00::", 16, "253.0.0.1", false },
	};
	struct route_prefix prefix;
	struct nlmsghdr *msg;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ezlb_addr dst = addr(rows[i].prefix), to = addr(rows[i].to);
		struct rtmsg *head;

		msg = start(RTN_UNICAST);
		head = mnl_nlmsg_get_payload(msg);
		head->rtm_family = dst.family;
		head->rtm_dst_len = rows[i].len;
		if (rows[i].len) /* the default route has none */
			mnl_attr_put(msg, RTA_DST, dst.family == AF_INET ? 4 : 16, dst.bytes);
		assert_int_equal(toa_route_read_prefix(msg, &prefix), 0);
		if (toa_route_prefix_has(&prefix, &to) != rows[i].has)
			fail_msg("%s/%d, %s", rows[i].prefix, rows[i].len, rows[i].to);
	}
	/* Of another family: it may be about anything. */
	msg = start(RTN_UNICAST);
	((struct rtmsg *)mnl_nlmsg_get_payload(msg))->rtm_family = AF_BRIDGE;
	assert_int_equal(toa_route_read_prefix(msg, &prefix), 0);
	assert_true(toa_route_prefix_has(&prefix, &(struct ezlb_addr){ .family = AF_INET6 }));
	msg = start(RTN_UNICAST);
	((struct rtmsg *)mnl_nlmsg_get_payload(msg))->rtm_dst_len = 33;
	assert_int_equal(toa_route_read_prefix(msg, &prefix), -EBADMSG);
	msg = start(RTN_UNICAST);
	mnl_attr_put(msg, RTA_DST, 3, "abc");
	assert_int_equal(toa_route_read_prefix(msg, &prefix), -EBADMSG);
	msg->nlmsg_len = NLMSG_LENGTH(2);
	assert_int_equal(toa_route_read_prefix(msg, &prefix), -EBADMSG);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_put),
		TEST(test_types),
		TEST(test_multipath),
		TEST(test_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
