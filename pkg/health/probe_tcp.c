// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_tcp: succeeds if the backend completes the TCP handshake. Sends and reads nothing. Ends the
 * connection with a reset: with FIN each probe would hold a local port for a minute (TIME_WAIT),
 * and 10,000 targets with an interval of 1 s would need more ports than there are.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include "probe_kind.h"

static void on_ready(struct ezlb_probe *probe, bool failed)
{
	ezlb_probe_end(probe, ezlb_result_from_errno(failed ? ezlb_probe_error(probe) : 0));
}

void ezlb_probe_tcp_start(struct ezlb_probe *probe)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int code = ezlb_probe_connect(probe, SOCK_STREAM, EPOLLOUT, on_ready);

	if (probe->fd >= 0)
		(void)setsockopt(probe->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (code != 0)
		ezlb_probe_end_soon(probe, ezlb_result_from_errno(code));
}
