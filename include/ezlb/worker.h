/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * worker: the process that reads what strangers send, so that the daemon does not. The daemon forks
 * the *spawner* before it opens anything; the spawner forks the worker, and another one whenever it
 * ends. Each of them gives up what it does not need (the `confine` functions).
 *
 *   daemon -- control --> spawner -- fork --> worker
 *      `------------------ channel -------------'
 *
 * The spawner has no loop and reads only the control socket and signals. Signals that end or reload
 * the daemon are ignored by both: they end when the daemon does, however it ends.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <ezlb/channel.h>
#include <ezlb/err.h>

struct ezlb_worker;

/* What the worker must load before its files are closed to it. A mask. */
#define EZLB_WORKER_CURL 1u

struct ezlb_worker_options {
	/* In the spawner, before the first fork; it needs these n descriptors. May be NULL. */
	int (*confine_spawner)(const int *keep, size_t n, struct ezlb_err *err);
	/* In the worker: loads what it needs for this mask, then gives up the rest. May be NULL. */
	int (*prepare)(uint32_t needs, struct ezlb_err *err);
	int (*confine)(struct ezlb_err *err);
	/* In the worker: registers the receivers of its channel. */
	void (*serve)(struct uv_loop_s *loop, struct ezlb_channel *channel);
};

/*
 * Forks the spawner. There must be no other thread yet. Returns in the daemon only. The options
 * must live as long as the process.
 */
int ezlb_worker_start(const struct ezlb_worker_options *options, struct ezlb_worker **out,
		      struct ezlb_err *err);

/* how: "signal 9", "exit status 1" or what was wrong with it. killed: by a signal. */
typedef void (*ezlb_worker_gone_fn)(void *arg, const char *how, bool killed);

/*
 * Begins to use it on the loop. The channel comes up when there is a worker, and again after each
 * end of one. Workers that end are logged. `gone` is called once, on the loop, if the spawner
 * itself has ended: there will be no worker any more. While this process has no free descriptor for
 * the socket of a worker, the spawner starts another one, again and again.
 */
int ezlb_worker_open(struct ezlb_worker *worker, struct uv_loop_s *loop, ezlb_worker_gone_fn gone,
		     void *arg, struct ezlb_err *err);
struct ezlb_channel *ezlb_worker_channel(struct ezlb_worker *worker);

/*
 * The workers must have this from now on. Returns true if there is a worker now: it is to be
 * replaced, also if it has that, because what it could not load then is tried again. So the caller
 * then calls ezlb_worker_replace(), as soon as nobody waits for an answer of this worker.
 */
bool ezlb_worker_need(struct ezlb_worker *worker, uint32_t needs);
/* Ends the worker that was to be replaced, if it is still there. */
void ezlb_worker_replace(struct ezlb_worker *worker);

/* The number of workers that have ended. */
uint64_t ezlb_worker_ends(const struct ezlb_worker *worker);

/* It does not keep the loop from ending any more, and its end is no event. */
void ezlb_worker_leave(struct ezlb_worker *worker);
/* Closes the channel and the control socket: worker and spawner end. */
void ezlb_worker_close(struct ezlb_worker *worker);
/* After the loop: waits up to 5 s until the spawner has ended, and frees it. NULL is fine. */
void ezlb_worker_free(struct ezlb_worker *worker);
