// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients that are slow, many, big or mad. */
#include "harness.h"

#define FLOOD 200

static int flood[FLOOD];

static void drop_flood(void)
{
	for (size_t i = 0; i < FLOOD; i++)
		close(flood[i]);
}

static size_t n_conns(const struct door *door)
{
	const struct conn *conn;
	size_t n = 0;

	for (conn = TAILQ_FIRST(&door->conns); conn; conn = TAILQ_NEXT(conn, link))
		n++;
	return n;
}

static unsigned ticks_of_get(bool local)
{
	unsigned begin = ticks;

	assert_int_equal(get(local, "/now"), 200);
	return ticks - begin;
}

static void test_idle_flood(void **state)
{
	(void)state;
	open_api(&patient);
	for (int local = 0; local < 2; local++) {
		size_t fds = count_fds();

		for (size_t i = 0; i < FLOOD; i++)
			flood[i] = dial(local);
		assert_true(ticks_of_get(local) < 1000);
		run_ticks(20);
		assert_true(ticks_of_get(local) < 1000);
		assert_int_equal(n_conns(door_at(!local)), EZLB_API_CONNECTIONS - 1);
		assert_true(count_fds() <= fds + FLOOD + EZLB_API_CONNECTIONS);
		drop_flood();
		RUN_UNTIL(n_conns(door_at(!local)) == 0);
	}
}

/* Nobody on one door pushes out who is on the other. */
static void test_doors_do_not_share_places(void **state)
{
	int fd;

	(void)state;
	open_api(&patient);
	fd = dial(true);
	RUN_UNTIL(n_conns(door_at(0)) == 1);
	for (size_t i = 0; i < FLOOD; i++)
		flood[i] = dial(false);
	assert_true(ticks_of_get(false) < 1000);
	assert_true(put_on(fd, "GET /now HTTP/1.0\r\n\r\n", 21));
	assert_int_equal(finish_hearing(fd), 200);
	drop_flood();
}

/* Those with a whole request keep their places against those without. */
static void test_idle_ones_go_first(void **state)
{
	const char *request = "GET /later HTTP/1.0\r\n\r\n";
	int fd;

	(void)state;
	open_api(&patient);
	fd = dial(true);
	assert_true(put_on(fd, request, strlen(request)));
	RUN_UNTIL(seen.n_pending == 1);
	for (size_t i = 0; i < FLOOD; i++)
		flood[i] = dial(true);
	assert_true(ticks_of_get(true) < 1000);
	reply(seen.pending[--seen.n_pending], 200, "text/plain", "late\n");
	assert_int_equal(finish_hearing(fd), 200);
	drop_flood();
}

/* Whole requests, and then they do not read the answer, or wait for one. */
static void test_flood_of_whole_requests(void **state)
{
	static const char *const requests[] = { "GET /big HTTP/1.0\r\n\r\n",
						"GET /later HTTP/1.0\r\n\r\n" };

	(void)state;
	open_api(&patient);
	for (size_t k = 0; k < COUNT_OF(requests); k++) {
		for (size_t i = 0; i < FLOOD; i++) {
			flood[i] = dial(true);
			put_on(flood[i], requests[k], strlen(requests[k]));
		}
		assert_true(ticks_of_get(true) < 1000);
		assert_true(n_conns(door_at(0)) <= EZLB_API_CONNECTIONS);
		drop_flood();
	}
	assert_int_equal(seen.n_pending, FLOOD);
}

static void test_drip_ends_at_the_deadline(void **state)
{
	unsigned begin = ticks;
	uint64_t start;
	int fds[2];
	bool gone[2] = { false, false };

	(void)state;
	open_api(&quick);
	start = ezlb_now_ms();
	fds[0] = dial(true);
	fds[1] = dial(false);
	assert_true(put_on(fds[0], "GET /now HTTP/1.1\r\nX: ", 22));
	assert_true(put_on(fds[1], "POST /now HTTP/1.0\r\nContent-Length: 4000\r\n\r\n", 44));
	while (!(gone[0] && gone[1]) && ezlb_now_ms() < start + WAIT_MS) {
		for (int i = 0; i < 2; i++) {
			n_heard = 0;
			if (!gone[i] && (send(fds[i], "x", 1, MSG_NOSIGNAL) < 0 || hear(fds[i])))
				gone[i] = true;
		}
		run_ticks(10);
	}
	assert_true(gone[0] && gone[1]);
	if (ezlb_now_ms() - start < quick.connection || ticks - begin > quick.connection + 500)
		fail_msg("gone after %u ms", (unsigned)(ezlb_now_ms() - start));
	assert_int_equal(seen.calls, 0);
	close(fds[0]);
	close(fds[1]);
}

