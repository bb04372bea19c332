// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * toatool serve NS 4|6 PORT [defer] [fastopen]
 *     A server that tells each client whom it sees.
 * toatool ask NS HOST PORT COUNT [KEY=VALUE...]
 *     COUNT connections to it, and whom it saw in how many.
 *
 *     threads=8    so many connections at a time
 *     up=0 down=0  so many bytes each way, which both sides compare
 *     fastopen=0   1: the first data with the SYN
 *     fin=0        1: the end in the same packet as the data
 *     port=0       the port of all of them, one after the other; 0: the kernel's choice
 *     seconds=30   the limit of all of it
 *     list=FILE    the address and port of each connection, as the client has them
 *
 * The status of `ask` is 0 if each connection had an answer.
 *
 * What they talk: the client sends "UP DOWN\n" and UP bytes; the server answers with a line "ACCEPT
 * GETPEERNAME", the peer's address and port as these two calls return them, and DOWN bytes. The
 * server uses nothing but what every server uses: it is one that knows nothing of ezlb-toa.
 * (toa_server.py is another one.)
 */
#include "toatool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 256
#define BULK_MAX       (4U << 20)

/* --- bytes that both sides know --- */

static unsigned char bulk[BULK_MAX];

static void make_bulk(void)
{
	for (size_t i = 0; i < BULK_MAX; i++)
		bulk[i] = (unsigned char)(i * 7 + (i >> 8) * 13 + (i >> 16));
}

static bool send_bytes(int fd, const void *bytes, size_t len, int flags)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL | flags);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* Reads a line byte by byte, so that what follows it stays in the socket. */
static bool read_line(int fd, char line[LINE_MAX_BYTES])
{
	for (size_t len = 0; len < LINE_MAX_BYTES - 1; len++) {
		if (recv(fd, line + len, 1, 0) != 1)
			return false;
		if (line[len] == '\n') {
			line[len] = '\0';
			return true;
		}
	}
	return false;
}

static bool read_bulk(int fd, size_t len)
{
	char buf[16384];
	size_t at = 0;

	while (at < len) {
		ssize_t n = recv(fd, buf, len - at < sizeof(buf) ? len - at : sizeof(buf), 0);

		if (n <= 0 || memcmp(buf, bulk + at, (size_t)n) != 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static void start_thread(void *(*run)(void *), void *arg, pthread_t *out)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	if (out == NULL)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(out ? out : &thread, &attr, run, arg) != 0)
		die("no thread");
}

/* --- the server --- */

struct accepted {
	int fd;
	struct peer peer;
};

static void answer(const struct accepted *conn)
{
	char line[LINE_MAX_BYTES], one[PEER_TEXT], two[PEER_TEXT];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	unsigned up, down;
	struct peer again;

	if (!read_line(conn->fd, line) || sscanf(line, "%u %u", &up, &down) != 2 || up > BULK_MAX ||
	    down > BULK_MAX || !read_bulk(conn->fd, up))
		return;
	if (getpeername(conn->fd, (struct sockaddr *)&from, &len) < 0)
		return;
	again = peer_of(&from);
	snprintf(line, sizeof(line), "%s %s\n", peer_format(&conn->peer, true, one),
		 peer_format(&again, true, two));
	if (send_bytes(conn->fd, line, strlen(line), 0) && send_bytes(conn->fd, bulk, down, 0))
		shutdown(conn->fd, SHUT_WR);
	recv(conn->fd, line, 1, 0); /* until the client has closed it */
}

static void *talk(void *arg)
{
	struct accepted *conn = arg;

	answer(conn);
	close(conn->fd);
	free(conn);
	return NULL;
}

static int listen_on(const char *family, const char *port, char **options)
{
	struct peer any = peer_parse(*family == '4' ? "0.0.0.0" : "::", port);
	struct sockaddr_storage addr;
	socklen_t len = peer_sockaddr(&any, &addr);
	int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, queue = 1024;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	for (; *options != NULL; options++) {
		if (strcmp(*options, "defer") == 0)
			setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &(int){ 10 }, sizeof(int));
		else if (strcmp(*options, "fastopen") == 0)
			setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	}
	if (bind(fd, (struct sockaddr *)&addr, len) < 0 || listen(fd, queue) < 0)
		die("port %s: %s", port, strerror(errno));
	return fd;
}

int serve(char **args)
{
	int listener;

	enter(args[0]);
	make_bulk();
	listener = listen_on(args[1], args[2], args + 3);
	printf("ready\n");
	fflush(stdout);
	while (true) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		struct accepted *conn = malloc(sizeof(*conn));

		if (conn == NULL)
			die("no memory");
		conn->fd = accept4(listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
		if (conn->fd < 0)
			die("accept: %s", strerror(errno));
		conn->peer = peer_of(&from);
		start_thread(talk, conn, NULL);
	}
}

/* --- the client --- */

struct outcome {
	char saw[192]; /* "client", another address, or what failed */
	char me[PEER_TEXT];
};

static struct {
	struct peer to;
	unsigned count, threads, up, down, fastopen, fin, port, seconds;
	const char *list;
	atomic_uint next;
	struct outcome *outcomes;
} work = { .threads = 8, .seconds = 30 };

static bool bind_port(int fd)
{
	struct peer any = peer_parse(is_v4(&work.to) ? "0.0.0.0" : "::", "0");
	struct sockaddr_storage from;
	socklen_t len;

	any.port = (uint16_t)work.port;
	len = peer_sockaddr(&any, &from);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	return bind(fd, (struct sockaddr *)&from, len) == 0;
}

