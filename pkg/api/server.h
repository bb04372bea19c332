/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server: the structs and functions that the files of this package share. libmicrohttpd (MHD)
 * handles HTTP on the sockets that it gets. The loop has a uv_poll on MHD's epoll descriptor, and a
 * timer for work of MHD without a socket event. ezlb accepts the connections itself: at its limit
 * MHD would stop accepting, so 64 idle connections would block the door.
 *
 *   door accepts: conn -> MHD has read it: request -> handler answers -> MHD sends and closes
 *
 * In two processes the daemon has the doors and the handler, and the worker has MHD:
 *
 *   daemon: door accepts: client        request -> handler answers: REPLY
 *                           | CLIENT       ^ REQUEST                  |
 *   worker:               conn -> MHD has read it: request            `-> MHD sends and closes
 */
#pragma once

#include <sys/queue.h>

#include <microhttpd.h>
#include <uv.h>

#include <ezlb/api.h>

#include "listener.h"
#include "records.h"

struct api_timing { /* milliseconds */
	uint64_t connection;
	uint64_t retry; /* of a door that cannot be opened */
	uint64_t look;	/* between two checks of the socket file */
};
extern const struct api_timing api_timing;

/* As ezlb_api_open, with other times for tests. */
void api_open_timed(uv_loop_t *loop, const struct ezlb_api_options *options,
		    const struct api_timing *timing, struct ezlb_api **out);
void api_serve_timed(uv_loop_t *loop, struct ezlb_channel *channel, const struct api_timing *timing,
		     struct ezlb_api **out);

/*
 * A connection with one request. Freed when MHD reports its end. MHD reports a new connection while
 * it is added (0.9) or in the next run (1.0), and may not report one that it cannot take. The code
 * here works with all of these.
 */
struct conn {
	TAILQ_ENTRY(conn) link;
	struct door *door;
	uint64_t id;		    /* the daemon's number of it; 0: this is the daemon */
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

/* The unix socket or the TCP address. In the worker it has connections only. */
struct door {
	struct ezlb_api *api;
	bool is_local;	   /* the unix socket */
	char *socket_path; /* NULL: TCP, or in the worker */
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
	unsigned late_looks; /* the worker has a client of it for too long, in the last looks */
};

/* A connection that the worker has, as the daemon sees it. */
struct client {
	uint64_t id;
	struct door *door;
	uint64_t since;			  /* uv_now() */
	bool has_asked;			  /* it has sent its request */
	struct ezlb_api_request *request; /* while it waits for the reply; owned by the handler */
};

struct ezlb_api_request {
	struct conn *conn;    /* NULL: the client is gone, or another process has it */
	struct ezlb_api *api; /* of a client in the worker; NULL: it is gone */
	uint64_t id;	      /* with api: of its client */
	struct records_question question;
	bool is_local;
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

	struct ezlb_channel *channel; /* NULL: all is in one process */
	bool is_worker;
	struct clients EZLB_VEC(struct client) clients; /* of the daemon with a channel; by id */
	uint64_t last_id;
	struct { /* see ezlb_api_pause() */
		bool on;
		unsigned looks;		  /* since it is on */
		void (*ready)(void *arg); /* NULL: it was called */
		void *arg;
	} pause;

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
/* A door of the worker. */
void door_init_worker(struct door *door, struct ezlb_api *api, bool is_local);
/* Accepts clients, or leaves them in the queue of the socket, as remote_takes() says. */
void door_watch(struct door *door);
void door_watch_all(struct ezlb_api *api);

/* conn.c */
/* Takes fd. At the limit it ends an older connection. */
void conn_start(struct door *door, int fd, const struct sockaddr_storage *addr, socklen_t len);
/* As conn_start(), in the worker. */
void conn_start_worker(struct door *door, int fd, uint64_t id);
void conn_end(struct conn *conn);
/* NULL: none, or it has ended. */
struct conn *conn_by_id(struct ezlb_api *api, uint64_t id);
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
/* The client is gone: the reply will be dropped. In the worker this frees the request. */
void request_orphan(struct ezlb_api_request *request);

/* remote.c: the daemon, with a channel */
void remote_open(struct ezlb_api *api);
void remote_close(struct ezlb_api *api); /* also ends the clients */
/* False: a client would only wait in the worker, or there is no worker now. */
bool remote_takes(const struct door *door);
/* Takes fd. */
void remote_client(struct door *door, int fd);
/* Once per second: a worker that does not end its connections is given up. */
void remote_look(struct door *door);
void remote_reply(struct ezlb_api_request *request, unsigned status, const char *content_type,
		  struct ezlb_api_body *body);

/* pause.c: the daemon, with a channel whose worker is to be replaced */
void pause_check(struct ezlb_api *api); /* after the end of clients */
void pause_look(struct ezlb_api *api);	/* once per second */
void pause_end(struct ezlb_api *api);

/* serve.c: the worker */
/* The handler of the worker. */
void serve_on_request(void *arg, struct ezlb_api_request *request);
void serve_open(struct ezlb_api *api);
void serve_gone(struct ezlb_api *api, uint64_t id);
void serve_close(struct ezlb_api *api);
