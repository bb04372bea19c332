// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <stdio.h>

#include <ezlb/yaml.h>

#define A10 "aaaaaaaaaa"
#define A90 A10 A10 A10 A10 A10 A10 A10 A10 A10

static const struct {
	const char *in, *want;
} shows[] = {
	{ "", "" },
	{ "10.0.0.1:80", "10.0.0.1:80" },
	{ "a\tb\nc", "a\\x09b\\x0ac" },
	{ "\x1b[31m\x7f", "\\x1b[31m\\x7f" },
	{ "n\xc3\xa9", "n\xc3\xa9" },
	{ "a\xc2\x85z", "a\\x85z" },		   /* NEL, a control character of two bytes */
	{ A90 "123456", A90 "123456" },		   /* 96 bytes fit */
	{ A90 "1234567", A90 "123456..." },	   /* 97 do not */
	{ A90 "12345\xc3\xa9 b", A90 "12345..." }, /* no half a character */
	{ A90 "1234\x01 b", A90 "1234..." },	   /* no half an escape */
	{ A90 "1234\xc2\x85 b", A90 "1234..." },
};

static void test_show(void **state)
{
	char buf[EZLB_SHOW_STRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(shows); i++)
		assert_string_equal(ezlb_source_show(shows[i].in, buf), shows[i].want);
}

/* One character of each kind at the line and column where it is expected; line 0: accepted. */
static const struct {
	const char *in;
	size_t len;
	int line, col;
} texts[] = {
	{ "", 0, 0, 0 },
	{ "a\nb", 3, 0, 0 },
	{ "\xef\xbb\xbf"
	  "a",
	  4, 0, 0 },
	{ "\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80\t\r\n", 13, 0, 0 },
	{ "\xef\xbf\xbd \xf4\x8f\xbf\xbf", 8, 0, 0 },
	{ "a\0b", 3, 1, 2 },
	{ "a\nb\x01", 4, 2, 2 },
	{ "a\r\nb\x01", 5, 2, 2 },
	{ "a\rb\x01", 4, 2, 2 },
	{ "\xc3\xa9\x7f", 3, 1, 2 },
	{ "\xc2\x85", 2, 1, 1 },      /* NEL */
	{ "\xc2\x9b", 2, 1, 1 },      /* CSI */
	{ "\xe2\x80\xa8", 3, 1, 1 },  /* line separator */
	{ "\xe2\x80\xa9", 3, 1, 1 },  /* paragraph separator */
	{ "a\xef\xbb\xbf", 4, 1, 2 }, /* a byte order mark in the middle */
	{ "\xef\xbf\xbe", 3, 1, 1 },  /* U+FFFE */
	{ "\xff\xfe"
	  "a\0",
	  4, 1, 1 }, /* UTF-16 */
	{ "\xfe\xff\0a", 4, 1, 1 },
	{ "\x80", 1, 1, 1 }, /* a continuation without a start */
	{ "\xc3", 1, 1, 1 }, /* cut off */
	{ "\xe4\xb8", 2, 1, 1 },
	{ "\xc3(", 2, 1, 1 },
	{ "\xc0\xaf", 2, 1, 1 }, /* overlong */
	{ "\xe0\x80\x80", 3, 1, 1 },
	{ "\xf0\x80\x80\x80", 4, 1, 1 },
	{ "\xed\xa0\x80", 3, 1, 1 },	 /* a surrogate */
	{ "\xf4\x90\x80\x80", 4, 1, 1 }, /* above U+10FFFF */
	{ "\xf8\x88\x80\x80\x80", 5, 1, 1 },
	{ "a\n%TAG", 6, 2, 1 },
};

static void test_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct ezlb_diags diags = { 0 };
		struct ezlb_source src;
		bool ok = ezlb_source_open(&src, "f.yaml", texts[i].in, texts[i].len,
					   &ezlb_yaml_service, &diags);

		if (ok != (texts[i].line == 0) || diags.len != !ok)
			fail_msg("text %zu: accepted %d, %zu diagnostics", i, ok, diags.len);
		if (!ok) {
			assert_int_equal(diags.items[0].at.line, texts[i].line);
			assert_int_equal(diags.items[0].at.col, texts[i].col);
		}
		ezlb_diags_clear(&diags);
	}
}

static void test_line(void **state)
{
	static const char text[] = "one\r\ntwo\r\rfour\n";
	static const char *const want[] = { "one", "two", "", "four", "" };
	struct ezlb_source src = { .text = text, .len = sizeof(text) - 1 };
	size_t len;

	(void)state;
	for (int n = 1; n <= (int)COUNT_OF(want); n++) {
		const char *line = ezlb_source_line(&src, n, &len);

		assert_non_null(line);
		assert_int_equal(len, strlen(want[n - 1]));
		assert_memory_equal(line, want[n - 1], len);
	}
	assert_null(ezlb_source_line(&src, 6, &len));
	assert_null(ezlb_source_line(&src, 0, &len));
}

static void test_at(void **state)
{
	static const char text[] = " \t\xc3\xa9x\nab";
	struct ezlb_source src = { .text = text, .len = sizeof(text) - 1 };

	(void)state;
	assert_int_equal(ezlb_source_at(&src, (struct ezlb_mark){ 1, 1 }), ' ');
	assert_int_equal(ezlb_source_at(&src, (struct ezlb_mark){ 1, 4 }), 'x');
	assert_int_equal(ezlb_source_at(&src, (struct ezlb_mark){ 1, 5 }), '\0');
	assert_int_equal(ezlb_source_at(&src, (struct ezlb_mark){ 2, 2 }), 'b');
	assert_int_equal(ezlb_source_at(&src, (struct ezlb_mark){ 2, 99 }), '\0');
	assert_int_equal(ezlb_source_at(&src, (struct ezlb_mark){ 3, 1 }), '\0');
	assert_true(ezlb_source_first(&src, (struct ezlb_mark){ 1, 3 }));
	assert_false(ezlb_source_first(&src, (struct ezlb_mark){ 1, 4 }));
	assert_true(ezlb_source_first(&src, (struct ezlb_mark){ 3, 1 }));
}

static void test_refuse(void **state)
{
	char text[450];
	struct ezlb_diags diags = { 0 };
	struct ezlb_source src = { .file = "f.yaml", .text = text, .diags = &diags };

	(void)state;
	src.len = (size_t)snprintf(text, sizeof(text), "\n%0200d\n%0201d\n", 1, 2);
	for (int line = 1; line <= 25; line++)
		ezlb_source_refuse(&src, (struct ezlb_mark){ line, 1 }, EZLB_E_VALUE,
				   line == 2 ? "help" : NULL, "n %d", line);
	assert_int_equal(diags.len, 20);
	assert_int_equal(src.n_errors, 25);
	assert_null(diags.items[0].source); /* empty */
	assert_null(diags.items[0].help);
	assert_int_equal(strlen(diags.items[1].source), 200);
	assert_string_equal(diags.items[1].help, "help");
	assert_string_equal(diags.items[1].message, "n 2");
	assert_null(diags.items[2].source); /* too long to show */
	assert_null(diags.items[3].source); /* behind the end */
	ezlb_diags_clear(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_show),   cmocka_unit_test(test_open),
		cmocka_unit_test(test_line),   cmocka_unit_test(test_at),
		cmocka_unit_test(test_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
