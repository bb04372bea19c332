// SPDX-License-Identifier: GPL-2.0-or-later
/* What health tells of a change, of the last probe and of all of them. */
#include "fixture.h"

#include <ezlb/duration.h>

/* --- changes ------------------------------------------------------------------------------- */

static void check_told(const struct fixture *fx, size_t i, const char *service,
		       enum ezlb_verdict from, enum ezlb_verdict to)
{
	const struct told *told = &fx->told.items[i];
	struct ezlb_endpoint backend = loopback(fx->server.port);

	assert_true(i < fx->told.len);
	assert_string_equal(told->service, service);
	assert_int_equal(ezlb_endpoint_cmp(&told->change.backend, &backend), 0);
	assert_int_equal(told->change.from, from);
	assert_int_equal(told->change.to, to);
}

static void check_reason(const struct fixture *fx, size_t i, enum ezlb_outcome outcome, int code)
{
	assert_int_equal(fx->told.items[i].change.outcome, outcome);
	assert_int_equal(fx->told.items[i].change.code, code);
}

static void test_told_why(void **state)
{
	struct fixture *fx = *state;
	uint64_t begin = ezlb_now_ms(), took;

	fx->server.mode = ANSWER_LATE;
	add(fx, "web");
	set(fx);
	run_to(fx, "web", EZLB_UP);
	took = ezlb_now_ms() - begin;
	fx->server.mode = ANSWER_500;
	run_to(fx, "web", EZLB_DOWN);
	fx->server.mode = ANSWER_200;
	run_to(fx, "web", EZLB_UP);
	run_for(&fx->loop, 5 * INTERVAL_MS);

	assert_int_equal(fx->told.len, 3);
	check_told(fx, 0, "web", EZLB_UNKNOWN, EZLB_UP);
	check_reason(fx, 0, EZLB_PROBE_OK, 0);
	assert_in_range(fx->told.items[0].change.ms, 19, took + 1);
	check_told(fx, 1, "web", EZLB_UP, EZLB_DOWN);
	check_reason(fx, 1, EZLB_PROBE_HTTP_STATUS, 500);
	check_told(fx, 2, "web", EZLB_DOWN, EZLB_UP);
	check_reason(fx, 2, EZLB_PROBE_OK, 0);
}

/* Each service on its own, and all of them before the one call for the whole. */
static void test_told_of_each_service(void **state)
{
	struct fixture *fx = *state;

	add(fx, "a");
	add(fx, "b");
	add(fx, "patient")->check.fail_count = 4;
	fx->server.mode = ANSWER_500;
	set(fx);
	run_to(fx, "b", EZLB_DOWN);
	assert_int_equal(fx->told.len, 2);
	assert_int_equal(fx->changes, 1);
	check_told(fx, 0, "a", EZLB_UNKNOWN, EZLB_DOWN);
	check_told(fx, 1, "b", EZLB_UNKNOWN, EZLB_DOWN);
	run_to(fx, "patient", EZLB_DOWN);
	assert_int_equal(fx->told.len, 3);
	check_told(fx, 2, "patient", EZLB_UNKNOWN, EZLB_DOWN);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fx->told.items[i].changes, i / 2);
}

static void test_nobody_to_tell(void **state)
{
	struct ezlb_health_options options = { .hurry_ms = 0 };
	struct fixture *fx = *state;

	stop(fx);
	assert_int_equal(ezlb_health_open(&fx->loop, &options, on_change, fx, &fx->health, NULL),
			 0);
	add(fx, "web");
	set(fx);
	run_to(fx, "web", EZLB_UP);
	assert_int_equal(fx->told.len, 0);
}

/* Nobody is asked, and nobody is told: that is no transition. */
static void test_pretends(void **state)
{
	struct ezlb_health_options options = { .pretend = true };
	struct fixture *fx = *state;

	stop(fx);
	assert_int_equal(ezlb_health_open(&fx->loop, &options, on_change, fx, &fx->health, NULL),
			 0);
	add(fx, "web");
	set(fx);
	assert_int_equal(ezlb_health_unknown(fx->health), 0);
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_UP);
	assert_false(row_of(fx, "web", fx->server.port)->probed);
	add(fx, "api");
	set(fx);
	run_for(&fx->loop, 3 * INTERVAL_MS);
	assert_int_equal(verdict(fx, "api", fx->server.port), EZLB_UP);
	assert_int_equal(fx->accepted, 0);
	assert_int_equal(fx->changes, 0);
	fx->rows.len = 1;
	set(fx);
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_UP);
	assert_int_equal(fx->verdicts.len, 1);
}

/* --- rows ---------------------------------------------------------------------------------- */

static uint64_t since(struct fixture *fx, const char *service)
{
	return row_of(fx, service, fx->server.port)->since_ms;
}

