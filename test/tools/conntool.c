// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conntool: connections and conntrack events for test/lab/connlog.sh and bench_connlog.sh. In the
 * network namespace that it is started in.
 *
 *   conntool connect HOST PORT FIRST N close|reset|hold PATH
 *   conntool flush                 removes all conntrack entries; cttool adds some
 *   conntool watch destroy|update  receives such events and ignores them; to measure
 *
 * connect: N requests "GET PATH", one after the other, from the port FIRST and the next ones.
 * Prints for each connection the client's address and port, when it was begun and ended
 * (milliseconds of the wall clock), and how many bytes came back. close: the server closes first;
 * reset: the client resets it after the answer; hold: without a request, open until stdin ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "conntool: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- connections -------------------------------------------------------------------------------
 */

static long long wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* From a port of its own: a port that is used again replaces the entry that conntrack has of it. */
static void bind_port(int fd, int family, uint16_t from)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(from) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(from) };
	bool is4 = family == AF_INET;

	must(bind(fd, is4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
		  is4 ? sizeof(v4) : sizeof(v6)) == 0,
	     "bind");
}

static int dial(const char *host, const char *port, uint16_t from)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *to;
	const struct timeval limit = { .tv_sec = 5 };
	int fd;

	must(getaddrinfo(host, port, &hints, &to) == 0, "getaddrinfo");
	fd = socket(to->ai_family, SOCK_STREAM, 0);
	must(fd >= 0, "socket");
	bind_port(fd, to->ai_family, from);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0)
		fprintf(stderr, "conntool: connect: %s\n", strerror(errno));
	freeaddrinfo(to);
	return fd;
}

static void print_local(int fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);
	char host[64], port[8];

	must(getsockname(fd, (struct sockaddr *)&addr, &len) == 0, "getsockname");
	must(getnameinfo((struct sockaddr *)&addr, len, host, sizeof(host), port, sizeof(port),
			 NI_NUMERICHOST | NI_NUMERICSERV) == 0,
	     "getnameinfo");
	printf(addr.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static long ask(int fd, const char *path)
{
	char bytes[65536];
	int len = snprintf(bytes, sizeof(bytes), "GET %s HTTP/1.0\r\n\r\n", path);
	long got = 0;
	ssize_t n;

	if (send(fd, bytes, (size_t)len, MSG_NOSIGNAL) != len)
		return -1;
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		got += n;
	return got;
}

static void one(char **args, uint16_t from)
{
	const struct linger reset = { .l_onoff = 1 };
	const char *how = args[4];
	long long begin = wall_ms();
	int fd = dial(args[0], args[1], from);
	long got = 0;

	print_local(fd);
	if (strcmp(how, "close") == 0)
		got = ask(fd, args[5]);
	if (strcmp(how, "reset") == 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (strcmp(how, "hold") != 0)
		close(fd);
	printf(" %lld %lld %ld\n", begin, wall_ms(), got);
}

static int make_connections(char **args)
{
	char byte;

	for (int i = 0; i < atoi(args[3]); i++)
		one(args, (uint16_t)(atoi(args[2]) + i));
	fflush(stdout);
	if (strcmp(args[4], "hold") == 0)
		while (read(STDIN_FILENO, &byte, 1) > 0)
			continue;
	return 0;
}

/* --- conntrack ---------------------------------------------------------------------------------
 */

static struct mnl_socket *open_conntrack(unsigned groups)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);

	must(nl != NULL, "netlink");
	must(mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) == 0, "bind");
	return nl;
}

static struct nlmsghdr *start_message(void *buf, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *head;

	msg->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	msg->nlmsg_flags = NLM_F_REQUEST | flags;
	head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));
	head->nfgen_family = family;
	return msg;
}

static int flush_entries(void)
{
	char buf[8192];
	struct mnl_socket *nl = open_conntrack(0);
	struct nlmsghdr *msg = start_message(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, AF_UNSPEC);
	ssize_t n;

	must(mnl_socket_sendto(nl, msg, msg->nlmsg_len) > 0, "send");
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	must(n > 0 && mnl_cb_run(buf, (size_t)n, 0, 0, NULL, NULL) >= 0, "flush");
	return 0;
}

static int watch(const char *what)
{
	bool destroy = strcmp(what, "destroy") == 0;
	struct mnl_socket *nl = open_conntrack(destroy ? NF_NETLINK_CONNTRACK_DESTROY
						       : NF_NETLINK_CONNTRACK_UPDATE);
	static char buf[65536];

	for (;;)
		if (recv(mnl_socket_get_fd(nl), buf, sizeof(buf), 0) < 0 && errno != ENOBUFS)
			return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "connect") == 0 && argc == 8)
		return make_connections(argv + 2);
	if (strcmp(what, "flush") == 0 && argc == 2)
		return flush_entries();
	if (strcmp(what, "watch") == 0 && argc == 3)
		return watch(argv[2]);
	fprintf(stderr, "usage: conntool connect|flush|watch, see the source\n");
	return 2;
}
