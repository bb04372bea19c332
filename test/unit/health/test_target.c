// SPDX-License-Identifier: GPL-2.0-or-later
/* When targets are probed, how many at once, and what is logged. */
#include "fixture.h"

static void stop_probing(struct fixture *fx)
{
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_DOWN);
	fx->rows.len = 0;
	set(fx);
	fx->reached = true;
}

static void test_never_two_at_once(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_health_row *row = add(fx, "web");
	uint64_t start_ms, ended;

	fx->server.mode = ANSWER_NEVER;
	row->check.fail_count = 2;
	start_ms = uv_now(&fx->loop);
	set(fx);
	for (int i = 0; i < 6; i++) {
		run_for(&fx->loop, INTERVAL_MS);
		/* On a busy machine this may take longer than the timeout of a probe. */
		ended = (uv_now(&fx->loop) - start_ms) / row->check.timeout_ms;
		assert_in_range(fx->health->here.running, ended ? 0 : 1, 1);
		assert_in_range(fx->server.accepted, 0, 1 + ended);
	}
	run_to_count(fx, ANSWER_NEVER, 1);

	row->check.timeout_ms = 8 * INTERVAL_MS;
	set(fx);
	fx->react = stop_probing;
	run_until(&fx->loop, &fx->reached);
	/* The server may be slow to see the requests of probes that have ended. */
	run_to_count(fx, ANSWER_NEVER, 3);
	run_for(&fx->loop, 10 * INTERVAL_MS);
	assert_int_equal(fx->server.answered[ANSWER_NEVER], 3);
}

static void test_hurry(void **state)
{
	struct fixture *fx = *state;

	stop(fx);
	start(fx, INTERVAL_MS);
	fx->server.mode = ANSWER_500;
	add(fx, "web")->check.interval_ms = 3600 * 1000;
	set(fx);
	run_to(fx, "web", EZLB_DOWN);
	assert_int_equal(fx->server.accepted, 3);
	/* With the verdict the hurry is over. */
	run_for(&fx->loop, 10 * INTERVAL_MS);
	assert_int_equal(fx->server.accepted, 3);
}

static void on_hold_up(uv_timer_t *timer)
{
	(void)timer;
	usleep(3 * HELD_UP_MS / 2 * 1000);
}

/* The time that a probe has does not begin before the probe, though the loop was held up. */
static void test_start_after_a_stall(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_health_row *row = add(fx, "web");
	uv_timer_t timer;

	fx->server.mode = ANSWER_LATE;
	row->check.timeout_ms = HELD_UP_MS;
	row->check.fail_count = 1;
	uv_timer_init(&fx->loop, &timer);
	uv_timer_start(&timer, on_hold_up, 0, 0);
	set(fx);
	run_to(fx, "web", EZLB_UP);
	assert_int_equal(fx->changes, 1);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&fx->loop, UV_RUN_NOWAIT);
}

#define MANY 2000

/* When each target is due next, in tenths of `window`. */
static void count_due(struct fixture *fx, uint64_t base, uint32_t window, unsigned tenth[10])
{
	struct ezlb_sub *sub, *next;

	memset(tenth, 0, 10 * sizeof(*tenth));
	HASH_ITER(hh, fx->health->subs, sub, next) {
		uv_timer_t *timer = &sub->key.target->timer;

		if (uv_is_active((uv_handle_t *)timer)) {
			uint64_t due = base + uv_timer_get_due_in(timer);

			tenth[due % window * 10 / window]++;
		}
	}
}

static void test_many_are_spread(void **state)
{
	struct fixture *fx = *state;
	unsigned tenth[10];

	for (uint32_t i = 0; i < MANY; i++) {
		struct ezlb_check *check = &add(fx, "web")->check;

		/* As many ways to probe the one backend. */
		check->type = EZLB_CHECK_TCP;
		check->interval_ms = 2000;
		check->timeout_ms += i;
	}
	set(fx);
	assert_int_equal(ezlb_health_unknown(fx->health), MANY);
	count_due(fx, 0, 1000, tenth);
	for (int i = 0; i < 10; i++)
		assert_in_range(tenth[i], MANY / 10, MANY / 10);

	run_to_known(fx);
	assert_int_equal(fx->changes, MANY);
	count_due(fx, uv_now(&fx->loop), 2000, tenth);
	for (int i = 0; i < 10; i++)
		assert_in_range(tenth[i], MANY / 10 - 20, MANY / 10 + 20);
}

/* The server may be slow to see the connections of probes that have ended. */
static void run_to_accepted(struct fixture *fx, int n)
{
	for (int i = 0; i < DEADLINE_MS && fx->server.accepted < n; i++)
		run_for(&fx->loop, 1);
}

