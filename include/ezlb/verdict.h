/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verdict: what health says about one backend of one service, as a value that pure code can use. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>
#include <ezlb/spec.h>

/*
 * A backend is UNKNOWN until its first verdict. UNKNOWN never changes the kernel, except with
 * initial_up or when a service fails open: an existing dest stays, a missing one is not added. So a
 * restart disturbs nothing, and a new backend gets connections only after a successful probe.
 */
enum EZLB_BYTE ezlb_verdict { EZLB_UNKNOWN, EZLB_UP, EZLB_DOWN };

/* How a probe ended. */
enum EZLB_BYTE ezlb_outcome {
	EZLB_PROBE_OK,
	EZLB_PROBE_CONNECT_REFUSED,
	EZLB_PROBE_CONNECT_TIMEOUT, /* no connection within the timeout */
	EZLB_PROBE_TIMEOUT,	    /* connected, but no complete answer within the timeout */
	EZLB_PROBE_UNREACHABLE,	    /* no route, or rejected by a firewall */
	EZLB_PROBE_RESET,	    /* the connection broke */
	EZLB_PROBE_HTTP_STATUS,	    /* the answer has another status */
	EZLB_PROBE_HTTP_BODY,	    /* the body does not contain the expected text */
	EZLB_PROBE_HTTP_PROTOCOL,   /* the answer is not HTTP, or is truncated */
	EZLB_PROBE_TLS,		    /* no TLS session, or the server rejected ours */
	EZLB_PROBE_TLS_CERTIFICATE, /* the certificate is not valid for the server's name */
	EZLB_PROBE_UDP_ANSWER,	    /* the datagram is not the expected one */
	EZLB_PROBE_DNS_RCODE,	    /* the DNS answer has another rcode */
	EZLB_PROBE_DNS_PROTOCOL,    /* the answer is not a DNS answer to the query */
	EZLB_PROBE_PERMISSION,	    /* a firewall of this host refused to send (EPERM) */
	EZLB_PROBE_LOCAL_ERROR,	    /* ezlb could not probe: no statement about the backend */
	EZLB_OUTCOMES
};

struct ezlb_verdict_row {
	char service[EZLB_NAME_MAX + 1];
	struct ezlb_endpoint backend;
	enum ezlb_verdict verdict;
	enum ezlb_outcome outcome; /* of the last conclusive probe: may a DOWN backend drain? */
	/* For people only; lifecycle does not use these: */
	bool probed;	     /* `outcome` and the rest describe the last conclusive probe */
	uint64_t since_ms;   /* by ezlb_now_ms: when the verdict last changed */
	int code;	     /* HTTP_STATUS: the status; DNS_RCODE: the rcode; otherwise 0 */
	uint32_t latency_us; /* from start to end of the probe */
};

struct ezlb_verdicts EZLB_VEC(struct ezlb_verdict_row);

int ezlb_verdict_row_cmp(const void *a, const void *b); /* by service, backend */
/* Searches sorted rows. NULL if there is no row: the backend is not checked. */
const struct ezlb_verdict_row *ezlb_verdict_find(const struct ezlb_verdicts *verdicts,
						 const struct ezlb_spec *spec,
						 const struct ezlb_endpoint *backend);
const char *ezlb_verdict_str(enum ezlb_verdict verdict);
const char *ezlb_outcome_str(enum ezlb_outcome outcome); /* "connect_refused" */
/* A failure in which the backend answered: it is alive, and says no. It can finish its connections.
 */
bool ezlb_outcome_answers(enum ezlb_outcome outcome);
