// SPDX-License-Identifier: GPL-2.0-or-later
/* Health whose http probes run in the worker: verdicts, and backends that end the worker. */
#include "fixture.h"

#include <errno.h>

#include "records.h"
#include "worker_side.h"

static struct pair pair;

static void start_worker(struct fixture *fx)
{
	const struct ezlb_health_options options = { .on_verdict = on_verdict,
						     .channel = pair.daemon };

	assert_int_equal(ezlb_health_open(&fx->loop, &options, on_change, fx, &fx->health, NULL),
			 0);
}

static int setup_pair(void **state)
{
	struct fixture *fx;

	setup(state);
	fx = *state;
	ezlb_log_setup(EZLB_ERROR, EZLB_LOGFMT);
	stop(fx);
	assert_int_equal(ezlb_health_serve_prepare(NULL), 0);
	pair_open(&pair, &fx->loop);
	start_worker(fx);
	return 0;
}

static int teardown_pair(void **state)
{
	struct fixture *fx = *state;

	stop(fx);
	pair_close(&pair);
	return teardown(state);
}

static void test_verdicts(void **state)
{
	struct fixture *fx = *state;

	add(fx, "web");
	set(fx); /* the worker comes later */
	run_for(&fx->loop, 20);
	assert_int_equal(ezlb_health_unknown(fx->health), 1);
	pair_up(&pair, true);
	run_to(fx, "web", EZLB_UP);
	fx->server.mode = ANSWER_500;
	run_to(fx, "web", EZLB_DOWN);
	assert_int_equal(row_of(fx, "web", fx->server.port)->code, 500);

	/* No verdict changes because of the end of a worker. */
	pair_down(&pair);
	pair_run_to_lost(&pair, 1);
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_DOWN);
	fx->server.mode = ANSWER_200;
	pair_up(&pair, true);
	run_to(fx, "web", EZLB_UP);
	assert_int_equal(pair.lost, 1);
}

/* One of the probes under way is for this port: the worker ends. */
static uint16_t deadly;
static bool die;
static int others; /* probes that the worker has answered */

static void on_probe(void *arg, struct ezlb_record *record)
{
	struct ezlb_probe_record probe;
	const struct ezlb_result_record result = { .result = { EZLB_PROBE_OK, 0 } };
	struct ezlb_result_record answer = result;
	struct ezlb_buffer bytes = { 0 };

	(void)arg;
	assert_int_equal(ezlb_probe_record_get(record->data, record->len, &probe), 0);
	if (probe.target.port == deadly) {
		die = true;
		return;
	}
	others++;
	answer.id = probe.id;
	ezlb_result_record_put(&answer, &bytes);
	(void)ezlb_channel_say(pair.worker, EZLB_RECORD_PROBE_RESULT, bytes.items, bytes.len);
	EZLB_VEC_CLEAR(&bytes);
}

static void run_deadly(struct fixture *fx, int ends)
{
	for (int ms = 0; ms < DEADLINE_MS && pair.lost < ends; ms++) {
		if (pair.worker == NULL && !ezlb_channel_is_up(pair.daemon)) {
			pair_up(&pair, false);
			ezlb_channel_on(pair.worker, EZLB_RECORD_PROBE, on_probe, NULL);
		}
		run_for(&fx->loop, 1);
		if (die)
			pair_down(&pair);
		die = false;
	}
	assert_int_equal(pair.lost, ends);
}

/* A backend that ends the worker each time is soon probed seldom, and the others as before. */
static void test_deadly_backend(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_health_row *row;

	add(fx, "well");
	row = add(fx, "deadly");
	deadly = row->backend.port = closed_port();
	others = 0;
	set(fx);
	run_deadly(fx, EZLB_SUSPECT_AFTER);
	pair_up(&pair, false);
	ezlb_channel_on(pair.worker, EZLB_RECORD_PROBE, on_probe, NULL);
	others = 0;
	for (int ms = 0; ms < DEADLINE_MS && others < 20; ms++)
		run_for(&fx->loop, 1);
	assert_true(others >= 20);
	assert_false(die);
	assert_int_equal(pair.lost, EZLB_SUSPECT_AFTER);
	assert_int_equal(verdict(fx, "well", fx->server.port), EZLB_UP);
	assert_int_equal(verdict(fx, "deadly", deadly), EZLB_UNKNOWN);
}

