/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot: the bytes of all service files at one moment. Package watch produces it, package
 * catalog consumes it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/mem.h>

/* The largest service file in bytes; libyaml takes quadratic time for nested '['. */
#define EZLB_FILE_MAX (256 * 1024)

/* One *.yaml or *.yml file. Names that begin with '.' or '#' are ignored. */
struct ezlb_file {
	char *path;  /* directory as configured + '/' + name, without a double '/'; owned */
	char *bytes; /* NULL if unreadable or larger than EZLB_FILE_MAX; owned */
	size_t len;
	uint64_t hash;	/* of the bytes */
	char *problem;	/* why bytes is NULL, one line; owned */
	bool passing;	/* the problem may go away by itself: read again every second */
	bool same;	/* inside watch: not read, its stamp is that of the last time */
	uint64_t stamp; /* inside watch: of its stat, if that tells each change; 0: read it */
};
struct ezlb_files EZLB_VEC(struct ezlb_file);

struct ezlb_dir {
	char *path;
	bool frozen;
	char *problem; /* why it is frozen, one line; NULL if it is not */
	bool configmap;
};
struct ezlb_dirs EZLB_VEC(struct ezlb_dir);

struct ezlb_snapshot {
	/* Sorted by path. A directory that is listed twice adds its files once. */
	struct ezlb_files files;
	struct ezlb_dirs dirs; /* as configured */
	/* A watch owns all texts and bytes: clear frees the two arrays only. */
	bool borrowed;
};

void ezlb_file_clear(struct ezlb_file *file);
int ezlb_file_cmp(const void *a, const void *b); /* by path */
void ezlb_snapshot_clear(struct ezlb_snapshot *snapshot);
