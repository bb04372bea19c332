/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server: a backend on 127.0.0.1 or ::1 in a thread of its own, that answers each connection in the
 * way that the test asks for, and counts.
 */
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>
#include <ezlb/addr.h>

enum answer {
	ANSWER_HELD, /* 200, but not before server_let_go */
	ANSWER_200,
	ANSWER_KEEP, /* 200, and the connection stays */
	ANSWER_500,
	ANSWER_302,
	ANSWER_LATE,	    /* 200 after 20 ms */
	ANSWER_NEVER,	    /* takes the request and is silent */
	ANSWER_HALF,	    /* the status line, then silence */
	ANSWER_ENDLESS,	    /* 200 and a body without end */
	ANSWER_HEADERS,	    /* header lines without end */
	ANSWER_GARBAGE,	    /* not HTTP */
	ANSWER_NO_STATUS,   /* a status line without version and status */
	ANSWER_NO_HEAD,	    /* 103, and then a head that libcurl takes for a body */
	ANSWER_NOTHING,	    /* closes without a word */
	ANSWER_CUT,	    /* closes before the end of the body */
	ANSWER_RESET,	    /* 200 and a long body, then a reset */
	ANSWER_ONLY_RESET,  /* a reset instead of an answer */
	ANSWER_NO_CHUNK,    /* a body that says it is chunked, and is not */
	ANSWER_BAD_CHUNK,   /* a chunk, and where the next one should be, something else */
	ANSWER_CUT_CHUNK,   /* closes within a chunk */
	ANSWER_RESET_CHUNK, /* the head, and then a reset */
	ANSWER_LONG_LINE,   /* 500 with a header line of 120 kB */
	ANSWER_EXTENSION,   /* the extension of a chunk without end */
	ANSWER_TRAILER,	    /* lines after the last chunk without end */
	ANSWER_CONTINUE,    /* 100 Continue without end */
	ANSWER_RECORDS,	    /* the bytes of server.record without end */
	ANSWER_CLOSED_HALF, /* closes its direction without a word */
	ANSWER_TEXT,	    /* 200 and a body with "up: yes" in two pieces */
	ANSWER_OLD,	    /* HTTP/0.9: a body without a head */
	ANSWER_NUL,	    /* a NUL in a header line */
	ANSWER_OVERLONG,    /* more of a body than Content-Length says */
	ANSWER_GZIP,	    /* "ok", compressed, which nobody has asked for */
	ANSWER_DRIP,	    /* header lines without end, a byte each 20 ms */
	ANSWERS,
};

struct server {
	int listener;
	int stop[2];
	uint16_t port;
	pthread_t thread;
	_Atomic enum answer mode;
	atomic_bool let_go;
	atomic_int accepted;
	atomic_int answered[ANSWERS];
	atomic_int cut_off;	   /* answers without end that the other side ended */
	unsigned char record[512]; /* set it while no probe runs */
	size_t record_len;
	char request[1024];	/* the last one */
	_Atomic in_addr_t peer; /* of the last connection, if that is IPv4 */
};

#define SERVER_CONNS 256
#define CHUNKED	     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static inline struct ezlb_endpoint endpoint_of(const char *text, uint16_t port)
{
	struct ezlb_endpoint endpoint;

	assert_int_equal(ezlb_endpoint_parse(text, &endpoint, NULL), 0);
	endpoint.port = port;
	return endpoint;
}

static inline struct ezlb_endpoint loopback(uint16_t port)
{
	return endpoint_of("127.0.0.1:1", port);
}

static inline struct ezlb_endpoint loopback6(uint16_t port)
{
	return endpoint_of("[::1]:1", port);
}

/* A listener there; port 0: on a free one, which is filled in. */
static inline int listen_at(struct ezlb_endpoint *at, int backlog)
{
	struct sockaddr_storage addr;
	socklen_t len = ezlb_endpoint_sockaddr(at, &addr);
	int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char service[8];

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(getnameinfo((struct sockaddr *)&addr, len, NULL, 0, service,
				     sizeof(service), NI_NUMERICSERV),
			 0);
	at->port = (uint16_t)atoi(service);
	return fd;
}

/* A listener on a free port of 127.0.0.1. */
static inline int listen_on_loopback(int backlog, uint16_t *port)
{
	struct ezlb_endpoint at = loopback(0);
	int fd = listen_at(&at, backlog);

	*port = at.port;
	return fd;
}

static inline void say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Until the other side has had enough, 16 MiB at most. */
static inline int say_without_end(int fd, const char *head, const char *line)
{
	char block[4096] = "";

	while (strlen(block) + strlen(line) < sizeof(block))
		strcat(block, line);
	say(fd, head);
	for (int i = 0; i < 4096; i++) {
		if (send(fd, block, strlen(block), MSG_NOSIGNAL) < 0)
			return 1;
	}
	return 0;
}

