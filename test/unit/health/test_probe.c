// SPDX-License-Identifier: GPL-2.0-or-later
/* Every outcome of a probe, against real sockets. */
#include "on_loop.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ezlb/mem.h>

#include "probe.h"

struct fixture {
	uv_loop_t loop;
	struct ezlb_prober *prober;
	struct server server;
	bool ended, closed;
	struct ezlb_probe_result result;
};

static void on_end(void *arg, const struct ezlb_probe_result *result)
{
	struct fixture *fx = arg;

	assert_false(fx->ended);
	fx->ended = true;
	fx->result = *result;
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static int setup(void **state)
{
	struct fixture *fx = ezlb_calloc(1, sizeof(*fx));

	uv_loop_init(&fx->loop);
	server_start(&fx->server, ANSWER_200);
	assert_int_equal(ezlb_prober_open(&fx->loop, &fx->prober, NULL), 0);
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;

	ezlb_prober_close(fx->prober, on_closed, &fx->closed);
	run_until(&fx->loop, &fx->closed);
	server_stop(&fx->server);
	loop_close(&fx->loop);
	free(fx);
	return 0;
}

static struct ezlb_check check_of(enum ezlb_check_type type, uint32_t timeout_ms)
{
	struct ezlb_check check = { .type = type,
				    .timeout_ms = timeout_ms,
				    .http_expected_status = 200 };

	ezlb_strcpy(check.http_path, sizeof(check.http_path), "/healthz?a=b");
	return check;
}

/* One probe to its end. */
static void probe(struct fixture *fx, struct ezlb_endpoint target, const struct ezlb_check *check)
{
	fx->ended = false;
	ezlb_probe_start(fx->prober, &target, check, on_end, fx);
	assert_false(fx->ended);
	run_until(&fx->loop, &fx->ended);
}

static void expect(const struct fixture *fx, const char *name, enum ezlb_outcome outcome, int code)
{
	if (fx->result.outcome != outcome || fx->result.code != code)
		fail_msg("%s: %s %d", name, ezlb_outcome_str(fx->result.outcome), fx->result.code);
}

static const struct {
	const char *name;
	enum answer answer;
	uint32_t timeout_ms;
	enum ezlb_outcome want;
	int code;
} answers[] = {
	{ "200", ANSWER_200, 5000, EZLB_PROBE_OK, 0 },
	{ "500", ANSWER_500, 5000, EZLB_PROBE_HTTP_STATUS, 500 },
	{ "a redirect is not followed", ANSWER_302, 5000, EZLB_PROBE_HTTP_STATUS, 302 },
	{ "late, but in time", ANSWER_LATE, 5000, EZLB_PROBE_OK, 0 },
	{ "no answer", ANSWER_NEVER, 50, EZLB_PROBE_TIMEOUT, 0 },
	{ "half an answer", ANSWER_HALF, 50, EZLB_PROBE_TIMEOUT, 0 },
	{ "an endless body", ANSWER_ENDLESS, 5000, EZLB_PROBE_OK, 0 },
	{ "endless headers", ANSWER_HEADERS, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "not HTTP", ANSWER_GARBAGE, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "closed without a word", ANSWER_NOTHING, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "cut short", ANSWER_CUT, 5000, EZLB_PROBE_HTTP_PROTOCOL, 0 },
	{ "an answer before a reset counts", ANSWER_RESET, 5000, EZLB_PROBE_OK, 0 },
	{ "a reset", ANSWER_ONLY_RESET, 5000, EZLB_PROBE_RESET, 0 },
};

static void test_http_answers(void **state)
{
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct ezlb_check check = check_of(EZLB_CHECK_HTTP, answers[i].timeout_ms);

		fx->server.mode = answers[i].answer;
		probe(fx, loopback(fx->server.port), &check);
		expect(fx, answers[i].name, answers[i].want, answers[i].code);
		assert_int_equal(fx->server.answered[answers[i].answer], 1);
	}
	server_stop(&fx->server); /* waits for its thread */
	assert_int_equal(fx->server.cut_off, 2);
	server_start(&fx->server, ANSWER_200);
}

static void test_http_expects_any_status(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 5000);

	check.http_expected_status = 302;
	fx->server.mode = ANSWER_302;
	probe(fx, loopback(fx->server.port), &check);
	expect(fx, "302 expected", EZLB_PROBE_OK, 0);
	fx->server.mode = ANSWER_200;
	probe(fx, loopback(fx->server.port), &check);
	expect(fx, "200 unexpected", EZLB_PROBE_HTTP_STATUS, 200);
}

/* Neither the path nor the environment may bend the request. */
static void test_http_request(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 5000);
	char host[64];

	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("all_proxy", "http://127.0.0.1:1/", 1);
	ezlb_strcpy(check.http_path, sizeof(check.http_path), "/a/../b?c=%20d");
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

