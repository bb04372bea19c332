// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * labtool: what the cases of the lab do most often, in one small static program. Under emulation
 * the start of a process is what costs, and these do in some milliseconds what nsenter, curl, socat
 * and busybox with a shell script do in half a second. test/lab/lib.sh is its only user.
 *
 *   labtool in NS COMMAND [ARGUMENT...]      becomes COMMAND in the network namespace /run/netns/NS
 *   labtool get NS SECONDS URL               one request over TCP; URL is
 *                                            [http://]HOST[:PORT][/PATH]; with sctp:// over SCTP
 *   labtool ask SOCKET SECONDS PATH          the same over a UNIX socket; the host is "ezlb"
 *   labtool udp NS SECONDS HOST PORT [FROM]  one datagram "question"; prints the datagram that
 *                                            comes back; FROM is the port of the client
 *   labtool serve NS NAME DIR 4|6 PORT...    real servers, see serve(); PORT is HTTP, PORT/udp is
 *                                            UDP, PORT/sctp is HTTP over SCTP
 *
 * SECONDS is the limit of the whole request, as curl's --max-time. An answer with a status of 400
 * or more is a failure, as with curl -f, and the exit status is the one that curl has.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { USAGE = 2, NO_CONNECTION = 7, PARTIAL = 18, BAD_STATUS = 22, TOO_LATE = 28, NO_ANSWER = 52 };

#define HEAD_MAX     16384
#define SERVER_PORTS 16

__attribute__((noreturn, format(printf, 2, 3))) static void die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "labtool: (%d) ", status);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(status);
}

/* "-": the one that it was started in. */
static void enter(const char *ns)
{
	char path[256];
	int fd;

	if (strcmp(ns, "-") == 0)
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(1, "%s: %s", path, strerror(errno));
	close(fd);
}

/* --- the limit of a request --- */

static struct timespec deadline;

/* Seconds, and with LAB_PATIENCE=N as many times more. */
static unsigned patience(unsigned seconds)
{
	const char *times = getenv("LAB_PATIENCE");

	return times && atoi(times) > 0 ? seconds * (unsigned)atoi(times) : seconds;
}

static void limit(const char *seconds)
{
	double s = strtod(seconds, NULL);

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += (time_t)s;
	deadline.tv_nsec += (long)((s - (double)(time_t)s) * 1e9);
}

/* Returns when the socket is ready, and not at all when the limit is over. */
static void await(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	struct timespec now;
	long ms;
	int rc;

	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ms = (deadline.tv_sec - now.tv_sec) * 1000 +
		     (deadline.tv_nsec - now.tv_nsec) / 1000000;
		if (ms <= 0)
			die(TOO_LATE, "the time is over");
		rc = poll(&pfd, 1, (int)ms);
	} while (rc == 0 || (rc < 0 && errno == EINTR));
}

/* --- addresses --- */

/* Fills in an address from its text, IPv4 or IPv6 without brackets; returns its length. */
static socklen_t address(struct sockaddr_storage *out, const char *host, const char *port)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons((uint16_t)atoi(port));
		return sizeof(*in4);
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)atoi(port));
		return sizeof(*in6);
	}
	die(USAGE, "not an address: %s", host);
}

/* The text of a peer's address; an IPv4 peer of an IPv6 socket is written as what it is. */
static const char *peer_text(const struct sockaddr_storage *peer)
{
	static char text[INET6_ADDRSTRLEN];
	const void *bytes = &((const struct sockaddr_in6 *)peer)->sin6_addr;

	if (peer->ss_family == AF_INET)
		bytes = &((const struct sockaddr_in *)peer)->sin_addr;
	inet_ntop(peer->ss_family, bytes, text, sizeof(text));
	return strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text;
}

/* --- one HTTP request --- */

/* From this port, or from any where it is NULL. */
static void bind_port(int fd, int family, const char *port)
{
	struct sockaddr_storage from;
	int on = 1;

	if (!port)
		return;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&from,
		 address(&from, family == AF_INET6 ? "::" : "0.0.0.0", port)) < 0)
		die(1, "port %s: %s", port, strerror(errno));
}

