// SPDX-License-Identifier: GPL-2.0-or-later
/* Every outcome of a probe, against real sockets. */
#include "probing.h"

#include <errno.h>

REQUEST(texted, "/", 200);

/* `text`: what the body must contain. Without it the head is the whole answer. */
static const struct {
	const char *name;
	enum answer answer;
	const char *text;
	uint32_t timeout_ms;
	enum ezlb_outcome want;
	int code;
} answers[] = {
	{ "200", ANSWER_200, NULL, 5000, EZLB_PROBE_OK, 0 },
	{ "500", ANSWER_500, NULL, 5000, EZLB_PROBE_HTTP_STATUS, 500 },
	{ "a redirect is not followed", ANSWER_302, NULL, 5000, EZLB_PROBE_HTTP_STATUS, 302 },
	{ "late, but in time", ANSWER_LATE, NULL, 5000, EZLB_PROBE_OK, 0 },
	{ "no answer", ANSWER_NEVER, NULL, 50, EZLB_PROBE_TIMEOUT, 0 },
	{ "half an answer", ANSWER_HALF, NULL, 50, EZLB_PROBE_TIMEOUT, 0 },
	{ "an endless body", ANSWER_ENDLESS, NULL, 5000, EZLB_PROBE_OK, 0 },
	{ "endless headers", ANSWER_HEADERS, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "not HTTP", ANSWER_GARBAGE, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "no status", ANSWER_NO_STATUS, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "a body without a head", ANSWER_NO_HEAD, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "closed without a word", ANSWER_NOTHING, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "half-closed", ANSWER_CLOSED_HALF, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "an answer before a reset counts", ANSWER_RESET, NULL, 5000, EZLB_PROBE_OK, 0 },
	{ "a reset", ANSWER_ONLY_RESET, NULL, 5000, EZLB_PROBE_RESET, 0 },
	{ "cut short after the head", ANSWER_CUT, NULL, 5000, EZLB_PROBE_OK, 0 },
	{ "a header line of 120 kB", ANSWER_LONG_LINE, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "an endless extension", ANSWER_EXTENSION, NULL, 5000, EZLB_PROBE_OK, 0 },
	{ "endless 100 Continue", ANSWER_CONTINUE, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "HTTP/0.9", ANSWER_OLD, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "HTTP/0.9 with the text", ANSWER_OLD, "ok", 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "a NUL in a header", ANSWER_NUL, NULL, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "byte by byte", ANSWER_DRIP, NULL, 300, EZLB_PROBE_TIMEOUT, 0 },
	{ "longer than it says", ANSWER_OVERLONG, NULL, 5000, EZLB_PROBE_OK, 0 },
	{ "the text beyond the length", ANSWER_OVERLONG, "more", 5000, EZLB_PROBE_HTTP_BODY, 0 },
	{ "nothing is decompressed", ANSWER_GZIP, "ok", 5000, EZLB_PROBE_HTTP_BODY, 0 },

	{ "the text", ANSWER_200, "ok", 5000, EZLB_PROBE_OK, 0 },
	{ "an empty text", ANSWER_CUT, "", 5000, EZLB_PROBE_OK, 0 },
	{ "the text in two pieces", ANSWER_TEXT, "up: yes", 5000, EZLB_PROBE_OK, 0 },
	{ "another text", ANSWER_200, "OK", 5000, EZLB_PROBE_HTTP_BODY, 0 },
	{ "the status comes first", ANSWER_500, "ok", 5000, EZLB_PROBE_HTTP_STATUS, 500 },
	{ "the text late", ANSWER_TEXT, "up: yes or no", 200, EZLB_PROBE_TIMEOUT, 0 },
	{ "not in 64 KiB", ANSWER_ENDLESS, "all play", 5000, EZLB_PROBE_HTTP_BODY, 0 },
	{ "a text without a head", ANSWER_NO_HEAD, "ab", 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "cut short before the text", ANSWER_CUT, "?", 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "cut short after the text", ANSWER_CUT, "ok", 5000, EZLB_PROBE_OK, 0 },
	{ "chunks that are none", ANSWER_NO_CHUNK, "?", 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "a malformed second chunk", ANSWER_BAD_CHUNK, "?", 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "cut short in a chunk", ANSWER_CUT_CHUNK, "?", 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "a reset between chunks", ANSWER_RESET_CHUNK, "?", 5000, EZLB_PROBE_RESET, 0 },
	{ "an endless extension, no text", ANSWER_EXTENSION, "?", 5000, EZLB_PROBE_HTTP_BODY, 0 },
	{ "endless trailers", ANSWER_TRAILER, "?", 5000, EZLB_PROBE_HTTP_BODY, 0 },
};
#define CUT_OFF 7 /* of the endless ones above */

/* The server may be slow to see the request of a probe that has timed out. */
static void run_to_answered(struct fixture *fx, enum answer mode, int n)
{
	for (int ms = 0; ms < DEADLINE_MS && fx->server.answered[mode] < n; ms++)
		run_for(&fx->loop, 1);
	assert_int_equal(fx->server.answered[mode], n);
}

