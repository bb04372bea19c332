// SPDX-License-Identifier: GPL-2.0-or-later
#include "desk_rig.h"

#include <ezlb/duration.h>

#include "fake_counts.h"
#include "opencount.h"

#define DEADLINE_MS 60000

static uv_loop_t loop;
static uv_timer_t ticker; /* no wait on the loop is for ever */
static struct view_rig rig;
static struct desk_parts parts;
static struct opencount counter;
static struct {
	struct opencount_result last;
	size_t calls, answered;
	unsigned ask_again;
	bool close;
} told;

static void on_count(void *arg, const struct opencount_result *result, size_t n)
{
	assert_ptr_equal(arg, &told);
	told.last = *result;
	told.calls++;
	told.answered += n;
	if (told.ask_again > 0) {
		told.ask_again--;
		opencount_want(&counter);
	}
	if (told.close)
		opencount_close(&counter);
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static int setup(void **state)
{
	int rc = setup_top(state);

	memset(&told, 0, sizeof(told));
	uv_loop_init(&loop);
	uv_timer_init(&loop, &ticker);
	uv_timer_start(&ticker, on_tick, 1, 1);
	rig_open(&rig);
	parts_open(&parts, &rig);
	parts.options.dataplane = EZLB_DP_KERNEL;
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	opencount_open(&counter, &loop, &parts.sources, on_count, &told);
	return rc;
}

/* A handle that is left over is a failure. */
static int teardown(void **state)
{
	opencount_close(&counter);
	uv_close((uv_handle_t *)&ticker, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	rig_close(&rig);
	counts_clear();
	if (uv_loop_close(&loop) != 0)
		return -1;
	return teardown_top(state);
}

static void run_until_answered(size_t n)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;

	while (told.answered < n && ezlb_now_ms() < until)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(told.answered, n);
}

static void take(void)
{
	size_t before = told.answered;

	opencount_want(&counter);
	assert_int_equal(told.answered, before); /* never from within */
	run_until_answered(before + 1);
}

static void test_sums(void **state)
{
	(void)state;
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 2);
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.2:80", 3);
	counts_row(&counts.quick, "tcp 10.0.0.2:80", "10.1.0.1:80", 7);
	counts_row(&counts.quick, "tcp 10.0.0.3:80", "10.1.0.1:80", 0);
	take();
	assert_int_equal(told.last.active, 12);
	assert_int_equal(told.last.n, 2);
	assert_string_equal(told.last.most[0].name, "tcp 10.0.0.2:80"); /* no file has it */
	assert_int_equal(told.last.most[0].active, 7);
	assert_string_equal(told.last.most[1].name, "web");
	assert_int_equal(told.last.most[1].active, 5);
	assert_int_equal(counts.exact_calls, 0);
	assert_int_equal(counts.scope.len, 1);
}

/* The listeners of a service are one service. */
static void test_one_service(void **state)
{
	(void)state;
	rig_web(&rig, "listen: [10.0.0.1:80, 10.0.0.1:443]\n" NO_CHECK BACKENDS);
	rig_settle(&rig);
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 2);
	counts_row(&counts.quick, "tcp 10.0.0.1:443", "10.1.0.1:443", 3);
	take();
	assert_int_equal(told.last.n, 1);
	assert_string_equal(told.last.most[0].name, "web");
	assert_int_equal(told.last.most[0].active, 5);
	assert_int_equal(counts.scope.len, 2);
}

static void test_more_than_are_named(void **state)
{
	char service[32];

	(void)state;
	for (unsigned i = 1; i <= OPENCOUNT_MOST + 5; i++) {
		snprintf(service, sizeof(service), "tcp 10.0.1.%u:80", i);
		counts_row(&counts.quick, service, "10.1.0.1:80", i);
	}
	take();
	assert_int_equal(told.last.n, OPENCOUNT_MOST + 5);
	assert_int_equal(told.last.most[0].active, OPENCOUNT_MOST + 5);
	assert_int_equal(told.last.most[OPENCOUNT_MOST - 1].active, 6);
}

