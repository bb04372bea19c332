// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/log.h>

static int memfd, saved_stderr;
static char got[65536]; /* what the last LOG() wrote */

static void capture_begin(void)
{
	assert_int_equal(ftruncate(memfd, 0), 0);
	assert_int_equal(lseek(memfd, 0, SEEK_SET), 0);
	fflush(stderr);
	dup2(memfd, STDERR_FILENO);
}

static void capture_end(void)
{
	ssize_t n;

	dup2(saved_stderr, STDERR_FILENO);
	n = pread(memfd, got, sizeof(got) - 1, 0);
	assert_true(n >= 0);
	got[n] = '\0';
}

#define LOG(level, pkg, ...)                           \
	do {                                           \
		capture_begin();                       \
		ezlb_log((level), (pkg), __VA_ARGS__); \
		capture_end();                         \
	} while (0)

static bool is_utf8(const char *text)
{
	iconv_t cd = iconv_open("UTF-32LE", "UTF-8");
	static char out[4 * sizeof(got)];
	char *in = got, *to = out;
	size_t left = strlen(text), room = sizeof(out), rc;

	assert_ptr_equal(text, got);
	rc = iconv(cd, &in, &left, &to, &room);
	iconv_close(cd);
	return rc != (size_t)-1;
}

/* A JSON string (RFC 8259) without its first quote; the place behind it, or NULL. */
static const char *json_string_end(const char *p)
{
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\')
			continue;
		p++;
		if (*p == 'u') {
			for (int i = 1; i <= 4; i++)
				if (!isxdigit((unsigned char)p[i]))
					return NULL;
			p += 4;
		} else if (!*p || !strchr("\"\\/bfnrt", *p)) {
			return NULL;
		}
	}
	return p + 1;
}

/* One object of strings and whole numbers, and a newline. */
static bool is_json_line(const char *p)
{
	if (*p != '{' || !is_utf8(got))
		return false;
	do {
		p++;
		p = *p == '"' ? json_string_end(p + 1) : NULL;
		if (!p || *p++ != ':')
			return false;
		if (*p == '"')
			p = json_string_end(p + 1);
		else
			p += strspn(p, "-0123456789");
	} while (p && *p == ',');
	return p && strcmp(p, "}\n") == 0;
}

/* The line without its time, which is checked for its form: 2024-01-31T23:59:59.123Z. */
static const char *without_time(const char *before, const char *after)
{
	static const char form[] = "0000-00-00T00:00:00.000Z";
	const char *p = got + strlen(before);

	assert_memory_equal(got, before, strlen(before));
	for (size_t i = 0; i < strlen(form); i++)
		assert_true(form[i] == '0' ? isdigit((unsigned char)p[i]) : form[i] == p[i]);
	assert_memory_equal(p + strlen(form), after, strlen(after));
	return p + strlen(form) + strlen(after);
}

static const struct {
	const char *text, *logfmt, *json;
} texts[] = {
	{ "web", "web", "web" },
	{ "10.0.0.1:80", "10.0.0.1:80", "10.0.0.1:80" },
	{ "", "\"\"", "" },
	{ "two words", "\"two words\"", "two words" },
	{ "a=b", "\"a=b\"", "a=b" },
	{ "say \"hi\"", "\"say \\\"hi\\\"\"", "say \\\"hi\\\"" },
	{ "a\\b", "\"a\\\\b\"", "a\\\\b" },
	{ "a\nlevel=error", "\"a\\nlevel=error\"", "a\\nlevel=error" },
	{ "a\tb", "\"a\\tb\"", "a\\tb" },
	{ "\r\x1b[2J\x01", "\"\\u000d\\u001b[2J\\u0001\"", "\\u000d\\u001b[2J\\u0001" },
	{ "\x7f", "\"\\u007f\"", "\\u007f" },
	{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"", "gr\xc3\xbc\xc3\x9f" },
	{ "\xf0\x9f\x8e\x89", "\"\xf0\x9f\x8e\x89\"", "\xf0\x9f\x8e\x89" },
	/* What a terminal obeys and is no control character of ASCII. */
	{ "\xc2\x9b[2J", "\"\\u009b[2J\"", "\\u009b[2J" },
	{ "a\u202eb", "\"a\\u202eb\"", "a\\u202eb" },
	{ "\U000e0001", "\"\\udb40\\udc01\"", "\\udb40\\udc01" },
	/* Not UTF-8: stray, cut short, overlong, a surrogate, beyond U+10FFFF. */
	{ "a\xff-\x80", "\"a\\ufffd-\\ufffd\"", "a\\ufffd-\\ufffd" },
	{ "\xe2\x82", "\"\\ufffd\\ufffd\"", "\\ufffd\\ufffd" },
	{ "\xc0\xaf", "\"\\ufffd\\ufffd\"", "\\ufffd\\ufffd" },
	{ "\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\"", "\\ufffd\\ufffd\\ufffd" },
	{ "\xf0\x80\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"", "\\ufffd\\ufffd\\ufffd" },
	{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"", "\\ufffd\\ufffd\\ufffd\\ufffd" },
};

static void test_logfmt_quotes_where_it_must(void **state)
{
	char want[256];

	(void)state;
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		LOG(EZLB_INFO, "health", EZLB_S("svc", texts[i].text), EZLB_I("ms", -3000));
		snprintf(want, sizeof(want), "svc=%s ms=-3000\n", texts[i].logfmt);
		assert_string_equal(without_time("ts=", " level=info pkg=health "), want);
	}
}

