// SPDX-License-Identifier: GPL-2.0-or-later
/* curl_loop: runs curl's multi interface on the loop, as in curl_multi_socket_action(3). */
#include <errno.h>

#include <ezlb/curl.h>
#include <ezlb/mem.h>

#include "guard.h"
#include "probe_kind.h"

/* A socket that curl wants to poll. Freed after curl removes it. */
struct watched {
	uv_poll_t poll;
	struct ezlb_prober *prober;
	curl_socket_t fd;
};

static void reap(struct ezlb_prober *prober)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(prober->multi, &left)) != NULL) {
		char *probe = NULL;
		CURLcode rc = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &probe);
		ezlb_probe_http_done((struct ezlb_probe *)(void *)probe, rc);
	}
}

static void act(struct ezlb_prober *prober, curl_socket_t fd, int bits)
{
	int running;

	ezlb_guard_begin();
	curl_multi_socket_action(prober->multi, fd, bits, &running);
	ezlb_guard_end();
	reap(prober);
}

static void on_timeout(uv_timer_t *timer)
{
	struct ezlb_prober *prober = timer->data;

	act(prober, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *arg)
{
	struct ezlb_prober *prober = arg;

	(void)multi;
	if (timeout_ms < 0)
		uv_timer_stop(&prober->curl_timer);
	else
		uv_timer_start(&prober->curl_timer, on_timeout, (uint64_t)timeout_ms, 0);
	return 0;
}

/*
 * After a socket error libuv stops the poll and reports no events. Bits 0 make curl check the
 * socket itself, so it still reads an answer that arrived before a reset.
 */
static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watched *watched = poll->data;
	struct ezlb_prober *prober = watched->prober;
	int bits = 0;

	if (status == 0 && (events & UV_READABLE) != 0)
		bits |= CURL_CSELECT_IN;
	if (status == 0 && (events & UV_WRITABLE) != 0)
		bits |= CURL_CSELECT_OUT;
	act(prober, watched->fd, bits);
}

static void on_unwatched(uv_handle_t *handle)
{
	struct watched *watched = handle->data;
	struct ezlb_prober *prober = watched->prober;

	free(watched);
	ezlb_prober_unref(prober);
}

/* Returns NULL if the loop cannot poll the socket; the probe then ends soon. */
static struct watched *watch(struct ezlb_prober *prober, CURL *easy, curl_socket_t fd)
{
	struct watched *watched = ezlb_calloc(1, sizeof(*watched));
	char *probe = NULL;
	int rc;

	*watched = (struct watched){ .prober = prober, .fd = fd };
	rc = uv_poll_init_socket(prober->loop, &watched->poll, fd);
	if (rc < 0) {
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &probe);
		ezlb_probe_end_soon((struct ezlb_probe *)(void *)probe,
				    ezlb_result_from_errno(-rc));
		free(watched);
		return NULL;
	}
	watched->poll.data = watched;
	ezlb_prober_ref(prober);
	curl_multi_assign(prober->multi, fd, watched);
	return watched;
}

/* Always returns 0: any other value makes the whole multi handle unusable. */
static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct ezlb_prober *prober = arg;
	struct watched *watched = socket_arg;
	int events = 0;

	if (what == CURL_POLL_REMOVE) {
		if (watched != NULL)
			uv_close((uv_handle_t *)&watched->poll, on_unwatched);
		return 0;
	}
	if (watched == NULL)
		watched = watch(prober, easy, fd);
	if (watched == NULL)
		return 0;
	if ((what & CURL_POLL_IN) != 0)
		events |= UV_READABLE;
	if ((what & CURL_POLL_OUT) != 0)
		events |= UV_WRITABLE;
	uv_poll_start(&watched->poll, events, on_ready);
	return 0;
}

int ezlb_curl_loop_open(struct ezlb_prober *prober, struct ezlb_err *err)
{
	int rc;

	if (prober->multi != NULL)
		return 0;
	rc = ezlb_curl_load(err);
	if (rc < 0)
		return rc;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ezlb_err_set(err, ENOMEM, "cannot initialise libcurl");
	prober->multi = curl_multi_init();
	if (prober->multi == NULL) {
		curl_global_cleanup();
		return ezlb_err_set(err, ENOMEM, "cannot create a libcurl handle: out of memory");
	}
	curl_multi_setopt(prober->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(prober->multi, CURLMOPT_SOCKETDATA, prober);
	curl_multi_setopt(prober->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	curl_multi_setopt(prober->multi, CURLMOPT_TIMERDATA, prober);
	ezlb_guard_open();
	prober->trust.keep_bytes = !ezlb_probe_https_has_gnutls();
	uv_timer_init(prober->loop, &prober->curl_timer);
	prober->curl_timer.data = prober;
	ezlb_prober_ref(prober);
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	ezlb_prober_unref(handle->data);
}

void ezlb_curl_loop_close(struct ezlb_prober *prober)
{
	if (prober->multi == NULL)
		return;
	/* curl must not use the handles of the loop any more. */
	curl_multi_setopt(prober->multi, CURLMOPT_SOCKETFUNCTION, NULL);
	curl_multi_setopt(prober->multi, CURLMOPT_TIMERFUNCTION, NULL);
	uv_close((uv_handle_t *)&prober->curl_timer, on_timer_closed);
}
