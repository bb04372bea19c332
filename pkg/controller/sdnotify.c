// SPDX-License-Identifier: GPL-2.0-or-later
#include "sdnotify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <ezlb/mem.h>

/* `name`: a path, or "@" and a name in the abstract namespace. */
static int address(const char *name, struct sockaddr_un *out, socklen_t *len)
{
	size_t n = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || n < 2)
		return -EAFNOSUPPORT;
	if (n >= sizeof(out->sun_path))
		return -ENAMETOOLONG;
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(out->sun_path, name, n);
	if (name[0] == '@')
		out->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return 0;
}

int sdnotify(const char *lines)
{
	const char *name = getenv("NOTIFY_SOCKET");
	EZLB_AUTO_CLOSE int fd = -1;
	struct sockaddr_un to;
	socklen_t len;
	int rc;

	if (!name || !*name)
		return -ENOENT;
	rc = address(name, &to, &len);
	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0)
		return -errno;
	return 0;
}

int sdnotify_reloading(void)
{
	struct timespec now;
	char lines[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	return sdnotify(lines);
}

/* 0 if the variable is not set or no number. */
static unsigned long long number(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	unsigned long long n;

	if (!text || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	return *end || errno ? 0 : n;
}

uint64_t sdnotify_watchdog_ms(void)
{
	unsigned long long us = number("WATCHDOG_USEC"), pid = number("WATCHDOG_PID");
	uint64_t ms = us / 2000;

	if (us == 0 || (getenv("WATCHDOG_PID") && pid != (unsigned long long)getpid()))
		return 0;
	return ms > 0 ? ms : 1;
}
