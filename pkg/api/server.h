/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server: the structs and functions that the files of this package share. libmicrohttpd (MHD)
 * handles HTTP on the sockets that it gets. The loop has a uv_poll on MHD's epoll descriptor, and a
 * timer for work of MHD without a socket event. ezlb accepts the connections itself: at its limit
 * MHD would stop accepting, so 64 idle connections would block the door.
 *
 *   door accepts: conn -> MHD has read it: request -> handler answers -> MHD sends and closes
 */
#pragma once

#include <sys/queue.h>

#include <microhttpd.h>
#include <uv.h>

#include <ezlb/api.h>

#include "listener.h"

struct api_timing { /* milliseconds */
	uint64_t connection;
	uint64_t retry; /* of a door that cannot be opened */
	uint64_t look;	/* between two checks of the socket file */
};
extern const struct api_timing api_timing;

/* As ezlb_api_open, with other times for tests. */
void api_open_timed(uv_loop_t *loop, const struct ezlb_api_options *options,
		    const struct api_timing *timing, struct ezlb_api **out);

/*
 * A connection with one request. Freed when MHD reports its end. MHD reports a new connection while
 * it is added (0.9) or in the next run (1.0), and may not report one that it cannot take. The code
 * here works with all of these.
 */
struct conn {
	TAILQ_ENTRY(conn) link;
	struct door *door;
	struct MHD_Connection *mhd; /* NULL until MHD reports it */
	int fd;			    /* owned by MHD */
	uint64_t deadline;
	bool begun;			  /* MHD has read the headers */
	bool whole;			  /* the request is complete or refused */
	bool suspended;			  /* MHD waits for the answer */
	bool ended;			  /* sends nothing more: MHD closes it in its next run */
	struct ezlb_api_request *request; /* while it waits for the reply; owned by the handler */
	struct MHD_Response *response;	  /* from the reply until MHD queues it; else NULL */
	unsigned status;
};

/* The unix socket or the TCP address. */
struct door {
	struct ezlb_api *api;
	char *socket_path; /* NULL: TCP */
	struct ezlb_endpoint address;

	struct listener listener;
	uv_poll_t poll; /* `polls` until on_poll_closed, `listens` until shut() */
	bool polls, listens;
	uv_timer_t tick;
	uint64_t retry_at;
	bool failed;  /* logged that it cannot be opened */
	bool lost;    /* logged that the open socket was lost */
	bool starved; /* logged that there is no descriptor for a client */

	TAILQ_HEAD(conn_list, conn) conns; /* oldest first, so also by deadline */
	size_t n_open;			   /* of conns, without `ended` ones */
	uv_timer_t deadline;
};

struct ezlb_api {
	uv_loop_t *loop;
	struct api_timing timing;
	ezlb_api_fn on_request;
	void *arg;

	struct MHD_Daemon *mhd; /* NULL: could not be started yet */
	uv_poll_t poll;		/* exists with mhd */
	uv_timer_t more;

	struct door doors[2];
	size_t n_doors;

	int refs;
	bool closing;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* api.c */
int api_start_mhd(struct ezlb_api *api, struct ezlb_err *err); /* 0 if it runs already */
void api_run(struct ezlb_api *api);			       /* not from within MHD */
void api_run_soon(struct ezlb_api *api);
/* One reference per handle of the loop; the last one ends the server. */
void api_ref(struct ezlb_api *api);
void api_unref(struct ezlb_api *api);

/* door.c */
void door_init(struct door *door, struct ezlb_api *api, const char *socket_path,
	       const struct ezlb_endpoint *address);
void door_close(struct door *door);

/* conn.c */
/* Takes fd. At the limit it ends an older connection. */
void conn_start(struct door *door, int fd, const struct sockaddr_storage *addr, socklen_t len);
void conn_end_all(struct door *door);
/* Lets MHD continue with a suspended connection. */
void conn_resume(struct conn *conn);
/* NULL: it was ended before MHD reported it. */
struct conn *conn_of(struct ezlb_api *api, struct MHD_Connection *mhd);
void conn_on_notify(void *arg, struct MHD_Connection *mhd, void **context,
		    enum MHD_ConnectionNotificationCode code);

/* request.c */
enum MHD_Result request_on_access(void *arg, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **context);
/* The client is gone: the reply will be dropped. */
void request_orphan(struct ezlb_api_request *request);
