// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"
#include "listening.h"

#include <ezlb/view.h>

/*
 * Services, ", " between them: a name, a mark and how many connections the kernel has counted; the
 * packets and bytes are multiples of it. Marks: + its traffic is logged, - it is not, ? it is and
 * the kernel has not counted it, ! it is and it is not in force. The name is the last part of the
 * listener's address.
 */
static void add_service(struct ezlb_status *status, const char *word)
{
	struct ezlb_status_service *service = EZLB_PUSH(&status->services);
	EZLB_AUTO_FREE char *name = ezlb_strndup(word, strcspn(word, "+-?!"));
	EZLB_AUTO_FREE char *listen = ezlb_asprintf("10.0.0.%s:80", name);
	struct ezlb_status_listener *listener;
	char mark = word[strlen(name)];
	uint64_t n = strtoull(word + strlen(name) + 1, NULL, 10);

	ezlb_strcpy(service->name, sizeof(service->name), name);
	service->traffic_log = mark != '-';
	service->applied = mark != '!';
	listener = listen_on(status, EZLB_TCP, listen);
	listener->counted = mark != '?';
	listener->active = 7;
	listener->inactive = 9;
	listener->counters = (struct ezlb_counters){ .connections = n,
						     .packets_in = 2 * n,
						     .packets_out = 3 * n,
						     .bytes_in = 4 * n,
						     .bytes_out = 5 * n };
}

/* Writes at that time, and returns what was logged: "1=5/1000 2=0/1000": name, connections, ms. */
static struct text write_at(struct ezlb_trafficlog *log, int64_t ms, const char *services)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(services);
	struct ezlb_status status = { .now_ms = ms };
	struct text out = { "" };
	struct capture capture;
	size_t len = 0;
	char *text;

	if (strcmp(services, "error") == 0)
		ezlb_strcpy(status.traffic_error, sizeof(status.traffic_error), "no ip_vs");
	else
		for (char *save = NULL, *one = strtok_r(copy, ", ", &save); one;
		     one = strtok_r(NULL, ", ", &save))
			add_service(&status, one);
	capture = capture_begin(STDERR_FILENO);
	ezlb_trafficlog_write(log, &status);
	text = capture_end(capture);
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%d=%d/%d",
					len ? " " : "", atoi(strstr(line, "svc=") + 4),
					atoi(strstr(line, "connections=") + 12),
					atoi(strstr(line, " ms=") + 4));
	free(text);
	EZLB_VEC_CLEAR(&status.listeners);
	EZLB_VEC_CLEAR(&status.services);
	return out;
}

static const struct {
	const char *name;
	struct {
		const char *services, *log;
	} steps[5]; /* one a second */
} rows[] = {
	{ "the first time there is nothing to compare with",
	  { { "1+100", "" }, { "1+105", "1=5/1000" }, { "1+105", "1=0/1000" } } },
	{ "those that do not ask for it",
	  { { "1-100, 2+100", "" }, { "1-105, 2+101", "2=1/1000" } } },
	{ "in any order", { { "2+10, 1+20", "" }, { "2+11, 1+22", "2=1/1000 1=2/1000" } } },
	{ "the kernel has made it anew", { { "1+100", "" }, { "1+3", "1=3/1000" } } },
	{ "one that comes later has begun with 0",
	  { { "1+100", "" }, { "1+100, 2+8", "1=0/1000 2=8/1000" } } },
	{ "one that asks for it later gets its interval",
	  { { "1-100", "" }, { "1-150", "" }, { "1+160", "1=10/1000" } } },
	{ "one that is gone and comes back",
	  { { "1+100", "" }, { "2+1", "2=1/1000" }, { "1+4, 2+1", "1=4/1000 2=0/1000" } } },
	{ "what the kernel has not counted, and what is not in force",
	  { { "1?0, 2!0, 3+1", "" }, { "1?0, 2!0, 3+1", "3=0/1000" } } },
	{ "an error keeps what was",
	  { { "1+100", "" }, { "error", "" }, { "1+130", "1=30/2000" }, { "1+131", "1=1/1000" } } },
	{ "an error at first", { { "error", "" }, { "1+100", "" }, { "1+101", "1=1/1000" } } },
	{ "none at first", { { "", "" }, { "1+100", "1=100/1000" } } },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_trafficlog log = { 0 };

		for (size_t k = 0; k < COUNT_OF(rows[i].steps) && rows[i].steps[k].services; k++) {
			struct text got = write_at(&log, 1000 * (int64_t)(k + 1),
						   rows[i].steps[k].services);

			if (strcmp(got.s, rows[i].steps[k].log) != 0)
				fail_msg("%s: step %zu: '%s', not '%s'", rows[i].name, k, got.s,
					 rows[i].steps[k].log);
		}
		ezlb_trafficlog_clear(&log);
	}
}

/* Cleared, it has seen nothing. */
static void test_begins_anew(void **state)
{
	struct ezlb_trafficlog log = { 0 };

	(void)state;
	write_at(&log, 1000, "1+100");
	ezlb_trafficlog_clear(&log);
	assert_string_equal(write_at(&log, 2000, "1+150").s, "");
	assert_string_equal(write_at(&log, 3000, "1+151").s, "1=1/1000");
	ezlb_trafficlog_clear(&log);
}

static void test_the_whole_line(void **state)
{
	struct ezlb_trafficlog log = { 0 };
	struct ezlb_status status = { .now_ms = 1000 };
	struct capture capture;
	char *text;

	(void)state;
	add_service(&status, "1+100");
	ezlb_trafficlog_write(&log, &status);
	status.services.len = 0;
	add_service(&status, "1+110");
	status.now_ms = 61000;
	capture = capture_begin(STDERR_FILENO);
	ezlb_trafficlog_write(&log, &status);
	text = capture_end(capture);
	assert_has(text, "level=info pkg=traffic svc=1 proto=tcp listen=10.0.0.1:80 ms=60000 "
			 "connections=10 packets_in=20 packets_out=30 bytes_in=40 bytes_out=50 "
			 "active=7 inactive=9\n");
	free(text);
	ezlb_status_clear(&status);
	ezlb_trafficlog_clear(&log);
}

static void test_delta(void **state)
{
	(void)state;
	assert_int_equal(ezlb_trafficlog_delta(0, 0), 0);
	assert_int_equal(ezlb_trafficlog_delta(5, 5), 0);
	assert_int_equal(ezlb_trafficlog_delta(5, 9), 4);
	assert_int_equal(ezlb_trafficlog_delta(9, 5), 5);
	assert_true(ezlb_trafficlog_delta(1, UINT64_MAX) == UINT64_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_begins_anew),
		cmocka_unit_test(test_the_whole_line),
		cmocka_unit_test(test_delta),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
