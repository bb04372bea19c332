// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_udp: sends one datagram. With an expected answer the first datagram that comes back
 * decides. Without one any datagram is a success, and so is silence until the time is up: an ICMP
 * error (port or host unreachable), which the kernel reports on the connected socket, is the
 * failure.
 *
 * IP_RECVERR asks for all of these errors: without it the kernel keeps "host unreachable" and
 * "administratively prohibited" to itself (udp_err in net/ipv4/udp.c).
 *
 * Silence has to last for the whole timeout, because the error for a host that is switched off
 * comes late: the kernel, or the router next to that host, asks three times, once a second
 * (mcast_solicit, retrans_time_ms), for its link-layer address first.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "probe_kind.h"

static void want_errors(const struct ezlb_probe *probe)
{
	int on = 1;

	if (probe->target.addr.family == AF_INET6)
		(void)setsockopt(probe->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		(void)setsockopt(probe->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
}

void ezlb_probe_udp_ask(struct ezlb_probe *probe, const void *data, size_t len,
			ezlb_probe_ready_fn on_ready)
{
	int code = ezlb_probe_connect(probe, SOCK_DGRAM, EPOLLIN, on_ready);

	if (code == 0)
		want_errors(probe);
	if (code == 0 && send(probe->fd, data, len, MSG_NOSIGNAL) < 0)
		code = errno;
	if (code != 0)
		ezlb_probe_end_soon(probe, ezlb_result_from_errno(code));
}

bool ezlb_probe_udp_take(struct ezlb_probe *probe, bool failed, unsigned char *buf, size_t *len)
{
	ssize_t n = recv(probe->fd, buf, EZLB_PROBE_DATAGRAM_MAX, 0);
	int code = n < 0 ? errno : 0;

	if (n >= 0) {
		*len = (size_t)n;
		return true;
	}
	if (code == EAGAIN) /* a wrong checksum */
		code = failed ? ezlb_probe_error(probe) : 0;
	if (code != 0 && code != EINTR)
		ezlb_probe_end(probe, ezlb_result_from_errno(code));
	return false;
}

static void on_ready(struct ezlb_probe *probe, bool failed)
{
	const struct ezlb_bytes *want = &probe->check->request->answer;
	struct ezlb_probe_result result = { .outcome = EZLB_PROBE_OK };
	static unsigned char buf[EZLB_PROBE_DATAGRAM_MAX]; /* the loop has one thread */
	size_t len;

	if (!ezlb_probe_udp_take(probe, failed, buf, &len))
		return;
	if (want->data != NULL && want->len > 0 && memmem(buf, len, want->data, want->len) == NULL)
		result.outcome = EZLB_PROBE_UDP_ANSWER;
	ezlb_probe_end(probe, result);
}

void ezlb_probe_udp_start(struct ezlb_probe *probe)
{
	const struct ezlb_bytes *payload = &probe->check->request->payload;

	ezlb_probe_udp_ask(probe, payload->len > 0 ? (const void *)payload->data : "", payload->len,
			   on_ready);
}
