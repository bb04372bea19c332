// SPDX-License-Identifier: GPL-2.0-or-later
/* probe_tcp: succeeds if the backend completes the TCP handshake. Sends and reads nothing. */
#include <sys/socket.h>

#include "probe_kind.h"

static void on_connect(uv_connect_t *connect, int status)
{
	/* The probe has ended; the close callback frees it. */
	if (status == UV_ECANCELED)
		return;
	ezlb_probe_end(connect->data, ezlb_result_from_errno(-status));
}

void ezlb_probe_tcp_start(struct ezlb_probe *probe)
{
	struct sockaddr_storage addr;
	int rc;

	ezlb_endpoint_sockaddr(&probe->target, &addr);
	uv_tcp_init(probe->prober->loop, &probe->tcp); /* creates no socket yet, cannot fail */
	probe->tcp.data = probe;
	probe->handles++;
	probe->connect.data = probe;
	rc = uv_tcp_connect(&probe->connect, &probe->tcp, (const struct sockaddr *)&addr,
			    on_connect);
	if (rc < 0)
		ezlb_probe_end_soon(probe, ezlb_result_from_errno(-rc));
}

void ezlb_probe_tcp_stop(struct ezlb_probe *probe)
{
	uv_close((uv_handle_t *)&probe->tcp, ezlb_probe_handle_closed);
}
