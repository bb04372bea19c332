// SPDX-License-Identifier: GPL-2.0-or-later
#include "golden.h"

#include <errno.h>

#include <jansson.h>

static const struct ezlb_console_look look80 = { .width = 80, .now_ms = NOW_MS };

static char *service(const char *json, const char *name, const struct ezlb_console_look *look)
{
	struct ezlb_text text = { 0 };
	struct ezlb_err err = { 0 };

	if (ezlb_console_service(json, name, look, &text, &err) != 0)
		fail_msg("%s", err.msg);
	return ezlb_text_take(&text, NULL);
}

static char *events(const char *json, const char *name)
{
	struct ezlb_text text = { 0 };
	struct ezlb_err err = { 0 };

	if (ezlb_console_service_events(json, name, &look80, &text, &err) != 0)
		fail_msg("%s", err.msg);
	return ezlb_text_take(&text, NULL);
}

static void test_golden(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("mixed.json");
	static const struct {
		const char *name, *want;
	} cases[] = { { "web", "web-80.txt" }, { "www", "www-80.txt" }, { "dns", "dns-80.txt" } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_text text = { 0 };

		assert_int_equal(ezlb_console_service(json, cases[i].name, &look80, &text, NULL),
				 0);
		assert_golden(&text, cases[i].want);
	}
}

/* What each backend does, with all roles that have words of their own. */
static void test_roles(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("roles.json");
	EZLB_AUTO_FREE char *api = service(json, "api", &look80);
	EZLB_AUTO_FREE char *shop = service(json, "shop", &look80);
	struct ezlb_text text = { 0 };

	(void)state;
	assert_int_equal(ezlb_console_service(json, "web", &look80, &text, NULL), 0);
	assert_golden(&text, "roles-web-80.txt");
	assert_non_null(strstr(api, "\nserving        3 of 3 backends\n"));
	assert_non_null(
		strstr(api, "\n  role           fail open: it takes new connections although"));
	assert_non_null(strstr(shop, "\n  role           draining: it is down; it takes no new"));
	assert_non_null(strstr(shop, "12 connections are open\n"));
	assert_non_null(strstr(shop, "\n  role           fallback: it serves because no other"));
}

/* What not every service has. */
static void test_pieces(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("mixed.json");
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "mail", "\nsource NAT     none\n" },
		{ "mail", "\nhealth check   none: every backend counts as up\n" },
		{ "mail", "\n192.168.40.1:25  unchecked\n" },
		{ "mail", "\n  last probe     none\n" },
		{ "api", "\n  last probe     http_status 503 after 2.1ms\n" },
		{ "cache", "\n192.168.30.1:6379  unknown\n" },
		{ "cache", "\ntraffic        not counted: " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EZLB_AUTO_FREE char *got = service(json, cases[i].name, &look80);

		if (!strstr(got, cases[i].want))
			fail_msg("%s: %s", cases[i].name, got);
	}
	EZLB_AUTO_FREE char *mail = service(json, "mail", &look80);
	assert_null(strstr(mail, "\nSNAT"));
}

