// SPDX-License-Identifier: GPL-2.0-or-later
#include "newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <ezlb/store.h>

static int make(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

int newfile_open(const char *path, mode_t mode, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *dir = ezlb_strndup(path, (size_t)(strrchr(path, '/') - path));
	int fd, rc;

	if (unlink(path) < 0 && errno != ENOENT)
		return ezlb_err_sys(err, errno, "cannot write %s", path);
	fd = make(path, mode);
	if (fd < 0 && errno == ENOENT) {
		rc = ezlb_statedir_make(dir, err);
		if (rc < 0)
			return rc;
		fd = make(path, mode);
	}
	return fd < 0 ? ezlb_err_sys(err, errno, "cannot write %s", path) : fd;
}
