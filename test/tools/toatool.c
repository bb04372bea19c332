// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * toatool: addresses as text, and which command there is. See toatool_*.c for each of them.
 */
#include "toatool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "toatool: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

void enter(const char *ns)
{
	char path[256];
	int fd;

	if (strcmp(ns, "-") == 0)
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

/* --- addresses --- */

bool is_v4(const struct peer *peer)
{
	return IN6_IS_ADDR_V4MAPPED(&peer->ip);
}

static void map_v4(struct in6_addr *out, const void *v4)
{
	memset(out, 0, sizeof(*out));
	out->s6_addr[10] = out->s6_addr[11] = 0xff;
	memcpy(&out->s6_addr[12], v4, 4);
}

struct peer peer_of(const struct sockaddr_storage *from)
{
	struct peer peer = { 0 };

	if (from->ss_family == AF_INET) {
		const struct sockaddr_in *in4 = (const struct sockaddr_in *)from;

		map_v4(&peer.ip, &in4->sin_addr);
		peer.port = ntohs(in4->sin_port);
	} else {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

		peer.ip = in6->sin6_addr;
		peer.port = ntohs(in6->sin6_port);
	}
	return peer;
}

struct peer peer_parse(const char *ip, const char *port)
{
	struct peer peer = { .port = (uint16_t)atoi(port) };
	struct in_addr v4;

	if (inet_pton(AF_INET, ip, &v4) == 1)
		map_v4(&peer.ip, &v4);
	else if (inet_pton(AF_INET6, ip, &peer.ip) != 1)
		die("not an address: %s", ip);
	return peer;
}

const char *peer_format(const struct peer *peer, bool port, char text[PEER_TEXT])
{
	char ip[INET6_ADDRSTRLEN];
	bool four = is_v4(peer);

	inet_ntop(four ? AF_INET : AF_INET6, &peer->ip.s6_addr[four ? 12 : 0], ip, sizeof(ip));
	if (port)
		snprintf(text, PEER_TEXT, four ? "%s:%u" : "[%s]:%u", ip, peer->port);
	else
		snprintf(text, PEER_TEXT, "%s", ip);
	return text;
}

socklen_t peer_sockaddr(const struct peer *peer, struct sockaddr_storage *out)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (is_v4(peer)) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(peer->port);
		memcpy(&in4->sin_addr, &peer->ip.s6_addr[12], 4);
		return sizeof(*in4);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(peer->port);
	in6->sin6_addr = peer->ip;
	return sizeof(*in6);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args; /* at least */
		int (*run)(char **args);
	} commands[] = {
		{ "serve", 3, serve },
		{ "ask", 4, ask },
		{ "watch", 3, watch },
		{ "forge", 9, forge },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, argv[1]) == 0 && argc - 2 >= commands[i].args)
			return commands[i].run(argv + 2);
	}
	die("see test/tools/toatool*.c for the commands");
}
