// SPDX-License-Identifier: GPL-2.0-or-later
/* fast_interval: how soon the next probe follows while a verdict is not clear. And overdue ones. */
#include "fixture.h"

#define SLOW_MS (3600 * 1000)

/* A row that nobody probes again in this test, unless fast_interval says so. */
static struct ezlb_health_row *add_slow(struct fixture *fx, const char *service)
{
	struct ezlb_health_row *row = add(fx, service);

	row->check.interval_ms = SLOW_MS;
	return row;
}

static struct ezlb_target *target_of(struct fixture *fx)
{
	return fx->health->sites->targets;
}

/* The wait of the target, which is idle, in the order of the usual interval or of the fast one. */
static bool waits_long(struct fixture *fx)
{
	struct ezlb_target *target = target_of(fx);

	for (int i = 0; i < DEADLINE_MS && !uv_is_active((uv_handle_t *)&target->timer); i++)
		run_for(&fx->loop, 1);
	return uv_timer_get_due_in(&target->timer) > SLOW_MS / 4;
}

/* Lets the target be probed now, as after its interval, until the server has answered n times. */
static void probe_now(struct fixture *fx, enum answer mode, int n)
{
	fx->server.mode = mode;
	ezlb_target_wake(target_of(fx), 0);
	run_to_count(fx, mode, n);
}

/* A backend that never answered: all failures follow soon after each other, then the verdict is
 * clear. */
static void test_unknown(void **state)
{
	struct fixture *fx = *state;

	fx->server.mode = ANSWER_500;
	add_slow(fx, "web");
	set(fx);
	run_to(fx, "web", EZLB_DOWN);
	assert_int_equal(fx->accepted, 3);
	assert_true(waits_long(fx));
	assert_int_equal(fx->server.accepted, 3);
}

/* One success, and it is up; then one failure: two more follow soon. */
static void test_failure_and_recovery(void **state)
{
	struct fixture *fx = *state;

	add_slow(fx, "web");
	set(fx);
	run_to(fx, "web", EZLB_UP);
	assert_true(waits_long(fx));
	probe_now(fx, ANSWER_500, 1);
	run_to(fx, "web", EZLB_DOWN);
	assert_int_equal(fx->answered[ANSWER_500], 3);
	assert_true(waits_long(fx));
	assert_int_equal(fx->server.answered[ANSWER_500], 3);

	probe_now(fx, ANSWER_200,
		  2); /* the first of a new server's answers was that of the start */
	run_to(fx, "web", EZLB_UP);
	assert_int_equal(fx->answered[ANSWER_200], 3);
	assert_true(waits_long(fx));
}

/* A failure that the next success makes a thing of the past. */
static void test_one_failure(void **state)
{
	struct fixture *fx = *state;

	add_slow(fx, "web");
	set(fx);
	run_to(fx, "web", EZLB_UP);
	probe_now(fx, ANSWER_500, 1);
	fx->server.mode = ANSWER_200;
	run_to_count(fx, ANSWER_200, 2);
	assert_true(waits_long(fx));
	assert_int_equal(fx->server.accepted, 3);
	assert_int_equal(fx->changes, 1);
}

/* Two services share the target; the one with more patience needs more probes. */
static void test_shared(void **state)
{
	struct fixture *fx = *state;

	add_slow(fx, "hasty")->check.fail_count = 1;
	add_slow(fx, "patient")->check.fail_count = 4;
	fx->server.mode = ANSWER_500;
	set(fx);
	run_to(fx, "patient", EZLB_DOWN);
	assert_int_equal(verdict(fx, "hasty", fx->server.port), EZLB_DOWN);
	assert_int_equal(fx->accepted, 4);
	assert_true(waits_long(fx));
}

/* It makes nothing slower. */
static void test_never_longer_than_the_interval(void **state)
{
	struct fixture *fx = *state;

	add(fx, "web")->check.fast_interval_ms = SLOW_MS;
	fx->server.mode = ANSWER_500;
	set(fx);
	run_to(fx, "web", EZLB_DOWN);
	assert_int_equal(fx->accepted, 3);
}

static uint64_t overdue_total(struct fixture *fx)
{
	struct ezlb_health_stats stats;

	ezlb_health_stats(fx->health, &stats);
	return stats.overdue_total;
}

/* Each probe that takes longer than the interval counts once, and none is doubled. */
static void test_overdue_total(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_health_row *row = add(fx, "web");

	row->check.timeout_ms = 10 * INTERVAL_MS;
	row->check.fail_count = 4;
	fx->server.mode = ANSWER_NEVER;
	set(fx);
	assert_int_equal(overdue_total(fx), 0);
	run_to(fx, "web", EZLB_DOWN);
	/* on_change of the fourth came after it was counted. */
	assert_int_equal(overdue_total(fx), 4);
}

/* A timeout within the interval is normal, although the next probe was due sooner. */
static void test_timeout_beyond_the_fast_interval(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_check *check = &add(fx, "web")->check;

	check->interval_ms = SLOW_MS;
	check->fast_interval_ms = INTERVAL_MS;
	check->timeout_ms = 4 * INTERVAL_MS;
	check->fail_count = 3;
	fx->server.mode = ANSWER_NEVER;
	set(fx);
	for (int i = 0; i < DEADLINE_MS && verdict(fx, "web", fx->server.port) != EZLB_DOWN; i++) {
		struct ezlb_health_stats stats;

		run_for(&fx->loop, 1);
		ezlb_health_stats(fx->health, &stats);
		assert_int_equal(stats.overdue, 0);
	}
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_DOWN);
	assert_int_equal(overdue_total(fx), 0);
}

static void test_not_overdue(void **state)
{
	struct fixture *fx = *state;

	add(fx, "web")->check.interval_ms = 1000;
	set(fx);
	run_to(fx, "web", EZLB_UP);
	assert_int_equal(overdue_total(fx), 0);
}

/* Those that wait for a place to be probed count when they start. */
static void test_late_for_want_of_a_place(void **state)
{
	struct fixture *fx = *state;

	restart_with_few(fx);
	for (uint32_t i = 0; i < 15; i++) {
		struct ezlb_check *check = &add(fx, "web")->check;

		check->interval_ms = check->fast_interval_ms = SLOW_MS;
		check->timeout_ms = 400 + i;
		check->fail_count = 1;
	}
	set(fx);
	run_to_known(fx);
	assert_int_equal(overdue_total(fx), 5);
}

/* Each probe of a target leaves from the next address. */
static void test_sources_in_turn(void **state)
{
	struct fixture *fx = *state;
	bool seen[3] = { false };

	assert_int_equal(
		ezlb_range_parse("127.0.0.7-127.0.0.9", &add(fx, "web")->check.source, NULL), 0);
	set(fx);
	for (int i = 0; i < DEADLINE_MS && !(seen[0] && seen[1] && seen[2]); i++) {
		in_addr_t peer = ntohl(fx->server.peer);

		run_for(&fx->loop, 1);
		if (peer != 0)
			seen[peer - (INADDR_LOOPBACK + 6)] = true;
	}
	assert_true(seen[0] && seen[1] && seen[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_unknown),
		T(test_failure_and_recovery),
		T(test_one_failure),
		T(test_shared),
		T(test_never_longer_than_the_interval),
		T(test_overdue_total),
		T(test_timeout_beyond_the_fast_interval),
		T(test_not_overdue),
		T(test_late_for_want_of_a_place),
		T(test_sources_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
