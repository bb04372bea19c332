// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked, and what goes back. */
#include "harness.h"

#include <microhttpd.h>

/* libmicrohttpd itself insists on one since 1.0. */
#define NO_HOST (MHD_VERSION >= 0x01000000 ? 400 : 200)

static const struct {
	const char *name, *in;
	int want;
	bool tcp;
	const char *header; /* in the answer */
} table[] = {
	{ "get", "GET /now HTTP/1.1\r\nHost: h\r\n\r\n", 200, false, "Content-Type: text/plain" },
	{ "1.0", "GET /now HTTP/1.0\r\n\r\n", 200, true, "Connection: close" },
	{ "one only", "GET /now HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", 200, false,
	  "Connection: close" },
	{ "no store", "GET /now HTTP/1.1\r\nHost: h\r\n\r\n", 200, false,
	  "Cache-Control: no-store" },
	{ "no sniffing", "GET /now HTTP/1.1\r\nHost: h\r\n\r\n", 200, false,
	  "X-Content-Type-Options: nosniff" },
	{ "page", "GET /page HTTP/1.1\r\nHost: h\r\n\r\n", 200, false,
	  "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; "
	  "style-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; "
	  "form-action 'none'; frame-ancestors 'none'" },
	{ "head", "HEAD /now HTTP/1.1\r\nHost: h\r\n\r\n", 200, false, "Content-Length: 4" },
	{ "not there", "GET /x HTTP/1.1\r\nHost: h\r\n\r\n", 404, false, NULL },
	{ "put", "PUT /now HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 405, false,
	  "Allow: GET, HEAD, POST" },
	{ "made up", "BREW /now HTTP/1.1\r\nHost: h\r\n\r\n", 405, true, "Allow: GET, HEAD, POST" },
	{ "options", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 405, false, NULL },
	{ "post", "POST /now HTTP/1.1\r\nHost: h\r\n\r\n", 200, false, NULL },
	{ "post with a body", "POST /now HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde",
	  200, false, NULL },
	{ "the limit",
	  "POST /now HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4097\r\n\r\n",
	  413, false, NULL },
	{ "chunks", "POST /now HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  411, false, NULL },
	{ "wrong method", "POST /refused HTTP/1.1\r\nHost: h\r\n\r\n", 405, false,
	  "Allow: GET, HEAD\r\n" },
	{ "wrong method, too", "GET /refused HTTP/1.1\r\nHost: h\r\n\r\n", 405, false,
	  "Allow: POST\r\n" },
	{ "rebound", "GET /now HTTP/1.1\r\nHost: evil.example:80\r\n\r\n", 421, true, NULL },
	{ "by address", "GET /now HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", 200, true, NULL },
	{ "rebound, through ssh -L", "POST /now HTTP/1.1\r\nHost: evil.example:80\r\n\r\n", 421,
	  false, NULL },
	{ "no host by TCP", "GET /now HTTP/1.1\r\nAccept: a\r\n\r\n", 400, true, NULL },
	{ "no host on the socket", "GET /now HTTP/1.1\r\nAccept: a\r\n\r\n", NO_HOST, false, NULL },
	{ "two hosts", "GET /now HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", 400,
	  true, NULL },
	{ "two equal ones", "GET /now HTTP/1.1\r\nHost: localhost\r\nhost: localhost\r\n\r\n", 400,
	  false, NULL },
	{ "page of another origin",
	  "POST /now HTTP/1.1\r\nHost: localhost:9106\r\nOrigin: http://evil.example\r\n\r\n", 403,
	  false, NULL },
	{ "its own page",
	  "POST /now HTTP/1.1\r\nHost: localhost:9106\r\nOrigin: http://localhost:9106\r\n\r\n",
	  200, false, NULL },
	{ "an image on another page",
	  "GET /now HTTP/1.1\r\nHost: localhost:9106\r\nSec-Fetch-Site: cross-site\r\n"
	  "Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n\r\n",
	  403, false, NULL },
	{ "two origins",
	  "POST /now HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\nOrigin: http://a\r\n\r\n", 400,
	  false, NULL },
	{ "no text", "GET /now%ff HTTP/1.1\r\nHost: h\r\n\r\n", 400, false, NULL },
	{ "control bytes", "GET /now?q=%1b%5b2J HTTP/1.1\r\nHost: h\r\n\r\n", 400, false, NULL },
	{ "a proxy's form", "GET http://localhost/now HTTP/1.1\r\nHost: h\r\n\r\n", 400, false,
	  NULL },
};

static void test_table(void **state)
{
	(void)state;
	open_api(&patient);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		int status = ask(!table[i].tcp, table[i].in);
		bool has = table[i].header == NULL || strstr(heard, table[i].header) != NULL;

		if (status != table[i].want || !has)
			fail_msg("%s: %d\n%s", table[i].name, status, heard);
	}
}

