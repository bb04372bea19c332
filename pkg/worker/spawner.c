// SPDX-License-Identifier: GPL-2.0-or-later
#include "spawner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/log.h>

#define LIVED_MS      10000 /* a worker that lived for so long has not failed at its start */
#define LOG_FINISH_MS 500

struct spawner {
	const struct ezlb_worker_options *options;
	int control, children; /* a signalfd for SIGCHLD */
	pid_t worker;	       /* 0: none */
	uint32_t generation, needs, failures;
	int status;  /* of the last worker */
	bool cannot; /* it is logged that there can be no worker */
	uint64_t began, next;
	struct ezlb_record_buffer buffer;
};

/* The signals for the daemon reach the whole process group, and with systemd the whole unit. */
static void ignore_signals(void)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

/*
 * Ends with the parent, also if that is killed. The kernel asks whether the parent may send this
 * signal: a daemon that is root without CAP_KILL may not send it to a spawner of another user
 * (kernel/signal.c: check_kill_permission). Then the end of the control socket ends the spawner.
 */
static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

_Noreturn void worker_fail(const char *what, const struct ezlb_err *err)
{
	ezlb_log(EZLB_ERROR, "worker", EZLB_S("msg", what),
		 EZLB_S("err", err ? err->msg : ezlb_errno_str(errno)));
	ezlb_log_finish(LOG_FINISH_MS);
	_exit(1);
}

static _Noreturn void be_worker(struct spawner *spawner, int fd)
{
	const struct ezlb_worker_options *options = spawner->options;
	pid_t parent = getppid();
	sigset_t none;
	struct ezlb_err err;

	prctl(PR_SET_NAME, "ezlb-worker");
	close(spawner->control);
	close(spawner->children);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (options->prepare && options->prepare(spawner->needs, &err) < 0)
		worker_fail("the worker process cannot start", &err);
	if (options->confine && options->confine(&err) < 0)
		worker_fail("the worker process cannot start", &err);
	end_with(parent); /* after the change of the user, which clears it */
	worker_run(options, fd);
}

/* Tells the daemon of the new worker. False: the daemon is gone or does not read. */
static bool report(struct spawner *spawner, int fd)
{
	const struct spawn_report report = { .generation = spawner->generation,
					     .needs = spawner->needs,
					     .status = spawner->status };
	struct ezlb_record record = { .kind = EZLB_RECORD_WORKER,
				      .data = &report,
				      .len = sizeof(report),
				      .fds = { fd },
				      .n_fds = 1 };

	return ezlb_record_send(spawner->control, &record) == 0;
}

/* Once, until there is a worker again. */
static void say_cannot(struct spawner *spawner)
{
	if (!spawner->cannot)
		ezlb_log(EZLB_WARN, "worker",
			 EZLB_S("msg", "cannot start the worker process: trying again"),
			 EZLB_S("err", ezlb_errno_str(errno)));
	spawner->cannot = true;
}

static void spawn(struct spawner *spawner)
{
	int fds[2];
	pid_t pid;

	spawner->next = ezlb_now_ms() + spawn_delay(++spawner->failures);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) {
		say_cannot(spawner);
		return;
	}
	ezlb_log_flush(); /* what it keeps must not be written twice */
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		be_worker(spawner, fds[1]);
	}
	if (pid < 0)
		say_cannot(spawner);
	close(fds[1]);
	if (pid > 0) {
		spawner->worker = pid;
		spawner->cannot = false;
		spawner->generation++;
		spawner->began = ezlb_now_ms();
		if (!report(spawner, fds[0]))
			kill(pid, SIGKILL);
	}
	close(fds[0]);
}

static void reap(struct spawner *spawner)
{
	struct signalfd_siginfo info;
	int status;

	while (read(spawner->children, &info, sizeof(info)) > 0)
		;
	if (spawner->worker == 0 || waitpid(spawner->worker, &status, WNOHANG) <= 0)
		return;
	spawner->worker = 0;
	spawner->status = status;
	if (ezlb_now_ms() - spawner->began >= LIVED_MS)
		spawner->failures = 0;
	spawner->next = ezlb_now_ms() + spawn_delay(spawner->failures);
}

static void obey(struct spawner *spawner, const struct spawn_order *order)
{
	if ((order->needs & ~spawner->needs) != 0)
		spawner->failures = 0; /* a replacement on purpose is no failure */
	spawner->needs |= order->needs;
	if (order->generation == spawner->generation && spawner->worker > 0)
		kill(spawner->worker, SIGKILL);
}

static void listen_to_daemon(struct spawner *spawner)
{
	struct ezlb_record record;
	int rc = ezlb_record_receive(spawner->control, &spawner->buffer, &record);

	if (rc == -EAGAIN)
		return;
	if (rc == 1) {
		if (record.kind == EZLB_RECORD_SPAWN && record.len == sizeof(struct spawn_order))
			obey(spawner, record.data);
		ezlb_record_close_fds(&record);
		return;
	}
	/* The daemon has closed it. A worker that still writes an answer gets time for that. */
	if (spawner->worker > 0) {
		alarm(2);
		waitpid(spawner->worker, NULL, 0);
	}
	ezlb_log_finish(LOG_FINISH_MS);
	_exit(0);
}

/* How long poll(2) may wait; -1: for ever. */
static int patience(const struct spawner *spawner)
{
	uint64_t now = ezlb_now_ms();

	if (spawner->worker > 0)
		return -1;
	return spawner->next > now ? (int)(spawner->next - now) : 0;
}

_Noreturn void spawner_run(const struct ezlb_worker_options *options, int control, pid_t daemon)
{
	static struct spawner spawner;
	struct ezlb_err err;
	sigset_t child;

	prctl(PR_SET_NAME, "ezlb-spawner");
	ignore_signals();
	/* With the daemon's stderr a worker could have the daemon wait: O_NONBLOCK belongs to all.
	 */
	ezlb_log_never_wait();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	spawner = (struct spawner){ .options = options, .control = control };
	spawner.children = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	if (spawner.children < 0)
		worker_fail("the spawner of the worker process cannot start", NULL);
	if (options->confine_spawner &&
	    options->confine_spawner((const int[]){ control, spawner.children }, 2, &err) < 0)
		worker_fail("the spawner of the worker process cannot start", &err);
	end_with(daemon);
	for (;;) {
		struct pollfd ready[] = { { .fd = control, .events = POLLIN },
					  { .fd = spawner.children, .events = POLLIN } };

		poll(ready, 2, patience(&spawner));
		reap(&spawner);
		listen_to_daemon(&spawner);
		if (spawner.worker == 0 && patience(&spawner) == 0)
			spawn(&spawner);
	}
}
