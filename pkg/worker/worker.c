// SPDX-License-Identifier: GPL-2.0-or-later
/* worker: the daemon's side. */
#include <ezlb/worker.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "spawner.h"

#define WAIT_MS 5000  /* for the end of the spawner */
#define SAY_MS	60000 /* between two lines about workers that end */

struct ezlb_worker {
	pid_t spawner;
	int control; /* until it is open */
	struct ezlb_channel *to_spawner, *to_worker;
	uint32_t generation; /* of the worker that to_worker leads to */
	uint32_t needs;
	uint32_t outdated; /* the generation that is to be replaced; 0: none */
	bool leaves;
	bool replaced;	 /* the next end is on purpose */
	bool no_room;	 /* it is logged that there was no descriptor for a worker's socket */
	const char *why; /* why the last one was given up; NULL: it ended by itself */
	uint64_t ends, ends_said, said_at;
	ezlb_worker_gone_fn gone;
	void *arg;
};

int ezlb_worker_start(const struct ezlb_worker_options *options, struct ezlb_worker **out,
		      struct ezlb_err *err)
{
	struct ezlb_worker *worker = ezlb_calloc(1, sizeof(*worker));
	pid_t self = getpid();
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) {
		free(worker);
		return ezlb_err_sys(err, errno, "cannot create the sockets of the worker process");
	}
	worker->control = fds[0];
	worker->spawner = fork();
	if (worker->spawner == 0) {
		close(fds[0]);
		spawner_run(options, fds[1], self);
	}
	close(fds[1]);
	if (worker->spawner < 0) {
		int code = errno;

		close(fds[0]);
		free(worker);
		return ezlb_err_sys(err, code, "cannot start the worker process");
	}
	*out = worker;
	return 0;
}

/* The generation is that of the worker to end; 0: only the needs are told. */
static void order_for(struct ezlb_worker *worker, uint32_t generation)
{
	const struct spawn_order order = { .generation = generation, .needs = worker->needs };

	ezlb_channel_say(worker->to_spawner, EZLB_RECORD_SPAWN, &order, sizeof(order));
}

static void order(struct ezlb_worker *worker)
{
	order_for(worker, worker->generation);
}

static void replace(struct ezlb_worker *worker)
{
	worker->replaced = true;
	order(worker);
}

/* "exit status 1", "signal 9" */
static const char *how(int status, char buf[32])
{
	if (WIFSIGNALED(status))
		snprintf(buf, 32, "signal %d", WTERMSIG(status));
	else
		snprintf(buf, 32, "exit status %d", WEXITSTATUS(status));
	return buf;
}

/* A worker that ends again and again is logged once a minute. */
static void say_ended(struct ezlb_worker *worker, int status)
{
	uint64_t now = ezlb_now_ms();
	char buf[32];

	if (worker->said_at > 0 && now - worker->said_at < SAY_MS)
		return;
	ezlb_log(EZLB_WARN, "worker",
		 EZLB_S("msg", "the worker process has ended: it was started again"),
		 EZLB_S("how", how(status, buf)), EZLB_S("why", worker->why),
		 EZLB_I("ends", worker->ends - worker->ends_said));
	worker->said_at = now;
	worker->ends_said = worker->ends;
}

static void note_end(struct ezlb_worker *worker, const struct spawn_report *report)
{
	bool on_purpose = worker->replaced;

	worker->generation = report->generation;
	worker->replaced = false;
	if (report->generation > 1 && !on_purpose) {
		worker->ends++;
		say_ended(worker, report->status);
	}
	worker->why = NULL;
}

/* A worker that lacks what is needed is replaced before anybody uses it. */
static void on_worker(void *arg, struct ezlb_record *record)
{
	struct ezlb_worker *worker = arg;
	const struct spawn_report *report = record->data;
	struct ezlb_err err;

	if (record->len != sizeof(*report) || record->n_fds != 1)
		return;
	worker->no_room = false;
	note_end(worker, report);
	if ((worker->needs & ~report->needs) != 0) {
		replace(worker);
		return;
	}
	if (ezlb_channel_attach(worker->to_worker, record->fds[0], &err) < 0)
		ezlb_log(EZLB_ERROR, "worker", EZLB_S("msg", err.msg));
	record->fds[0] = -1;
}

/* The spawner starts another one; of this one it may not know yet that it is of no use. */
static void on_worker_lost(void *arg, const char *why)
{
	struct ezlb_worker *worker = arg;

	worker->why = why;
	order(worker);
}

/*
 * Nobody has the socket of this worker now, so it ends, and the spawner starts another one after a
 * pause that grows.
 */
