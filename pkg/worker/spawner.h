/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawner: the process between the daemon and its workers. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include <ezlb/worker.h>

/* EZLB_RECORD_SPAWN, to the spawner. */
struct spawn_order {
	uint32_t generation; /* the worker to replace; another one stays */
	uint32_t needs;
};

/* EZLB_RECORD_WORKER, from the spawner, with the socket. */
struct spawn_report {
	uint32_t generation; /* 1, 2, ... */
	uint32_t needs;	     /* what this worker has */
	int32_t status;	     /* of the worker before it, as from waitpid(2); generation 1: 0 */
};

/* Milliseconds before the next fork: none after a worker that has lived for long. */
uint32_t spawn_delay(uint32_t failures);

/* The whole life of the process; does not return. `daemon` is the parent. */
_Noreturn void spawner_run(const struct ezlb_worker_options *options, int control, pid_t daemon);

/* Logs what cannot be done and why (NULL: errno), and ends the process with status 1. */
_Noreturn void worker_fail(const char *what, const struct ezlb_err *err);

/* The whole life of a worker; does not return. Exit status 0: the daemon has closed the channel. */
_Noreturn void worker_run(const struct ezlb_worker_options *options, int fd);
