// SPDX-License-Identifier: GPL-2.0-or-later
/* The buffer of requests, and what the errors are called. */
#include "cm.h"

#include <errno.h>

#include <ezlb/netlink.h>

static const struct nlmsghdr *at(const struct ezlb_nl_buf *buf, size_t offset)
{
	return (const void *)(buf->items + offset);
}

static void test_messages(void **state)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nl_msg_start(&buf, 30, NLM_F_DUMP);

	(void)state;
	mnl_attr_put_u8(msg, 7, 5);
	assert_int_equal(buf.len, 0); /* no part of it yet */
	ezlb_nl_msg_end(&buf);
	assert_int_equal(buf.len, 24);
	assert_memory_equal(buf.items + 20, "\5\0\0\0", 4);
	ezlb_nl_msg_start(&buf, 31, 0);
	ezlb_nl_msg_end(&buf);
	assert_int_equal(buf.len, 40);
	ezlb_nl_ack_last(&buf);
	assert_int_equal(at(&buf, 0)->nlmsg_type, 30);
	assert_int_equal(at(&buf, 0)->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(at(&buf, 0)->nlmsg_len, 24);
	assert_int_equal(at(&buf, 24)->nlmsg_type, 31);
	assert_int_equal(at(&buf, 24)->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	ezlb_nl_buf_clear(&buf);
	assert_null(buf.items);
	assert_int_equal(buf.len + buf.cap, 0);
}

/* The padding of attributes is zeros, whatever was in that memory before. */
static void test_padding(void **state)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	(void)state;
	ezlb_nl_msg_start(&buf, 30, 0);
	memset(buf.items, 0xee, buf.cap);
	mnl_attr_put_u8(ezlb_nl_msg_start(&buf, 30, 0), 7, 5);
	ezlb_nl_msg_end(&buf);
	assert_memory_equal(buf.items + 16, "\5\0\7\0\5\0\0\0", 8);
}

/* As of another library: not aligned, and there may be anything behind it. */
static void test_put(void **state)
{
	const union {
		struct nlmsghdr msg;
		unsigned char bytes[20];
	} odd = { .msg = { .nlmsg_len = 17, .nlmsg_type = 9 } };
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	union {
		struct nlmsghdr msg;
		unsigned char bytes[20];
	} noisy;

	(void)state;
	memset(&noisy, 0xee, sizeof(noisy));
	noisy.msg = odd.msg;
	for (int i = 0; i < 2; i++)
		ezlb_nl_put(&buf, &noisy.msg);
	assert_int_equal(buf.len, 40);
	for (size_t i = 0; i < 40; i += 20) {
		assert_memory_equal(buf.items + i, &odd.msg, 16);
		assert_memory_equal(buf.items + i + 16, "\xee\0\0\0", 4);
	}
}

/* There is room for 64 KiB behind each header, however much there is already. */
static void test_room(void **state)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct nlmsghdr *msg = ezlb_nl_msg_start(&buf, 30, 0);

		assert_true(buf.cap - buf.len >= 65536);
		memset(mnl_nlmsg_put_extra_header(msg, 65000), i, 65000);
		ezlb_nl_msg_end(&buf);
	}
	assert_int_equal(buf.len, 20 * 65016);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(buf.items[i * 65016 + 65015], i);
}

static const struct {
	int rc;
	const char *want;
} sentences[] = {
	{ -EPERM, "not allowed to use IPVS: it needs CAP_NET_ADMIN, run ezlb as root (in "
		  "Kubernetes: add NET_ADMIN to the container)" },
	{ -ETIMEDOUT, "the kernel's IPVS did not answer in time" },
	{ -ENOBUFS, "answers from the kernel's IPVS were lost" },
	{ -EBADMSG, "an answer from the kernel's IPVS is damaged" },
	{ -EMFILE, "cannot talk to the kernel's IPVS: Too many open files" },
};

static void test_explain(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sentences); i++) {
		struct ezlb_err err = { 0 };

		assert_int_equal(ezlb_nl_explain(&err, sentences[i].rc, "IPVS"), sentences[i].rc);
		assert_int_equal(err.code, -sentences[i].rc);
		assert_string_equal(err.msg, sentences[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages), cmocka_unit_test(test_padding),
		cmocka_unit_test(test_put),	 cmocka_unit_test(test_room),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
