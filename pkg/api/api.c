// SPDX-License-Identifier: GPL-2.0-or-later
/* api: runs MHD on the loop, in the external epoll mode of libmicrohttpd(3). */
#include "server.h"

#include <errno.h>
#include <stdio.h>

#include <ezlb/log.h>
#include <ezlb/mem.h>

/* MHD also writes the head of the answer to this memory. */
#define MHD_MEMORY (EZLB_API_HEADER_MAX + 2048)
/* Never reached: conn_start ends an older connection first. */
#define MHD_CONNECTIONS (4 * EZLB_API_CONNECTIONS)
/* With this MHD 1.0 adds a connection at once, not in its next run. */
#if MHD_VERSION >= 0x00097707
#define ONE_THREAD MHD_USE_NO_THREAD_SAFETY
#else
#define ONE_THREAD 0
#endif
#define RUNS	2 /* one sends a short answer, the next one closes the connection */
#define MORE_MS 1 /* with 0 the timers of libuv would starve its sockets */

const struct api_timing api_timing = {
	.connection = EZLB_API_TIMEOUT_MS,
	.retry = 5000,
	.look = 1000,
};

void api_ref(struct ezlb_api *api)
{
	api->refs++;
}

/* Not part of ezlb_api_close, because a handler, called by MHD, may call that. */
static void finish(struct ezlb_api *api)
{
	void (*closed)(void *arg) = api->closed;
	void *closed_arg = api->closed_arg;

	if (api->mhd != NULL)
		MHD_stop_daemon(api->mhd);
	for (size_t i = 0; i < api->n_doors; i++)
		free(api->doors[i].socket_path);
	EZLB_VEC_CLEAR(&api->clients);
	free(api);
	if (closed != NULL)
		closed(closed_arg);
}

void api_unref(struct ezlb_api *api)
{
	if (--api->refs == 0)
		finish(api);
}

static void on_handle_closed(uv_handle_t *handle)
{
	api_unref(handle->data);
}

static void on_more(uv_timer_t *timer)
{
	api_run(timer->data);
}

static void on_mhd_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	api_run(poll->data);
}

void api_run(struct ezlb_api *api)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	/* MHD has no timeouts here, so a timeout means that it has more to do now. */
	for (int i = 0; i < RUNS; i++) {
		if (api->closing || api->mhd == NULL)
			return;
		MHD_run(api->mhd);
		if (MHD_get_timeout(api->mhd, &timeout) != MHD_YES)
			return;
	}
	api_run_soon(api);
}

void api_run_soon(struct ezlb_api *api)
{
	if (!api->closing)
		uv_timer_start(&api->more, on_more, MORE_MS, 0);
}

/* Errors of clients, logged at debug level. */
__attribute__((format(printf, 2, 0))) static void on_mhd_log(void *arg, const char *fmt, va_list ap)
{
	char text[256];

	(void)arg;
	if (!ezlb_log_enabled(EZLB_DEBUG))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	/* MHD sets TCP options on the unix socket, too, and reports each failure. */
	if (strstr(text, "TCP_") || strstr(text, "push the data"))
		return;
	ezlb_log(EZLB_DEBUG, "api", EZLB_S("msg", text));
}

int api_start_mhd(struct ezlb_api *api, struct ezlb_err *err)
{
	const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			       MHD_USE_ERROR_LOG | ONE_THREAD;
	int rc;

	if (api->mhd != NULL)
		return 0;
	api->mhd = MHD_start_daemon(
		flags, 0, NULL, NULL, request_on_access, api, MHD_OPTION_EXTERNAL_LOGGER,
		on_mhd_log, NULL, MHD_OPTION_NOTIFY_CONNECTION, conn_on_notify, api,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MHD_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)MHD_CONNECTIONS, MHD_OPTION_END);
	if (api->mhd == NULL)
		return ezlb_err_sys(err, errno, "cannot start the HTTP server");
	rc = uv_poll_init(api->loop, &api->poll,
			  MHD_get_daemon_info(api->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
	if (rc < 0) {
		MHD_stop_daemon(api->mhd);
		api->mhd = NULL;
		return ezlb_err_sys(err, -rc, "cannot wait for the HTTP server");
	}
	api_ref(api);
	api->poll.data = api;
	uv_poll_start(&api->poll, UV_READABLE, on_mhd_ready);
	return 0;
}

static struct ezlb_api *api_new(uv_loop_t *loop, const struct api_timing *timing)
{
	struct ezlb_api *api = ezlb_calloc(1, sizeof(*api));

	*api = (struct ezlb_api){ .loop = loop, .timing = *timing };
	uv_timer_init(loop, &api->more);
	api->more.data = api;
	api_ref(api);
	return api;
}

void api_open_timed(uv_loop_t *loop, const struct ezlb_api_options *options,
		    const struct api_timing *timing, struct ezlb_api **out)
{
	struct ezlb_api *api = api_new(loop, timing);

	api->on_request = options->on_request;
	api->arg = options->arg;
	api->channel = options->channel;
	if (api->channel != NULL)
		remote_open(api);
	if (options->socket_path != NULL)
		door_init(&api->doors[api->n_doors++], api, options->socket_path, NULL);
	if (options->address.addr.family != 0)
		door_init(&api->doors[api->n_doors++], api, NULL, &options->address);
	*out = api;
}

void api_serve_timed(uv_loop_t *loop, struct ezlb_channel *channel, const struct api_timing *timing,
		     struct ezlb_api **out)
{
	struct ezlb_api *api = api_new(loop, timing);

	api->channel = channel;
	api->is_worker = true;
	api->on_request = serve_on_request;
	api->arg = api;
	serve_open(api);
	*out = api;
}

void ezlb_api_open(struct uv_loop_s *loop, const struct ezlb_api_options *options,
		   struct ezlb_api **out)
{
	api_open_timed(loop, options, &api_timing, out);
}

void ezlb_api_serve(struct uv_loop_s *loop, struct ezlb_channel *channel, struct ezlb_api **out)
{
	api_serve_timed(loop, channel, &api_timing, out);
}

void ezlb_api_close(struct ezlb_api *api, void (*closed)(void *arg), void *arg)
{
	api->closing = true;
	api->closed = closed;
	api->closed_arg = arg;
	for (size_t i = 0; i < api->n_doors; i++) {
		door_close(&api->doors[i]);
		conn_end_all(&api->doors[i]);
	}
	if (api->is_worker)
		serve_close(api);
	else if (api->channel != NULL)
		remote_close(api);
	if (api->mhd != NULL)
		uv_close((uv_handle_t *)&api->poll, on_handle_closed);
	uv_close((uv_handle_t *)&api->more, on_handle_closed);
}
