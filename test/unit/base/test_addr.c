// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <ezlb/addr.h>

/* `want` is the canonical text; NULL: refused. */
static const struct {
	const char *in, *want;
} addrs[] = {
	{ "10.0.0.1", "10.0.0.1" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "::", "::" },
	{ "fd00:0:0:0:0:0:0:1", "fd00::1" },
	{ "FD00::000A", "fd00::a" },
	{ "::ffff:10.0.0.1", "::ffff:10.0.0.1" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "", NULL },
	{ "localhost", NULL },
	{ "10.1", NULL },
	{ "10.0.0", NULL },
	{ "167772161", NULL },
	{ "0xa.0.0.1", NULL },
	{ "010.0.0.1", NULL },
	{ "10.0.0.01", NULL },
	{ "10.0.0.256", NULL },
	{ "10.0.0.1.", NULL },
	{ "10.0.0.-1", NULL },
	{ " 10.0.0.1", NULL },
	{ "10.0.0.1 ", NULL },
	{ "10.0.0.1/32", NULL },
	{ "fe80::1%eth0", NULL },
	{ "fd00:::1", NULL },
	{ "fd00::1::2", NULL },
	{ "fd00::12345", NULL },
	{ "[fd00::1]", NULL },
};

static void test_addr_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(addrs); i++) {
		struct ezlb_addr addr = { .family = 99 };
		struct ezlb_err err = { 0 };
		char buf[EZLB_ADDR_STRLEN];
		int rc = ezlb_addr_parse(addrs[i].in, &addr, &err);

		if (addrs[i].want) {
			assert_int_equal(rc, 0);
			assert_string_equal(ezlb_addr_format(&addr, buf), addrs[i].want);
			continue;
		}
		assert_int_equal(rc, -EINVAL);
		assert_int_equal(addr.family, 99); /* a failure leaves *out alone */
		assert_non_null(strstr(err.msg, "not a numeric IP address"));
	}
}

static void test_addr_none_formats_as_none(void **state)
{
	struct ezlb_addr none = { 0 };
	char buf[EZLB_ADDR_STRLEN];

	(void)state;
	assert_string_equal(ezlb_addr_format(&none, buf), "none");
}

static const struct {
	const char *in;
	bool any, multicast;
} kinds[] = {
	{ "0.0.0.0", true, false },	     { "::", true, false },
	{ "0.0.0.1", false, false },	     { "::1", false, false },
	{ "223.255.255.255", false, false }, { "224.0.0.1", false, true },
	{ "239.255.255.255", false, true },  { "240.0.0.1", false, false },
	{ "ff02::1", false, true },	     { "fe80::1", false, false },
	{ "e000::1", false, false },	     { "::ffff:0.0.0.0", false, false },
};

static void test_addr_kinds(void **state)
{
	struct ezlb_addr addr = { 0 };

	(void)state;
	assert_false(ezlb_addr_is_any(&addr)); /* no address at all */
	assert_false(ezlb_addr_is_multicast(&addr));
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		assert_int_equal(ezlb_addr_parse(kinds[i].in, &addr, NULL), 0);
		assert_int_equal(ezlb_addr_is_any(&addr), kinds[i].any);
		assert_int_equal(ezlb_addr_is_multicast(&addr), kinds[i].multicast);
	}
}

