// SPDX-License-Identifier: GPL-2.0-or-later
#include "removed.h"

#include "line.h"

#define HEAD                                                                                  \
	"svc=web proto=tcp client=172.16.0.2:40001 listen=10.0.0.1:80 source=10.0.0.3:62630 " \
	"backend=192.168.10.11:8080 "
#define COUNTS "packets_in=6 packets_out=5 bytes_in=407 bytes_out=377 "

static void is(const struct removed *r, const struct ending *ending, const char *want)
{
	union message buf;
	struct event event;
	struct line line;
	char text[1024];
	size_t len;

	assert_true(event_read(removed_message(r, &buf), &event));
	line_make("web", &event, ending, &line);
	len = ezlb_log_fields(text, sizeof(text) - 1, line.fields);
	text[len] = '\0';
	assert_string_equal(text, want);
}

static void test_line(void **state)
{
	struct ending ending = { HOW_CLOSED, START + 2078000000, START + 2078000000 };
	struct removed r = closed;

	(void)state;
	is(&r, &ending,
	   HEAD "start=2026-11-29T14:05:01.123Z end=2026-11-29T14:05:03.201Z duration=2.078 " COUNTS
		"how=closed\n");
	/* To a second: no digits that are not known. */
	ending = (struct ending){ HOW_REMOVED, START + 2078000000, START + 3078000000 };
	is(&r, &ending,
	   HEAD "start=2026-11-29T14:05:01.123Z end=2026-11-29T14:05:04Z duration=3 " COUNTS
		"how=removed\n");
	ending = (struct ending){ HOW_TIMEOUT_OR_RESET, 0, 0 };
	is(&r, &ending,
	   HEAD "start=2026-11-29T14:05:01.123Z end=unknown duration=unknown " COUNTS
		"how=timeout_or_reset\n");
	r.start_ns = 0;
	r.packets_in = 0;
	ending = (struct ending){ HOW_RESET, START, START };
	is(&r, &ending,
	   HEAD "start=unknown end=2026-11-29T14:05:01.123Z duration=unknown packets_in=unknown "
		"packets_out=unknown bytes_in=unknown bytes_out=unknown how=reset\n");
}

static void test_json(void **state)
{
	const struct ending ending = { HOW_CLOSED, START + SECOND, START + SECOND };

	(void)state;
	ezlb_log_setup(EZLB_INFO, EZLB_JSON);
	is(&closed, &ending,
	   "{\"svc\":\"web\",\"proto\":\"tcp\",\"client\":\"172.16.0.2:40001\","
	   "\"listen\":\"10.0.0.1:80\",\"source\":\"10.0.0.3:62630\","
	   "\"backend\":\"192.168.10.11:8080\",\"start\":\"2026-11-29T14:05:01.123Z\","
	   "\"end\":\"2026-11-29T14:05:02.123Z\",\"duration\":\"1.000\",\"packets_in\":6,"
	   "\"packets_out\":5,\"bytes_in\":407,\"bytes_out\":377,\"how\":\"closed\"}\n");
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
