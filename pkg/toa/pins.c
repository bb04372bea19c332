// SPDX-License-Identifier: GPL-2.0-or-later
#include "pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <ezlb/mem.h>

#include "bpf.h"
#include "program.h"

#define TOP EZLB_TOA_BPFFS "/ezlb"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

void ezlb_toa_pins_name(uint64_t cookie, struct ezlb_toa_pins *out)
{
	snprintf(out->dir, sizeof(out->dir), TOP "/netns-%" PRIu64, cookie);
	/* Not ".new": this file system refuses names with a dot. */
	snprintf(out->fresh, sizeof(out->fresh), TOP "/netns-%" PRIu64 "-new", cookie);
}

const char *ezlb_toa_pin_path(const char *dir, enum ezlb_toa_pin pin, char buf[EZLB_TOA_PATHLEN])
{
	static const char *const names[EZLB_TOA_PINS] = {
		[EZLB_TOA_PIN_PROGRAM] = "prog",
		[EZLB_TOA_PIN_SERVICES] = "services",
		[EZLB_TOA_PIN_CONNECTIONS] = "connections",
		[EZLB_TOA_PIN_COUNTERS] = "counters",
	};

	buf[0] = '\0';
	ezlb_strcatf(buf, EZLB_TOA_PATHLEN, "%s/%s", dir, names[pin]);
	return buf;
}

int ezlb_toa_pins_find(struct ezlb_toa_pins *out, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie;

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0)
		return ezlb_err_sys(err, errno, "the cookie of the network namespace");
	ezlb_toa_pins_name(cookie, out);
	return 0;
}

bool ezlb_toa_pins_mounted(void)
{
	struct statfs fs;

	return statfs(EZLB_TOA_BPFFS, &fs) == 0 && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

bool ezlb_toa_pins_read_only(void)
{
	struct statvfs fs;

	return statvfs(EZLB_TOA_BPFFS, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0 &&
	       ezlb_toa_pins_mounted();
}

/* Where others may write into the file system (mode 1777), somebody else may have made it. */
static int check_owner(struct ezlb_err *err)
{
	struct stat dir;

	if (lstat(TOP, &dir) < 0)
		return ezlb_err_sys(err, errno, TOP);
	if (S_ISDIR(dir.st_mode) && (dir.st_uid == 0 || dir.st_uid == geteuid()) &&
	    (dir.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	return ezlb_err_set(err, EPERM,
			    "others may write into " TOP ": somebody else has made it, remove it");
}

int ezlb_toa_pins_prepare(struct ezlb_err *err)
{
	if (!ezlb_toa_pins_mounted() &&
	    mount("bpf", EZLB_TOA_BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return ezlb_err_sys(err, errno,
				    "no BPF file system is mounted on " EZLB_TOA_BPFFS
				    ", and mounting it failed");
	if (mkdir(TOP, 0700) < 0 && errno != EEXIST)
		return ezlb_err_sys(err, errno, TOP);
	return check_owner(err);
}

int ezlb_toa_pins_lock(struct ezlb_err *err)
{
	enum { STEP_MS = 20, STEPS = 250 };
	int fd = open(TOP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return ezlb_err_sys(err, errno, TOP);
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (i == STEPS) {
			close(fd);
			return ezlb_err_set(err, ETIMEDOUT, TOP ": another ezlb holds the lock");
		}
		poll(NULL, 0, STEP_MS);
	}
	return fd;
}

int ezlb_toa_pins_remove(const char *dir, struct ezlb_err *err)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	if (!d)
		return errno == ENOENT ? 0 : ezlb_err_sys(err, errno, "%s", dir);
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, 0); /* what fails here, rmdir reports */
	closedir(d);
	return rmdir(dir) < 0 ? ezlb_err_sys(err, errno, "%s", dir) : 0;
}

/* After it `fresh` has what was in `dir` before, if there was something. */
static int swap(const struct ezlb_toa_pins *pins, struct ezlb_err *err)
{
	if (renameat2(AT_FDCWD, pins->fresh, AT_FDCWD, pins->dir, RENAME_EXCHANGE) == 0 ||
	    (errno == ENOENT && rename(pins->fresh, pins->dir) == 0))
		return 0;
	return ezlb_err_sys(err, errno, "%s", pins->dir);
}

int ezlb_toa_pins_write(const struct ezlb_toa_pins *pins, const int *fds, struct ezlb_err *err)
{
	char path[EZLB_TOA_PATHLEN];
	int rc = 0;

	if (mkdir(pins->fresh, 0700) < 0)
		return ezlb_err_sys(err, errno, "%s", pins->fresh);
	for (int i = 0; i < EZLB_TOA_PINS; i++) {
		rc = ezlb_bpf_pin(fds[i], ezlb_toa_pin_path(pins->fresh, i, path));
		if (rc < 0)
			return ezlb_err_sys(err, -rc, "%s", path);
	}
	rc = swap(pins, err);
	return rc < 0 ? rc : ezlb_toa_pins_remove(pins->fresh, err);
}
