// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * calls: system calls without what only takes time. poll() has no naps between two tries to
 * read a table. connect() to an address for documentation (RFC 5737) is done at once, with whatever
 * the socket is connected to already; to any other host it fails: nothing here reaches a network.
 * getsockopt() has the tables of iptables that a target makes up.
 */
#undef _FORTIFY_SOURCE
#undef _GNU_SOURCE /* there connect() has no prototype of ISO C */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

int (*fuzz_getsockopt)(int name, void *value, socklen_t *len);

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };

	if (n == 0)
		return 0;
	return (int)syscall(SYS_ppoll, fds, n, timeout_ms < 0 ? NULL : &timeout, NULL, 0);
}

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in *in = (const void *)addr;

	if (addr->sa_family == AF_INET && in->sin_addr.s_addr == inet_addr("192.0.2.1"))
		return 0;
	if (addr->sa_family == AF_INET || addr->sa_family == AF_INET6) {
		errno = ENETUNREACH;
		return -1;
	}
	return (int)syscall(SYS_connect, fd, addr, len);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	if (fuzz_getsockopt && (level == SOL_IP || level == SOL_IPV6))
		return fuzz_getsockopt(name, value, len);
	return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
}
