// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The names of system calls: each is one that libseccomp knows, and the lists are good for arm64,
 * too, which has no calls that newer ones have replaced.
 */
#include "fixture.h"

#include <seccomp.h>

#include "inside.h"

/* Newer than the oldest libseccomp that ezlb is built with, which does not know their names. */
static const char *const fresh[] = { "mseal",	   "map_shadow_stack", "futex_wait",
				     "futex_wake", "futex_requeue",    "fchmodat2",
				     NULL };

/* What libc does on arm64 in the place of a call that amd64 has; NULL: it needs none there. */
static const struct {
	const char *old, *instead;
} replaced[] = { { "poll", "ppoll" },
		 { "select", "pselect6" },
		 { "epoll_create", "epoll_create1" },
		 { "epoll_wait", "epoll_pwait" },
		 { "pipe", "pipe2" },
		 { "dup2", "dup3" },
		 { "eventfd", "eventfd2" },
		 { "signalfd", "signalfd4" },
		 { "arch_prctl", NULL },
		 { "set_thread_area", NULL },
		 { "time", "clock_gettime" },
		 { "alarm", "setitimer" },
		 { "pause", "ppoll" },
		 { "getpgrp", "getpgid" },
		 { "open", "openat" },
		 { "creat", "openat" },
		 { "access", "faccessat" },
		 { "stat", "newfstatat" },
		 { "lstat", "newfstatat" },
		 { "readlink", "readlinkat" },
		 { "getdents", "getdents64" },
		 { "mkdir", "mkdirat" },
		 { "rmdir", "unlinkat" },
		 { "unlink", "unlinkat" },
		 { "rename", "renameat" },
		 { "link", "linkat" },
		 { "symlink", "symlinkat" },
		 { "chmod", "fchmodat" },
		 { "inotify_init", "inotify_init1" } };

static bool has(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* libseccomp has a negative number of its own for a name that the processor does not have. */
static bool exists(uint32_t arch, const char *name)
{
	return seccomp_syscall_resolve_name_arch(arch, name) >= 0;
}

static void check_names(const char *const *list)
{
	for (; *list; list++)
		if (seccomp_syscall_resolve_name(*list) == __NR_SCMP_ERROR && !has(fresh, *list))
			fail_msg("%s is no system call", *list);
}

static void test_names(void **state)
{
	(void)state;
	check_names(calls_all);
	check_names(calls_spawner);
	check_names(calls_daemon);
	check_names(calls_paths);
	check_names(calls_denied);
}

/* Each name works on arm64 by itself, or what replaces it there is permitted, too. */
static void check_arm64(const char *const *list)
{
	for (const char *const *name = list; *name; name++) {
		size_t i = 0, n = sizeof(replaced) / sizeof(*replaced);

		if (exists(SCMP_ARCH_AARCH64, *name) || !exists(SCMP_ARCH_X86_64, *name))
			continue;
		while (i < n && strcmp(replaced[i].old, *name) != 0)
			i++;
		if (i == n)
			fail_msg("arm64 has no %s, and nothing is known to replace it", *name);
		if (!replaced[i].instead)
			continue;
		assert_true(exists(SCMP_ARCH_AARCH64, replaced[i].instead));
		if (!has(list, replaced[i].instead) && !has(calls_all, replaced[i].instead))
			fail_msg("arm64 has no %s, and %s is not permitted", *name,
				 replaced[i].instead);
	}
}

static void test_arm64(void **state)
{
	(void)state;
	check_arm64(calls_all);
	check_arm64(calls_spawner);
	check_arm64(calls_daemon);
}

/* What a process must not do it must not do in another way: on both, the newer name is there, too.
 */
static void test_denied(void **state)
{
	(void)state;
	assert_true(has(calls_denied, "execve") && has(calls_denied, "execveat"));
	for (const char *const *name = calls_denied; *name; name++)
		if (has(calls_all, *name) || has(calls_daemon, *name) || has(calls_spawner, *name))
			fail_msg("%s is permitted and denied", *name);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names),
					    cmocka_unit_test(test_arm64),
					    cmocka_unit_test(test_denied) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
