/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan: reads one directory, or some files of it, once. No loop or log. */
#pragma once

#include <sys/types.h>

#include <ezlb/watch.h>

#define WATCH_NEVER	  UINT64_MAX
#define WATCH_FILES_MAX	  10000		     /* files a directory */
#define WATCH_BYTES_MAX	  (64 * 1024 * 1024) /* of these files: they are kept in memory */
#define WATCH_ENTRIES_MAX 50000		     /* all names in a directory: what listing it costs */
#define WATCH_IGNORED_MAX 1000		     /* names that are kept of those that are ignored */

/* A list, or a set if all of its names came by watch_names_add. */
struct watch_names EZLB_VEC(char *);
void watch_names_clear(struct watch_names *names);
/* Of a set: the index of the name; names->len if it is not there. */
size_t watch_names_find(const struct watch_names *names, const char *name);
bool watch_names_add(struct watch_names *names, const char *name); /* false: it was there */
void watch_names_drop(struct watch_names *names, const char *name);

enum watch_kind { WATCH_ABSENT, WATCH_BLANK, WATCH_BROKEN, WATCH_WHOLE };

/* What a look found at the path of a file. */
struct watch_sight {
	enum watch_kind kind;
	uint64_t print; /* hash of the bytes or of the problem */
};

/* What watch_settle_judge has found out about a file of a look. */
struct watch_mark {
	struct watch_sight sight;
	bool moved;	/* another file had this content, and waits for its grace period */
	uint64_t since; /* moved: so long; WATCH_NEVER: since this look */
};

struct watch_look {
	bool configmap;
	char *generation; /* of a ConfigMap volume: where ..data leads to, and its inode; or NULL */
	char *problem;	  /* why the directory cannot be read; then there are no files */
	bool links;	  /* a file has another name: events about that name do not name it */
	dev_t dev;	  /* of the directory itself; dev and ino are 0 if it cannot be opened */
	ino_t ino;
	struct ezlb_files files; /* sorted by path */
	/* Both are set by watch_settle_judge. */
	struct watch_mark *marks; /* of each file */
	const char *frozen;	  /* why the directory is frozen; borrowed; NULL: it is not */
	/* Paths that are neither hidden, *.example nor *.yaml: at most WATCH_IGNORED_MAX. */
	struct watch_names ignored;
	struct watch_names mounted; /* paths of files that are mount points */
	/* Set by the caller: the directory was replaced since the last scan. */
	bool replaced;
	/* The set of files that are being written. Set by the caller, not owned; NULL: none. */
	const struct watch_names *writing;
};

/*
 * What is known of the directory. A file with the stamp that `stamp` returns for its path is not
 * read again. A stamp is a hash of a regular file's device, inode, size and times, and is 0 as long
 * as one of these times is not WATCH_AGE_S ago: a clock that ticks every few ms, or somebody who
 * writes through a mapping of the file, changes bytes without a change of the times.
 */
#define WATCH_AGE_S 60
struct watch_known {
	uint64_t (*stamp)(const void *arg, const char *path); /* 0: read it */
	const void *arg;
	const char *generation; /* of the volume; NULL: none */
};

/* Initialises and fills *out; the caller clears it. `known` may be NULL: reads every file. */
void watch_look(const char *dir, const struct watch_known *known, struct watch_look *out);
/*
 * The same for files with these names only, in whatever order; `ignored` has no others either.
 * Fails if the directory cannot be opened, is not dev and ino, or is a ConfigMap volume, or if
 * these files alone are larger than WATCH_BYTES_MAX: look at all.
 */
int watch_look_at(const char *dir, dev_t dev, ino_t ino, struct watch_names *names,
		  struct watch_look *out);
/* "dir/name", without a double '/'; the caller frees. */
char *watch_path_join(const char *dir, const char *name);
void watch_look_clear(struct watch_look *look);

/* Where a file is looked up. */
struct watch_place {
	int home;     /* the config directory: what is in it or below may be a service file */
	int fd;	      /* the directory of the file: `home`, or that of a generation */
	bool outside; /* `fd` is not below `home` */
	size_t max;   /* the largest file in bytes */
};

/*
 * Reads `name`; `mode` is that of the name itself, which can be a link, or 0 if it is not known.
 * Sets bytes, len and hash, or problem; does not set out->path. Never opens anything but a regular
 * file, and of a link only what link.h allows. Returns -ENOENT, and does not change *out, for a
 * missing file or a dangling link.
 */
int watch_file_read(const struct watch_place *place, const char *name, mode_t mode,
		    struct ezlb_file *out);
