// SPDX-License-Identifier: GPL-2.0-or-later
#include "statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/mem.h>

static int make_dir(const char *dir, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_strdup(dir);

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return ezlb_err_sys(err, errno, "cannot make the state directory %s", path);
		*p = '/';
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return ezlb_err_sys(err, errno, "cannot make the state directory %s", path);
	return 0;
}

/* A lock of fcntl, not of flock: the kernel knows who holds it, so that nothing is written. */
static int take(int fd, const char *path, struct ezlb_err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 0;
	if (errno != EACCES && errno != EAGAIN)
		return ezlb_err_sys(err, errno, "cannot lock %s", path);
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
		return ezlb_err_set(err, EBUSY,
				    "another ezlb is at work, pid %d: it holds %s (one state "
				    "directory, one ezlb)",
				    (int)lock.l_pid, path);
	/* In another pid namespace, or gone this very moment. */
	return ezlb_err_set(err, EBUSY, "another ezlb is at work: it holds %s", path);
}

int statedir_lock(const char *dir, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/lock", dir);
	int rc = make_dir(dir, err), fd;

	if (rc < 0)
		return rc;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return ezlb_err_sys(err, errno, "cannot open %s", path);
	rc = take(fd, path, err);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}
