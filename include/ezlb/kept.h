/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kept: small files of /proc that are read again and again, at the cost of one system call. The
 * zero value is closed.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct ezlb_kept {
	int fd_1; /* the descriptor + 1; 0: closed */
};

/*
 * Reads the file from its begin; returns the bytes, or -errno. If it is in procfs it stays open,
 * else it is opened each time, because another file can take its place. A file of procfs that has
 * gone, with its kernel module, cannot be read any more: then the path is opened again. What is
 * mounted over the path afterwards is not seen.
 */
ssize_t ezlb_kept_read(struct ezlb_kept *kept, const char *path, void *bytes, size_t size);
void ezlb_kept_close(struct ezlb_kept *kept);
