/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server: how the parts of the admin server hang together. libmicrohttpd (MHD) speaks HTTP over the
 * sockets that it is given; the loop is ours: a uv_poll on MHD's epoll descriptor, and a timer
 * where MHD has more to do without any socket saying so. Accepting is ours, too, because MHD only
 * stops to accept at its limit, and whoever holds 64 idle connections would then hold the door.
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
	uint64_t look;	/* whether the socket's file is still there */
};
extern const struct api_timing api_timing;

/* As ezlb_api_open, at a test's pace. */
void api_open_timed(uv_loop_t *loop, const struct ezlb_api_options *options,
		    const struct api_timing *timing, struct ezlb_api **out);

/*
 * One request a connection. Freed when MHD tells that it is closed. When MHD tells of a new one
 * differs between its versions: while it is being added (0.9), or in the next run (1.0). Nothing
 * here relies on that, nor on being told at all of one that MHD could not take.
 */
struct conn {
	TAILQ_ENTRY(conn) link;
	struct door *door;
	struct MHD_Connection *mhd; /* NULL until MHD has told of it */
	int fd;			    /* MHD's */
	uint64_t deadline;
	bool begun;	/* its headers are there */
	bool whole;	/* all of the request is there, or as much as is needed to refuse it */
	bool suspended; /* MHD waits for the answer */
	bool ended;	/* nothing more is to be sent: MHD closes it when it runs */
	struct ezlb_api_request *request; /* while it waits for its answer; the handler's */
	struct MHD_Response *response;	  /* NULL until it is answered and after that is sent */
	unsigned status;
};

struct door {
	struct ezlb_api *api;
	char *socket_path; /* NULL: address */
	struct ezlb_endpoint address;

	struct listener listener;
	uv_poll_t poll; /* in use until on_poll_closed, `listens` until it is shut */
	bool polls, listens;
	uv_timer_t tick;
	uint64_t retry_at;
	bool failed;  /* it has been said that it cannot be opened */
	bool lost;    /* ... that it was open */
	bool starved; /* it has been said that there is no descriptor for a client */

	TAILQ_HEAD(conn_list, conn) conns; /* the oldest first, so the first to be over time too */
	size_t n_open;			   /* of conns, without those that have ended */
	uv_timer_t deadline;
};

struct ezlb_api {
	uv_loop_t *loop;
	struct api_timing timing;
	ezlb_api_fn on_request;
	void *arg;

	struct MHD_Daemon *mhd; /* NULL while there is none to be had */
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
int api_start_mhd(struct ezlb_api *api, struct ezlb_err *err); /* 0 where it runs already */
void api_run(struct ezlb_api *api);			       /* never from within MHD: */
void api_run_soon(struct ezlb_api *api);
/* One for each handle of the loop; closed for good when the last one is gone. */
void api_ref(struct ezlb_api *api);
void api_unref(struct ezlb_api *api);

/* door.c */
void door_init(struct door *door, struct ezlb_api *api, const char *socket_path,
	       const struct ezlb_endpoint *address);
void door_close(struct door *door);

/* conn.c */
/* Takes fd. The new one always gets its place: at the limit an older one has to go. */
void conn_start(struct door *door, int fd, const struct sockaddr_storage *addr, socklen_t len);
/* Cuts it off; its request, if any, loses its client. MHD's next run closes it. May free it. */
void conn_end(struct conn *conn);
void conn_end_all(struct door *door);
/* MHD goes on with it, where it waits. */
void conn_resume(struct conn *conn);
/* NULL: it has been ended before MHD told of it. */
struct conn *conn_of(struct ezlb_api *api, struct MHD_Connection *mhd);
void conn_on_notify(void *arg, struct MHD_Connection *mhd, void **context,
		    enum MHD_ConnectionNotificationCode code);
void conn_on_deadline(uv_timer_t *timer);

/* request.c */
enum MHD_Result request_on_access(void *arg, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **context);
/* Its client is gone; the handler's answer will go nowhere. */
void request_orphan(struct ezlb_api_request *request);
