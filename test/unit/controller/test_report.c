// SPDX-License-Identifier: GPL-2.0-or-later
#include "desk_rig.h"

#include <ezlb/api.h>
#include <ezlb/duration.h>

#include "own_clock.h"
#include "report.h"

#define TURNS_MAX 10000 /* of half a ms or more: only what is broken takes so many */

static uv_loop_t loop;
static struct view_rig rig;
static struct desk_parts parts;
static struct report report;

/* What was told, and what is to be done then. */
static struct {
	unsigned n[REPORT_KINDS];
	int64_t at[REPORT_KINDS];	   /* the moment that the last one was of */
	int64_t started[REPORT_KINDS];	   /* as it said */
	uint64_t reloads[REPORT_KINDS][8]; /* of each of them */
	char *text[REPORT_KINDS];
	size_t len[REPORT_KINDS], packed[REPORT_KINDS]; /* bytes */
	unsigned ask_again;
	bool shared[REPORT_KINDS];
	bool close_at_status;
} told;

static void on_report(void *arg, enum report_kind kind, const struct report_answer *answer)
{
	assert_ptr_equal(arg, &told);
	assert_true(told.n[kind] < COUNT_OF(told.reloads[0]));
	told.reloads[kind][told.n[kind]++] = answer->status->reloads;
	told.at[kind] = answer->status->now_ms;
	told.started[kind] = answer->status->started_ms;
	assert_int_equal(answer->status->conntrack_max, answer->sample->conntrack_max);
	free(told.text[kind]);
	told.text[kind] = ezlb_text_take(answer->text, &told.len[kind]);
	told.packed[kind] = answer->gzip->len;
	told.shared[kind] = answer->body != NULL;
	if (told.ask_again > 0) {
		told.ask_again--;
		report_want(&report, kind, false);
	}
	if (told.close_at_status && kind == REPORT_STATUS)
		report_close(&report);
}

static int setup(void **state)
{
	int rc = setup_top(state);

	memset(&told, 0, sizeof(told));
	rig_open(&rig);
	parts_open(&parts, &rig);
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	own_clock_start();
	uv_loop_init(&loop);
	report_open(&report, &loop, &parts.sources, on_report, &told);
	return rc;
}

static void run_to_the_end(void)
{
	own_clock_stop();
	uv_run(&loop, UV_RUN_DEFAULT);
}

/* A handle that is left over is a failure. */
static int teardown(void **state)
{
	report_close(&report);
	run_to_the_end();
	for (int i = 0; i < REPORT_KINDS; i++)
		free(told.text[i]);
	rig_close(&rig);
	if (uv_loop_close(&loop) != 0)
		return -1;
	return teardown_top(state);
}

/* The clock goes on by so much; the thread of the pool gets its own time to work. */
static void turn(uint64_t ms)
{
	own_clock_ms += ms;
	uv_run(&loop, UV_RUN_NOWAIT);
	usleep(500);
}

static void run_until_told(enum report_kind kind, unsigned n)
{
	for (int i = 0; told.n[kind] < n && i < TURNS_MAX; i++)
		turn(1);
	assert_true(told.n[kind] >= n);
}

