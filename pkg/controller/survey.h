/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * survey: reads from the kernel, in a thread of the pool, what the conditions of services need and
 * no pass reads: the local addresses, the counters of the virtual services, and how many source
 * ports are used. Every 10 s while there are services, after a change of the files, and after an
 * address was added or removed. The counters are read only while packets come.
 */
#pragma once

#include <uv.h>

#include "sources.h"
#include "still.h"

struct survey_job;

/* Called on the loop. What could not be read is NULL. The callee may take what is not const. */
typedef void (*survey_fn)(void *arg, const struct ezlb_view_survey *found);

struct survey {
	uv_loop_t *loop;
	const struct sources *from;
	survey_fn done;
	void *arg;
	uv_timer_t timer;
	uv_poll_t notified;
	int fd; /* of notifications; -1: none */
	bool open;
	bool again;		 /* something changed while the job ran */
	struct survey_job *job;	 /* NULL: none runs */
	struct ezlb_ports ports; /* of the last job */
	unsigned turn;		 /* of the next */
	struct ezlb_scope scope; /* services whose answers pass this host, sorted ... */
	struct ezlb_ports_uses
		uses; /* ... and of full_nat services; valid until the files change */
	bool scope_known;
	struct still still; /* of the last job with this scope */
};

/* Does nothing for the in-memory data plane. `from` is borrowed until survey_close. */
void survey_open(struct survey *survey, uv_loop_t *loop, const struct sources *from, survey_fn done,
		 void *arg);
void survey_soon(struct survey *survey); /* the files have changed */
/* Closing finishes on the loop. Allowed if never opened. */
void survey_close(struct survey *survey);
