/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tempdir: one directory for all inputs of a process, in memory if possible: the code under test
 * calls fsync. It is removed when the process ends without a crash.
 */
#pragma once

#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char fuzz_top[64];

static inline int fuzz_remove_one(const char *path, const struct stat *st, int type,
				  struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level > 0 ? remove(path) : 0;
}

/* Removes everything in it. */
static inline void fuzz_empty(void)
{
	if (nftw(fuzz_top, fuzz_remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		abort();
}

static inline void fuzz_remove_top(void)
{
	fuzz_empty();
	rmdir(fuzz_top);
}

static inline void fuzz_make_top(void)
{
	if (fuzz_top[0])
		return;
	snprintf(fuzz_top, sizeof(fuzz_top), "%s/ezlb-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(fuzz_top))
		abort();
	atexit(fuzz_remove_top);
}

struct fuzz_path {
	char s[108]; /* as in a socket address */
};

static inline struct fuzz_path fuzz_at(const char *name)
{
	struct fuzz_path path;

	if (snprintf(path.s, sizeof(path.s), "%s/%s", fuzz_top, name) >= (int)sizeof(path.s))
		abort();
	return path;
}

static inline void fuzz_make_dir(const char *name)
{
	if (mkdir(fuzz_at(name).s, 0700) < 0)
		abort();
}

static inline void fuzz_put(const char *name, const void *bytes, size_t len)
{
	int fd = open(fuzz_at(name).s, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}
