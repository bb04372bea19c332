// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/store.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/mem.h>

int ezlb_statedir_make(const char *dir, struct ezlb_err *err)
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

/* Who may write to it could make ezlb remove what is not its own, or write where he may not. */
static int check_owner(const char *dir, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ezlb_err_sys(err, errno, "cannot look at the state directory %s", dir);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return ezlb_err_set(err, EPERM,
				    "the state directory %s belongs to user %u: make it root's "
				    "(chown root), or name another one with --state-dir",
				    dir, (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return ezlb_err_set(err, EPERM,
				    "others may write to the state directory %s (mode %04o): take "
				    "that from them (chmod go-w), or name another one with "
				    "--state-dir",
				    dir, (unsigned)st.st_mode & 07777);
	return 0;
}

static int open_lock(const char *dir, const char *path, struct ezlb_err *err)
{
	int rc = ezlb_statedir_make(dir, err), fd;

	if (rc == 0)
		rc = check_owner(dir, err);
	if (rc < 0)
		return rc;
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? ezlb_err_sys(err, errno, "cannot open %s", path) : fd;
}

int ezlb_statedir_lock(const char *dir, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/lock", dir);
	int fd = open_lock(dir, path, err), rc;

	if (fd < 0)
		return fd;
	rc = take(fd, path, err);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Replaces the lock `held` in *fd by that on what is at `path` now. */
static int take_again(int *fd, const struct stat *held, const char *dir, const char *path,
		      struct ezlb_err *err)
{
	int fresh = open_lock(dir, path, err), rc;
	struct stat st;

	if (fresh < 0)
		return fresh;
	if (fstat(fresh, &st) == 0 && same_file(&st, held)) {
		/* It has come back meanwhile, and this close ends the lock on it. */
		close(fresh);
		return take(*fd, path, err);
	}
	rc = take(fresh, path, err);
	close(rc < 0 ? fresh : *fd);
	if (rc == 0)
		*fd = fresh;
	return rc;
}

int ezlb_statedir_keep(int *fd, const char *dir, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/lock", dir);
	struct stat held, there;

	if (fstat(*fd, &held) < 0)
		return ezlb_err_sys(err, errno, "cannot look at the lock %s", path);
	if (stat(path, &there) == 0)
		return same_file(&held, &there) ? 0 : take_again(fd, &held, dir, path, err);
	/* Anything else does not tell whether it has gone. */
	if (errno != ENOENT && errno != ENOTDIR)
		return ezlb_err_sys(err, errno, "cannot look at the lock %s", path);
	return take_again(fd, &held, dir, path, err);
}
