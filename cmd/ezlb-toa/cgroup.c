// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <ezlb/mem.h>

#include "cgroup.h"

/* The kind of file handle of kernfs (kernel: fs/kernfs/mount.c); the handle is the number itself.
 */
#define FILEID_KERNFS 0xfe

/* Where the first cgroup v2 is mounted; NULL: nowhere. The caller frees. */
static char *find_mount(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;
	char *found = NULL;

	while (mounts && !found && (mount = getmntent(mounts)))
		if (strcmp(mount->mnt_type, "cgroup2") == 0)
			found = ezlb_strdup(mount->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return found;
}

static int open_dir(const char *path, uint64_t *id, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat dir;
	int opened;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &dir) < 0)
		return ezlb_err_sys(err, errno, "open the cgroup %s", path);
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return ezlb_err_set(err, EINVAL, "%s is no directory of cgroup v2", path);
	*id = dir.st_ino;
	opened = fd;
	fd = -1;
	return opened;
}

int cgroup_open(const char *path, uint64_t *id, struct ezlb_err *err)
{
	EZLB_AUTO_FREE char *root = path ? NULL : find_mount();

	if (path)
		return open_dir(path, id, err);
	if (root)
		return open_dir(root, id, err);
	return ezlb_err_set(
		err, ENOENT,
		"no cgroup v2 is mounted here, at most v1; mount it (`mount -t cgroup2 cgroup2 "
		"DIRECTORY`) or boot with systemd.unified_cgroup_hierarchy=1");
}

/* systemd asks in the same way (src/basic/cgroup-util.c). Needs CAP_DAC_READ_SEARCH. */
static int open_id(int root, uint64_t id)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} by_id = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };

	memcpy(by_id.handle.f_handle, &id, sizeof(id));
	return open_by_handle_at(root, &by_id.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

char *cgroup_path(uint64_t id)
{
	EZLB_AUTO_FREE char *mount = find_mount();
	EZLB_AUTO_CLOSE int root = mount ? open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	EZLB_AUTO_CLOSE int dir = root >= 0 ? open_id(root, id) : -1;
	char link[32], path[4096];
	ssize_t len;

	if (dir < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	len = readlink(link, path, sizeof(path) - 1);
	/* One above the namespace of this process has a path, too: "/". */
	if (len <= 0 || (size_t)len < strlen(mount) || memcmp(path, mount, strlen(mount)) != 0)
		return NULL;
	return ezlb_strndup(path, (size_t)len);
}