/* What a service with full_nat may have besides. */
static void test_full_nat(void **state)
{
#define SERVICE(rest)                                                                  \
	"{\"services\": [{\"name\": \"web\", \"in_force\": true, \"full_nat\": true, " \
	"\"snat\": \"10.0.0.3\", " rest "}]"
#define PORTS(proto, by, fullest)                                                    \
	"\"source_ports\": {\"source\": \"10.0.0.3\", \"protocol\": \"" proto "\", " \
	"\"backend\": \"b1\", \"used\": 15, \"available\": 64512, \"percent\": 1, "  \
	"\"counted_by\": \"" by "\", " fullest "}"
	static const struct {
		const char *json, *want;
	} cases[] = {
		{ SERVICE(PORTS("tcp", "ipvs", "\"fullest\": null")) "}",
		  "\nsource ports   15 of 64512 used to b1 (1%)\n" },
		{ SERVICE(PORTS("udp", "ipvs", "\"fullest\": null")) "}",
		  "\nsource ports   15 of 64512 used to b1 (1% at most)\n" },
		{ SERVICE(PORTS("udp", "conntrack",
				"\"fullest\": \"10.0.0.4\", \"fullest_used\": 12")) "}",
		  "\nsource ports   15 of 64512 used to b1 (1%); 10.0.0.4 uses 12\n" },
		{ SERVICE("\"client_address\": \"toa\", \"connection_log\": true") "}",
		  "\nclient address toa\nconnection log on\n" },
		{ SERVICE("\"client_address\": \"toa\"") ", \"toa\": {\"added\": 8, \"stripped\": "
							 "1, \"no_room\": 2, \"too_long\": 3, "
							 "\"no_entry\": 4}}",
		  "\nclient address toa; packets of all services: 8 added, 1 stripped, 5 without\n"
		  "               room, 4 not in conntrack\n" },
		{ SERVICE("\"client_address\": \"none\", \"connection_log\": false") "}",
		  "\nsource NAT     10.0.0.3\nhealth check " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EZLB_AUTO_FREE char *got = service(cases[i].json, "web", &look80);

		if (!strstr(got, cases[i].want))
			fail_msg("%s: %s", cases[i].want, got);
	}
}

static void test_addresses(void **state)
{
#define LISTENERS                                                                                    \
	"\"listeners\": [{\"listen\": \"10.0.0.1:80\", \"vip\": \"announced\", \"where\": \"A\"}, "  \
	"{\"listen\": \"10.0.0.1:81\", \"vip\": \"announced\", \"where\": \"A\"}, {\"fwmark\": 7}, " \
	"{\"listen\": \"10.0.0.2:80\", \"vip\": \"withdrawn\", \"where\": \"B\"}, "                  \
	"{\"listen\": \"10.0.0.3:80\", \"vip\": \"held\", \"where\": \"C\"}]"
	static const char json[] = SERVICE(LISTENERS) "}";
	EZLB_AUTO_FREE char *got = service(json, "web", &look80), *none = NULL;
	struct ezlb_text text = { 0 };

	(void)state;
	assert_non_null(strstr(got, "\naddresses      A; B; C\n"));
	none = service(SERVICE("\"listeners\": [{\"listen\": \"10.0.0.1:80\"}]") "}", "web",
		       &look80);
	assert_null(strstr(none, "addresses"));
	/* The table has only those that wait for a backend. */
	assert_int_equal(ezlb_console_status(json, &look80, &text, NULL), 0);
	free(got);
	got = ezlb_text_take(&text, NULL);
	assert_non_null(strstr(got, "\n  B; C\n"));
}

static void test_widths(void **state)
{
	static const char *const long_name =
		"payments-frontend-european-union-west-1-blue-canary-experiment1";
	EZLB_AUTO_FREE char *mixed = read_data("mixed.json"), *wide = read_data("long.json");

	(void)state;
	for (unsigned width = 40; width < 200; width++) {
		const struct ezlb_console_look look = { .width = width, .now_ms = NOW_MS };
		EZLB_AUTO_FREE char *a = service(mixed, "www", &look);
		EZLB_AUTO_FREE char *b = service(wide, long_name, &look);

		assert_true(longest_line(a) <= width);
		assert_true(longest_line(b) <= width);
	}
}

static void test_colour(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("mixed.json");
	const struct ezlb_console_look look = { .width = 80, .colour = true, .now_ms = NOW_MS };
	EZLB_AUTO_FREE char *got = service(json, "web", &look);

	(void)state;
	assert_non_null(strstr(got, "web  \033[33mdegraded\033[0m\n"));
	assert_non_null(strstr(got, "192.168.10.12:80  \033[1;31mdown\033[0m since "));
}

static void test_unknown(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("mixed.json");
	struct ezlb_text text = { 0 };
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(ezlb_console_service(json, "wbe", &look80, &text, &err), -ENOENT);
	assert_string_equal(err.msg, "there is no service 'wbe': `ezlb status` lists all");
	assert_int_equal(text.len, 0);
	assert_int_equal(ezlb_console_service("{\"ser", "wbe", &look80, &text, &err), -EBADMSG);
	assert_int_equal(
		ezlb_console_service_events("{\"services\": []}", "web", &look80, &text, &err),
		-EBADMSG);
	assert_int_equal(text.len, 0);
}

/* Two files may claim one name. */
static void test_twice(void **state)
{
	EZLB_AUTO_FREE char *got = service("{\"services\": [{\"name\": \"a\", \"state\": \"ok\"}, "
					   "{\"name\": \"a\", \"state\": \"conflict\"}]}",
					   "a", &look80);

	(void)state;
	assert_int_equal(strncmp(got, "a  ok\n", 6), 0);
	assert_non_null(strstr(got, "\n\na  conflict\n"));
}

static void test_json(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("mixed.json");
	const struct ezlb_console_look look = { .json = true };
	EZLB_AUTO_FREE char *got = service(json, "web", &look);
	json_auto_t *one = json_loads(got, 0, NULL);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(one, "name")), "web");
	assert_int_equal(json_array_size(json_object_get(one, "backends")), 2);
	assert_non_null(strstr(got, "\"latency_ms\": 0.21,"));
}

