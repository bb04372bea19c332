// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables, the JSON, the lines of events and the notes. */
#include <connections.h>

#include "format.h"

#define NOW INT64_C(1700000000000)

static struct ezlb_connections_index idx;
static struct ezlb_connections_view view;
static struct ezlb_connections_query query;
static struct ezlb_connections_top top;
static struct ezlb_who who;
static struct ezlb_text out;

static const char *const services[] = {
	"web tcp 10.0.0.1:80 snat=10.0.0.3 192.168.1.2:8080",
	"dns udp 10.0.0.1:53 192.168.1.2:53",
};

static int setup(void **state)
{
	(void)state;
	index_of(&idx, services, COUNT_OF(services), EZLB_MASQ);
	view = (struct ezlb_connections_view){
		.index = &idx,
		.host = { .timestamp = 1, .accounting = 1, .ipvs = 1 },
		.now_ms = NOW,
	};
	query = (struct ezlb_connections_query){ .service = NULL };
	top = (struct ezlb_connections_top){ .limit = 10 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_connections_index_clear(&idx);
	ezlb_connections_top_clear(&top);
	ezlb_who_clear(&who);
	EZLB_VEC_CLEAR(&out);
	return 0;
}

static struct ezlb_connections_row row_of(const char *text, bool known)
{
	struct ezlb_connections_row row = { .connection = connection_of(text) };

	row.service = ezlb_connections_match(&idx, &row.connection);
	assert_non_null(row.service);
	if (!known)
		return row;
	row.connection.started_ms = NOW - 192999;
	row.connection.expires_s = 431999;
	row.connection.counted = true;
	row.connection.bytes_in = 1234;
	row.connection.packets_in = 5;
	row.connection.bytes_out = 1000000;
	row.connection.packets_out = 6;
	return row;
}

static void add(const char *text, bool known)
{
	const struct ezlb_connections_row row = row_of(text, known);

	ezlb_connections_top_add(&top, &row, 0);
}

static void is(const char *want)
{
	EZLB_AUTO_FREE char *got = ezlb_text_take(&out, NULL);

	assert_string_equal(got, want);
}

static void has(const char *want)
{
	EZLB_AUTO_FREE char *got = ezlb_text_take(&out, NULL);

	if (!strstr(got, want))
		fail_msg("'%s' lacks '%s'", got, want);
}

#define WEB "tcp 1.1.1.1:9 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:40001"

static void test_cells(void **state)
{
	static const struct {
		int64_t s;
		const char *want;
	} ages[] = { { -1, "unknown" },	  { 0, "0s" },	      { 59, "59s" },
		     { 60, "1m00s" },	  { 3599, "59m59s" }, { 3600, "1h00m" },
		     { 86399, "23h59m" }, { 86400, "1d00h" }, { 431999, "4d23h" } };
	static const struct {
		uint64_t bytes;
		const char *want;
	} sizes[] = { { 0, "0B" },	   { 999, "999B" },	    { 1000, "1.0kB" },
		      { 99900, "99.9kB" }, { 99960, "100kB" },	    { 999499, "999kB" },
		      { 999500, "1.0MB" }, { UINT64_MAX, "18.4EB" } };
	struct ezlb_connection c = { .started_ms = NOW };
	char buf[CELL_STRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ages); i++)
		assert_string_equal(format_age(ages[i].s, buf), ages[i].want);
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		assert_string_equal(format_bytes(sizes[i].bytes, buf), sizes[i].want);
	assert_int_equal(age_of(&c, NOW + 1999), 1);
	assert_int_equal(age_of(&c, NOW - 5), 0);
	c.ended_ms = NOW + 3000;
	assert_int_equal(age_of(&c, NOW + 60000), 3);
	c.started_ms = 0;
	assert_int_equal(age_of(&c, NOW), -1);
}