/* `protocol` 0: that of the type. `port` NULL: from any. */
static int dial(const struct sockaddr *to, socklen_t len, int type, int protocol, const char *port)
{
	int fd = socket(to->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	socklen_t size = sizeof(int);
	int error = 0;

	if (fd < 0)
		die(NO_CONNECTION, "socket: %s", strerror(errno));
	bind_port(fd, to->sa_family, port);
	if (connect(fd, to, len) < 0) {
		if (errno != EINPROGRESS)
			die(NO_CONNECTION, "cannot connect: %s", strerror(errno));
		await(fd, POLLOUT);
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
		if (error != 0)
			die(NO_CONNECTION, "cannot connect: %s", strerror(error));
	}
	return fd;
}

static void send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			await(fd, POLLOUT);
		else if (n < 0)
			die(55, "cannot send: %s", strerror(errno));
		else
			bytes += n, len -= (size_t)n;
	}
}

/* Returns what has come, 0 at the end. */
static size_t receive(int fd, char *buf, size_t size)
{
	ssize_t n;

	while ((n = recv(fd, buf, size, 0)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			die(56, "cannot receive: %s", strerror(errno));
		await(fd, POLLIN);
	}
	return (size_t)n;
}

/* The number behind a header's name, or `otherwise`. */
static long header(const char *head, const char *name, long otherwise)
{
	const char *at = strcasestr(head, name);

	return at == NULL ? otherwise : atol(at + strlen(name));
}

/* Prints the body of the answer as it comes; with `strict` a status of 400 or more is a failure. */
static int answer(int fd, bool strict)
{
	char buf[HEAD_MAX + 1];
	size_t len = 0, n;
	char *body = NULL;
	long status, want, got;

	while (body == NULL) {
		n = receive(fd, buf + len, HEAD_MAX - len);
		if (n == 0)
			die(NO_ANSWER, "the server closed the connection after %zu bytes", len);
		len += n;
		buf[len] = '\0';
		body = strstr(buf, "\r\n\r\n");
	}
	*body = '\0';
	body += 4;
	status = strncmp(buf, "HTTP/1.", 7) == 0 ? atol(buf + 9) : 0;
	if (status < 200 || (strict && status >= 400))
		die(BAD_STATUS, "the server answered %ld", status);
	if (strcasestr(buf, "\r\nTransfer-Encoding:") != NULL)
		die(USAGE, "an answer in chunks: use curl");
	want = header(buf, "\r\nContent-Length:", -1);
	got = (long)(len - (size_t)(body - buf));
	fwrite(body, 1, (size_t)got, stdout);
	while ((want < 0 || got < want) && (n = receive(fd, buf, HEAD_MAX)) > 0) {
		fwrite(buf, 1, n, stdout);
		got += (long)n;
	}
	if (want >= 0 && got < want)
		die(PARTIAL, "%ld bytes of %ld", got, want);
	return fflush(stdout) == 0 ? 0 : 23;
}

static int request(int fd, const char *host, const char *path, bool strict)
{
	char text[4096];
	int len = snprintf(text, sizeof(text),
			   "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: labtool\r\nAccept: */*\r\n"
			   "Connection: close\r\n\r\n",
			   path, host);

	if (len < 0 || (size_t)len >= sizeof(text))
		die(USAGE, "a long URL");
	send_all(fd, text, (size_t)len);
	return answer(fd, strict);
}

static int get(char **args)
{
	struct sockaddr_storage to;
	char where[256];
	char *host = where, *port, *path, *url = args[2];
	int protocol = 0;
	socklen_t len;

	enter(args[0]);
	limit(args[1]);
	if (strncmp(url, "http://", 7) == 0)
		url += 7;
	if (strncmp(url, "sctp://", 7) == 0) {
		protocol = IPPROTO_SCTP;
		url += 7;
	}
	path = strchr(url, '/');
	snprintf(where, sizeof(where), "%.*s", (int)(path ? path - url : (long)strlen(url)), url);
	port = strrchr(where, ':');
	if (where[0] == '[') {
		host = where + 1;
		port = strchr(where, ']');
		if (port == NULL)
			die(USAGE, "no ] in %s", url);
		*port++ = '\0';
	}
	if (port != NULL && *port == ':')
		*port++ = '\0';
	len = address(&to, host, port && *port ? port : "80");
	return request(dial((struct sockaddr *)&to, len, SOCK_STREAM, protocol, NULL), host,
		       path ? path : "/", true);
}

static int ask(char **args)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	limit(args[1]);
	if (strlen(args[0]) >= sizeof(to.sun_path))
		die(USAGE, "a long path");
	strcpy(to.sun_path, args[0]);
	return request(dial((struct sockaddr *)&to, sizeof(to), SOCK_STREAM, 0, NULL), "ezlb",
		       args[2], false);
}