static void test_since(void **state)
{
	struct fixture *fx = *state;
	uint64_t before = ezlb_now_ms(), wanted, up, down;

	add(fx, "web");
	set(fx);
	wanted = since(fx, "web");
	assert_in_range(wanted, before, ezlb_now_ms());
	fx->server.mode = ANSWER_LATE;
	run_to(fx, "web", EZLB_UP);
	up = since(fx, "web");
	assert_in_range(up, wanted + 19, ezlb_now_ms());

	/* Neither more of the same, nor other thresholds, nor a failure too few. */
	run_to_count(fx, ANSWER_LATE, 3);
	fx->rows.items[0].check.fail_count = 4;
	set(fx);
	fx->server.mode = ANSWER_500;
	run_to_count(fx, ANSWER_500, 2);
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_UP);
	assert_int_equal(since(fx, "web"), up);
	run_to(fx, "web", EZLB_DOWN);
	down = since(fx, "web");
	assert_in_range(down, up + INTERVAL_MS, ezlb_now_ms());

	/* Another check is another beginning. */
	run_for(&fx->loop, 5);
	fx->rows.items[0].check.timeout_ms++;
	set(fx);
	assert_in_range(since(fx, "web"), down + 5, ezlb_now_ms());
}

/* The last probe is the target's, so a service that joins has it at once; since is its own. */
static void test_last_probe(void **state)
{
	struct fixture *fx = *state;
	const struct ezlb_verdict_row *row;
	uint64_t old, begin = ezlb_now_ms(), took;

	fx->server.mode = ANSWER_LATE;
	add(fx, "old")->check.interval_ms = 3600 * 1000;
	set(fx);
	assert_false(row_of(fx, "old", fx->server.port)->probed);
	run_to(fx, "old", EZLB_UP);
	took = ezlb_now_ms() - begin;
	row = row_of(fx, "old", fx->server.port);
	old = row->since_ms;
	assert_true(row->probed);
	assert_int_equal(row->outcome, EZLB_PROBE_OK);
	assert_in_range(row->latency_us, 19 * 1000, took * 1000 + 1000);

	run_for(&fx->loop, 5);
	add(fx, "new")->check.interval_ms = 3600 * 1000;
	set(fx);
	row = row_of(fx, "new", fx->server.port);
	assert_int_equal(row->verdict, EZLB_UNKNOWN);
	assert_true(row->probed);
	assert_true(row->since_ms >= old + 5);
	assert_int_equal(since(fx, "old"), old);
}

/* It is told of at once, though the verdict waits for more of them. */
static void test_last_probe_before_the_verdict(void **state)
{
	struct fixture *fx = *state;
	const struct ezlb_verdict_row *row;
	uint64_t begin;

	add(fx, "web");
	set(fx);
	run_to(fx, "web", EZLB_UP);
	begin = ezlb_now_ms();
	fx->rows.items[0].check.fail_count = 1000;
	set(fx);
	fx->server.mode = ANSWER_500;
	run_to_count(fx, ANSWER_500, 2);
	row = row_of(fx, "web", fx->server.port);
	assert_int_equal(row->verdict, EZLB_UP);
	assert_int_equal(row->outcome, EZLB_PROBE_HTTP_STATUS);
	assert_int_equal(row->code, 500);
	assert_in_range(row->latency_us, 1, (ezlb_now_ms() - begin) * 1000 + 1000);
}

/* --- all probes ---------------------------------------------------------------------------- */

static struct ezlb_health_stats stats_of(const struct fixture *fx)
{
	struct ezlb_health_stats stats;

	ezlb_health_stats(fx->health, &stats);
	return stats;
}

static uint64_t count(const struct ezlb_health_stats *stats)
{
	uint64_t n = 0;

	for (size_t i = 0; i < EZLB_OUTCOMES; i++)
		n += stats->outcomes[i];
	assert_int_equal(ezlb_histogram_count(&stats->duration), n);
	return n;
}

static void test_stats(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_health_stats stats = stats_of(fx);
	uint64_t begin = ezlb_now_ms();

	assert_int_equal(count(&stats), 0);
	assert_int_equal(stats.targets, 0);
	fx->server.mode = ANSWER_LATE;
	add(fx, "a");
	add(fx, "b"); /* the same target */
	add(fx, "c")->check.interval_ms = 3600 * 1000;
	set(fx);
	assert_int_equal(stats_of(fx).targets, 2);
	run_to_known(fx);
	fx->server.mode = ANSWER_500;
	run_to(fx, "a", EZLB_DOWN);
	stats = stats_of(fx);
	assert_true(stats.outcomes[EZLB_PROBE_OK] >= 2);
	assert_int_equal(stats.outcomes[EZLB_PROBE_HTTP_STATUS], 3);
	assert_int_equal(count(&stats), stats.outcomes[EZLB_PROBE_OK] + 3);
	/* The late ones took longer than 16 ms, none of them hours. */
	assert_int_equal(stats.duration.n[EZLB_HISTOGRAM_BOUNDS], 0);
	assert_true(stats.duration.sum >= 0.019 * (double)stats.outcomes[EZLB_PROBE_OK]);
	assert_true(stats.duration.sum * 1000 < 2 * (double)(ezlb_now_ms() - begin + 1));

	/* Who goes is no target any more; what was counted stays. */
	fx->rows.len = 0;
	set(fx);
	assert_int_equal(stats_of(fx).targets, 0);
	assert_int_equal(stats_of(fx).outcomes[EZLB_PROBE_HTTP_STATUS], 3);
}

