/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fixture: a temporary directory, and the steps that editors and the kubelet make in it. Every step
 * must succeed. Paths are below the temporary directory.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/watch.h>

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

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
	snprintf(top, sizeof(top), "/tmp/ezlb-watch-XXXXXX");
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

static inline void put(const char *name, const char *content)
{
	put_bytes(name, content, strlen(content));
}

static inline void move(const char *from, const char *to)
{
	assert_int_equal(rename(at(from).s, at(to).s), 0);
}

static inline void drop_file(const char *name)
{
	assert_int_equal(unlink(at(name).s), 0);
}

static inline void make_link(const char *target, const char *name)
{
	assert_int_equal(symlink(target, at(name).s), 0);
}

static inline const struct ezlb_file *file_in(const struct ezlb_snapshot *snapshot,
					      const char *name)
{
	for (size_t i = 0; i < snapshot->files.len; i++)
		if (strcmp(snapshot->files.items[i].path, at(name).s) == 0)
			return &snapshot->files.items[i];
	return NULL;
}
