/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report: makes the status documents. The loop only folds a status; a thread of its pool asks the
 * kernel and renders, one report at a time. A request during a report gets the next report, so no
 * answer is older than its request.
 */
#pragma once

#include <uv.h>

#include "sample.h"
#include "sources.h"

enum report_kind { REPORT_STATUS, REPORT_METRICS, REPORT_HEALTH, REPORT_TRAFFIC, REPORT_KINDS };

struct ezlb_api_body;

/* `text` is the document; for REPORT_TRAFFIC it is empty, and with `body`. */
struct report_answer {
	const struct ezlb_status *status; /* with the kernel's counters */
	const struct sample *sample;
	struct ezlb_text *text; /* the callback may take it; empty: all have asked for gzip */
	struct ezlb_text *gzip; /* compressed, may be taken too; empty: not wanted, or too short */
	struct ezlb_api_body *body; /* both forms, for the worker; NULL: there is none */
	size_t n; /* requests that this report answers; later ones get the next report */
};
/* Called on the loop, once for each requested kind. `answer` is valid during the call. */
typedef void (*report_fn)(void *arg, enum report_kind kind, const struct report_answer *answer);

struct report {
	uv_loop_t *loop;
	const struct sources *from;
	report_fn done;
	void *arg;
	size_t wanted[REPORT_KINDS]; /* requests for the next report */
	bool gzip[REPORT_KINDS];     /* a client accepts gzip */
	bool plain[REPORT_KINDS];    /* a client does not */
	struct report_job *job;	     /* the running job; NULL: none */
	uv_timer_t pause; /* between two reports, to leave the loop time for other work */
	bool closing;
	bool made; /* a document; the user of the report sets it to false */
};

void report_open(struct report *report, uv_loop_t *loop, const struct sources *from, report_fn done,
		 void *arg);
/* done() is called for it later, unless the report is closed first. */
void report_want(struct report *report, enum report_kind kind, bool gzip);
/* A running job finishes on the loop, without a call of done(). */
void report_close(struct report *report);
