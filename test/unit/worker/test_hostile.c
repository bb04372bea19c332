// SPDX-License-Identifier: GPL-2.0-or-later
/* Workers in the hands of a stranger: the real processes, and each attack ends that worker. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ezlb/log.h>
#include <ezlb/worker.h>

#define FDS_MAX 256

struct answer {
	pid_t worker;
	bool blocks; /* a signal is blocked */
};

static struct ezlb_worker *worker;
static struct answer last;
static unsigned ups, answers;

/* --- in the worker ---------------------------------------------------------------------------- */

static struct ezlb_channel *inside;
static int wire; /* the socket to the daemon */

static int find_wire(void)
{
	for (int fd = 3; fd < FDS_MAX; fd++) {
		socklen_t len = sizeof(int);
		int type = 0;

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET)
			return fd;
	}
	return -1;
}

static void send_fds(const void *bytes, size_t len, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { { 0 } };
	const int fds[] = { wire, wire, wire };
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = CMSG_SPACE(n_fds * sizeof(int)) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	sendmsg(wire, &msg, MSG_NOSIGNAL);
}

/* Of the wrong form, for ever. */
static void flood(void)
{
	struct pollfd ready = { .fd = wire, .events = POLLOUT };
	char noise[4096];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 7 + 1);
	for (;;) {
		send(wire, noise, sizeof(noise), MSG_NOSIGNAL);
		poll(&ready, 1, -1);
	}
}

/* What only the daemon may send, for ever. */
static void flood_wrong_way(enum ezlb_record_kind kind)
{
	struct ezlb_record record = { .kind = kind, .data = "x", .len = 1 };
	struct pollfd ready = { .fd = wire, .events = POLLOUT };

	for (;;) {
		ezlb_record_send(wire, &record);
		poll(&ready, 1, -1);
	}
}

/* Descriptors that nobody has asked for, with records that are right. */
static void send_descriptors(void)
{
	struct ezlb_record record = { .kind = EZLB_RECORD_PROBE_RESULT,
				      .data = &last,
				      .len = sizeof(last),
				      .fds = { wire, wire },
				      .n_fds = 2 };

	for (int i = 0; i < 100; i++) {
		struct pollfd ready = { .fd = wire, .events = POLLOUT };

		while (ezlb_record_send(wire, &record) == -EAGAIN)
			poll(&ready, 1, -1);
	}
	_exit(0);
}

static void attack(char what)
{
	if (what >= 'A' && what < 'A' + EZLB_RECORDS)
		flood_wrong_way((enum ezlb_record_kind)(what - 'A'));
	if (what == 'e')
		send(wire, "", 0, 0);
	if (what == 'f')
		flood();
	if (what == 'd')
		send_fds("xxxxxxxxx", 9, 3);
	if (what == 'o')
		send_descriptors();
	if (what == 'r' || what == 'w' || what == 'b')
		shutdown(wire, what == 'r' ? SHUT_RD : what == 'w' ? SHUT_WR : SHUT_RDWR);
	if (what == 'c')
		close(wire);
	if (what == 's')
		raise(SIGSTOP);
	if (what == 'n') /* the next line of the daemon's log would wait */
		fcntl(STDERR_FILENO, F_SETFL, 0);
	while (strchr("edrwbc", what))
		pause();
}

static void on_probe(void *arg, struct ezlb_record *record)
{
	struct answer answer = { .worker = getpid() };
	const char *word = record->data;
	sigset_t mask;

	(void)arg;
	wire = find_wire();
	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int i = 1; i < NSIG; i++)
		answer.blocks = answer.blocks || sigismember(&mask, i) == 1;
	last = answer;
	if (word[0] != 'q')
		attack(word[0]);
	ezlb_channel_say(inside, EZLB_RECORD_PROBE_RESULT, &answer, sizeof(answer));
}

static void serve(struct uv_loop_s *l, struct ezlb_channel *channel)
{
	(void)l;
	inside = channel;
	ezlb_channel_on(channel, EZLB_RECORD_PROBE, on_probe, NULL);
}

