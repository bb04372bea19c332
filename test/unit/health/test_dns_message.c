// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_message.h"

#define BYTES(text) (const unsigned char *)(text), sizeof(text) - 1
#define LABEL63	    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *name;
	uint16_t type;
	const unsigned char *want; /* after the header */
	size_t len;
} queries[] = {
	{ ".", 2, BYTES("\0\0\2\0\1") },
	{ "", 2, BYTES("\0\0\2\0\1") },
	{ "example.org", 1, BYTES("\7example\3org\0\0\1\0\1") },
	{ "example.org.", 257, BYTES("\7example\3org\0\1\1\0\1") },
	{ "a", 28, BYTES("\1a\0\0\34\0\1") },
	{ LABEL63 ".x", 1, BYTES("\77" LABEL63 "\1x\0\0\1\0\1") },
};

static void test_query(void **state)
{
	static const unsigned char head[] = "\x12\x34\1\0\0\1\0\0\0\0\0";
	unsigned char buf[EZLB_DNS_QUERY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		memset(buf, 0xee, sizeof(buf));
		assert_int_equal(ezlb_dns_query(buf, 0x1234, queries[i].name, queries[i].type),
				 12 + queries[i].len);
		assert_memory_equal(buf, head, 12);
		assert_memory_equal(buf + 12, queries[i].want, queries[i].len);
	}
}

/* 255 bytes with the length bytes, and one more. */
static void test_query_lengths(void **state)
{
	static const char *const wrong[] = { "..", ".a", "a..b", LABEL63 "l", LABEL63 "l.org" };
	char longest[256] = LABEL63 "." LABEL63 "." LABEL63 ".";
	unsigned char buf[EZLB_DNS_QUERY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ezlb_dns_query(buf, 1, wrong[i], 1), 0);
	memset(longest + strlen(longest), 'x', 61);
	assert_int_equal(ezlb_dns_query(buf, 1, longest, 1), EZLB_DNS_QUERY_MAX);
	strcat(longest, "x");
	assert_int_equal(ezlb_dns_query(buf, 1, longest, 1), 0);
}

#define QUESTION "\7example\3org\0\0\1\0\1"
#define ONE	 "\0\1\0\0\0\0\0\0"
#define OK	 EZLB_PROBE_OK, 0
#define STRANGE	 EZLB_PROBE_DNS_PROTOCOL, 0

/* Answers to the query with id 0x1234 for example.org, A, where noerror and nxdomain are healthy.
 */
static const struct {
	const char *name;
	const unsigned char *answer;
	size_t len;
	enum ezlb_outcome want;
	int code;
} answers[] = {
	{ "noerror", BYTES("\x12\x34\x81\x80" ONE QUESTION), OK },
	{ "with records", BYTES("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION "\xc0\x0c..."), OK },
	{ "nxdomain", BYTES("\x12\x34\x81\x83" ONE QUESTION), OK },
	{ "truncated", BYTES("\x12\x34\x83\x80" ONE QUESTION), OK },
	{ "servfail", BYTES("\x12\x34\x81\x82" ONE QUESTION), EZLB_PROBE_DNS_RCODE, 2 },
	{ "refused", BYTES("\x12\x34\x81\x85" ONE QUESTION), EZLB_PROBE_DNS_RCODE, 5 },
	{ "rcode 15", BYTES("\x12\x34\x81\x8f" ONE QUESTION), EZLB_PROBE_DNS_RCODE, 15 },
	{ "letters", BYTES("\x12\x34\x81\x80" ONE "\7EXample\3oRG\0\0\1\0\1"), OK },
	{ "an error without the question", BYTES("\x12\x34\x81\x81\0\0\0\0\0\0\0\0"),
	  EZLB_PROBE_DNS_RCODE, 1 },
	{ "noerror without it", BYTES("\x12\x34\x81\x80\0\0\0\0\0\0\0\0"), STRANGE },
	{ "nxdomain without it", BYTES("\x12\x34\x81\x83\0\0\0\0\0\0\0\0"), STRANGE },
	{ "empty", BYTES(""), STRANGE },
	{ "one byte", BYTES("\x12"), STRANGE },
	{ "half a header", BYTES("\x12\x34\x81\x80\0\1\0\0\0\0\0"), STRANGE },
	{ "a header that promises a question", BYTES("\x12\x34\x81\x80" ONE), STRANGE },
	{ "cut in the question", BYTES("\x12\x34\x81\x80" ONE "\7example\3org\0\0\1\0"), STRANGE },
	{ "another id", BYTES("\x12\x35\x81\x80" ONE QUESTION), STRANGE },
	{ "the query itself", BYTES("\x12\x34\1\0" ONE QUESTION), STRANGE },
	{ "another opcode", BYTES("\x12\x34\x91\x80" ONE QUESTION), STRANGE },
	{ "two questions", BYTES("\x12\x34\x81\x80\0\2\0\0\0\0\0\0" QUESTION QUESTION), STRANGE },
	{ "another name", BYTES("\x12\x34\x81\x80" ONE "\7example\3com\0\0\1\0\1"), STRANGE },
	{ "another type", BYTES("\x12\x34\x81\x80" ONE "\7example\3org\0\0\2\0\1"), STRANGE },
	{ "type A as a letter", BYTES("\x12\x34\x81\x80" ONE "\7example\3org\0\0\1\0\x41"),
	  STRANGE },
	{ "a pointer to itself", BYTES("\x12\x34\x81\x80" ONE "\xc0\x0c\0\1\0\1       "), STRANGE },
	{ "an endless label", BYTES("\x12\x34\x81\x80" ONE "\77xxxxxxxxxxxxxxxxxxxxxxxxxx"),
	  STRANGE },
};

/* On the heap, so that a sanitizer sees each read beyond the end. */
static void test_judge(void **state)
{
	unsigned char query[EZLB_DNS_QUERY_MAX];
	size_t query_len = ezlb_dns_query(query, 0x1234, "example.org", 1);

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		unsigned char *copy = malloc(answers[i].len + 1);
		unsigned char *at = copy + 1;
		struct ezlb_probe_result got;

		memcpy(at, answers[i].answer, answers[i].len);
		got = ezlb_dns_judge(query, query_len, at, answers[i].len, 1u << 0 | 1u << 3);
		free(copy);
		if (got.outcome != answers[i].want || got.code != answers[i].code)
			fail_msg("%s: %s %d", answers[i].name, ezlb_outcome_str(got.outcome),
				 got.code);
	}
}

/* Whatever single byte of a good answer is another one, or is missing: no crash. */
static void test_any_byte(void **state)
{
	static const unsigned char good[] = "\x12\x34\x81\x80" ONE QUESTION;
	unsigned char query[EZLB_DNS_QUERY_MAX], bent[sizeof(good)];
	size_t query_len = ezlb_dns_query(query, 0x1234, "example.org", 1);

	(void)state;
	for (size_t at = 0; at < sizeof(good) - 1; at++) {
		for (int byte = 0; byte < 256; byte++) {
			memcpy(bent, good, sizeof(good));
			bent[at] = (unsigned char)byte;
			(void)ezlb_dns_judge(query, query_len, bent, sizeof(good) - 1, 1);
			(void)ezlb_dns_judge(query, query_len, bent, at, 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_query_lengths),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
