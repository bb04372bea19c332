// SPDX-License-Identifier: GPL-2.0-or-later
/* A log that nobody reads, or somebody too slow. Each case in a process of its own. */
#include "cm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>
#include <ezlb/text.h>

#define DEADLINE_MS 60000
#define LINES	    5000 /* more than pipe and memory take */
#define PADDING	    250

enum kind { PIPE, SOCKET, PIPE_OF_OTHERS };
static const enum kind kinds[] = { PIPE, SOCKET, PIPE_OF_OTHERS };

/* The process that logs. */
struct child {
	pid_t pid;
	int log;     /* to read its log */
	int reports; /* it writes a byte when it is told to go on, and one when it is done */
	struct ezlb_text said;
};

static void say(const struct child *c)
{
	assert_int_equal(write(c->reports, "", 1), 1);
}

static void hear(const struct child *c)
{
	struct pollfd fd = { .fd = c->reports, .events = POLLIN };
	char byte;

	assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
	assert_int_equal(read(c->reports, &byte, 1), 1);
}

static int result; /* of the child */

/* The open file of stderr is that of others, too: its flags must stay. */
static void run(enum kind kind, int log, int reports, void (*work)(const struct child *c))
{
	struct child me = { .reports = reports };
	int flags;

	alarm(2 * DEADLINE_MS / 1000);
	signal(SIGPIPE, kind == SOCKET ? SIG_DFL : SIG_IGN);
	dup2(log, STDERR_FILENO);
	flags = fcntl(log, F_GETFL);
	if (kind == PIPE_OF_OTHERS && setuid(65534) < 0 && geteuid() == 0)
		_exit(3);
	ezlb_log_never_wait();
	work(&me);
	_exit(fcntl(log, F_GETFL) == flags ? result : 254);
}

static struct child start(enum kind kind, void (*work)(const struct child *c))
{
	struct child c = { .pid = -1 };
	int ends[2], control[2];

	if (kind == SOCKET)
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	else
		assert_int_equal(pipe(ends), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, control), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		close(ends[0]);
		close(control[0]);
		run(kind, ends[1], control[1], work);
	}
	close(ends[1]);
	close(control[1]);
	c.log = ends[0];
	c.reports = control[0];
	return c;
}

static int end_of(struct child *c)
{
	int status = -1;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	close(c->log);
	close(c->reports);
	EZLB_VEC_CLEAR(&c->said);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Reads what has come. False at the end of the log. */
static bool listen_to(struct child *c)
{
	struct pollfd fd = { .fd = c->log, .events = POLLIN };
	char buf[65536];
	ssize_t n;

	assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
	n = read(c->log, buf, sizeof(buf));
	assert_true(n >= 0);
	ezlb_text_put(&c->said, buf, (size_t)n);
	return n > 0;
}

static void log_lines(int first, int n)
{
	char padding[PADDING + 1];

	memset(padding, 'x', PADDING);
	padding[PADDING] = '\0';
	for (int i = first; i < first + n; i++)
		ezlb_log(EZLB_INFO, "test", EZLB_I("n", i), EZLB_S("padding", padding));
}

struct sum {
	int lines, lost, notes;
};

/* All lines are whole, in order, and the places of the lost ones are told. */
static struct sum add_up(const struct child *c)
{
	struct sum sum = { .lines = 0 };
	const char *at = c->said.items, *end = at + c->said.len;
	int next = 0;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		EZLB_AUTO_FREE char *line = NULL;
		const char *number;

		assert_non_null(newline);
		line = ezlb_strndup(at, (size_t)(newline - at));
		at = newline + 1;
		assert_memory_equal(line, "ts=", 3);
		number = strstr(line, " lines=");
		if (number) {
			assert_non_null(
				strstr(line, "level=warn pkg=log msg=\"log lines were lost"));
			next += atoi(number + 7);
			sum.lost += atoi(number + 7);
			sum.notes++;
			continue;
		}
		number = strstr(line, " n=");
		assert_non_null(number);
		assert_int_equal(atoi(number + 3), next);
		assert_int_equal(strlen(strstr(line, "padding=")), 8 + PADDING);
		next++;
		sum.lines++;
	}
	return sum;
}

