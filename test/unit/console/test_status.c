// SPDX-License-Identifier: GPL-2.0-or-later
#include "golden.h"

#include <errno.h>

static void render(const char *json, unsigned width, struct ezlb_text *out)
{
	const struct ezlb_console_look look = { .width = width, .now_ms = NOW_MS };
	struct ezlb_err err = { 0 };

	if (ezlb_console_status(json, &look, out, &err) != 0)
		fail_msg("%s", err.msg);
}

static char *rendered(const char *json, unsigned width)
{
	struct ezlb_text text = { 0 };

	render(json, width, &text);
	return ezlb_text_take(&text, NULL);
}

static void test_golden(void **state)
{
	static const struct {
		const char *document;
		unsigned width;
		const char *want;
	} cases[] = {
		{ "mixed.json", 80, "mixed-80.txt" }, { "mixed.json", 120, "mixed-120.txt" },
		{ "long.json", 80, "long-80.txt" },   { "long.json", 120, "long-120.txt" },
		{ "roles.json", 80, "roles-80.txt" }, { "roles.json", 120, "roles-120.txt" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EZLB_AUTO_FREE char *json = read_data(cases[i].document);
		EZLB_AUTO_FREE char *want = read_data(cases[i].want);
		struct ezlb_text text = { 0 };

		assert_true(longest_line(want) <= cases[i].width);
		render(json, cases[i].width, &text);
		assert_golden(&text, cases[i].want);
	}
}

/* Whatever the width is, no line is wider, and none ends in a blank. */
static void test_widths(void **state)
{
	static const char *const documents[] = { "mixed.json", "long.json", "roles.json" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(documents); i++) {
		EZLB_AUTO_FREE char *json = read_data(documents[i]);

		for (unsigned width = 40; width < 250; width++) {
			EZLB_AUTO_FREE char *got = rendered(json, width);

			assert_true(longest_line(got) <= width);
			assert_null(strstr(got, " \n"));
		}
	}
}

static void test_as_wide_as_it_comes(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("long.json");
	EZLB_AUTO_FREE char *got = rendered(json, 0);

	(void)state;
	assert_null(strstr(got, "\u2026"));
	assert_non_null(strstr(got, "  IN "));
	assert_non_null(strstr(got, "WEIGHT"));
	assert_non_null(strstr(got, "tcp [2001:db8:ffff:eeee:dddd:cccc:bbbb:aaaa]:443 "));
	assert_non_null(strstr(got, "65535 (-)"));
}

/* Without its colours a table is the same as one that never had any. */
static void test_colour(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("mixed.json");
	EZLB_AUTO_FREE char *plain = rendered(json, 80);
	const struct ezlb_console_look look = { .width = 80, .colour = true, .now_ms = NOW_MS };
	struct ezlb_text text = { 0 }, bare = { 0 };

	(void)state;
	assert_int_equal(ezlb_console_status(json, &look, &text, NULL), 0);
	EZLB_AUTO_FREE char *got = ezlb_text_take(&text, NULL);
	assert_non_null(strstr(got, "\033[1;31mdown"));
	assert_non_null(strstr(got, "\033[33mdegraded"));
	assert_non_null(strstr(got, "\033[32mok"));
	assert_null(strchr(plain, '\033'));
	for (const char *p = got; *p;) {
		p += *p == '\033' ? strcspn(p, "m") + 1 : 0;
		if (*p && *p != '\033')
			ezlb_text_put(&bare, p++, 1);
	}
	EZLB_AUTO_FREE char *stripped = ezlb_text_take(&bare, NULL);
	assert_string_equal(stripped, plain);
}

/* n services of ten backends; of the first `bad` one backend is down. */
static char *many(size_t n, size_t bad)
{
	struct ezlb_text text = { 0 };

	ezlb_text_printf(&text, "{\"ready\": true, \"summary\": \"%zu services\", \"services\": [",
			 n);
	for (size_t i = 0; i < n; i++) {
		bool down = i < bad;

		ezlb_text_printf(&text,
				 "%s{\"name\": \"service-%zu\", \"state\": \"%s\", \"in_force\": "
				 "true, \"protocol\": \"tcp\", \"listen\": \"10.%zu.%zu.1:80\", "
				 "\"serving\": %d, \"conditions\": [{\"type\": \"BackendsReady\", "
				 "\"status\": \"True\", \"reason\": \"%s\", \"message\": \"\", "
				 "\"since\": \"2026-11-20T00:00:00.000Z\"}], \"backends\": [",
				 i ? "," : "", i, down ? "degraded" : "ok", i / 256, i % 256,
				 down ? 9 : 10, down ? "SomeDown" : "AllUp");
		for (size_t k = 0; k < 10; k++)
			ezlb_text_printf(
				&text,
				"%s{\"address\": \"192.168.%zu.%zu:8080\", \"verdict\": "
				"\"%s\", \"reason\": \"ok\", \"latency_ms\": 0.5, \"weight\": 1, "
				"\"kernel_weight\": 1}",
				k ? "," : "", i % 256, k, down && k == 3 ? "down" : "up");
		ezlb_text_puts(&text, "]}");
	}
	ezlb_text_puts(&text, "]}");
	return ezlb_text_take(&text, NULL);
}

static void test_thousand(void **state)
{
	EZLB_AUTO_FREE char *json = many(1000, 2);
	EZLB_AUTO_FREE char *got = rendered(json, 80);

	(void)state;
	assert_true(longest_line(got) <= 80);
	/* 2 of the head, 2 of a title, the heads, 2 with a reason and 10 backends, 2, 998, 2. */
	assert_int_equal(count_lines(got), 2 + 2 + 1 + 2 * 12 + 2 + 998 + 2);
	assert_non_null(strstr(got, "\nPROBLEMS: 2 of 1000\n"));
	assert_non_null(strstr(got, "\nOK: 998 of 1000\n"));
	assert_non_null(strstr(got, "\nservice-999 "));
	assert_non_null(strstr(got, "`ezlb status SERVICE`"));
	/* What is down comes first of its service. */
	assert_true(strstr(got, "192.168.1.3:8080") < strstr(got, "192.168.1.0:8080"));
	assert_null(strstr(got, "192.168.2.0:8080"));
}

static void test_few_have_their_backends(void **state)
{
	EZLB_AUTO_FREE char *few = many(20, 0), *more = many(21, 0);
	EZLB_AUTO_FREE char *with = rendered(few, 80), *without = rendered(more, 80);

	(void)state;
	assert_non_null(strstr(with, "192.168.19.9:8080"));
	assert_null(strstr(with, "SERVICE`"));
	assert_null(strstr(without, "192.168."));
	assert_non_null(strstr(without, "SERVICE`"));
}

static void test_hostile(void **state)
{
	static const char *const documents[] = {
		"{\"host\": \"%s\", \"version\": \"%s\", \"summary\": \"%s\", \"not_ready\": \"%s\", "
		"\"services\": []}",
		"{\"services\": [{\"name\": \"%s\", \"state\": \"%s\", \"in_force\": true, "
		"\"protocol\": \"%s\", \"listen\": \"%s\"}]}",
		"{\"services\": [{\"state\": \"down\", \"conditions\": [{\"type\": \"Accepted\", "
		"\"status\": \"%s\", \"reason\": \"%s\", \"message\": \"%s\", \"since\": \"%s\"}]}]}",
		"{\"services\": [{\"state\": \"ok\", \"backends\": [{\"address\": \"%s\", \"verdict\": "
		"\"%s\", \"reason\": \"%s\", \"since\": \"%s\"}]}]}",
		"{\"services\": [], \"reconcile\": {\"error\": \"%s\"}, \"traffic_error\": \"%s\", "
		"\"config\": {\"dirs\": [{\"path\": \"%s\", \"problem\": \"%s\"}]}}",
		"{\"services\": [], \"files\": [{\"path\": \"%s\", \"state\": \"%s\", \"diagnostics\": "
		"[{\"text\": \"%s\"}, {\"text\": \"1 | %s\"}]}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(documents); i++) {
		struct ezlb_text text = { 0 };
		const char *p = documents[i], *hole;

		for (; (hole = strstr(p, "%s")) != NULL; p = hole + 2) {
			ezlb_text_put(&text, p, (size_t)(hole - p));
			ezlb_text_puts(&text, HOSTILE);
		}
		ezlb_text_puts(&text, p);
		EZLB_AUTO_FREE char *json = ezlb_text_take(&text, NULL);
		EZLB_AUTO_FREE char *got = rendered(json, 0);
		assert_harmless(got);
		/* Diagnostics have lines of their own. */
		assert_non_null(
			strstr(got, strstr(json, "\"text\"") ? "a?[2Jb\nOK" : HOSTILE_SHOWN));
	}
}

/* The summary says by what. */
static void test_drained(void **state)
{
	static const struct {
		const char *draining, *want;
	} rows[] = {
		{ "null", "NOT READY  , ezlb , up 0s\nnot ready: why\n" },
		{ "{\"since\": \"2026-11-23T00:50:00.000Z\", \"where\": \"its addresses are on "
		  "ezlb0-drain\"}",
		  "DRAINED  , ezlb , up 0s\nnot ready: why\n! drained since 2026-11-23 00:50:00 (12m "
		  "ago): its addresses are on ezlb0-drain\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EZLB_AUTO_FREE char *json = ezlb_asprintf(
			"{\"ready\": false, \"not_ready\": \"why\", \"summary\": \"not ready: "
			"why\", \"draining\": %s, \"services\": []}",
			rows[i].draining);
		EZLB_AUTO_FREE char *got = rendered(json, 0);

		assert_string_equal(got, rows[i].want);
	}
}

/* An error in a file is told once, above; a conflict says more than that the file is refused. */
static void test_refusals(void **state)
{
	static const char document[] =
		"{\"services\": [{\"name\": \"web\", \"state\": \"conflict\", \"conditions\": ["
		"{\"type\": \"Accepted\", \"status\": \"False\", \"reason\": \"Refused\", "
		"\"message\": \"a.yaml:1: taken\"}, "
		"{\"type\": \"Conflict\", \"status\": \"%s\", \"reason\": \"%s\", "
		"\"message\": \"a.yaml:1: taken\"}]}]}";
	EZLB_AUTO_FREE char *taken = ezlb_asprintf(document, "True", "ListenerTaken");
	EZLB_AUTO_FREE char *foreign = ezlb_asprintf(document, "True", "Foreign");
	EZLB_AUTO_FREE char *none = ezlb_asprintf(document, "False", "NoConflict");
	EZLB_AUTO_FREE char *got = rendered(taken, 0);
	EZLB_AUTO_FREE char *others = rendered(foreign, 0);
	EZLB_AUTO_FREE char *alone = rendered(none, 0);

	(void)state;
	assert_non_null(
		strstr(got, "\n  ListenerTaken: another file has its listener: see above\n"));
	assert_null(strstr(got, "Refused"));
	assert_null(strstr(got, "a.yaml"));
	assert_non_null(strstr(others, "\n  Foreign: a.yaml:1: taken\n"));
	assert_non_null(strstr(alone, "\n  Refused: its file has an error: see above\n"));
	assert_null(strstr(alone, "a.yaml"));
}

/* The age of a state is that of the condition that causes it. */
static void test_what_cannot_be_delivered(void **state)
{
	static const char document[] =
		"{\"services\": [{\"name\": \"web\", "
		"\"state\": \"%s\", \"conditions\": ["
		"{\"type\": \"BackendsReady\", \"status\": \"True\", \"reason\": \"%s\", "
		"\"message\": \"\", \"since\": \"2026-11-23T01:01:53.000Z\"}, "
		"{\"type\": \"Deliverable\", \"status\": \"%s\", \"reason\": \"%s\", "
		"\"message\": \"see there\", \"since\": \"2026-11-23T01:01:33.000Z\"}]}]}";
	static const struct {
		const char *state, *ready, *status, *reason, *age, *line;
	} rows[] = {
		{ "degraded", "AllUp", "False", "NoAnswers", " 30s\n",
		  "\n  NoAnswers: see there\n" },
		{ "degraded", "SomeDown", "False", "NoAnswers", " 10s\n",
		  "\n  SomeDown\n  NoAnswers: see there\n" },
		{ "degraded", "SomeDown", "True", "NoObstacle", " 10s\n", "\n  SomeDown\n" },
		{ "down", "AllUp", "False", "NoRealBackend", " 30s\n",
		  "\n  NoRealBackend: see there\n" },
		{ "degraded", "AllUp", "True", "SourcePortsLow", " 30s\n",
		  "\n  SourcePortsLow: see there\n" },
		{ "ok", "AllUp", "True", "LocalBackend", " 10s\n",
		  "\n  LocalBackend: see there\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EZLB_AUTO_FREE char *json = ezlb_asprintf(document, rows[i].state, rows[i].ready,
							  rows[i].status, rows[i].reason);
		EZLB_AUTO_FREE char *got = rendered(json, 0);

		if (!strstr(got, rows[i].line) || !strstr(got, rows[i].age))
			fail_msg("%s %s: %s", rows[i].state, rows[i].reason, got);
	}
}

static void test_head(void **state)
{
	static const struct {
		const char *name, *in, *want;
	} cases[] = {
		{ "nothing known", "{\"services\": []}", "NOT READY  , ezlb , up 0s\n" },
		{ "the last run",
		  "{\"services\": [], \"reconcile\": {\"error\": \"lock is held\"}}",
		  "\n! the last reconcile run: lock is held\n" },
		{ "said already",
		  "{\"services\": [], \"not_ready\": \"for 2m: lock is held\", \"reconcile\": "
		  "{\"error\": \"lock is held\", \"failing_since\": \"2026-11-23T01:00:03.000Z\"}}",
		  "\n! for 2m: lock is held\n" },
		{ "a full conntrack table",
		  "{\"services\": [], \"conntrack\": {\"entries\": 99, \"max\": 100}}",
		  "\n! the conntrack table is full: new connections are dropped; raise\n"
		  "  net.netfilter.nf_conntrack_max\n" },
		{ "one that will be",
		  "{\"services\": [], \"conntrack\": {\"entries\": 98, \"max\": 100}}",
		  "\n! the conntrack table is 98% full: when it is full, new connections are dropped;\n"
		  "  raise net.netfilter.nf_conntrack_max\n" },
		{ "a connection log with gaps",
		  "{\"services\": [], \"connection_log\": {\"lines\": 90, \"lost\": 10}}",
		  "\n! 10 of 100 ended connections are not in the connection log\n" },
		{ "one that does not write",
		  "{\"services\": [], \"connection_log\": {\"problem\": \"no space left\"}}",
		  "\n! the connection log writes nothing: no space left\n" },
		{ "a sync daemon that does not run",
		  "{\"services\": [], \"sync\": {\"problem\": \"why\"}}",
		  "\n! the sync daemon of IPVS: why\n" },
		{ "an unreadable file",
		  "{\"services\": [], \"files\": [{\"path\": \"/a.yaml\", \"state\": \"unreadable\", "
		  "\"in_force\": true}]}",
		  "\n/a.yaml: unreadable, an older version of it serves\n" },
		{ "diagnostics without end",
		  "{\"services\": [], \"files\": [{\"path\": \"/a.yaml\", \"state\": \"refused\", "
		  "\"diagnostics\": [{\"text\": \"1\"}, {}, {}, {}, {\"text\": \"5\"}, {\"text\": "
		  "\"6\"}, {}]}]}",
		  "\n1\n5\nand 2 more (ezlb check)\n/a.yaml: refused, nothing of it is applied\n" },
		{ "a long line of a file",
		  "{\"services\": [], \"files\": [{\"path\": \"/a.yaml\", \"state\": \"refused\", "
		  "\"diagnostics\": [{\"text\": \"    7 | a b c d e f g h i j k l m n o p q r s t u v w x "
		  "y z A B C D E F G H I J K\\n\"}]}]}",
		  "\n    7 | a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J\u2026\n" },
		{ "a state of another version",
		  "{\"services\": [{\"name\": \"a\", \"state\": \"odd\"}, {\"name\": \"b\", \"state\": "
		  "\"ok\"}]}",
		  "\nPROBLEMS: 1 of 2\nSERVICE" },
		{ "what is no text is as none", "{\"services\": [], \"host\": 5, \"ready\": \"x\"}",
		  "NOT READY  , ezlb " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EZLB_AUTO_FREE char *got = rendered(cases[i].in, 80);

		if (!strstr(got, cases[i].want))
			fail_msg("%s: %s", cases[i].name, got);
	}
	EZLB_AUTO_FREE char *once = rendered(cases[2].in, 80);
	assert_null(strstr(strstr(once, "lock is held") + 1, "lock is held"));
}

/* What is down comes first, then what has no verdict. */
static void test_backends(void **state)
{
	EZLB_AUTO_FREE char *got = rendered(
		"{\"services\": [{\"name\": \"web\", \"state\": \"degraded\", \"backends\": ["
		"{\"address\": \"b1\", \"verdict\": \"up\", \"weight\": 3, \"kernel_weight\": 1},"
		"{\"address\": \"b2\", \"verdict\": \"unknown\", \"weight\": 3, \"kernel_weight\": 3},"
		"{\"address\": \"b3\", \"verdict\": \"down\", \"weight\": 3}]}]}",
		0);

	(void)state;
	assert_true(strstr(got, "  b3 ") < strstr(got, "  b2 "));
	assert_true(strstr(got, "  b2 ") < strstr(got, "  b1 "));
	assert_non_null(strstr(got, "   3 (1) "));
	assert_non_null(strstr(got, "   3 (-) "));
	assert_non_null(strstr(got, "       3 "));
}

/* Cut anywhere it is an error and no table. */
static void test_truncated(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("mixed.json");
	size_t len = strlen(json) - 1; /* the newline at the end may go */
	const struct ezlb_console_look look = { .width = 80 };

	(void)state;
	for (size_t n = 0; n < len; n += n < 100 ? 1 : 97) {
		EZLB_AUTO_FREE char *part = ezlb_strndup(json, n);
		struct ezlb_text text = { 0 };
		struct ezlb_err err = { 0 };

		assert_int_equal(ezlb_console_status(part, &look, &text, &err), -EBADMSG);
		assert_int_equal(text.len, 0);
		assert_non_null(strstr(err.msg, "the daemon's answer is not JSON"));
		assert_harmless(err.msg);
	}
}

static void test_not_it(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "[]", "no list of services" },
		{ "{\"services\": {}}", "no list of services" },
		{ "{\"services\": null}", "no list of services" },
		{ "{\"events\": []}", "no list of services" },
		{ "<html>", "is not JSON" },
		/* The parser quotes it. */
		{ "{\"services\": [\033[2J]}", "is not JSON" },
		{ "{\"services\": [x\xc2\x9b]}", "is not JSON" },
		{ "{\"services\": [\"\\u0000\"]}", "is not JSON" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct ezlb_console_look look = { 0 };
		struct ezlb_text text = { 0 };
		struct ezlb_err err = { 0 };

		assert_int_equal(ezlb_console_status(cases[i].in, &look, &text, &err), -EBADMSG);
		assert_non_null(strstr(err.msg, cases[i].want));
		assert_harmless(err.msg);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_as_wide_as_it_comes),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_thousand),
		cmocka_unit_test(test_few_have_their_backends),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_drained),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_what_cannot_be_delivered),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_backends),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_not_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
