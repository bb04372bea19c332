// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel itself runs the programs: on a socket pair, over the bytes of conntrack's messages. */
#include "removed.h"

#include <errno.h>
#include <unistd.h>

#include "filter.h"
#include "specs.h"

static struct ezlb_connections_index index_of;

/* An index of services like "web tcp 10.0.0.1:80"; those whose name begins with "x" have no log. */
static void make_index(const char *const *texts, size_t n)
{
	struct ezlb_desired desired = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct ezlb_spec *spec = spec_of("/d/a.yaml", texts[i]);

		spec->connection_log = texts[i][0] != 'x';
		*EZLB_PUSH(&desired) = spec;
	}
	ezlb_connections_index_make(&desired, &index_of);
	for (size_t i = 0; i < n; i++) {
		struct ezlb_spec *spec = NULL;

		memcpy(&spec, &desired.items[i], sizeof(spec));
		ezlb_spec_free(spec);
	}
	EZLB_VEC_CLEAR(&desired);
}

/* Whether the message passes the program. */
static bool passes(const struct filter *filter, enum ezlb_proto proto, const char *listen)
{
	const struct sock_fprog program = { .len = (unsigned short)filter->len,
					    .filter = filter->items };
	bool v4 = listen[0] != '[';
	struct removed r = closed;
	union message buf, got;
	int pair[2];
	ssize_t n;

	r.proto = proto;
	r.listen = listen;
	if (!v4) {
		r.client = "[fd00::9]:1001";
		r.source = "[fd00::3]:1002";
		r.backend = "[fd01::2]:53";
	}
	removed_message(&r, &buf);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(
		setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	/* The kernel tells the sender: EPERM. */
	n = send(pair[0], buf.bytes, buf.msg.nlmsg_len, 0);
	if (n < 0)
		assert_int_equal(errno, EPERM);
	n = recv(pair[1], got.bytes, sizeof(got), MSG_DONTWAIT);
	close(pair[0]);
	close(pair[1]);
	if (n > 0)
		assert_int_equal(n, buf.msg.nlmsg_len);
	return n > 0;
}

static const char *const few[] = {
	"web tcp 10.0.0.1:80 snat=10.0.0.3 192.168.10.11:80",
	"xweb tcp 10.0.0.1:81 snat=10.0.0.3 192.168.10.11:80",
	"dns udp [fd00::1]:53 snat=fd00::3 [fd01::2]:53",
	"range tcp 10.0.0.2:5000-5100 snat=10.0.0.3 192.168.10.11",
};

static const struct {
	enum ezlb_proto proto;
	const char *listen;
	bool listeners, addresses;
} messages[] = {
	{ EZLB_TCP, "10.0.0.1:80", true, true },
	{ EZLB_UDP, "10.0.0.1:80", false, true },
	{ EZLB_TCP, "10.0.0.1:81", false, true },
	{ EZLB_TCP, "10.0.0.9:80", false, false },
	{ EZLB_UDP, "[fd00::1]:53", true, true },
	{ EZLB_TCP, "[fd00::1]:53", false, true },
	{ EZLB_UDP, "[fd00::2]:53", false, false },
	{ EZLB_UDP, "[fd00:1::1]:53", false, false },
	{ EZLB_TCP, "10.0.0.2:5050", true, true },
	{ EZLB_TCP, "10.0.0.2:4999", true, true }, /* of a range only the address is compared */
	{ EZLB_UDP, "10.0.0.2:5050", false, true },
};

static void test_few(void **state)
{
	struct filter fine = { 0 }, coarse = { 0 }, all = { 0 };

	(void)state;
	make_index(few, COUNT_OF(few));
	assert_true(filter_make(&index_of, FILTER_LISTENERS, &fine));
	assert_true(filter_make(&index_of, FILTER_ADDRESSES, &coarse));
	assert_true(filter_make(&index_of, FILTER_NOTHING, &all));
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		print_message("%s\n", messages[i].listen);
		assert_int_equal(passes(&fine, messages[i].proto, messages[i].listen),
				 messages[i].listeners);
		assert_int_equal(passes(&coarse, messages[i].proto, messages[i].listen),
				 messages[i].addresses);
		assert_true(passes(&all, messages[i].proto, messages[i].listen));
	}
	EZLB_VEC_CLEAR(&fine);
	EZLB_VEC_CLEAR(&coarse);
	EZLB_VEC_CLEAR(&all);
	ezlb_connections_index_clear(&index_of);
}

