// SPDX-License-Identifier: GPL-2.0-or-later
/* A worker that is replaced on purpose: no client notices it. */
#include "raw_worker.h"

/* Nobody looks, so only answers count; and with looks, which bound everything. */
static const struct api_timing unhurried = { .connection = 5 * WAIT_MS,
					     .retry = 60,
					     .look = 5 * WAIT_MS };

static const char *const requests[] = { "GET /later HTTP/1.0\r\n\r\n",
					"GET /now HTTP/1.0\r\n\r\n" };
static unsigned readies;

static void on_ready(void *arg)
{
	assert_ptr_equal(arg, &readies);
	readies++;
}

static void pause_api(void)
{
	readies = 0;
	ezlb_api_pause(api, on_ready, &readies);
}

static int client(bool local, const char *request)
{
	int fd = dial(local);

	assert_true(put_on(fd, request, strlen(request)));
	return fd;
}

static void another_worker(const struct api_timing *timing)
{
	stop_worker();
	start_worker(timing);
}

/* Those that are there are answered before it, and those that come then after it. */
static void test_nobody_notices(void **state)
{
	int before[2], meanwhile[2];

	(void)state;
	open_api(&unhurried);
	for (int i = 0; i < 2; i++)
		before[i] = client(i == 0, requests[0]);
	RUN_UNTIL(seen.n_pending == 2);
	pause_api();
	for (int i = 0; i < 2; i++)
		meanwhile[i] = client(i == 0, requests[1]);
	want_rest();
	assert_int_equal(seen.calls, 2);
	assert_int_equal(api->clients.len, 2);

	reply(seen.pending[--seen.n_pending], 200, "text/plain", "x");
	RUN_UNTIL(api->clients.len == 1);
	run_ticks(20);
	assert_int_equal(readies, 0);
	reply(seen.pending[--seen.n_pending], 200, "text/plain", "x");
	RUN_UNTIL(readies > 0);
	want_rest();
	assert_int_equal(api->clients.len, 0);
	another_worker(&unhurried);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(finish_hearing(before[i]), 200);
		assert_int_equal(finish_hearing(meanwhile[i]), 200);
	}
	assert_int_equal(readies, 1);
	assert_int_equal(get(true, "/now"), 200);
}

/* A request that the worker has not read yet, too. */
static void test_half_a_request(void **state)
{
	int fd;

	(void)state;
	open_api(&unhurried);
	fd = client(false, "GET /now HTTP/1.0\r\n");
	RUN_UNTIL(worker->doors[1].n_open == 1);
	pause_api();
	run_ticks(20);
	assert_int_equal(readies, 0);
	assert_true(put_on(fd, "\r\n", 2));
	assert_int_equal(finish_hearing(fd), 200);
	RUN_UNTIL(readies == 1);
}

static void test_nobody_is_there(void **state)
{
	int fd;

	(void)state;
	open_api(&unhurried);
	pause_api();
	assert_int_equal(readies, 1);
	fd = client(true, requests[1]);
	want_rest();
	assert_int_equal(seen.calls, 0);
	another_worker(&unhurried);
	assert_int_equal(finish_hearing(fd), 200);
	assert_int_equal(readies, 1);
}

/* A client that sends nothing; and then a worker that is not replaced. */
static void test_nobody_waits_for_ever(void **state)
{
	int idle, fd;

	(void)state;
	open_api(&patient);
	idle = client(true, "");
	RUN_UNTIL(worker->doors[0].n_open == 1);
	pause_api();
	fd = client(true, requests[1]);
	RUN_UNTIL(readies == 1);
	assert_int_equal(api->pause.looks, 3);
	assert_true(api->pause.on);
	assert_int_equal(seen.calls, 0);
	assert_int_equal(finish_hearing(fd), 200);
	assert_int_equal(api->pause.looks, 10);
	assert_int_equal(readies, 1);
	close(idle);

	/* The next time it waits again. */
	RUN_UNTIL(api->clients.len == 0);
	idle = client(true, "");
	RUN_UNTIL(worker->doors[0].n_open == 1);
	pause_api();
	assert_int_equal(readies, 0);
	assert_int_equal(api->pause.looks, 0);
	RUN_UNTIL(readies == 1);
	close(idle);
}

/* A client whose request is with the daemon when the pause begins. */
static int client_in_flight(void)
{
	int fd;

	open_api(&unhurried);
	fd = client(true, requests[0]);
	RUN_UNTIL(seen.n_pending == 1);
	pause_api();
	return fd;
}

/* The worker ends before its clients are answered. */
static void test_it_ends_by_itself(void **state)
{
	int fd = client_in_flight();

	(void)state;
	stop_worker();
	assert_int_equal(finish_hearing(fd), 0);
	RUN_UNTIL(readies == 1);
	start_worker(&unhurried);
	assert_int_equal(get(true, "/now"), 200);
	assert_int_equal(readies, 1);
}

/* Whoever asks twice is told once, by the last one that asked. */
static void test_twice(void **state)
{
	int fd = client_in_flight();

	(void)state;
	pause_api();
	reply(seen.pending[--seen.n_pending], 200, "text/plain", "x");
	assert_int_equal(finish_hearing(fd), 200);
	RUN_UNTIL(readies > 0);
	run_ticks(20);
	assert_int_equal(readies, 1);
}

static void test_close(void **state)
{
	int fd = client_in_flight();

	(void)state;
	close_api();
	assert_int_equal(finish_hearing(fd), 0);
	assert_int_equal(readies, 0);
}

static void test_one_process(void **state)
{
	(void)state;
	two = false;
	open_api(&unhurried);
	pause_api();
	assert_int_equal(readies, 1);
	assert_int_equal(get(true, "/now"), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup_two, teardown)
		T(test_nobody_notices),
		T(test_half_a_request),
		T(test_nobody_is_there),
		T(test_nobody_waits_for_ever),
		T(test_it_ends_by_itself),
		T(test_twice),
		T(test_close),
		T(test_one_process),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
