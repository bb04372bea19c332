// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>
#include <stdio.h>

#include <jansson.h>

#include <ezlb/review.h>

/* An error with everything, and one without. The names are those that need escapes. */
static void add(struct ezlb_diags *diags)
{
	struct ezlb_diag *diag = ezlb_diags_add(diags, "a b/c,d:e%.yaml",
						(struct ezlb_mark){ 3, 9 }, EZLB_E_RANGE, "%s",
						"100% wrong:\n a, b \"c\" \xff");

	diag->source = ezlb_strdup("listen: 10.0.0.1:70000");
	diag->help = ezlb_strdup("write less");
	diag->inside = ezlb_strdup("ConfigMap lb/s, key web.yaml");
	diag->service = ezlb_strdup("web");
	diag = ezlb_diags_add(diags, "/etc/x.yaml", (struct ezlb_mark){ 0 }, EZLB_E_CHAIN, "hm");
	diag->warning = true;
}

static char *written(enum ezlb_review_format format)
{
	char rules[] = "mon/rules", ignored[] = "README.md";
	char *passed[] = { rules }, *names[] = { ignored };
	struct ezlb_diags diags = { 0 };
	struct ezlb_review review = { .diags = &diags,
				      .n_files = 2,
				      .n_objects = 3,
				      .passed = passed,
				      .n_passed = 1,
				      .ignored = names,
				      .n_ignored = 1 };
	struct ezlb_text out = { 0 };

	add(&diags);
	ezlb_review_write(&review, format, &out);
	ezlb_diags_clear(&diags);
	return ezlb_text_take(&out, NULL);
}

#define COUNTS                                                                           \
	"2 files checked, 1 error, 1 warning; passed over: 1 ConfigMap without service " \
	"files (mon/rules), 3 other objects; ignored, as by `ezlb run`: README.md\n"

static void test_as_text(void **state)
{
	EZLB_AUTO_FREE char *got = written(EZLB_REVIEW_TEXT);

	(void)state;
	assert_string_equal(got, "a b/c,d:e%.yaml:3:9: error[E014]: 100% wrong:\n a, b \"c\" \xff\n"
				 "    3 | listen: 10.0.0.1:70000\n"
				 "      |         ^\n"
				 "  in: ConfigMap lb/s, key web.yaml\n"
				 "  help: write less\n"
				 "/etc/x.yaml: warning[E034]: hm\n" COUNTS);
}

static void test_github(void **state)
{
	EZLB_AUTO_FREE char *got = written(EZLB_REVIEW_GITHUB);

	(void)state;
	assert_string_equal(
		got, "::error file=a b/c%2Cd%3Ae%25.yaml,line=3,col=9,title=ezlb E014::100%25 "
		     "wrong:%0A a, b \"c\" \xef\xbf\xbd%0Ain: ConfigMap lb/s, key web.yaml%0Ahelp: "
		     "write less\n"
		     "::warning file=/etc/x.yaml,title=ezlb E034::hm\n" COUNTS);
}

/* No name can begin a line of the output, where GitHub would read a command. */
static void test_names_are_one_line(void **state)
{
	char name[] = "a\n::stop-commands::x\r::y", *names[] = { name };
	struct ezlb_diags diags = { 0 };
	struct ezlb_review review = {
		.diags = &diags, .passed = names, .n_passed = 1, .ignored = names, .n_ignored = 1
	};

	(void)state;
	ezlb_diags_add(&diags, name, (struct ezlb_mark){ 1, 1 }, EZLB_E_READ, "no")->inside =
		ezlb_strdup(name);
	for (int format = EZLB_REVIEW_TEXT; format < EZLB_REVIEW_FORMATS; format++) {
		struct ezlb_text out = { 0 };
		EZLB_AUTO_FREE char *got = NULL;

		ezlb_review_write(&review, (enum ezlb_review_format)format, &out);
		got = ezlb_text_take(&out, NULL);
		assert_null(strstr(got, "\n::stop"));
		assert_null(strchr(got, '\r'));
	}
	ezlb_diags_clear(&diags);
}

static const char *text_at(json_t *value, const char *key)
{
	return json_string_value(json_object_get(value, key));
}