static int udp(char **args)
{
	struct sockaddr_storage to;
	char buf[2048];
	size_t n;
	int fd;

	enter(args[0]);
	limit(args[1]);
	fd = dial((struct sockaddr *)&to, address(&to, args[2], args[3]), SOCK_DGRAM, 0, args[4]);
	send_all(fd, "question\n", 9);
	n = receive(fd, buf, sizeof(buf));
	fwrite(buf, 1, n, stdout);
	return 0;
}

/* --- real servers --- */

static const char *server_name, *server_dir;

/* "/" says who answers and whom it sees; any other path is a file of the directory. */
static int body_of(const char *path, const struct sockaddr_storage *peer, char *body, size_t size)
{
	char file[512];
	ssize_t n;
	int fd;

	if (strcmp(path, "/") == 0)
		return snprintf(body, size, "backend=%s peer=%s\n", server_name, peer_text(peer));
	snprintf(file, sizeof(file), "%s%s", server_dir, path);
	fd = strstr(path, "..") ? -1 : open(file, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, body, size);
	return (int)n;
}

/* --- a segment beyond the window --- */

static uint32_t add16(uint32_t sum, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return sum;
}

/* With the pseudo header of RFC 9293 3.1 and RFC 8200 8.1; both families have the same sum. */
static uint16_t tcp_sum(const void *src, const void *dst, size_t addr_len,
			const struct tcphdr *segment)
{
	uint32_t sum = IPPROTO_TCP + sizeof(*segment);

	sum = add16(sum, src, addr_len);
	sum = add16(sum, dst, addr_len);
	sum = add16(sum, segment, sizeof(*segment));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static uint32_t next_seq(int fd, int queue)
{
	uint32_t seq = 0;
	socklen_t len = sizeof(seq);

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) < 0 ||
	    getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &seq, &len) < 0)
		die(1, "TCP_REPAIR_QUEUE: %s", strerror(errno));
	return seq;
}

/* What the connection `fd` would send next, but a million bytes later: conntrack calls it INVALID.
 */
static void make_beyond(int fd, const struct sockaddr_in6 *me, const struct sockaddr_in6 *peer,
			struct tcphdr *out)
{
	int on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF_NO_WP;

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0)
		die(1, "TCP_REPAIR: %s", strerror(errno));
	*out = (struct tcphdr){
		.source = me->sin6_port,
		.dest = peer->sin6_port,
		.seq = htonl(next_seq(fd, TCP_SEND_QUEUE) + 1000000),
		.ack_seq = htonl(next_seq(fd, TCP_RECV_QUEUE)),
		.doff = sizeof(*out) / 4,
		.ack = 1,
		.window = htons(500),
	};
	setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off));
}

