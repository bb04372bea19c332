/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report: documents about everything. What the loop does for one is to fold a status; asking the
 * kernel and rendering are done in a thread of its pool, one report at a time. Whoever asks while
 * one is being made gets the next: nobody is told of a moment before his question.
 */
#pragma once

#include <uv.h>

#include "sample.h"
#include "sources.h"

enum report_kind { REPORT_STATUS, REPORT_METRICS, REPORT_HEALTH, REPORT_TRAFFIC, REPORT_KINDS };

/* What was asked for. `text` is the document; for REPORT_TRAFFIC it is empty. */
struct report_answer {
	const struct ezlb_status *status; /* with what the kernel counts */
	const struct sample *sample;
	struct ezlb_text *text; /* the callee may take it */
	struct ezlb_text *gzip; /* this, too; empty: nobody takes it, or it is short */
	size_t n; /* how often it was asked for before its moment; later ones get another */
};
/* Called on the loop, once for each kind that was asked for. `answer` is valid during the call. */
typedef void (*report_fn)(void *arg, enum report_kind kind, const struct report_answer *answer);

struct report {
	uv_loop_t *loop;
	const struct sources *from;
	report_fn done;
	void *arg;
	size_t wanted[REPORT_KINDS]; /* how often, of the next one */
	bool gzip[REPORT_KINDS];     /* somebody takes it so */
	struct report_job *job;	     /* that is being made; NULL: none */
	uv_timer_t pause;	     /* between two: the loop has other things to do */
	bool closing;
};

void report_open(struct report *report, uv_loop_t *loop, const struct sources *from, report_fn done,
		 void *arg);
/* done() is called for it, sooner or later, unless the report is closed first. */
void report_want(struct report *report, enum report_kind kind, bool gzip);
/* A job that is running goes on to its end, on the loop, and tells nobody. */
void report_close(struct report *report);
