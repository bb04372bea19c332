/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup: directories of cgroup v2. */
#pragma once

#include <stdint.h>

#include <ezlb/err.h>

/*
 * Opens `path`; NULL: the root, where cgroup v2 is mounted. Returns a descriptor that the caller
 * closes, or -errno with err set. *id is the number by which the kernel knows it.
 */
int cgroup_open(const char *path, uint64_t *id, struct ezlb_err *err);

/* Its path as this process sees it; NULL: it is not to be seen from here, or is gone. The caller
 * frees. */
char *cgroup_path(uint64_t id);
