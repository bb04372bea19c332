// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * drained: the file that says that this balancer drains. Whatever it contains, that it exists means
 * drained: somebody wrote it to take the balancer out.
 */
#include <ezlb/store.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/mem.h>

#include "newfile.h"

#define HEAD "ezlb-drained 1\n"
#define BODY HEAD "since_ms %" PRId64 "\n"

static char *path_in(const char *dir)
{
	return ezlb_asprintf("%s/drained", dir);
}

static int read_since(const char *path, int64_t *since_ms)
{
	/* O_NONBLOCK: do not block on a FIFO with that name. */
	EZLB_AUTO_CLOSE int fd = open(path,
				      O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	char text[128], again[128];
	int64_t since;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (sscanf(text, BODY, &since) != 1 || since <= 0)
		return -EBADMSG;
	snprintf(again, sizeof(again), BODY, since);
	if (strcmp(text, again) != 0)
		return -EBADMSG;
	*since_ms = since;
	return 0;
}

int ezlb_drained_read(const char *dir, struct ezlb_node_drain *out, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = path_in(dir);
	struct stat st;
	int rc;

	*out = (struct ezlb_node_drain){ .kind = EZLB_NODE_SERVES };
	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : ezlb_err_sys(err, errno, "cannot examine %s", path);
	out->kind = EZLB_NODE_DRAINED;
	out->since_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	rc = read_since(path, &out->since_ms);
	if (rc == -EBADMSG)
		return ezlb_err_set(err, EBADMSG, "%s is damaged", path);
	return rc < 0 ? ezlb_err_sys(err, -rc, "cannot read %s", path) : 0;
}

/* The rename survives a power failure only when the directory is on disk. */
static int sync_dir(const char *dir)
{
	EZLB_AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int write_file(const char *dir, const char *path, int64_t since_ms, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *tmp = ezlb_asprintf("%s.new", path);
	int fd = newfile_open(tmp, &state_dir_kind, err), rc = 0;

	if (fd < 0)
		return fd;
	if (dprintf(fd, BODY, since_ms) < 0 || fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(tmp, path) < 0)
		rc = -errno;
	if (rc == 0)
		rc = sync_dir(dir);
	if (rc == 0)
		return 0;
	unlink(tmp);
	return ezlb_err_sys(err, -rc, "cannot write %s", path);
}

/* On a read-only file system the kernel does not look whether there is a file to remove. */
static int remove_failed(const char *path, int code, struct ezlb_err *err)
{
	struct stat st;
	bool gone = code == ENOENT || code == ENOTDIR ||
		    (code == EROFS && lstat(path, &st) < 0 && errno == ENOENT);

	return gone ? 0 : ezlb_err_sys(err, code, "cannot remove %s", path);
}

int ezlb_drained_write(const char *dir, const struct ezlb_node_drain *drain, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = path_in(dir);
	int rc;

	if (drain->kind == EZLB_NODE_DRAINED)
		return write_file(dir, path, drain->since_ms, err);
	if (unlink(path) < 0)
		return remove_failed(path, errno, err);
	rc = sync_dir(dir);
	return rc < 0 ? ezlb_err_sys(err, -rc, "cannot write %s", dir) : 0;
}
