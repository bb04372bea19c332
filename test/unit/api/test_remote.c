// SPDX-License-Identifier: GPL-2.0-or-later
/* Two processes: a worker that a stranger has taken over, is away, or ends. */
#include "raw_worker.h"

/* --- a worker that says what is wrong ------------------------------------------------------ */

static void unknown_request(void)
{
	say_request(77, "/now");
}

static void next_request(void)
{
	say_request(heard_by_worker.ids[0] + 1, "/now");
}

static void no_request(void)
{
	ezlb_channel_say(to_daemon, EZLB_RECORD_REQUEST, "x", 1);
}

static void request_of_the_longest(void)
{
	static const char bytes[EZLB_RECORD_MAX];

	ezlb_channel_say(to_daemon, EZLB_RECORD_REQUEST, bytes, sizeof(bytes));
}

static void two_requests(void)
{
	say_request(heard_by_worker.ids[0], "/later");
	say_request(heard_by_worker.ids[0], "/later");
}

static void request_after_its_reply(void)
{
	say_request(heard_by_worker.ids[0], "/now");
	say_request(heard_by_worker.ids[0], "/now");
}

static void request_after_the_end(void)
{
	say_gone(heard_by_worker.ids[0]);
	say_request(heard_by_worker.ids[0], "/now");
}

static void unknown_end(void)
{
	say_gone(77);
}

static void two_ends(void)
{
	say_gone(heard_by_worker.ids[0]);
	say_gone(heard_by_worker.ids[0]);
}

static void no_end(void)
{
	ezlb_channel_say(to_daemon, EZLB_RECORD_GONE, "", 0);
}

static void request_with_a_descriptor(void)
{
	struct records_question question = { .path = ezlb_strdup("/now") };
	struct ezlb_record record = { .kind = EZLB_RECORD_REQUEST, .fds = { dup(0) }, .n_fds = 1 };
	struct ezlb_text text = { 0 };

	records_put_request(heard_by_worker.ids[0], &question, &text);
	records_question_clear(&question);
	record.data = text.items;
	record.len = text.len;
	ezlb_channel_send(to_daemon, &record);
	EZLB_VEC_CLEAR(&text);
}

static void control_bytes(void)
{
	say_request(heard_by_worker.ids[0], "/\x1b[2J");
}

static const struct {
	void (*say)(void);
	unsigned calls; /* of the handler */
	const char *why;
} wrong[] = {
	{ unknown_request, 0, "a request of a client that is not there" },
	{ next_request, 0, "a request of a client that is not there" },
	{ no_request, 0, "a request of a wrong form" },
	{ request_of_the_longest, 0, "a request of a wrong form" },
	{ two_requests, 1, "a second request of one client" },
	{ request_after_its_reply, 1, "a second request of one client" },
	{ request_after_the_end, 0, "a request of a client that is not there" },
	{ unknown_end, 0, "it has ended a client that is not there" },
	{ two_ends, 0, "it has ended a client that is not there" },
	{ no_end, 0, "it has ended a client that is not there" },
	{ request_with_a_descriptor, 0, "a request of a wrong form" },
	{ control_bytes, 0, "a request of a wrong form" },
};

/* The worker is given up, what waited is orphaned, and the next worker serves. */
static void test_wrong_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		int fd;

		seen.calls = 0;
		lost[0] = '\0';
		is_closed = false;
		open_raw(&patient);
		raw_client(true, &fd);
		wrong[i].say();
		RUN_UNTIL(lost[0] != '\0');
		if (strcmp(lost, wrong[i].why) != 0 || seen.calls != wrong[i].calls)
			fail_msg("%zu: %s, %u calls", i, lost, seen.calls);
		assert_int_equal(finish_hearing(fd), 0);
		assert_int_equal(api->clients.len, 0);
		while (seen.n_pending > 0)
			reply(seen.pending[--seen.n_pending], 200, "text/plain", "nobody hears\n");
		stop_worker();
		start_worker(&patient);
		assert_int_equal(get(true, "/now"), 200);
		close_api();
	}
}

/* Which door a client came by is what the daemon knows, and not what the worker says. */
static void test_local_is_what_the_daemon_says(void **state)
{
	int tcp, local;
	uint64_t ids[2];

	(void)state;
	open_raw(&patient);
	ids[0] = raw_client(false, &tcp);
	ids[1] = raw_client(true, &local);
	say_request(ids[0], "/now");
	RUN_UNTIL(seen.calls == 1);
	assert_false(seen.is_local);
	say_request(ids[1], "/now");
	RUN_UNTIL(seen.calls == 2);
	assert_true(seen.is_local);
	RUN_UNTIL(heard_by_worker.replies == 2);
	assert_int_equal(heard_by_worker.reply.id, ids[1]);
	assert_string_equal(lost, "");
	close(tcp);
	close(local);
}

/* A door has so many clients, so it has no more requests. */
static void test_more_requests_than_places(void **state)
{
	static int fds[EZLB_API_CONNECTIONS + 1];

	(void)state;
	open_raw(&patient);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		uint64_t id = raw_client(true, &fds[i]);

		assert_string_equal(lost, "");
		say_request(id, "/later");
	}
	RUN_UNTIL(lost[0] != '\0');
	assert_string_equal(lost, "more requests than a door has clients");
	assert_int_equal(seen.n_pending, EZLB_API_CONNECTIONS);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
}