/* Two suspects are not probed together: the first may end the worker in the second's probe. */
static void test_suspects_one_at_a_time(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_site *site, *next;
	size_t most = 0;

	for (int i = 0; i < 5; i++)
		add(fx, "silent")->backend.port = (uint16_t)(i + 1);
	pair_up(&pair, false); /* and nobody answers */
	set(fx);
	HASH_ITER(hh, fx->health->sites, site, next)
		site->targets->suspect.ends = EZLB_SUSPECT_AFTER;
	for (int ms = 0; ms < 100; ms++) {
		run_for(&fx->loop, 1);
		most = fx->health->worker.running > most ? fx->health->worker.running : most;
	}
	assert_int_equal(most, 1);
	assert_true(fx->health->suspect_runs);
	ezlb_health_set(fx->health, &(struct ezlb_health_rows){ 0 }, NULL);
	assert_false(fx->health->suspect_runs);
	assert_int_equal(fx->health->worker.running, 0);
}

/* What a target waits from now on, in ms. */
static uint64_t wait_of(const struct fixture *fx)
{
	return uv_timer_get_due_in(&fx->health->sites->targets->timer);
}

/* With an interval of an hour, a probe that was lost with its worker is repeated soon. */
static void test_lost_probe_is_repeated(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check *check = &add(fx, "web")->check;
	const struct ezlb_target *target;

	check->interval_ms = check->fast_interval_ms = 3600 * 1000;
	deadly = fx->server.port;
	set(fx);
	target = fx->health->sites->targets;
	run_deadly(fx, 1);
	assert_int_equal(target->lost, 1);
	assert_in_range(wait_of(fx), 0, 1499);
	run_deadly(fx, 2);
	assert_int_equal(target->lost, 2);
	deadly = 0;
	pair_up(&pair, false);
	ezlb_channel_on(pair.worker, EZLB_RECORD_PROBE, on_probe, NULL);
	run_to(fx, "web", EZLB_UP);
	run_for(&fx->loop, 1);
	assert_int_equal(target->lost, 0);
	assert_true(wait_of(fx) > 1000 * 1000);
}

/* One that is a suspect is not repeated sooner than suspects are probed. */
static void test_suspect_is_not_repeated_soon(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check *check = &add(fx, "web")->check;

	check->interval_ms = check->fast_interval_ms = 3600 * 1000;
	deadly = fx->server.port;
	set(fx);
	fx->health->sites->targets->suspect.ends = EZLB_SUSPECT_AFTER - 1;
	run_deadly(fx, 1);
	assert_int_equal(fx->health->sites->targets->lost, 1);
	assert_in_range(wait_of(fx), 29 * 1000, 30 * 1000);
}

static struct ezlb_health_stats stats_of(const struct fixture *fx)
{
	struct ezlb_health_stats stats;

	ezlb_health_stats(fx->health, &stats);
	return stats;
}

/* Probes that wait for a worker do not say that this host is too slow. */
static void test_worker_away_is_not_overdue(void **state)
{
	struct fixture *fx = *state;

	for (uint32_t i = 0; i < 15; i++)
		add(fx, "web")->check.timeout_ms = 5000 + i;
	fx->health->worker.running_max = 10; /* and five are in the queue */
	set(fx);
	for (int ms = 0; ms < DEADLINE_MS && stats_of(fx).blocked < 15; ms++) {
		run_for(&fx->loop, 1);
		assert_int_equal(stats_of(fx).overdue, 0);
	}
	assert_int_equal(stats_of(fx).blocked, 15);
	assert_non_null(strstr(stats_of(fx).blocked_why, "wait for the worker process"));
	deadly = 0;
	pair_up(&pair, false);
	ezlb_channel_on(pair.worker, EZLB_RECORD_PROBE, on_probe, NULL);
	for (int ms = 0; ms < DEADLINE_MS && ezlb_health_unknown(fx->health) > 0; ms++)
		run_for(&fx->loop, 1);
	assert_int_equal(ezlb_health_unknown(fx->health), 0);
	assert_int_equal(stats_of(fx).blocked, 0);
}

