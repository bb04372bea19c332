// SPDX-License-Identifier: GPL-2.0-or-later
#include "thread.h"

#include <signal.h>

void thread_queue(uv_loop_t *loop, uv_work_t *work, uv_work_cb run, uv_after_work_cb done)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	uv_queue_work(loop, work, run, done);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
