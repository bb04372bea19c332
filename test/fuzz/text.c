// SPDX-License-Identifier: GPL-2.0-or-later
/* How text from outside is shown: in JSON, in log lines, and on a terminal. */
#include "fuzz.h"

#include <jansson.h>

#include <ezlb/json.h>
#include <ezlb/log.h>
#include <ezlb/utf8.h>

/* Valid UTF-8; `plain`: also nothing that a terminal interprets, apart from newlines. */
static void check_clean(const char *text, bool plain, bool lines)
{
	while (*text) {
		uint32_t c;
		size_t len = ezlb_utf8_decode(text, SIZE_MAX, &c);

		FUZZ_CHECK(len > 0);
		FUZZ_CHECK(!plain || ezlb_utf8_is_plain(c) || (lines && c == '\n'));
		text += len;
	}
}

static void check_plain(const char *text, bool lines)
{
	char *once = strdup(text), *twice;

	ezlb_utf8_plain(once, lines);
	FUZZ_CHECK(strlen(once) <= strlen(text));
	check_clean(once, true, lines);
	twice = strdup(once);
	ezlb_utf8_plain(twice, lines);
	FUZZ_CHECK(strcmp(once, twice) == 0);
	free(once);
	free(twice);
}

static void check_json(const char *text)
{
	EZLB_AUTO_FREE char *fixed = ezlb_utf8_fix(text);
	struct ezlb_text out = { 0 };
	json_t *object = ezlb_json_object(), *read;

	check_clean(fixed, false, true);
	ezlb_json_put_text(object, "text", text);
	ezlb_json_dump(object, false, &out);
	read = json_loadb(out.items, out.len, JSON_REJECT_DUPLICATES, NULL);
	FUZZ_CHECK(read);
	FUZZ_CHECK(strcmp(json_string_value(json_object_get(read, "text")), fixed) == 0);
	json_decref(read);
	EZLB_VEC_CLEAR(&out);
}

static void check_log(const char *text, enum ezlb_log_format format)
{
	const struct ezlb_kv fields[] = { EZLB_S("msg", text), EZLB_I("n", 1), { .key = NULL } };
	char line[8193];
	size_t len;
	json_t *read;

	ezlb_log_setup(EZLB_INFO, format);
	len = ezlb_log_fields(line, sizeof(line) - 1, fields);
	FUZZ_CHECK(len > 0 && line[len - 1] == '\n');
	line[len] = '\0';
	FUZZ_CHECK(strlen(line) == len && strchr(line, '\n') == line + len - 1);
	check_clean(line, true, true);
	if (format == EZLB_JSON) {
		read = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
		FUZZ_CHECK(json_is_string(json_object_get(read, "msg")));
		json_decref(read);
	}
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	check_plain(text, false);
	check_plain(text, true);
	check_json(text);
	check_log(text, EZLB_LOGFMT);
	check_log(text, EZLB_JSON);
	free(text);
	return 0;
}
