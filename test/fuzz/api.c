// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What clients send to the admin server, through libmicrohttpd and a real socket. The first byte
 * says where the bytes are cut into two sends. There is at most one request, and each has an
 * answer.
 */
#include "tempdir.h"

#include <errno.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

#include <ezlb/api.h>
#include <ezlb/log.h>

#define TURNS 32

static uv_loop_t loop;
static struct ezlb_api *api;
static unsigned calls;

static void on_request(void *arg, struct ezlb_api_request *request)
{
	static const char text[] = "ok\n";
	struct ezlb_api_body *body = ezlb_api_body_static(text, strlen(text));
	const char *path = ezlb_api_path(request), *query = ezlb_api_query(request, "since");

	(void)arg;
	calls++;
	FUZZ_CHECK(path && ezlb_api_is_local(request));
	FUZZ_CHECK(!query || strlen(query) <= EZLB_API_HEADER_MAX);
	ezlb_api_is_post(request);
	ezlb_api_takes_gzip(request);
	ezlb_api_reply(request, 200, "text/plain", body);
	ezlb_api_body_unref(body);
}

static void open_server(void)
{
	struct fuzz_path path;
	struct ezlb_api_options options = { .on_request = on_request };

	fuzz_make_top();
	path = fuzz_at("admin.sock");
	options.socket_path = path.s;
	ezlb_log_setup(EZLB_ERROR, EZLB_LOGFMT);
	if (uv_loop_init(&loop) < 0)
		abort();
	ezlb_api_open(&loop, &options, &api);
}

static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", fuzz_at("admin.sock").s);
	FUZZ_CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	return fd;
}

/* Takes what is there; false: the server has closed the connection. */
static bool hear(int fd, char *answer, size_t size)
{
	char bytes[4096];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	if (n > 0 && !answer[0]) {
		n = n < (ssize_t)size - 1 ? n : (ssize_t)size - 1;
		memcpy(answer, bytes, (size_t)n);
		answer[n] = '\0';
		return true;
	}
	return n > 0 || (n < 0 && errno == EAGAIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rest rest = { data, size };
	size_t cut = fuzz_byte(&rest);
	char answer[64] = "";
	int fd;

	if (!api)
		open_server();
	calls = 0;
	cut = cut < rest.len ? cut : rest.len;
	fd = dial();
	send(fd, rest.at, cut, MSG_NOSIGNAL);
	uv_run(&loop, UV_RUN_NOWAIT);
	send(fd, rest.at + cut, rest.len - cut, MSG_NOSIGNAL);
	/* What a socket of this host has is there at once; half a request waits for its deadline.
	 */
	for (int i = 0; i < TURNS && hear(fd, answer, sizeof(answer)); i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	close(fd);
	for (int i = 0; i < 4; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	FUZZ_CHECK(calls <= 1);
	FUZZ_CHECK(!answer[0] || strncmp(answer, "HTTP/1.", 7) == 0);
	FUZZ_CHECK(calls == 0 || answer[0]);
	return 0;
}
