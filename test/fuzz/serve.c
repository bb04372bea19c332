// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker's side of the channel: what a daemon may send, in any order. Each probe has a result,
 * no client stays, and no probe reaches a network: connect() fails (calls.c).
 */
#include "records.h"
#include "tempdir.h"

#include <sys/mman.h>

#include <ezlb/health_serve.h>
#include <ezlb/log.h>

#include "pkg/api/server.h"

static int clients[2 * FUZZ_RECORDS_MAX]; /* the other ends of the clients' sockets */
static size_t n_clients;

static void on_lost(void *arg, const char *why)
{
	unsigned *lost = arg;

	FUZZ_CHECK(!why || why[0]);
	(*lost)++;
}

/* A client that has asked already, or a file in memory. */
static int make_fd(enum ezlb_record_kind kind)
{
	static const char request[] = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n";
	static const char file[] = "-----BEGIN CERTIFICATE-----\n";
	int pair[2], fd;

	if (kind == EZLB_RECORD_CLIENT) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
		    send(pair[1], request, strlen(request), 0) != (ssize_t)strlen(request))
			abort();
		clients[n_clients++] = pair[1];
		return pair[0];
	}
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, file, strlen(file)) != (ssize_t)strlen(file))
		abort();
	return fd;
}

/* What the worker says is well-formed. */
static void hear(int fd)
{
	static struct ezlb_record_buffer buffer;
	struct ezlb_record record;

	while (ezlb_record_receive(fd, &buffer, &record) == 1) {
		FUZZ_CHECK(record.kind == EZLB_RECORD_PROBE_RESULT ||
			   record.kind == EZLB_RECORD_REQUEST || record.kind == EZLB_RECORD_GONE);
		FUZZ_CHECK(record.n_fds == 0 && record.len > 0);
	}
}

static void run(uv_loop_t *loop, int fd, const unsigned *lost)
{
	for (int i = 0; i < 8; i++) {
		uv_run(loop, UV_RUN_NOWAIT);
		hear(fd);
	}
	shutdown(fd, SHUT_WR);
	while (*lost == 0)
		uv_run(loop, UV_RUN_ONCE);
	close(fd);
	while (n_clients > 0)
		close(clients[--n_clients]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ezlb_health_server *health = NULL;
	struct ezlb_channel *channel;
	struct ezlb_api *api;
	unsigned lost = 0;
	uv_loop_t loop;
	int pair[2];

	ezlb_log_setup(EZLB_ERROR, EZLB_LOGFMT);
	fuzz_pair(pair);
	if (uv_loop_init(&loop) < 0)
		abort();
	ezlb_channel_open(&loop, on_lost, &lost, &channel);
	FUZZ_CHECK(ezlb_channel_attach(channel, pair[0], NULL) == 0);
	FUZZ_CHECK(ezlb_health_serve(&loop, channel, &health, NULL) == 0);
	ezlb_api_serve(&loop, channel, &api);
	fuzz_send_records(pair[1], (struct fuzz_rest){ data, size }, make_fd);
	run(&loop, pair[1], &lost);
	FUZZ_CHECK(lost == 1);
	ezlb_health_serve_end(health, NULL, NULL);
	ezlb_api_close(api, NULL, NULL);
	ezlb_channel_close(channel);
	uv_run(&loop, UV_RUN_DEFAULT);
	FUZZ_CHECK(uv_loop_close(&loop) == 0);
	return 0;
}
