// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conn: new connections, as many as can be, one after the other. For test/lab/bench_nat.sh and
 * bench_toa.sh.
 *
 *   conn serve PORT            accepts and closes, for ever
 *   conn connect IP PORT N     prints how many a second it made
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(fd >= 0, "socket");
	return fd;
}

static _Noreturn void serve(const char *port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int fd = tcp_socket(), on = 1;

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	must(bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0, "bind");
	must(listen(fd, 1024) == 0, "listen");
	for (;;) {
		int one = accept(fd, NULL, NULL);

		if (one >= 0)
			close(one);
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int make_connections(const char *ip, const char *port, int n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	/* No TIME_WAIT on either side, so that ports never run out. */
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	double begin;

	must(inet_pton(AF_INET, ip, &to.sin_addr) == 1, "address");
	begin = seconds();
	for (int i = 0; i < n; i++) {
		int fd = tcp_socket();

		must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0,
		     "SO_LINGER");
		must(connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0, "connect");
		close(fd);
	}
	printf("%.0f\n", n / (seconds() - begin));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(argv[2]);
	if (argc == 5 && strcmp(argv[1], "connect") == 0)
		return make_connections(argv[2], argv[3], atoi(argv[4]));
	fprintf(stderr, "usage: conn serve PORT | conn connect IP PORT N\n");
	return 2;
}
