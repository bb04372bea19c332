// SPDX-License-Identifier: GPL-2.0-or-later
#include "server.h"

#include <sys/socket.h>

#include <ezlb/mem.h>

static void deadline_plan(struct door *door)
{
	uint64_t now = uv_now(door->api->loop);
	struct conn *conn;

	uv_timer_stop(&door->deadline);
	for (conn = TAILQ_FIRST(&door->conns); conn; conn = TAILQ_NEXT(conn, link)) {
		if (conn->ended)
			continue;
		uv_timer_start(&door->deadline, conn_on_deadline,
			       conn->deadline > now ? conn->deadline - now : 0, 0);
		return;
	}
}

void conn_on_deadline(uv_timer_t *timer)
{
	struct door *door = timer->data;
	uint64_t now = uv_now(door->api->loop);
	struct conn *conn;

	for (conn = TAILQ_FIRST(&door->conns); conn; conn = TAILQ_NEXT(conn, link))
		if (!conn->ended && conn->deadline <= now)
			conn_end(conn);
	deadline_plan(door);
}

/* MHD sees the end of the socket as it sees a client that has gone: in its next run. */
void conn_end(struct conn *conn)
{
	conn->ended = true;
	conn->door->n_open--;
	if (conn->request != NULL)
		request_orphan(conn->request);
	conn->request = NULL;
	shutdown(conn->fd, SHUT_RDWR);
	conn_resume(conn);
}

void conn_end_all(struct door *door)
{
	struct conn *conn;

	for (conn = TAILQ_FIRST(&door->conns); conn; conn = TAILQ_NEXT(conn, link))
		if (!conn->ended)
			conn_end(conn);
}

void conn_resume(struct conn *conn)
{
	if (!conn->suspended)
		return;
	conn->suspended = false;
	MHD_resume_connection(conn->mhd);
	api_run_soon(conn->door->api);
}

/*
 * Who has sent no whole request goes first: an honest client has sent it within a moment, so only
 * as many newer ones as there are places, all within that moment, could push it out.
 */
static struct conn *least_deserving(struct door *door)
{
	struct conn *oldest = NULL;
	struct conn *conn;

	for (conn = TAILQ_FIRST(&door->conns); conn; conn = TAILQ_NEXT(conn, link)) {
		if (conn->ended)
			continue;
		if (!conn->whole)
			return conn;
		if (oldest == NULL)
			oldest = conn;
	}
	return oldest;
}

void conn_start(struct door *door, int fd, const struct sockaddr_storage *addr, socklen_t len)
{
	struct ezlb_api *api = door->api;
	struct conn *conn = ezlb_calloc(1, sizeof(*conn));

	if (door->n_open >= EZLB_API_CONNECTIONS)
		conn_end(least_deserving(door));
	*conn = (struct conn){ .door = door, .fd = fd };
	conn->deadline = uv_now(api->loop) + api->timing.connection;
	api->accepted = conn;
	/* On failure MHD has closed fd, and has told conn_on_notify where it had told it before. */
	MHD_add_connection(api->mhd, fd, (const struct sockaddr *)addr, len);
	free(api->accepted);
	api->accepted = NULL;
}

static void conn_free(struct conn *conn)
{
	TAILQ_REMOVE(&conn->door->conns, conn, link);
	if (!conn->ended)
		conn->door->n_open--;
	if (conn->request != NULL)
		request_orphan(conn->request);
	if (conn->response != NULL)
		MHD_destroy_response(conn->response);
	free(conn);
}

void conn_on_notify(void *arg, struct MHD_Connection *mhd, void **context,
		    enum MHD_ConnectionNotificationCode code)
{
	struct ezlb_api *api = arg;
	struct conn *conn = *context;
	struct door *door;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		conn_free(conn);
		return;
	}
	conn = api->accepted;
	api->accepted = NULL;
	conn->mhd = mhd;
	*context = conn;
	door = conn->door;
	TAILQ_INSERT_TAIL(&door->conns, conn, link);
	if (door->n_open++ == 0)
		deadline_plan(door);
}