static void send_beyond(int fd)
{
	struct sockaddr_in6 me, peer;
	struct sockaddr_in peer4 = { .sin_family = AF_INET };
	socklen_t len = sizeof(me);
	struct tcphdr segment;
	bool six;
	int raw;

	getsockname(fd, (struct sockaddr *)&me, &len);
	getpeername(fd, (struct sockaddr *)&peer, &len);
	make_beyond(fd, &me, &peer, &segment);
	six = !IN6_IS_ADDR_V4MAPPED(&me.sin6_addr);
	segment.check = tcp_sum(&me.sin6_addr.s6_addr[six ? 0 : 12],
				&peer.sin6_addr.s6_addr[six ? 0 : 12], six ? 16 : 4, &segment);
	raw = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
	memcpy(&peer4.sin_addr, &peer.sin6_addr.s6_addr[12], 4);
	peer.sin6_port = 0; /* a raw socket takes it for the protocol */
	if (sendto(raw, &segment, sizeof(segment), 0,
		   six ? (struct sockaddr *)&peer : (struct sockaddr *)&peer4,
		   six ? sizeof(peer) : sizeof(peer4)) < 0)
		die(1, "a raw segment: %s", strerror(errno));
	close(raw);
	/* Who is to reset the connection has time for it. */
	poll(&(struct pollfd){ .fd = fd, .events = 0 }, 1, 500);
}

/* One connection, in a process of its own: whoever sends nothing keeps nobody waiting. */
static void talk(int fd, const struct sockaddr_storage *peer)
{
	char head[HEAD_MAX + 1] = "", path[256] = "", body[4096];
	size_t len = 0;
	ssize_t n;
	int size;

	alarm(patience(60));
	while (strstr(head, "\r\n\r\n") == NULL) {
		n = read(fd, head + len, HEAD_MAX - len);
		if (n <= 0)
			return;
		len += (size_t)n;
		head[len] = '\0';
	}
	if (sscanf(head, "GET %255[^? ]", path) != 1)
		return;
	if (strcmp(path, "/beyond") == 0) {
		send_beyond(fd);
		strcpy(path, "/");
	}
	size = body_of(path, peer, body, sizeof(body));
	len = (size_t)sprintf(head,
			      "HTTP/1.0 %s\r\nContent-Type: text/plain\r\n"
			      "Content-Length: %d\r\nConnection: close\r\n\r\n",
			      size < 0 ? "404 Not Found" : "200 OK", size < 0 ? 0 : size);
	if (size > 0)
		memcpy(head + len, body, (size_t)size);
	if (write(fd, head, len + (size_t)(size < 0 ? 0 : size)) < 0)
		return;
	/* A close with unread bytes would be a reset. */
	shutdown(fd, SHUT_WR);
	while (read(fd, body, sizeof(body)) > 0)
		;
}

static void serve_tcp(int listener)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int fd = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);

	if (fd >= 0 && fork() == 0) {
		close(listener);
		talk(fd, &peer);
		_exit(0);
	}
	close(fd);
}

static void serve_udp(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	char buf[2048];

	if (recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len) < 0)
		return;
	sendto(fd, buf, (size_t)body_of("/", &peer, buf, sizeof(buf)), 0, (struct sockaddr *)&peer,
	       len);
}

static int listen_on(const char *port, bool datagrams, const char *family)
{
	int protocol = strstr(port, "/sctp") ? IPPROTO_SCTP : 0;
	struct sockaddr_storage any;
	bool six = !datagrams || *family == '6'; /* over TCP one socket takes both families */
	socklen_t len = address(&any, six ? "::" : "0.0.0.0", port);
	int type = datagrams ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(any.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, len) < 0 || (!datagrams && listen(fd, 64) < 0))
		die(1, "port %s: %s", port, strerror(errno));
	return fd;
}

/*
 * Serves until it is killed; says "ready" when it listens on all of them. HTTP: "/" answers
 * "backend=NAME peer=ADDRESS", "/beyond" does so after a segment that is far beyond the window of
 * the connection, any other path the file of that name in DIR. UDP answers each datagram with the
 * same line.
 */
