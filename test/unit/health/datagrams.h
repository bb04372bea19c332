/* SPDX-License-Identifier: GPL-2.0-or-later */
/* datagrams: a UDP server on 127.0.0.1 in a thread of its own, that answers as the test asks. */
#pragma once

#include "server.h"

enum reply {
	REPLY_NONE,
	REPLY_PONG,
	REPLY_OTHER,
	REPLY_EMPTY,
	REPLY_LATE,    /* pong after 20 ms */
	REPLY_TWO,     /* another one, then pong */
	REPLY_ENDLESS, /* others, thousands of them */
	REPLY_LONG,    /* the longest datagram, pong at its end */
	REPLY_ECHO,
	REPLY_DNS,	   /* the query as an answer with noerror */
	REPLY_DNS_REFUSED, /* with that rcode */
	REPLY_DNS_CUT,	   /* half a header */
	REPLY_DNS_STRANGER /* with another id */
};

struct datagrams {
	int fd, stop[2];
	uint16_t port;
	pthread_t thread;
	_Atomic enum reply mode;
	atomic_int asked;
	_Atomic in_addr_t peer; /* of the last datagram */
	unsigned char last[2048];
	ssize_t last_len;
};

#define LONGEST 65507 /* of UDP over IPv4 */

static inline void reply_dns(struct datagrams *server, enum reply mode, unsigned char *out,
			     size_t *len)
{
	*len = (size_t)server->last_len;
	memcpy(out, server->last, *len);
	out[2] |= 0x80;
	if (mode == REPLY_DNS_REFUSED)
		out[3] |= 5;
	if (mode == REPLY_DNS_CUT)
		*len = 6;
	if (mode == REPLY_DNS_STRANGER)
		out[0] ^= 1;
}

static inline size_t reply_of(struct datagrams *server, enum reply mode, unsigned char *out)
{
	size_t len = 0;

	switch (mode) {
	case REPLY_ENDLESS:
	case REPLY_OTHER:
	case REPLY_TWO:
		memcpy(out, "ping", 4);
		return 4;
	case REPLY_LATE:
		usleep(20 * 1000);
		memcpy(out, "+pong!", 6);
		return 6;
	case REPLY_PONG:
		memcpy(out, "+pong!", 6);
		return 6;
	case REPLY_LONG:
		memset(out, 0, LONGEST);
		memcpy(out + LONGEST - 4, "pong", 4);
		return LONGEST;
	case REPLY_ECHO:
		memcpy(out, server->last, (size_t)server->last_len);
		return (size_t)server->last_len;
	case REPLY_DNS:
	case REPLY_DNS_REFUSED:
	case REPLY_DNS_CUT:
	case REPLY_DNS_STRANGER:
		reply_dns(server, mode, out, &len);
		return len;
	case REPLY_EMPTY:
	case REPLY_NONE:
		break;
	}
	return 0;
}

static inline void datagram(struct datagrams *server)
{
	static unsigned char out[LONGEST];
	enum reply mode = server->mode;
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	size_t size;

	server->last_len = recvfrom(server->fd, server->last, sizeof(server->last), 0,
				    (struct sockaddr *)&peer, &len);
	if (server->last_len < 0)
		return;
	server->peer = peer.sin_addr.s_addr;
	server->asked++;
	if (mode == REPLY_NONE)
		return;
	size = reply_of(server, mode, out);
	for (int i = 0; i < (mode == REPLY_ENDLESS ? 5000 : 1); i++)
		(void)!sendto(server->fd, out, size, MSG_NOSIGNAL, (struct sockaddr *)&peer, len);
	if (mode == REPLY_TWO)
		(void)!sendto(server->fd, "pong", 4, 0, (struct sockaddr *)&peer, len);
}

static inline void *datagrams_thread(void *arg)
{
	struct datagrams *server = arg;
	struct pollfd fds[2] = { { .fd = server->stop[0], .events = POLLIN },
				 { .fd = server->fd, .events = POLLIN } };

	while (poll(fds, 2, -1) >= 0 && fds[0].revents == 0)
		datagram(server);
	return NULL;
}

static inline void datagrams_start(struct datagrams *server)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	memset(server, 0, sizeof(*server));
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &len), 0);
	server->port = ntohs(at.sin_port);
	assert_int_equal(pipe2(server->stop, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, datagrams_thread, server), 0);
}

static inline void datagrams_stop(struct datagrams *server)
{
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->fd);
}
