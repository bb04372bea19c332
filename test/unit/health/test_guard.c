// SPDX-License-Identifier: GPL-2.0-or-later
/* A call that reads on and on is interrupted again and again, and not only once. */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "guard.h"

static uint64_t cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* As a library does that computes. */
static void work(uint64_t ms)
{
	uint64_t until = cpu_ms() + ms;

	while (cpu_ms() < until)
		;
}

static bool is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

static void connect_pair(int *client, int *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	*client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(*client, (struct sockaddr *)&address, sizeof(address)), 0);
	*server = accept(listener, NULL, NULL);
	assert_true(*server >= 0);
	close(listener);
}

/* Sends more than a backend may; the receiver reads it. */
static void flood(int from, int to)
{
	static char bytes[16384];

	for (size_t sent = 0; sent <= EZLB_ANSWER_MAX; sent += sizeof(bytes)) {
		assert_int_equal(send(from, bytes, sizeof(bytes), MSG_NOSIGNAL), sizeof(bytes));
		assert_int_equal(recv(to, bytes, sizeof(bytes), MSG_WAITALL), sizeof(bytes));
	}
}

static void test_again(void **state)
{
	int client, server;

	(void)state;
	connect_pair(&client, &server);
	ezlb_guard_open();
	ezlb_guard_add(client);
	ezlb_guard_begin();
	work(100);
	assert_true(is_connected(client));
	ezlb_guard_end();
	flood(server, client);
	work(100); /* nothing is guarded now */
	assert_true(is_connected(client));
	ezlb_guard_begin();
	work(100);
	assert_false(is_connected(client));
	ezlb_guard_end();
	ezlb_guard_remove(client);
	close(client);
	close(server);
}

/* What is too much comes after several ticks that had nothing to do. */
static void test_later(void **state)
{
	int client, server;

	(void)state;
	connect_pair(&client, &server);
	ezlb_guard_open();
	ezlb_guard_add(client);
	ezlb_guard_begin();
	work(100);
	assert_true(is_connected(client));
	ezlb_guard_remove(client); /* so that none comes while it receives */
	flood(server, client);
	ezlb_guard_add(client);
	work(100);
	assert_false(is_connected(client));
	ezlb_guard_end();
	ezlb_guard_remove(client);
	close(client);
	close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
