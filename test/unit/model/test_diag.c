// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/diag.h>

static const struct {
	const char *name;
	struct ezlb_mark at;
	enum ezlb_diag_code code;
	const char *source, *help, *line, *text;
} cases[] = {
	{ "plain",
	  { 3, 9 },
	  EZLB_E_RANGE,
	  "listen: 10.0.0.1:70000",
	  NULL,
	  "web.yaml:3:9: error[E014]: bad",
	  "web.yaml:3:9: error[E014]: bad\n"
	  "    3 | listen: 10.0.0.1:70000\n"
	  "      |         ^\n" },
	{ "with help",
	  { 1, 1 },
	  EZLB_E_UNKNOWN_KEY,
	  "lisen: x",
	  "did you mean 'listen'?",
	  "web.yaml:1:1: error[E010]: bad",
	  "web.yaml:1:1: error[E010]: bad\n"
	  "    1 | lisen: x\n"
	  "      | ^\n"
	  "  help: did you mean 'listen'?\n" },
	{ "tabs before the caret are kept",
	  { 12, 4 },
	  EZLB_E_FEATURE,
	  "\ta\tb",
	  NULL,
	  "web.yaml:12:4: error[E004]: bad",
	  "web.yaml:12:4: error[E004]: bad\n"
	  "   12 | \ta\tb\n"
	  "      | \t \t^\n" },
	{ "what would command a terminal is not shown",
	  { 2, 4 },
	  EZLB_E_FEATURE,
	  "a: \x1b[2J\x7f",
	  NULL,
	  "web.yaml:2:4: error[E004]: bad",
	  "web.yaml:2:4: error[E004]: bad\n"
	  "    2 | a: ?[2J?\n"
	  "      |    ^\n" },
	{ "a column is a character, not a byte",
	  { 2, 8 },
	  EZLB_E_VALUE,
	  "n: gr\xc3\xbc\xc3\x9f\xf0\x9f\x8e\x89!",
	  NULL,
	  "web.yaml:2:8: error[E013]: bad",
	  "web.yaml:2:8: error[E013]: bad\n"
	  "    2 | n: gr\xc3\xbc\xc3\x9f\xf0\x9f\x8e\x89!\n"
	  "      |        ^\n" },
	{ "the character itself is many bytes",
	  { 2, 2 },
	  EZLB_E_VALUE,
	  "\xc3\xbc\xc3\xbc\xc3\xbc",
	  NULL,
	  "web.yaml:2:2: error[E013]: bad",
	  "web.yaml:2:2: error[E013]: bad\n"
	  "    2 | \xc3\xbc\xc3\xbc\xc3\xbc\n"
	  "      |  ^\n" },
	{ "a tab behind characters of many bytes",
	  { 2, 4 },
	  EZLB_E_VALUE,
	  "\xc3\xbc\xc3\xbc\tx",
	  NULL,
	  "web.yaml:2:4: error[E013]: bad",
	  "web.yaml:2:4: error[E013]: bad\n"
	  "    2 | \xc3\xbc\xc3\xbc\tx\n"
	  "      |   \t^\n" },
	{ "behind the end of the line",
	  { 2, 40 },
	  EZLB_E_SYNTAX,
	  "a: [",
	  NULL,
	  "web.yaml:2:40: error[E003]: bad",
	  "web.yaml:2:40: error[E003]: bad\n"
	  "    2 | a: [\n"
	  "      |     ^\n" },
	{ "an empty line",
	  { 2, 1 },
	  EZLB_E_SYNTAX,
	  "",
	  NULL,
	  "web.yaml:2:1: error[E003]: bad",
	  "web.yaml:2:1: error[E003]: bad\n"
	  "    2 | \n"
	  "      | ^\n" },
	{ "no column",
	  { 2, 0 },
	  EZLB_E_SYNTAX,
	  "a",
	  NULL,
	  "web.yaml:2:0: error[E003]: bad",
	  "web.yaml:2:0: error[E003]: bad\n"
	  "    2 | a\n"
	  "      | ^\n" },
	{ "no source",
	  { 3, 9 },
	  EZLB_E_NAME_TAKEN,
	  NULL,
	  "h",
	  "web.yaml:3:9: error[E030]: bad",
	  "web.yaml:3:9: error[E030]: bad\n  help: h\n" },
	{ "no line: the file as a whole",
	  { 0, 0 },
	  EZLB_E_READ,
	  NULL,
	  NULL,
	  "web.yaml: error[E001]: bad",
	  "web.yaml: error[E001]: bad\n" },
	{ "no line, so no source either",
	  { 0, 0 },
	  EZLB_E_SIZE,
	  "left over",
	  NULL,
	  "web.yaml: error[E002]: bad",
	  "web.yaml: error[E002]: bad\n" },
};

static void test_line_and_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_diags diags = { 0 };
		struct ezlb_diag *diag = ezlb_diags_add(&diags, "web.yaml", cases[i].at,
							cases[i].code, "b%sd", "a");
		EZLB_AUTO_FREE char *line = ezlb_diag_line(diag);
		EZLB_AUTO_FREE char *text = NULL;

		diag->source = cases[i].source ? ezlb_strdup(cases[i].source) : NULL;
		diag->help = cases[i].help ? ezlb_strdup(cases[i].help) : NULL;
		text = ezlb_diag_text(diag);
		if (strcmp(line, cases[i].line) != 0 || strcmp(text, cases[i].text) != 0)
			fail_msg("%s:\n%s\n%s", cases[i].name, line, text);
		ezlb_diags_clear(&diags);
		assert_null(diags.items);
	}
}