/*
 * Lines that continue a header (obs-fold, RFC 9112 5.2), and names that are none. What
 * libmicrohttpd makes of them differs between its versions; none of them may hide the header.
 */
static const char *const folded[] = {
	"POST /now HTTP/1.1\r\nHost:\r\n evil.example\r\n\r\n",
	"POST /now HTTP/1.1\r\nHost: local\r\n\thost\r\nX: y\r\n\r\n",
	"POST /now HTTP/1.1\r\nHost: localhost\r\n .evil.example\r\n\r\n",
	"POST /now HTTP/1.1\r\n Host: evil.example\r\n\r\n",
	"POST /now HTTP/1.1\r\nHost : evil.example\r\n\r\n",
	"POST /now HTTP/1.1\r\nHost: a\r\nOrigin:\r\n http://evil.example\r\n\r\n",
	"POST /now HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\n .evil.example\r\n\r\n",
	"POST /now HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site:\r\n cross-site\r\n\r\n",
};

static void test_folded_headers(void **state)
{
	(void)state;
	open_api(&patient);
	for (size_t i = 0; i < 2 * COUNT_OF(folded); i++) {
		int status = ask(i % 2, folded[i / 2]);

		if (status != 400 && status != 403 && status != 421)
			fail_msg("%s: %d\n%s", folded[i / 2], status, heard);
	}
	assert_int_equal(seen.calls, 0);
}

/* What clients send goes to the log as text that a terminal does not interpret. */
static void test_log_of_control_bytes(void **state)
{
	static const char *const requests[] = {
		"GET /\x1b]0;x\x07 HTTP/1.1\r\nHost: h\r\n\r\n",
		"\x1b[2J\x07\xc2\x9b /now \x1b\r\n\x07: \x1b\r\n\r\n",
		"GET /now HTTP/1.1\r\nno\x1b\x07colon\r\n\r\n",
		"GET /now HTTP/\x1b.\x07\r\nHost: h\r\n\r\n",
		"GET /now?q=\x1b%07 HTTP/1.1\r\nHost: \x1b\x07\r\n\r\n",
	};

	(void)state;
	open_api(&patient);
	ezlb_log_set_level(EZLB_DEBUG);
	for (size_t i = 0; i < COUNT_OF(requests); i++)
		ask(i % 2, requests[i]);
	ezlb_log_set_level(EZLB_INFO);
	assert_int_equal(log_count("\x1b") + log_count("\x07") + log_count("\xc2\x9b"), 0);
	assert_int_equal(seen.calls, 0);
}

static void test_head_has_no_body(void **state)
{
	(void)state;
	open_api(&patient);
	assert_int_equal(ask(true, "HEAD /now HTTP/1.1\r\nHost: h\r\n\r\n"), 200);
	assert_string_equal(body_of_answer(), "");
	assert_false(seen.is_post);
	assert_int_equal(get(true, "/now"), 200);
	assert_string_equal(body_of_answer(), "now\n");
	assert_null(strstr(heard, "Content-Security-Policy"));
}

