/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probing: one probe after the other, each to its end, and a server of openssl's for https. */
#pragma once

#include "on_loop.h"

#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <ezlb/mem.h>

#include "probe.h"
#include "requests.h"
#include "worker_side.h"

static const enum ezlb_check_type types[] = { EZLB_CHECK_TCP, EZLB_CHECK_HTTP, EZLB_CHECK_HTTPS };
#define N_TYPES (sizeof(types) / sizeof(types[0]))

struct fixture {
	uv_loop_t loop;
	struct ezlb_prober *prober;
	struct pair pair; /* with setup_worker only */
	struct server server;
	bool ended, closed;
	struct ezlb_probe_result result;
};

static inline void on_end(void *arg, const struct ezlb_probe_result *result)
{
	struct fixture *fx = arg;

	assert_false(fx->ended);
	fx->ended = true;
	fx->result = *result;
}

static inline void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static inline struct fixture *begin(void)
{
	struct fixture *fx = ezlb_calloc(1, sizeof(*fx));

	uv_loop_init(&fx->loop);
	server_start(&fx->server, ANSWER_200);
	assert_int_equal(ezlb_prober_open(&fx->loop, &fx->prober, NULL), 0);
	return fx;
}

static inline int setup(void **state)
{
	struct fixture *fx = begin();

	assert_int_equal(ezlb_prober_prepare(fx->prober, EZLB_CHECK_HTTP, NULL), 0);
	*state = fx;
	return 0;
}

/* The probes of type http and https run at the other end of a channel. */
static inline int setup_worker(void **state)
{
	struct fixture *fx = begin();
	struct ezlb_remote_options options;

	assert_int_equal(ezlb_health_serve_prepare(NULL), 0);
	pair_open(&fx->pair, &fx->loop);
	pair_up(&fx->pair, true);
	options = (struct ezlb_remote_options){ .channel = fx->pair.daemon };
	ezlb_prober_use(fx->prober, &options);
	*state = fx;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fx = *state;

	ezlb_prober_close(fx->prober, on_closed, &fx->closed);
	run_until(&fx->loop, &fx->closed);
	if (fx->pair.daemon != NULL) {
		assert_int_equal(fx->pair.lost, 0);
		pair_close(&fx->pair);
	}
	server_stop(&fx->server);
	loop_close(&fx->loop);
	free(fx);
	return 0;
}

REQUEST(healthz, "/healthz?a=b", 200);

static inline struct ezlb_check check_of(enum ezlb_check_type type, uint32_t timeout_ms)
{
	struct ezlb_check check = { .type = type, .timeout_ms = timeout_ms, .request = &healthz };

	return check;
}

/* One probe to its end. */
static inline void probe(struct fixture *fx, struct ezlb_endpoint target,
			 const struct ezlb_check *check)
{
	fx->ended = false;
	ezlb_probe_start(fx->prober, &(struct ezlb_probe_job){ .target = target, .check = check },
			 on_end, fx);
	assert_false(fx->ended);
	run_until(&fx->loop, &fx->ended);
}

static inline void expect(const struct fixture *fx, const char *name, enum ezlb_outcome outcome,
			  int code)
{
	if (fx->result.outcome != outcome || fx->result.code != code)
		fail_msg("%s: %s %d", name, ezlb_outcome_str(fx->result.outcome), fx->result.code);
}

static inline pid_t spawn(char *const argv[])
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
static inline int make_certificate(char *key, char *cert)
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
static inline void probe_until_connected(struct fixture *fx, struct ezlb_endpoint target,
					 const struct ezlb_check *check)
{
	uint64_t end = uv_hrtime() + DEADLINE_MS * UINT64_C(1000000);

	do {
		probe(fx, target, check);
		usleep(10 * 1000);
	} while (fx->result.outcome == EZLB_PROBE_CONNECT_REFUSED && uv_hrtime() < end);
}

/* Against a server of openssl's at the endpoint, with its options, at most three and NULL. */
static inline void probe_openssl(struct fixture *fx, struct ezlb_endpoint at,
				 const char *const options[4])
{
	struct ezlb_check check = check_of(EZLB_CHECK_HTTPS, 5000);
	char dir[] = "/tmp/ezlb-test-XXXXXX", key[64], cert[64], where[EZLB_ENDPOINT_STRLEN];
	char *argv[16] = { "openssl", "s_server", "-accept", where, "-www",
			   "-key",    key,	  "-cert",   cert };
	size_t n = 9;
	pid_t pid;

	for (size_t i = 0; options[i] != NULL; i++)
		argv[n++] = (char *)(uintptr_t)options[i];
	assert_non_null(mkdtemp(dir));
	snprintf(key, sizeof(key), "%s/key", dir);
	snprintf(cert, sizeof(cert), "%s/cert", dir);
	ezlb_endpoint_format(&at, where);
	if (make_certificate(key, cert) != 0)
		fail_msg("no certificate: install Debian's package openssl");
	pid = spawn(argv);
	assert_true(pid > 0);
	probe_until_connected(fx, at, &check);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(key);
	unlink(cert);
	rmdir(dir);
}

static inline void probe_https(struct fixture *fx, struct ezlb_endpoint at)
{
	static const char *const none[4] = { NULL };

	probe_openssl(fx, at, none);
	expect(fx, "unverified certificate", EZLB_PROBE_OK, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
/* The same test with the worker. */
#define W(name)                                                            \
	{                                                                  \
#name " in the worker", name, setup_worker, teardown, NULL \
	}
