// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers to HTTP probes, through libcurl and a pair of sockets. The first byte says which probe it
 * is: 1 expects a text in the body, 2 sends HEAD. No answer of a backend is an error of this host.
 * calls.c makes the connection.
 */
#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/curl.h>
#include <ezlb/mem.h>

#include "pkg/health/probe_kind.h"

static struct ezlb_probe_result result;
static unsigned results;

static void on_result(void *arg, const struct ezlb_probe_result *got)
{
	(void)arg;
	result = *got;
	results++;
}

static curl_socket_t on_socket_open(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct ezlb_probe *probe = arg;

	(void)purpose;
	(void)addr;
	return probe->fd;
}

/* The answer is there before the request. */
static int answering(struct fuzz_rest rest, int *far)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	while (rest.len > 0) {
		ssize_t n = send(pair[1], rest.at, rest.len, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		rest.at += n;
		rest.len -= (size_t)n;
	}
	shutdown(pair[1], SHUT_WR);
	*far = pair[1];
	return pair[0];
}

static void set_options(CURL *easy, struct ezlb_probe *probe, bool head)
{
	curl_easy_setopt(easy, CURLOPT_URL, "http://192.0.2.1/");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOBODY, head ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, probe);
	ezlb_http_answer_set(easy, probe);
}

static void probe(uv_loop_t *loop, struct ezlb_prober *prober, const struct ezlb_check *check,
		  struct fuzz_rest rest, bool head)
{
	struct ezlb_probe *one = ezlb_calloc(1, sizeof(*one));
	struct ezlb_match match;
	CURL *easy = curl_easy_init();
	CURLcode rc;
	int far;

	if (!easy)
		abort();
	*one = (struct ezlb_probe){ .prober = prober, .check = check, .done = on_result };
	one->easy = easy;
	one->fd = answering(rest, &far);
	ezlb_prober_ref(prober);
	uv_timer_init(loop, &one->deadline);
	one->deadline.data = one;
	set_options(easy, one, head);
	rc = curl_easy_perform(easy);
	match = one->match;
	ezlb_probe_http_done(one, rc);
	ezlb_match_clear(&match);
	curl_easy_cleanup(easy);
	close(far);
}

static void on_closed(void *arg)
{
	(void)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ezlb_code_range ok = { 200, 299 };
	struct fuzz_rest rest = { data, size };
	uint8_t way = fuzz_byte(&rest);
	struct ezlb_request request = { .path = (char[]){ "/" },
					.body = way & 1 ? (char[]){ "healthy" } : NULL,
					.statuses = { .items = &ok, .len = 1, .cap = 1 } };
	struct ezlb_check check = { .type = EZLB_CHECK_HTTP, .request = &request };
	struct ezlb_prober *prober;
	uv_loop_t loop;

	if (ezlb_curl_load(NULL) < 0 || uv_loop_init(&loop) < 0 ||
	    ezlb_prober_open(&loop, &prober, NULL) < 0)
		abort();
	results = 0;
	probe(&loop, prober, &check, rest, way & 2);
	ezlb_prober_close(prober, on_closed, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	FUZZ_CHECK(uv_loop_close(&loop) == 0);
	FUZZ_CHECK(results == 1);
	FUZZ_CHECK(result.outcome != EZLB_PROBE_LOCAL_ERROR && result.outcome < EZLB_OUTCOMES);
	FUZZ_CHECK(result.outcome != EZLB_PROBE_OK || rest.len >= strlen("HTTP/1.1 200"));
	return 0;
}