static void test_hostile(void **state)
{
	EZLB_AUTO_FREE char *got = service(
		"{\"services\": [{\"name\": \"a\", \"state\": \"" HOSTILE "\", \"file\": \"" HOSTILE
		"\", \"in_force\": true, \"protocol\": \"" HOSTILE "\", \"scheduler\": \"" HOSTILE
		"\", \"full_nat\": true, \"snat\": \"" HOSTILE
		"\", \"check\": {\"type\": \"" HOSTILE "\", \"path\": \"" HOSTILE
		"\"}, \"observed_hash\": \"" HOSTILE "\", \"conditions\": [{\"type\": \"" HOSTILE
		"\", \"message\": \"" HOSTILE "\"}], \"backends\": [{\"address\": \"" HOSTILE
		"\", \"verdict\": \"" HOSTILE "\", \"reason\": \"" HOSTILE "\"}]}]}",
		"a", &look80);
	EZLB_AUTO_FREE char *last = events("{\"events\": [{\"service\": \"a\", \"type\": \"" HOSTILE
					   "\", \"object\": \"" HOSTILE
					   "\", \"message\": \"" HOSTILE "\"}]}",
					   "a");

	(void)state;
	assert_harmless(got);
	assert_non_null(strstr(got, HOSTILE_SHOWN));
	assert_harmless(last);
	assert_non_null(strstr(last, HOSTILE_SHOWN));
}

static void test_last_events(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("events.json");
	EZLB_AUTO_FREE char *web = events(json, "web"), *none = events(json, "dns");
	struct ezlb_text many = { 0 };

	(void)state;
	assert_string_equal(web,
			    "\nLAST EVENTS\n"
			    "  2026-11-23 01:00:01 warning BackendDown web 192.168.10.12:80 "
			    "connect_refused\n"
			    "  2026-11-23 01:00:03 normal  BackendUp web 192.168.10.11:80 ok\n");
	assert_string_equal(none, "");
	ezlb_text_puts(&many, "{\"events\": [");
	for (int i = 0; i < 30; i++)
		ezlb_text_printf(&many, "%s{\"service\": \"%s\", \"message\": \"m%d\"}",
				 i ? "," : "", i < 25 ? "a" : "b", i);
	ezlb_text_puts(&many, "]}");
	EZLB_AUTO_FREE char *doc = ezlb_text_take(&many, NULL);
	EZLB_AUTO_FREE char *last = events(doc, "a");
	assert_int_equal(count_lines(last), 2 + 20);
	assert_null(strstr(last, " m4\n"));
	assert_non_null(strstr(last, " m5\n"));
	assert_non_null(strstr(last, " m24\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),	cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_roles),	cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_widths),	cmocka_unit_test(test_full_nat),
		cmocka_unit_test(test_colour),	cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_twice),	cmocka_unit_test(test_json),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_last_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