static void test_table(void **state)
{
	(void)state;
	ezlb_connections_text(&view, &top, &out);
	is("");
	add(WEB, true);
	add("udp 1.1.1.1:9 10.0.0.1:53 192.168.1.2:53 1.1.1.1:9", false);
	ezlb_connections_top_finish(&top);
	ezlb_connections_text(&view, &top, &out);
	is("SERVICE  CLIENT     LISTENER     SOURCE          BACKEND           PROTO  STATE        "
	   "AGE      EXPIRES  IN       OUT\n"
	   "web      1.1.1.1:9  10.0.0.1:80  10.0.0.3:40001  192.168.1.2:8080  tcp    ESTABLISHED  "
	   "3m12s    4d23h    1.2kB    1.0MB\n"
	   "dns      1.1.1.1:9  10.0.0.1:53  1.1.1.1:9       192.168.1.2:53    udp    ESTABLISHED  "
	   "unknown  unknown  unknown  unknown\n");
}

static void test_table_without_bytes(void **state)
{
	(void)state;
	add(WEB, false);
	top.rows.items[0].connection.state = "";
	ezlb_connections_text(&view, &top, &out);
	is("SERVICE  CLIENT     LISTENER     SOURCE          BACKEND           PROTO  STATE    "
	   "AGE      EXPIRES\n"
	   "web      1.1.1.1:9  10.0.0.1:80  10.0.0.3:40001  192.168.1.2:8080  tcp    unknown  "
	   "unknown  unknown\n");
}

static void test_json(void **state)
{
	(void)state;
	add(WEB, true);
	ezlb_connections_json(&view, &query, &top, &out);
	is("{\n  \"total\": 1,\n  \"shown\": 1,\n  \"sort\": \"age\",\n  \"connections\": [\n    {\n"
	   "      \"service\": \"web\",\n      \"protocol\": \"tcp\",\n"
	   "      \"client\": \"1.1.1.1:9\",\n      \"listener\": \"10.0.0.1:80\",\n"
	   "      \"source\": \"10.0.0.3:40001\",\n      \"backend\": \"192.168.1.2:8080\",\n"
	   "      \"state\": \"ESTABLISHED\",\n      \"since\": \"2023-11-14T22:10:07.001Z\",\n"
	   "      \"age_s\": 192,\n      \"expires_s\": 431999,\n      \"bytes_in\": 1234,\n"
	   "      \"packets_in\": 5,\n      \"bytes_out\": 1000000,\n      \"packets_out\": 6\n"
	   "    }\n  ],\n  \"notes\": []\n}\n");
}

static void test_json_unknown(void **state)
{
	(void)state;
	add(WEB, false);
	top.rows.items[0].connection.state = "";
	ezlb_connections_json(&view, &query, &top, &out);
	has("\"state\": null,\n      \"since\": null,\n      \"age_s\": null,\n"
	    "      \"expires_s\": null,\n      \"bytes_in\": null,\n      \"packets_in\": null,\n"
	    "      \"bytes_out\": null,\n      \"packets_out\": null\n");
	ezlb_connections_json(&view, &query, &top, &out);
	has("\"notes\": [\n    \"unknown ages: these connections began before "
	    "net.netfilter.nf_conntrack_timestamp was 1\",\n");
}

static void who_has(const char *text)
{
	const struct ezlb_connections_row row = row_of(text, true);

	ezlb_who_add(&who, &row);
}

static void asked(const char *text)
{
	assert_int_equal(ezlb_who_parse(text, EZLB_PUSH(&who.addresses), NULL), 0);
}

