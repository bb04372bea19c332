/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * api: the admin HTTP server, on the loop. It knows HTTP and no content: who opens it answers each
 * request, at once or later. It never waits for a client, and a client cannot make anybody wait:
 * headers, connections and the time of each are bounded, and what is over the bound is closed.
 *
 * Two doors: a unix socket (0660), which may also change things, and on request a TCP address,
 * which may only look. Each has limits of its own, so that whoever floods one leaves the other
 * free. By TCP only who asks by address or as localhost is served (421), against DNS rebinding.
 *
 * One request a connection. GET, HEAD and POST (405); what a POST brings along is thrown away
 * (413 above 4 KiB, 411 in chunks).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/err.h>
#include <ezlb/text.h>

struct uv_loop_s;
struct ezlb_api;
struct ezlb_api_request;

/* Of each door; a further one ends the oldest that has sent no whole request, or the oldest. */
#define EZLB_API_CONNECTIONS 64
#define EZLB_API_HEADER_MAX  8192  /* bytes of a request's head; well above it 431 or the end */
#define EZLB_API_TIMEOUT_MS  10000 /* from the accept to the last byte of the answer */

/*
 * Called on the loop for each whole request. It is the handler's from here on: answer it with
 * ezlb_api_reply exactly once, from within or later, even after `closed`; that frees it. It stays
 * valid until then, also where the client has gone, the time is up or the server is closed.
 * GET stands for HEAD, too. A 405 gets its Allow header: the other one of GET and POST.
 */
typedef void (*ezlb_api_fn)(void *arg, struct ezlb_api_request *request);

struct ezlb_api_options {
	const char *socket_path;      /* copied; NULL: no unix socket */
	struct ezlb_endpoint address; /* family 0: no TCP */
	ezlb_api_fn on_request;
	void *arg;
};

/*
 * Never fails: a door that cannot be opened (the address is in use, the directory is not there) is
 * tried again every 5 s, and logged once. So is a socket whose file somebody has taken away. A
 * socket file that nobody listens on any more is replaced; one where somebody does is left alone.
 */
void ezlb_api_open(struct uv_loop_s *loop, const struct ezlb_api_options *options,
		   struct ezlb_api **out);
/*
 * Ends every connection, those that wait for an answer too, and removes the socket's file. No
 * request comes after it; `closed`, which may be NULL, comes last. A handler may call it.
 */
void ezlb_api_close(struct ezlb_api *api, void (*closed)(void *arg), void *arg);

/* Of a request, until it is answered; so are the strings. */
const char *ezlb_api_path(const struct ezlb_api_request *request); /* "/metrics", no query */
bool ezlb_api_is_post(const struct ezlb_api_request *request);
bool ezlb_api_is_local(const struct ezlb_api_request *request); /* by the unix socket */
bool ezlb_api_takes_gzip(const struct ezlb_api_request *request);
/* The value of ?key=, decoded; NULL where it is not there. */
const char *ezlb_api_query(const struct ezlb_api_request *request, const char *key);

/* A document that several answers may share. */
struct ezlb_api_body;
/* Takes bytes, which are freed with the last reference; the caller has the first. */
struct ezlb_api_body *ezlb_api_body_new(char *bytes, size_t len);
struct ezlb_api_body *ezlb_api_body_static(const char *bytes, size_t len);
/* The same bytes as ezlb_api_gzip has them, for the clients that take it; freed as bytes are. */
void ezlb_api_body_gzip(struct ezlb_api_body *body, char *bytes, size_t len);
void ezlb_api_body_unref(struct ezlb_api_body *body);

/*
 * Sends it, where the client is still there; the request is gone afterwards either way. The body
 * stays the caller's too.
 */
void ezlb_api_reply(struct ezlb_api_request *request, unsigned status, const char *content_type,
		    struct ezlb_api_body *body);

/*
 * Packs it (RFC 1952), fast rather than well: 3 MB of metrics take 8 ms, so not on the loop. `out`,
 * which is empty before, stays so where zlib cannot. May be called in any thread.
 */
void ezlb_api_gzip(const struct ezlb_text *plain, struct ezlb_text *out);
