// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe_poll: the sockets of all tcp, udp and dns probes are in one epoll instance, and the loop
 * polls that. A uv_poll_t for each of these short-lived sockets would cost each probe four more
 * system calls: libuv tries the descriptor, makes it non-blocking, and takes it out again.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "probe_kind.h"

#define BATCH 256

/*
 * on_ready of one probe may end others of the same batch: their on_ready is then NULL. They are
 * freed later, in the close callback of their timers.
 */
static void on_sockets(uv_poll_t *poll, int status, int events)
{
	struct ezlb_prober *prober = poll->data;
	struct epoll_event batch[BATCH];
	int n = epoll_wait(prober->sockets, batch, BATCH, 0);

	(void)status;
	(void)events;
	for (int i = 0; i < n; i++) {
		struct ezlb_probe *probe = batch[i].data.ptr;

		if (probe->on_ready != NULL)
			probe->on_ready(probe, (batch[i].events & (EPOLLERR | EPOLLHUP)) != 0);
	}
}

int ezlb_probe_poll_open(struct ezlb_prober *prober, struct ezlb_err *err)
{
	int rc;

	prober->sockets = epoll_create1(EPOLL_CLOEXEC);
	if (prober->sockets < 0)
		return ezlb_err_set(err, errno, "cannot poll sockets: %s", ezlb_errno_str(errno));
	rc = uv_poll_init(prober->loop, &prober->poll, prober->sockets);
	if (rc < 0) {
		close(prober->sockets);
		return ezlb_err_set(err, -rc, "cannot poll sockets: %s", uv_strerror(rc));
	}
	prober->poll.data = prober;
	ezlb_prober_ref(prober);
	uv_poll_start(&prober->poll, UV_READABLE, on_sockets);
	uv_unref((uv_handle_t *)&prober->poll);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	ezlb_prober_unref(handle->data);
}

void ezlb_probe_poll_close(struct ezlb_prober *prober)
{
	uv_close((uv_handle_t *)&prober->poll, on_closed);
	close(prober->sockets);
}

int ezlb_probe_poll(struct ezlb_probe *probe, uint32_t events, ezlb_probe_ready_fn on_ready)
{
	struct epoll_event event = { .events = events, .data = { .ptr = probe } };

	if (epoll_ctl(probe->prober->sockets, EPOLL_CTL_ADD, probe->fd, &event) < 0)
		return errno;
	probe->on_ready = on_ready;
	return 0;
}

void ezlb_probe_poll_stop(struct ezlb_probe *probe)
{
	if (probe->on_ready == NULL)
		return;
	probe->on_ready = NULL;
	epoll_ctl(probe->prober->sockets, EPOLL_CTL_DEL, probe->fd, NULL);
}