static int dial(void)
{
	struct sockaddr_storage to;
	socklen_t len = peer_sockaddr(&work.to, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (work.fastopen)
		setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on));
	if (work.port && !bind_port(fd))
		die("port %u: %s", work.port, strerror(errno));
	if (connect(fd, (struct sockaddr *)&to, len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The question and the data of the first packets in one buffer, so that a first segment can be a
 * full one. */
static bool send_question(int fd)
{
	char *text = malloc(LINE_MAX_BYTES + work.up);
	bool ok;
	int n;

	if (text == NULL)
		die("no memory");
	n = sprintf(text, "%u %u\n", work.up, work.down);
	memcpy(text + n, bulk, work.up);
	ok = send_bytes(fd, text, (size_t)n + work.up, work.fin ? MSG_MORE : 0);
	if (work.fin)
		shutdown(fd, SHUT_WR);
	free(text);
	return ok;
}

static void compare(const char *line, struct outcome *out)
{
	char accepted[LINE_MAX_BYTES] = "", named[LINE_MAX_BYTES] = "", *end;

	sscanf(line, "%255s %255s", accepted, named);
	if (strcmp(accepted, out->me) == 0 && strcmp(named, out->me) == 0) {
		strcpy(out->saw, "client");
		return;
	}
	if (strcmp(accepted, named) != 0) {
		snprintf(out->saw, sizeof(out->saw), "accept %.60s, getpeername %.60s", accepted,
			 named);
		return;
	}
	end = strrchr(accepted, ':');
	if (end != NULL)
		end[end > accepted && end[-1] == ']' ? -1 : 0] = '\0';
	snprintf(out->saw, sizeof(out->saw), "%.60s", accepted + (accepted[0] == '['));
}

static void ask_once(struct outcome *out)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	char line[LINE_MAX_BYTES];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct peer me;
	int fd = dial();

	strcpy(out->saw, "not connected");
	if (fd < 0)
		return;
	strcpy(out->saw, "no answer");
	if (send_question(fd) && read_line(fd, line)) {
		getsockname(fd, (struct sockaddr *)&from, &len);
		me = peer_of(&from);
		peer_format(&me, true, out->me);
		compare(line, out);
		if (!read_bulk(fd, work.down))
			strcpy(out->saw, "other bytes");
	}
	/* No TIME_WAIT, so that the ports of the source address never run out. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

static void *ask_some(void *arg)
{
	unsigned i;

	(void)arg;
	while ((i = atomic_fetch_add(&work.next, 1)) < work.count)
		ask_once(&work.outcomes[i]);
	return NULL;
}

static void set(const char *option)
{
	static const struct {
		const char *key;
		unsigned *value;
	} numbers[] = {
		{ "threads=", &work.threads }, { "up=", &work.up },
		{ "down=", &work.down },       { "fastopen=", &work.fastopen },
		{ "seconds=", &work.seconds }, { "fin=", &work.fin },
		{ "port=", &work.port },
	};

	if (strncmp(option, "list=", 5) == 0) {
		work.list = option + 5;
		return;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t len = strlen(numbers[i].key);

		if (strncmp(option, numbers[i].key, len) == 0) {
			*numbers[i].value = (unsigned)atoi(option + len);
			return;
		}
	}
	die("unknown: %s", option);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct outcome *)a)->saw, ((const struct outcome *)b)->saw);
}

/* "498 client", "2 10.0.0.3": sorted by what was seen. Returns how many connections had an answer.
 */
static unsigned print_outcomes(void)
{
	unsigned same = 0, answered = 0;

	qsort(work.outcomes, work.count, sizeof(*work.outcomes), by_text);
	for (unsigned i = 0; i < work.count; i++) {
		same++;
		answered += work.outcomes[i].me[0] != '\0';
		if (i + 1 < work.count && by_text(&work.outcomes[i], &work.outcomes[i + 1]) == 0)
			continue;
		printf("%u %s\n", same, work.outcomes[i].saw);
		same = 0;
	}
	return answered;
}

static void write_list(void)
{
	FILE *file = fopen(work.list, "w");

	if (file == NULL)
		die("%s: %s", work.list, strerror(errno));
	for (unsigned i = 0; i < work.count; i++) {
		if (work.outcomes[i].me[0] != '\0')
			fprintf(file, "%s\n", work.outcomes[i].me);
	}
	fclose(file);
}

static void too_late(int signal)
{
	static const char text[] = "toatool: the time is over\n";

	(void)signal;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(28);
}

int ask(char **args)
{
	pthread_t threads[256];

	enter(args[0]);
	make_bulk();
	work.to = peer_parse(args[1], args[2]);
	work.count = (unsigned)atoi(args[3]);
	for (char **option = args + 4; *option != NULL; option++)
		set(*option);
	if (work.threads > 256 || work.up > BULK_MAX || work.down > BULK_MAX)
		die("too much");
	work.outcomes = calloc(work.count, sizeof(*work.outcomes));
	signal(SIGALRM, too_late);
	alarm(work.seconds);
	for (unsigned i = 0; i < work.threads; i++)
		start_thread(ask_some, NULL, &threads[i]);
	for (unsigned i = 0; i < work.threads; i++)
		pthread_join(threads[i], NULL);
	if (work.list != NULL)
		write_list();
	return print_outcomes() == work.count ? 0 : 1;
}
