/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logged: the daemon in a child, with its log in a file, which says how far it is. */
#pragma once

#include "commands.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <ezlb/duration.h>

#define DEADLINE_MS 60000

/* Accepts without a process: the connections of a few probes wait in its queue. */
static inline int listen_on(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){ .sin_family = AF_INET };
	assert_int_equal(bind(fd, (struct sockaddr *)at, len), 0);
	assert_int_equal(listen(fd, 4096), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static inline pid_t start(void)
{
	struct text log = at("log");
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* also if the test fails */
		int fd = open(log.s, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		dup2(fd, STDERR_FILENO);
		close(fd);
		exit(ezlb_controller_run(&options, NULL) == 0 ? 0 : 1);
	}
	return pid;
}

static inline size_t times(const char *word)
{
	EZLB_AUTO_FREE char *log = slurp("log");
	size_t n = 0;

	for (const char *p = log; p && (p = strstr(p, word)); p += strlen(word))
		n++;
	return n;
}

static inline void wait_for(const char *word, size_t n)
{
	uint64_t until = ezlb_now_ms() + DEADLINE_MS;

	while (times(word) < n) {
		if (ezlb_now_ms() > until) {
			EZLB_AUTO_FREE char *log = slurp("log");

			fail_msg("it does not say '%s' %zu times: %s", word, n, log);
		}
		usleep(20000);
	}
}

/* It must end by itself, and without an error. */
static inline void stop(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}
