/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * harness: a server on a real loop, and clients on the same thread, which never block. A test that
 * leaves a handle or a descriptor behind fails.
 *
 * With `two` the server is in two halves, as those of the daemon and of the worker, with a channel
 * between them; here both are on the same loop.
 */
#pragma once

#include "tmpdir.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <ezlb/api.h>
#include <ezlb/channel.h>
#include <ezlb/duration.h>
#include <ezlb/log.h>
#include <ezlb/mem.h>

#include "server.h"

#define WAIT_MS	 60000 /* what nobody waits for unless something is broken */
#define BIG_SIZE (8 << 20)

static uv_loop_t loop;
static uv_timer_t ticker; /* wakes the loop, and counts how often it turns */
static unsigned ticks;
static bool two;
static struct ezlb_api *api;
static struct ezlb_api *worker;			   /* NULL: all is in `api` */
static struct ezlb_channel *to_worker, *to_daemon; /* NULL: one process */
static char lost[128];				   /* why the daemon has given up the worker */
static bool is_closed, is_worker_closed;
static size_t fds_before;
static uint16_t tcp_port;
static int port_fd;
static struct ezlb_api_body *big;
static int log_fd = -1, real_stderr = -1;

/* What the handler has seen, and what it has not answered yet. */
static struct {
	unsigned calls;
	struct ezlb_api_request *pending[256];
	size_t n_pending;
	char path[64], query[64];
	bool is_post, is_local;
	bool packs; /* what a request for /packed is to say */
} seen;

static const struct api_timing quick = { .connection = 300, .retry = 60, .look = 20 };
/* Where the time of a connection is not the subject. */
static const struct api_timing patient = { .connection = 5 * WAIT_MS, .retry = 60, .look = 20 };

static inline void reply(struct ezlb_api_request *request, unsigned status, const char *type,
			 const char *text)
{
	struct ezlb_api_body *body = ezlb_api_body_static(text, strlen(text));

	ezlb_api_reply(request, status, type, body);
	ezlb_api_body_unref(body);
}

/* A document of two forms, of which the second need be no gzip for this. */
static inline void reply_packed(struct ezlb_api_request *request)
{
	struct ezlb_api_body *body = ezlb_api_body_static("plain\n", 6);

	ezlb_api_body_gzip(body, ezlb_strdup("packed"), 6);
	ezlb_api_reply(request, 200, "text/plain", body);
	ezlb_api_body_unref(body);
}

static inline void on_closed(void *arg)
{
	assert_ptr_equal(arg, &is_closed);
	is_closed = true;
}

static inline void on_request(void *arg, struct ezlb_api_request *request)
{
	const char *path = ezlb_api_path(request);
	const char *query = ezlb_api_query(request, "q");

	assert_ptr_equal(arg, &seen);
	seen.calls++;
	seen.is_post = ezlb_api_is_post(request);
	seen.is_local = ezlb_api_is_local(request);
	snprintf(seen.path, sizeof(seen.path), "%s", path);
	snprintf(seen.query, sizeof(seen.query), "%s", query == NULL ? "(none)" : query);
	if (strcmp(path, "/now") == 0) {
		reply(request, 200, "text/plain", "now\n");
	} else if (strcmp(path, "/page") == 0) {
		reply(request, 200, "text/html; charset=utf-8", "<p>page\n");
	} else if (strcmp(path, "/refused") == 0) {
		reply(request, 405, "text/plain", "no\n");
	} else if (strcmp(path, "/packed") == 0) {
		assert_int_equal(ezlb_api_takes_gzip(request), seen.packs);
		reply_packed(request);
	} else if (strcmp(path, "/big") == 0) {
		ezlb_api_reply(request, 200, "text/plain", big);
	} else if (strcmp(path, "/close") == 0) {
		ezlb_api_close(api, on_closed, &is_closed);
		api = NULL;
		seen.pending[seen.n_pending++] = request;
	} else if (strcmp(path, "/later") == 0) {
		seen.pending[seen.n_pending++] = request;
	} else {
		reply(request, 404, "text/plain", "nothing here\n");
	}
}

static inline void on_tick(uv_timer_t *timer)
{
	(void)timer;
	ticks++;
}

