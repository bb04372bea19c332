// SPDX-License-Identifier: GPL-2.0-or-later
/* probe_socket: the socket of a probe, and the address that it leaves from. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe_kind.h"
#include "source.h"

/*
 * Binds to the address and no port: with IP_BIND_ADDRESS_NO_PORT (ip(7)) connect() chooses the
 * port, which may serve for each target once; bind() alone would use up a port for all targets. An
 * address that is not on this host now (EADDRNOTAVAIL) may be on the other host of a pair that
 * shares it: the probe then leaves from the address that the kernel chooses.
 */
static int bind_source(const struct ezlb_probe *probe, int fd)
{
	struct ezlb_endpoint source = { .addr = ezlb_probe_source(&probe->check->source,
								  probe->turn) };
	struct sockaddr_storage addr;
	socklen_t len;
	int on = 1;

	if (source.addr.family == 0 || source.addr.family != probe->target.addr.family)
		return 0;
	len = ezlb_endpoint_sockaddr(&source, &addr);
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&addr, len) < 0 && errno != EADDRNOTAVAIL)
		return -1;
	return 0;
}

int ezlb_probe_socket(const struct ezlb_probe *probe, int type, int protocol)
{
	int fd = socket(probe->target.addr.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	int code;

	if (fd < 0 || bind_source(probe, fd) == 0)
		return fd;
	code = errno;
	close(fd);
	errno = code;
	return -1;
}

int ezlb_probe_connect(struct ezlb_probe *probe, int type, int events, uv_poll_cb on_ready)
{
	struct sockaddr_storage addr;
	socklen_t len = ezlb_endpoint_sockaddr(&probe->target, &addr);
	int rc;

	probe->fd = ezlb_probe_socket(probe, type, 0);
	if (probe->fd < 0)
		return errno;
	if (connect(probe->fd, (const struct sockaddr *)&addr, len) < 0 && errno != EINPROGRESS)
		return errno;
	rc = uv_poll_init_socket(probe->prober->loop, &probe->poll, probe->fd);
	if (rc < 0)
		return -rc;
	probe->polling = true;
	probe->poll.data = probe;
	probe->handles++;
	uv_poll_start(&probe->poll, events, on_ready);
	return 0;
}

void ezlb_probe_disconnect(struct ezlb_probe *probe)
{
	if (probe->polling)
		uv_close((uv_handle_t *)&probe->poll, ezlb_probe_handle_closed);
	if (probe->fd >= 0)
		close(probe->fd);
}

/* libuv reports any error of the socket as EBADF. */
int ezlb_probe_error(const struct ezlb_probe *probe, int status)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		return errno;
	if (code == 0 && status < 0)
		return ECONNRESET;
	return code;
}
