// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens when libcurl is missing, and when curl or libuv cannot give what a probe needs: the
 * loader of libraries is replaced here, and functions of both.
 */
#include "on_loop.h"

#include <dlfcn.h>
#include <errno.h>

#include <curl/curl.h>
#include <ezlb/health.h>
#include <ezlb/library.h>

#include "probe.h"
#include "requests.h"

REQUEST(root, "/", 200);

static bool no_library, no_multi, no_easy, no_add, no_poll;

#define REAL(fn, library, name)                      \
	do {                                         \
		void *symbol = dlsym(library, name); \
		memcpy(&(fn), &symbol, sizeof(fn));  \
	} while (0)

static void *curl;

static CURLM *multi_init(void)
{
	CURLM *(*real)(void);

	REAL(real, curl, "curl_multi_init");
	return no_multi ? NULL : real();
}

static CURL *easy_init(void)
{
	CURL *(*real)(void);

	REAL(real, curl, "curl_easy_init");
	return no_easy ? NULL : real();
}

static CURLMcode multi_add_handle(CURLM *multi, CURL *easy)
{
	CURLMcode (*real)(CURLM * multi, CURL * easy);

	REAL(real, curl, "curl_multi_add_handle");
	return no_add ? CURLM_OUT_OF_MEMORY : real(multi, easy);
}

#define REPLACE(symbol, fn)                                           \
	do {                                                          \
		__typeof__(fn) *fn_ = fn;                             \
		if (strcmp((symbol)->name, "curl_" #fn) == 0)         \
			memcpy((symbol)->pointer, &fn_, sizeof(fn_)); \
	} while (0)

int ezlb_library_load(struct ezlb_library *library, struct ezlb_err *err)
{
	if (no_library)
		return ezlb_err_set(err, ELIBACC, "there is no %s", library->soname);
	curl = dlopen(library->soname, RTLD_NOW);
	for (const struct ezlb_library_symbol *symbol = library->symbols; symbol->name; symbol++) {
		void *address = dlsym(curl, symbol->name);

		assert_non_null(address);
		memcpy(symbol->pointer, &address, sizeof(address));
		REPLACE(symbol, multi_init);
		REPLACE(symbol, easy_init);
		REPLACE(symbol, multi_add_handle);
	}
	return 0;
}

int uv_poll_init_socket(uv_loop_t *loop, uv_poll_t *handle, uv_os_sock_t socket)
{
	int (*real)(uv_loop_t *, uv_poll_t *, uv_os_sock_t);

	REAL(real, RTLD_NEXT, "uv_poll_init_socket");
	return no_poll ? UV_ENOSPC : real(loop, handle, socket);
}

static void on_change(void *arg)
{
	(void)arg;
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static struct ezlb_probe_result result;

static void on_end(void *arg, const struct ezlb_probe_result *ended)
{
	result = *ended;
	*(bool *)arg = true;
}

static int set(struct ezlb_health *health, enum ezlb_check_type type, uint16_t port,
	       struct ezlb_err *err)
{
	struct ezlb_health_row row = { .service = "web",
				       .backend = loopback(port),
				       .check = { .type = type,
						  .interval_ms = 10,
						  .timeout_ms = 5000,
						  .fail_count = 1,
						  .rise_count = 1,
						  .request = &root } };
	struct ezlb_health_rows rows = { .items = &row, .len = 1 };

	return ezlb_health_set(health, &rows, err);
}

static enum ezlb_verdict verdict(struct ezlb_health *health, uint64_t *local_errors)
{
	struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_health_stats stats;
	enum ezlb_verdict is;

	ezlb_health_verdicts(health, &verdicts);
	assert_int_equal(verdicts.len, 1);
	is = verdicts.items[0].verdict;
	EZLB_VEC_CLEAR(&verdicts);
	ezlb_health_stats(health, &stats);
	*local_errors = stats.outcomes[EZLB_PROBE_LOCAL_ERROR];
	return is;
}

/* Only checks by http need libcurl. Without it nothing is known, until a new set finds it. */
static void test_missing(void **state)
{
	struct ezlb_health_options options = { 0 };
	struct ezlb_health *health;
	struct ezlb_health_stats stats;
	struct ezlb_err err = { 0 };
	struct server server;
	uint64_t failed = 0;
	uv_loop_t loop;
	bool closed = false;

	(void)state;
	uv_loop_init(&loop);
	server_start(&server, ANSWER_200);
	no_library = true;
	assert_int_equal(ezlb_health_open(&loop, &options, on_change, NULL, &health, &err), 0);
	assert_int_equal(set(health, EZLB_CHECK_TCP, server.port, &err), 0);
	assert_int_equal(set(health, EZLB_CHECK_HTTP, server.port, &err), -ELIBACC);
	assert_memory_equal(err.msg, "health checks: there is no libcurl",
			    strlen("health checks: there is no libcurl"));
	while (failed < 2)
		assert_int_equal((uv_run(&loop, UV_RUN_ONCE), verdict(health, &failed)),
				 EZLB_UNKNOWN);
	ezlb_health_stats(health, &stats);
	assert_int_equal(stats.blocked, 1);
	assert_non_null(strstr(stats.blocked_why, "libcurl is missing"));
	no_library = false;
	no_multi = true;
	assert_int_equal(set(health, EZLB_CHECK_HTTPS, server.port, &err), -ENOMEM);
	no_multi = false;
	assert_string_equal(err.msg,
			    "health checks: cannot create a libcurl handle: out of memory");
	assert_int_equal(set(health, EZLB_CHECK_HTTP, server.port, &err), 0);
	while (verdict(health, &failed) == EZLB_UNKNOWN)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(verdict(health, &failed), EZLB_UP);
	ezlb_health_stats(health, &stats);
	assert_int_equal(stats.blocked, 0);
	assert_null(stats.blocked_why);
	ezlb_health_close(health, on_closed, &closed);
	run_until(&loop, &closed);
	server_stop(&server);
	loop_close(&loop);
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
	job = (struct ezlb_probe_job){ .target = loopback(server.port), .check = &check };
	assert_int_equal(ezlb_prober_open(&loop, &prober, NULL), 0);
	assert_int_equal(ezlb_prober_prepare(prober, EZLB_CHECK_HTTPS, NULL), 0);
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
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_probe_fails_locally),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