/* `want` is the canonical text; where it is NULL, a part of the message. */
static const struct {
	const char *in, *want, *msg;
	uint64_t size;
} ranges[] = {
	{ "10.0.0.3", "10.0.0.3", NULL, 1 },
	{ "10.0.0.3-10.0.0.3", "10.0.0.3", NULL, 1 },
	{ "10.0.0.3-10.0.0.6", "10.0.0.3-10.0.0.6", NULL, 4 },
	{ "10.0.0.255-10.0.1.0", "10.0.0.255-10.0.1.0", NULL, 2 },
	{ "10.0.255.255-10.1.0.0", "10.0.255.255-10.1.0.0", NULL, 2 },
	{ "0.0.0.0-255.255.255.255", "0.0.0.0-255.255.255.255", NULL, UINT64_C(1) << 32 },
	{ "fd00::3", "fd00::3", NULL, 1 },
	{ "FD00:0::3-fd00::0006", "fd00::3-fd00::6", NULL, 4 },
	{ "fd00::ff-fd00::100", "fd00::ff-fd00::100", NULL, 2 },
	{ "fd00::ffff:ffff:ffff:ffff-fd00:0:0:1::", "fd00::ffff:ffff:ffff:ffff-fd00:0:0:1::", NULL,
	  2 },
	{ "fd00::-fd00::7fff:ffff:ffff:ffff", "fd00::-fd00::7fff:ffff:ffff:ffff", NULL,
	  UINT64_C(1) << 63 },
	{ "fd00::2-fd00:0:0:1::", "fd00::2-fd00:0:0:1::", NULL, UINT64_MAX },
	{ "fd00::1-fd00:0:0:1::", "fd00::1-fd00:0:0:1::", NULL, UINT64_MAX },
	{ "fd00::-fd00:0:0:1::", "fd00::-fd00:0:0:1::", NULL, UINT64_MAX },
	{ "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	  "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, UINT64_MAX },
	{ "", NULL, "'' is not a numeric IP address", 0 },
	{ "10.0.0.256", NULL, "'10.0.0.256' is not a numeric IP address", 0 },
	{ "-", NULL, "'-' is not a range of", 0 },
	{ "-10.0.0.3", NULL, "'-10.0.0.3' is not a range of", 0 },
	{ "10.0.0.3-", NULL, "'10.0.0.3-' is not a range of", 0 },
	{ "10.0.0.3-6", NULL, "'10.0.0.3-6' is not a range of", 0 },
	{ "10.0.0.3 - 10.0.0.6", NULL, "is not a range of", 0 },
	{ "10.0.0.3-10.0.0.4-10.0.0.5", NULL, "is not a range of", 0 },
	{ "0000000000000000000000000000000000000000010.0.0.1-10.0.0.2", NULL, "is not a range of",
	  0 },
	{ "10.0.0.3-fd00::6", NULL, "mixes IPv4 and IPv6", 0 },
	{ "fd00::3-10.0.0.6", NULL, "mixes IPv4 and IPv6", 0 },
	{ "10.0.0.6-10.0.0.3", NULL, "ends before it begins", 0 },
	{ "10.0.1.0-10.0.0.255", NULL, "ends before it begins", 0 },
	{ "fd00::100-fd00::ff", NULL, "ends before it begins", 0 },
};

static void test_range_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		struct ezlb_addr_range range = { .first.family = 99 };
		struct ezlb_err err = { 0 };
		char buf[EZLB_RANGE_STRLEN];
		int rc = ezlb_range_parse(ranges[i].in, &range, &err);

		if (ranges[i].want) {
			assert_int_equal(rc, 0);
			assert_string_equal(ezlb_range_format(&range, buf), ranges[i].want);
			if (ezlb_range_size(&range) != ranges[i].size)
				fail_msg("%s: %ju", buf, (uintmax_t)ezlb_range_size(&range));
			continue;
		}
		assert_int_equal(rc, -EINVAL);
		assert_int_equal(range.first.family, 99);
		if (!strstr(err.msg, ranges[i].msg))
			fail_msg("%s: '%s'", ranges[i].in, err.msg);
	}
}

