/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verdict: what health says of one backend of one service, as a value that pure code can take. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>
#include <ezlb/spec.h>

/*
 * UNKNOWN is the time between a backend's first mention and its first verdict. It never changes
 * the kernel: a dest that is there stays, one that is not is not added. So a restart disturbs
 * nothing, and a new backend serves only once a probe has succeeded.
 */
enum ezlb_verdict { EZLB_UNKNOWN, EZLB_UP, EZLB_DOWN };

/* How a probe ended. */
enum ezlb_outcome {
	EZLB_PROBE_OK,
	EZLB_PROBE_CONNECT_REFUSED,
	EZLB_PROBE_CONNECT_TIMEOUT, /* no connection within the timeout */
	EZLB_PROBE_TIMEOUT,	    /* connected, but no complete answer within the timeout */
	EZLB_PROBE_UNREACHABLE,	    /* no route, or a firewall forbids it */
	EZLB_PROBE_RESET,	    /* the connection broke */
	EZLB_PROBE_HTTP_STATUS,	    /* an answer with another status */
	EZLB_PROBE_HTTP_PROTOCOL,   /* an answer that is not HTTP, or is cut short */
	EZLB_PROBE_TLS,		    /* no TLS session, or the server refused ours */
	EZLB_PROBE_LOCAL_ERROR,	    /* we could not try: says nothing of the backend */
	EZLB_OUTCOMES
};

struct ezlb_verdict_row {
	char service[EZLB_NAME_MAX + 1];
	struct ezlb_endpoint backend;
	enum ezlb_verdict verdict;
	/* For humans, and not for the reconciler: */
	uint64_t since_ms; /* by ezlb_now_ms: when the verdict became this */
	bool probed;	   /* what follows is of the last probe that says something */
	enum ezlb_outcome outcome;
	int code;	     /* HTTP_STATUS: the status; else 0 */
	uint32_t latency_us; /* from its start to its end */
};

struct ezlb_verdicts EZLB_VEC(struct ezlb_verdict_row);

int ezlb_verdict_row_cmp(const void *a, const void *b); /* by service, backend */
/* In sorted rows; NULL where there is none: the backend is not checked. */
const struct ezlb_verdict_row *ezlb_verdict_find(const struct ezlb_verdicts *verdicts,
						 const struct ezlb_spec *spec,
						 const struct ezlb_endpoint *backend);
const char *ezlb_verdict_str(enum ezlb_verdict verdict);
const char *ezlb_outcome_str(enum ezlb_outcome outcome); /* "connect_refused" */
