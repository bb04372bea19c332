// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When MHD tells of a new connection: while it is being added (0.9), or in its next run (1.0), or
 * never, where it could not take it. The program's own MHD_add_connection and MHD_run stand before
 * those of the library and play each of them.
 */
#include "harness.h"

#include <dlfcn.h>

#define QUEUE 128

/* The order is that of the library for as long as `mode` is AT_ONCE. */
static enum { AT_ONCE, IN_NEXT_RUN, NEVER, REFUSED } mode;
static struct {
	MHD_socket fd;
	struct sockaddr_storage addr;
	socklen_t len;
} queue[QUEUE];
static size_t n_queued;
static bool held; /* the queue stays as it is */

typedef enum MHD_Result add_fn(struct MHD_Daemon *daemon, MHD_socket fd,
			       const struct sockaddr *addr, socklen_t len);
typedef enum MHD_Result run_fn(struct MHD_Daemon *daemon);

static void *real(const char *name)
{
	void *address = dlsym(RTLD_NEXT, name);

	assert_non_null(address);
	return address;
}

enum MHD_Result MHD_add_connection(struct MHD_Daemon *daemon, MHD_socket fd,
				   const struct sockaddr *addr, socklen_t len)
{
	add_fn *add;

	*(void **)&add = real("MHD_add_connection");
	if (mode == AT_ONCE)
		return add(daemon, fd, addr, len);
	if (mode == REFUSED) {
		close(fd);
		return MHD_NO;
	}
	assert_true(n_queued < QUEUE && len <= sizeof(queue[0].addr));
	queue[n_queued].fd = fd;
	queue[n_queued].len = len;
	memcpy(&queue[n_queued++].addr, addr, len);
	return MHD_YES;
}

enum MHD_Result MHD_run(struct MHD_Daemon *daemon)
{
	add_fn *add;
	run_fn *run;

	*(void **)&add = real("MHD_add_connection");
	*(void **)&run = real("MHD_run");
	for (size_t i = 0; i < n_queued && !held; i++) {
		if (mode == NEVER)
			close(queue[i].fd);
		else
			add(daemon, queue[i].fd, (struct sockaddr *)&queue[i].addr, queue[i].len);
	}
	if (!held)
		n_queued = 0;
	return run(daemon);
}

static void begin(int new_mode, const struct api_timing *timing)
{
	mode = new_mode;
	held = false;
	n_queued = 0;
	open_api(timing);
}

static size_t n_conns(void)
{
	const struct conn *conn;
	size_t n = 0;

	for (size_t i = 0; i < api->n_doors; i++)
		for (conn = TAILQ_FIRST(&api->doors[i].conns); conn; conn = TAILQ_NEXT(conn, link))
			n++;
	return n;
}

static void ask_each_door(void)
{
	for (int local = 0; local < 2; local++) {
		assert_int_equal(get(local, "/now"), 200);
		assert_int_equal(get(local, "/nothing"), 404);
		assert_string_equal(body_of_answer(), "nothing here\n");
	}
	RUN_UNTIL(n_conns() == 0);
}

static void test_told_at_once(void **state)
{
	(void)state;
	begin(AT_ONCE, &patient);
	ask_each_door();
}

static void test_told_in_next_run(void **state)
{
	(void)state;
	begin(IN_NEXT_RUN, &patient);
	ask_each_door();
}

/* They come together, and each gets its own answer. */
static void test_many_at_once(void **state)
{
	int fds[40];

	(void)state;
	begin(IN_NEXT_RUN, &patient);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = dial(i % 2);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		const char *request = i % 3 ? "GET /now HTTP/1.0\r\n\r\n"
					    : "GET /page HTTP/1.0\r\n\r\n";

		assert_true(put_on(fds[i], request, strlen(request)));
	}
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		assert_int_equal(finish_hearing(fds[i]), 200);
		assert_string_equal(body_of_answer(), i % 3 ? "now\n" : "<p>page\n");
	}
	RUN_UNTIL(n_conns() == 0);
}

/* Their time is over before MHD tells of them: they are cut off when it does. */
static void test_over_time_before_told(void **state)
{
	int fds[4];

	(void)state;
	begin(IN_NEXT_RUN, &quick);
	held = true;
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = dial(true);
	RUN_UNTIL(n_conns() == COUNT_OF(fds));
	RUN_UNTIL(n_conns() == 0);
	held = false;
	assert_int_equal(get(true, "/now"), 200);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		assert_int_equal(finish_hearing(fds[i]), 0);
	assert_int_equal(seen.calls, 1);
}

/* There is no place for all of them, and MHD has told of none. */
static void test_flood_before_told(void **state)
{
	static int fds[EZLB_API_CONNECTIONS + 30];

	(void)state;
	begin(IN_NEXT_RUN, &patient);
	held = true;
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = dial(true);
	RUN_UNTIL(n_queued == COUNT_OF(fds));
	assert_int_equal(n_conns(), EZLB_API_CONNECTIONS);
	held = false;
	assert_int_equal(get(true, "/now"), 200);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		close(fds[i]);
	RUN_UNTIL(n_conns() == 0);
}

/* MHD closes what it could not take without a word. The number may be somebody else's by then. */
static void test_never_told(void **state)
{
	(void)state;
	begin(NEVER, &quick);
	for (int i = 0; i < 5; i++)
		assert_int_equal(finish_hearing(dial(true)), 0);
	assert_true(n_conns() <= 5);
	mode = AT_ONCE;
	assert_int_equal(get(true, "/now"), 200);
	RUN_UNTIL(n_conns() == 0);
	assert_int_equal(api->doors[0].n_open, 0);
}

static void test_refused(void **state)
{
	(void)state;
	begin(REFUSED, &patient);
	for (int i = 0; i < 5; i++)
		assert_int_equal(finish_hearing(dial(i % 2)), 0);
	assert_int_equal(n_conns(), 0);
	mode = AT_ONCE;
	assert_int_equal(get(true, "/now"), 200);
}

/* The server is closed while MHD has not told of a client yet. */
static void test_close_before_told(void **state)
{
	int fd;

	(void)state;
	begin(IN_NEXT_RUN, &patient);
	held = true;
	fd = dial(true);
	RUN_UNTIL(n_queued == 1);
	close_api();
	close(queue[0].fd); /* MHD's, in truth */
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_told_at_once),	   T(test_told_in_next_run),
		T(test_many_at_once),	   T(test_over_time_before_told),
		T(test_flood_before_told), T(test_never_told),
		T(test_refused),	   T(test_close_before_told),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
