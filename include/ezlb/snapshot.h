/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot: the service files as they were at one moment, as bytes. What package watch delivers and
 * package catalog takes in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/mem.h>

/* Bytes a service file may have at most; libyaml takes quadratic time for nested '['. */
#define EZLB_FILE_MAX (256 * 1024)

/* One *.yaml or *.yml file (names that begin with '.' or '#' are not looked at). */
struct ezlb_file {
	char *path;  /* directory as configured + '/' + name (no second '/'); owned */
	char *bytes; /* NULL where it could not be read or is over EZLB_FILE_MAX; owned */
	size_t len;
	uint64_t hash; /* of the bytes */
	char *problem; /* why bytes is NULL, one line; owned */
	bool passing;  /* the problem may pass by itself: looked at again every second */
};
struct ezlb_files EZLB_VEC(struct ezlb_file);

struct ezlb_dir {
	char *path;
	bool frozen;
	char *problem; /* why it is frozen, one line; NULL where it is not */
	bool configmap;
};
struct ezlb_dirs EZLB_VEC(struct ezlb_dir);

struct ezlb_snapshot {
	/* Sorted by path. A directory that is the same as an earlier one adds no files. */
	struct ezlb_files files;
	struct ezlb_dirs dirs; /* as configured */
	/* By a watch, which owns all texts and bytes: clear frees the two arrays only. */
	bool lent;
};

void ezlb_file_clear(struct ezlb_file *file);
void ezlb_snapshot_clear(struct ezlb_snapshot *snapshot);
