// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <ezlb/datagram.h>
#include <ezlb/duration.h>

static int pair[2];

static int setup(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
}

static int teardown(void **state)
{
	(void)state;
	close(pair[0]);
	return pair[1] < 0 ? 0 : close(pair[1]);
}

static void say(const char *text)
{
	assert_int_equal(write(pair[1], text, strlen(text)), strlen(text));
}

static void test_one_after_the_other(void **state)
{
	char buf[16] = "";

	(void)state;
	say("first");
	say("second");
	assert_int_equal(ezlb_datagram_receive(pair[0], ezlb_now_ms() + 5000, buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "first", 5);
	assert_int_equal(ezlb_datagram_receive(pair[0], ezlb_now_ms() + 5000, buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "second", 6);
}

static void test_nothing_comes(void **state)
{
	char buf[16];

	(void)state;
	assert_int_equal(ezlb_datagram_receive(pair[0], ezlb_now_ms() + 20, buf, sizeof(buf)),
			 -ETIMEDOUT);
}

static void test_what_is_there_is_taken_past_the_deadline(void **state)
{
	char buf[16];

	(void)state;
	say("late");
	assert_int_equal(ezlb_datagram_receive(pair[0], 0, buf, sizeof(buf)), 4);
	assert_int_equal(ezlb_datagram_receive(pair[0], 0, buf, sizeof(buf)), -ETIMEDOUT);
}

static void test_larger_than_the_buffer(void **state)
{
	char buf[3];

	(void)state;
	say("four");
	assert_int_equal(ezlb_datagram_receive(pair[0], ezlb_now_ms() + 5000, buf, sizeof(buf)),
			 -EBADMSG);
}

static void test_the_end(void **state)
{
	char buf[3];

	(void)state;
	close(pair[1]);
	pair[1] = -1;
	assert_int_equal(ezlb_datagram_receive(pair[0], ezlb_now_ms() + 5000, buf, sizeof(buf)),
			 -EPIPE);
}

static void test_no_socket(void **state)
{
	char buf[3];

	(void)state;
	assert_true(ezlb_datagram_receive(-1, ezlb_now_ms() + 20, buf, sizeof(buf)) < 0);
}

static void answer(int signal)
{
	(void)signal;
	if (write(pair[1], "woken", 5) < 0)
		abort();
}

/* poll ends with EINTR, and is asked again. */
static void test_a_signal_does_not_end_the_wait(void **state)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
	struct sigaction action = { .sa_handler = answer };
	char buf[16];

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(ezlb_datagram_receive(pair[0], ezlb_now_ms() + 5000, buf, sizeof(buf)), 5);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_after_the_other),
		TEST(test_nothing_comes),
		TEST(test_what_is_there_is_taken_past_the_deadline),
		TEST(test_larger_than_the_buffer),
		TEST(test_the_end),
		TEST(test_no_socket),
		TEST(test_a_signal_does_not_end_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
