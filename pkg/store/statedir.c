// SPDX-License-Identifier: GPL-2.0-or-later
#include "statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/mem.h>
#include <ezlb/store.h>

/* The group of the process may connect to the admin socket that is in it, and see nothing else. */
const struct dir_kind state_dir_kind = { "state directory", "--state-dir", 0710 };

int dir_make(const char *dir, const struct dir_kind *kind, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_strdup(dir);

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			break;
		*p = '/';
	}
	if (mkdir(path, kind->mode) < 0)
		return errno == EEXIST ? 0
				       : ezlb_err_sys(err, errno, "cannot create the %s %s",
						      kind->name, path);
	/* Whatever the umask is. */
	if (fchmodat(AT_FDCWD, path, kind->mode, 0) < 0)
		return ezlb_err_sys(err, errno, "cannot create the %s %s", kind->name, path);
	return 0;
}

int ezlb_statedir_make(const char *dir, struct ezlb_err *err)
{
	return dir_make(dir, &state_dir_kind, err);
}

/* Uses fcntl, not flock: then the kernel knows the pid of the holder. */
static int take(int fd, const char *path, const struct dir_kind *kind, struct ezlb_err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 0;
	if (errno != EACCES && errno != EAGAIN)
		return ezlb_err_sys(err, errno, "cannot lock %s", path);
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
		return ezlb_err_set(err, EBUSY,
				    "another ezlb is running, pid %d: it has locked %s (only one "
				    "ezlb per %s)",
				    (int)lock.l_pid, path, kind->name);
	/* The holder is in another pid namespace, or has just ended. */
	return ezlb_err_set(err, EBUSY, "another ezlb is running: it has locked %s", path);
}

/* Is the path a link that somebody else has made? What it points to may be any directory of root.
 */
static bool is_foreign_link(const char *dir)
{
	EZLB_AUTO_FREE char *path = ezlb_strdup(dir);
	struct stat st;

	/* "dir/" is what the link points to. */
	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && st.st_uid != 0 &&
	       st.st_uid != geteuid();
}

/* Whoever can write there could make ezlb remove foreign objects or write to other files. */
int dir_check(const char *dir, const struct dir_kind *kind, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ezlb_err_sys(err, errno, "cannot examine the %s %s", kind->name, dir);
	if (is_foreign_link(dir))
		return ezlb_err_set(err, EPERM,
				    "the %s %s is a link that another user has made: remove it, or "
				    "set another one with %s",
				    kind->name, dir, kind->flag);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return ezlb_err_set(err, EPERM,
				    "the %s %s belongs to user %u: run chown root on it, or set "
				    "another one with %s",
				    kind->name, dir, (unsigned)st.st_uid, kind->flag);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return ezlb_err_set(err, EPERM,
				    "other users can write to the %s %s (mode %04o): run chmod "
				    "go-w on it, or set another one with %s",
				    kind->name, dir, (unsigned)st.st_mode & 07777, kind->flag);
	return 0;
}

/* May anybody else rename what is in it? */
static bool is_exposed(const char *path)
{
	EZLB_AUTO_CLOSE int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	return (st.st_uid != 0 && st.st_uid != geteuid()) ||
	       ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX));
}

char *ezlb_statedir_exposed(const char *dir)
{
	char *path = realpath(dir, NULL), *slash;

	while (path && path[1] != '\0') {
		slash = strrchr(path, '/');
		slash[slash == path] = '\0';
		if (is_exposed(path))
			return path;
	}
	free(path);
	return NULL;
}

static int open_lock(const char *dir, const char *path, const struct dir_kind *kind,
		     struct ezlb_err *err)
{
	int rc = dir_make(dir, kind, err), fd;

	if (rc == 0)
		rc = dir_check(dir, kind, err);
	if (rc < 0)
		return rc;
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? ezlb_err_sys(err, errno, "cannot open %s", path) : fd;
}

int dir_lock(const char *dir, const struct dir_kind *kind, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/lock", dir);
	int fd = open_lock(dir, path, kind, err), rc;

	if (fd < 0)
		return fd;
	rc = take(fd, path, kind, err);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

int ezlb_statedir_lock(const char *dir, struct ezlb_err *err)
{
	return dir_lock(dir, &state_dir_kind, err);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Replaces the lock `held` in *fd by a lock of the file that is at `path` now. */
static int take_again(int *fd, const struct stat *held, const char *dir, const char *path,
		      const struct dir_kind *kind, struct ezlb_err *err)
{
	int fresh = open_lock(dir, path, kind, err), rc;
	struct stat st;

	if (fresh < 0)
		return fresh;
	if (fstat(fresh, &st) == 0 && same_file(&st, held)) {
		/* The same file is back; this close ends the lock, so take it again. */
		close(fresh);
		return take(*fd, path, kind, err);
	}
	rc = take(fresh, path, kind, err);
	close(rc < 0 ? fresh : *fd);
	if (rc == 0)
		*fd = fresh;
	return rc;
}

int dir_keep(int *fd, const char *dir, const struct dir_kind *kind, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/lock", dir);
	struct stat held, there;

	if (fstat(*fd, &held) < 0)
		return ezlb_err_sys(err, errno, "cannot examine the lock %s", path);
	if (lstat(path, &there) == 0)
		return same_file(&held, &there) ? 0 : take_again(fd, &held, dir, path, kind, err);
	/* With any other error it is unknown whether the file is missing. */
	if (errno != ENOENT && errno != ENOTDIR)
		return ezlb_err_sys(err, errno, "cannot examine the lock %s", path);
	return take_again(fd, &held, dir, path, kind, err);
}

int ezlb_statedir_keep(int *fd, const char *dir, struct ezlb_err *err)
{
	return dir_keep(fd, dir, &state_dir_kind, err);
}
