// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What daemon and worker tell each other about clients of the admin interface: the first byte
 * chooses the record, the rest are its bytes. What is read is in its range, and, written again, has
 * the same bytes.
 */
#include "fuzz.h"

#include <ezlb/utf8.h>

#include "pkg/api/records.h"

static void same(struct ezlb_text *written, const void *bytes, size_t len)
{
	FUZZ_CHECK(written->len == len && (len == 0 || memcmp(written->items, bytes, len) == 0));
	EZLB_VEC_CLEAR(written);
}

static void client(const void *bytes, size_t len)
{
	struct ezlb_text written = { 0 };
	struct records_client record;

	if (!records_get_client(bytes, len, &record))
		return;
	FUZZ_CHECK(record.id != 0);
	records_put_client(&record, &written);
	same(&written, bytes, len);
}

static void id(const void *bytes, size_t len)
{
	struct ezlb_text written = { 0 };
	uint64_t number;

	if (!records_get_id(bytes, len, &number))
		return;
	FUZZ_CHECK(number != 0);
	records_put_id(number, &written);
	same(&written, bytes, len);
}

/* Nothing that a terminal interprets. */
static void is_plain(const char *text)
{
	uint32_t c;
	size_t n;

	FUZZ_CHECK(text && strlen(text) <= RECORDS_TEXT_MAX);
	for (; *text; text += n) {
		n = ezlb_utf8_decode(text, SIZE_MAX, &c);
		FUZZ_CHECK(n > 0 && ezlb_utf8_is_plain(c));
	}
}

static void request(const void *bytes, size_t len)
{
	struct records_question question;
	struct ezlb_text written = { 0 };
	uint64_t number;

	if (!records_get_request(bytes, len, &number, &question)) {
		FUZZ_CHECK(!question.path && question.arguments.len == 0);
		return;
	}
	FUZZ_CHECK(number != 0 && question.path[0] == '/');
	FUZZ_CHECK(question.arguments.len <= RECORDS_ARGUMENTS_MAX);
	is_plain(question.path);
	for (size_t i = 0; i < question.arguments.len; i++) {
		is_plain(question.arguments.items[i].key);
		is_plain(question.arguments.items[i].value);
	}
	records_put_request(number, &question, &written);
	records_question_clear(&question);
	same(&written, bytes, len);
}

/* Of the type only the text counts: behind its end may be other bytes, which are not sent on. */
static void reply(const void *bytes, size_t len)
{
	struct ezlb_text written = { 0 };
	struct records_answer answer;

	if (!records_get_reply(bytes, len, &answer))
		return;
	FUZZ_CHECK(answer.id != 0 && answer.status >= 200 && answer.status <= 599);
	FUZZ_CHECK(memchr(answer.type, '\0', sizeof(answer.type)) && answer.type[0] != '\0');
	FUZZ_CHECK(answer.is_file == !answer.bytes && answer.len <= SIZE_MAX / 2);
	records_put_reply(&answer, &written);
	same(&written, bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const reads[])(const void *bytes, size_t len) = { client, id, request,
									reply };
	struct fuzz_rest rest = { data, size };
	size_t which = fuzz_byte(&rest) % (sizeof(reads) / sizeof(reads[0]));
	void *bytes = fuzz_bytes(rest.at, rest.len);

	reads[which](bytes, rest.len);
	free(bytes);
	return 0;
}