/* The same with bytes. */
static inline int send_without_end(int fd, const unsigned char *bytes, size_t len)
{
	unsigned char block[4096];
	size_t n = sizeof(block) / len;

	for (size_t i = 0; i < n; i++)
		memcpy(block + i * len, bytes, len);
	for (int i = 0; i < 4096; i++) {
		if (send(fd, block, n * len, MSG_NOSIGNAL) < 0)
			return 1;
	}
	return 0;
}

static inline const char *thousand(void)
{
	static char text[1001];

	memset(text, 'x', sizeof(text) - 1);
	return text;
}

static inline void reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static inline void say_compressed(int fd)
{
	static const unsigned char ok[] = { 31,	 139, 8, 0,  0,	  0,   0,   0, 2, 3, 203,
					    207, 6,   0, 71, 221, 220, 121, 2, 0, 0, 0 };

	say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n");
	(void)!send(fd, ok, sizeof(ok), MSG_NOSIGNAL);
}

static inline void drip(int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nX-All: work and no play\r\n";
	static const size_t line = sizeof("HTTP/1.1 200 OK\r\n") - 1;

	for (size_t i = 0; send(fd, head + i, 1, MSG_NOSIGNAL) == 1;) {
		usleep(20 * 1000);
		i = i + 1 < sizeof(head) - 1 ? i + 1 : line;
	}
}

