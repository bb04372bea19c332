// SPDX-License-Identifier: GPL-2.0-or-later
/* lock: takes the iptables lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/netfilter.h>

const char *ezlb_xtables_lock_path(void)
{
	const char *path = getenv("XTABLES_LOCKFILE");

	return path && *path ? path : "/run/xtables.lock";
}

static void nap(unsigned ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	/* A signal may interrupt it: the caller reads the clock. */
	nanosleep(&time, NULL);
}

int ezlb_xtables_lock(const char *path, unsigned limit_ms, unsigned step_ms, struct ezlb_err *err)
{
	uint64_t end = ezlb_now_ms() + limit_ms;
	/* O_NONBLOCK: if the path is a FIFO, open must not block. */
	int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
	int code;

	if (fd < 0 && errno == EISDIR)
		return ezlb_err_set(err, EISDIR,
				    "%s is a directory: remove it (a hostPath mount of it needs "
				    "type FileOrCreate)",
				    path);
	if (fd < 0)
		return ezlb_err_sys(err, errno, "cannot open %s", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		code = errno;
		if (code == EWOULDBLOCK && ezlb_now_ms() < end) {
			nap(step_ms);
			continue;
		}
		close(fd);
		if (code != EWOULDBLOCK)
			return ezlb_err_sys(err, code, "cannot lock %s", path);
		return ezlb_err_set(err, EAGAIN, "another program has held %s for %g s", path,
				    limit_ms / 1000.0);
	}
	return fd;
}

int ezlb_xtables_lock_once(bool *missed, struct ezlb_err *err)
{
	const char *path = ezlb_xtables_lock_path();
	int fd = ezlb_xtables_lock(path, *missed ? 0 : EZLB_XTABLES_LOCK_LIMIT_MS,
				   EZLB_XTABLES_LOCK_STEP_MS, err);

	*missed = fd == -EAGAIN;
	/* The text must not change between calls: a failure with the same text is logged once. */
	return *missed ? ezlb_err_set(err, EAGAIN, "another program has held %s for %g s or longer",
				      path, EZLB_XTABLES_LOCK_LIMIT_MS / 1000.0)
		       : fd;
}
