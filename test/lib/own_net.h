/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * own_net: a network namespace with one address, for backends that can be probed. A service file
 * cannot have loopback addresses.
 */
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/mem.h>

#define OWN_ADDRESS "192.0.2.1"

static inline bool own_net_write(const char *path, const char *text)
{
	EZLB_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static inline bool own_net_unshare(void)
{
	char uids[64], gids[64];

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	snprintf(uids, sizeof(uids), "%u %u 1", (unsigned)geteuid(), (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "%u %u 1", (unsigned)getegid(), (unsigned)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
	       own_net_write("/proc/self/setgroups", "deny") &&
	       own_net_write("/proc/self/uid_map", uids) &&
	       own_net_write("/proc/self/gid_map", gids);
}

/* Enters it. For a program with one thread. */
static inline bool own_net(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct ifreq address = { .ifr_name = "lo:1" };
	struct sockaddr_in in = { .sin_family = AF_INET };
	EZLB_AUTO_CLOSE int fd = -1;

	if (!own_net_unshare())
		return false;
	in.sin_addr.s_addr = inet_addr(OWN_ADDRESS);
	memcpy(&address.ifr_addr, &in, sizeof(in));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &up) == 0 &&
	       ioctl(fd, SIOCSIFADDR, &address) == 0;
}