static void test_each_kind(void **state)
{
	static const struct {
		enum report_kind kind;
		const char *has;
	} rows[] = {
		{ REPORT_STATUS, "\"dataplane\":\"memory\"" },
		{ REPORT_METRICS, "\n# TYPE ezlb_" },
		{ REPORT_HEALTH, "\"status\":\"healthy\"" },
		{ REPORT_TRAFFIC, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t before = ezlb_steady_ms();

		report_want(&report, rows[i].kind, false);
		assert_int_equal(told.n[rows[i].kind], 0); /* never from within */
		run_until_told(rows[i].kind, 1);
		assert_has(told.text[rows[i].kind], rows[i].has);
		assert_int_equal(told.text[rows[i].kind][0] != '\0', rows[i].has[0] != '\0');
		assert_true(told.at[rows[i].kind] >= before);
		for (size_t k = i + 1; k < COUNT_OF(rows); k++)
			assert_int_equal(told.n[rows[k].kind], 0);
	}
}

/* All that is asked for in one turn of the loop after the first goes into one. */
static void test_the_next_one_is_of_a_later_moment(void **state)
{
	(void)state;
	report_want(&report, REPORT_STATUS, false); /* is being made: its moment is over */
	rig_web(&rig, PLAIN("1"));
	report_want(&report, REPORT_STATUS, false);
	report_want(&report, REPORT_METRICS, false);
	report_want(&report, REPORT_STATUS, false);
	run_until_told(REPORT_METRICS, 1);
	assert_int_equal(told.n[REPORT_STATUS], 2);
	assert_int_equal(told.reloads[REPORT_STATUS][0], 1);
	assert_int_equal(told.reloads[REPORT_STATUS][1], 2);
	assert_int_equal(told.reloads[REPORT_METRICS][0], 2);
	assert_true(told.at[REPORT_METRICS] == told.at[REPORT_STATUS]);
}

/* Only for those who take it so, and only what is long. */
static void test_packed(void **state)
{
	(void)state;
	report_want(&report, REPORT_HEALTH, true);
	report_want(&report, REPORT_METRICS, true); /* these two are told of one moment */
	report_want(&report, REPORT_METRICS, false);
	run_until_told(REPORT_METRICS, 1);
	assert_int_equal(told.packed[REPORT_HEALTH], 0);
	assert_in_range(told.packed[REPORT_METRICS], 1, told.len[REPORT_METRICS] / 2);
	report_want(&report, REPORT_METRICS, false);
	run_until_told(REPORT_METRICS, 2);
	assert_int_equal(told.packed[REPORT_METRICS], 0);
	assert_true(told.len[REPORT_METRICS] > 0);
	report_want(&report, REPORT_METRICS, true); /* nobody takes the plain form */
	run_until_told(REPORT_METRICS, 3);
	assert_true(told.packed[REPORT_METRICS] > 0);
	assert_int_equal(told.len[REPORT_METRICS], 0);
}

static atomic_bool unblocked;

static void on_block(uv_work_t *work)
{
	(void)work;
	for (int i = 0; !unblocked && i < TURNS_MAX; i++)
		usleep(500);
}

/* The only thread has something else to do for a while. */
static void test_one_at_a_time(void **state)
{
	const struct report_job *first;
	uv_work_t block;

	(void)state;
	unblocked = false;
	assert_int_equal(uv_queue_work(&loop, &block, on_block, NULL), 0);
	report_want(&report, REPORT_STATUS, false);
	first = report.job;
	report_want(&report, REPORT_HEALTH, false);
	for (int i = 0; i < 10; i++)
		turn(1);
	assert_false(uv_is_active((uv_handle_t *)&report.pause));
	assert_int_equal(told.n[REPORT_STATUS], 0);
	assert_ptr_equal(report.job, first);
	unblocked = true;
	run_until_told(REPORT_HEALTH, 1);
	assert_int_equal(told.n[REPORT_STATUS], 1);
}

static void test_asked_again_when_it_is_told(void **state)
{
	(void)state;
	told.ask_again = 3;
	report_want(&report, REPORT_HEALTH, false);
	run_until_told(REPORT_HEALTH, 4);
	assert_int_equal(told.n[REPORT_HEALTH], 4);
	for (int i = 0; i < 20; i++)
		turn(1);
	assert_int_equal(told.n[REPORT_HEALTH], 4);
}

/* A fold is followed by a pause that is twenty times as long. */
static void test_rests(void **state)
{
	(void)state;
	/* A fold looks at the wall clock once, for the moment that it is of. */
	own_clock_slow = 50;
	report_want(&report, REPORT_TRAFFIC, false);
	own_clock_slow = 0;
	assert_int_equal(uv_timer_get_due_in(&report.pause), 20 * 50);
	for (int i = 0; told.n[REPORT_TRAFFIC] == 0 && i < TURNS_MAX; i++)
		turn(0);
	report_want(&report, REPORT_HEALTH, false);
	assert_null(report.job);
	turn(20 * 50 - 1);
	assert_null(report.job);
	run_until_told(REPORT_HEALTH, 1); /* with a turn of 1 ms to begin with */
	assert_int_equal(told.n[REPORT_TRAFFIC], 1);
	assert_int_equal(told.at[REPORT_HEALTH] - told.at[REPORT_TRAFFIC], 50 + 20 * 50);
}

/* The pause leaves the loop time. It must not leave the clients without an answer. */
static void test_rests_not_too_long(void **state)
{
	(void)state;
	own_clock_slow = 3000;
	report_want(&report, REPORT_TRAFFIC, false);
	own_clock_slow = 0;
	assert_int_equal(uv_timer_get_due_in(&report.pause), EZLB_API_TIMEOUT_MS / 5);
	run_until_told(REPORT_TRAFFIC, 1);
	report_want(&report, REPORT_HEALTH, false);
	turn(EZLB_API_TIMEOUT_MS / 5);
	run_until_told(REPORT_HEALTH, 1);
}

/* On a busy machine the fold takes long, and yet little of the loop. */
static void test_rests_after_its_own_work_only(void **state)
{
	(void)state;
	own_clock_slow = 3000;
	own_clock_is_busy = true;
	report_want(&report, REPORT_TRAFFIC, false);
	own_clock_slow = 0;
	assert_int_equal(uv_timer_get_due_in(&report.pause), 0);
	run_until_told(REPORT_TRAFFIC, 1);
}

/* With a worker the thread also makes the memory that the worker maps. */
static void test_shared(void **state)
{
	(void)state;
	parts.sources.channel = (void *)&told;
	report_want(&report, REPORT_HEALTH, true);
	report_want(&report, REPORT_TRAFFIC, false);
	run_until_told(REPORT_TRAFFIC, 1);
	assert_true(told.shared[REPORT_HEALTH]);
	assert_false(told.shared[REPORT_TRAFFIC]);
	assert_int_equal(told.len[REPORT_HEALTH], 0);
	parts.sources.channel = NULL;
	report_want(&report, REPORT_HEALTH, true);
	run_until_told(REPORT_HEALTH, 2);
	assert_false(told.shared[REPORT_HEALTH]);
	assert_true(told.len[REPORT_HEALTH] > 0);
}

/* Ages stay right when somebody sets the wall clock, and times are by the clock as it is then. */
static void test_wall_clock_is_set(void **state)
{
	static const int64_t days = 3 * 24 * 3600 * 1000;
	/* Half a second is the noise of two clocks, and moves nothing. */
	const struct {
		int64_t step, moved;
	} rows[] = { { 0, 0 }, { -days, -days }, { days, days }, { -500, 0 }, { 0, 0 } };

	(void)state;
	ezlb_view_start(&rig.view, ezlb_steady_ms());
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		int64_t now = told.at[REPORT_STATUS], started = told.started[REPORT_STATUS];
		const struct ezlb_event *event;

		own_clock_wall += rows[i].step;
		report_want(&report, REPORT_STATUS, false);
		run_until_told(REPORT_STATUS, i + 1);
		if (i > 0) {
			assert_in_range(told.at[REPORT_STATUS] - now - rows[i].moved, 10000, 11000);
			/* 1 ms more or less: the two clocks are not read at the same time */
			assert_in_range(told.started[REPORT_STATUS] - started - rows[i].moved + 1,
					0, 2);
		}
		assert_in_range(told.at[REPORT_STATUS] - told.started[REPORT_STATUS], 10000 * i,
				10000 * i + 1000);
		rig.view.wall_shift_ms = ezlb_wall_shift_ms();
		ezlb_view_event(&rig.view, EZLB_EVENT_FIGHT_OVER, NULL, NULL, ezlb_steady_ms());
		event = ezlb_events_get(&rig.view.events, rig.view.events.last);
		assert_in_range(event->time_ms - told.at[REPORT_STATUS], 0, 1000);
		own_clock_ms += 10000;
	}
}