static void test_json_is_valid_for_any_bytes(void **state)
{
	char want[256];

	(void)state;
	ezlb_log_setup(EZLB_INFO, EZLB_JSON);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		LOG(EZLB_WARN, "health", EZLB_S("svc", texts[i].text), EZLB_I("ms", 3));
		snprintf(want, sizeof(want), "\"svc\":\"%s\",\"ms\":3}\n", texts[i].json);
		assert_string_equal(
			without_time("{\"ts\":\"", "\",\"level\":\"warn\",\"pkg\":\"health\","),
			want);
		assert_true(is_json_line(got));
	}
	for (int c = 1; c < 256; c++) {
		const char text[] = { 'a', (char)c, 'b', '\0' };

		LOG(EZLB_WARN, "health", EZLB_S("svc", text));
		assert_true(is_json_line(got));
	}
}

static void test_numbers_and_left_out_fields(void **state)
{
	(void)state;
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
	LOG(EZLB_INFO, "x", EZLB_S("gone", NULL), EZLB_I("min", INT64_MIN),
	    EZLB_I("max", INT64_MAX));
	assert_string_equal(without_time("ts=", " level=info pkg=x "),
			    "min=-9223372036854775808 max=9223372036854775807\n");
}

static void test_level_filter(void **state)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	(void)state;
	for (int max = EZLB_ERROR; max <= EZLB_DEBUG; max++)
		for (int level = EZLB_ERROR; level <= EZLB_DEBUG; level++) {
			char want[32];

			ezlb_log_setup((enum ezlb_log_level)max, EZLB_LOGFMT);
			LOG((enum ezlb_log_level)level, "x", EZLB_S("msg", "m"));
			snprintf(want, sizeof(want), " level=%s ", names[level]);
			assert_int_equal(strstr(got, want) != NULL, level <= max);
			assert_int_equal(got[0] != '\0', level <= max);
			assert_int_equal(ezlb_log_enabled((enum ezlb_log_level)level),
					 level <= max);
		}
}

/* What stands at the cut: a plain byte, an escape, a character of four bytes, one that is no UTF-8.
 */
static const char *const fillers[] = { "x", "\n", "\x01", "\"", "\xf0\x9f\x8e\x89", "\xff" };

static void fill(char *text, size_t len, const char *filler)
{
	size_t n = strlen(filler);

	memset(text, '.', len % n); /* another place of the cut for each length */
	for (size_t i = len % n; i < len; i += n)
		memcpy(text + i, filler, n);
	text[len] = '\0';
}

static void check_long_line(const char *text)
{
	size_t len;

	ezlb_log_setup(EZLB_INFO, EZLB_JSON);
	LOG(EZLB_INFO, "x", EZLB_S("msg", text), EZLB_I("n", 1234567890), EZLB_S("svc", "web"));
	assert_true(is_json_line(got));
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
	LOG(EZLB_INFO, "x", EZLB_S("msg", text), EZLB_I("n", 1234567890), EZLB_S("svc", "web"));
	len = strlen(got);
	assert_true(len <= 8192);
	assert_ptr_equal(strchr(got, '\n'), got + len - 1);
	assert_true(is_utf8(got));
}

static void test_a_long_line_is_cut_and_stays_whole(void **state)
{
	static char text[20001];

	(void)state;
	for (size_t f = 0; f < COUNT_OF(fillers); f++) {
		for (size_t len = 1250; len<8200; len += len> 7980 ? 1 : 61) {
			fill(text, len, fillers[f]);
			check_long_line(text);
		}
		fill(text, 20000, fillers[f]);
		check_long_line(text);
		assert_true(strlen(got) > 8192 - 16);
	}
}

