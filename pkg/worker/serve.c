// SPDX-License-Identifier: GPL-2.0-or-later
/* serve: the worker's loop. */
#include "spawner.h"

#include <unistd.h>

#include <uv.h>

#include <ezlb/log.h>
#include <ezlb/loop.h>

#define LOG_FINISH_MS 500
/* One turn of the loop; then SIGALRM ends the worker, and another one begins. */
#define STUCK_S 10

/* While the loop waits there is no alarm, so an idle worker never wakes up. */
static void before_wait(uv_prepare_t *prepare)
{
	(void)prepare;
	ezlb_log_flush();
	alarm(0);
}

static void after_wait(uv_check_t *check)
{
	(void)check;
	alarm(STUCK_S);
}

/* The daemon has ended the channel, or ends. What is still to be sent to clients is not waited for.
 */
static void on_lost(void *arg, const char *why)
{
	(void)arg;
	ezlb_log_finish(LOG_FINISH_MS);
	_exit(why ? 1 : 0);
}

_Noreturn void worker_run(const struct ezlb_worker_options *options, int fd)
{
	struct ezlb_channel *channel;
	uv_prepare_t prepare;
	uv_check_t check;
	struct ezlb_err err;
	uv_loop_t loop;

	if (ezlb_loop_begin(&loop, &err) < 0)
		worker_fail("the worker process cannot start", &err);
	uv_prepare_init(&loop, &prepare);
	uv_check_init(&loop, &check);
	uv_prepare_start(&prepare, before_wait);
	uv_check_start(&check, after_wait);
	ezlb_channel_open(&loop, on_lost, NULL, &channel);
	options->serve(&loop, channel);
	if (ezlb_channel_attach(channel, fd, &err) < 0)
		worker_fail("the worker process cannot start", &err);
	uv_run(&loop, UV_RUN_DEFAULT);
	ezlb_log_finish(LOG_FINISH_MS);
	_exit(1);
}