static inline size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static inline void log_begin(void)
{
	log_fd = memfd_create("log", MFD_CLOEXEC);
	real_stderr = dup(2);
	assert_true(log_fd >= 0 && real_stderr >= 0);
	assert_true(dup2(log_fd, 2) == 2);
}

static inline int log_count(const char *needle)
{
	static char text[65536];
	ssize_t len = pread(log_fd, text, sizeof(text) - 1, 0);
	int n = 0;

	assert_true(len >= 0);
	text[len] = '\0';
	for (const char *p = text; (p = strstr(p, needle)) != NULL; p++)
		n++;
	return n;
}

/* What cmocka has said of a failure went there, too. */
static inline void log_end(void)
{
	static char text[65536];
	ssize_t len = pread(log_fd, text, sizeof(text) - 1, 0);

	dup2(real_stderr, 2);
	text[len > 0 ? len : 0] = '\0';
	if (strstr(text, "error:") != NULL || getenv("EZLB_TEST_LOG") != NULL)
		fputs(text, stderr);
	close(log_fd);
	close(real_stderr);
}

/* A port of 127.0.0.1 that nobody has, nor gets before teardown: the server may share it. */
static inline uint16_t free_port(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int on = 1;

	port_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(port_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(port_fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(port_fd, (struct sockaddr *)&addr, &len), 0);
	return ntohs(addr.sin_port);
}

static inline struct ezlb_endpoint loopback(uint16_t port)
{
	struct ezlb_endpoint endpoint = { .port = port };

	assert_int_equal(ezlb_addr_parse("127.0.0.1", &endpoint.addr, NULL), 0);
	return endpoint;
}

static inline void on_daemon_lost(void *arg, const char *why)
{
	(void)arg;
	snprintf(lost, sizeof(lost), "%s", why ? why : "closed");
}

static inline void on_worker_lost(void *arg, const char *why)
{
	(void)arg;
	(void)why;
}

/* A new worker, which the daemon has a channel to. */
static inline void start_worker(const struct api_timing *timing)
{
	int fds[2];

	if (!to_worker)
		ezlb_channel_open(&loop, on_daemon_lost, NULL, &to_worker);
	ezlb_channel_open(&loop, on_worker_lost, NULL, &to_daemon);
	api_serve_timed(&loop, to_daemon, timing, &worker);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	assert_int_equal(ezlb_channel_attach(to_worker, fds[0], NULL), 0);
	assert_int_equal(ezlb_channel_attach(to_daemon, fds[1], NULL), 0);
}

/* Who has the connections. */
static inline struct door *door_at(size_t i)
{
	return two ? &worker->doors[i] : &api->doors[i];
}

static inline void open_api(const struct api_timing *timing)
{
	struct text path = at("admin.sock");
	struct ezlb_api_options options = {
		.socket_path = path.s,
		.address = loopback(tcp_port),
		.on_request = on_request,
		.arg = &seen,
	};

	if (two)
		start_worker(timing);
	options.channel = to_worker;
	api_open_timed(&loop, &options, timing, &api);
}

static inline void turn(void)
{
	uv_run(&loop, UV_RUN_ONCE);
}

/*
 * A tick is 1 ms, or longer where the machine is busy with something else: a time in ticks is one
 * in which the loop has turned that often.
 */
static inline void run_ticks(unsigned n)
{
	unsigned begin = ticks;

	while (ticks - begin < n)
		turn();
}

/* A loop that spins turns without end; one that waits, with the ticks and the doors' timers. */
static inline void want_rest(void)
{
	unsigned turns = 0, begin;

	run_ticks(10);
	for (begin = ticks; ticks - begin < 50; turns++)
		turn();
	if (turns > 150)
		fail_msg("%u turns in %u ticks", turns, ticks - begin);
}

/* Waits for a condition of the test's, which must come true. */
#define RUN_UNTIL(condition)                                           \
	do {                                                           \
		uint64_t run_end = ezlb_now_ms() + WAIT_MS;            \
		bool run_done = (condition);                           \
		while (!run_done && ezlb_now_ms() < run_end) {         \
			turn();                                        \
			run_done = (condition);                        \
		}                                                      \
		if (!run_done)                                         \
			fail_msg("%s does not come true", #condition); \
	} while (0)

static inline void on_worker_closed(void *arg)
{
	(void)arg;
	is_worker_closed = true;
}

/* As when its process ends. */
static inline void stop_worker(void)
{
	if (worker == NULL)
		return;
	is_worker_closed = false;
	ezlb_api_close(worker, on_worker_closed, NULL);
	worker = NULL;
	RUN_UNTIL(is_worker_closed);
	ezlb_channel_close(to_daemon);
	to_daemon = NULL;
}

static inline void close_api(void)
{
	if (api != NULL)
		ezlb_api_close(api, on_closed, &is_closed);
	api = NULL;
	RUN_UNTIL(is_closed);
	stop_worker();
	if (to_worker != NULL)
		ezlb_channel_close(to_worker);
	to_worker = NULL;
}

static inline int setup(void **state)
{
	char *bytes = ezlb_calloc(1, BIG_SIZE);

	/* libuv keeps some descriptors from its first loop on. */
	if (uv_loop_init(&loop) < 0 || uv_loop_close(&loop) < 0)
		return -1;
	memset(&seen, 0, sizeof(seen));
	memset(bytes, 'x', BIG_SIZE);
	big = ezlb_api_body_new(bytes, BIG_SIZE);
	is_closed = false;
	lost[0] = '\0';
	fds_before = count_fds();
	log_begin();
	tcp_port = free_port();
	if (setup_top(state) < 0 || uv_loop_init(&loop) < 0)
		return -1;
	uv_timer_init(&loop, &ticker);
	return uv_timer_start(&ticker, on_tick, 1, 1);
}

static inline int teardown(void **state)
{
	log_end();
	close_api();
	while (seen.n_pending > 0)
		reply(seen.pending[--seen.n_pending], 200, "text/plain", "nobody hears\n");
	ezlb_api_body_unref(big);
	uv_close((uv_handle_t *)&ticker, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	close(port_fd);
	teardown_top(state);
	if (uv_loop_close(&loop) != 0) {
		fputs("a handle is left\n", stderr);
		return -1;
	}
	if (count_fds() != fds_before) {
		fputs("a descriptor is left, or one too many is gone\n", stderr);
		return -1;
	}
	return 0;
}

/* Clients. */

static inline int dial_unix(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", top, name);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static inline int dial_tcp(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(tcp_port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline int dial(bool local)
{
	int fd = -1;

	RUN_UNTIL((fd = local ? dial_unix("admin.sock") : dial_tcp()) >= 0);
	return fd;
}

/* All of it; false where the server closes before it has it. */
static inline bool put_on(int fd, const char *bytes, size_t len)
{
	uint64_t end = ezlb_now_ms() + WAIT_MS;

	while (len > 0 && ezlb_now_ms() < end) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return false;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		turn();
	}
	return len == 0;
}

static char heard[1 << 16];
static size_t n_heard;

/* Returns true at the end of the stream, which may be a reset. */
static inline bool hear(int fd)
{
	ssize_t n = recv(fd, heard + n_heard, sizeof(heard) - 1 - n_heard, 0);

	if (n > 0)
		n_heard += (size_t)n;
	heard[n_heard] = '\0';
	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* The status of the answer, 0 where the server closes without one; the bytes are in `heard`. */
static inline int finish_hearing(int fd)
{
	int status = 0;

	n_heard = 0;
	RUN_UNTIL(hear(fd));
	close(fd);
	sscanf(heard, "HTTP/1.1 %d", &status);
	return status;
}

static inline int ask(bool local, const char *request)
{
	int fd = dial(local);

	put_on(fd, request, strlen(request));
	return finish_hearing(fd);
}

static inline int get(bool local, const char *path)
{
	char request[256];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	return ask(local, request);
}

static inline const char *body_of_answer(void)
{
	const char *end = strstr(heard, "\r\n\r\n");

	return end == NULL ? "" : end + 4;
}

/* All tests of a file with one process, and then with two. In this order: "+" has none. */
static inline int *failed_in_one(void)
{
	static int n;

	return &n;
}

#define RUN_BOTH_WAYS(tests)                                                               \
	(two = false,                                                                      \
	 *failed_in_one() = cmocka_run_group_tests_name("one process", tests, NULL, NULL), \
	 two = true,                                                                       \
	 *failed_in_one() + cmocka_run_group_tests_name("two processes", tests, NULL, NULL))
