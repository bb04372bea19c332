/* SPDX-License-Identifier: GPL-2.0-or-later */
/* thread: starts work in a thread of the loop's pool. */
#pragma once

#include <uv.h>

/*
 * As uv_queue_work. The first call creates the threads, which inherit the signal mask. All signals
 * must go to the loop's thread: at the end of the daemon they have no handler there and are
 * blocked; delivered to another thread they would kill the process.
 */
void thread_queue(uv_loop_t *loop, uv_work_t *work, uv_work_cb run, uv_after_work_cb done);
