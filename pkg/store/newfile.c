// SPDX-License-Identifier: GPL-2.0-or-later
#include "newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <ezlb/mem.h>

static int make(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

int newfile_open(const char *path, const struct dir_kind *kind, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *dir = ezlb_strndup(path, (size_t)(strrchr(path, '/') - path));
	int fd, rc;

	if (unlink(path) < 0 && errno != ENOENT)
		return ezlb_err_sys(err, errno, "cannot write %s", path);
	fd = make(path);
	if (fd < 0 && errno == ENOENT) {
		rc = dir_make(dir, kind, err);
		if (rc < 0)
			return rc;
		fd = make(path);
	}
	return fd < 0 ? ezlb_err_sys(err, errno, "cannot write %s", path) : fd;
}