static void test_http_answers(void **state)
{
	struct fixture *fx = *state;
	int asked[ANSWERS] = { 0 };

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct ezlb_check check = check_of(EZLB_CHECK_HTTP, answers[i].timeout_ms);

		texted.body = (char *)(uintptr_t)answers[i].text;
		check.request = &texted;
		fx->server.mode = answers[i].answer;
		probe(fx, loopback(fx->server.port), &check);
		expect(fx, answers[i].name, answers[i].want, answers[i].code);
		run_to_answered(fx, answers[i].answer, ++asked[answers[i].answer]);
	}
	server_stop(&fx->server); /* waits for its thread */
	assert_int_equal(fx->server.cut_off, CUT_OFF);
	server_start(&fx->server, ANSWER_200);
}

REQUEST(found, "/", 302);

static void test_http_expects_any_status(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 5000);

	check.request = &found;
	fx->server.mode = ANSWER_302;
	probe(fx, loopback(fx->server.port), &check);
	expect(fx, "302 expected", EZLB_PROBE_OK, 0);
	fx->server.mode = ANSWER_200;
	probe(fx, loopback(fx->server.port), &check);
	expect(fx, "200 unexpected", EZLB_PROBE_HTTP_STATUS, 200);
}

REQUEST(bent, "/a/../b?c=%20d", 200);

/* Neither the path nor the environment may bend the request. */
static void test_http_request(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 5000);
	char host[64];

	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("all_proxy", "http://127.0.0.1:1/", 1);
	check.request = &bent;
	probe(fx, loopback(fx->server.port), &check);
	unsetenv("http_proxy");
	unsetenv("all_proxy");

	expect(fx, "with a proxy set", EZLB_PROBE_OK, 0);
	snprintf(host, sizeof(host), "Host: 127.0.0.1:%u\r\n", fx->server.port);
	assert_memory_equal(fx->server.request, "GET /a/../b?c=%20d HTTP/1.1\r\n", 29);
	assert_non_null(strstr(fx->server.request, host));
	assert_non_null(strstr(fx->server.request, "User-Agent: ezlb/" EZLB_VERSION "\r\n"));
	assert_non_null(strstr(fx->server.request, "Connection: close\r\n"));
	assert_null(strstr(fx->server.request, "Expect"));
	assert_null(strstr(fx->server.request, "Cookie"));
	assert_null(strcasestr(fx->server.request, "Accept-Encoding"));
}

static void test_http_connects_anew_each_time(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 5000);

	fx->server.mode = ANSWER_KEEP;
	for (int i = 1; i <= 3; i++) {
		probe(fx, loopback(fx->server.port), &check);
		assert_int_equal(fx->server.accepted, i);
	}
}

static void test_refused(void **state)
{
	for (size_t i = 0; i < N_TYPES; i++) {
		struct ezlb_check check = check_of(types[i], 5000);

		probe(*state, loopback(closed_port()), &check);
		expect(*state, ezlb_check_type_str(types[i]), EZLB_PROBE_CONNECT_REFUSED, 0);
	}
}

static void test_black_hole(void **state)
{
	struct black_hole hole;

	black_hole_open(&hole);
	for (size_t i = 0; i < N_TYPES; i++) {
		struct ezlb_check check = check_of(types[i], 50);

		probe(*state, loopback(hole.port), &check);
		expect(*state, ezlb_check_type_str(types[i]), EZLB_PROBE_CONNECT_TIMEOUT, 0);
	}
	black_hole_close(&hole);
}

/* tcp_v4_connect: ENETUNREACH for a broadcast address. */
static void test_unreachable(void **state)
{
	for (size_t i = 0; i < N_TYPES; i++) {
		struct ezlb_check check = check_of(types[i], 5000);
		struct ezlb_endpoint target;

		assert_int_equal(ezlb_endpoint_parse("127.255.255.255:80", &target, NULL), 0);
		probe(*state, target, &check);
		expect(*state, ezlb_check_type_str(types[i]), EZLB_PROBE_UNREACHABLE, 0);
	}
}

static void test_out_of_descriptors(void **state)
{
	struct fixture *fx = *state;

	for (size_t i = 0; i < N_TYPES; i++) {
		struct ezlb_check check = check_of(types[i], 5000);
		rlim_t before = fds_exhaust();

		probe(fx, loopback(fx->server.port), &check);
		fds_limit(before);
		expect(fx, ezlb_check_type_str(types[i]), EZLB_PROBE_LOCAL_ERROR, EMFILE);
	}
}

static void test_tcp(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_TCP, 5000);

	fx->server.mode = ANSWER_NEVER;
	probe(fx, loopback(fx->server.port), &check);
	expect(fx, "connected", EZLB_PROBE_OK, 0);
}

static void test_https_needs_tls(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);

	fx->server.mode = ANSWER_GARBAGE;
	probe(fx, loopback(fx->server.port), &check);
	expect(fx, "plain text", EZLB_PROBE_TLS, 0);
	fx->server.mode = ANSWER_NEVER;
	check.timeout_ms = 50;
	probe(fx, loopback(fx->server.port), &check);
	expect(fx, "no handshake", EZLB_PROBE_TIMEOUT, 0);
}

