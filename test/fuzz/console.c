// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Documents of a daemon as the commands print them. The length of the input decides how wide the
 * terminal is. The lines have nothing that a terminal would obey.
 */
#include "fuzz.h"

#include <ezlb/console.h>
#include <ezlb/utf8.h>

#define NOW_MS INT64_C(1795395723000)

static void check_output(struct ezlb_text *text)
{
	size_t len;
	EZLB_AUTO_FREE char *out = ezlb_text_take(text, &len);

	FUZZ_CHECK(strlen(out) == len);
	for (const char *at = out; *at;) {
		uint32_t c;
		size_t n = ezlb_utf8_decode(at, SIZE_MAX, &c);

		FUZZ_CHECK(n > 0 && (c == '\n' || ezlb_utf8_is_plain(c)));
		at += n;
	}
}

static void check_result(int rc, const struct ezlb_err *err)
{
	FUZZ_CHECK(rc <= 0 && (rc == 0 || (err->code == -rc && err->msg[0])));
}

static void check_tables(const char *json, const struct ezlb_console_look *look)
{
	struct ezlb_text out = { 0 };
	struct ezlb_err err = { 0 };
	int rc = ezlb_console_status(json, look, &out, &err);

	check_result(rc, &err);
	check_output(&out);
	rc = ezlb_console_service(json, "web", look, &out, &err);
	check_result(rc, &err);
	check_output(&out);
	rc = ezlb_console_service_events(json, "web", look, &out, &err);
	check_result(rc, &err);
	check_output(&out);
}

static void check_events(const char *json, const struct ezlb_console_look *look)
{
	struct ezlb_console_cursor cursor = { .seq = 0 };
	struct ezlb_console_drain drain;
	struct ezlb_text out = { 0 };
	struct ezlb_err err = { 0 };
	int rc = ezlb_console_events(json, look, &cursor, &out, &err);

	check_result(rc, &err);
	check_output(&out);
	rc = ezlb_console_drain(json, &drain, &err);
	check_result(rc, &err);
	FUZZ_CHECK(rc < 0 || memchr(drain.text, 0, sizeof(drain.text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ezlb_console_look look = { .width = (unsigned)(size % 160), .now_ms = NOW_MS };
	char *json = fuzz_string(data, size);

	check_tables(json, &look);
	check_events(json, &look);
	look.json = true;
	check_events(json, &look);
	free(json);
	return 0;
}
