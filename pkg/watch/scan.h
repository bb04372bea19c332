/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan: reads one directory once. No loop, clock or log, and no state of earlier scans. */
#pragma once

#include <sys/types.h>

#include <ezlb/watch.h>

#define WATCH_FILES_MAX 10000 /* files a directory */

struct watch_names EZLB_VEC(char *);
void watch_names_clear(struct watch_names *names);
/* The index of the name; names->len if it is not there. */
size_t watch_names_find(const struct watch_names *names, const char *name);

struct watch_look {
	bool configmap;
	char *generation; /* of a ConfigMap volume: where ..data leads to, and its inode; or NULL */
	char *problem;	  /* why the directory cannot be read; then there are no files */
	dev_t dev;	  /* of the directory itself; dev and ino are 0 if it cannot be opened */
	ino_t ino;
	struct ezlb_files files;    /* sorted by path */
	struct watch_names ignored; /* paths that are neither hidden, *.example nor *.yaml */
	struct watch_names mounted; /* paths of files that are mount points */
	/* Set by the caller: the directory was replaced since the last scan. */
	bool replaced;
	/* Names of files that are being written. Set by the caller, not owned; NULL: none. */
	const struct watch_names *writing;
};

/* Initialises and fills *out; the caller clears it. */
void watch_look(const char *dir, struct watch_look *out);
void watch_look_clear(struct watch_look *look);

/*
 * Reads `name` in the directory dirfd. Sets bytes, len and hash, or problem; does not set
 * out->path. Returns -ENOENT, and does not change *out, for a missing file or a dangling link.
 */
int watch_file_read(int dirfd, const char *name, struct ezlb_file *out);
