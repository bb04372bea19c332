// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_tcp: succeeds if the backend completes the TCP handshake. Sends and reads nothing. Ends the
 * connection with a reset: with FIN each probe would hold a local port for a minute (TIME_WAIT),
 * and 10,000 targets with an interval of 1 s would need more ports than there are.
 */
#include <sys/socket.h>

#include "probe_kind.h"

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct ezlb_probe *probe = poll->data;

	(void)events;
	ezlb_probe_end(probe, ezlb_result_from_errno(ezlb_probe_error(probe, status)));
}

void ezlb_probe_tcp_start(struct ezlb_probe *probe)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int code = ezlb_probe_connect(probe, SOCK_STREAM, UV_WRITABLE, on_ready);

	if (probe->fd >= 0)
		(void)setsockopt(probe->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (code != 0)
		ezlb_probe_end_soon(probe, ezlb_result_from_errno(code));
}
