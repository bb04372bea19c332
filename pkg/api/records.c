// SPDX-License-Identifier: GPL-2.0-or-later
#include "records.h"

#include <ezlb/utf8.h>

enum { IS_POST = 1, TAKES_GZIP = 2 };
enum { IS_PACKED = 1, IS_FILE = 2 };

/* The rest of a record. `bad` once something was missing. */
struct reader {
	const char *at;
	size_t left;
	bool bad;
};

static void put(struct ezlb_text *out, const void *value, size_t size)
{
	ezlb_text_put(out, value, size);
}

static void put_string(struct ezlb_text *out, const char *string)
{
	uint16_t len = (uint16_t)strlen(string);

	put(out, &len, sizeof(len));
	put(out, string, len);
}

/* Returns NULL if fewer bytes are left. */
static const char *take(struct reader *reader, size_t size)
{
	const char *at = reader->at;

	if (reader->bad || size > reader->left) {
		reader->bad = true;
		return NULL;
	}
	reader->at += size;
	reader->left -= size;
	return at;
}

static void get(struct reader *reader, void *value, size_t size)
{
	const char *at = take(reader, size);

	if (at)
		memcpy(value, at, size);
	else
		memset(value, 0, size);
}

/* The caller frees. NULL: a NUL inside, or too long. */
static char *get_string(struct reader *reader)
{
	const char *at;
	uint16_t len;

	get(reader, &len, sizeof(len));
	at = take(reader, len);
	if (!at || len > RECORDS_TEXT_MAX || memchr(at, '\0', len))
		reader->bad = true;
	return reader->bad ? NULL : ezlb_strndup(at, len);
}

/* All was there, and nothing more is. */
static bool is_read(const struct reader *reader)
{
	return !reader->bad && reader->left == 0;
}

void records_put_client(const struct records_client *client, struct ezlb_text *out)
{
	uint8_t local = client->is_local;

	put(out, &client->id, sizeof(client->id));
	put(out, &local, sizeof(local));
}

bool records_get_client(const void *data, size_t len, struct records_client *out)
{
	struct reader reader = { .at = data, .left = len };
	uint8_t local;

	get(&reader, &out->id, sizeof(out->id));
	get(&reader, &local, sizeof(local));
	out->is_local = local;
	return is_read(&reader) && local <= 1 && out->id != 0;
}

void records_put_id(uint64_t id, struct ezlb_text *out)
{
	put(out, &id, sizeof(id));
}

bool records_get_id(const void *data, size_t len, uint64_t *out)
{
	struct reader reader = { .at = data, .left = len };

	get(&reader, out, sizeof(*out));
	return is_read(&reader) && *out != 0;
}

void records_question_clear(struct records_question *question)
{
	for (size_t i = 0; i < question->arguments.len; i++) {
		free(question->arguments.items[i].key);
		free(question->arguments.items[i].value);
	}
	EZLB_VEC_CLEAR(&question->arguments);
	free(question->path);
	*question = (struct records_question){ 0 };
}

static bool is_plain(const char *text, size_t *total)
{
	size_t len = strlen(text);
	uint32_t c;

	*total += len;
	if (*total > RECORDS_TEXT_MAX)
		return false;
	for (size_t i = 0, n; i < len; i += n) {
		n = ezlb_utf8_decode(text + i, len - i, &c);
		if (n == 0 || !ezlb_utf8_is_plain(c))
			return false;
	}
	return true;
}

bool records_question_is_valid(const struct records_question *question)
{
	size_t total = 0;

	if (question->path[0] != '/' || !is_plain(question->path, &total) ||
	    question->arguments.len > RECORDS_ARGUMENTS_MAX)
		return false;
	for (size_t i = 0; i < question->arguments.len; i++)
		if (!is_plain(question->arguments.items[i].key, &total) ||
		    !is_plain(question->arguments.items[i].value, &total))
			return false;
	return true;
}

void records_put_request(uint64_t id, const struct records_question *question,
			 struct ezlb_text *out)
{
	uint8_t flags = (uint8_t)((question->is_post ? IS_POST : 0) |
				  (question->takes_gzip ? TAKES_GZIP : 0));
	uint8_t n = (uint8_t)question->arguments.len;

	put(out, &id, sizeof(id));
	put(out, &flags, sizeof(flags));
	put(out, &n, sizeof(n));
	put_string(out, question->path);
	for (size_t i = 0; i < question->arguments.len; i++) {
		put_string(out, question->arguments.items[i].key);
		put_string(out, question->arguments.items[i].value);
	}
}

bool records_get_request(const void *data, size_t len, uint64_t *id, struct records_question *out)
{
	struct reader reader = { .at = data, .left = len };
	uint8_t flags, n;

	*out = (struct records_question){ 0 };
	get(&reader, id, sizeof(*id));
	get(&reader, &flags, sizeof(flags));
	get(&reader, &n, sizeof(n));
	out->is_post = flags & IS_POST;
	out->takes_gzip = flags & TAKES_GZIP;
	out->path = get_string(&reader);
	for (unsigned i = 0; i < n && i < RECORDS_ARGUMENTS_MAX && !reader.bad; i++) {
		struct records_argument *argument = EZLB_PUSH(&out->arguments);

		argument->key = get_string(&reader);
		argument->value = get_string(&reader);
	}
	if (is_read(&reader) && *id != 0 && flags <= (IS_POST | TAKES_GZIP) &&
	    n == out->arguments.len && records_question_is_valid(out))
		return true;
	records_question_clear(out);
	return false;
}

void records_put_reply(const struct records_answer *answer, struct ezlb_text *out)
{
	uint16_t status = (uint16_t)answer->status;
	uint8_t flags = (uint8_t)((answer->is_packed ? IS_PACKED : 0) |
				  (answer->is_file ? IS_FILE : 0));

	put(out, &answer->id, sizeof(answer->id));
	put(out, &answer->len, sizeof(answer->len));
	put(out, &status, sizeof(status));
	put(out, &flags, sizeof(flags));
	put(out, answer->type, sizeof(answer->type));
	if (!answer->is_file)
		put(out, answer->bytes, answer->len);
}

/* It becomes a line of the head of an answer. */
static bool is_type(const char *type)
{
	const char *end = memchr(type, '\0', RECORDS_TYPE_MAX);

	for (const char *p = type; end && p < end; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return end && end > type;
}

bool records_get_reply(const void *data, size_t len, struct records_answer *out)
{
	struct reader reader = { .at = data, .left = len };
	uint16_t status;
	uint8_t flags;

	*out = (struct records_answer){ 0 };
	get(&reader, &out->id, sizeof(out->id));
	get(&reader, &out->len, sizeof(out->len));
	get(&reader, &status, sizeof(status));
	get(&reader, &flags, sizeof(flags));
	get(&reader, out->type, sizeof(out->type));
	out->status = status;
	out->is_packed = flags & IS_PACKED;
	out->is_file = flags & IS_FILE;
	if (!out->is_file && out->len <= RECORDS_INLINE_MAX)
		out->bytes = take(&reader, out->len);
	return is_read(&reader) && out->id != 0 && status >= 200 && status <= 599 &&
	       flags <= (IS_PACKED | IS_FILE) && is_type(out->type) &&
	       (out->is_file ? out->len > 0 && out->len <= SIZE_MAX / 2 : out->bytes != NULL);
}
