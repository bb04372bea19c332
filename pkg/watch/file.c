// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link.h"
#include "scan.h"

#define TRIES 3
/* O_NONBLOCK: do not block on a FIFO without a writer. O_NOCTTY: get no terminal. */
#define READ_FLAGS (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

static const char *kind_str(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
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

/* Why a file with this stat is not read; NULL if it can be read. */
static char *stat_problem(const struct stat *st, size_t max)
{
	if (!S_ISREG(st->st_mode))
		return ezlb_asprintf("is %s, not a regular file", kind_str(st->st_mode));
	if ((uint64_t)st->st_size > max)
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
static int try_read(int fd, size_t max, struct ezlb_file *out)
{
	EZLB_AUTO_FREE char *buf = NULL;
	struct stat before, after;
	ssize_t len;

	if (fstat(fd, &before) < 0)
		return -errno;
	out->problem = stat_problem(&before, max);
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

/*
 * Opens what the name leads to, if that can be a service file. O_PATH opens nothing: even the open
 * of a device can do something, as that of /dev/watchdog does. Then the very file that was examined
 * is opened, whatever the name means now. Returns a descriptor, -errno, or 0 with out->problem.
 */
static int open_examined(const struct watch_place *place, const char *name, struct ezlb_file *out)
{
	EZLB_AUTO_CLOSE int path = openat(place->fd, name, O_PATH | O_CLOEXEC);
	char self[LINK_SELF_STRLEN];
	struct stat st;
	int fd;

	if (path < 0 || fstat(path, &st) < 0)
		return -errno;
	out->problem = stat_problem(&st, place->max);
	if (!out->problem)
		out->problem = link_problem(place->home, path, &st);
	if (out->problem)
		return 0;
	fd = open(link_self(path, self), READ_FLAGS);
	return fd < 0 ? -errno : fd;
}

/* As open_examined. A regular file in the config directory itself needs no more looks. */
static int open_file(const struct watch_place *place, const char *name, mode_t mode,
		     struct ezlb_file *out)
{
	int fd = -1;

	if (S_ISREG(mode) && !place->outside) {
		fd = openat(place->fd, name, READ_FLAGS | O_NOFOLLOW);
		if (fd >= 0 || errno != ELOOP) /* ELOOP: it has become a link */
			return fd < 0 ? -errno : fd;
	}
	if (mode && !S_ISREG(mode) && !S_ISLNK(mode)) {
		out->problem = stat_problem(&(struct stat){ .st_mode = mode }, place->max);
		return 0;
	}
	return open_examined(place, name, out);
}

int watch_file_read(const struct watch_place *place, const char *name, mode_t mode,
		    struct ezlb_file *out)
{
	EZLB_AUTO_CLOSE int fd = -1;
	int rc = open_file(place, name, mode, out);

	if (rc == -ENOENT)
		return -ENOENT;
	if (out->problem)
		return 0;
	if (rc < 0) {
		out->passing = is_passing(-rc);
		out->problem = ezlb_asprintf("cannot be opened: %s", ezlb_errno_str(-rc));
		return 0;
	}
	fd = rc;
	rc = -EAGAIN;
	for (int i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = try_read(fd, place->max, out);
	out->passing = rc < 0;
	if (rc == -EAGAIN)
		out->problem = ezlb_strdup("changes while it is being read");
	else if (rc < 0)
		out->problem = ezlb_asprintf("cannot be read: %s", ezlb_errno_str(-rc));
	return 0;
}
