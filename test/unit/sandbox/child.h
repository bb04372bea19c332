/* SPDX-License-Identifier: GPL-2.0-or-later */
/* child: runs a function in a child process, since nothing that this package does can be undone. */
#pragma once

#include "fixture.h"

#include <sys/wait.h>
#include <unistd.h>

/* What a child found: the checks that failed, as text. */
struct child {
	int out;
};

/* Notes in the child that `what` is not as it should be. */
static inline void child_note(struct child *child, const char *what, long got, long want)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "%s: %ld, not %ld\n", what, got, want);

	if (got != want && write(child->out, line, (size_t)len) != len)
		_exit(100);
}

#define CHILD_EQUAL(child, want, got) child_note((child), #got, (long)(got), (long)(want))
/* The call fails with this errno. */
#define CHILD_FAILS(child, want, call)                                            \
	do {                                                                      \
		errno = 0;                                                        \
		child_note((child), #call, (long)(call) < 0 ? errno : 0, (want)); \
	} while (0)

/* Fails the test with what the child noted, or if it did not end with status 0. */
static inline void in_child(void (*run)(struct child *child, void *arg), void *arg)
{
	char text[8192];
	size_t len = 0;
	ssize_t n;
	int pipes[2], status;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct child child = { .out = pipes[1] };

		close(pipes[0]);
		run(&child, arg);
		_exit(0);
	}
	close(pipes[1]);
	while ((n = read(pipes[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_string_equal(text, "");
	assert_int_equal(status, 0);
}