static void on_dropped(void *arg)
{
	struct ezlb_worker *worker = arg;

	worker->why = "the daemon had no free descriptor for its socket";
	if (!worker->no_room)
		ezlb_log(EZLB_WARN, "worker",
			 EZLB_S("msg", "cannot use the new worker process: trying again"),
			 EZLB_S("err", ezlb_errno_str(EMFILE)));
	worker->no_room = true;
}

/* False: it has not ended within WAIT_MS, or is no child any more. */
static bool await_spawner(const struct ezlb_worker *worker, int *status)
{
	uint64_t until = ezlb_now_ms() + WAIT_MS;
	pid_t pid;

	while ((pid = waitpid(worker->spawner, status, WNOHANG)) == 0 && ezlb_now_ms() < until)
		usleep(1000);
	return pid > 0;
}

static void on_spawner_lost(void *arg, const char *why)
{
	struct ezlb_worker *worker = arg;
	int status = 0;
	char buf[32];

	if (worker->leaves)
		return;
	if (!why)
		why = await_spawner(worker, &status) ? how(status, buf) : "its socket is closed";
	worker->gone(worker->arg, why, WIFSIGNALED(status));
}

/* Nobody else would refuse it, and a worker could send it without end. */
static void on_wrong_way(void *arg, struct ezlb_record *record)
{
	struct ezlb_worker *worker = arg;

	(void)record;
	ezlb_channel_refuse(worker->to_worker, "it has sent what only the daemon may send");
}

static void refuse_wrong_way(struct ezlb_worker *worker)
{
	static const enum ezlb_record_kind kinds[] = {
		EZLB_RECORD_SPAWN,	  EZLB_RECORD_WORKER, EZLB_RECORD_CHECK,
		EZLB_RECORD_CHECK_FORGET, EZLB_RECORD_PROBE,  EZLB_RECORD_PROBE_CANCEL,
		EZLB_RECORD_CLIENT,	  EZLB_RECORD_REPLY,
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		ezlb_channel_on(worker->to_worker, kinds[i], on_wrong_way, worker);
}

int ezlb_worker_open(struct ezlb_worker *worker, struct uv_loop_s *loop, ezlb_worker_gone_fn gone,
		     void *arg, struct ezlb_err *err)
{
	int control = worker->control;

	worker->gone = gone;
	worker->arg = arg;
	worker->control = -1;
	ezlb_channel_open(loop, on_worker_lost, worker, &worker->to_worker);
	ezlb_channel_open(loop, on_spawner_lost, worker, &worker->to_spawner);
	refuse_wrong_way(worker);
	ezlb_channel_on(worker->to_spawner, EZLB_RECORD_WORKER, on_worker, worker);
	ezlb_channel_on_dropped(worker->to_spawner, on_dropped, worker);
	return ezlb_channel_attach(worker->to_spawner, control, err);
}

struct ezlb_channel *ezlb_worker_channel(struct ezlb_worker *worker)
{
	return worker->to_worker;
}

bool ezlb_worker_need(struct ezlb_worker *worker, uint32_t needs)
{
	bool up = ezlb_channel_is_up(worker->to_worker);

	worker->needs |= needs;
	worker->outdated = up ? worker->generation : 0;
	if (up)
		order_for(worker, 0); /* if it ends by itself before that, the next one has it */
	else
		order(worker); /* the first worker may have it then */
	return up;
}

/* One that has just ended by itself has not ended on purpose: it is counted. */
void ezlb_worker_replace(struct ezlb_worker *worker)
{
	bool is_there = worker->to_spawner && ezlb_channel_is_up(worker->to_worker) &&
			worker->outdated > 0 && worker->outdated == worker->generation;

	worker->outdated = 0;
	if (is_there)
		replace(worker);
}

uint64_t ezlb_worker_ends(const struct ezlb_worker *worker)
{
	return worker->ends;
}

void ezlb_worker_leave(struct ezlb_worker *worker)
{
	if (!worker->to_spawner)
		return;
	worker->leaves = true;
	ezlb_channel_unref(worker->to_worker);
	ezlb_channel_unref(worker->to_spawner);
}

void ezlb_worker_close(struct ezlb_worker *worker)
{
	if (!worker->to_spawner)
		return;
	ezlb_channel_close(worker->to_worker);
	ezlb_channel_close(worker->to_spawner);
	worker->to_spawner = worker->to_worker = NULL;
}

void ezlb_worker_free(struct ezlb_worker *worker)
{
	int status;

	if (!worker)
		return;
	ezlb_close_fd(&worker->control);
	await_spawner(worker, &status);
	free(worker);
}