static void test_closed_while_one_is_made(void **state)
{
	(void)state;
	report_want(&report, REPORT_STATUS, false);
	assert_non_null(report.job);
	report_want(&report, REPORT_HEALTH, false);
	report_close(&report);
	run_to_the_end();
	assert_int_equal(told.n[REPORT_STATUS], 0);
	assert_int_equal(told.n[REPORT_HEALTH], 0);
}

/* The daemon is gone before the thread has come to its end: nothing of it may be touched. */
static void test_closed_and_what_it_tells_of_is_gone(void **state)
{
	(void)state;
	report_want(&report, REPORT_STATUS, false);
	report_close(&report);
	rig_close(&rig);
	memset(&rig, 0xaa, sizeof(rig));
	run_to_the_end();
	assert_int_equal(told.n[REPORT_STATUS], 0);
	rig_open(&rig);
	parts_open(&parts, &rig);
}

static void test_not_made_after_the_close(void **state)
{
	(void)state;
	report_close(&report);
	report_want(&report, REPORT_STATUS, false);
	assert_null(report.job);
	run_to_the_end();
	assert_int_equal(told.n[REPORT_STATUS], 0);
}

/* Who closes it when he is told of one kind is not told of the next. */
static void test_closed_when_it_is_told(void **state)
{
	(void)state;
	told.close_at_status = true;
	report_want(&report, REPORT_TRAFFIC, false);
	report_want(&report, REPORT_STATUS, false);
	report_want(&report, REPORT_METRICS, false);
	run_until_told(REPORT_STATUS, 1);
	run_to_the_end();
	assert_int_equal(told.n[REPORT_METRICS], 0);
}

#define ON_LOOP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_LOOP(test_each_kind),
		ON_LOOP(test_the_next_one_is_of_a_later_moment),
		ON_LOOP(test_packed),
		ON_LOOP(test_one_at_a_time),
		ON_LOOP(test_asked_again_when_it_is_told),
		ON_LOOP(test_rests),
		ON_LOOP(test_rests_not_too_long),
		ON_LOOP(test_rests_after_its_own_work_only),
		ON_LOOP(test_shared),
		ON_LOOP(test_wall_clock_is_set),
		ON_LOOP(test_closed_while_one_is_made),
		ON_LOOP(test_closed_and_what_it_tells_of_is_gone),
		ON_LOOP(test_not_made_after_the_close),
		ON_LOOP(test_closed_when_it_is_told),
	};

	setenv("UV_THREADPOOL_SIZE", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