/* Who reads nothing of its answer, and who sends nothing at all. */
static void test_deadline_of_the_others(void **state)
{
	const char *request = "GET /big HTTP/1.0\r\n\r\n";
	unsigned begin = ticks;
	int fds[4];
	uint64_t start;

	(void)state;
	open_api(&quick);
	start = ezlb_now_ms();
	for (int i = 0; i < 4; i++)
		fds[i] = dial(i % 2);
	for (int i = 0; i < 2; i++)
		assert_true(put_on(fds[i], request, strlen(request)));
	RUN_UNTIL(n_conns(door_at(0)) == 2 && n_conns(door_at(1)) == 2);
	RUN_UNTIL(n_conns(door_at(0)) == 0 && n_conns(door_at(1)) == 0);
	assert_true(ezlb_now_ms() - start >= quick.connection);
	assert_true(ticks - begin < quick.connection + 500);
	/* And one that comes later has its own time. */
	assert_int_equal(get(true, "/now"), 200);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void test_each_has_its_own_time(void **state)
{
	uint64_t started[3];
	unsigned began[3];
	int fds[3];

	(void)state;
	open_api(&quick);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		started[i] = ezlb_now_ms();
		began[i] = ticks;
		fds[i] = dial(true);
		run_ticks(100);
	}
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		assert_int_equal(finish_hearing(fds[i]), 0);
		assert_true(ezlb_now_ms() - started[i] >= quick.connection);
		assert_true(ticks - began[i] < quick.connection + 500);
	}
}

/* One header of `len` bytes. */
static int ask_with_header(size_t len)
{
	char *request = ezlb_calloc(1, len + 64);
	int n = sprintf(request, "GET /page HTTP/1.1\r\nHost: h\r\nX: ");
	int fd = dial(true);

	memset(request + n, 'x', len);
	memcpy(request + n + len, "\r\n\r\n", 4);
	put_on(fd, request, (size_t)n + len + 4);
	free(request);
	return finish_hearing(fd);
}

static void test_headers(void **state)
{
	static const size_t refused[] = { 12 << 10, 64 << 10, 1 << 20 };
	unsigned begin;

	(void)state;
	open_api(&patient);
	assert_int_equal(ask_with_header(4 << 10), 200);
	assert_int_equal(ask_with_header(8000), 200);
	begin = ticks;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		int status = ask_with_header(refused[i]);

		if (status != 0 && status != 431 && status != 413)
			fail_msg("%zu bytes: %d", refused[i], status);
	}
	assert_true(ticks - begin < 1000);
	assert_int_equal(get(true, "/now"), 200);
}

static void test_garbage(void **state)
{
	static const char *const garbage[] = {
		"\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET /now\r\n\r\n",
		"GET /now HTTP/9.9\r\n\r\n",
		"GET /now HTTP/1.1\r\nno colon\r\n\r\n",
		"GET /now HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
		"POST /now HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
	};
	static char noise[1 << 16];

	(void)state;
	open_api(&quick);
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(1 + i * 7919 % 255);
	for (size_t i = 0; i < COUNT_OF(garbage); i++) {
		int status = ask(true, garbage[i]);

		if (status != 0 && (status < 400 || status > 505))
			fail_msg("%zu: %d", i, status);
	}
	for (int i = 0; i < 2; i++) {
		int fd = dial(i);

		put_on(fd, noise, sizeof(noise));
		finish_hearing(fd);
	}
	assert_int_equal(seen.calls, 0);
	assert_int_equal(get(true, "/now"), 200);
	assert_int_equal(log_count("pkg=api"), 0);
	ezlb_log_set_level(EZLB_DEBUG);
	ask_with_header(64 << 10);
	ezlb_log_set_level(EZLB_INFO);
	assert_true(log_count("level=debug pkg=api") > 0);
}

/* The rest of what is sent behind one request is not a second one. */
static void test_pipeline(void **state)
{
	(void)state;
	open_api(&patient);
	assert_int_equal(ask(true, "GET /now HTTP/1.1\r\nHost: h\r\n\r\n"
				   "GET /now HTTP/1.1\r\nHost: h\r\n\r\n"),
			 200);
	assert_int_equal(seen.calls, 1);
	assert_string_equal(body_of_answer(), "now\n");
}

