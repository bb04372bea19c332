// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tcp_received.h"

#define TICK_NS (20 * 1000 * 1000)
#define FDS_MAX 8192

static struct {
	bool open;
	timer_t timer;
	volatile int fds[FDS_MAX];
	volatile sig_atomic_t n, on;
} guard;

/* Once: a timer that repeats by itself would interrupt a handler that takes longer for ever. */
static void set_timer(long ns)
{
	const struct itimerspec once = { .it_value = { .tv_nsec = ns } };

	if (guard.open)
		timer_settime(guard.timer, 0, &once, NULL);
}

/* connect(2) with AF_UNSPEC drops what was received; shutdown(2) would leave it to be read. */
static void on_tick(int sig)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	int before = errno;

	(void)sig;
	for (sig_atomic_t i = 0; i < guard.n; i++)
		if (ezlb_tcp_received(guard.fds[i]) > EZLB_ANSWER_MAX)
			(void)connect(guard.fds[i], &none, sizeof(none));
	if (guard.on)
		set_timer(TICK_NS);
	errno = before;
}

void ezlb_guard_open(void)
{
	const struct sigaction action = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF };
	sigset_t set;

	if (guard.open)
		return;
	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	sigemptyset(&set);
	sigaddset(&set, SIGPROF);
	if (sigaction(SIGPROF, &action, NULL) == 0 && pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0)
		guard.open = timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &guard.timer) == 0;
}

void ezlb_guard_add(int fd)
{
	if (guard.n == FDS_MAX)
		return;
	guard.fds[guard.n] = fd;
	guard.n++;
}

void ezlb_guard_remove(int fd)
{
	for (sig_atomic_t i = 0; i < guard.n; i++) {
		if (guard.fds[i] != fd)
			continue;
		guard.n--;
		guard.fds[i] = guard.fds[guard.n];
		return;
	}
}

void ezlb_guard_begin(void)
{
	guard.on = 1;
	set_timer(TICK_NS);
}

void ezlb_guard_end(void)
{
	guard.on = 0;
	set_timer(0);
}
