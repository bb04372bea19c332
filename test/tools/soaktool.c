// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * soaktool: the clients and the backends of test/tools/soak, in one small static program.
 *
 *   soaktool serve NS NAME MODES PORT...  backends on these TCP and UDP ports, until it is killed;
 *                                         says "ready" first
 *   soaktool ask NS PAUSE-MS TARGET...    a client for each TARGET, NUMBER,tcp|udp,ADDRESS,PORT:
 *                                         one request after the other, until it is killed; and for
 *                                         each of TCP one that holds its connections for a while
 *
 * A backend answers "NAME:PORT/SOURCE", SOURCE is the address that it sees. MODES is a file with a
 * byte for each port from 8000 on, which says how it behaves now: 0 well; 5 its /healthz answers
 * 500, the rest goes on; h it never answers; r it resets connections; d it does not listen.
 *
 * A client prints a line for each request: NUMBER (with a "+" if it held the connection), begin and
 * end by CLOCK_MONOTONIC in us, how it ended (ok, refused, reset, timeout, unreachable, empty,
 * other), and the answer; of a connection that was held the first one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIRST_PORT  8000
#define PORTS	    16
#define CONNECTIONS 256
#define LIMIT_MS    8000     /* of a request */
#define HOLD_MS	    4000     /* a connection that is held lasts so long */
#define STEP_MS	    250	     /* and has a request so often */
#define HANG_US	    20000000 /* a connection that hangs is closed after this time */
/*
 * Each client of TCP has source ports of its own, and uses one again after more than two minutes.
 * IPVS finds the connection of an answer by client and backend alone: with one port for two
 * services of the same backend it gives the answers of the one to the other. And what has begun
 * while somebody had broken the balancer would break the next connection from its port.
 */
#define SOURCE_FIRST 10000
#define SOURCES	     2500

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "soaktool: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void enter(const char *ns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die(path);
	close(fd);
}

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* --- backends ------------------------------------------------------------------------------ */

struct port {
	unsigned number;
	int listener, datagrams;
};

struct connection {
	int fd; /* -1: free */
	const struct port *port;
	long long since;
};

static struct port ports[PORTS];
static struct connection connections[CONNECTIONS];
static size_t n_ports;
static const char *name, *modes;

static char mode_of(const struct port *port)
{
	return ((const volatile char *)modes)[port->number - FIRST_PORT];
}

static int open_port(unsigned number, int type)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)number) };
	const int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 128) < 0))
		die("bind");
	return fd;
}

static void hang_up(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
}