static void test_who(void **state)
{
	struct ezlb_connection_answers answers = { 0 };
	size_t n;

	(void)state;
	asked("10.0.0.3:40002");
	asked("10.0.0.3:5");
	asked("10.0.0.3:40001");
	ezlb_who_answers(&who, &idx, &answers);
	EZLB_VEC_CLEAR(&answers);
	who_has("tcp 1.1.1.1:8 10.0.0.1:80 192.168.1.3:8080 10.0.0.3:40001");
	who_has("tcp 1.1.1.1:7 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:40001");
	who_has("tcp 1.1.1.1:6 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:40002");
	who_has("tcp 1.1.1.1:6 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:40002"); /* twice */
	who_has("tcp 1.1.1.1:5 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:40003"); /* not asked for */
	ezlb_who_finish(&who);
	assert_null(ezlb_who_rows(&who, &who.addresses.items[1], &n));
	assert_int_equal(n, 0);
	assert_non_null(ezlb_who_rows(&who, &who.addresses.items[2], &n));
	assert_int_equal(n, 2);
	ezlb_who_text(&view, &who, &out);
	is("SOURCE          CLIENT     SERVICE  LISTENER     BACKEND           PROTO  STATE        "
	   "AGE    EXPIRES  IN     OUT\n"
	   "10.0.0.3:40002  1.1.1.1:6  web      10.0.0.1:80  192.168.1.2:8080  tcp    ESTABLISHED  "
	   "3m12s  4d23h    1.2kB  1.0MB\n"
	   "10.0.0.3:40001  1.1.1.1:7  web      10.0.0.1:80  192.168.1.2:8080  tcp    ESTABLISHED  "
	   "3m12s  4d23h    1.2kB  1.0MB\n"
	   "10.0.0.3:40001  1.1.1.1:8  web      10.0.0.1:80  192.168.1.3:8080  tcp    ESTABLISHED  "
	   "3m12s  4d23h    1.2kB  1.0MB\n");
	ezlb_who_json(&view, &who, &out);
	has("\"address\": \"10.0.0.3:5\",\n      \"connections\": []\n");
	view.host.ipvs = 0;
	ezlb_who_notes(&view, &who, &out);
	has("services without full_nat (`ipvsadm -Lnc` has them): dns\n");
}

static void test_who_empty(void **state)
{
	(void)state;
	asked("10.0.0.3:1");
	ezlb_who_finish(&who);
	ezlb_who_text(&view, &who, &out);
	is("");
	ezlb_who_notes(&view, &who, &out);
	is("");
	who.stopped = true;
	ezlb_who_notes(&view, &who, &out);
	is("only the first 10000 connections that were found\n");
}

static void test_who_stops(void **state)
{
	struct ezlb_connections_row row = row_of(WEB, false);
	struct ezlb_connection_answers answers = { 0 };

	(void)state;
	asked("10.0.0.3:40001");
	ezlb_who_answers(&who, &idx, &answers);
	EZLB_VEC_CLEAR(&answers);
	for (size_t i = 0; i <= EZLB_WHO_MAX; i++) {
		assert_int_equal(who.stopped, false);
		row.connection.id = (uint32_t)i;
		ezlb_who_add(&who, &row);
	}
	assert_true(who.stopped);
	assert_int_equal(who.rows.len, EZLB_WHO_MAX);
}

static void test_events(void **state)
{
	struct ezlb_connections_row row = row_of(WEB, true);

	(void)state;
	ezlb_connections_event_text(&row, EZLB_CONNECTION_ENDED, NOW, &out);
	is("2023-11-14T22:13:20Z  ended  web  tcp 1.1.1.1:9 -> 10.0.0.1:80, 10.0.0.3:40001 -> "
	   "192.168.1.2:8080, after 3m12s, 1.2kB in, 1.0MB out\n");
	ezlb_connections_event_json(&row, EZLB_CONNECTION_OPEN, NOW, &out);
	has("{\"time\":\"2023-11-14T22:13:20.000Z\",\"event\":\"open\",\"service\":\"web\",");
	row = row_of(WEB, false);
	ezlb_connections_event_text(&row, EZLB_CONNECTION_NEW, NOW, &out);
	is("2023-11-14T22:13:20Z  new    web  tcp 1.1.1.1:9 -> 10.0.0.1:80, 10.0.0.3:40001 -> "
	   "192.168.1.2:8080\n");
	ezlb_connections_event_json(&row, EZLB_CONNECTION_NEW, NOW, &out);
	has("\"event\":\"new\"");
	ezlb_connections_event_json(&row, EZLB_CONNECTION_ENDED, NOW, &out);
	has("\"event\":\"ended\"");
}

