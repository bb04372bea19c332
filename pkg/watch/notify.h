/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify: inotify on directories and their parents; says which directories to look at again. No
 * loop, no clock, no log. Never on files or ..data: such a watch dies with the first update.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "scan.h"

struct notify_dir {
	char *path;
	char *parent; /* of the path, not of what it may link to */
	char *base;
	int wd; /* -1: no watch */
	int parent_wd;
	dev_t dev; /* what path led to when wd was armed */
	ino_t ino;
	bool touched; /* set here, cleared by the caller */
	bool gone;    /* what was watched is deleted, moved or unmounted; as touched */
	struct watch_names writing; /* written to and not closed since, as far as is known */
};

/* Directories that are one inode, or parent of one another, share a watch descriptor. */
struct notify {
	int fd;	       /* non-blocking; -1: no inotify */
	bool overflow; /* events were lost; set here, cleared by the caller */
	struct notify_dir *dirs;
	size_t n;
};

void notify_init(struct notify *notify, const char *const *dirs, size_t n);
void notify_clear(struct notify *notify);

/*
 * Opens what is not open and watches what is not watched. A directory that is missing or may not
 * be read is left without a watch. The error means that the kernel has no inotify to give, and
 * names the remedy.
 */
int notify_arm(struct notify *notify, struct ezlb_err *err);
/* Gives up all watches and the descriptor. */
void notify_disarm(struct notify *notify);
/* True, and the directory is without a watch, where its watch is on another directory than this. */
bool notify_drop_other(struct notify *notify, size_t i, dev_t dev, ino_t ino);
/* One stat(2): its watch is on another directory than the path leads to. No event may tell. */
bool notify_is_elsewhere(const struct notify *notify, size_t i);
/* Reads what has happened; never blocks. */
void notify_read(struct notify *notify);
