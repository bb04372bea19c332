/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox: what a process gives up so that a fault in it can do less: capabilities, user, system
 * calls, descriptors. Knows nothing of what the processes do. Nothing here can be undone.
 *
 * The order in `ezlb run`, where the three processes are
 *
 *	daemon ---- forks, before it opens anything or starts a thread ---> spawner ---> worker
 *
 *	daemon:  fork the spawner, then ezlb_sandbox_daemon()
 *	spawner: ezlb_sandbox_spawner(), then fork the workers and wait for them
 *	worker:  load libraries and read what it needs by path, then ezlb_sandbox_worker()
 *
 * Capabilities and the user belong to a thread, so each function is called while the process has
 * one thread; threads that start later inherit all of it.
 *
 * A host, a container or the user may not permit a part of it (no CAP_SETUID or CAP_SETGID, no
 * seccomp). Each function then still does the rest, and returns the error of the first part that is
 * missing, with err naming all of them. The caller logs err and goes on.
 *
 * A refused system call returns an error and never ends the process. EPERM: one of those for which
 * programs are attacked (execve, ptrace, mount, ...). EACCES: it opens a file, in a worker. Else
 * ENOSYS, as if the kernel did not have it: libraries have a fallback for that. What nobody expects
 * is in the kernel's log, too: "audit: type=1326 ... comm="ezlb" ... syscall=NUMBER".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ezlb/err.h>

/* The user of spawner and worker. It is of no other program: what has the same user may kill them.
 */
#define EZLB_SANDBOX_USER   "ezlb"
#define EZLB_SANDBOX_NOBODY 65534 /* "nobody" on all Linux systems, user and group */

struct ezlb_sandbox_user {
	uid_t uid;
	gid_t gid;
};

/*
 * Finds EZLB_SANDBOX_USER in this file, which is like /etc/passwd. Returns false where there is no
 * such file or user, or the numbers are root's: then it is nobody, whom other programs may be, too.
 * Reads no other file, and asks no name service.
 */
bool ezlb_sandbox_find_user(const char *passwd, struct ezlb_sandbox_user *out);

/* What the daemon must be able to do from now on. Of capabilities it keeps what it has of them.
 */
struct ezlb_sandbox_needs {
	bool kernel;   /* it configures the kernel: CAP_NET_ADMIN, CAP_NET_RAW, and for BPF programs
			* CAP_BPF and CAP_PERFMON */
	bool modules;  /* it loads kernel modules: CAP_SYS_MODULE */
	bool low_port; /* it may have to listen on a port below 1024: CAP_NET_BIND_SERVICE */
	bool log_file; /* it writes a file in a directory of any user: CAP_DAC_OVERRIDE */
	unsigned threads; /* other threads that may run now. They keep their capabilities, so they
			   * must end soon */
};

/*
 * For the daemon. It keeps its user; CAP_DAC_READ_SEARCH, for service files of other users; and the
 * capabilities in `needs`. All others are gone for good, also for programs with file capabilities
 * (bounding set, no_new_privs). The filter permits files, sockets of the families unix, inet,
 * inet6 and netlink, threads, and what `needs` says; no new process and no program.
 */
int ezlb_sandbox_daemon(const struct ezlb_sandbox_needs *needs, struct ezlb_err *err);

/*
 * For a process that forks workers and does nothing else. If it is root, it becomes
 * `user` without other groups, drops all capabilities, sets no_new_privs, makes no core
 * dump, cannot be traced by others of its user (PR_SET_DUMPABLE), and closes all descriptors but 0,
 * 1, 2 and the n in `keep` (in any order; numbers that are not open are no error); with NULL, none.
 * Files that it writes cannot grow (RLIMIT_FSIZE), unless its stderr is a regular file. The filter
 * permits what a worker may do, and in addition: fork, wait and kill; opening files to read them,
 * so that a new worker can load libraries; and ezlb_sandbox_worker() in its children.
 */
int ezlb_sandbox_spawner(const int *keep, size_t n, const struct ezlb_sandbox_user *user,
			 struct ezlb_err *err);

/*
 * For a process that talks to strangers. Does all that ezlb_sandbox_spawner() does, so it may be
 * called without that, too; then its filter permits: read, write, send, receive (with descriptors),
 * poll and epoll, memory, threads, clocks and timers, signals to itself, socketpair of the family
 * unix, sockets of inet and inet6 for TCP and UDP with bind, connect, listen and accept. It cannot
 * open, list or examine a file by its path, start a process, send a signal to another one or change
 * its limits, or have others wait in close() (SO_LINGER). So
 * load before: libraries that are opened with dlopen (libcurl), GnuTLS's global state,
 * certificates, the time zone.
 */
int ezlb_sandbox_worker(const int *keep, size_t n, const struct ezlb_sandbox_user *user,
			struct ezlb_err *err);

/* What is in force for a process: what the kernel says in /proc/PID/status. */
struct ezlb_sandbox_state {
	uid_t uid;	    /* effective */
	uint64_t permitted; /* capabilities, a bit for each */
	uint64_t bounding;
	bool no_new_privs;
	bool filtered; /* a seccomp filter */
	unsigned threads;
};

/* Reads it for the first thread of the process; pid 0: of the caller. */
int ezlb_sandbox_look(pid_t pid, struct ezlb_sandbox_state *out, struct ezlb_err *err);
/* "net_admin,net_raw", or "none", or "all"; cut to the size. Returns buf. */
#define EZLB_SANDBOX_CAPS_STRLEN 768
const char *ezlb_sandbox_caps_format(uint64_t caps, char buf[static EZLB_SANDBOX_CAPS_STRLEN]);
