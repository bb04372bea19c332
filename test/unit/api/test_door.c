// SPDX-License-Identifier: GPL-2.0-or-later
/* Doors that cannot be opened, or do not stay open. */
#include "harness.h"

static int listen_on(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", top, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* From here on nobody gets more than `room` new descriptors; returns the limit that was. */
static rlim_t fds_leave(rlim_t room)
{
	struct rlimit limit;
	rlim_t before;
	int lowest = dup(0);

	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)lowest + room;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void fds_limit(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_normal_start_is_silent(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	open_api(&patient);
	assert_int_equal(stat(at("admin.sock").s, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	assert_int_equal(get(true, "/now"), 200);
	assert_int_equal(get(false, "/now"), 200);
	run_ticks(100);
	close_api();
	assert_int_equal(access(at("admin.sock").s, F_OK), -1);
	fd = dial_tcp();
	assert_true(fd < 0 || finish_hearing(fd) == 0);
	assert_int_equal(log_count("pkg=api"), 0);
}

static void test_stale_file(void **state)
{
	(void)state;
	close(listen_on("admin.sock"));
	open_api(&patient);
	assert_int_equal(get(true, "/now"), 200);
	assert_int_equal(log_count("pkg=api"), 0);
}

static void test_file_is_removed(void **state)
{
	int kept;

	(void)state;
	open_api(&patient);
	kept = dial(true);
	RUN_UNTIL(door_at(0)->n_open == 1);
	assert_int_equal(unlink(at("admin.sock").s), 0);
	RUN_UNTIL(access(at("admin.sock").s, F_OK) == 0);
	assert_int_equal(get(true, "/now"), 200);
	assert_true(put_on(kept, "GET /now HTTP/1.0\r\n\r\n", 21));
	assert_int_equal(finish_hearing(kept), 200);
	assert_int_equal(log_count("level=warn"), 1);
	assert_int_equal(log_count("removed the socket file"), 1);
	assert_int_equal(log_count("the admin interface is open"), 1);
	assert_int_equal(log_count("pkg=api"), 2);
}

static void test_somebody_takes_the_path(void **state)
{
	int other;

	(void)state;
	open_api(&patient);
	assert_int_equal(unlink(at("admin.sock").s), 0);
	other = listen_on("admin.sock");
	RUN_UNTIL(!api->doors[0].listens);
	run_ticks(200);
	assert_false(api->doors[0].listens);
	assert_int_equal(log_count("removed the socket file"), 1);
	assert_int_equal(log_count("another process listens there"), 1);
	assert_int_equal(get(false, "/now"), 200);
	close(other);
	assert_int_equal(get(true, "/now"), 200);
	assert_int_equal(log_count("level=info"), 1);
	assert_int_equal(log_count("pkg=api"), 3);
}

static void test_somebody_keeps_the_path(void **state)
{
	int other = listen_on("admin.sock");

	(void)state;
	open_api(&patient);
	run_ticks(150);
	assert_int_equal(log_count("another process listens there"), 1);
	close_api();
	assert_int_equal(access(at("admin.sock").s, F_OK), 0);
	close(other);
}

static void test_directory_comes_later(void **state)
{
	struct text path = at("later/admin.sock");
	const struct ezlb_api_options options = {
		.socket_path = path.s,
		.on_request = on_request,
		.arg = &seen,
	};

	(void)state;
	api_open_timed(&loop, &options, &patient, &api);
	run_ticks(150);
	assert_int_equal(log_count("level=warn"), 1);
	assert_int_equal(log_count("cannot open the directory"), 1);
	make_dir("later");
	RUN_UNTIL(access(path.s, F_OK) == 0);
	assert_int_equal(log_count("level=info"), 1);
	assert_int_equal(log_count("pkg=api"), 2);
}

static void test_tcp_in_use_then_free(void **state)
{
	struct ezlb_endpoint address = loopback(tcp_port);
	struct listener other;

	(void)state;
	assert_int_equal(listener_open_tcp(&address, &other, NULL), 0);
	open_api(&patient);
	run_ticks(150);
	assert_int_equal(log_count("choose another --admin-address"), 1);
	assert_int_equal(get(true, "/now"), 200);
	listener_close(&other, NULL);
	RUN_UNTIL(api->doors[1].listens);
	assert_int_equal(get(false, "/now"), 200);
	assert_int_equal(log_count("address=127.0.0.1:"), 2);
	assert_int_equal(log_count("pkg=api"), 2);
}

/* Looking is cheap, trying is not: it has a pace of its own. */
static void test_retry_takes_its_time(void **state)
{
	const struct api_timing timing = { .connection = 20000, .retry = 300, .look = 10 };
	uint64_t start = ezlb_now_ms();
	unsigned begin = ticks;
	int other = listen_on("admin.sock");

	(void)state;
	open_api(&timing);
	close(other);
	RUN_UNTIL(api->doors[0].listens);
	assert_true(ezlb_now_ms() - start >= timing.retry);
	assert_true(ticks - begin < timing.retry + 500);
}

/* As after "ss -K": it is opened anew. */
static void test_socket_stops_to_listen(void **state)
{
	(void)state;
	open_api(&patient);
	shutdown(api->doors[1].listener.fd, SHUT_RDWR);
	run_ticks(50);
	assert_int_equal(get(false, "/now"), 200);
	assert_int_equal(log_count("does not listen any more"), 1);
	assert_int_equal(log_count("pkg=api"), 2);
}

static void test_no_descriptor_for_a_client(void **state)
{
	rlim_t before;
	int fd;

	(void)state;
	open_api(&patient);
	before = fds_leave(1);
	fd = dial(true);
	assert_true(put_on(fd, "GET /now HTTP/1.0\r\n\r\n", 21));
	want_rest();
	assert_int_equal(log_count("cannot accept a client"), 1);
	fds_limit(before);
	assert_int_equal(finish_hearing(fd), 200);
	assert_int_equal(log_count("pkg=api"), 1);
}

/* With 0 and 1 left there is no HTTP server, with a few more no socket. */
static void test_no_descriptor_at_the_start(void **state)
{
	(void)state;
	for (rlim_t room = 0; room < 5; room++) {
		rlim_t before = fds_leave(room);

		is_closed = false;
		open_api(&patient);
		run_ticks(80);
		fds_limit(before);
		assert_int_equal(get(true, "/now"), 200);
		assert_int_equal(get(false, "/now"), 200);
		close_api();
		assert_true(log_count("trying again") <= 2 * ((int)room + 1));
	}
	assert_true(log_count("cannot start the HTTP server") > 0);
	assert_true(log_count("cannot create a socket") > 0);
}

static void test_close_while_shut(void **state)
{
	(void)state;
	open_api(&patient);
	/* Again, because it can be shut and open again within one turn. */
	while (api->doors[0].listens) {
		(void)unlink(at("admin.sock").s);
		uv_run(&loop, UV_RUN_ONCE);
	}
	close_api();
	assert_int_equal(access(at("admin.sock").s, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_normal_start_is_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_is_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_somebody_takes_the_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_somebody_keeps_the_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp_in_use_then_free, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry_takes_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_socket_stops_to_listen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_while_shut, setup, teardown),
	};

	const struct CMUnitTest alone[] = {
		cmocka_unit_test_setup_teardown(test_no_descriptor_at_the_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directory_comes_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptor_for_a_client, setup, teardown),
	};
	int failed = RUN_BOTH_WAYS(tests);

	two = false;
	return failed + cmocka_run_group_tests(alone, NULL, NULL);
}