static void test_json(void **state)
{
	EZLB_AUTO_FREE char *got = written(EZLB_REVIEW_JSON);
	json_t *top = json_loads(got, 0, NULL), *diags, *first, *second;

	(void)state;
	assert_non_null(top);
	assert_int_equal(json_integer_value(json_object_get(top, "files")), 2);
	assert_int_equal(json_integer_value(json_object_get(top, "errors")), 1);
	assert_int_equal(json_integer_value(json_object_get(top, "warnings")), 1);
	assert_int_equal(json_integer_value(json_object_get(top, "objects_passed_over")), 3);
	assert_int_equal(json_array_size(json_object_get(top, "configmaps_passed_over")), 1);
	assert_int_equal(json_array_size(json_object_get(top, "ignored")), 1);
	assert_true(json_is_false(json_object_get(top, "stopped")));
	diags = json_object_get(top, "diagnostics");
	assert_int_equal(json_array_size(diags), 2);
	first = json_array_get(diags, 0);
	assert_string_equal(text_at(first, "file"), "a b/c,d:e%.yaml");
	assert_int_equal(json_integer_value(json_object_get(first, "line")), 3);
	assert_int_equal(json_integer_value(json_object_get(first, "column")), 9);
	assert_string_equal(text_at(first, "code"), "E014");
	assert_string_equal(text_at(first, "severity"), "error");
	assert_string_equal(text_at(first, "message"), "100% wrong:\n a, b \"c\" \xef\xbf\xbd");
	assert_string_equal(text_at(first, "help"), "write less");
	assert_string_equal(text_at(first, "service"), "web");
	assert_string_equal(text_at(first, "inside"), "ConfigMap lb/s, key web.yaml");
	second = json_array_get(diags, 1);
	assert_string_equal(text_at(second, "severity"), "warning");
	assert_true(json_is_null(json_object_get(second, "line")));
	assert_true(json_is_null(json_object_get(second, "help")));
	json_decref(top);
}

/* What the schema of SARIF 2.1.0 requires is in test/cmd/check.sh; here are the values. */
static void test_sarif(void **state)
{
	EZLB_AUTO_FREE char *got = written(EZLB_REVIEW_SARIF);
	json_t *top = json_loads(got, 0, NULL), *run, *rules, *result, *place, *rule;
	const char *uri;
	json_int_t index;

	(void)state;
	assert_non_null(top);
	assert_string_equal(text_at(top, "version"), "2.1.0");
	run = json_array_get(json_object_get(top, "runs"), 0);
	rules = json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "rules");
	assert_int_equal(json_array_size(rules), ezlb_n_diag_kinds);
	result = json_array_get(json_object_get(run, "results"), 0);
	index = json_integer_value(json_object_get(result, "ruleIndex"));
	rule = json_array_get(rules, (size_t)index);
	assert_string_equal(text_at(rule, "id"), text_at(result, "ruleId"));
	assert_string_equal(text_at(result, "ruleId"), "E014");
	place = json_object_get(json_array_get(json_object_get(result, "locations"), 0),
				"physicalLocation");
	uri = text_at(json_object_get(place, "artifactLocation"), "uri");
	assert_string_equal(uri, "a%20b/c%2Cd%3Ae%25.yaml");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(place, "region"), "startLine")),
		3);
	result = json_array_get(json_object_get(run, "results"), 1);
	assert_string_equal(text_at(result, "level"), "warning");
	place = json_object_get(json_array_get(json_object_get(result, "locations"), 0),
				"physicalLocation");
	uri = text_at(json_object_get(place, "artifactLocation"), "uri");
	assert_string_equal(uri, "file:///etc/x.yaml");
	assert_null(json_object_get(place, "region"));
	json_decref(top);
}

static void test_words(void **state)
{
	enum ezlb_review_format format;

	(void)state;
	for (size_t i = 0; i < EZLB_REVIEW_FORMATS; i++) {
		assert_int_equal(
			ezlb_review_format_parse(ezlb_review_format_str((enum ezlb_review_format)i),
						 &format),
			0);
		assert_int_equal(format, i);
	}
	assert_int_equal(ezlb_review_format_parse("xml", &format), -EINVAL);
}

/* Every code has a title, and the titles are those of docs/errors.md. */
static void test_titles(void **state)
{
	FILE *f = fopen(SOURCE_DIR "/docs/errors.md", "r");
	char line[300], want[300], code[EZLB_DIAG_CODE_STRLEN];
	size_t n = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "| [E", 4) != 0)
			continue;
		assert_true(n < ezlb_n_diag_kinds);
		ezlb_diag_code_str(ezlb_diag_kinds[n].code, code);
		snprintf(want, sizeof(want), "| [%s](#e%s) | %s |\n", code, code + 1,
			 ezlb_diag_kinds[n].title);
		assert_string_equal(line, want);
		n++;
	}
	assert_int_equal(n, ezlb_n_diag_kinds);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_text),
		cmocka_unit_test(test_github),
		cmocka_unit_test(test_names_are_one_line),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_sarif),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_titles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
