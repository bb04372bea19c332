// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * local: the local routing table of the real kernel, in a network namespace of our own. Skipped
 * where no namespace can be had.
 */
#include "cm.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/host.h>

static bool have_ns;
static struct ezlb_local local;
static struct ezlb_err err;

/* --- a namespace ----------------------------------------------------------------------------- */

static bool write_file(const char *path, const char *text)
{
	EZLB_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool enter_ns(void)
{
	char uids[64], gids[64];

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
	       write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", uids) && write_file("/proc/self/gid_map", gids);
}

static void up(void)
{
	EZLB_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
}

/* On lo, whose networks are local as a whole. */
static void add(const char *label, const char *text, const char *mask)
{
	EZLB_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct ifreq request = { .ifr_flags = 0 };

	ezlb_strcpy(request.ifr_name, IFNAMSIZ, label);
	assert_int_equal(inet_pton(AF_INET, text, &sin.sin_addr), 1);
	memcpy(&request.ifr_addr, &sin, sizeof(sin));
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
	assert_int_equal(inet_pton(AF_INET, mask, &sin.sin_addr), 1);
	memcpy(&request.ifr_netmask, &sin, sizeof(sin));
	assert_int_equal(ioctl(fd, SIOCSIFNETMASK, &request), 0);
}

static bool has(const char *text)
{
	struct ezlb_addr addr;

	assert_int_equal(ezlb_addr_parse(text, &addr, NULL), 0);
	return ezlb_local_has(&local, &addr);
}

/* As an entry of its own. */
static bool has_entry(const char *text)
{
	struct ezlb_addr addr;

	assert_int_equal(ezlb_addr_parse(text, &addr, NULL), 0);
	for (size_t i = 0; i < local.addrs.len; i++)
		if (ezlb_addr_cmp(&local.addrs.items[i], &addr) == 0)
			return true;
	return false;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_local_clear(&local);
	return 0;
}

static void test_the_kernel(void **state)
{
	struct pollfd notified = { .events = POLLIN };
	EZLB_AUTO_CLOSE int fd = -1;

	(void)state;
	if (!have_ns)
		skip();
	up();
	assert_int_equal(ezlb_host_local(&local, &err), 0);
	assert_true(local.known);
	assert_true(has("127.0.0.1") && has("127.1.2.3"));
	assert_false(has("10.9.9.1"));
	fd = notified.fd = ezlb_host_watch_open(&err);
	assert_true(fd >= 0);
	assert_int_equal(poll(&notified, 1, 0), 0);
	add("lo:1", "10.9.9.1", "255.255.255.255");
	add("lo:2", "10.9.8.1", "255.255.255.0");
	assert_int_equal(poll(&notified, 1, 1000), 1);
	ezlb_host_watch_drain(fd);
	assert_int_equal(poll(&notified, 1, 0), 0);
	assert_int_equal(ezlb_host_local(&local, &err), 0);
	assert_true(has("10.9.9.1"));
	assert_false(has("10.9.9.2"));
	assert_true(has("10.9.8.77"));
	assert_true(has("10.9.8.255"));	       /* it is in the network ... */
	assert_false(has_entry("10.9.8.255")); /* ... but a broadcast address is not local */
}

#define TEST(fn) cmocka_unit_test_teardown(fn, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_kernel),
	};

	have_ns = enter_ns();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