/* "none" for no range; the longest fits. */
static void test_range_format(void **state)
{
	struct ezlb_addr_range range = { 0 };
	char buf[EZLB_RANGE_STRLEN];

	(void)state;
	assert_string_equal(ezlb_range_format(&range, buf), "none");
	assert_int_equal(ezlb_range_parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-"
					  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
					  &range, NULL),
			 0);
	assert_string_equal(ezlb_range_format(&range, buf),
			    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-"
			    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

/* `want` is the canonical text; where it is NULL, `code` and a part of the message. */
static const struct {
	const char *in, *want;
	int code;
	const char *msg;
} endpoints[] = {
	{ "10.0.0.1:80", "10.0.0.1:80", 0, NULL },
	{ "10.0.0.1:1", "10.0.0.1:1", 0, NULL },
	{ "10.0.0.1:65535", "10.0.0.1:65535", 0, NULL },
	{ "[::1]:80", "[::1]:80", 0, NULL },
	{ "[FD00:0::1]:443", "[fd00::1]:443", 0, NULL },
	{ "[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80", 0, NULL },
	{ "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
	  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", 0, NULL },
	{ "", NULL, EINVAL, "has no port" },
	{ "10.0.0.1", NULL, EINVAL, "has no port" },
	{ "10.0.0.1:", NULL, EINVAL, "not a port number" },
	{ "10.0.0.1:0", NULL, ERANGE, "port 0 is out of range" },
	{ "10.0.0.1:65536", NULL, ERANGE, "port 65536 is out of range" },
	{ "10.0.0.1:65616", NULL, ERANGE, "out of range" },
	{ "10.0.0.1:70000", NULL, ERANGE, "out of range" },
	{ "10.0.0.1:18446744073709551696", NULL, ERANGE, "out of range" },
	{ "10.0.0.1:080", NULL, EINVAL, "leading zero" },
	{ "10.0.0.1:00", NULL, EINVAL, "leading zero" },
	{ "10.0.0.1:+80", NULL, EINVAL, "not a port number" },
	{ "10.0.0.1:-80", NULL, EINVAL, "not a port number" },
	{ "10.0.0.1: 80", NULL, EINVAL, "not a port number" },
	{ "10.0.0.1:80 ", NULL, EINVAL, "not a port number" },
	{ "10.0.0.1:0x50", NULL, EINVAL, "not a port number" },
	{ "10.0.0.1:http", NULL, EINVAL, "not a port number" },
	{ ":80", NULL, EINVAL, "'' is not a numeric IP address" },
	{ "example.com:80", NULL, EINVAL, "'example.com' is not a numeric IP address" },
	{ "10.1:80", NULL, EINVAL, "'10.1' is not a numeric IP address" },
	{ "::1:80", NULL, EINVAL, "put brackets around IPv6" },
	{ "fd00:192::12", NULL, EINVAL, "put brackets around IPv6" },
	{ "[10.0.0.1]:80", NULL, EINVAL, "brackets are for IPv6 only" },
	{ "[::1]", NULL, EINVAL, "is not [IPv6]:port" },
	{ "[::1]80", NULL, EINVAL, "is not [IPv6]:port" },
	{ "[::1:80", NULL, EINVAL, "is not [IPv6]:port" },
	{ "[:80", NULL, EINVAL, "is not [IPv6]:port" },
	{ "[]:80", NULL, EINVAL, "'' is not a numeric IP address" },
	{ "[::1%eth0]:80", NULL, EINVAL, "not a numeric IP address" },
	{ "::1]:80", NULL, EINVAL, "not a numeric IP address" },
	{ "0000000000000000000000000000000000000000010.0.0.1:80", NULL, EINVAL,
	  "is not a numeric IP and port" },
};

static void test_endpoint_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(endpoints); i++) {
		struct ezlb_endpoint ep = { .port = 7 };
		struct ezlb_err err = { 0 };
		char buf[EZLB_ENDPOINT_STRLEN];
		int rc = ezlb_endpoint_parse(endpoints[i].in, &ep, &err);

		assert_int_equal(rc, -endpoints[i].code);
		if (endpoints[i].want) {
			assert_string_equal(ezlb_endpoint_format(&ep, buf), endpoints[i].want);
			continue;
		}
		assert_int_equal(ep.port, 7);
		if (!strstr(err.msg, endpoints[i].msg))
			fail_msg("%s: '%s'", endpoints[i].in, err.msg);
	}
}

/* In order: family, then address, then port as a number. */
static const char *const sorted[] = {
	"0.0.0.1:9",	  "9.0.0.1:80", "10.0.0.1:80",		"10.0.0.1:443",
	"10.0.0.1:65535", "10.0.0.2:1", "128.0.0.1:1",		"255.255.255.255:1",
	"[::]:1",	  "[::1]:80",	"[::ffff:10.0.0.1]:80", "[fd00::1]:9",
	"[fd00::1]:10",
};

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_endpoint_cmp_is_a_total_order(void **state)
{
	(void)state;
	for (int i = 0; i < (int)COUNT_OF(sorted); i++)
		for (int k = 0; k < (int)COUNT_OF(sorted); k++) {
			struct ezlb_endpoint a, b;

			assert_int_equal(ezlb_endpoint_parse(sorted[i], &a, NULL), 0);
			assert_int_equal(ezlb_endpoint_parse(sorted[k], &b, NULL), 0);
			assert_int_equal(sign(ezlb_endpoint_cmp(&a, &b)), sign(i - k));
		}
}

/* The order is that of memcmp, in each byte; the text of IPv4 is that of inet_ntop. */
static void test_each_byte_counts(void **state)
{
	(void)state;
	for (uint8_t family = AF_INET; family <= AF_INET6; family += AF_INET6 - AF_INET)
		for (size_t at = 0; at < 16; at++)
			for (int byte = 0; byte < 256; byte += 15) {
				struct ezlb_addr a = { .family = family }, b = a;

				a.bytes[at] = 127;
				b.bytes[at] = (uint8_t)byte;
				if (at < 15)
					b.bytes[at + 1] = 1;
				assert_int_equal(sign(ezlb_addr_cmp(&a, &b)),
						 sign(memcmp(a.bytes, b.bytes, 16)));
				assert_int_equal(sign(ezlb_addr_cmp(&b, &a)),
						 sign(memcmp(b.bytes, a.bytes, 16)));
				assert_int_equal(ezlb_addr_cmp(&b, &b), 0);
			}
}

