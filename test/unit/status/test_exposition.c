// SPDX-License-Identifier: GPL-2.0-or-later
/* The checker that judges /metrics is itself judged: each bad input for its own reason. */
#include "cm.h"

#include "exposition.h"

#define GAUGE(rest)   "# HELP g A text.\n# TYPE g gauge\n" rest
#define COUNTER(rest) "# HELP c_total A text.\n# TYPE c_total counter\n" rest
#define HISTO(rest)   "# HELP h A text.\n# TYPE h histogram\n" rest

static const struct {
	const char *name, *in;
	const char *want; /* "" where nothing is wrong */
} rows[] = {
	/* the text */
	{ "nothing", "", "1: there is nothing\n" },
	{ "no end", GAUGE("g 1"), "3: the last line has no end\n" },
	{ "CRLF", GAUGE("g 1\r\n"), "3: a carriage return at the end\n" },
	{ "empty line", GAUGE("\ng 1\n"), "3: an empty line\n" },
	{ "space before", GAUGE(" g 1\n"), "3: a space at the beginning\n" },
	{ "space behind", GAUGE("g 1 \n"), "3: a space at the end\n" },
	{ "tab behind", GAUGE("g 1\t\n"), "3: a space at the end\n" },
	{ "latin-1", GAUGE("g{a=\"\xe4\"} 1\n"), "3: not UTF-8\n" },
	{ "overlong", GAUGE("g{a=\"\xc0\xaf\"} 1\n"), "3: not UTF-8\n" },
	{ "overlong, three", GAUGE("g{a=\"\xe0\x80\xaf\"} 1\n"), "3: not UTF-8\n" },
	{ "surrogate", GAUGE("g{a=\"\xed\xa0\x80\"} 1\n"), "3: not UTF-8\n" },
	{ "beyond", GAUGE("g{a=\"\xf4\x90\x80\x80\"} 1\n"), "3: not UTF-8\n" },
	{ "cut", GAUGE("g{a=\"\xe2\x82\"} 1\n"), "3: not UTF-8\n" },
	{ "cut by the end", GAUGE("g 1\xe2\x82\n"), "3: not UTF-8\n" },
	{ "cut by the end of all", GAUGE("g 1\xe2"),
	  "3: the last line has no end\n3: not UTF-8\n" },
	{ "UTF-8 of all lengths", GAUGE("g{a=\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"} 1\n"), "" },
	/* comments */
	{ "no space", "#HELP g A text.\n", "1: a comment begins with \"# \"\n" },
	{ "other", "# EOF\n", "1: a comment that is neither HELP nor TYPE\n" },
	{ "no name", "# HELP\n", "1: not the name of a metric\n" },
	{ "bad name", "# HELP a-b A text.\n", "1: not the name of a metric\n" },
	{ "no text", "# HELP g\n", "1: HELP without a text\n" },
	{ "help escape", "# HELP g a\\\"b\n", "1: an escape that HELP does not know\n" },
	{ "help escape cut", "# HELP g a\\\n", "1: an escape that HELP does not know\n" },
	{ "help escapes", "# HELP g a\\\\b\\nc \"d\"\n", "" },
	{ "no type", "# TYPE g\n", "1: the type is none of counter, gauge, histogram\n" },
	{ "bad type", "# TYPE g Gauge\n", "1: the type is none of counter, gauge, histogram\n" },
	{ "help twice", GAUGE("# HELP g A text.\n"), "3: HELP twice\n" },
	{ "type twice", GAUGE("# TYPE g gauge\n"), "3: TYPE twice\n" },
	{ "late help", "# TYPE g gauge\ng 1\n# HELP g A text.\n",
	  "2: a sample without HELP before it\n3: HELP or TYPE after samples\n" },
	{ "without type", "# HELP g A text.\ng 1\n", "2: a sample without TYPE before it\n" },
	/* samples */
	{ "digit first", GAUGE("0g 1\n"), "3: not the name of a metric\n" },
	{ "colon", GAUGE("g:h 1\n"), "3: no space before the value\n" },
	{ "no value", GAUGE("g\n"), "3: no space before the value\n" },
	{ "two spaces", GAUGE("g  1\n"), "3: the value is not a number\n" },
	{ "word", GAUGE("g one\n"), "3: the value is not a number\n" },
	{ "half a number", GAUGE("g 1e\n"), "3: the value is not a number\n" },
	{ "hexadecimal", GAUGE("g 0x10\n"), "3: the value is not a number\n" },
	{ "nan as C has it", GAUGE("g -nan\n"), "3: the value is not a number\n" },
	{ "comma", GAUGE("g 1,5\n"), "3: the value is not a number\n" },
	{ "timestamp", GAUGE("g 1 1700000000000\n"), "3: something behind the value\n" },
	{ "empty braces", GAUGE("g{} 1\n"), "3: not the name of a label\n" },
	{ "last comma", GAUGE("g{a=\"b\",} 1\n"), "3: not the name of a label\n" },
	{ "label name", GAUGE("g{1a=\"b\"} 1\n"), "3: not the name of a label\n" },
	{ "reserved label", GAUGE("g{__a=\"b\"} 1\n"),
	  "3: label names that begin with __ are Prometheus' own\n" },
	{ "no quotes", GAUGE("g{a=b} 1\n"), "3: a label without =\"\n" },
	{ "no value of a label", GAUGE("g{a} 1\n"), "3: a label without =\"\n" },
	{ "no closing quote", GAUGE("g{a=\"b} 1\n"), "3: a label value without an end\n" },
	{ "no closing brace", GAUGE("g{a=\"b\" 1\n"), "3: labels that do not end in }\n" },
	{ "bare quote", GAUGE("g{a=\"b\"c\"} 1\n"), "3: labels that do not end in }\n" },
	{ "escape", GAUGE("g{a=\"\\t\"} 1\n"), "3: an escape that label values do not know\n" },
	{ "escape cut", GAUGE("g{a=\"\\\n"), "3: an escape that label values do not know\n" },
	{ "escape at the end of all", GAUGE("g{a=\"\\"),
	  "3: the last line has no end\n3: an escape that label values do not know\n" },
	{ "label twice", GAUGE("g{a=\"b\",a=\"c\"} 1\n"), "3: the same label twice\n" },
	{ "17 labels",
	  GAUGE("g{a=\"\",b=\"\",c=\"\",d=\"\",e=\"\",f=\"\",g=\"\",h=\"\",i=\"\",j=\"\","
		"k=\"\",l=\"\",m=\"\",n=\"\",o=\"\",p=\"\",q=\"\"} 1\n"),
	  "3: too many labels\n" },
	{ "all numbers",
	  GAUGE("g 1\ng{a=\"1\"} -2.5e-3\ng{a=\"2\"} +Inf\ng{a=\"3\"} -Inf\ng{a=\"4\"} NaN\n"),
	  "" },
	{ "escapes", GAUGE("g{a=\"\\\\\\\"\\n\"} 1\n"), "" },
	{ "closing brace in a value", GAUGE("g{a=\"}, \"} 1\n"), "" },
	/* series and families */
	{ "series twice", GAUGE("g 1\ng 2\n"), "4: the same series twice\n" },
	{ "series twice, far apart", GAUGE("g{a=\"1\"} 1\ng 1\ng{a=\"2\"} 1\ng{a=\"1\"} 1\n"),
	  "6: the same series twice\n" },
	{ "series twice, labels turned", GAUGE("g{a=\"1\",b=\"2\"} 1\ng{b=\"2\",a=\"1\"} 1\n"),
	  "4: the same series twice\n" },
	{ "labels alike", GAUGE("g{a=\"1\",b=\"2\"} 1\ng{a=\"1\\\",b=\\\"2\"} 1\n"), "" },
	{ "interleaved", GAUGE(COUNTER("g 1\nc_total 1\ng{a=\"b\"} 1\n")),
	  "5: goes on with a family after others have come\n"
	  "6: goes on with a family after others have come\n"
	  "7: goes on with a family after others have come\n" },
	{ "family again", GAUGE("g 1\n") COUNTER("c_total 1\n") "# HELP g A text.\n",
	  "7: goes on with a family after others have come\n7: HELP or TYPE after samples\n"
	  "7: HELP twice\n" },
	{ "counter's name", "# TYPE c counter\n",
	  "1: the names of counters, and only these, end in _total\n" },
	{ "gauge's name", "# TYPE g_total gauge\n",
	  "1: the names of counters, and only these, end in _total\n" },
	{ "counter below 0", COUNTER("c_total -1\n"), "3: a counter is a number from 0 up\n" },
	{ "counter NaN", COUNTER("c_total NaN\n"), "3: a counter is a number from 0 up\n" },
	{ "counter endless", COUNTER("c_total +Inf\n"), "3: a counter is a number from 0 up\n" },
	{ "two families", GAUGE("g 1\n") COUNTER("c_total 1\nc_total{a=\"b\"} 2\n"), "" },
	{ "family without samples", GAUGE("") COUNTER("c_total 1\n"), "" },
	/* histograms */
	{ "histogram",
	  HISTO("h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 9.5\n"
		"h_count 3\n"),
	  "" },
	{ "two in one family",
	  HISTO("h_bucket{a=\"1\",le=\"1\"} 5\nh_bucket{a=\"1\",le=\"+Inf\"} 5\nh_sum{a=\"1\"} 1\n"
		"h_count{a=\"1\"} 5\nh_bucket{a=\"2\",le=\"1\"} 0\nh_bucket{le=\"+Inf\",a=\"2\"} 0\n"
		"h_sum{a=\"2\"} 0\nh_count{a=\"2\"} 0\n"),
	  "" },
	{ "not cumulative",
	  HISTO("h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),
	  "4: buckets are not cumulative\n" },
	{ "le falls",
	  HISTO("h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\n"
		"h_count 1\n"),
	  "4: le does not ascend\n" },
	{ "le the same number",
	  HISTO("h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\n"
		"h_count 1\n"),
	  "4: le does not ascend\n" },
	{ "le a word", HISTO("h_bucket{le=\"x\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),
	  "3: le is not a number\n" },
	{ "le NaN", HISTO("h_bucket{le=\"NaN\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),
	  "3: le is not a number\n" },
	{ "no le", HISTO("h_bucket 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"),
	  "3: a bucket without le\n" },
	{ "le of a sum", HISTO("h_bucket{le=\"+Inf\"} 1\nh_sum{le=\"1\"} 1\nh_count 1\n"),
	  "4: le is for buckets\n" },
	{ "no +Inf", HISTO("h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n"),
	  "3: a histogram without a bucket of +Inf\n" },
	{ "-Inf is not +Inf", HISTO("h_bucket{le=\"-Inf\"} 1\nh_sum 1\nh_count 1\n"),
	  "3: a histogram without a bucket of +Inf\n" },
	{ "no bucket", HISTO("h_sum 1\nh_count 1\n"), "3: a histogram without a bucket of +Inf\n" },
	{ "count differs", HISTO("h_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 1\n"),
	  "3: _count is not the bucket of +Inf\n" },
	{ "no sum", HISTO("h_bucket{le=\"+Inf\"} 1\nh_count 1\n"),
	  "3: a histogram without _sum\n" },
	{ "no count", HISTO("h_bucket{le=\"+Inf\"} 1\nh_sum 1\n"),
	  "3: a histogram without _count\n" },
	{ "half a count", HISTO("h_bucket{le=\"+Inf\"} 1.5\nh_sum 1\nh_count 1.5\n"),
	  "3: a count that is not a whole number\n5: a count that is not a whole number\n" },
	{ "count below 0", HISTO("h_bucket{le=\"+Inf\"} -1\nh_sum 1\nh_count -1\n"),
	  "3: a count that is not a whole number\n5: a count that is not a whole number\n" },
	{ "plain sample", HISTO("h 1\n"), "3: a histogram has _bucket, _sum and _count only\n" },
	{ "second is incomplete",
	  HISTO("h_bucket{a=\"1\",le=\"+Inf\"} 1\nh_sum{a=\"1\"} 1\nh_count{a=\"1\"} 1\n"
		"h_bucket{a=\"2\",le=\"+Inf\"} 1\n"),
	  "6: a histogram without _sum\n6: a histogram without _count\n" },
	{ "suffix of a gauge", GAUGE("g_sum 1\n"),
	  "3: a sample without HELP before it\n3: a sample without TYPE before it\n" },
};

/* In memory of exactly that size, so that a read behind the end is seen. */
static void check(const char *name, const char *in, size_t len, const char *want)
{
	struct ezlb_text faults = { 0 };
	char *bytes = malloc(len ? len : 1), *got;
	size_t n;

	memcpy(bytes, in, len);
	n = exposition_check(bytes, len, &faults);
	got = ezlb_text_take(&faults, NULL);
	if (strcmp(got, want) != 0)
		fail_msg("%s: got\n%swant\n%s", name, got, want);
	assert_int_equal(n > 0, *want != '\0');
	free(got);
	free(bytes);
}

static void test_each_fault_is_found_for_its_own_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check(rows[i].name, rows[i].in, strlen(rows[i].in), rows[i].want);
}

static void test_a_nul_is_found(void **state)
{
	static const char in[] = GAUGE("g{a=\"\0\"} 1\n");

	(void)state;
	check("NUL", in, sizeof(in) - 1, "3: a NUL\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_fault_is_found_for_its_own_reason),
		cmocka_unit_test(test_a_nul_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