/* The quick way may have missed a service. The row of the service is no dest. */
static void test_none_is_asked_twice(void **state)
{
	(void)state;
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 0);
	counts_row(&counts.exact, "tcp 10.0.0.1:80", NULL, 4);
	counts_row(&counts.exact, "tcp 10.0.0.1:80", "10.1.0.1:80", 4);
	take();
	assert_int_equal(told.last.active, 4);
	assert_int_equal(counts.exact_calls, 1);
	EZLB_VEC_CLEAR(&counts.exact);
	take();
	assert_int_equal(told.last.active, 0);
	assert_int_equal(told.last.n, 0);
}

static void test_unknown(void **state)
{
	(void)state;
	counts.quick_rc = -EPERM;
	take();
	assert_int_equal(told.last.active, -1);
	assert_string_equal(told.last.err.msg, "no such luck");
	counts.quick_rc = 0;
	counts.exact_rc = -EIO;
	take();
	assert_int_equal(told.last.active, -1);
	assert_int_equal(told.last.err.code, EIO);
}

/* ip_vs is not loaded, no service is owned, or there is no kernel. */
static void test_nothing_to_count(void **state)
{
	(void)state;
	counts.quick_rc = -ENOENT;
	take();
	assert_int_equal(told.last.active, 0);
	assert_int_equal(counts.quick_calls, 1);
	parts.options.dataplane = EZLB_DP_MEMORY;
	take();
	assert_int_equal(told.last.active, 0);
	parts.options.dataplane = EZLB_DP_KERNEL;
	rig_files(&rig);
	rig_settle(&rig);
	take();
	assert_int_equal(told.last.active, 0);
	assert_int_equal(counts.quick_calls, 1);
}

/* --- with the sync daemon ------------------------------------------------------------------- */

/* Others have told of five more. */
static void test_only_own(void **state)
{
	(void)state;
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 7);
	counts_row(&counts.own, "tcp 10.0.0.1:80", NULL, 2);
	take();
	assert_int_equal(told.last.active, 7);
	assert_int_equal(counts.own_calls, 0);
	parts.options.sync_interface = "eth1";
	counts_row(&counts.own, "tcp 10.0.0.9:80", NULL, 4); /* of somebody else */
	counts_row(&counts.own, "udp 10.0.0.1:80", NULL, 4);
	take();
	assert_int_equal(told.last.active, 2);
	assert_int_equal(told.last.n, 1);
	assert_string_equal(told.last.most[0].name, "web");
	assert_int_equal(counts.own_calls, 1);
}

static void test_only_learned(void **state)
{
	(void)state;
	parts.options.sync_interface = "eth1";
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 7);
	take();
	assert_int_equal(told.last.active, 0);
	assert_int_equal(told.last.n, 0);
	assert_int_equal(counts.own_calls, 2); /* none is asked twice */
	/* The first read left one out. */
	counts.own_none = 3;
	counts_row(&counts.own, "tcp 10.0.0.1:80", NULL, 1);
	take();
	assert_int_equal(told.last.active, 1);
	assert_int_equal(counts.own_calls, 4);
}

/* Without any active connection nobody reads the table. */
static void test_no_table_for_none(void **state)
{
	(void)state;
	parts.options.sync_interface = "eth1";
	counts_row(&counts.own, "tcp 10.0.0.1:80", NULL, 1);
	take();
	assert_int_equal(told.last.active, 0);
	assert_int_equal(counts.own_calls, 0);
}

static void test_table_cannot_be_read(void **state)
{
	(void)state;
	parts.options.sync_interface = "eth1";
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 7);
	counts_row(&counts.own, "tcp 10.0.0.1:80", NULL, 2);
	counts.own_rc = -ETIMEDOUT;
	take();
	assert_int_equal(told.last.active, 7);
	assert_string_equal(told.last.most[0].name, "web");
}