/* True where the connection is to be closed. */
static inline int answer(struct server *server, int fd, enum answer mode)
{
	char body[50000];

	switch (mode) {
	case ANSWER_LATE:
		usleep(20 * 1000);
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		break;
	case ANSWER_HELD:
		while (!server->let_go)
			usleep(1000);
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		break;
	case ANSWER_200:
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		break;
	case ANSWER_KEEP:
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		return 0;
	case ANSWER_500:
		say(fd, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
		break;
	case ANSWER_302:
		say(fd, "HTTP/1.1 302 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
		break;
	case ANSWER_NEVER:
		return 0;
	case ANSWER_HALF:
		say(fd, "HTTP/1.1 200 OK\r\n");
		return 0;
	case ANSWER_ENDLESS:
		server->cut_off += say_without_end(fd, "HTTP/1.1 200 OK\r\n\r\n",
						   "all work and no play\n");
		break;
	case ANSWER_HEADERS:
		server->cut_off += say_without_end(fd, "HTTP/1.1 200 OK\r\n",
						   "X-All: work and no play\r\n");
		break;
	case ANSWER_GARBAGE:
		say(fd, "SSH-2.0-OpenSSH_9.2\r\n");
		break;
	case ANSWER_NO_STATUS:
		say(fd, "HTTP/x\r\nContent-Length: 2\r\n\r\nok");
		break;
	case ANSWER_NO_HEAD:
		say(fd, "HTTP/1.1 103 e\r\n\r\nHTTP/k: x\r\n\r\xff\xff\xff\nab");
		break;
	case ANSWER_NOTHING:
		break;
	case ANSWER_CUT:
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok");
		break;
	case ANSWER_RESET:
		snprintf(body, sizeof(body), "%s%40000s",
			 "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n", "ok");
		say(fd, body);
		reset(fd);
		break;
	case ANSWER_ONLY_RESET:
		reset(fd);
		break;
	case ANSWER_NO_CHUNK:
		say(fd, CHUNKED "no size at all\r\n");
		break;
	case ANSWER_BAD_CHUNK:
		say(fd, CHUNKED "2\r\nok\r\nxyz\r\n\r\n");
		break;
	case ANSWER_CUT_CHUNK:
		say(fd, CHUNKED "10\r\nok");
		break;
	case ANSWER_RESET_CHUNK:
		say(fd, CHUNKED "2\r\nok\r\n");
		usleep(100 *
		       1000); /* the other side has read it by then, else nothing is left of it */
		reset(fd);
		break;
	case ANSWER_LONG_LINE:
		say(fd, "HTTP/1.1 500 Oh\r\nX-Long: ");
		for (int i = 0; i < 120; i++)
			say(fd, thousand());
		say(fd, "\r\n\r\n");
		usleep(100 * 1000); /* as above */
		break;
	case ANSWER_EXTENSION:
		server->cut_off += say_without_end(fd, CHUNKED "2;", "extension=");
		break;
	case ANSWER_TRAILER:
		server->cut_off += say_without_end(fd, CHUNKED "0\r\n", "X-Trailer: 1\r\n");
		break;
	case ANSWER_CONTINUE:
		server->cut_off += say_without_end(fd, "", "HTTP/1.1 100 Continue\r\n\r\n");
		break;
	case ANSWER_RECORDS:
		server->cut_off += send_without_end(fd, server->record, server->record_len);
		break;
	case ANSWER_CLOSED_HALF:
		shutdown(fd, SHUT_WR);
		return 0;
	case ANSWER_TEXT:
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nrepl up: no, up: y");
		usleep(20 * 1000);
		say(fd, "es");
		return 0;
	case ANSWER_OLD:
		say(fd, "<html>ok</html>");
		break;
	case ANSWER_NUL:
		(void)!send(fd, "HTTP/1.1 200 OK\r\nX-Nul: \0\r\n\r\nok", 31, MSG_NOSIGNAL);
		break;
	case ANSWER_OVERLONG:
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more");
		break;
	case ANSWER_GZIP:
		say_compressed(fd);
		break;
	case ANSWER_DRIP:
		drip(fd);
		break;
	case ANSWERS:
		break;
	}
	return 1;
}

/* True where the connection is to be closed. */
static inline int serve(struct server *server, int fd)
{
	enum answer mode = server->mode;
	char request[1024];
	ssize_t n = recv(fd, request, sizeof(request) - 1, 0);

	if (n <= 0)
		return 1;
	request[n] = '\0';
	memcpy(server->request, request, (size_t)n + 1);
	server->answered[mode]++;
	return answer(server, fd, mode);
}

static inline void take_conn(struct server *server, struct pollfd *conns, size_t *n)
{
	struct timeval second = { .tv_sec = 1 };
	struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(peer);
	int fd = accept4(server->listener, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (peer.ss_family == AF_INET)
		server->peer = ((const struct sockaddr_in *)&peer)->sin_addr.s_addr;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	server->accepted++;
	if (*n == SERVER_CONNS)
		close(fd);
	else
		conns[(*n)++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static inline void *server_thread(void *arg)
{
	struct server *server = arg;
	struct pollfd conns[SERVER_CONNS] = { { .fd = server->stop[0], .events = POLLIN },
					      { .fd = server->listener, .events = POLLIN } };
	size_t n = 2;

	while (poll(conns, n, -1) >= 0 && conns[0].revents == 0) {
		int more = conns[1].revents != 0;

		for (size_t i = n; i-- > 2;) {
			if (conns[i].revents == 0 || !serve(server, conns[i].fd))
				continue;
			close(conns[i].fd);
			conns[i] = conns[--n];
		}
		if (more)
			take_conn(server, conns, &n);
	}
	while (n-- > 2)
		close(conns[n].fd);
	return NULL;
}

static inline void server_start_at(struct server *server, struct ezlb_endpoint at, enum answer mode)
{
	memset(server, 0, sizeof(*server));
	server->mode = mode;
	server->listener = listen_at(&at, 1024);
	server->port = at.port;
	assert_int_equal(pipe2(server->stop, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, server_thread, server), 0);
}

static inline void server_start(struct server *server, enum answer mode)
{
	server_start_at(server, loopback(0), mode);
}

static inline void server_let_go(struct server *server)
{
	server->let_go = true;
}

/* Returns when the server has accepted every connection that was made before. */
static inline void server_catch_up(struct server *server)
{
	struct ezlb_endpoint at = loopback(server->port);
	struct sockaddr_storage addr;
	socklen_t len = ezlb_endpoint_sockaddr(&at, &addr);
	int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte;

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, len), 0);
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	assert_true(recv(fd, &byte, 1, 0) == 1);
	close(fd);
}

static inline void server_stop(struct server *server)
{
	server_let_go(server);
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->listener);
}

/* A port of 127.0.0.1 where nobody listens. */
static inline uint16_t closed_port(void)
{
	uint16_t port;

	close(listen_on_loopback(1, &port));
	return port;
}

/* A listener whose queue is full: further connections get no answer at all. */
struct black_hole {
	int listener;
	int fill[4];
	uint16_t port;
};

static inline void black_hole_open_at(struct black_hole *hole, struct ezlb_endpoint at)
{
	struct sockaddr_storage addr;
	socklen_t len;

	hole->listener = listen_at(&at, 0);
	hole->port = at.port;
	len = ezlb_endpoint_sockaddr(&at, &addr);
	for (size_t i = 0; i < 4; i++) {
		hole->fill[i] = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				       0);
		(void)!connect(hole->fill[i], (struct sockaddr *)&addr, len);
	}
	usleep(10 * 1000);
}

static inline void black_hole_open(struct black_hole *hole)
{
	black_hole_open_at(hole, loopback(0));
}

static inline void black_hole_close(struct black_hole *hole)
{
	for (size_t i = 0; i < 4; i++)
		close(hole->fill[i]);
	close(hole->listener);
}