static const enum ezlb_check_type types[] = { EZLB_CHECK_TCP, EZLB_CHECK_HTTP, EZLB_CHECK_HTTPS };
#define N_TYPES (sizeof(types) / sizeof(types[0]))

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

static void test_ipv6(void **state)
{
	struct fixture *fx = *state;
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t len = sizeof(addr);
	struct ezlb_check tcp = check_of(EZLB_CHECK_TCP, 5000);
	struct ezlb_check http = check_of(EZLB_CHECK_HTTP, 50);
	struct ezlb_endpoint target;
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		if (fd >= 0)
			close(fd);
		skip();
	}
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(ezlb_endpoint_parse("[::1]:1", &target, NULL), 0);
	target.port = ntohs(addr.sin6_port);
	probe(fx, target, &tcp);
	expect(fx, "tcp", EZLB_PROBE_OK, 0);
	probe(fx, target, &http);
	expect(fx, "http, connected but silent", EZLB_PROBE_TIMEOUT, 0);
	close(fd);
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

static pid_t spawn(char *const argv[])
{
	extern char **environ;
	posix_spawn_file_actions_t quiet;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&quiet);
	return pid;
}

/* A self-signed certificate for another name, which nobody could verify. */
static int make_certificate(char *key, char *cert)
{
	char *argv[] = { "openssl",
			 "req",
			 "-x509",
			 "-newkey",
			 "ec",
			 "-pkeyopt",
			 "ec_paramgen_curve:P-256",
			 "-nodes",
			 "-subj",
			 "/CN=other.example",
			 "-days",
			 "1",
			 "-keyout",
			 key,
			 "-out",
			 cert,
			 NULL };
	pid_t pid = spawn(argv);
	int status = -1;

	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

/* s_server takes a while until it listens. */
static void probe_until_connected(struct fixture *fx, uint16_t port, const struct ezlb_check *check)
{
	uint64_t end = uv_hrtime() + DEADLINE_MS * UINT64_C(1000000);

	do {
		probe(fx, loopback(port), check);
		usleep(10 * 1000);
	} while (fx->result.outcome == EZLB_PROBE_CONNECT_REFUSED && uv_hrtime() < end);
}

static void test_https(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);
	char dir[] = "/tmp/ezlb-test-XXXXXX", key[64], cert[64], where[32];
	uint16_t port = closed_port();
	char *argv[] = { "openssl", "s_server", "-accept", where, "-www",
			 "-key",    key,	"-cert",   cert,  NULL };
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	snprintf(key, sizeof(key), "%s/key", dir);
	snprintf(cert, sizeof(cert), "%s/cert", dir);
	snprintf(where, sizeof(where), "127.0.0.1:%u", port);
	if (make_certificate(key, cert) != 0)
		fail_msg("no certificate: install Debian's package openssl");
	pid = spawn(argv);
	assert_true(pid > 0);
	probe_until_connected(fx, port, &check);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(key);
	unlink(cert);
	rmdir(dir);
	expect(fx, "unverified certificate", EZLB_PROBE_OK, 0);
}

static void test_cancel(void **state)
{
	struct fixture *fx = *state;
	struct black_hole hole;

	black_hole_open(&hole);
	fx->server.mode = ANSWER_NEVER;
	for (size_t i = 0; i < N_TYPES; i++) {
		struct ezlb_check check = check_of(types[i], 30);
		struct ezlb_endpoint silent = loopback(fx->server.port);
		struct ezlb_endpoint away = loopback(hole.port);
		struct ezlb_probe *probes[4];

		/* At once, in the handshake, and after the connection. */
		probes[0] = ezlb_probe_start(fx->prober, &silent, &check, on_end, fx);
		ezlb_probe_cancel(probes[0]);
		probes[1] = ezlb_probe_start(fx->prober, &away, &check, on_end, fx);
		if (types[i] != EZLB_CHECK_TCP)
			probes[2] = ezlb_probe_start(fx->prober, &silent, &check, on_end, fx);
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
	bool done;
};

static void on_check(uv_check_t *handle)
{
	struct stall *stall = handle->data;

	if (stall->done || stall->server->answered[ANSWER_LATE] == 0)
		return;
	stall->done = true;
	usleep(300 * 1000);
}

static void test_a_stall_of_ours_is_no_failure(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_HTTP, 150);
	struct stall stall = { .server = &fx->server };

	fx->server.mode = ANSWER_LATE;
	uv_check_init(&fx->loop, &stall.handle);
	stall.handle.data = &stall;
	uv_check_start(&stall.handle, on_check);
	probe(fx, loopback(fx->server.port), &check);
	uv_close((uv_handle_t *)&stall.handle, NULL);
	uv_run(&fx->loop, UV_RUN_NOWAIT);
	assert_true(stall.done);
	expect(fx, "answered in time", EZLB_PROBE_OK, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		T(test_ipv6),
		T(test_https_needs_tls),
		T(test_https),
		T(test_cancel),
		T(test_a_stall_of_ours_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
