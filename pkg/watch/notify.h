/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify: inotify on directories and their parents. Marks the directories to scan again. No loop,
 * clock or log. Never watches a file or ..data: the first update would end such a watch.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "scan.h"

struct notify_dir {
	char *path;
	char *parent; /* of the path itself, also if it is a link */
	char *base;
	int wd; /* -1: no watch */
	int parent_wd;
	dev_t dev; /* the directory at `path` when wd was added */
	ino_t ino;
	bool touched;		    /* set here, cleared by the caller */
	bool gone;		    /* the directory was deleted, moved or unmounted; as touched */
	bool whole;		    /* not only the files in `names` may have changed; as touched */
	struct watch_names names;   /* that events were about, each once; as touched */
	struct watch_names writing; /* names with a write event and no close event since */
};

/* Paths to one inode share a watch descriptor, as do a directory and the parent of another. */
struct notify {
	int fd;	       /* non-blocking; -1: no inotify */
	bool overflow; /* events were lost; set here, cleared by the caller */
	struct notify_dir *dirs;
	size_t n;
};

void notify_init(struct notify *notify, const char *const *dirs, size_t n);
void notify_clear(struct notify *notify);

/*
 * Opens inotify and adds the missing watches. A directory that is missing or not readable stays
 * without a watch. Fails if the kernel is out of instances or watches; the error says what to do.
 */
int notify_arm(struct notify *notify, struct ezlb_err *err);
/* Removes all watches and closes the descriptor. */
void notify_disarm(struct notify *notify);
/* Removes the watch of directory i if it is on another inode than this one; true if it did. */
bool notify_drop_other(struct notify *notify, size_t i, dev_t dev, ino_t ino);
/* Does the path lead to another directory than the watched one? Costs one stat(2). */
bool notify_is_elsewhere(const struct notify *notify, size_t i);
/* Reads the pending events; never blocks. */
void notify_read(struct notify *notify);
