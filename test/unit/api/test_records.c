// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes of the records, whole, cut off, too long and with wrong values. */
#include "cm.h"

#include "records.h"

static struct ezlb_text text;

static int clear(void **state)
{
	(void)state;
	EZLB_VEC_CLEAR(&text);
	return 0;
}

/* A copy of exactly these bytes, so that a sanitizer sees what reads beyond them. */
static char *exactly(size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, text.items, len);
	return copy;
}

static bool decodes(int kind, const char *bytes, size_t len)
{
	struct records_question question;
	struct records_client client;
	struct records_answer answer;
	uint64_t id;
	bool ok;

	if (kind == 0)
		return records_get_client(bytes, len, &client);
	if (kind == 1)
		return records_get_id(bytes, len, &id);
	if (kind == 2)
		return records_get_reply(bytes, len, &answer);
	ok = records_get_request(bytes, len, &id, &question);
	assert_true(ok || (question.path == NULL && question.arguments.len == 0));
	records_question_clear(&question);
	return ok;
}

/* Does the decoder of `kind` take the first len bytes? */
static bool takes(int kind, size_t len)
{
	char *bytes = exactly(len);
	bool ok = decodes(kind, bytes, len);

	free(bytes);
	return ok;
}

/* No part of a record is a record, nor is one with a byte more. */
static void want_only_whole(int kind)
{
	for (size_t len = 0; len < text.len; len++)
		if (takes(kind, len))
			fail_msg("%zu of %zu bytes are a record", len, text.len);
	assert_true(takes(kind, text.len));
	ezlb_text_put(&text, "x", 1);
	assert_false(takes(kind, text.len));
}

static void test_client(void **state)
{
	struct records_client client = { .id = UINT64_C(1) << 40, .is_local = true }, got;

	(void)state;
	records_put_client(&client, &text);
	assert_true(records_get_client(text.items, text.len, &got));
	assert_true(got.id == client.id && got.is_local);
	want_only_whole(0);
	text.items[8] = 2;
	assert_false(takes(0, 9));
	text.items[8] = 0;
	assert_true(takes(0, 9));
	memset(text.items, 0, 8);
	assert_false(takes(0, 9));
}

static void test_id(void **state)
{
	uint64_t id;

	(void)state;
	records_put_id(7, &text);
	assert_true(records_get_id(text.items, text.len, &id));
	assert_int_equal(id, 7);
	want_only_whole(1);
	memset(text.items, 0, 8);
	assert_false(takes(1, 8));
}

static void add(struct records_question *question, const char *key, const char *value)
{
	*EZLB_PUSH(&question->arguments) = (struct records_argument){ ezlb_strdup(key),
								      ezlb_strdup(value) };
}

static struct records_question question_of(const char *path)
{
	return (struct records_question){ .path = ezlb_strdup(path) };
}

static void test_request(void **state)
{
	struct records_question question = question_of("/api/v1/events"), got;
	uint64_t id;

	(void)state;
	add(&question, "since", "12");
	add(&question, "\xc3\xa4", "");
	question.is_post = true;
	records_put_request(9, &question, &text);
	records_question_clear(&question);
	assert_true(records_get_request(text.items, text.len, &id, &got));
	assert_int_equal(id, 9);
	assert_string_equal(got.path, "/api/v1/events");
	assert_int_equal(got.arguments.len, 2);
	assert_string_equal(got.arguments.items[0].key, "since");
	assert_string_equal(got.arguments.items[0].value, "12");
	assert_string_equal(got.arguments.items[1].key, "\xc3\xa4");
	assert_string_equal(got.arguments.items[1].value, "");
	assert_true(got.is_post && !got.takes_gzip);
	records_question_clear(&got);
	want_only_whole(3);
}

#define FLAGS	  8 /* where they are */
#define ARGUMENTS 9
#define PATH	  12

static void test_wrong_requests(void **state)
{
	static const struct {
		size_t at;
		char byte;
	} rows[] = {
		{ FLAGS, 4 },	   { FLAGS, (char)0x80 },
		{ ARGUMENTS, 0 },  { ARGUMENTS, 2 },
		{ ARGUMENTS, 33 }, { PATH, 'x' },
		{ PATH + 1, 0 },   { PATH + 1, '\n' },
		{ PATH + 1, 27 },  { PATH + 1, (char)0xff },
	};
	struct records_question question = question_of("/ab");
	size_t len;

	(void)state;
	add(&question, "k", "v");
	records_put_request(1, &question, &text);
	records_question_clear(&question);
	len = text.len;
	assert_true(takes(3, len));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char before = text.items[rows[i].at];

		text.items[rows[i].at] = rows[i].byte;
		if (takes(3, len))
			fail_msg("byte %zu: %d", rows[i].at, rows[i].byte);
		text.items[rows[i].at] = before;
	}
	memset(text.items, 0, 8);
	assert_false(takes(3, len));
}

