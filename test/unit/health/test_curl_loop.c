// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens when curl or libuv cannot give what a probe needs: their doors are replaced here. */
#include "on_loop.h"

#include <dlfcn.h>
#include <errno.h>

#include <curl/curl.h>
#include <ezlb/health.h>

#include "probe.h"
#include "requests.h"

REQUEST(root, "/", 200);

static bool no_multi, no_easy, no_add, no_poll;

#define REAL(fn, name)                                 \
	do {                                           \
		void *symbol = dlsym(RTLD_NEXT, name); \
		memcpy(&(fn), &symbol, sizeof(fn));    \
	} while (0)

CURLM *curl_multi_init(void)
{
	CURLM *(*real)(void);

	REAL(real, "curl_multi_init");
	return no_multi ? NULL : real();
}

CURL *curl_easy_init(void)
{
	CURL *(*real)(void);

	REAL(real, "curl_easy_init");
	return no_easy ? NULL : real();
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
	CURLMcode (*real)(CURLM * multi, CURL * easy);

	REAL(real, "curl_multi_add_handle");
	return no_add ? CURLM_OUT_OF_MEMORY : real(multi, easy);
}

int uv_poll_init_socket(uv_loop_t *loop, uv_poll_t *handle, uv_os_sock_t socket)
{
	int (*real)(uv_loop_t *, uv_poll_t *, uv_os_sock_t);

	REAL(real, "uv_poll_init_socket");
	return no_poll ? UV_ENOSPC : real(loop, handle, socket);
}

static void on_change(void *arg)
{
	(void)arg;
}

static void test_open_fails(void **state)
{
	struct ezlb_health_options options = { 0 };
	struct ezlb_health *health = NULL;
	struct ezlb_err err = { 0 };
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	no_multi = true;
	assert_int_equal(ezlb_health_open(&loop, &options, on_change, NULL, &health, &err),
			 -ENOMEM);
	no_multi = false;
	assert_string_equal(err.msg,
			    "health checks: cannot create a libcurl handle: out of memory");
	assert_null(health);
	loop_close(&loop);
}

static struct ezlb_probe_result result;

static void on_end(void *arg, const struct ezlb_probe_result *ended)
{
	result = *ended;
	*(bool *)arg = true;
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

/* A failure of ours in a probe of a backend that is well. */
static void test_probe_fails_locally(void **state)
{
	static const struct {
		bool *broken;
		int want;
	} cases[] = { { &no_easy, ENOMEM }, { &no_add, ENOMEM }, { &no_poll, ENOSPC } };
	struct ezlb_check check = { .type = EZLB_CHECK_HTTP, .timeout_ms = 50, .request = &root };
	struct ezlb_prober *prober;
	struct ezlb_probe_job job;
	struct server server;
	uv_loop_t loop;
	bool closed = false;

	(void)state;
	uv_loop_init(&loop);
	server_start(&server, ANSWER_200);
	job = (struct ezlb_probe_job){ loopback(server.port), &check, 0 };
	assert_int_equal(ezlb_prober_open(&loop, &prober, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool ended = false;

		*cases[i].broken = true;
		ezlb_probe_start(prober, &job, on_end, &ended);
		run_until(&loop, &ended);
		*cases[i].broken = false;
		assert_int_equal(result.outcome, EZLB_PROBE_LOCAL_ERROR);
		assert_int_equal(result.code, cases[i].want);
		ended = false;
		check.timeout_ms = 5000;
		ezlb_probe_start(prober, &job, on_end, &ended);
		run_until(&loop, &ended);
		check.timeout_ms = 50;
		assert_int_equal(result.outcome, EZLB_PROBE_OK);
	}
	ezlb_prober_close(prober, on_closed, &closed);
	run_until(&loop, &closed);
	server_stop(&server);
	loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_fails),
		cmocka_unit_test(test_probe_fails_locally),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