static int serve(char **args)
{
	struct pollfd fds[SERVER_PORTS];
	bool datagrams[SERVER_PORTS];
	nfds_t n = 0;

	enter(args[0]);
	server_name = args[1];
	server_dir = args[2];
	signal(SIGCHLD, SIG_IGN);
	for (char **port = args + 4; *port != NULL && n < SERVER_PORTS; port++, n++) {
		datagrams[n] = strstr(*port, "/udp") != NULL;
		fds[n] = (struct pollfd){ .fd = listen_on(*port, datagrams[n], args[3]),
					  .events = POLLIN };
	}
	printf("ready\n");
	fflush(stdout);
	while (poll(fds, n, -1) >= 0 || errno == EINTR) {
		for (nfds_t i = 0; i < n; i++) {
			if ((fds[i].revents & POLLIN) != 0)
				datagrams[i] ? serve_udp(fds[i].fd) : serve_tcp(fds[i].fd);
		}
	}
	return 1;
}

/* --- servers that misbehave --- */

static int listen_tcp(const char *port)
{
	int fd = listen_on(port, false, "");

	/* Also for thousands of connections at a time. */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	listen(fd, 65535);
	return fd;
}

static void say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* One connection, in a process of its own. */
static void misbehave_at(int fd, const char *how)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n";
	char buf[4096];

	alarm(patience(60));
	if (strcmp(how, "silent") != 0 && read(fd, buf, sizeof(buf)) <= 0)
		return;
	if (strcmp(how, "half-closed") == 0)
		shutdown(fd, SHUT_WR);
	else if (strcmp(how, "garbage") == 0)
		say(fd, "SSH-2.0-OpenSSH_9.2\r\n");
	else if (strcmp(how, "ok") == 0)
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	else if (strcmp(how, "status") == 0)
		say(fd, "HTTP/1.1 503 Maintenance\r\nContent-Length: 0\r\n\r\n");
	else if (strcmp(how, "slow") == 0)
		say(fd, head);
	memset(buf, 'x', sizeof(buf));
	if (strcmp(how, "endless") == 0) {
		say(fd, head);
		say(fd, "X-Endless: ");
		while (send(fd, buf, sizeof(buf), MSG_NOSIGNAL) > 0)
			;
	}
	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

/* Answers each datagram: a DNS query with its own question and noerror (dns) or refused. */
static _Noreturn void answer_dns(const char *how, const char *port)
{
	int fd = listen_on(port, true, "4");
	struct sockaddr_storage peer;
	unsigned char buf[2048];

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	printf("ready\n");
	fflush(stdout);
	while (true) {
		socklen_t len = sizeof(peer);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);

		if (n < 12)
			continue;
		buf[2] |= 0x80;
		buf[3] = strcmp(how, "dns") == 0 ? 0 : 5;
		sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&peer, len);
	}
}

/*
 * misbehave NS HOW PORT: accepts TCP connections until it is killed, and says "ready" first. HOW:
 * sink (closes at once), silent, slow (half an answer), status (503), garbage (no HTTP and no TLS),
 * endless (a header line without end), half-closed.
 */
static int misbehave(char **args)
{
	int listener, fd;

	enter(args[0]);
	if (strncmp(args[1], "dns", 3) == 0)
		answer_dns(args[1], args[2]);
	signal(SIGCHLD, SIG_IGN);
	listener = listen_tcp(args[2]);
	printf("ready\n");
	fflush(stdout);
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == ECONNABORTED) {
		if (strcmp(args[1], "sink") != 0 && fork() == 0) {
			misbehave_at(fd, args[1]);
			_exit(0);
		}
		close(fd);
	}
	return 1;
}

static int in(char **args)
{
	enter(args[0]);
	execvp(args[1], args + 1);
	die(errno == ENOENT ? 127 : 126, "%s: %s", args[1], strerror(errno));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args; /* at least */
		int (*run)(char **args);
	} commands[] = {
		{ "in", 2, in },   { "get", 3, get },	  { "ask", 3, ask },
		{ "udp", 4, udp }, { "serve", 5, serve }, { "misbehave", 3, misbehave },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, argv[1]) == 0 && argc - 2 >= commands[i].args)
			return commands[i].run(argv + 2);
	}
	die(USAGE, "see test/tools/labtool.c for its commands");
}
