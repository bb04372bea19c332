// SPDX-License-Identifier: GPL-2.0-or-later
/* Alone, because the kernel's struct tcp_info, which has the counter, and libc's exclude each
 * other. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tcp_received.h"

uint64_t ezlb_tcp_received(int fd)
{
	struct tcp_info info = { .tcpi_bytes_received = 0 };
	socklen_t len = sizeof(info);

	if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return 0;
	return info.tcpi_bytes_received;
}