/* A name can be any bytes; it makes no line of its own, and reaches no terminal. */
static void test_names_are_one_line(void **state)
{
	struct ezlb_diags diags = { 0 };
	struct ezlb_diag *diag = ezlb_diags_add(&diags, "a\n::stop::\x1b[31m\xff.yaml",
						(struct ezlb_mark){ 0, 0 }, EZLB_E_READ, "bad");
	EZLB_AUTO_FREE char *text = NULL;

	(void)state;
	diag->inside = ezlb_strdup("ConfigMap a\nb");
	text = ezlb_diag_text(diag);
	assert_string_equal(text, "a?::stop::?[31m?.yaml: error[E001]: bad\n"
				  "  in: ConfigMap a?b\n");
	ezlb_diags_clear(&diags);
}

static void test_texts_are_copied_and_long_ones_cut(void **state)
{
	struct ezlb_diags diags = { 0 };
	char file[] = "a.yaml", long_text[2000];

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	ezlb_diags_add(&diags, file, (struct ezlb_mark){ 1, 1 }, EZLB_E_VALUE, "%s", long_text);
	file[0] = 'z';
	assert_string_equal(diags.items[0].file, "a.yaml");
	assert_int_equal(strlen(diags.items[0].message), 511);
	ezlb_diags_clear(&diags);
}

static void test_sort_by_file_line_column_code(void **state)
{
	static const struct {
		const char *file;
		struct ezlb_mark at;
		enum ezlb_diag_code code;
	} sorted[] = {
		{ "a.yaml", { 0, 0 }, EZLB_E_READ },	{ "a.yaml", { 2, 1 }, EZLB_E_SYNTAX },
		{ "a.yaml", { 2, 1 }, EZLB_E_VALUE },	{ "a.yaml", { 2, 10 }, EZLB_E_READ },
		{ "a.yaml", { 10, 1 }, EZLB_E_SYNTAX }, { "b.yaml", { 1, 1 }, EZLB_E_SYNTAX },
	};
	struct ezlb_diags diags = { 0 };

	(void)state;
	ezlb_diags_sort(&diags);
	for (size_t i = 0; i < COUNT_OF(sorted); i++) {
		size_t k = (i * 5 + 4) % COUNT_OF(sorted);

		ezlb_diags_add(&diags, sorted[k].file, sorted[k].at, sorted[k].code, "m");
	}
	ezlb_diags_sort(&diags);
	for (size_t i = 0; i < COUNT_OF(sorted); i++) {
		assert_string_equal(diags.items[i].file, sorted[i].file);
		assert_int_equal(diags.items[i].at.line, sorted[i].at.line);
		assert_int_equal(diags.items[i].at.col, sorted[i].at.col);
		assert_int_equal(diags.items[i].code, sorted[i].code);
	}
	ezlb_diags_clear(&diags);
}

/* Codes are in manuals and in other people's scripts. */
static void test_codes_are_stable(void **state)
{
	(void)state;
	assert_int_equal(EZLB_E_READ, 1);
	assert_int_equal(EZLB_E_SIZE, 2);
	assert_int_equal(EZLB_E_SYNTAX, 3);
	assert_int_equal(EZLB_E_FEATURE, 4);
	assert_int_equal(EZLB_E_DUPLICATE, 5);
	assert_int_equal(EZLB_E_UNKNOWN_KEY, 10);
	assert_int_equal(EZLB_E_MISSING, 11);
	assert_int_equal(EZLB_E_TYPE, 12);
	assert_int_equal(EZLB_E_VALUE, 13);
	assert_int_equal(EZLB_E_RANGE, 14);
	assert_int_equal(EZLB_E_ADDRESS, 15);
	assert_int_equal(EZLB_E_FAMILY, 16);
	assert_int_equal(EZLB_E_SNAT_ALONE, 20);
	assert_int_equal(EZLB_E_FORWARD, 21);
	assert_int_equal(EZLB_E_BACKEND_TWICE, 22);
	assert_int_equal(EZLB_E_UNSUPPORTED, 23);
	assert_int_equal(EZLB_E_LISTENER_TWICE, 24);
	assert_int_equal(EZLB_E_LOOP, 25);
	assert_int_equal(EZLB_E_COMBINATION, 26);
	assert_int_equal(EZLB_E_NAME_TAKEN, 30);
	assert_int_equal(EZLB_E_LISTENER_TAKEN, 31);
	assert_int_equal(EZLB_E_SNAT_CONFLICT, 32);
	assert_int_equal(EZLB_E_SNAT_MARK, 33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_and_text),
		cmocka_unit_test(test_names_are_one_line),
		cmocka_unit_test(test_texts_are_copied_and_long_ones_cut),
		cmocka_unit_test(test_sort_by_file_line_column_code),
		cmocka_unit_test(test_codes_are_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