/* The totals: the same with probes that end when the worker has come, and with those it loses. */
static void test_worker_away_is_not_counted(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check *check = &add(fx, "web")->check;
	struct ezlb_target *target;

	check->interval_ms = check->fast_interval_ms = 3600 * 1000;
	deadly = fx->server.port;
	set(fx);
	target = fx->health->sites->targets;
	run_for(&fx->loop, 1);
	assert_non_null(target->probe);
	target->started -= 2 * 3600 * 1000;
	target->started_ns -= UINT64_C(2) * 3600 * 1000 * 1000000;
	run_deadly(fx, 1);
	assert_int_equal(target->lost, 1);
	deadly = 0;
	pair_up(&pair, false);
	ezlb_channel_on(pair.worker, EZLB_RECORD_PROBE, on_probe, NULL);
	run_to(fx, "web", EZLB_UP);
	assert_int_equal(stats_of(fx).overdue_total, 0);
}

/* Nobody answers: not late either, once the timeout is over. Before, the backend may be slow. */
static void test_silent_worker_is_not_overdue(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check *check = &add(fx, "web")->check;
	struct ezlb_target *target;

	check->interval_ms = 3600 * 1000;
	check->timeout_ms = 2 * 3600 * 1000;
	fx->loop.time -= 3 * 3600 * 1000; /* the worker is there since then */
	pair_up(&pair, false);
	set(fx);
	target = fx->health->sites->targets;
	run_for(&fx->loop, 1);
	assert_non_null(target->probe);
	target->started -= 3600 * 1000 + 1000;
	run_for(&fx->loop, 1);
	assert_int_equal(stats_of(fx).overdue, 1);
	assert_int_equal(stats_of(fx).blocked, 0);
	target->started -= 3600 * 1000 + 1000;
	assert_int_equal(stats_of(fx).overdue, 0);
	assert_int_equal(stats_of(fx).blocked, 1);
}

/* Why a suspect is not probed. */
static void test_suspect_is_blocked(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check *check = &add(fx, "web")->check;

	check->interval_ms = 3600 * 1000;
	set(fx);
	assert_int_equal(stats_of(fx).blocked, 0);
	fx->health->sites->targets->suspect.ends = EZLB_SUSPECT_AFTER;
	assert_int_equal(stats_of(fx).blocked, 1);
	assert_non_null(strstr(stats_of(fx).blocked_why, "is probed more seldom"));
}

REQUEST(asked, "/", 200);

/* A worker that leaves all probes unanswered holds up nothing but its own. */
static void test_unanswered_probes_delay_no_others(void **state)
{
	struct fixture *fx = *state;
	const enum ezlb_check_type others_of[] = { EZLB_CHECK_TCP, EZLB_CHECK_UDP, EZLB_CHECK_DNS };

	asked.query_name = (char *)(uintptr_t) ".";
	fx->health->here.running_max = fx->health->worker.running_max = 10;
	for (uint32_t i = 0; i < 15; i++)
		add(fx, "http")->check.timeout_ms = 5000 + i;
	pair_up(&pair, false);
	set(fx);
	for (int ms = 0; ms < DEADLINE_MS && !fx->health->worker.queue; ms++)
		run_for(&fx->loop, 1);
	assert_int_equal(fx->health->worker.running, 10);
	for (size_t i = 0; i < 3; i++) {
		struct ezlb_check *check = &add(fx, "other")->check;

		check->type = others_of[i];
		check->timeout_ms = 50;
		check->request = &asked;
	}
	set(fx);
	for (int ms = 0; ms < DEADLINE_MS && ezlb_health_unknown(fx->health) > 15; ms++)
		run_for(&fx->loop, 1);
	assert_int_equal(ezlb_health_unknown(fx->health), 15);
	assert_int_equal(fx->health->worker.running, 10);
	assert_int_equal(pair.lost, 0);
}

#define P(name) cmocka_unit_test_setup_teardown(name, setup_pair, teardown_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		P(test_verdicts),
		P(test_deadly_backend),
		P(test_suspects_one_at_a_time),
		P(test_lost_probe_is_repeated),
		P(test_worker_away_is_not_overdue),
		P(test_worker_away_is_not_counted),
		P(test_silent_worker_is_not_overdue),
		P(test_suspect_is_blocked),
		P(test_unanswered_probes_delay_no_others),
		P(test_suspect_is_not_repeated_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
