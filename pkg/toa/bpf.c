// SPDX-License-Identifier: GPL-2.0-or-later
#include "bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel ignores what it does not know only if it is zero, so the whole union is cleared. */
static int call(enum bpf_cmd command, union bpf_attr *attr)
{
	long rc = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return rc < 0 ? -errno : (int)rc;
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

int ezlb_bpf_pin(int fd, const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.bpf_fd = (uint32_t)fd;
	attr.pathname = address(path);
	return call(BPF_OBJ_PIN, &attr);
}

int ezlb_bpf_open_pin(const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = address(path);
	return call(BPF_OBJ_GET, &attr); /* sets close-on-exec */
}

static int info(int fd, void *out, uint32_t len)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = len;
	attr.info.info = address(out);
	return call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int ezlb_bpf_program_info(int fd, struct bpf_prog_info *out)
{
	return info(fd, out, sizeof(*out));
}

int ezlb_bpf_map_info(int fd, struct bpf_map_info *out)
{
	return info(fd, out, sizeof(*out));
}

static int element(enum bpf_cmd command, int map, const void *key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = address(key);
	attr.value = address(value);
	return call(command, &attr);
}

int ezlb_bpf_get(int map, const void *key, void *value)
{
	return element(BPF_MAP_LOOKUP_ELEM, map, key, value);
}

int ezlb_bpf_put(int map, const void *key, const void *value)
{
	return element(BPF_MAP_UPDATE_ELEM, map, key, value);
}

int ezlb_bpf_del(int map, const void *key)
{
	return element(BPF_MAP_DELETE_ELEM, map, key, NULL);
}

int ezlb_bpf_get_batch(int map, const uint32_t *from, uint32_t *next, void *keys, void *values,
		       uint32_t *n)
{
	union bpf_attr attr;
	int rc;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)map;
	attr.batch.in_batch = address(from);
	attr.batch.out_batch = address(next);
	attr.batch.keys = address(keys);
	attr.batch.values = address(values);
	attr.batch.count = *n;
	rc = call(BPF_MAP_LOOKUP_BATCH, &attr);
	*n = rc == 0 || rc == -ENOENT ? attr.batch.count : 0;
	if (rc == -ENOENT) /* the end of the map */
		return 0;
	return rc < 0 ? rc : 1;
}