static bool is_valid(const char *path, size_t arguments, const char *value)
{
	struct records_question question = question_of(path);
	bool valid;

	for (size_t i = 0; i < arguments; i++)
		add(&question, "k", value);
	valid = records_question_is_valid(&question);
	records_question_clear(&question);
	return valid;
}

static void test_valid_questions(void **state)
{
	EZLB_AUTO_FREE char *most = ezlb_calloc(1, RECORDS_TEXT_MAX + 2);
	struct records_question question, got;
	uint64_t id;

	(void)state;
	assert_true(is_valid("/", 0, NULL));
	assert_true(is_valid("/\xe2\x82\xac", RECORDS_ARGUMENTS_MAX, "1"));
	assert_false(is_valid("/", RECORDS_ARGUMENTS_MAX + 1, "1"));
	assert_false(is_valid("", 0, NULL));
	assert_false(is_valid("*", 0, NULL));
	assert_false(is_valid("http://localhost/", 0, NULL));
	assert_false(is_valid("/\x07", 0, NULL));
	assert_false(is_valid("/\xff", 0, NULL));
	assert_false(is_valid("/\xc2\x9b", 0, NULL));
	assert_false(is_valid("/", 1, "a\x1b[2J"));
	memset(most, '/', RECORDS_TEXT_MAX);
	assert_true(is_valid(most, 0, NULL));
	assert_false(is_valid(most, 1, ""));
	question = question_of(most);
	records_put_request(1, &question, &text);
	records_question_clear(&question);
	assert_true(records_get_request(text.items, text.len, &id, &got));
	records_question_clear(&got);
	most[RECORDS_TEXT_MAX] = '/';
	assert_false(is_valid(most, 0, NULL));
}

static const struct records_answer reply = {
	.id = 3, .status = 503, .type = "text/plain", .is_packed = true, .len = 3, .bytes = "a\0b"
};

static void test_reply(void **state)
{
	struct records_answer got;

	(void)state;
	records_put_reply(&reply, &text);
	assert_true(records_get_reply(text.items, text.len, &got));
	assert_int_equal(got.id, 3);
	assert_int_equal(got.status, 503);
	assert_string_equal(got.type, "text/plain");
	assert_true(got.is_packed && !got.is_file);
	assert_int_equal(got.len, 3);
	assert_memory_equal(got.bytes, "a\0b", 3);
	want_only_whole(2);
}

static void test_reply_in_a_file(void **state)
{
	struct records_answer answer = reply, got;

	(void)state;
	answer.is_file = true;
	answer.len = UINT64_C(1) << 33;
	records_put_reply(&answer, &text);
	assert_true(records_get_reply(text.items, text.len, &got));
	assert_true(got.is_file && got.len == answer.len && got.bytes == NULL);
	want_only_whole(2);
}

static void test_wrong_replies(void **state)
{
	static char big[RECORDS_INLINE_MAX + 1];
	const struct {
		unsigned status;
		const char *type;
		uint64_t id, len;
		bool is_file, want;
	} rows[] = {
		{ 200, "a", 1, 0, false, true },
		{ 199, "a", 1, 0, false, false },
		{ 600, "a", 1, 0, false, false },
		{ 200, "", 1, 0, false, false },
		{ 200, "a\r\nSet-Cookie: b", 1, 0, false, false },
		{ 200, "a", 0, 0, false, false },
		{ 200, "a", 1, RECORDS_INLINE_MAX, false, true },
		{ 200, "a", 1, RECORDS_INLINE_MAX + 1, false, false },
		{ 200, "a", 1, 0, true, false },
		{ 200, "a", 1, UINT64_MAX, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct records_answer answer = { .id = rows[i].id,
						 .status = rows[i].status,
						 .is_file = rows[i].is_file,
						 .len = rows[i].len,
						 .bytes = big };

		EZLB_VEC_CLEAR(&text);
		ezlb_strcpy(answer.type, sizeof(answer.type), rows[i].type);
		records_put_reply(&answer, &text);
		if (takes(2, text.len) != rows[i].want)
			fail_msg("row %zu", i);
	}
	EZLB_VEC_CLEAR(&text);
	records_put_reply(&reply, &text);
	memset(text.items + 19, 'x', RECORDS_TYPE_MAX); /* a type without an end */
	assert_false(takes(2, text.len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_client, clear),
		cmocka_unit_test_teardown(test_id, clear),
		cmocka_unit_test_teardown(test_request, clear),
		cmocka_unit_test_teardown(test_wrong_requests, clear),
		cmocka_unit_test_teardown(test_valid_questions, clear),
		cmocka_unit_test_teardown(test_reply, clear),
		cmocka_unit_test_teardown(test_reply_in_a_file, clear),
		cmocka_unit_test_teardown(test_wrong_replies, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