static void test_two_forms(void **state)
{
	(void)state;
	open_api(&patient);
	assert_int_equal(get(true, "/packed"), 200);
	assert_string_equal(body_of_answer(), "plain\n");
	assert_null(strstr(heard, "Content-Encoding"));
	seen.packs = true;
	assert_int_equal(
		ask(true, "GET /packed HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br, gzip\r\n\r\n"),
		200);
	assert_string_equal(body_of_answer(), "packed");
	assert_non_null(strstr(heard, "Content-Encoding: gzip\r\n"));
	assert_non_null(strstr(heard, "Content-Length: 6\r\n"));
	/* What has one form only goes as it is. */
	assert_int_equal(ask(true, "GET /now HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n"),
			 200);
	assert_string_equal(body_of_answer(), "now\n");
	assert_null(strstr(heard, "Content-Encoding"));
}

static void test_handler_is_told(void **state)
{
	static const struct {
		const char *in, *path, *query;
	} paths[] = {
		{ "/now", "/now", "(none)" },
		{ "/now?", "/now", "(none)" },
		{ "/now?q", "/now", "" },
		{ "/now?q=", "/now", "" },
		{ "/now?p=1&q=a%20b%26c", "/now", "a b&c" },
		{ "/now?q=1&q=2", "/now", "1" },
		{ "/n%6fw?Q=1", "/now", "(none)" },
	};

	(void)state;
	open_api(&patient);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		assert_int_equal(get(true, paths[i].in), 200);
		assert_string_equal(seen.path, paths[i].path);
		assert_string_equal(seen.query, paths[i].query);
	}
	assert_true(seen.is_local);
	assert_int_equal(get(false, "/now"), 200);
	assert_false(seen.is_local);
	assert_int_equal(ask(false, "POST /now HTTP/1.1\r\nHost: localhost\r\n\r\n"), 200);
	assert_true(seen.is_post);
}

/* A request's body that is still to come does not reach the handler early. */
static void test_post_waits_for_its_body(void **state)
{
	const char *head = "POST /now HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc";
	int fd;

	(void)state;
	open_api(&patient);
	fd = dial(true);
	assert_true(put_on(fd, head, strlen(head)));
	run_ticks(20);
	assert_int_equal(seen.calls, 0);
	assert_true(put_on(fd, "de", 2));
	assert_int_equal(finish_hearing(fd), 200);
	assert_int_equal(seen.calls, 1);
}

static void test_answer_later(void **state)
{
	const char *request = "GET /later?q=1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int fds[2];

	(void)state;
	open_api(&patient);
	for (int i = 0; i < 2; i++) {
		fds[i] = dial(i == 0);
		assert_true(put_on(fds[i], request, strlen(request)));
		RUN_UNTIL(seen.n_pending == (size_t)i + 1);
	}
	run_ticks(20);
	assert_int_equal(seen.calls, 2);
	/* The second first: neither waits for the other. */
	reply(seen.pending[1], 200, "text/plain", "second\n");
	assert_int_equal(finish_hearing(fds[1]), 200);
	assert_string_equal(body_of_answer(), "second\n");
	assert_string_equal(ezlb_api_query(seen.pending[0], "q"), "1");
	reply(seen.pending[0], 503, "text/plain", "first\n");
	assert_int_equal(finish_hearing(fds[0]), 503);
	assert_string_equal(body_of_answer(), "first\n");
	seen.n_pending = 0;
	assert_int_equal(seen.calls, 2);
}

/* A client that has closed its half still hears. */
static void test_half_closed(void **state)
{
	static const char *const requests[] = { "GET /now HTTP/1.0\r\n\r\n",
						"GET /later HTTP/1.0\r\n\r\n" };

	(void)state;
	open_api(&patient);
	for (size_t i = 0; i < 2 * COUNT_OF(requests); i++) {
		int fd = dial(i % 2);

		assert_true(put_on(fd, requests[i / 2], strlen(requests[i / 2])));
		assert_int_equal(shutdown(fd, SHUT_WR), 0);
		if (i >= 2) {
			RUN_UNTIL(seen.n_pending == 1);
			run_ticks(20);
			reply(seen.pending[--seen.n_pending], 200, "text/plain", "later\n");
		}
		assert_int_equal(finish_hearing(fd), 200);
	}
}

