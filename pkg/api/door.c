// SPDX-License-Identifier: GPL-2.0-or-later
/* door: opens a listener, reopens it when it is lost, and accepts connections. */
#include "server.h"

#include <errno.h>
#include <unistd.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>

#define ACCEPT_MAX 16 /* per iteration of the loop */

static void try_open(struct door *door);

static void say(const struct door *door, enum ezlb_log_level level, const char *msg,
		const char *reason)
{
	char address[EZLB_ENDPOINT_STRLEN] = "";

	if (!door->is_local)
		ezlb_endpoint_format(&door->address, address);
	ezlb_log(level, "api", EZLB_S("msg", msg),
		 EZLB_S("address", door->is_local ? door->socket_path : address),
		 EZLB_S("reason", reason));
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct door *door = handle->data;

	door->polls = false;
	if (!door->api->closing)
		try_open(door);
	api_unref(door->api);
}

/* Stops listening. Open connections continue. */
static void shut(struct door *door)
{
	if (!door->listens)
		return;
	door->listens = false;
	uv_close((uv_handle_t *)&door->poll, on_poll_closed);
	listener_close(&door->listener, door->socket_path);
}

static void lose(struct door *door, const char *reason)
{
	door->lost = true;
	say(door, EZLB_WARN, "the admin interface has lost its socket: opening it again", reason);
	shut(door);
}

/* Returns false if there is nothing more to accept now. */
static bool accept_one(struct door *door)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);
	int fd = accept4(door->listener.fd, (struct sockaddr *)&addr, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		door->starved = false;
		if (door->api->channel != NULL)
			remote_client(door, fd);
		else
			conn_start(door, fd, &addr, len);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		/* The client stays in the queue. Without the stop the loop would spin. */
		uv_poll_stop(&door->poll);
		if (!door->starved)
			say(door, EZLB_WARN,
			    "cannot accept a client of the admin interface: trying again",
			    ezlb_errno_str(errno));
		door->starved = true;
		return false;
	case EINVAL:
		lose(door, "the socket does not listen any more");
		return false;
	default: /* accept(2): an error of the connection, which has ended */
		return true;
	}
}

static void on_client(uv_poll_t *poll, int status, int events)
{
	struct door *door = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPT_MAX && remote_takes(door) && accept_one(door); i++)
		;
	if (!remote_takes(door))
		uv_poll_stop(&door->poll);
	api_run(door->api);
}

void door_watch(struct door *door)
{
	if (!door->listens)
		return;
	if (remote_takes(door))
		uv_poll_start(&door->poll, UV_READABLE, on_client);
	else
		uv_poll_stop(&door->poll);
}

void door_watch_all(struct ezlb_api *api)
{
	for (size_t i = 0; i < api->n_doors; i++)
		door_watch(&api->doors[i]);
}

static int open_listener(struct door *door, struct ezlb_err *err)
{
	int rc = door->api->channel != NULL ? 0 : api_start_mhd(door->api, err);

	if (rc < 0)
		return rc;
	rc = door->is_local ? listener_open_unix(door->socket_path, &door->listener, err)
			    : listener_open_tcp(&door->address, &door->listener, err);
	if (rc < 0)
		return rc;
	rc = uv_poll_init(door->api->loop, &door->poll, door->listener.fd);
	if (rc == 0)
		return 0;
	listener_close(&door->listener, door->socket_path);
	return ezlb_err_sys(err, -rc, "cannot wait for clients");
}

static void try_open(struct door *door)
{
	struct ezlb_err err;

	door->retry_at = uv_now(door->api->loop) + door->api->timing.retry;
	if (open_listener(door, &err) < 0) {
		if (!door->failed)
			say(door, EZLB_WARN, "cannot open the admin interface: trying again",
			    err.msg);
		door->failed = true;
		return;
	}
	api_ref(door->api);
	door->polls = true;
	door->listens = true;
	door->poll.data = door;
	door_watch(door);
	if (door->failed || door->lost)
		say(door, EZLB_INFO, "the admin interface is open", NULL);
	door->failed = false;
	door->lost = false;
}

static void on_tick(uv_timer_t *timer)
{
	struct door *door = timer->data;

	remote_look(door);
	if (!door->listens) {
		if (!door->polls && uv_now(timer->loop) >= door->retry_at)
			try_open(door);
	} else if (door->is_local && !listener_has_file(&door->listener, door->socket_path)) {
		lose(door, "somebody has removed the socket file");
	} else {
		door_watch(door);
	}
}

void door_init_worker(struct door *door, struct ezlb_api *api, bool is_local)
{
	*door = (struct door){ .api = api, .is_local = is_local };
	TAILQ_INIT(&door->conns);
	uv_timer_init(api->loop, &door->tick);
	uv_timer_init(api->loop, &door->deadline);
	door->tick.data = door;
	door->deadline.data = door;
	api_ref(api);
	api_ref(api);
}

void door_init(struct door *door, struct ezlb_api *api, const char *socket_path,
	       const struct ezlb_endpoint *address)
{
	door_init_worker(door, api, socket_path != NULL);
	if (socket_path != NULL)
		door->socket_path = ezlb_strdup(socket_path);
	else
		door->address = *address;
	uv_timer_start(&door->tick, on_tick, api->timing.look, api->timing.look);
	try_open(door);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct door *door = handle->data;

	api_unref(door->api);
}

void door_close(struct door *door)
{
	shut(door);
	uv_close((uv_handle_t *)&door->tick, on_timer_closed);
	uv_close((uv_handle_t *)&door->deadline, on_timer_closed);
}