/* It keeps all its clients: no more come to it. */
static void test_worker_that_keeps_all(void **state)
{
	static int fds[3 * EZLB_API_CONNECTIONS];

	(void)state;
	open_raw(&patient);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = dial(true);
	RUN_UNTIL(heard_by_worker.n == 2 * EZLB_API_CONNECTIONS);
	want_rest();
	assert_int_equal(heard_by_worker.n, 2 * EZLB_API_CONNECTIONS);
	say_gone(heard_by_worker.ids[5]);
	RUN_UNTIL(heard_by_worker.n == 2 * EZLB_API_CONNECTIONS + 1);
	assert_string_equal(lost, "");
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
}

/* It neither answers a client nor ends it: after a while it is given up. */
static void test_worker_that_ends_nothing(void **state)
{
	int fd;

	(void)state;
	open_raw(&quick);
	raw_client(true, &fd);
	RUN_UNTIL(lost[0] != '\0');
	assert_string_equal(lost, "it does not end its clients");
	close(fd);
}

/* The client has left, so nobody gets the reply. */
static void test_gone_before_the_reply(void **state)
{
	uint64_t id;
	int fd;

	(void)state;
	open_raw(&patient);
	id = raw_client(true, &fd);
	say_request(id, "/later");
	RUN_UNTIL(seen.n_pending == 1);
	say_gone(id);
	RUN_UNTIL(api->clients.len == 0);
	assert_string_equal(ezlb_api_path(seen.pending[0]), "/later");
	reply(seen.pending[--seen.n_pending], 200, "text/plain", "x");
	run_ticks(20);
	assert_int_equal(heard_by_worker.replies, 0);
	assert_string_equal(lost, "");
	close(fd);
}

/* --- a worker that is away, or ends -------------------------------------------------------- */

static void test_clients_wait_for_a_worker(void **state)
{
	const char *request = "GET /now HTTP/1.0\r\n\r\n";
	int fds[2];

	(void)state;
	open_api(&quick);
	stop_worker();
	RUN_UNTIL(lost[0] != '\0');
	for (int i = 0; i < 2; i++) {
		fds[i] = dial(i == 0);
		assert_true(put_on(fds[i], request, strlen(request)));
	}
	want_rest();
	run_ticks(quick.connection + 100); /* their time begins when they are accepted */
	start_worker(&quick);
	for (int i = 0; i < 2; i++)
		assert_int_equal(finish_hearing(fds[i]), 200);
}

/* Their connections end with it; the handler may answer all the same. */
static void test_worker_ends_in_the_middle(void **state)
{
	static const char *const requests[] = { "", "GET /later HTTP/1.0\r\n\r\n",
						"GET /big HTTP/1.0\r\n\r\n" };
	size_t fds_then;
	int fds[6];

	(void)state;
	open_api(&patient);
	fds_then = count_fds();
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT_OF(fds); i++) {
			fds[i] = dial(i % 2);
			put_on(fds[i], requests[i / 2], strlen(requests[i / 2]));
		}
		RUN_UNTIL(seen.n_pending == 2);
		stop_worker();
		for (size_t i = 0; i < COUNT_OF(fds); i++) {
			int status = finish_hearing(fds[i]);

			assert_true(status == 0 || i >= 4); /* a part of the big one may be there */
		}
		RUN_UNTIL(api->clients.len == 0);
		while (seen.n_pending > 0)
			reply(seen.pending[--seen.n_pending], 200, "text/plain", "late\n");
		start_worker(&patient);
		assert_int_equal(get(true, "/now"), 200);
	}
	RUN_UNTIL(api->clients.len == 0);
	/* The document has one file, which stays. */
	assert_int_equal(count_fds(), fds_then + 1);
}

/* Nobody can answer: the worker does not let its clients wait. */
static void test_daemon_ends_in_the_middle(void **state)
{
	const char *request = "GET /later HTTP/1.0\r\n\r\n";
	int fds[2];

	(void)state;
	open_api(&patient);
	fds[0] = dial(true);
	fds[1] = dial(false);
	assert_true(put_on(fds[0], request, strlen(request)));
	RUN_UNTIL(seen.n_pending == 1 && worker->doors[1].n_open == 1);
	ezlb_api_close(api, on_closed, &is_closed);
	api = NULL;
	ezlb_channel_close(to_worker);
	to_worker = NULL;
	assert_int_equal(finish_hearing(fds[0]), 0);
	assert_int_equal(finish_hearing(fds[1]), 0);
	RUN_UNTIL(TAILQ_EMPTY(&worker->doors[0].conns) && TAILQ_EMPTY(&worker->doors[1].conns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup_two, teardown)
		T(test_wrong_records),
		T(test_local_is_what_the_daemon_says),
		T(test_more_requests_than_places),
		T(test_worker_that_keeps_all),
		T(test_worker_that_ends_nothing),
		T(test_gone_before_the_reply),
		T(test_clients_wait_for_a_worker),
		T(test_worker_ends_in_the_middle),
		T(test_daemon_ends_in_the_middle),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
