/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * versions: one file of last good versions, DIR/versions. Records (record.h) are appended to it,
 * and it is written again when less than half of it counts. In memory is an index only.
 */
#pragma once

#include <sys/types.h>

#include <ezlb/snapshot.h>

#include "record.h"
#include "statedir.h"

struct version {
	uint64_t path; /* hash of it */
	uint64_t hash; /* of the bytes */
	uint64_t at;   /* of the record, in the file */
	uint32_t len;  /* of the bytes */
	uint16_t path_len;
	bool set; /* false: it was forgotten; only while the index is made */
};
struct version_index EZLB_VEC(struct version);

/* Records that are to be appended, the first line of a file before them. */
struct versions_batch {
	struct record_text text;
	struct version_index items; /* `at` is the place in the text */
};

struct ezlb_versions {
	char *path;
	const struct dir_kind *dir; /* of the directory, which is made when it is missing */
	bool writes;
	int fd; /* -1: there is no file */
	dev_t dev;
	ino_t ino;
	uint64_t size;	     /* of the whole records; the next one is written there */
	uint64_t live;	     /* the part of it that counts */
	uint64_t rewrite_at; /* after a failure: not below this size */
	int unread;    /* errno: the file is there and could not be read; then it is not written */
	int fixed;     /* errno: the file can be read, and not written */
	bool tail;     /* there may be a part of a record behind the whole ones */
	bool damaged;  /* something between whole records is lost */
	bool lost;     /* versions are missing that were there: see versions_keep */
	bool unpruned; /* the index was read from the file: it may have versions of removed files */
	struct version_index index; /* by path */
	/*
	 * Of an older ezlb, which had a directory with a file for each. They are the newer ones,
	 * and stay here only until they are in the file. Usually there are none.
	 */
	struct ezlb_files old;
	char *old_dir; /* NULL: none */
};

/* Reads the file, which may be missing, and the directory of an older ezlb. Creates nothing. */
void versions_open(struct ezlb_versions *v, const char *dir, const struct dir_kind *kind,
		   bool writes);
void versions_close(struct ezlb_versions *v);
/* Costs no system call. `path_hash` is ezlb_hash of the path. Does not see `old`. */
const struct version *versions_find(const struct ezlb_versions *v, uint64_t path_hash);
/* True if there is a version of the path, also in `old`; then its length and hash. */
bool versions_has(const struct ezlb_versions *v, const char *path, size_t *len, uint64_t *hash);
/* The bytes, which the caller frees; NULL: none, or damaged, which is logged. */
char *versions_read(const struct ezlb_versions *v, const char *path, size_t *len);
/* The path of a version in the index, which the caller frees; NULL: it cannot be read. */
char *versions_path(const struct ezlb_versions *v, const struct version *version);
/* Adds the versions of paths that are not among the files, and sorts these. Reads the file once. */
void versions_list(const struct ezlb_versions *v, struct ezlb_files *files);

/* --- writing ------------------------------------------------------------------------------- */

/* `bytes` NULL: forgets the path. */
void versions_batch_add(struct versions_batch *batch, const char *path, const char *bytes,
			size_t len);
void versions_batch_clear(struct versions_batch *batch);
/*
 * Appends all with one write: 0, or -errno and the file is as before. Then writes the file again if
 * much of it does not count any more, and removes it if no version is left.
 */
int versions_append(struct ezlb_versions *v, const struct versions_batch *batch);
/* Marks the version as outdated, in its place: that needs no room on the disk. */
int versions_spoil(struct ezlb_versions *v, uint64_t path_hash);
/* Takes over what an older ezlb has left, if there is something. Returns 0 or -errno. */
int versions_migrate(struct ezlb_versions *v);
/* Forgets all: removes the file, and what an older ezlb has left. */
int versions_remove(struct ezlb_versions *v);
/* Looks whether somebody has removed, replaced or cut the file: true if versions are missing. */
bool versions_keep(struct ezlb_versions *v);
