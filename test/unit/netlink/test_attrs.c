// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of attributes: of whole messages, and of damaged ones. */
#include "cm.h"

#include <errno.h>

#include <ezlb/mem.h>
#include <ezlb/netlink.h>

static struct ezlb_nl_buf buf;
static struct nlmsghdr *msg;
static struct ezlb_nl_attrs attrs;

/* A message with a header of 4 bytes of its own, which the test may add to. */
static int setup(void **state)
{
	(void)state;
	msg = ezlb_nl_msg_start(&buf, 30, 0);
	mnl_nlmsg_put_extra_header(msg, 4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_nl_buf_clear(&buf);
	return 0;
}

static void test_read(void **state)
{
	struct nlattr *nest;

	(void)state;
	mnl_attr_put_u32(msg, 1, 11);
	mnl_attr_put_strz(msg, 2, "name");
	nest = mnl_attr_nest_start(msg, 3);
	mnl_attr_put_u8(msg, 63, 5);
	mnl_attr_nest_end(msg, nest);
	mnl_attr_put_u32(msg, 64, 99);	     /* beyond the table */
	mnl_attr_put_u32(msg, 500, 99);	     /* far beyond */
	mnl_attr_put_u32(msg, 1, 12);	     /* the last one counts */
	mnl_attr_put_u8(msg, 4 | 0x4000, 6); /* in network byte order, a flag */
	assert_int_equal(ezlb_nl_attrs_read(msg, 4, &attrs), 0);
	assert_null(attrs.at[0]);
	assert_int_equal(mnl_attr_get_u32(attrs.at[1]), 12);
	assert_string_equal(ezlb_nl_attrs_str(&attrs, 2), "name");
	assert_int_equal(mnl_attr_get_u8(attrs.at[4]), 6);
	assert_ptr_equal(attrs.at[3], nest);
	assert_int_equal(ezlb_nl_attrs_nested(nest, &attrs), 0);
	assert_int_equal(mnl_attr_get_u8(attrs.at[63]), 5);
	assert_null(attrs.at[1]);
}

static void test_none(void **state)
{
	(void)state;
	assert_int_equal(ezlb_nl_attrs_read(msg, 4, &attrs), 0);
	for (size_t i = 0; i < EZLB_NL_ATTRS; i++)
		assert_null(attrs.at[i]);
	assert_string_equal(ezlb_nl_attrs_str(&attrs, 2), "");
	/* A header whose padding is not there. */
	msg->nlmsg_len = MNL_NLMSG_HDRLEN + 3;
	assert_int_equal(ezlb_nl_attrs_read(msg, 3, &attrs), 0);
}

static void test_short_header(void **state)
{
	(void)state;
	mnl_attr_put_u32(msg, 1, 11);
	assert_int_equal(ezlb_nl_attrs_read(msg, 13, &attrs), -EBADMSG);
	assert_null(attrs.at[1]);
	msg->nlmsg_len = MNL_NLMSG_HDRLEN;
	assert_int_equal(ezlb_nl_attrs_read(msg, 4, &attrs), -EBADMSG);
}

static void test_strings(void **state)
{
	(void)state;
	mnl_attr_put(msg, 1, 3, "abc"); /* does not end */
	mnl_attr_put(msg, 2, 0, "");
	mnl_attr_put_strz(msg, 3, "");
	assert_int_equal(ezlb_nl_attrs_read(msg, 4, &attrs), 0);
	for (int i = 1; i <= 3; i++)
		assert_string_equal(ezlb_nl_attrs_str(&attrs, i), "");
}

/* Cut anywhere: refused, unless only padding is missing; never read beyond the end. */
static void test_cut(void **state)
{
	uint32_t whole;

	(void)state;
	mnl_attr_put_u32(msg, 1, 11);
	mnl_attr_put_u8(msg, 2, 5);
	whole = msg->nlmsg_len;
	for (uint32_t len = MNL_NLMSG_HDRLEN; len <= whole; len++) {
		EZLB_AUTO_FREE struct nlmsghdr *cut = ezlb_calloc(1, len);
		bool good = len == 20 || len == 28 || len >= 33;

		memcpy(cut, msg, len);
		cut->nlmsg_len = len;
		assert_int_equal(ezlb_nl_attrs_read(cut, 4, &attrs), good ? 0 : -EBADMSG);
		assert_int_equal(attrs.at[1] != NULL, len >= 28);
	}
}

/* Each length that an attribute could have, true or not. */
static void test_lies(void **state)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, 3);

	(void)state;
	mnl_attr_put_u32(msg, 1, 1);
	mnl_attr_put_u32(msg, 2, 2);
	mnl_attr_nest_end(msg, nest);
	for (unsigned len = 0; len <= UINT16_MAX; len++) {
		/* Up to the second attribute, or to the end of both. */
		bool good = (len >= 5 && len <= 8) || (len >= 13 && len <= 16);

		((struct nlattr *)mnl_attr_get_payload(nest))->nla_len = (uint16_t)len;
		assert_int_equal(ezlb_nl_attrs_nested(nest, &attrs), good ? 0 : -EBADMSG);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read),    TEST(test_none), TEST(test_short_header),
		TEST(test_strings), TEST(test_cut),  TEST(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
