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

int ezlb_probe_connect(struct ezlb_probe *probe, int type, uint32_t events,
		       ezlb_probe_ready_fn on_ready)
{
	struct sockaddr_storage addr;
	socklen_t len = ezlb_endpoint_sockaddr(&probe->target, &addr);

	probe->fd = ezlb_probe_socket(probe, type, 0);
	if (probe->fd < 0)
		return errno;
	if (connect(probe->fd, (const struct sockaddr *)&addr, len) < 0 && errno != EINPROGRESS)
		return errno;
	return ezlb_probe_poll(probe, events, on_ready);
}

/* close takes the socket out of the epoll instance, as nobody else has it open. */
void ezlb_probe_disconnect(struct ezlb_probe *probe)
{
	probe->on_ready = NULL;
	if (probe->fd >= 0)
		close(probe->fd);
}

int ezlb_probe_error(const struct ezlb_probe *probe)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		return errno;
	return code != 0 ? code : ECONNRESET;
}
