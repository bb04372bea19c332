/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * api: the admin HTTP server, on the loop. It handles HTTP; a handler answers each request, at once
 * or later. It never waits for a client: the size of headers, the number of connections and the
 * time of each are limited, and it closes a connection that exceeds a limit.
 *
 * It listens on two doors: a unix socket (0660) for all requests, and optionally a TCP address for
 * requests that only read. Each door has its own limits, so a flood on one does not block the
 * other. Requests of web pages of another origin get 403, and Host headers with another name than
 * localhost, which DNS rebinding needs, get 421 (pkg/api/guard.h).
 *
 * With a channel, the daemon opens the doors and accepts, and another process, the worker, parses
 * what the clients send (ezlb_api_serve). The daemon passes the accepted connections to it, and
 * gets whole requests back, whose form it checks. While the channel is down, clients wait in the
 * queue of the socket. When it goes down, all connections end: ezlb_api_pause() is for those that
 * can be answered before that.
 *
 * One request per connection. GET, HEAD and POST (else 405); the body of a POST is ignored (413
 * above 4 KiB, 411 if chunked).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/err.h>
#include <ezlb/text.h>

struct uv_loop_s;
struct ezlb_channel;
struct ezlb_api;
struct ezlb_api_request;

/* Per door. One more ends the oldest without a complete request, or else the oldest. */
#define EZLB_API_CONNECTIONS 64
#define EZLB_API_HEADER_MAX  8192  /* bytes; a larger head gets 431, or the connection is closed */
#define EZLB_API_TIMEOUT_MS  10000 /* from accept to the last byte of the answer */

/*
 * Called on the loop for each complete request, which the handler owns. The handler must call
 * ezlb_api_reply exactly once, from within or later, even after `closed`; that frees the request.
 * The request is valid until then, also without its client or server. HEAD looks like GET. A 405
 * gets an Allow header with the other method of GET and POST.
 */
typedef void (*ezlb_api_fn)(void *arg, struct ezlb_api_request *request);

struct ezlb_api_options {
	const char *socket_path;      /* copied; NULL: no unix socket */
	struct ezlb_endpoint address; /* family 0: no TCP */
	ezlb_api_fn on_request;
	void *arg;
	/* To the worker; NULL: all in this process. Borrowed until ezlb_api_close(). */
	struct ezlb_channel *channel;
};

/*
 * Never fails. A door that cannot be opened (address in use, directory missing) is logged once and
 * tried again every 5 s; so is a socket whose file was removed. The socket file of a dead process
 * is replaced, and that of a running process stays.
 */
void ezlb_api_open(struct uv_loop_s *loop, const struct ezlb_api_options *options,
		   struct ezlb_api **out);
/*
 * The worker's side of the channel, which is borrowed until ezlb_api_close(). Opens nothing but
 * what epoll needs. It never fails: what it cannot do for a client ends that client's connection.
 */
void ezlb_api_serve(struct uv_loop_s *loop, struct ezlb_channel *channel, struct ezlb_api **out);
/*
 * With a channel: its worker is about to be replaced on purpose. New clients wait in the queue of
 * the socket from now on, until the channel comes up again, but for about 10 s at most. `ready` is
 * called once, perhaps from within: when the clients that the worker has are answered, or after
 * about 2 s. It is not called after ezlb_api_close(), and one that was not called yet is forgotten.
 */
void ezlb_api_pause(struct ezlb_api *api, void (*ready)(void *arg), void *arg);
/*
 * Ends every connection, also those that wait for an answer, and removes the socket file. Makes no
 * more requests. Calls `closed`, which may be NULL, at the end. A handler may call it.
 */
void ezlb_api_close(struct ezlb_api *api, void (*closed)(void *arg), void *arg);

/* Valid until the reply, and so are the strings. */
const char *ezlb_api_path(const struct ezlb_api_request *request); /* "/metrics", no query */
bool ezlb_api_is_post(const struct ezlb_api_request *request);
bool ezlb_api_is_local(const struct ezlb_api_request *request); /* came by the unix socket */
bool ezlb_api_takes_gzip(const struct ezlb_api_request *request);
/* The decoded value of ?key=; NULL: none. */
const char *ezlb_api_query(const struct ezlb_api_request *request, const char *key);

/* A document that several answers may share. */
struct ezlb_api_body;
/* Takes bytes and frees them with the last reference; the caller gets the first one. */
struct ezlb_api_body *ezlb_api_body_new(char *bytes, size_t len);
struct ezlb_api_body *ezlb_api_body_static(const char *bytes, size_t len);
/* Adds the output of ezlb_api_gzip, for clients that accept it; freed like bytes. */
void ezlb_api_body_gzip(struct ezlb_api_body *body, char *bytes, size_t len);
/*
 * Both forms, of which gzip may be empty, as sealed memory (memfd_create(2)) that the worker can
 * map: only for replies over a channel. Empties the texts. Returns NULL, with the texts as they
 * were, if the kernel gives no such memory. Thread-safe: long documents are copied here, so do that
 * in the thread that makes them.
 */
struct ezlb_api_body *ezlb_api_body_share(struct ezlb_text *plain, struct ezlb_text *gzip);
void ezlb_api_body_unref(struct ezlb_api_body *body);

/* Sends the reply if the client is still there, and frees the request. Takes its own reference of
 * the body. */
void ezlb_api_reply(struct ezlb_api_request *request, unsigned status, const char *content_type,
		    struct ezlb_api_body *body);

/*
 * Compresses with gzip (RFC 1952) at the fastest level. 3 MB of metrics take 8 ms, so do not call
 * it on the loop. `out` must be empty, and stays empty on failure. Thread-safe.
 */
void ezlb_api_gzip(const struct ezlb_text *plain, struct ezlb_text *out);
