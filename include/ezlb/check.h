/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check: the health check of a service as its file configures it, and the request that each of its
 * probes sends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>

#define EZLB_PATH_MAX 255 /* of health_check.http_path */

enum ezlb_check_type {
	EZLB_CHECK_NONE, /* every backend counts as healthy */
	EZLB_CHECK_TCP,
	EZLB_CHECK_HTTP,
	EZLB_CHECK_HTTPS,
	EZLB_CHECK_UDP,
	EZLB_CHECK_DNS,
	EZLB_CHECK_TYPES
};

/* HTTP status codes from first to last, both included. */
struct ezlb_code_range {
	uint16_t first, last;
};
struct ezlb_code_ranges EZLB_VEC(struct ezlb_code_range);
/* Bytes with a length, because they may contain NUL. NULL: none. */
struct ezlb_bytes {
	unsigned char *data;
	size_t len;
};
struct ezlb_texts EZLB_VEC(char *);

bool ezlb_code_ranges_have(const struct ezlb_code_ranges *ranges, long code);
/* "200-299,301"; truncates. */
#define EZLB_CODE_RANGES_STRLEN 128
const char *ezlb_code_ranges_format(const struct ezlb_code_ranges *ranges, char *buf, size_t size);

/*
 * What a probe sends, and which answer means healthy. Immutable after package config has made it;
 * all copies of a check refer to one request, which counts its references (from any thread).
 * Everything in it is owned.
 */
struct ezlb_request {
	/* http, https */
	char *method;			  /* "GET" */
	char *path;			  /* "/" */
	char *host;			  /* of the Host header; NULL: the address and port */
	struct ezlb_texts headers;	  /* "Name: value" */
	struct ezlb_code_ranges statuses; /* sorted; at least one */
	char *body;			  /* a substring that the body must contain; NULL: any */
	/* https */
	bool verify;	   /* the certificate must be valid */
	char *server_name; /* for SNI and for the name in the certificate; NULL: none */
	char *ca_file;	   /* path of a PEM file; NULL: the certificates that the host trusts */
	/* udp */
	struct ezlb_bytes payload; /* of the datagram; len 0: an empty datagram */
	struct ezlb_bytes answer;  /* the answer must contain it; NULL: no ICMP error is enough */
	/* dns */
	char *query_name;    /* "example.org", "." */
	uint16_t query_type; /* RFC 1035 3.2.2: 1 is A */
	uint32_t rcodes;     /* mask of 1u << rcode: the answers that mean healthy */
	unsigned refs;	     /* see ezlb_request_ref */
};

struct ezlb_request *ezlb_request_new(void);			     /* with one reference */
struct ezlb_request *ezlb_request_ref(struct ezlb_request *request); /* NULL is fine */
void ezlb_request_unref(struct ezlb_request *request);		     /* NULL is fine */
bool ezlb_request_same(const struct ezlb_request *a, const struct ezlb_request *b);

struct ezlb_check {
	enum ezlb_check_type type;
	uint32_t interval_ms;
	uint32_t fast_interval_ms; /* after a result against the verdict, until it is clear */
	uint32_t timeout_ms;
	uint32_t fail_count; /* consecutive failures until a backend is down */
	uint32_t rise_count; /* consecutive successes until it is up again */
	bool initial_up;     /* a new backend is scheduled before its first probe has answered */
	uint16_t port;	     /* 0: the port of the backend */
	/*
	 * The local addresses that probes leave from, one after the other. Family 0: the kernel
	 * chooses. For a full_nat service config fills in snat_ip unless the file says otherwise.
	 */
	struct ezlb_addr_range source;
	struct ezlb_request *request; /* NULL for tcp and none */
};

/* A copy has its own reference to the request; _clear drops it. */
struct ezlb_check ezlb_check_copy(const struct ezlb_check *check);
void ezlb_check_clear(struct ezlb_check *check);

/* True if both probe a target in the same way (the thresholds may differ). */
bool ezlb_check_same_probe(const struct ezlb_check *a, const struct ezlb_check *b);

/* The words in a service file; _parse returns 0 or -EINVAL. */
const char *ezlb_check_type_str(enum ezlb_check_type type);
int ezlb_check_type_parse(const char *text, enum ezlb_check_type *out);
