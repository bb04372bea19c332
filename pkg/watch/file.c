// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan.h"

#define TRIES 3

static const char *kind_str(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a FIFO";
	default:
		return "a device";
	}
}

/* An error that a later try may not meet. Any other one is in the file: somebody must fix it. */
static bool is_passing(int code)
{
	return code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS ||
	       code == EINTR || code == EAGAIN || code == EIO || code == ESTALE ||
	       code == ETIMEDOUT;
}

static char *open_problem(int code)
{
	if (code == ENXIO)
		return ezlb_strdup("is a socket or a device, not a regular file");
	return ezlb_asprintf("cannot be opened: %s", ezlb_errno_str(code));
}

/* Why a file with this stat is not read; NULL if it can be read. */
static char *stat_problem(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return ezlb_asprintf("is %s, not a regular file", kind_str(st->st_mode));
	if (st->st_size > EZLB_FILE_MAX)
		return ezlb_asprintf("has %lld bytes, and the limit is %d (256 KiB): "
				     "put one service into each file",
				     (long long)st->st_size, EZLB_FILE_MAX);
	return NULL;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && same_time(&a->st_mtim, &b->st_mtim) &&
	       same_time(&a->st_ctim, &b->st_ctim);
}

/*
 * Reads all of fd into buf. Returns the number of bytes or -errno. A read that ends at the size
 * that the file should have is not repeated: it was asked for one byte more.
 */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = pread(fd, buf + len, size - len, (off_t)len);
		if (n < 0)
			return -errno;
		len += (size_t)n;
	} while (n > 0 && len < size - 1);
	return (ssize_t)len;
}

/* Reads once. Returns -EAGAIN if the file changed meanwhile. */
static int try_read(int fd, struct ezlb_file *out)
{
	EZLB_AUTO_FREE char *buf = NULL;
	struct stat before, after;
	ssize_t len;

	if (fstat(fd, &before) < 0)
		return -errno;
	out->problem = stat_problem(&before);
	if (out->problem)
		return 0;
	buf = ezlb_calloc(1, (size_t)before.st_size + 1);
	len = read_all(fd, buf, (size_t)before.st_size + 1);
	if (len < 0)
		return (int)len;
	if (fstat(fd, &after) < 0)
		return -errno;
	if (!unchanged(&before, &after) || len != before.st_size)
		return -EAGAIN;
	out->bytes = buf;
	buf = NULL;
	out->len = (size_t)len;
	out->hash = ezlb_hash(out->bytes, out->len);
	return 0;
}

int watch_file_read(int dirfd, const char *name, struct ezlb_file *out)
{
	/* O_NONBLOCK: do not block on a FIFO without a writer. O_NOCTTY: get no terminal. */
	EZLB_AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	int rc = -EAGAIN;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0) {
		out->passing = is_passing(errno);
		out->problem = open_problem(errno);
		return 0;
	}
	for (int i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = try_read(fd, out);
	out->passing = rc < 0;
	if (rc == -EAGAIN)
		out->problem = ezlb_strdup("changes while it is being read");
	else if (rc < 0)
		out->problem = ezlb_asprintf("cannot be read: %s", ezlb_errno_str(-rc));
	return 0;
}