/* The table has the port that a client used; marks are not in it. */
static void test_own_of_marks(void **state)
{
	(void)state;
	parts.options.sync_interface = "eth1";
	rig_file(&rig, "/d/mark.yaml", "fwmark: 7\n" NO_CHECK BACKENDS);
	rig_file(&rig, "/d/ports.yaml", "listen: 10.0.0.1:5000-5009\n" NO_CHECK BACKENDS);
	rig_files(&rig);
	rig_settle(&rig);
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 99);
	counts_row(&counts.own, "tcp 10.0.0.1:5000", NULL, 1);
	counts_row(&counts.own, "tcp 10.0.0.1:5009", NULL, 2);
	counts_row(&counts.own, "udp 10.0.0.1:5009", NULL, 4);
	counts_row(&counts.own, "tcp 10.0.0.1:5010", NULL, 8);
	counts_row(&counts.own, "tcp 10.0.0.2:5000", NULL, 16);
	counts_row(&counts.own, "tcp [fd00::1]:80", NULL, 32);
	take();
	assert_int_equal(told.last.n, 2);
	assert_string_equal(told.last.most[0].name, "mark");
	assert_int_equal(told.last.most[0].active, 28);
	assert_string_equal(told.last.most[1].name, "ports");
	assert_int_equal(told.last.most[1].active, 3);
}

/* "Some" is answered again for a while, and "none" never. */
static void test_table_is_read_rarely(void **state)
{
	(void)state;
	parts.options.sync_interface = "eth1";
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 7);
	counts_row(&counts.own, "tcp 10.0.0.1:80", NULL, 2);
	counts.own_takes_ms = 1;
	take();
	counter.rest_until_ms = ezlb_now_ms() + DEADLINE_MS;
	counts.own.items[0].active = 1;
	take();
	assert_int_equal(told.last.active, 2);
	assert_string_equal(told.last.most[0].name, "web");
	assert_int_equal(counts.own_calls, 1);
	counts.quick.items[0].active = 0; /* also those of others have ended */
	take();
	assert_int_equal(told.last.active, 0);
	counts.quick.items[0].active = 7;
	take();
	assert_int_equal(told.last.active, 1);
	assert_int_equal(counts.own_calls, 2);
	assert_true(counter.rest_until_ms > 0);
	counter.rest_until_ms = 0;
	counts.own.items[0].active = 0;
	take();
	assert_int_equal(told.last.active, 0);
	assert_int_equal(counter.rest_until_ms, 0);
}

/* Questions while one is answered get the next answer, all of them the same. */
static void test_who_comes_later(void **state)
{
	(void)state;
	opencount_want(&counter);
	opencount_want(&counter);
	opencount_want(&counter);
	run_until_answered(3);
	assert_int_equal(told.calls, 2);
	told.ask_again = 2;
	take();
	run_until_answered(6);
	assert_int_equal(told.calls, 5);
}

/* Who asks without end waits between two counts. */
static void test_rests(void **state)
{
	(void)state;
	opencount_want(&counter);
	assert_true(uv_is_active((uv_handle_t *)&counter.pause));
	run_until_answered(1);
	uv_timer_start(&counter.pause, counter.pause.timer_cb, 50, 0); /* a long one */
	opencount_want(&counter);
	assert_null(counter.job);
	assert_int_equal(counts.quick_calls, 1);
	run_until_answered(2);
}

static void test_closed(void **state)
{
	(void)state;
	opencount_want(&counter);
	opencount_close(&counter);
	opencount_want(&counter);
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(told.calls, 0);
}

static void test_closed_from_within(void **state)
{
	(void)state;
	told.close = true;
	opencount_want(&counter);
	opencount_want(&counter);
	run_until_answered(1);
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(told.calls, 1);
}

#define ON_LOOP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_LOOP(test_sums),
		ON_LOOP(test_one_service),
		ON_LOOP(test_more_than_are_named),
		ON_LOOP(test_none_is_asked_twice),
		ON_LOOP(test_unknown),
		ON_LOOP(test_nothing_to_count),
		ON_LOOP(test_only_own),
		ON_LOOP(test_only_learned),
		ON_LOOP(test_no_table_for_none),
		ON_LOOP(test_table_cannot_be_read),
		ON_LOOP(test_own_of_marks),
		ON_LOOP(test_table_is_read_rarely),
		ON_LOOP(test_who_comes_later),
		ON_LOOP(test_rests),
		ON_LOOP(test_closed),
		ON_LOOP(test_closed_from_within),
	};

	setenv("UV_THREADPOOL_SIZE", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
