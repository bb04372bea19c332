// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Real requests, over the socket and over TCP, by clients on the loop's own thread. Once in one
 * process, and once with a worker between, which is on the same loop here.
 */
#include "desk_rig.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <ezlb/admin.h>
#include <ezlb/channel.h>
#include <ezlb/duration.h>
#include <ezlb/log.h>

#include "admin.h"

#define DEADLINE_MS 60000

static uv_loop_t loop;
static uv_timer_t ticker; /* no wait on the loop is for ever */
static struct view_rig rig;
static struct desk_parts parts;
static struct admin admin;
static bool two;
static struct ezlb_channel *to_worker, *to_daemon;
static struct ezlb_api *worker;
static unsigned reloads;
static char answer[1 << 17];

static void on_reload(void *arg)
{
	assert_ptr_equal(arg, &reloads);
	reloads++;
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

/* A port of 127.0.0.1 that nobody has. */
static struct ezlb_endpoint free_port(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct ezlb_endpoint endpoint = { .port = 0 };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	close(fd);
	assert_int_equal(ezlb_addr_parse("127.0.0.1", &endpoint.addr, NULL), 0);
	endpoint.port = ntohs(addr.sin_port);
	return endpoint;
}

static void on_lost(void *arg, const char *why)
{
	(void)arg;
	assert_null(why); /* neither side has said anything wrong */
}

static void start_worker(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	ezlb_channel_open(&loop, on_lost, NULL, &to_worker);
	ezlb_channel_open(&loop, on_lost, NULL, &to_daemon);
	ezlb_api_serve(&loop, to_daemon, &worker);
	assert_int_equal(ezlb_channel_attach(to_worker, fds[0], NULL), 0);
	assert_int_equal(ezlb_channel_attach(to_daemon, fds[1], NULL), 0);
}

static void stop_worker(void)
{
	if (!worker)
		return;
	ezlb_api_close(worker, NULL, NULL);
	ezlb_channel_close(to_daemon);
	ezlb_channel_close(to_worker);
	worker = NULL;
	to_worker = NULL;
}

static int setup(void **state)
{
	int rc = setup_top(state);

	reloads = 0;
	uv_loop_init(&loop);
	uv_timer_init(&loop, &ticker);
	uv_timer_start(&ticker, on_tick, 1, 1);
	rig_open(&rig);
	parts_open(&parts, &rig);
	parts.options.admin_address = free_port();
	if (two)
		start_worker();
	parts.sources.channel = to_worker;
	admin_open(&admin, &loop, &parts.sources, on_reload, &reloads);
	return rc;
}

static void run_to_the_end(void)
{
	stop_worker();
	if (!uv_is_closing((uv_handle_t *)&ticker))
		uv_close((uv_handle_t *)&ticker, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
}

/* A handle that is left over is a failure. */
static int teardown(void **state)
{
	admin_close(&admin);
	run_to_the_end();
	admin_clear(&admin);
	rig_close(&rig);
	if (uv_loop_close(&loop) != 0)
		return -1;
	return teardown_top(state);
}

#define RUN_UNTIL(condition)                                           \
	do {                                                           \
		uint64_t until = ezlb_now_ms() + DEADLINE_MS;          \
		while (!(condition) && ezlb_now_ms() < until)          \
			uv_run(&loop, UV_RUN_ONCE);                    \
		if (!(condition))                                      \
			fail_msg("%s does not come true", #condition); \
	} while (0)

/* --- clients ------------------------------------------------------------------------------- */

static int try_dial(bool local)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct text path = at(EZLB_ADMIN_SOCKET);
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	in.sin_port = htons(parts.options.admin_address.port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(ezlb_strcpy(un.sun_path, sizeof(un.sun_path), path.s));
	if (local)
		rc = connect(fd, (struct sockaddr *)&un, sizeof(un));
	else
		rc = connect(fd, (struct sockaddr *)&in, sizeof(in));
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

/* Sends "GET /path"; the connection, on which the answer will come. */
static int begin(bool local, const char *question)
{
	EZLB_AUTO_FREE char *request = ezlb_asprintf("%s HTTP/1.1\r\nHost: localhost\r\n\r\n",
						     question);
	size_t len = strlen(request);
	int fd = -1;

	RUN_UNTIL((fd = try_dial(local)) >= 0);
	assert_int_equal(send(fd, request, len, MSG_NOSIGNAL), len);
	return fd;
}

static bool hear(int fd, size_t *len)
{
	ssize_t n = recv(fd, answer + *len, sizeof(answer) - 1 - *len, MSG_DONTWAIT);

	if (n > 0)
		*len += (size_t)n;
	answer[*len] = '\0';
	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* Its status, 0 where there is none; all of it is in `answer`. */
static int finish(int fd)
{
	size_t len = 0;
	int status = 0;

	RUN_UNTIL(hear(fd, &len));
	close(fd);
	sscanf(answer, "HTTP/1.1 %d", &status);
	return status;
}

static const char *body(void)
{
	const char *end = strstr(answer, "\r\n\r\n");

	return end ? end + 4 : "";
}

/* --- paths --------------------------------------------------------------------------------- */

#define TEXT "Content-Type: text/plain; charset=utf-8\r\n"
#define JSON "Content-Type: application/json\r\n"

static const struct {
	const char *question;
	bool tcp;
	int status;
	const char *type, *body; /* that it has */
} rows[] = {
	{ "GET /", true, 200, "Content-Type: text/html; charset=utf-8\r\n", "</html>" },
	{ "GET /livez", true, 200, TEXT, "ok\n" },
	{ "GET /livez", false, 200, TEXT, "ok\n" },
	{ "GET /livez?why", true, 200, TEXT, "ok\n" },
	{ "GET /readyz", true, 200, TEXT, "ok\n" },
	{ "GET /health", true, 200, JSON, "\"healthy\"" },
	{ "GET /health", false, 200, JSON, "\"healthy\"" },
	{ "GET /metrics", true, 200, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
	  "\nezlb_" },
	{ "GET /api/v1/status", true, 200, JSON, "\"/d/web.yaml\"" },
	{ "GET /api/v1/status", false, 200, JSON, "\"/d/web.yaml\"" },
	{ "GET /api/v1/events", true, 200, JSON, "\"Started\"" },
	{ "GET /api/v1/events?since=2", true, 200, JSON, "\"Reloaded\"" },
	{ "GET /api/v1/events?since=99999999999999999999", true, 200, JSON, "[]" },
	{ "GET /api/v1/events?since=", true, 400, TEXT, "since: expected the number of" },
	{ "GET /api/v1/events?since=-1", true, 400, TEXT, "since: expected the number of" },
	{ "GET /api/v1/events?since=+1", true, 400, TEXT, "since: expected the number of" },
	{ "GET /api/v1/events?since=2x", true, 400, TEXT, "since: expected the number of" },
	{ "POST /-/reload", false, 200, TEXT, "the files are read now\n" },
	{ "POST /-/reload", true, 403, TEXT, "over the unix socket only\n" },
	{ "POST /-/log-level?level=debug", true, 403, TEXT, "over the unix socket only\n" },
	{ "POST /-/log-level", false, 400, TEXT, "level: expected error, warn, info or" },
	{ "POST /-/log-level?level=", false, 400, TEXT, "level: expected error, warn, info or" },
	{ "POST /-/log-level?level=loud", false, 400, TEXT, "level: expected error, warn, info" },
	{ "GET /api/v1/drain", true, 200, JSON, "\"draining\": false" },
	{ "POST /-/drain", true, 403, TEXT, "over the unix socket only\n" },
	{ "POST /-/undrain", true, 403, TEXT, "over the unix socket only\n" },
	{ "POST /-/drain?until=", false, 400, TEXT, "until: expected exit\n" },
	{ "POST /-/drain?until=noon", false, 400, TEXT, "until: expected exit\n" },
	{ "GET /-/drain", false, 405, TEXT, "expected POST\n" },
	{ "GET /-/undrain", false, 405, TEXT, "expected POST\n" },
	{ "POST /api/v1/drain", false, 405, TEXT, "expected GET\n" },
	{ "POST /-/undrain", false, 200, TEXT, "This balancer does not drain.\n" },
	{ "POST /-/drain?until=exit", false, 200, TEXT, "This balancer drains now.\n" },
	{ "GET /api/v1/drain", false, 200, JSON, "\"kind\": \"until_exit\"" },
	{ "POST /-/drain", false, 200, TEXT, "This balancer has been draining since " },
	{ "GET /api/v1/drain", false, 200, JSON, "\"kind\": \"drained\"" },
	{ "POST /-/undrain", false, 200, TEXT, "This balancer is back" },
	{ "GET /-/reload", false, 405, TEXT, "expected POST\n" },
	{ "GET /-/log-level?level=warn", false, 405, TEXT, "expected POST\n" },
	{ "POST /metrics", false, 405, TEXT, "expected GET\n" },
	{ "POST /", true, 405, TEXT, "expected GET\n" },
	{ "PUT /metrics", true, 405, TEXT, "" },
	{ "GET /nothing", true, 404, TEXT, "no such path\n" },
	{ "POST /nothing", false, 404, TEXT, "no such path\n" },
	{ "GET /livez/", true, 404, TEXT, "no such path\n" },
	{ "GET /api/v1/statu", true, 404, TEXT, "no such path\n" },
};

static void test_paths(void **state)
{
	(void)state;
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int status = finish(begin(!rows[i].tcp, rows[i].question));

		if (status != rows[i].status || !strstr(answer, rows[i].type) ||
		    !strstr(body(), rows[i].body))
			fail_msg("%s%s: %d: %s", rows[i].question, rows[i].tcp ? " (tcp)" : "",
				 status, answer);
	}
	assert_int_equal(reloads, 1);
	assert_int_equal(parts.changes, 3);
	assert_false(ezlb_log_enabled(EZLB_DEBUG));
}

static void test_head(void **state)
{
	(void)state;
	assert_int_equal(finish(begin(true, "HEAD /livez")), 200);
	assert_has(answer, "Content-Length: 3\r\n");
	assert_string_equal(body(), "");
}

/* Whatever a web page of another origin asks, it changes nothing. */
static void test_other_pages(void **state)
{
	static const char *const headers[] = {
		"Origin: http://evil.example",	 "Origin: null",
		"Origin: http://localhost:8080", "Sec-Fetch-Site: cross-site",
		"Sec-Fetch-Site: same-site",
	};
	static const char *const paths[] = { "POST /-/reload", "POST /-/log-level?level=debug",
					     "POST /-/drain", "GET /api/v1/status" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(headers) * COUNT_OF(paths); i++) {
		/* begin() has another end of the line for it. */
		EZLB_AUTO_FREE char *question =
			ezlb_asprintf("%s HTTP/1.1\r\n%s\r\nX-Rest:", paths[i % COUNT_OF(paths)],
				      headers[i / COUNT_OF(paths)]);

		assert_int_equal(finish(begin(true, question)), 403);
		assert_has(body(), "another origin");
	}
	assert_int_equal(reloads, 0);
	assert_int_equal(parts.changes, 0);
	assert_false(ezlb_log_enabled(EZLB_DEBUG));
}

/* Those who take it get the long ones so; the others, and of the short ones all, the plain form. */
static void test_packed(void **state)
{
	static const struct {
		const char *path;
		bool packed;
	} answers[] = { { "/metrics", true }, { "/health", false } };

	(void)state;
	rig_web(&rig, PLAIN("1"));
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		EZLB_AUTO_FREE char *plain = ezlb_asprintf("GET %s", answers[i].path);
		/* begin() has another end of the line for it. */
		EZLB_AUTO_FREE char *takes = ezlb_asprintf(
			"GET %s HTTP/1.1\r\nAccept-Encoding: gzip\r\nX-Rest:", answers[i].path);

		finish(begin(true, plain));
		assert_null(strstr(answer, "Content-Encoding"));
		finish(begin(true, takes));
		assert_int_equal(strstr(answer, "Content-Encoding: gzip\r\n") != NULL,
				 answers[i].packed);
		assert_int_equal(memcmp(body(), "\x1f\x8b", 2) == 0, answers[i].packed);
	}
}

static void test_not_ready(void **state)
{
	(void)state;
	assert_int_equal(finish(begin(true, "GET /readyz")), 503);
	assert_has(body(), "ezlb has not read the kernel yet");
	assert_int_equal(finish(begin(true, "GET /health")), 503);
	assert_has(body(), "\"unhealthy\"");
	assert_int_equal(finish(begin(true, "GET /livez")), 200);
	assert_int_equal(finish(begin(true, "GET /metrics")), 200);
	assert_int_equal(finish(begin(true, "GET /api/v1/status")), 200);
}

static void test_events_since(void **state)
{
	(void)state;
	rig_web(&rig, PLAIN("1"));
	finish(begin(true, "GET /api/v1/events?since=0"));
	assert_has(body(), "\"Started\"");
	finish(begin(true, "GET /api/v1/events?since=2"));
	assert_has(body(), "\"Reloaded\"");
	assert_null(strstr(body(), "\"Started\""));
}

static void test_log_level(void **state)
{
	(void)state;
	assert_int_equal(finish(begin(true, "POST /-/log-level?level=error")), 200);
	assert_string_equal(body(), "error\n");
	assert_false(ezlb_log_enabled(EZLB_WARN));
	assert_int_equal(finish(begin(true, "POST /-/log-level?level=info")), 200);
	assert_true(ezlb_log_enabled(EZLB_INFO));
	assert_false(ezlb_log_enabled(EZLB_DEBUG));
}

/* --- those who wait ------------------------------------------------------------------------ */

/* Each has the whole document, which is made for all of them at once. */
static void test_many_wait_for_one(void **state)
{
	int fds[10];

	(void)state;
	rig_web(&rig, PLAIN("1"));
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = begin(i % 2, i % 3 ? "GET /api/v1/status" : "GET /metrics");
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		assert_int_equal(finish(fds[i]), 200);
		assert_has(body(), i % 3 ? "\"/d/web.yaml\"" : "\nezlb_");
	}
	assert_int_equal(admin.waiting[REPORT_STATUS].len, 0);
	assert_int_equal(admin.waiting[REPORT_METRICS].len, 0);
}

static uv_sem_t go_on;

static void on_block(uv_work_t *work)
{
	(void)work;
	uv_sem_wait(&go_on);
}

/* Nobody is told of a moment before his question. The only thread of the pool is held meanwhile. */
static void test_who_comes_while_one_is_made(void **state)
{
	uv_work_t block;
	int first, second;

	(void)state;
	uv_sem_init(&go_on, 0);
	assert_int_equal(uv_queue_work(&loop, &block, on_block, NULL), 0);
	first = begin(true, "GET /api/v1/status");
	RUN_UNTIL(admin.waiting[REPORT_STATUS].len == 1);
	rig_web(&rig, PLAIN("1"));
	second = begin(true, "GET /api/v1/status");
	RUN_UNTIL(admin.waiting[REPORT_STATUS].len == 2);
	uv_sem_post(&go_on);
	assert_int_equal(finish(first), 200);
	assert_null(strstr(body(), "/d/web.yaml"));
	assert_int_equal(finish(second), 200);
	assert_has(body(), "/d/web.yaml");
	uv_sem_destroy(&go_on);
}

/* The same document serves many, but only as long as nothing has happened. */
static void test_events_are_those_of_now(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		finish(begin(true, "GET /api/v1/events"));
		assert_null(strstr(body(), "\"Reloaded\""));
	}
	finish(begin(true, "GET /api/v1/events?since=2"));
	assert_has(body(), "[]");
	finish(begin(true, "GET /api/v1/events"));
	assert_has(body(), "\"Started\"");
	rig_web(&rig, PLAIN("1"));
	finish(begin(true, "GET /api/v1/events"));
	assert_has(body(), "\"Reloaded\"");
}

static void test_one_who_leaves(void **state)
{
	int fd;

	(void)state;
	fd = begin(true, "GET /api/v1/status");
	RUN_UNTIL(admin.waiting[REPORT_STATUS].len == 1);
	close(fd);
	RUN_UNTIL(admin.waiting[REPORT_STATUS].len == 0);
	assert_int_equal(finish(begin(true, "GET /livez")), 200);
}

/* The end comes while somebody waits: he has no answer, and nothing of his is left behind. */
static void test_closed_while_somebody_waits(void **state)
{
	size_t len = 0;
	int fd;

	(void)state;
	fd = begin(true, "GET /api/v1/status");
	RUN_UNTIL(admin.waiting[REPORT_STATUS].len == 1);
	admin_close(&admin);
	admin_close(&admin);
	run_to_the_end();
	assert_true(hear(fd, &len));
	assert_string_equal(answer, "");
	close(fd);
	assert_int_equal(access(at(EZLB_ADMIN_SOCKET).s, F_OK), -1);
}

static void test_never_opened(void **state)
{
	struct admin never = { .api = NULL };

	(void)state;
	admin_close(&never);
	admin_clear(&never);
}

/* --- traffic log --------------------------------------------------------------------------- */

#define TRAFFIC "traffic_log: true\n"

static bool is_logging(void)
{
	return uv_is_active((uv_handle_t *)&admin.traffic_timer);
}

static void test_traffic_is_sampled_where_it_is_asked_for(void **state)
{
	int64_t first;

	(void)state;
	rig_web(&rig, PLAIN("1"));
	admin_files(&admin);
	assert_false(is_logging());
	rig_web(&rig, TRAFFIC PLAIN("1"));
	admin_files(&admin);
	assert_true(is_logging());
	RUN_UNTIL(admin.trafficlog.before_ms != 0);
	first = admin.trafficlog.before_ms;
	RUN_UNTIL(admin.trafficlog.before_ms != first);
	first = admin.trafficlog.before_ms;
	admin_files(&admin); /* it goes on, and does not begin anew */
	assert_true(admin.trafficlog.before_ms == first && is_logging());
	rig_web(&rig, PLAIN("1"));
	admin_files(&admin);
	assert_false(is_logging());
	assert_true(admin.trafficlog.before_ms == 0);
}

static void test_no_traffic_after_the_end(void **state)
{
	(void)state;
	rig_web(&rig, TRAFFIC PLAIN("1"));
	admin_close(&admin);
	admin_files(&admin);
	assert_false(is_logging());
}

#define ON_LOOP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_LOOP(test_paths),
		ON_LOOP(test_head),
		ON_LOOP(test_other_pages),
		ON_LOOP(test_packed),
		ON_LOOP(test_not_ready),
		ON_LOOP(test_events_since),
		ON_LOOP(test_log_level),
		ON_LOOP(test_many_wait_for_one),
		ON_LOOP(test_who_comes_while_one_is_made),
		ON_LOOP(test_events_are_those_of_now),
		ON_LOOP(test_one_who_leaves),
		ON_LOOP(test_closed_while_somebody_waits),
		cmocka_unit_test(test_never_opened),
		ON_LOOP(test_traffic_is_sampled_where_it_is_asked_for),
		ON_LOOP(test_no_traffic_after_the_end),
	};

	int failed;

	setenv("UV_THREADPOOL_SIZE", "1", 1);
	failed = cmocka_run_group_tests_name("one process", tests, NULL, NULL);
	two = true;
	return failed + cmocka_run_group_tests_name("two processes", tests, NULL, NULL);
}
