// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>
#include <netinet/in.h>

#include <sys/socket.h>

#include <ezlb/spec.h>
#include <ezlb/verdict.h>

#include "requests.h"

static void test_proto_words_and_numbers(void **state)
{
	static const struct {
		enum ezlb_proto proto;
		const char *word;
		int number;
	} cases[] = {
		{ EZLB_TCP, "tcp", IPPROTO_TCP },
		{ EZLB_UDP, "udp", IPPROTO_UDP },
		{ EZLB_SCTP, "sctp", IPPROTO_SCTP },
	};
	enum ezlb_proto proto;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_string_equal(ezlb_proto_str(cases[i].proto), cases[i].word);
		assert_int_equal(ezlb_proto_parse(cases[i].word, &proto), 0);
		assert_int_equal(proto, cases[i].proto);
		assert_int_equal(ezlb_proto_number(cases[i].proto), cases[i].number);
		proto = EZLB_TCP;
		assert_int_equal(ezlb_proto_from_number(cases[i].number, &proto), 0);
		assert_int_equal(proto, cases[i].proto);
	}
	assert_int_equal(ezlb_proto_from_number(IPPROTO_ICMP, &proto), -EPROTONOSUPPORT);
	assert_int_equal(ezlb_proto_from_number(0, &proto), -EPROTONOSUPPORT);
	assert_int_equal(proto, EZLB_SCTP);
}

static void test_forward_words(void **state)
{
	static const char *const words[] = {
		[EZLB_MASQ] = "masq", [EZLB_DIRECT] = "direct", [EZLB_TUNNEL] = "tunnel"
	};
	enum ezlb_forward forward;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		assert_string_equal(ezlb_forward_str((enum ezlb_forward)i), words[i]);
		assert_int_equal(ezlb_forward_parse(words[i], &forward), 0);
		assert_int_equal(forward, i);
	}
}

static void test_check_type_words(void **state)
{
	static const char *const words[] = {
		[EZLB_CHECK_NONE] = "none",   [EZLB_CHECK_TCP] = "tcp", [EZLB_CHECK_HTTP] = "http",
		[EZLB_CHECK_HTTPS] = "https", [EZLB_CHECK_UDP] = "udp", [EZLB_CHECK_DNS] = "dns"
	};
	enum ezlb_check_type type;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		assert_string_equal(ezlb_check_type_str((enum ezlb_check_type)i), words[i]);
		assert_int_equal(ezlb_check_type_parse(words[i], &type), 0);
		assert_int_equal(type, i);
	}
}

static void test_other_words_are_refused(void **state)
{
	static const char *const words[] = { "", "TCP", "tcp ", "htt", "httpss", "nat", "icmp" };
	enum ezlb_proto proto = EZLB_SCTP;
	enum ezlb_forward forward = EZLB_TUNNEL;
	enum ezlb_check_type type = EZLB_CHECK_HTTPS;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		assert_int_equal(ezlb_proto_parse(words[i], &proto), -EINVAL);
		assert_int_equal(ezlb_forward_parse(words[i], &forward), -EINVAL);
		assert_int_equal(ezlb_check_type_parse(words[i], &type), -EINVAL);
	}
	assert_int_equal(proto, EZLB_SCTP); /* a failure leaves *out alone */
	assert_int_equal(forward, EZLB_TUNNEL);
	assert_int_equal(type, EZLB_CHECK_HTTPS);
}

REQUEST(root, "/", 200);
REQUEST(root_again, "/", 200);
REQUEST(root_204, "/", 204);
REQUEST(other_path, "/x", 200);

enum member {
	NOTHING,
	EQUAL_REQUEST,
	TYPE,
	INTERVAL,
	FAST_INTERVAL,
	TIMEOUT,
	PORT,
	SOURCE,
	FAIL_COUNT,
	RISE_COUNT,
	INITIAL,
	STATUS,
	PATH,
	NO_REQUEST,
	MEMBERS
};

/* Changes one member. Returns whether two checks that differ in it can share a probe. */
static bool vary(struct ezlb_check *check, enum member member)
{
	const struct ezlb_check before = *check;

	check->type += member == TYPE;
	check->interval_ms += member == INTERVAL;
	check->fast_interval_ms += member == FAST_INTERVAL;
	check->timeout_ms += member == TIMEOUT;
	check->port += member == PORT;
	check->source.first.family = check->source.last.family = member == SOURCE ? AF_INET : 0;
	check->fail_count += member == FAIL_COUNT;
	check->rise_count += member == RISE_COUNT;
	check->initial_up = member == INITIAL;
	check->request = member == EQUAL_REQUEST ? &root_again
			 : member == STATUS	 ? &root_204
			 : member == PATH	 ? &other_path
			 : member == NO_REQUEST	 ? NULL
						 : before.request;
	return member == NOTHING || member == EQUAL_REQUEST || member == FAIL_COUNT ||
	       member == RISE_COUNT || member == INITIAL; /* the thresholds are the service's */
}

