// SPDX-License-Identifier: GPL-2.0-or-later
#include "notice.h"

#include <unistd.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>
#include <ezlb/snat.h>

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct notice *notice = poll->data;

	(void)status; /* an overrun also means a change */
	(void)events;
	ezlb_nft_watch_drain(notice->fd);
	notice->fn(notice->arg);
}

void notice_open(struct notice *notice, uv_loop_t *loop, void (*fn)(void *arg), void *arg)
{
	struct ezlb_err err;
	int fd = ezlb_nft_watch_open(&err);
	int rc = fd < 0 ? fd : uv_poll_init(loop, &notice->poll, fd);

	if (fd >= 0 && rc < 0) {
		ezlb_err_sys(&err, -rc, "cannot wait for them");
		close(fd);
	}
	if (rc < 0) {
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "cannot subscribe to nf_tables notifications: "
				       "changes by others are detected a little later"),
			 EZLB_S("err", err.msg));
		return;
	}
	notice->open = true;
	notice->fd = fd;
	notice->fn = fn;
	notice->arg = arg;
	notice->poll.data = notice;
	uv_poll_start(&notice->poll, UV_READABLE, on_readable);
}

static void on_closed(uv_handle_t *handle)
{
	struct notice *notice = handle->data;

	ezlb_close_fd(&notice->fd);
}

void notice_close(struct notice *notice)
{
	if (notice->open)
		uv_close((uv_handle_t *)&notice->poll, on_closed);
	notice->open = false;
}