static void reset(int fd)
{
	const struct linger now = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* The answer to who is at the other end. */
static int text_of(char *text, size_t size, const struct port *port,
		   const struct sockaddr_in6 *peer)
{
	char address[INET6_ADDRSTRLEN] = "";
	const char *shown = address;

	inet_ntop(AF_INET6, &peer->sin6_addr, address, sizeof(address));
	if (IN6_IS_ADDR_V4MAPPED(&peer->sin6_addr))
		shown = strrchr(address, ':') + 1;
	return snprintf(text, size, "%s:%u/%s", name, port->number, shown);
}

/*
 * The client closes first: a port in TIME_WAIT is the client's then, who does not take it again. In
 * that of a backend source NAT may meet it, and the client has to send its SYN again.
 */
static void answer(struct connection *c)
{
	char request[2048], text[512], body[128];
	struct sockaddr_in6 peer = { 0 };
	socklen_t peer_len = sizeof(peer);
	const ssize_t n = read(c->fd, request, sizeof(request) - 1);
	int len, body_len;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	request[n] = '\0';
	getpeername(c->fd, (struct sockaddr *)&peer, &peer_len);
	body_len = text_of(body, sizeof(body), c->port, &peer);
	len = snprintf(text, sizeof(text), "HTTP/1.0 %s\r\nContent-Length: %d\r\n\r\n%s",
		       mode_of(c->port) == '5' && strstr(request, "/healthz")
			       ? "500 Internal Server Error"
			       : "200 OK",
		       body_len, body);
	(void)!send(c->fd, text, (size_t)len, MSG_NOSIGNAL);
}

static void accept_one(const struct port *port)
{
	const int fd = accept4(port->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (mode_of(port) == 'r') {
		reset(fd);
		return;
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		if (connections[i].fd >= 0)
			continue;
		connections[i] = (struct connection){ fd, port, now_us() };
		return;
	}
	reset(fd);
}

static void answer_datagram(const struct port *port)
{
	struct sockaddr_in6 peer = { 0 };
	socklen_t peer_len = sizeof(peer);
	char text[256];
	int len;

	if (recvfrom(port->datagrams, text, sizeof(text), 0, (struct sockaddr *)&peer, &peer_len) <
	    0)
		return;
	len = text_of(text, sizeof(text), port, &peer);
	if (mode_of(port) == 0 || mode_of(port) == '5')
		sendto(port->datagrams, text, (size_t)len, 0, (struct sockaddr *)&peer, peer_len);
}

/* Listens, or does not, as the modes say. */
static void obey(void)
{
	for (size_t i = 0; i < n_ports; i++) {
		const bool dead = mode_of(&ports[i]) == 'd';

		if (dead && ports[i].listener >= 0) {
			close(ports[i].listener);
			ports[i].listener = -1;
		} else if (!dead && ports[i].listener < 0) {
			ports[i].listener = open_port(ports[i].number, SOCK_STREAM);
		}
	}
}

static void serve_ready(const struct pollfd *fds)
{
	for (size_t i = 0; i < n_ports; i++) {
		if (fds[2 * i].revents)
			accept_one(&ports[i]);
		if (fds[2 * i + 1].revents)
			answer_datagram(&ports[i]);
	}
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct connection *c = &connections[i];

		if (c->fd < 0)
			continue;
		if (mode_of(c->port) != 'h' && fds[2 * n_ports + i].revents)
			answer(c);
		else if (now_us() - c->since > HANG_US)
			hang_up(c);
	}
}

static int serve(char **args)
{
	struct pollfd fds[2 * PORTS + CONNECTIONS];
	int fd;

	enter(args[0]);
	name = args[1];
	fd = open(args[2], O_RDONLY | O_CLOEXEC);
	modes = mmap(NULL, PORTS, PROT_READ, MAP_SHARED, fd, 0);
	if (modes == MAP_FAILED)
		die(args[2]);
	for (args += 3; *args && n_ports < PORTS; args++) {
		const unsigned number = (unsigned)atoi(*args);

		ports[n_ports++] = (struct port){ number, -1, open_port(number, SOCK_DGRAM) };
	}
	for (int i = 0; i < CONNECTIONS; i++)
		connections[i].fd = -1;
	obey();
	printf("ready\n");
	fflush(stdout);
	while (true) {
		for (size_t i = 0; i < n_ports; i++) {
			fds[2 * i] = (struct pollfd){ ports[i].listener, POLLIN, 0 };
			fds[2 * i + 1] = (struct pollfd){ ports[i].datagrams, POLLIN, 0 };
		}
		for (size_t i = 0; i < CONNECTIONS; i++) {
			const struct connection *c = &connections[i];
			const bool waits = c->fd >= 0 && mode_of(c->port) != 'h';

			fds[2 * n_ports + i] = (struct pollfd){ waits ? c->fd : -1, POLLIN, 0 };
		}
		if (poll(fds, 2 * n_ports + CONNECTIONS, 50) > 0)
			serve_ready(fds);
		obey();
	}
}

/* --- clients ------------------------------------------------------------------------------- */

struct target {
	int type;
	unsigned first, turn; /* source ports: of TCP; those that were used */
	struct sockaddr_storage to;
	socklen_t len;
};

static const char *word_of(int code)
{
	switch (code) {
	case ECONNREFUSED:
		return "refused";
	case ECONNRESET:
	case EPIPE:
		return "reset";
	case ETIMEDOUT:
		return "timeout";
	case EHOSTUNREACH:
	case ENETUNREACH:
		return "unreachable";
	default:
		return strerror(code);
	}
}

/* 0, or an errno: ETIMEDOUT when the time is over. */
static int await(int fd, short events, long long end)
{
	struct pollfd pfd = { fd, events, 0 };
	const long long left = (end - now_us()) / 1000;
	socklen_t len = sizeof(int);
	int code = 0;

	if (left <= 0 || poll(&pfd, 1, (int)left) <= 0)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len);
	return code;
}

static bool is_whole(const char *text)
{
	const char *body = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");

	return body && length && strlen(body + 4) >= (size_t)atoi(length + 16);
}

static int receive(int fd, int type, char *text, size_t size, long long end)
{
	size_t len = 0;

	while (len < size - 1) {
		int code = await(fd, POLLIN, end);
		ssize_t n;

		if (code)
			return code;
		n = recv(fd, text + len, size - 1 - len, 0);
		if (n < 0)
			return errno;
		len += (size_t)n;
		text[len] = '\0';
		if (n == 0 || type == SOCK_DGRAM || is_whole(text))
			break;
	}
	return 0;
}