static void notes_are(const char *want)
{
	ezlb_connections_notes(&view, &query, &top, &out);
	is(want);
}

static void test_notes(void **state)
{
	(void)state;
	notes_are("");
	add(WEB, true);
	notes_are("");
	view.torn = "it changed";
	notes_are("it changed\n");
	view.torn = NULL;
	top.total = 3;
	notes_are("1 of 3 connections, by age; --limit shows more\n");
	top.total = 1;
	top.clients = 1;
	top.backends = 2;
	notes_are("");
	assert_int_equal(ezlb_endpoint_parse("1.1.1.1:9", &query.at, NULL), 0);
	notes_are("1.1.1.1:9 is the client of 1, the listener of 0 and the backend of 2 of these "
		  "connections\n");
	top.backends = 0;
	notes_are("");
}

static void test_notes_of_settings(void **state)
{
	(void)state;
	add(WEB, false);
	notes_are("unknown ages: these connections began before "
		  "net.netfilter.nf_conntrack_timestamp was 1\n"
		  "unknown bytes: these connections began before net.netfilter.nf_conntrack_acct "
		  "was 1\n");
	view.host.timestamp = 0;
	top.rows.items[0].connection.counted = true;
	notes_are("unknown ages: net.netfilter.nf_conntrack_timestamp is 0; with 1 the kernel "
		  "records them for connections that begin later\n");
	view.host.timestamp = -1;
	notes_are("unknown ages: this kernel has no net.netfilter.nf_conntrack_timestamp\n");
}

static void test_notes_of_unseen(void **state)
{
	static const char *const many[] = {
		"a tcp 10.0.0.1:1 1.0.0.1:1", "b tcp 10.0.0.1:2 1.0.0.1:1",
		"c tcp 10.0.0.1:3 1.0.0.1:1", "d tcp 10.0.0.1:4 1.0.0.1:1",
		"e tcp 10.0.0.1:5 1.0.0.1:1", "f tcp 10.0.0.1:6 1.0.0.1:1",
		"g tcp 10.0.0.1:7 1.0.0.1:1",
	};

	(void)state;
	view.host.ipvs = 0;
	notes_are("net.ipv4.vs.conntrack is 0, so conntrack does not have the connections of "
		  "services without full_nat (`ipvsadm -Lnc` has them): dns\n");
	query.service = &idx.services.items[0];
	notes_are("");
	index_of(&idx, many, COUNT_OF(many), EZLB_MASQ);
	query.service = NULL;
	ezlb_connections_notes(&view, &query, &top, &out);
	has(": a, b, c, d, e and 2 more\n");
	view.host.ipvs = -1;
	notes_are("");
}

static void test_direct(void **state)
{
	static const char *const direct[] = { "web tcp 10.0.0.1:80 192.168.1.2:80" };

	(void)state;
	index_of(&idx, direct, 1, EZLB_DIRECT);
	add("tcp 1.1.1.1:9 10.0.0.1:80 10.0.0.1:80 1.1.1.1:9", true);
	ezlb_connections_text(&view, &top, &out);
	has("  1.1.1.1:9  unknown  tcp ");
	ezlb_connections_json(&view, &query, &top, &out);
	has("\"backend\": null,");
	notes_are(
		"the answers of services with forward: direct or tunnel do not pass this host, so "
		"conntrack knows neither backend nor state; `ipvsadm -Lnc` does\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cells),
		TEST(test_table),
		TEST(test_table_without_bytes),
		TEST(test_json),
		TEST(test_json_unknown),
		TEST(test_who),
		TEST(test_who_empty),
		TEST(test_who_stops),
		TEST(test_events),
		TEST(test_notes),
		TEST(test_notes_of_settings),
		TEST(test_notes_of_unseen),
		TEST(test_direct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
