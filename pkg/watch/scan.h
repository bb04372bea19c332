/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan: one look at one directory. No loop, no clock, no log, no memory of earlier looks.
 */
#pragma once

#include <sys/types.h>

#include <ezlb/watch.h>

#define WATCH_FILES_MAX 10000 /* files a directory */

struct watch_names EZLB_VEC(char *);

struct watch_look {
	bool configmap;
	char *problem; /* why the directory could not be read; then there are no files */
	dev_t dev;     /* of the directory itself, both 0 where it could not be opened */
	ino_t ino;
	struct ezlb_files files;    /* sorted by path */
	struct watch_names ignored; /* paths neither hidden nor *.yaml */
	struct watch_names mounted; /* paths of files that are mounts of their own */
	/* Set by the caller: not the directory that the look before saw, whatever dev and ino say.
	 */
	bool replaced;
	/* Names of files that somebody is writing to, set by the caller, not owned; NULL: none. */
	const struct watch_names *writing;
};

/* Fills *out, which needs no initialisation; the caller clears it. */
void watch_look(const char *dir, struct watch_look *out);
void watch_look_clear(struct watch_look *look);

/*
 * Reads `name` below the directory dirfd: bytes, len and hash, or problem. Does not touch
 * out->path. Returns -ENOENT, with *out untouched, where there is no such file or a dangling link.
 */
int watch_file_read(int dirfd, const char *name, struct ezlb_file *out);