static int take_source(int fd, struct target *target)
{
	const uint16_t port = htons((uint16_t)(target->first + target->turn++ % SOURCES));
	struct sockaddr_storage from = { .ss_family = target->to.ss_family };
	const int on = 1;

	if (from.ss_family == AF_INET)
		((struct sockaddr_in *)&from)->sin_port = port;
	else
		((struct sockaddr_in6 *)&from)->sin6_port = port;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	return bind(fd, (const struct sockaddr *)&from, target->len);
}

static int join(int fd, struct target *target)
{
	if (target->type == SOCK_STREAM && take_source(fd, target) < 0)
		die("a source port");
	if (connect(fd, (const struct sockaddr *)&target->to, target->len) == 0)
		return 0;
	return errno == EINPROGRESS ? await(fd, POLLOUT, now_us() + LIMIT_MS * 1000LL) : errno;
}

/* One request and its answer. body: of the answer, "" if there is none. */
static int exchange(int fd, const struct target *target, char *body, size_t size)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	char text[512] = "";
	const char *from = text;
	int code = 0;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		code = errno;
	if (code == 0)
		code = receive(fd, target->type, text, sizeof(text), now_us() + LIMIT_MS * 1000LL);
	if (target->type == SOCK_STREAM) {
		from = strstr(text, "\r\n\r\n");
		from = from ? from + 4 : "";
	}
	snprintf(body, size, "%.200s", from);
	return code;
}

/* More requests in the same connection: how it ends, NULL if well. */
static const char *hold(int fd, const struct target *target, const char *first)
{
	const long long end = now_us() + HOLD_MS * 1000LL;

	while (now_us() < end) {
		char body[256];
		int code;

		poll(NULL, 0, STEP_MS);
		code = exchange(fd, target, body, sizeof(body));
		if (code)
			return word_of(code);
		if (strcmp(body, first) != 0)
			return body[0] ? "other" : "empty";
	}
	return NULL;
}

static void ask_once(const char *number, struct target *target, bool held)
{
	char body[256] = "", line[512];
	const long long begin = now_us();
	const int fd = socket(target->to.ss_family, target->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int code = join(fd, target), len;
	const char *how;

	if (code == 0)
		code = exchange(fd, target, body, sizeof(body));
	how = code ? word_of(code) : body[0] ? NULL : "empty";
	if (!how && held)
		how = hold(fd, target, body);
	close(fd);
	len = snprintf(line, sizeof(line), "%s%s %lld %lld %s %s\n", number, held ? "+" : "", begin,
		       now_us(), how ? how : "ok", body);
	/* One write: lines of different clients do not mix. */
	if (write(STDOUT_FILENO, line, (size_t)len) < 0)
		_exit(0);
}

/* With `held`, and a target of TCP, it is the client that holds connections. */
static _Noreturn void ask_forever(char *text, unsigned pause_ms, bool held)
{
	struct target target = { .type = SOCK_STREAM };
	char *save = NULL;
	const char *number = strtok_r(text, ",", &save), *proto = strtok_r(NULL, ",", &save);
	const char *address = strtok_r(NULL, ",", &save), *port = strtok_r(NULL, ",", &save);
	struct sockaddr_in *four = (struct sockaddr_in *)&target.to;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&target.to;

	if (!port)
		die("a target");
	if (strcmp(proto, "udp") == 0)
		target.type = SOCK_DGRAM;
	if (held && target.type != SOCK_STREAM)
		_exit(0);
	target.first = SOURCE_FIRST + SOURCES * (2 * (unsigned)atoi(number) + held);
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)atoi(port));
		target.len = sizeof(*four);
	} else if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)atoi(port));
		target.len = sizeof(*six);
	} else {
		die(address);
	}
	while (true) {
		ask_once(number, &target, held);
		poll(NULL, 0, (int)pause_ms);
	}
}

static int ask(char **args)
{
	enter(args[0]);
	for (char **target = args + 2; *target; target++)
		for (int held = 0; held < 2; held++)
			if (fork() == 0)
				ask_forever(*target, (unsigned)atoi(args[1]), held);
	while (true)
		pause();
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc > 5 && strcmp(argv[1], "serve") == 0)
		return serve(argv + 2);
	if (argc > 4 && strcmp(argv[1], "ask") == 0)
		return ask(argv + 2);
	fprintf(stderr, "soaktool: see test/tools/soaktool.c\n");
	return 2;
}
