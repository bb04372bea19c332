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
			break;
		*p = '/';
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return ezlb_err_sys(err, errno, "cannot create the state directory %s", path);
	return 0;
}

/* Uses fcntl, not flock: then the kernel knows the pid of the holder. */
static int take(int fd, const char *path, struct ezlb_err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 0;
	if (errno != EACCES && errno != EAGAIN)
		return ezlb_err_sys(err, errno, "cannot lock %s", path);
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
		return ezlb_err_set(err, EBUSY,
				    "another ezlb is running, pid %d: it has locked %s (only one "
				    "ezlb per state directory)",
				    (int)lock.l_pid, path);
	/* The holder is in another pid namespace, or has just ended. */
	return ezlb_err_set(err, EBUSY, "another ezlb is running: it has locked %s", path);
}

/* Whoever can write there could make ezlb remove foreign objects or write to other files. */
static int check_owner(const char *dir, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ezlb_err_sys(err, errno, "cannot examine the state directory %s", dir);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return ezlb_err_set(err, EPERM,
				    "the state directory %s belongs to user %u: run chown root on "
				    "it, or set another one with --state-dir",
				    dir, (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return ezlb_err_set(err, EPERM,
				    "other users can write to the state directory %s (mode %04o): "
				    "run chmod go-w on it, or set another one with --state-dir",
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

/* Replaces the lock `held` in *fd by a lock of the file that is at `path` now. */
static int take_again(int *fd, const struct stat *held, const char *dir, const char *path,
		      struct ezlb_err *err)
{
	int fresh = open_lock(dir, path, err), rc;
	struct stat st;

	if (fresh < 0)
		return fresh;
	if (fstat(fresh, &st) == 0 && same_file(&st, held)) {
		/* The same file is back; this close ends the lock, so take it again. */
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
		return ezlb_err_sys(err, errno, "cannot examine the lock %s", path);
	if (stat(path, &there) == 0)
		return same_file(&held, &there) ? 0 : take_again(fd, &held, dir, path, err);
	/* With any other error it is unknown whether the file is missing. */
	if (errno != ENOENT && errno != ENOTDIR)
		return ezlb_err_sys(err, errno, "cannot examine the lock %s", path);
	return take_again(fd, &held, dir, path, err);
}