/* Of this thread: what others do on the same core does not count. */
static uint64_t cpu_ns(void)
{
	struct timespec used;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), 0);
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

/* A reader that takes a little at a time gets all of it, and the loop turns on meanwhile. */
static void test_big_answer(void **state)
{
	const char *request = "GET /big HTTP/1.0\r\n\r\n";
	uint64_t longest = 0;
	size_t total = 0;

	(void)state;
	open_api(&patient);
	for (int local = 0; local < 2; local++) {
		int fd = dial(local);
		bool end = false;

		assert_true(put_on(fd, request, strlen(request)));
		ticks = 0;
		for (total = 0; !end;) {
			uint64_t start = cpu_ns(), used;

			turn();
			used = cpu_ns() - start;
			longest = used > longest ? used : longest;
			n_heard = 0;
			end = hear(fd);
			total += n_heard;
		}
		assert_true(total > BIG_SIZE && total < BIG_SIZE + 1000);
		assert_true(ticks >= 10);
		close(fd);
	}
	if (longest > 250 * UINT64_C(1000000))
		fail_msg("one turn took %u ms", (unsigned)(longest / 1000000));
}

/* Whatever clients do not do costs nothing. */
static void test_rest(void **state)
{
	static const char *const requests[] = { "", "GET /n", "GET /later HTTP/1.0\r\n\r\n",
						"GET /big HTTP/1.0\r\n\r\n" };
	int fds[2 * COUNT_OF(requests)];

	(void)state;
	open_api(&patient);
	want_rest();
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		const char *request = requests[i / 2];

		fds[i] = dial(i % 2);
		assert_true(put_on(fds[i], request, strlen(request)));
		want_rest();
	}
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
	want_rest();
}

/* A descriptor that MHD cannot watch, as when the kernel has no memory for it. */
static void test_connection_that_mhd_refuses(void **state)
{
	const struct sockaddr_storage addr = { .ss_family = AF_UNIX };

	(void)state;
	open_api(&patient);
	for (int i = 0; i < 2; i++) {
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

		assert_true(fd >= 0);
		conn_start(&api->doors[i], fd, &addr, sizeof(sa_family_t));
		assert_int_equal(fcntl(fd, F_GETFD), -1);
		assert_int_equal(n_conns(&api->doors[i]), 0);
		assert_int_equal(api->doors[i].n_open, 0);
	}
	assert_int_equal(get(true, "/now"), 200);
}

/* More in one turn of the loop than MHD takes at all. */
static void test_more_than_mhd_takes(void **state)
{
	const struct sockaddr_storage addr = { .ss_family = AF_UNIX };
	int ends[300][2];

	(void)state;
	open_api(&patient);
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		assert_int_equal(
			socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends[i]),
			0);
		conn_start(&api->doors[0], ends[i][0], &addr, sizeof(sa_family_t));
	}
	assert_true(n_conns(&api->doors[0]) < COUNT_OF(ends));
	assert_true(api->doors[0].n_open <= EZLB_API_CONNECTIONS);
	assert_int_equal(get(true, "/now"), 200);
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		close(ends[i][1]);
	RUN_UNTIL(n_conns(&api->doors[0]) == 0);
}

static void test_client_resets_in_the_middle(void **state)
{
	const char *request = "GET /big HTTP/1.0\r\n\r\n";

	(void)state;
	open_api(&patient);
	for (int i = 0; i < 20; i++) {
		const struct linger linger = { .l_onoff = 1 };
		int fd = dial(i % 2);

		put_on(fd, request, strlen(request) - (i % 3 == 0));
		run_ticks(2);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		close(fd);
	}
	RUN_UNTIL(n_conns(door_at(0)) == 0 && n_conns(door_at(1)) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_idle_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_doors_do_not_share_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idle_ones_go_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood_of_whole_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drip_ends_at_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deadline_of_the_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_has_its_own_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pipeline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_big_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client_resets_in_the_middle, setup, teardown),
	};
	const struct CMUnitTest alone[] = {
		cmocka_unit_test_setup_teardown(test_connection_that_mhd_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_than_mhd_takes, setup, teardown),
	};
	int failed = RUN_BOTH_WAYS(tests);

	two = false;
	return failed + cmocka_run_group_tests(alone, NULL, NULL);
}
