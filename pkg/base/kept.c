// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/kept.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <ezlb/mem.h>

static bool is_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

void ezlb_kept_close(struct ezlb_kept *kept)
{
	int fd = kept->fd_1 - 1;

	ezlb_close_fd(&fd);
	kept->fd_1 = 0;
}

static ssize_t read_new(struct ezlb_kept *kept, const char *path, void *bytes, size_t size)
{
	/* Never blocks on a FIFO. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, bytes, size);
	if (n < 0)
		n = -errno;
	if (n >= 0 && is_procfs(fd))
		kept->fd_1 = fd + 1;
	else
		close(fd);
	return n;
}

ssize_t ezlb_kept_read(struct ezlb_kept *kept, const char *path, void *bytes, size_t size)
{
	if (kept->fd_1) {
		ssize_t n = pread(kept->fd_1 - 1, bytes, size, 0);

		if (n >= 0)
			return n;
		ezlb_kept_close(kept);
	}
	return read_new(kept, path, bytes, size);
}