/* Of a user that may have no other process. */
static int forbid_fork(const int *keep, size_t n, struct ezlb_err *err)
{
	const struct rlimit none = { .rlim_cur = 0 };

	(void)keep;
	(void)n;
	(void)err;
	if (getuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return -EPERM;
	return setrlimit(RLIMIT_NPROC, &none);
}

/* --- in the daemon ---------------------------------------------------------------------------- */

static void on_state(void *arg, bool up)
{
	(void)arg;
	ups += up;
}

static void on_answer(void *arg, struct ezlb_record *record)
{
	(void)arg;
	assert_int_equal(record->len, sizeof(last));
	memcpy(&last, record->data, sizeof(last));
	answers++;
}

static void on_gone(void *arg, const char *how, bool killed)
{
	(void)how;
	(void)killed;
	(void)arg;
	fail_msg("the spawner has ended");
}

static void start(const struct ezlb_worker_options *options)
{
	ups = answers = ticks = 0;
	uv_loop_init(&loop);
	assert_int_equal(ezlb_worker_start(options, &worker, NULL), 0);
	assert_int_equal(ezlb_worker_open(worker, &loop, on_gone, NULL, NULL), 0);
	ezlb_channel_watch(ezlb_worker_channel(worker), on_state, &loop);
	ezlb_channel_on(ezlb_worker_channel(worker), EZLB_RECORD_PROBE_RESULT, on_answer, NULL);
}

static void stop(void)
{
	ezlb_worker_close(worker);
	uv_run(&loop, UV_RUN_DEFAULT);
	ezlb_worker_free(worker);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void ask(const char *word)
{
	ezlb_channel_say(ezlb_worker_channel(worker), EZLB_RECORD_PROBE, word, strlen(word));
}

static void who(void)
{
	answers = 0;
	ask("q");
	wait_for(&answers, 1);
	assert_false(last.blocks);
}

static unsigned count_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < FDS_MAX; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static const struct ezlb_worker_options options = { .serve = serve };

/* The attack ends with its worker, and costs the daemon no descriptor. */
static void suffer(const char *word)
{
	static char big[EZLB_RECORD_MAX];
	struct answer before;
	unsigned fds;

	start(&options); /* anew: after many ends the next worker waits */
	wait_for(&ups, 1);
	who();
	before = last;
	fds = count_fds();
	ask(word);
	big[0] = 'q';
	for (int i = 0; i < 400 && word[0] == 's'; i++) /* more than waits for it */
		ezlb_channel_say(ezlb_worker_channel(worker), EZLB_RECORD_PROBE, big, sizeof(big));
	for (int i = 0; i < 50 && word[0] == 'r'; i++) { /* it must notice when it sends */
		usleep(1000);
		ask("q");
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	wait_for(&ups, 2);
	who();
	assert_int_not_equal(last.worker, before.worker);
	assert_int_equal(kill(before.worker, 0), -1);
	assert_int_equal(count_fds(), fds);
	stop();
}

static void test_attacks(void **state)
{
	static const char *const words[] = { "e", "f", "d", "o", "r", "w", "b", "c", "s" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		suffer(words[i]);
}

static void test_wrong_way(void **state)
{
	static const enum ezlb_record_kind kinds[] = {
		EZLB_RECORD_SPAWN,	  EZLB_RECORD_WORKER, EZLB_RECORD_CHECK,
		EZLB_RECORD_CHECK_FORGET, EZLB_RECORD_PROBE,  EZLB_RECORD_PROBE_CANCEL,
		EZLB_RECORD_CLIENT,	  EZLB_RECORD_REPLY,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		suffer((const char[]){ (char)('A' + kinds[i]), '\0' });
}

/* A worker that stands still does not keep the daemon from its end. */
static void test_end_with_a_stopped_worker(void **state)
{
	(void)state;
	start(&options);
	wait_for(&ups, 1);
	who();
	assert_int_equal(kill(last.worker, SIGSTOP), 0);
	stop();
}

/* --- the log ---------------------------------------------------------------------------------- */

static int saved, pipes[2];

static void log_to_pipe(void)
{
	fflush(NULL);
	saved = dup(STDERR_FILENO);
	assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
}

static void log_to_stderr(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipes[0]);
}

/* The daemon writes its log without waiting: a worker cannot change that. */
static void test_log_does_not_wait(void **state)
{
	int flags;

	(void)state;
	log_to_pipe();
	start(&options);
	wait_for(&ups, 1);
	ask("n");
	wait_for(&answers, 1);
	flags = fcntl(STDERR_FILENO, F_GETFL);
	stop();
	log_to_stderr();
	assert_true(flags & O_NONBLOCK);
}

/* No process can be forked: it is said once, and the end does not wait. */
static void test_cannot_fork(void **state)
{
	static const struct ezlb_worker_options failing = { .confine_spawner = forbid_fork,
							    .serve = serve };
	struct pollfd ready;
	char text[4096];
	ssize_t n;

	(void)state;
	log_to_pipe();
	start(&failing);
	ready = (struct pollfd){ .fd = pipes[0], .events = POLLIN };
	assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
	wait_for(&ticks, 20); /* it tries again meanwhile */
	n = read(pipes[0], text, sizeof(text) - 1);
	stop();
	log_to_stderr();
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "cannot start the worker process: trying again"));
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
	assert_int_equal(ups, 0);
}

/* What the log says meanwhile, on the loop, until it has this. */
static void wait_for_log(char *text, size_t size, const char *words)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;
	size_t len = strlen(text);

	while (!strstr(text, words) && ezlb_now_ms() < until) {
		ssize_t n = read(pipes[0], text + len, size - 1 - len);

		len += n > 0 ? (size_t)n : 0;
		text[len] = '\0';
		wait_for(&ticks, ticks + 1);
	}
}

/* A worker whose socket cannot be taken is of no use, and the spawner is: it starts another one. */
static void test_no_descriptor_for_the_socket(void **state)
{
	static const char trying[] =
		"level=warn pkg=worker msg=\"cannot use the new worker process: "
		"trying again\" err=\"Too many open files\"\n";
	char text[4096] = "";

	(void)state;
	log_to_pipe();
	start(&options);
	may_open(false);
	wait_for_log(text, sizeof(text), trying);
	wait_for(&ticks, ticks + 20); /* it tries again meanwhile */
	may_open(true);
	assert_int_equal(ups, 0);
	wait_for(&ups, 1);
	wait_for_log(text, sizeof(text), "no free descriptor");
	who();
	stop();
	log_to_stderr();
	assert_non_null(strstr(text, trying));
	assert_null(strstr(strstr(text, trying) + strlen(trying), "cannot use"));
	assert_non_null(strstr(text, "why=\"the daemon had no free descriptor for its socket\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_wrong_way),
		cmocka_unit_test(test_end_with_a_stopped_worker),
		cmocka_unit_test(test_log_does_not_wait),
		cmocka_unit_test(test_cannot_fork),
		cmocka_unit_test(test_no_descriptor_for_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
