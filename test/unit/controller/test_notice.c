// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * notice: on a loop, with a pair of sockets in the place of the kernel's. test_nft_watch.c has the
 * real one.
 */
#include "fixture.h"

#include <sys/socket.h>

#include <ezlb/snat.h>

#include "notice.h"

static int ours, open_rc;
static bool no_socket;
static unsigned notices, drains;

int ezlb_nft_watch_open(struct ezlb_err *err)
{
	int fds[2];

	if (open_rc)
		return ezlb_err_set(err, -open_rc, "no such luck");
	if (no_socket)
		return ours = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	ours = fds[1];
	return fds[0];
}

void ezlb_nft_watch_drain(int fd)
{
	char byte;

	drains++;
	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
		;
}

static void on_notice(void *arg)
{
	assert_ptr_equal(arg, &notices);
	notices++;
}

static int setup(void **state)
{
	(void)state;
	notices = drains = 0;
	open_rc = 0;
	ours = -1;
	return 0;
}

static void end_loop(uv_loop_t *loop)
{
	assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(loop), 0); /* no handle is left */
}

static void test_calls_once_for_all_that_came(void **state)
{
	struct notice notice = { .open = false };
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	notice_open(&notice, &loop, on_notice, &notices);
	assert_true(notice.open);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(notices, 0);
	for (unsigned i = 1; i < 3; i++) {
		for (int k = 0; k < 5; k++)
			assert_int_equal(write(ours, "x", 1), 1);
		uv_run(&loop, UV_RUN_NOWAIT);
		uv_run(&loop, UV_RUN_NOWAIT); /* it was drained */
		assert_int_equal(notices, i);
		assert_int_equal(drains, i);
	}
	notice_close(&notice);
	end_loop(&loop);
	close(ours);
}

static void test_closes_the_socket_and_is_silent(void **state)
{
	struct notice notice = { .open = false };
	uv_loop_t loop;
	int fd;

	(void)state;
	uv_loop_init(&loop);
	notice_open(&notice, &loop, on_notice, &notices);
	fd = notice.fd;
	assert_int_equal(write(ours, "x", 1), 1);
	notice_close(&notice);
	assert_false(notice.open);
	notice_close(&notice);				  /* twice is fine */
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC); /* the loop still knows it */
	end_loop(&loop);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(notices, 0);
	close(ours);
}

static void test_cannot_be_had(void **state)
{
	struct notice notice = { .open = false };
	struct capture capture;
	uv_loop_t loop;
	char *log;

	(void)state;
	uv_loop_init(&loop);
	open_rc = -EPERM;
	capture = capture_begin(STDERR_FILENO);
	notice_open(&notice, &loop, on_notice, &notices);
	log = capture_end(capture);
	assert_has(log, "level=warn ");
	assert_has(log, "a little later\" err=\"no such luck\"\n");
	free(log);
	assert_false(notice.open);
	notice_close(&notice);
	end_loop(&loop);
}

/* The loop cannot wait for this descriptor. */
static void test_cannot_be_waited_for(void **state)
{
	struct notice notice = { .open = false };
	struct capture capture;
	uv_loop_t loop;
	char *log;

	(void)state;
	uv_loop_init(&loop);
	no_socket = true;
	capture = capture_begin(STDERR_FILENO);
	notice_open(&notice, &loop, on_notice, &notices);
	log = capture_end(capture);
	no_socket = false;
	assert_has(log, "level=warn ");
	assert_has(log, "a little later\" err=\"cannot wait for them: Operation not permitted\"\n");
	free(log);
	assert_false(notice.open);
	assert_int_equal(fcntl(ours, F_GETFD), -1);
	notice_close(&notice);
	end_loop(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_calls_once_for_all_that_came, setup),
		cmocka_unit_test_setup(test_closes_the_socket_and_is_silent, setup),
		cmocka_unit_test_setup(test_cannot_be_had, setup),
		cmocka_unit_test_setup(test_cannot_be_waited_for, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
