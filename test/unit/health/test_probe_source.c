// SPDX-License-Identifier: GPL-2.0-or-later
/* Where probes go, where they leave from, and what HTTP requests say. */
#include "probing.h"

static void test_port(void **state)
{
	struct fixture *fx = *state;

	for (size_t i = 0; i < 2; i++) {
		struct ezlb_check check = check_of(types[i], 5000);

		check.port = fx->server.port;
		probe(fx, loopback(closed_port()), &check);
		expect(fx, ezlb_check_type_str(types[i]), EZLB_PROBE_OK, 0);
	}
	assert_non_null(strstr(fx->server.request, "Host: 127.0.0.1:"));
	assert_int_equal(atoi(strstr(fx->server.request, "Host: ") + 16), fx->server.port);
}

static void probe_turn(struct fixture *fx, const struct ezlb_check *check, uint32_t turn)
{
	struct ezlb_probe_job job = { .target = loopback(fx->server.port),
				      .check = check,
				      .turn = turn };
	int before = fx->server.accepted;

	fx->ended = false;
	ezlb_probe_start(fx->prober, &job, on_end, fx);
	run_until(&fx->loop, &fx->ended);
	expect(fx, ezlb_check_type_str(check->type), EZLB_PROBE_OK, 0);
	for (int ms = 0; ms < DEADLINE_MS && fx->server.accepted == before; ms++)
		run_for(&fx->loop, 1);
}

static void test_source(void **state)
{
	struct fixture *fx = *state;

	for (size_t i = 0; i < 2; i++) {
		struct ezlb_check check = check_of(types[i], 5000);

		assert_int_equal(ezlb_range_parse("127.0.0.4-127.0.0.6", &check.source, NULL), 0);
		for (uint32_t turn = 0; turn < 6; turn++) {
			probe_turn(fx, &check, turn);
			assert_int_equal(ntohl(fx->server.peer), INADDR_LOOPBACK + 3 + turn % 3);
		}
	}
}

/* 192.0.2.0/24 is for documents (RFC 5737). */
static void test_source_that_is_not_here(void **state)
{
	static const char *const sources[] = { "192.0.2.1", "fd00::1" };
	struct fixture *fx = *state;

	for (size_t i = 0; i < 4; i++) {
		struct ezlb_check check = check_of(types[i / 2], 5000);

		assert_int_equal(ezlb_range_parse(sources[i % 2], &check.source, NULL), 0);
		probe_turn(fx, &check, 0);
		assert_int_equal(ntohl(fx->server.peer), INADDR_LOOPBACK);
	}
}

static char *lines[] = { (char *)"X-Probe: a b", (char *)"X-Empty:", (char *)"user-agent: other" };
static char *all[] = { (char *)"Host: own.example", (char *)"Connection: keep-alive",
		       (char *)"Content-Type: text/plain" };
REQUEST(asked, "/p", 200);

static const struct {
	const char *method, *host;
	char **headers;
	size_t n;
	const char *want; /* PORT stands for the port */
} requests[] = {
	{ "GET", NULL, NULL, 0,
	  "GET /p HTTP/1.1\r\nUser-Agent: ezlb/" EZLB_VERSION
	  "\r\nAccept: */*\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\r\n" },
	{ "HEAD", "example.org", NULL, 0,
	  "HEAD /p HTTP/1.1\r\nUser-Agent: ezlb/" EZLB_VERSION
	  "\r\nAccept: */*\r\nHost: example.org\r\nConnection: close\r\n\r\n" },
	{ "OPTIONS", "example.org:8080", lines, 3,
	  "OPTIONS /p HTTP/1.1\r\nAccept: */*\r\nHost: example.org:8080\r\n"
	  "Connection: close\r\nX-Probe: a b\r\nX-Empty:\r\nuser-agent: other\r\n\r\n" },
	{ "POST", NULL, NULL, 0,
	  "POST /p HTTP/1.1\r\nUser-Agent: ezlb/" EZLB_VERSION
	  "\r\nAccept: */*\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n"
	  "Content-Length: 0\r\n\r\n" },
	{ "POST", "example.org", all, 3,
	  "POST /p HTTP/1.1\r\nUser-Agent: ezlb/" EZLB_VERSION
	  "\r\nAccept: */*\r\nHost: own.example\r\nConnection: keep-alive\r\n"
	  "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n" },
};

static void with_port(char *out, size_t size, const char *text, uint16_t port)
{
	const char *at = strstr(text, "PORT");

	if (at == NULL)
		snprintf(out, size, "%s", text);
	else
		snprintf(out, size, "%.*s%u%s", (int)(at - text), text, port, at + 4);
}

/* curl may send the lines in another order in another version; which ones, is what counts. */
static void assert_same_lines(const char *want, char *got)
{
	size_t n = 0;

	assert_memory_equal(got, want, strcspn(want, "\r"));
	assert_int_equal(strlen(got), strlen(want));
	for (char *line = strtok(got, "\r\n"); line != NULL; line = strtok(NULL, "\r\n")) {
		const char *at = strstr(want, line);

		if (at == NULL || at[strlen(line)] != '\r')
			fail_msg("unexpected: %s", line);
		n++;
	}
	assert_true(n > 2);
}

static void test_requests(void **state)
{
	struct fixture *fx = *state;
	char want[512];

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 5000);

		asked.method = (char *)(uintptr_t)requests[i].method;
		asked.host = (char *)(uintptr_t)requests[i].host;
		asked.headers = (struct ezlb_texts){ requests[i].headers, requests[i].n,
						     requests[i].n };
		check.request = &asked;
		probe(fx, loopback(fx->server.port), &check);
		expect(fx, requests[i].method, EZLB_PROBE_OK, 0);
		with_port(want, sizeof(want), requests[i].want, fx->server.port);
		assert_same_lines(want, fx->server.request);
	}
}

/* The answer to HEAD has no body, whatever Content-Length says: nobody waits for it. */
static void test_head(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 30000);
	uint64_t start = uv_hrtime();

	asked = (struct ezlb_request){ .method = (char *)(uintptr_t) "HEAD",
				       .path = (char *)(uintptr_t) "/",
				       .statuses = asked.statuses };
	check.request = &asked;
	fx->server.mode = ANSWER_KEEP;
	probe(fx, loopback(fx->server.port), &check);
	expect(fx, "HEAD", EZLB_PROBE_OK, 0);
	assert_true((uv_hrtime() - start) / 1000000 < 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_port),	  T(test_source), T(test_source_that_is_not_here),
		T(test_requests), T(test_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