static void test_same_probe(void **state)
{
	(void)state;
	for (int member = 0; member < MEMBERS; member++) {
		struct ezlb_check a = { .type = EZLB_CHECK_HTTP, .request = &root }, b = a;
		bool same = vary(&b, (enum member)member);

		if (ezlb_check_same_probe(&a, &b) != same || ezlb_check_same_probe(&b, &a) != same)
			fail_msg("member %d", member);
	}
}

static void test_spec_new_is_empty_and_free_takes_null(void **state)
{
	struct ezlb_spec *spec = ezlb_spec_new();

	(void)state;
	assert_null(spec->file);
	assert_int_equal(spec->n_backends, 0);
	spec->file = ezlb_strdup("web.yaml");
	spec->backends = ezlb_calloc(3, sizeof(*spec->backends));
	ezlb_spec_free(spec);
	ezlb_spec_free(NULL);
}

static void test_verdicts_sort_by_service_then_backend(void **state)
{
	static const struct ezlb_verdict_row rows[] = {
		{ .service = "a", .backend = { .port = 1 }, .verdict = EZLB_DOWN },
		{ .service = "a", .backend = { .port = 2 }, .verdict = EZLB_UP },
		{ .service = "ab", .backend = { .port = 1 }, .verdict = EZLB_UNKNOWN },
		{ .service = "b", .backend = { .port = 1 }, .verdict = EZLB_UNKNOWN },
	};
	struct ezlb_verdict_row same = rows[0];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t k = 0; k < COUNT_OF(rows); k++) {
			int rc = ezlb_verdict_row_cmp(&rows[i], &rows[k]);

			assert_int_equal(rc < 0, i < k);
			assert_int_equal(rc > 0, i > k);
		}
	same.verdict = EZLB_UP; /* the value is no part of the key */
	assert_int_equal(ezlb_verdict_row_cmp(&same, &rows[0]), 0);
	assert_string_equal(ezlb_verdict_str(EZLB_UNKNOWN), "unknown");
	assert_string_equal(ezlb_verdict_str(EZLB_UP), "up");
	assert_string_equal(ezlb_verdict_str(EZLB_DOWN), "down");
	assert_string_equal(ezlb_outcome_str(EZLB_PROBE_OK), "ok");
	assert_string_equal(ezlb_outcome_str(EZLB_PROBE_CONNECT_REFUSED), "connect_refused");
	assert_string_equal(ezlb_outcome_str(EZLB_PROBE_LOCAL_ERROR), "local_error");
}

/* Only bits that no other program is known to use, never zero, and each part of a range counts. */
static void test_marks_of_ranges(void **state)
{
	struct ezlb_endpoint ep = { .port = 80 };
	uint32_t mark, seen = 0;
	size_t same = 0;

	(void)state;
	assert_int_equal(ezlb_addr_parse("10.0.0.1", &ep.addr, NULL), 0);
	mark = ezlb_range_mark(EZLB_TCP, &ep, 90);
	assert_int_equal(mark, 0x2017); /* of files that are applied: it cannot change */
	assert_int_not_equal(ezlb_range_mark(EZLB_UDP, &ep, 90), mark);
	assert_int_not_equal(ezlb_range_mark(EZLB_TCP, &ep, 91), mark);
	ep.port = 81;
	assert_int_not_equal(ezlb_range_mark(EZLB_TCP, &ep, 90), mark);
	for (uint16_t port = 1; port < 2000; port++) {
		uint32_t other;

		ep.port = port;
		other = ezlb_range_mark(EZLB_TCP, &ep, 2000);
		assert_int_equal(other & ~0x30ffu, 0);
		assert_int_not_equal(other, 0);
		seen |= other;
		same += other == mark;
	}
	assert_int_equal(seen, 0x30ff);
	assert_true(same < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proto_words_and_numbers),
		cmocka_unit_test(test_forward_words),
		cmocka_unit_test(test_check_type_words),
		cmocka_unit_test(test_other_words_are_refused),
		cmocka_unit_test(test_same_probe),
		cmocka_unit_test(test_marks_of_ranges),
		cmocka_unit_test(test_spec_new_is_empty_and_free_takes_null),
		cmocka_unit_test(test_verdicts_sort_by_service_then_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