/* Each has its turn although all ask for more than there is. */
static void test_few_at_once(void **state)
{
	struct fixture *fx = *state;

	restart_with_few(fx);
	for (uint32_t i = 0; i < 60; i++) {
		struct ezlb_check *check = &add(fx, "web")->check;

		check->timeout_ms = 50 + i;
		check->fail_count = 2;
	}
	set(fx);
	assert_int_equal(run_to_known(fx), 10);
	/* Queued ones can go, too. */
	fx->rows.len = 1;
	set(fx);
	run_to_accepted(fx, 2 * 60);
	assert_in_range(fx->server.accepted, 2 * 60, 3 * 60);
	assert_in_range(fx->health->here.running, 0, 1);
	assert_true(fx->health->here.queue == NULL || fx->health->here.queue->next == NULL);
}

/* The end of one probe is the start of the next in the queue. */
static void test_queue_moves_on(void **state)
{
	struct fixture *fx = *state;

	restart_with_few(fx);
	for (uint32_t i = 0; i < 30; i++) {
		struct ezlb_check *check = &add(fx, "web")->check;

		check->interval_ms = 3600 * 1000;
		check->timeout_ms = 400 + i;
		check->fail_count = 1;
	}
	set(fx);
	assert_int_equal(run_to_known(fx), 10);
	run_to_accepted(fx, 30);
	assert_int_equal(fx->server.accepted, 30);
}

/* Sends the log to a file and returns what stderr was. */
static int stderr_to(FILE *file)
{
	ezlb_log_setup(EZLB_INFO, EZLB_LOGFMT);
	int before = dup(STDERR_FILENO);

	assert_true(before >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	return before;
}

static void stderr_back(int before, FILE *file, char *text, size_t size)
{
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

static void test_log(void **state)
{
	struct fixture *fx = *state;
	FILE *file = tmpfile();
	char text[4096], down[256], up[256];
	int before = stderr_to(file);

	add(fx, "web");
	set(fx);
	run_to(fx, "web", EZLB_UP); /* at debug, so not to be seen */
	fx->server.mode = ANSWER_500;
	run_to(fx, "web", EZLB_DOWN);
	fx->server.mode = ANSWER_200;
	run_to(fx, "web", EZLB_UP);
	run_for(&fx->loop, 5 * INTERVAL_MS);
	stderr_back(before, file, text, sizeof(text));

	snprintf(down, sizeof(down),
		 "level=warn pkg=health msg=\"backend is down\" svc=web dst=127.0.0.1:%u "
		 "from=up to=down reason=http_status status=500 ms=",
		 fx->server.port);
	snprintf(up, sizeof(up),
		 "level=info pkg=health msg=\"backend is up\" svc=web dst=127.0.0.1:%u "
		 "from=down to=up reason=ok ms=",
		 fx->server.port);
	assert_non_null(strstr(text, down));
	assert_non_null(strstr(text, up));
	assert_int_equal(strchr(strchr(text, '\n') + 1, '\n')[1], '\0');
}

/* Without a descriptor to spare nothing is learnt, and nothing is forgotten. */
static void test_out_of_descriptors(void **state)
{
	struct fixture *fx = *state;
	uint16_t port;
	int listener = listen_on_loopback(1024, &port); /* whose connections nobody accepts */
	FILE *file = tmpfile();
	char text[4096];
	rlim_t limit;
	int before;

	add(fx, "web")->check.type = EZLB_CHECK_TCP;
	add(fx, "web2")->check.type = EZLB_CHECK_TCP;
	fx->rows.items[0].backend = fx->rows.items[1].backend = loopback(port);
	fx->rows.items[1].check.timeout_ms++;
	set(fx);
	run_to(fx, "web2", EZLB_UP);
	before = stderr_to(file);
	limit = fds_exhaust();
	run_for(&fx->loop, 10 * INTERVAL_MS);
	for (int i = 0; i < DEADLINE_MS && fx->health->local_errors <= 4; i++)
		run_for(&fx->loop, 1);
	assert_true(fx->health->local_errors > 4);
	fds_limit(limit);
	stderr_back(before, file, text, sizeof(text));
	assert_int_equal(fx->changes, 2);
	assert_int_equal(verdict(fx, "web", port), EZLB_UP);
	/* One line, whatever the number of probes. */
	assert_non_null(strstr(text, "level=warn pkg=health msg=\"cannot probe"));
	assert_non_null(strstr(text, "error=\"Too many open files\" probes=1\n"));
	assert_int_equal(strchr(text, '\n')[1], '\0');

	close(listener);
	run_to(fx, "web", EZLB_DOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_never_two_at_once),
		T(test_hurry),
		T(test_start_after_a_stall),
		T(test_many_are_spread),
		T(test_few_at_once),
		T(test_queue_moves_on),
		T(test_log),
		T(test_out_of_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
