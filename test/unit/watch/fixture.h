/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fixture: the steps that editors and the kubelet make in the temporary directory. */
#pragma once

#include "tmpdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <ezlb/watch.h>

static inline void move(const char *from, const char *to)
{
	assert_int_equal(rename(at(from).s, at(to).s), 0);
}

static inline void drop_file(const char *name)
{
	assert_int_equal(unlink(at(name).s), 0);
}

/* A file of so many bytes that ends in a newline; most of it is a hole. */
static inline void put_large(const char *name, size_t len)
{
	int fd = open(at(name).s, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0 && pwrite(fd, "\n", 1, (off_t)len - 1) == 1);
	close(fd);
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
