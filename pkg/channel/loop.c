// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/loop.h>

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <uv.h>

#define ROOM 4 /* descriptors: its epoll comes first, then the pipe */

/*
 * The first loop of a process makes a pipe for signals, and where it cannot, libuv ends the process
 * by abort().
 */
static int try_room(void)
{
	int fds[ROOM], n = 0, rc = 0;

	while (n < ROOM && rc == 0) {
		fds[n] = eventfd(0, EFD_CLOEXEC);
		rc = fds[n] < 0 ? -errno : 0;
		n += rc == 0;
	}
	while (n > 0)
		close(fds[--n]);
	return rc;
}

int ezlb_loop_begin(struct uv_loop_s *loop, struct ezlb_err *err)
{
	int rc = try_room();

	if (rc == 0)
		rc = uv_loop_init(loop);
	return rc < 0 ? ezlb_err_sys(err, -rc, "cannot start the event loop") : 0;
}
