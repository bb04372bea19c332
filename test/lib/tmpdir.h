/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tmpdir: a temporary directory and files in it. Every step must succeed; paths are below it. */
#pragma once

#include "cm.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64]; /* the temporary directory */

struct text {
	char s[512];
};

static inline struct text at(const char *name)
{
	struct text path;

	snprintf(path.s, sizeof(path.s), "%s/%s", top, name);
	return path;
}

static inline int setup_top(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "/tmp/ezlb-test-XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void remove_tree(const char *path)
{
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline int teardown_top(void **state)
{
	(void)state;
	remove_tree(top);
	return 0;
}

static inline void make_dir(const char *name)
{
	assert_int_equal(mkdir(at(name).s, 0755), 0);
}

static inline void put_bytes(const char *name, const char *bytes, size_t len)
{
	int fd = open(at(name).s, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static inline void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}
