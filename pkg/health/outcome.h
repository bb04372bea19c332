/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outcome: how a probe ended, as a value. Pure. */
#pragma once

#include <stdbool.h>

enum ezlb_outcome {
	EZLB_PROBE_OK,
	EZLB_PROBE_CONNECT_REFUSED,
	EZLB_PROBE_CONNECT_TIMEOUT, /* no connection within the timeout */
	EZLB_PROBE_TIMEOUT,	    /* connected, but no complete answer within the timeout */
	EZLB_PROBE_UNREACHABLE,	    /* no route, or a firewall forbids it */
	EZLB_PROBE_RESET,	    /* the connection broke */
	EZLB_PROBE_HTTP_STATUS,	    /* an answer with another status */
	EZLB_PROBE_HTTP_PROTOCOL,   /* an answer that is not HTTP, or is cut short */
	EZLB_PROBE_TLS,		    /* no TLS session */
	EZLB_PROBE_LOCAL_ERROR,	    /* we could not try: says nothing of the backend */
};

struct ezlb_probe_result {
	enum ezlb_outcome outcome;
	int code; /* HTTP_STATUS: the status; LOCAL_ERROR: the errno; else 0 */
};

const char *ezlb_outcome_str(enum ezlb_outcome outcome); /* "connect_refused" */

/*
 * What an errno (positive) of socket(), connect(), recv() means. Only shortages of our own are
 * LOCAL_ERROR: a backend behind any other error cannot be used, so that is a failure.
 */
struct ezlb_probe_result ezlb_result_from_errno(int code);