static void test_many_fields_are_cut_between_fields(void **state)
{
	struct ezlb_kv kv[1001] = { { .key = NULL } };

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		kv[i] = EZLB_I("a_number", INT64_MIN);
	ezlb_log_setup(EZLB_INFO, EZLB_JSON);
	capture_begin();
	ezlb_log_write(EZLB_INFO, "x", kv);
	capture_end();
	assert_true(is_json_line(got));
	assert_true(strlen(got) > 8000);
}

static void test_words_parse(void **state)
{
	enum ezlb_log_level level = EZLB_DEBUG;
	enum ezlb_log_format format = EZLB_JSON;

	(void)state;
	assert_int_equal(ezlb_log_level_parse("error", &level), 0);
	assert_int_equal(level, EZLB_ERROR);
	assert_int_equal(ezlb_log_level_parse("warn", &level), 0);
	assert_int_equal(level, EZLB_WARN);
	assert_int_equal(ezlb_log_level_parse("info", &level), 0);
	assert_int_equal(level, EZLB_INFO);
	assert_int_equal(ezlb_log_level_parse("debug", &level), 0);
	assert_int_equal(level, EZLB_DEBUG);
	assert_int_equal(ezlb_log_level_parse("Info", &level), -EINVAL);
	assert_int_equal(ezlb_log_level_parse("", &level), -EINVAL);
	assert_int_equal(level, EZLB_DEBUG);
	assert_int_equal(ezlb_log_format_parse("logfmt", &format), 0);
	assert_int_equal(format, EZLB_LOGFMT);
	assert_int_equal(ezlb_log_format_parse("json", &format), 0);
	assert_int_equal(format, EZLB_JSON);
	assert_int_equal(ezlb_log_format_parse("xml", &format), -EINVAL);
	assert_int_equal(format, EZLB_JSON);
}

/* To the journal goes a priority in front, in both formats; anywhere else none. */
static void test_the_journal_gets_priorities(void **state)
{
	static const struct {
		enum ezlb_log_level level;
		const char *prefix;
	} levels[] = { { EZLB_ERROR, "<3>" },
		       { EZLB_WARN, "<4>" },
		       { EZLB_INFO, "<6>" },
		       { EZLB_DEBUG, "<7>" } };
	char stream[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(memfd, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	for (int format = EZLB_LOGFMT; format <= EZLB_JSON; format++) {
		capture_begin(); /* stderr is what JOURNAL_STREAM names */
		ezlb_log_setup(EZLB_DEBUG, (enum ezlb_log_format)format);
		capture_end();
		for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
			LOG(levels[i].level, "p", EZLB_S("msg", "m"));
			assert_memory_equal(got, levels[i].prefix, 3);
			assert_memory_equal(got + 3, format == EZLB_JSON ? "{\"ts\"" : "ts=", 3);
		}
	}
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT); /* stderr is another one now */
	LOG(EZLB_INFO, "p", EZLB_S("msg", "m"));
	assert_memory_equal(got, "ts=", 3);
	unsetenv("JOURNAL_STREAM");
}

static void test_the_level_changes_at_any_time(void **state)
{
	(void)state;
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
	ezlb_log_set_level(EZLB_DEBUG);
	LOG(EZLB_DEBUG, "p", EZLB_S("msg", "m"));
	assert_non_null(strstr(got, "level=debug"));
	ezlb_log_set_level(EZLB_ERROR);
	LOG(EZLB_WARN, "p", EZLB_S("msg", "m"));
	assert_string_equal(got, "");
	assert_string_equal(ezlb_log_level_str(EZLB_WARN), "warn");
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
}

static int setup(void **state)
{
	(void)state;
	memfd = memfd_create("stderr", MFD_CLOEXEC);
	saved_stderr = dup(STDERR_FILENO);
	return memfd < 0 || saved_stderr < 0;
}

static int teardown(void **state)
{
	(void)state;
	close(memfd);
	close(saved_stderr);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logfmt_quotes_where_it_must),
		cmocka_unit_test(test_json_is_valid_for_any_bytes),
		cmocka_unit_test(test_numbers_and_left_out_fields),
		cmocka_unit_test(test_level_filter),
		cmocka_unit_test(test_a_long_line_is_cut_and_stays_whole),
		cmocka_unit_test(test_many_fields_are_cut_between_fields),
		cmocka_unit_test(test_words_parse),
		cmocka_unit_test(test_the_journal_gets_priorities),
		cmocka_unit_test(test_the_level_changes_at_any_time),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