static void test_https(void **state)
{
	probe_https(*state, loopback(closed_port()));
}

/*
 * With TLS 1.2 the handshake fails. With 1.3 it is over for the client when the server refuses it,
 * so the refusal comes in the place of an answer.
 */
static void test_https_with_a_client_certificate(void **state)
{
	static const char *const options[][4] = {
		{ "-Verify", "1", "-tls1_2" },
		{ "-Verify", "1", "-tls1_3" },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		probe_openssl(*state, loopback(closed_port()), options[i]);
		expect(*state, options[i][2], EZLB_PROBE_TLS, 0);
	}
}

static void test_cancel(void **state)
{
	struct fixture *fx = *state;
	struct black_hole hole;

	black_hole_open(&hole);
	fx->server.mode = ANSWER_NEVER;
	for (size_t i = 0; i < N_TYPES; i++) {
		struct ezlb_check check = check_of(types[i], 30);
		struct ezlb_probe_job silent = { .target = loopback(fx->server.port),
						 .check = &check };
		struct ezlb_probe_job away = { .target = loopback(hole.port), .check = &check };
		struct ezlb_probe *probes[4];

		/* At once, in the handshake, and after the connection. */
		probes[0] = ezlb_probe_start(fx->prober, &silent, on_end, fx);
		ezlb_probe_cancel(probes[0]);
		probes[1] = ezlb_probe_start(fx->prober, &away, on_end, fx);
		if (types[i] != EZLB_CHECK_TCP)
			probes[2] = ezlb_probe_start(fx->prober, &silent, on_end, fx);
		run_for(&fx->loop, 10);
		ezlb_probe_cancel(probes[1]);
		if (types[i] != EZLB_CHECK_TCP)
			ezlb_probe_cancel(probes[2]);
		run_for(&fx->loop, 60);
		assert_false(fx->ended);
	}
	black_hole_close(&hole);
}

/* Holds the loop up, once, as soon as the server has the request. */
struct stall {
	uv_check_t handle;
	struct server *server;
	int before; /* requests that the server had seen before this probe */
	bool done;
};

static void on_check(uv_check_t *handle)
{
	struct stall *stall = handle->data;

	if (stall->done || stall->server->answered[ANSWER_LATE] == stall->before)
		return;
	stall->done = true;
	usleep(HELD_UP_MS * 1000);
}

/*
 * The time of the probe ends before libcurl has a timer to run, with which it would read the
 * answer. On a busy machine the server may not have the request by then: another try.
 */
static void test_a_stall_of_ours_is_no_failure(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 150);
	struct stall stall = { .server = &fx->server };

	fx->server.mode = ANSWER_LATE;
	uv_check_init(&fx->loop, &stall.handle);
	stall.handle.data = &stall;
	uv_check_start(&stall.handle, on_check);
	while (!stall.done && stall.before < 100) {
		probe(fx, loopback(fx->server.port), &check);
		if (stall.done)
			break;
		stall.before++;
		for (int i = 0; i < DEADLINE_MS && fx->server.answered[ANSWER_LATE] < stall.before;
		     i++)
			uv_sleep(1);
	}
	uv_close((uv_handle_t *)&stall.handle, NULL);
	uv_run(&fx->loop, UV_RUN_NOWAIT);
	assert_true(stall.done);
	expect(fx, "answered in time", EZLB_PROBE_OK, 0);
}

static void on_prepare(uv_prepare_t *handle)
{
	usleep(2 * HELD_UP_MS * 1000);
	uv_prepare_stop(handle);
}

/* Connecting, asking and being answered are all still to come when the time is up. */
static void test_a_stall_at_the_beginning_is_none_either(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, HELD_UP_MS);
	uv_prepare_t stall;

	fx->server.mode = ANSWER_LATE;
	uv_prepare_init(&fx->loop, &stall);
	uv_prepare_start(&stall, on_prepare);
	probe(fx, loopback(fx->server.port), &check);
	uv_close((uv_handle_t *)&stall, NULL);
	uv_run(&fx->loop, UV_RUN_NOWAIT);
	expect(fx, "the loop stood still", EZLB_PROBE_OK, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_http_answers),
		T(test_http_expects_any_status),
		T(test_http_request),
		T(test_http_connects_anew_each_time),
		T(test_refused),
		T(test_black_hole),
		T(test_unreachable),
		T(test_out_of_descriptors),
		T(test_tcp),
		T(test_https_needs_tls),
		T(test_https),
		T(test_https_with_a_client_certificate),
		T(test_cancel),
		T(test_a_stall_of_ours_is_no_failure),
		T(test_a_stall_at_the_beginning_is_none_either),
		W(test_http_answers),
		W(test_http_expects_any_status),
		W(test_http_request),
		W(test_http_connects_anew_each_time),
		W(test_refused),
		W(test_black_hole),
		W(test_unreachable),
		W(test_out_of_descriptors),
		W(test_https_needs_tls),
		W(test_https),
		W(test_https_with_a_client_certificate),
		W(test_cancel),
		W(test_a_stall_of_ours_is_no_failure),
		W(test_a_stall_at_the_beginning_is_none_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
