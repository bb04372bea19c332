// SPDX-License-Identifier: GPL-2.0-or-later
#include "desk_rig.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <ezlb/duration.h>

#include "fake_counts.h"
#include "leaving.h"
#include "own_clock.h"

#define TURNS_MAX 20000 /* of half a ms or more: only what is broken takes so many */

static uv_loop_t loop;
static struct view_rig rig;
static struct desk_parts parts;
static struct manager manager;
static struct leaving leaving;
static struct capture capture;
static unsigned over;
static uint64_t began;
static int manager_fd;

static void on_over(void *arg)
{
	assert_ptr_equal(arg, &over);
	over++;
}

/* The service manager. */
static void listen_at(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	manager_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(ezlb_strcpy(addr.sun_path, sizeof(addr.sun_path), at(name).s));
	assert_int_equal(bind(manager_fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", at(name).s, 1);
}

static const char *heard(void)
{
	static char text[1024];
	ssize_t n = recv(manager_fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int setup(void **state)
{
	int rc = setup_top(state);

	over = 0;
	rig_open(&rig);
	parts_open(&parts, &rig);
	parts.options.dataplane = EZLB_DP_KERNEL;
	parts.options.drain_on_exit_ms = 60000;
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	own_clock_start();
	uv_loop_init(&loop);
	listen_at("notify");
	manager_open(&manager, &loop);
	leaving = (struct leaving){
		.from = &parts.sources, .manager = &manager, .over = on_over, .arg = &over
	};
	leaving_init(&leaving, &loop);
	capture = capture_begin(STDERR_FILENO);
	return rc;
}

/* A handle that is left over is a failure. */
static int teardown(void **state)
{
	leaving_close(&leaving);
	manager_close(&manager);
	own_clock_stop();
	uv_run(&loop, UV_RUN_DEFAULT);
	unsetenv("NOTIFY_SOCKET");
	close(manager_fd);
	rig_close(&rig);
	counts_clear();
	if (uv_loop_close(&loop) != 0 || over > 1)
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

static void begin(void)
{
	leaving_begin(&leaving);
	began = ezlb_now_ms();
}

/* The pass that moves the addresses. */
static void move(void)
{
	const struct ezlb_pass_result nothing = { .outcome = { .again = false } };

	nodedrain_pass(&parts.drain, &nothing);
}

static void run_until_counted(void)
{
	unsigned n = counts.quick_calls;

	for (int i = 0; (counts.quick_calls < n + 2 || leaving.count.job) && i < TURNS_MAX; i++)
		turn(10);
	assert_true(counts.quick_calls >= n + 2);
}

/* Returns how long it took by the clock. */
static uint64_t run_until_over(void)
{
	for (int i = 0; over == 0 && i < TURNS_MAX; i++)
		turn(10);
	assert_int_equal(over, 1);
	return ezlb_now_ms() - began;
}

static void says(const char *word)
{
	EZLB_AUTO_FREE char *text = capture_end(capture);

	assert_has(text, word);
	capture = capture_begin(STDERR_FILENO);
}

static int end_capture(void **state)
{
	free(capture_end(capture));
	return teardown(state);
}

/* Clients whose packets were on the way need a moment. */
static void test_no_connection(void **state)
{
	uint64_t took;

	(void)state;
	begin();
	assert_int_equal(parts.drain.state.kind, EZLB_NODE_EXITING);
	assert_int_equal(parts.changes, 1);
	move();
	took = run_until_over();
	assert_true(took >= NODEDRAIN_QUIET_MS);
	assert_true(took < parts.options.drain_on_exit_ms);
	says("msg=\"ending; no connection is active\"");
	turn(5000);
	assert_int_equal(over, 1);
}

static void test_waits_for_connections(void **state)
{
	(void)state;
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 2);
	begin();
	move();
	while (ezlb_now_ms() < began + 30000)
		turn(100);
	run_until_counted();
	assert_int_equal(over, 0);
	EZLB_VEC_CLEAR(&counts.quick);
	assert_true(run_until_over() < parts.options.drain_on_exit_ms);
	says("msg=\"ending; no connection is active\"");
}

static void test_time_is_up(void **state)
{
	(void)state;
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 2);
	begin();
	move();
	run_until_counted();
	assert_true(run_until_over() >= parts.options.drain_on_exit_ms);
	says("msg=\"ending; connections are still active\" connections=2 services=1 most=web");
}

static void test_time_is_up_and_nothing_is_known(void **state)
{
	(void)state;
	counts.quick_rc = -EPERM;
	begin();
	move();
	run_until_counted();
	assert_true(run_until_over() >= parts.options.drain_on_exit_ms);
	says("it is unknown whether connections are active\" err=\"no such luck\"");
}

/* It takes longer to count than there is time. */
static void test_time_is_up_before_the_first_count(void **state)
{
	(void)state;
	parts.options.drain_on_exit_ms = 1;
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 2);
	begin();
	move();
	own_clock_ms += 10;
	assert_int_equal(run_until_over(), 20);
	says("it is unknown whether connections are active\" err=\"not counted yet\"");
}

/* No connection is active, but the addresses are still there: clients could come. */
static void test_addresses_do_not_move(void **state)
{
	(void)state;
	begin();
	run_until_counted();
	assert_true(run_until_over() >= parts.options.drain_on_exit_ms);
	says("msg=\"ending; the addresses could not be moved\"");
}

static void test_manager_gives_time(void **state)
{
	(void)state;
	counts_row(&counts.quick, "tcp 10.0.0.1:80", "10.1.0.1:80", 2);
	begin();
	turn(0);
	assert_string_equal(heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000\nSTATUS=draining");
	move();
	run_until_counted();
	while (*heard())
		;
	turn(10000); /* again, long before that time is over */
	assert_string_equal(heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000\n"
				     "STATUS=draining: 2 active connections");
	manager_notify(&manager, &rig.view); /* a pass */
	assert_string_equal(heard(), "");
}

/* A second signal ends it, whatever runs; the teardown closes. */
static void test_closed(void **state)
{
	(void)state;
	begin();
	move();
	turn(0);
	assert_int_equal(over, 0);
}

#define ON_LOOP(f) cmocka_unit_test_setup_teardown(f, setup, end_capture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_LOOP(test_no_connection),
		ON_LOOP(test_waits_for_connections),
		ON_LOOP(test_time_is_up),
		ON_LOOP(test_time_is_up_and_nothing_is_known),
		ON_LOOP(test_time_is_up_before_the_first_count),
		ON_LOOP(test_addresses_do_not_move),
		ON_LOOP(test_manager_gives_time),
		ON_LOOP(test_closed),
	};

	setenv("UV_THREADPOOL_SIZE", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