static void test_cut_off_probes_do_not_count(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_health_stats stats;

	fx->server.mode = ANSWER_NEVER;
	add(fx, "web");
	set(fx);
	run_to_count(fx, ANSWER_NEVER, 1);
	fx->rows.len = 0;
	set(fx);
	run_for(&fx->loop, 5);
	stats = stats_of(fx);
	assert_int_equal(count(&stats), 0);
}

/* It is counted, and hides nothing of what is known of the backend. */
static void test_local_error(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_health_stats stats;
	const struct ezlb_verdict_row *row;
	uint64_t up;
	rlim_t limit;

	add(fx, "web")->check.type = EZLB_CHECK_TCP;
	set(fx);
	run_to(fx, "web", EZLB_UP);
	up = since(fx, "web");
	limit = fds_exhaust();
	for (int i = 0; i < DEADLINE_MS && stats_of(fx).outcomes[EZLB_PROBE_LOCAL_ERROR] <= 2; i++)
		run_for(&fx->loop, 1);
	fds_limit(limit);
	stats = stats_of(fx);
	assert_true(stats.outcomes[EZLB_PROBE_LOCAL_ERROR] > 2);
	count(&stats);
	row = row_of(fx, "web", fx->server.port);
	assert_int_equal(row->outcome, EZLB_PROBE_OK);
	assert_int_equal(row->code, 0);
	assert_int_equal(row->since_ms, up);
	assert_int_equal(fx->told.len, 1);
}

/* --- overdue ------------------------------------------------------------------------------- */

/* Runs until so many are overdue. */
static void run_to_overdue(struct fixture *fx, size_t n)
{
	for (int i = 0; i < DEADLINE_MS && stats_of(fx).overdue != n; i++)
		run_for(&fx->loop, 1);
	assert_int_equal(stats_of(fx).overdue, n);
}

/* Ten are probed, for less than their interval; five wait for them. */
static void test_overdue_for_want_of_a_place(void **state)
{
	struct fixture *fx = *state;
	const uint64_t begin = uv_now(&fx->loop);
	uint64_t now = begin;
	const struct ezlb_target *first;

	restart_with_few(fx);
	for (uint32_t i = 0; i < 15; i++) {
		struct ezlb_check *check = &add(fx, "web")->check;

		check->interval_ms = 3600 * 1000;
		check->timeout_ms = 2000 + i;
		check->fail_count = 1;
	}
	set(fx);
	assert_int_equal(stats_of(fx).targets, 15);
	while (stats_of(fx).overdue == 0 && now < begin + DEADLINE_MS) {
		run_for(&fx->loop, 1);
		now = uv_now(&fx->loop);
		first = fx->health->here.queue;
		assert_true(!first || first->due >= begin);
		/* To wait a little is no harm. */
		assert_int_equal(stats_of(fx).overdue > 0, first && now - first->due > 100);
	}
	run_to_overdue(fx, 5);
	run_to_overdue(fx, 0);
	assert_null(fx->health->here.queue);
}

static void test_overdue_beyond_the_interval(void **state)
{
	struct fixture *fx = *state;

	fx->server.mode = ANSWER_NEVER;
	add(fx, "slow")->check.interval_ms = 1000;
	add(fx, "rare")->check.interval_ms = 3600 * 1000;
	set(fx);
	for (int i = 0; i < DEADLINE_MS && fx->health->here.running < 2; i++)
		run_for(&fx->loop, 1);
	assert_int_equal(stats_of(fx).overdue, 0);
	run_to_overdue(fx, 1);
	run_for(&fx->loop, 5 * INTERVAL_MS);
	assert_int_equal(stats_of(fx).overdue, 1);
	assert_int_equal(fx->health->here.running, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_told_why),
		T(test_told_of_each_service),
		T(test_nobody_to_tell),
		T(test_pretends),
		T(test_since),
		T(test_last_probe),
		T(test_last_probe_before_the_verdict),
		T(test_stats),
		T(test_cut_off_probes_do_not_count),
		T(test_local_error),
		T(test_overdue_for_want_of_a_place),
		T(test_overdue_beyond_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