static void test_client_gone_before_the_reply(void **state)
{
	const char *request = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
	int fd;

	(void)state;
	open_api(&patient);
	fd = dial(true);
	assert_true(put_on(fd, request, strlen(request)));
	RUN_UNTIL(seen.n_pending == 1);
	close(fd);
	run_ticks(20);
	reply(seen.pending[0], 200, "text/plain", "too late\n");
	seen.n_pending = 0;
	RUN_UNTIL(TAILQ_EMPTY(&door_at(0)->conns));
	assert_int_equal(get(true, "/now"), 200);
}

/* The time is up while the handler thinks. */
static void test_reply_after_the_deadline(void **state)
{
	(void)state;
	open_api(&quick);
	assert_int_equal(get(true, "/later"), 0);
	RUN_UNTIL(TAILQ_EMPTY(&door_at(0)->conns));
	assert_string_equal(ezlb_api_path(seen.pending[0]), "/later");
	reply(seen.pending[0], 200, "text/plain", "too late\n");
	seen.n_pending = 0;
	assert_int_equal(get(true, "/now"), 200);
}

static void test_close_with_pending_requests(void **state)
{
	const char *request = "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int fds[2], idle;

	(void)state;
	open_api(&patient);
	idle = dial(true);
	for (int i = 0; i < 2; i++) {
		fds[i] = dial(i == 0);
		assert_true(put_on(fds[i], request, strlen(request)));
		RUN_UNTIL(seen.n_pending == (size_t)i + 1);
	}
	ezlb_api_close(api, on_closed, &is_closed);
	api = NULL;
	/* Between close and closed, and after it. */
	reply(seen.pending[--seen.n_pending], 200, "text/plain", "x");
	close_api();
	assert_int_equal(access(at("admin.sock").s, F_OK), -1);
	assert_string_equal(ezlb_api_path(seen.pending[0]), "/later");
	assert_true(ezlb_api_is_local(seen.pending[0]));
	reply(seen.pending[--seen.n_pending], 200, "text/plain", "x");
	assert_int_equal(finish_hearing(fds[0]), 0);
	assert_int_equal(finish_hearing(fds[1]), 0);
	assert_int_equal(finish_hearing(idle), 0);
}

/* The answer is there, and nobody has sent it yet. A worker gets it before it gets the end. */
static void test_close_right_after_the_reply(void **state)
{
	const char *request = "GET /later HTTP/1.0\r\n\r\n";
	int fd;

	(void)state;
	open_api(&patient);
	fd = dial(true);
	assert_true(put_on(fd, request, strlen(request)));
	RUN_UNTIL(seen.n_pending == 1);
	reply(seen.pending[--seen.n_pending], 200, "text/plain", "the last one\n");
	close_api();
	assert_int_equal(finish_hearing(fd), two ? 200 : 0);
}

/* The others are ready in the same run of MHD, and are not asked any more. */
static void test_close_by_the_handler(void **state)
{
	const char *request = "GET /close HTTP/1.0\r\n\r\n";
	int fds[4];

	(void)state;
	open_api(&patient);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = dial(true);
	run_ticks(10);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		assert_int_equal(send(fds[i], request, strlen(request), 0), strlen(request));
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		assert_int_equal(finish_hearing(fds[i]), 0);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.n_pending, 1);
}

static void test_close_with_an_answer_under_way(void **state)
{
	const char *request = "GET /big HTTP/1.1\r\nHost: h\r\n\r\n";
	int fd;

	(void)state;
	open_api(&patient);
	fd = dial(true);
	assert_true(put_on(fd, request, strlen(request)));
	RUN_UNTIL(seen.calls == 1);
	run_ticks(10);
	close_api();
	close(fd);
}

/* No `closed` and no door: nothing to wait for but the loop. */
static void test_neither_door(void **state)
{
	const struct ezlb_api_options options = { .on_request = on_request, .arg = &seen };

	(void)state;
	ezlb_api_open(&loop, &options, &api);
	ezlb_api_close(api, NULL, NULL);
	api = NULL;
	is_closed = true;
	run_ticks(5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folded_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_of_control_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head_has_no_body, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_handler_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_post_waits_for_its_body, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answer_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_gone_before_the_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reply_after_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_with_pending_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_right_after_the_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_by_the_handler, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_with_an_answer_under_way, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_neither_door, setup, teardown),
	};

	return RUN_BOTH_WAYS(tests);
}
