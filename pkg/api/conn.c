// SPDX-License-Identifier: GPL-2.0-or-later
#include "server.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <ezlb/mem.h>

/* Once per connection: it counts no more, and nobody waits for its answer. */
static void leave(struct conn *conn)
{
	if (conn->ended)
		return;
	conn->ended = true;
	conn->door->n_open--;
	if (conn->request != NULL)
		request_orphan(conn->request);
	conn->request = NULL;
	if (conn->id != 0)
		serve_gone(conn->door->api, conn->id);
}

static void conn_free(struct conn *conn)
{
	TAILQ_REMOVE(&conn->door->conns, conn, link);
	leave(conn);
	if (conn->response != NULL)
		MHD_destroy_response(conn->response);
	free(conn);
}

/*
 * After shutdown() MHD closes the connection in its next run, as if the client had closed it. If
 * MHD has not reported the connection yet, MHD may not have the socket any more: free the conn, and
 * conn_on_notify shuts the socket down if MHD reports it later.
 */
void conn_end(struct conn *conn)
{
	if (conn->mhd == NULL) {
		conn_free(conn);
		return;
	}
	leave(conn);
	shutdown(conn->fd, SHUT_RDWR);
	conn_resume(conn);
}

static void on_deadline(uv_timer_t *timer);

static void deadline_plan(struct door *door)
{
	uint64_t now = uv_now(door->api->loop);
	struct conn *conn;

	uv_timer_stop(&door->deadline);
	for (conn = TAILQ_FIRST(&door->conns); conn; conn = TAILQ_NEXT(conn, link)) {
		if (conn->ended)
			continue;
		uv_timer_start(&door->deadline, on_deadline,
			       conn->deadline > now ? conn->deadline - now : 0, 0);
		return;
	}
}

static void on_deadline(uv_timer_t *timer)
{
	struct door *door = timer->data;
	uint64_t now = uv_now(door->api->loop);
	struct conn *conn, *next;

	for (conn = TAILQ_FIRST(&door->conns); conn; conn = next) {
		next = TAILQ_NEXT(conn, link);
		if (!conn->ended && conn->deadline <= now)
			conn_end(conn);
	}
	deadline_plan(door);
}

void conn_end_all(struct door *door)
{
	struct conn *conn, *next;

	for (conn = TAILQ_FIRST(&door->conns); conn; conn = next) {
		next = TAILQ_NEXT(conn, link);
		if (!conn->ended)
			conn_end(conn);
	}
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
 * Prefers a connection without a complete request. A normal client sends its request at once, so it
 * loses its place only to EZLB_API_CONNECTIONS newer ones in that short time.
 */
static struct conn *find_victim(struct door *door)
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

/* The connection of mhd; NULL: the one with this fd that MHD has not reported yet. */
static struct conn *find(struct ezlb_api *api, const struct MHD_Connection *mhd, int fd)
{
	struct conn *conn;

	for (size_t i = 0; i < api->n_doors; i++)
		for (conn = TAILQ_FIRST(&api->doors[i].conns); conn; conn = TAILQ_NEXT(conn, link))
			if (conn->mhd == mhd && (mhd != NULL || conn->fd == fd))
				return conn;
	return NULL;
}

struct conn *conn_by_id(struct ezlb_api *api, uint64_t id)
{
	struct conn *conn;

	for (size_t i = 0; i < api->n_doors; i++)
		for (conn = TAILQ_FIRST(&api->doors[i].conns); conn; conn = TAILQ_NEXT(conn, link))
			if (conn->id == id && !conn->ended)
				return conn;
	return NULL;
}

static void start(struct door *door, int fd, uint64_t id, const struct sockaddr_storage *addr,
		  socklen_t len)
{
	struct ezlb_api *api = door->api;
	struct conn *conn = find(api, NULL, fd);

	/* The kernel has reused the number, so MHD has closed that connection without a report. */
	if (conn != NULL)
		conn_free(conn);
	if (door->n_open >= EZLB_API_CONNECTIONS)
		conn_end(find_victim(door));
	conn = ezlb_calloc(1, sizeof(*conn));
	*conn = (struct conn){ .door = door, .fd = fd, .id = id };
	conn->deadline = uv_now(api->loop) + api->timing.connection;
	TAILQ_INSERT_TAIL(&door->conns, conn, link);
	if (door->n_open++ == 0)
		deadline_plan(door);
	if (MHD_add_connection(api->mhd, fd, (const struct sockaddr *)addr, len) == MHD_YES)
		return;
	/* MHD has closed fd. If it reported the connection, it reported the end, too. */
	conn = find(api, NULL, fd);
	if (conn != NULL)
		conn_free(conn);
}

void conn_start(struct door *door, int fd, const struct sockaddr_storage *addr, socklen_t len)
{
	start(door, fd, 0, addr, len);
}

/* MHD uses no address: it has no limit per client. */
void conn_start_worker(struct door *door, int fd, uint64_t id)
{
	const struct sockaddr_storage addr = { .ss_family = door->is_local ? AF_UNIX : AF_INET };

	start(door, fd, id, &addr,
	      door->is_local ? sizeof(sa_family_t) : sizeof(struct sockaddr_in));
}

struct conn *conn_of(struct ezlb_api *api, struct MHD_Connection *mhd)
{
	struct conn *conn = find(api, mhd, -1);

	if (conn != NULL)
		return conn;
	conn = find(api, NULL,
		    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
	if (conn != NULL)
		conn->mhd = mhd;
	return conn;
}

void conn_on_notify(void *arg, struct MHD_Connection *mhd, void **context,
		    enum MHD_ConnectionNotificationCode code)
{
	struct conn *conn = conn_of(arg, mhd);

	(void)context;
	if (conn == NULL)
		shutdown(
			MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
			SHUT_RDWR);
	else if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		conn_free(conn);
}
