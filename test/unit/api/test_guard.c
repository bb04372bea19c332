// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include "guard.h"

#define NO NULL

static const struct {
	const char *name;
	bool tcp, post, old;
	const char *host, *origin, *site, *mode, *dest;
	unsigned want; /* 0: it is not refused */
} table[] = {
	/* Programs. */
	{ "curl on the socket", false, true, false, "ezlb", NO, NO, NO, NO, 0 },
	{ "the console", false, true, false, "localhost", NO, NO, NO, NO, 0 },
	{ "a script without Host", false, true, false, NO, NO, NO, NO, NO, 0 },
	{ "Prometheus", true, false, false, "10.0.0.1:9106", NO, NO, NO, NO, 0 },
	{ "1.0 by TCP", true, false, true, NO, NO, NO, NO, NO, 0 },
	{ "1.1 by TCP without Host", true, false, false, NO, NO, NO, NO, NO, 400 },
	{ "a name by TCP", true, false, false, "ezlb", NO, NO, NO, NO, 421 },
	/* The page, through ssh -L and by TCP. */
	{ "typed address", false, false, false, "localhost:9106", NO, "none", "navigate",
	  "document", 0 },
	{ "its requests", false, false, false, "localhost:9106", NO, "same-origin", "cors", "empty",
	  0 },
	{ "with Origin", false, true, false, "localhost:9106", "http://localhost:9106",
	  "same-origin", "cors", "empty", 0 },
	{ "in capitals", false, true, false, "LocalHost:9106", "HTTP://localhost:9106", NO, NO, NO,
	  0 },
	{ "by address", true, false, false, "10.0.0.1:9106", "http://10.0.0.1:9106", NO, NO, NO,
	  0 },
	{ "a link to it", true, false, false, "10.0.0.1:9106", NO, "cross-site", "navigate",
	  "document", 0 },
	/* Pages of others. */
	{ "a form", false, true, false, "localhost:9106", "http://evil.example", "cross-site",
	  "navigate", "document", 403 },
	{ "fetch", false, true, false, "localhost:9106", "http://evil.example", NO, NO, NO, 403 },
	{ "another port", false, true, false, "localhost:9106", "http://localhost:8000",
	  "same-site", "cors", "empty", 403 },
	{ "another scheme", false, true, false, "localhost:9106", "https://localhost:9106", NO, NO,
	  NO, 403 },
	{ "a sandboxed frame", false, true, false, "localhost:9106", "null", NO, NO, NO, 403 },
	{ "an empty origin", false, true, false, "localhost:9106", "", NO, NO, NO, 403 },
	{ "an origin, no host", false, true, false, NO, "http://localhost", NO, NO, NO, 403 },
	{ "an image", false, false, false, "localhost:9106", NO, "cross-site", "no-cors", "image",
	  403 },
	{ "a frame", true, false, false, "127.0.0.1:9106", NO, "cross-site", "navigate", "iframe",
	  403 },
	{ "same site", true, false, false, "127.0.0.1:9106", NO, "same-site", "cors", "empty",
	  403 },
	{ "a new word", true, false, false, "127.0.0.1:9106", NO, "other", NO, NO, 403 },
	{ "a posted link", false, true, false, "localhost:9106", NO, "cross-site", "navigate",
	  "document", 403 },
	/* Names that were made to resolve to the forwarded port. */
	{ "rebound", false, true, false, "evil.example:9106", "http://evil.example:9106",
	  "same-origin", "cors", "empty", 421 },
	{ "rebound, port 80", false, false, false, "evil.example", NO, NO, NO, NO, 421 },
	{ "a word with a port", false, false, false, "ezlb:9106", NO, NO, NO, NO, 421 },
	{ "a dot at the end", false, false, false, "ezlb.", NO, NO, NO, NO, 421 },
	{ "no name", false, false, false, "", NO, NO, NO, NO, 421 },
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		const struct guard_request request = { .is_local = !table[i].tcp,
						       .is_get = !table[i].post,
						       .needs_host = !table[i].old,
						       .host = table[i].host,
						       .origin = table[i].origin,
						       .site = table[i].site,
						       .mode = table[i].mode,
						       .dest = table[i].dest };
		const struct guard_refusal *refusal = guard_check(&request);
		unsigned status = refusal ? refusal->status : 0;

		if (status != table[i].want)
			fail_msg("%s: %u", table[i].name, status);
		if (refusal)
			assert_int_equal(refusal->text[strlen(refusal->text) - 1], '\n');
	}
}

static void test_headers(void **state)
{
	struct guard_request request = { .is_local = true };

	(void)state;
	guard_header(&request, "HOST", "a");
	guard_header(&request, "origin", "b");
	guard_header(&request, "Sec-Fetch-Site", "c");
	guard_header(&request, "sec-fetch-mode", "d");
	guard_header(&request, "Sec-Fetch-Dest", NULL);
	guard_header(&request, "Accept", "f");
	guard_header(&request, "Accept", "g");
	assert_string_equal(request.host, "a");
	assert_string_equal(request.origin, "b");
	assert_string_equal(request.site, "c");
	assert_string_equal(request.mode, "d");
	assert_string_equal(request.dest, "");
	assert_false(request.is_malformed);
	guard_header(&request, "hOsT", "a");
	assert_true(request.is_malformed);
	assert_int_equal(guard_check(&request)->status, 400);
}

/* What libmicrohttpd makes of a header of two lines. */
static void test_names_that_are_none(void **state)
{
	static const char *const names[] = { "",
					     " Host",
					     "Host ",
					     "Hostevil.example",
					     "XHost: evil",
					     "Originhttp://a",
					     "sec-fetch-site x",
					     "Sec-Fetch-Modea" };
	static const char *const good[] = { "X-Forwarded-Host", "Sec-Fetch-User", "User-Agent" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names) + COUNT_OF(good); i++) {
		bool bad = i < COUNT_OF(names);
		const char *name = bad ? names[i] : good[i - COUNT_OF(names)];
		struct guard_request request = { .is_local = true };

		guard_header(&request, name, "a");
		if (request.is_malformed != bad)
			fail_msg("'%s'", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table),
					    cmocka_unit_test(test_headers),
					    cmocka_unit_test(test_names_that_are_none) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