/* --- nobody reads, and then somebody --------------------------------------------------------- */

static void floods(const struct child *c)
{
	log_lines(0, LINES);
	say(c);
	hear(c);
	for (uint64_t end = ezlb_now_ms() + DEADLINE_MS; ezlb_now_ms() < end;) {
		struct pollfd fd = { .fd = c->reports, .events = POLLIN };

		if (poll(&fd, 1, 1) == 1)
			return;
		ezlb_log_flush();
	}
}

static bool said(const struct child *c, const char *what)
{
	return c->said.len > 0 && memmem(c->said.items, c->said.len, what, strlen(what));
}

static void test_lost_lines_are_counted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct child c = start(kinds[i], floods);
		struct sum sum;

		hear(&c); /* it does not wait for a reader */
		say(&c);
		while (!said(&c, " lines="))
			assert_true(listen_to(&c));
		say(&c);
		while (listen_to(&c))
			;
		sum = add_up(&c);
		assert_true(sum.lines > 500);
		assert_int_equal(sum.notes, 1);
		assert_int_equal(sum.lines + sum.lost, LINES);
		assert_int_equal(end_of(&c), 0);
	}
}

/* --- it goes on after that ------------------------------------------------------------------- */

static void floods_twice(const struct child *c)
{
	log_lines(0, LINES);
	say(c);
	hear(c);
	log_lines(LINES, LINES);
	ezlb_log_finish(DEADLINE_MS);
	result = (int)(ezlb_log_lines_lost() % 251);
}

static void test_a_slow_reader(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct child c = start(kinds[i], floods_twice);
		struct sum sum;

		hear(&c);
		say(&c);
		while (listen_to(&c))
			;
		sum = add_up(&c);
		assert_true(sum.notes >= 1);
		assert_int_equal(sum.lines + sum.lost, 2 * LINES);
		assert_int_equal(end_of(&c), sum.lost % 251); /* the counter says the same */
	}
}

/* --- the end --------------------------------------------------------------------------------- */

static void ends(const struct child *c)
{
	log_lines(0, 400); /* more than a pipe takes, and less than is kept */
	say(c);
	ezlb_log_finish(DEADLINE_MS);
}

static void test_the_end_waits_for_the_reader(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct child c = start(kinds[i], ends);
		struct sum sum;

		hear(&c);
		while (listen_to(&c))
			;
		sum = add_up(&c);
		assert_int_equal(sum.lines, 400);
		assert_int_equal(sum.lost, 0);
		assert_int_equal(end_of(&c), 0);
	}
}

static void ends_alone(const struct child *c)
{
	(void)c;
	log_lines(0, LINES);
	ezlb_log_finish(1);
}

static void test_the_end_waits_not_for_ever(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct child c = start(kinds[i], ends_alone);

		assert_int_equal(end_of(&c), 0);
	}
}

/* --- the reader is gone ---------------------------------------------------------------------- */

static void goes_on(const struct child *c)
{
	hear(c);
	log_lines(0, LINES);
	for (int i = 0; i < 100; i++)
		ezlb_log_flush();
	ezlb_log_finish(1);
}

static void test_the_reader_is_gone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct child c = start(kinds[i], goes_on);

		close(c.log);
		c.log = -1;
		say(&c);
		assert_int_equal(end_of(&c), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_lines_are_counted),
		cmocka_unit_test(test_a_slow_reader),
		cmocka_unit_test(test_the_end_waits_for_the_reader),
		cmocka_unit_test(test_the_end_waits_not_for_ever),
		cmocka_unit_test(test_the_reader_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