/* conntrack does not know the marks of packets. */
static void test_mark(void **state)
{
	static const char *const mark[] = { "any mark 7 snat=10.0.0.3 192.168.10.11:80" };
	struct filter filter = { 0 };

	(void)state;
	make_index(mark, 1);
	assert_true(filter_make(&index_of, FILTER_LISTENERS, &filter));
	assert_true(passes(&filter, EZLB_TCP, "10.9.9.9:1"));
	EZLB_VEC_CLEAR(&filter);
	ezlb_connections_index_clear(&index_of);
}

static void make_many(size_t n)
{
	char(*texts)[128] = calloc(n, sizeof(*texts));
	const char **at = calloc(n, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		snprintf(texts[i], sizeof(texts[i]), "s%zu tcp 10.%zu.%zu.1:%zu snat=masq", i,
			 i / 200, i % 200, 1000 + i);
		at[i] = texts[i];
	}
	make_index(at, n);
	free(texts);
	free(at);
}

/* Each of 1,000 listeners, and none beside them. The program stays below half of 20 KiB. */
static void test_many(void **state)
{
	struct filter filter = { 0 };
	char listen[128];

	(void)state;
	make_many(1000);
	assert_true(filter_make(&index_of, FILTER_LISTENERS, &filter));
	assert_true(filter.len < 1280);
	for (size_t i = 0; i < 1000; i++) {
		snprintf(listen, sizeof(listen), "10.%zu.%zu.1:%zu", i / 200, i % 200, 1000 + i);
		assert_true(passes(&filter, EZLB_TCP, listen));
		snprintf(listen, sizeof(listen), "10.%zu.%zu.1:%zu", i / 200, i % 200, 1001 + i);
		assert_false(passes(&filter, EZLB_TCP, listen));
	}
	EZLB_VEC_CLEAR(&filter);
	ezlb_connections_index_clear(&index_of);
}

static void test_too_many(void **state)
{
	struct filter filter = { 0 };

	(void)state;
	make_many(4500);
	assert_false(filter_make(&index_of, FILTER_LISTENERS, &filter));
	assert_int_equal(filter.len, 0);
	assert_true(filter_make(&index_of, FILTER_NOTHING, &filter));
	assert_int_equal(filter.len, 1);
	EZLB_VEC_CLEAR(&filter);
	ezlb_connections_index_clear(&index_of);
}

/* What is no message of conntrack, or a cut one, does not pass, and does no harm. */
static void test_other_bytes(void **state)
{
	struct filter filter = { 0 };
	struct sock_fprog program;
	unsigned char bytes[200] = { 0 };
	union message buf;
	int pair[2];

	(void)state;
	make_index(few, COUNT_OF(few));
	assert_true(filter_make(&index_of, FILTER_LISTENERS, &filter));
	program = (struct sock_fprog){ .len = (unsigned short)filter.len, .filter = filter.items };
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(
		setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	removed_message(&closed, &buf);
	for (size_t len = 0; len < 60; len++) {
		send(pair[0], buf.bytes, len, 0);
		send(pair[0], bytes, len, 0);
	}
	memset(bytes, 0xff, sizeof(bytes));
	send(pair[0], bytes, sizeof(bytes), 0);
	assert_true(recv(pair[1], bytes, sizeof(bytes), MSG_DONTWAIT) < 0);
	close(pair[0]);
	close(pair[1]);
	EZLB_VEC_CLEAR(&filter);
	ezlb_connections_index_clear(&index_of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few),	    cmocka_unit_test(test_mark),
		cmocka_unit_test(test_many),	    cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_other_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