static void test_ipv4_text_is_that_of_inet_ntop(void **state)
{
	struct ezlb_endpoint ep = { .addr.family = AF_INET };
	char want[EZLB_ADDR_STRLEN], with_port[EZLB_ENDPOINT_STRLEN], buf[EZLB_ENDPOINT_STRLEN];

	(void)state;
	for (unsigned i = 0; i < 256 * 4; i++) {
		for (size_t at = 0; at < 4; at++)
			ep.addr.bytes[at] = (uint8_t)(i * (at + 1) + i / 256);
		ep.port = (uint16_t)(i * 64);
		inet_ntop(AF_INET, ep.addr.bytes, want, sizeof(want));
		assert_string_equal(ezlb_addr_format(&ep.addr, buf), want);
		snprintf(with_port, sizeof(with_port), ep.port ? "%s:%u" : "%s", want, ep.port);
		assert_string_equal(ezlb_endpoint_format(&ep, buf), with_port);
	}
}

/* In order: family, then the first address, then the last. */
static const char *const sorted_ranges[] = {
	"9.0.0.1-10.0.0.9",  "10.0.0.1", "10.0.0.1-10.0.0.2", "10.0.0.1-10.0.0.10",
	"10.0.0.1-10.0.1.0", "10.0.0.2", "fd00::1-fd00::9",   "fd00::2",
};

static void test_range_cmp_is_a_total_order(void **state)
{
	(void)state;
	for (int i = 0; i < (int)COUNT_OF(sorted_ranges); i++)
		for (int k = 0; k < (int)COUNT_OF(sorted_ranges); k++) {
			struct ezlb_addr_range a, b;

			assert_int_equal(ezlb_range_parse(sorted_ranges[i], &a, NULL), 0);
			assert_int_equal(ezlb_range_parse(sorted_ranges[k], &b, NULL), 0);
			assert_int_equal(sign(ezlb_range_cmp(&a, &b)), sign(i - k));
		}
}

/* Two spellings of one address are one key; the mapped form is another address, not the IPv4 one.
 */
static void test_spelling_does_not_matter(void **state)
{
	struct ezlb_endpoint a, b;

	(void)state;
	assert_int_equal(ezlb_endpoint_parse("[FD00:0:0::0:1]:80", &a, NULL), 0);
	assert_int_equal(ezlb_endpoint_parse("[fd00::1]:80", &b, NULL), 0);
	assert_int_equal(ezlb_endpoint_cmp(&a, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(ezlb_endpoint_parse("[::ffff:10.0.0.1]:80", &a, NULL), 0);
	assert_int_equal(ezlb_endpoint_parse("10.0.0.1:80", &b, NULL), 0);
	assert_int_not_equal(ezlb_endpoint_cmp(&a, &b), 0);
}

static void test_endpoint_sockaddr(void **state)
{
	struct sockaddr_storage ss;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct ezlb_endpoint ep;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	assert_int_equal(ezlb_endpoint_parse("10.0.0.1:8080", &ep, NULL), 0);
	assert_int_equal(ezlb_endpoint_sockaddr(&ep, &ss), sizeof(in));
	memcpy(&in, &ss, sizeof(in));
	assert_int_equal(in.sin_family, AF_INET);
	assert_int_equal(ntohs(in.sin_port), 8080);
	assert_int_equal(ntohl(in.sin_addr.s_addr), 0x0a000001);

	assert_int_equal(ezlb_endpoint_parse("[fd00::1]:8080", &ep, NULL), 0);
	assert_int_equal(ezlb_endpoint_sockaddr(&ep, &ss), sizeof(in6));
	memcpy(&in6, &ss, sizeof(in6));
	assert_int_equal(in6.sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6.sin6_port), 8080);
	assert_int_equal(in6.sin6_scope_id, 0);
	inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text));
	assert_string_equal(text, "fd00::1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_parse),
		cmocka_unit_test(test_addr_none_formats_as_none),
		cmocka_unit_test(test_addr_kinds),
		cmocka_unit_test(test_range_parse),
		cmocka_unit_test(test_range_format),
		cmocka_unit_test(test_range_cmp_is_a_total_order),
		cmocka_unit_test(test_endpoint_parse),
		cmocka_unit_test(test_endpoint_cmp_is_a_total_order),
		cmocka_unit_test(test_each_byte_counts),
		cmocka_unit_test(test_ipv4_text_is_that_of_inet_ntop),
		cmocka_unit_test(test_spelling_does_not_matter),
		cmocka_unit_test(test_endpoint_sockaddr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
