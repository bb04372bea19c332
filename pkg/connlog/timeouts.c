// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <ezlb/mem.h>

#include "ending.h"

static const char *const names[TIMEOUTS] = {
	[TIMEOUT_SYN_SENT] = "tcp_timeout_syn_sent",
	[TIMEOUT_SYN_RECV] = "tcp_timeout_syn_recv",
	[TIMEOUT_ESTABLISHED] = "tcp_timeout_established",
	[TIMEOUT_FIN_WAIT] = "tcp_timeout_fin_wait",
	[TIMEOUT_CLOSE_WAIT] = "tcp_timeout_close_wait",
	[TIMEOUT_LAST_ACK] = "tcp_timeout_last_ack",
	[TIMEOUT_TIME_WAIT] = "tcp_timeout_time_wait",
	[TIMEOUT_CLOSE] = "tcp_timeout_close",
	[TIMEOUT_RETRANS] = "tcp_timeout_max_retrans",
	[TIMEOUT_UNACK] = "tcp_timeout_unacknowledged",
	[TIMEOUT_UDP] = "udp_timeout",
	[TIMEOUT_UDP_STREAM] = "udp_timeout_stream",
};

void timeouts_read(const char *dir, struct timeouts *out)
{
	for (int i = 0; i < TIMEOUTS; i++) {
		EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/netfilter/nf_conntrack_%s", dir,
							  names[i]);
		EZLB_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
		char text[24] = "";
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

		out->of[i] = n > 0 ? strtoll(text, NULL, 10) : 0;
	}
}
