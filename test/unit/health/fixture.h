/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fixture: health on a loop, with one backend on 127.0.0.1 that the test commands. */
#pragma once

#include "on_loop.h"

#include <ezlb/health.h>
#include <ezlb/log.h>

#include "requests.h"
#include "target.h"

#define INTERVAL_MS 20

REQUEST(root, "/", 200);

struct told {
	char service[EZLB_NAME_MAX + 1];
	struct ezlb_health_change change; /* its service is gone */
	int changes;			  /* calls of on_change before it */
};
struct told_list EZLB_VEC(struct told);

struct fixture {
	uv_loop_t loop;
	struct ezlb_health *health; /* NULL once the test has closed it */
	struct server server;
	struct ezlb_health_rows rows;
	struct ezlb_verdicts verdicts;
	bool closed;
	bool setting; /* within ezlb_health_set */
	struct told_list told;

	/* What on_change does, and what run_to waits for. */
	void (*react)(struct fixture *fx);
	const char *service;
	uint16_t port;
	enum ezlb_verdict want;
	bool reached;
	int changes;
	int answered[ANSWERS]; /* by the server when that was reached */
	int accepted;
};

static inline const struct ezlb_verdict_row *row_of(struct fixture *fx, const char *service,
						    uint16_t port)
{
	ezlb_health_verdicts(fx->health, &fx->verdicts);
	for (size_t i = 0; i < fx->verdicts.len; i++) {
		const struct ezlb_verdict_row *row = &fx->verdicts.items[i];

		if (strcmp(row->service, service) == 0 && row->backend.port == port)
			return row;
	}
	fail_msg("%s has no row for port %u", service, port);
	return NULL;
}

static inline enum ezlb_verdict verdict(struct fixture *fx, const char *service, uint16_t port)
{
	return row_of(fx, service, port)->verdict;
}

/* The counts are exact within on_change: the next probe has not begun. */
static inline void note(struct fixture *fx)
{
	fx->reached = true;
	fx->accepted = fx->server.accepted;
	for (size_t i = 0; i < ANSWERS; i++)
		fx->answered[i] = fx->server.answered[i];
}

static inline void on_change(void *arg)
{
	struct fixture *fx = arg;

	assert_false(fx->setting);
	fx->changes++;
	if (fx->react != NULL)
		fx->react(fx);
	else if (fx->service != NULL && !fx->reached &&
		 verdict(fx, fx->service, fx->port) == fx->want)
		note(fx);
}

static inline void on_verdict(void *arg, const struct ezlb_health_change *change)
{
	struct fixture *fx = arg;
	struct told *told = EZLB_PUSH(&fx->told);

	assert_false(fx->setting);
	*told = (struct told){ .change = *change, .changes = fx->changes };
	ezlb_strcpy(told->service, sizeof(told->service), change->service);
}

static inline void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static inline void start(struct fixture *fx, uint32_t hurry_ms)
{
	struct ezlb_health_options options = { .on_verdict = on_verdict, .hurry_ms = hurry_ms };

	assert_int_equal(ezlb_health_open(&fx->loop, &options, on_change, fx, &fx->health, NULL),
			 0);
}

static inline void stop(struct fixture *fx)
{
	fx->closed = false;
	ezlb_health_close(fx->health, on_closed, &fx->closed);
	fx->health = NULL;
	assert_false(fx->closed);
	run_until(&fx->loop, &fx->closed);
}

static inline int setup(void **state)
{
	struct fixture *fx = ezlb_calloc(1, sizeof(*fx));

	ezlb_log_setup(EZLB_ERROR, EZLB_LOGFMT);
	uv_loop_init(&fx->loop);
	server_start(&fx->server, ANSWER_200);
	start(fx, 0);
	*state = fx;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fx = *state;

	if (fx->health != NULL)
		stop(fx);
	server_stop(&fx->server);
	loop_close(&fx->loop);
	EZLB_VEC_CLEAR(&fx->rows);
	EZLB_VEC_CLEAR(&fx->verdicts);
	EZLB_VEC_CLEAR(&fx->told);
	free(fx);
	return 0;
}

/* An http row for the server with limits 3 and 2; the caller changes what it wants otherwise. */
static inline struct ezlb_health_row *add(struct fixture *fx, const char *service)
{
	struct ezlb_health_row *row = EZLB_PUSH(&fx->rows);

	ezlb_strcpy(row->service, sizeof(row->service), service);
	row->backend = loopback(fx->server.port);
	row->check = (struct ezlb_check){ .type = EZLB_CHECK_HTTP,
					  .interval_ms = INTERVAL_MS,
					  .timeout_ms = DEADLINE_MS,
					  .fail_count = 3,
					  .rise_count = 2,
					  .fast_interval_ms = INTERVAL_MS,
					  .request = &root };
	return row;
}

static inline void set(struct fixture *fx)
{
	fx->setting = true;
	ezlb_health_set(fx->health, &fx->rows, NULL);
	fx->setting = false;
}

/* Runs until on_change has seen the verdict. */
static inline void run_to(struct fixture *fx, const char *service, enum ezlb_verdict want)
{
	fx->service = service;
	fx->port = fx->rows.items[0].backend.port;
	fx->want = want;
	fx->reached = false;
	run_until(&fx->loop, &fx->reached);
	fx->service = NULL;
}

static inline void run_to_count(struct fixture *fx, enum answer mode, int n)
{
	for (int i = 0; i < DEADLINE_MS && fx->server.answered[mode] < n; i++)
		run_for(&fx->loop, 1);
	assert_true(fx->server.answered[mode] >= n);
}

/* Runs until nothing is UNKNOWN; the most probes that ran at once. */
static inline size_t run_to_known(struct fixture *fx)
{
	size_t most = 0;

	for (int i = 0; i < DEADLINE_MS && ezlb_health_unknown(fx->health) > 0; i++) {
		run_for(&fx->loop, 1);
		most = fx->health->here.running > most ? fx->health->here.running : most;
	}
	assert_int_equal(ezlb_health_unknown(fx->health), 0);
	return most;
}

/* Starts again with room for ten probes, of a server that never answers. */
static inline void restart_with_few(struct fixture *fx)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	stop(fx);
	fds_limit(20);
	start(fx, 0);
	fds_limit(limit.rlim_cur);
	assert_int_equal(fx->health->here.running_max, 10);
	fx->server.mode = ANSWER_NEVER;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
