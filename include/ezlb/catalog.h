/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalog: what each file says now and which version of it is in force. Takes snapshots, yields the
 * desired set. A file that is refused keeps its last version, also over a restart where there is a
 * lastgood; parsing is done once per content.
 */
#pragma once

#include <ezlb/diag.h>
#include <ezlb/probe.h>
#include <ezlb/snapshot.h>
#include <ezlb/spec.h>
#include <ezlb/store.h>
#include <ezlb/table.h>

struct ezlb_catalog_entry {
	char *path;
	bool seen;     /* in the snapshot that is being taken in */
	bool was_good; /* no diagnostic in the previous update */
	uint64_t hash;
	bool readable;
	struct ezlb_spec *fresh; /* of the content now; NULL: refused */
	struct ezlb_spec *last;	 /* in force; may be the same object as fresh */
	uint64_t last_hash;	 /* of the content that last was made of; 0: unknown */
	bool restored;		 /* last is of an earlier process, and not of the file */
	bool is_stored;		 /* in lastgood, with this hash */
	uint64_t stored;
	struct ezlb_diags diags; /* of the content now */
};

/* Bytes of a file that were parsed before an update took them in. */
struct ezlb_parsed_file {
	char *path;
	size_t len;
	uint64_t hash;
	struct ezlb_spec *spec; /* NULL: they are refused, or an update has taken it */
	struct ezlb_diags diags;
};
struct ezlb_parsed_files EZLB_VEC(struct ezlb_parsed_file);

struct ezlb_catalog {
	struct ezlb_lastgood *lastgood;	  /* borrowed; NULL: none */
	enum ezlb_snat_key_kind snat_key; /* as the SNAT layer says (layer.h) */
	bool quiet; /* what becomes of a file is not logged: the caller tells it */
	struct ezlb_catalog_entries
		EZLB_VEC(struct ezlb_catalog_entry) entries; /* sorted by path */
	struct ezlb_desired desired;			     /* borrows from entries */
	struct ezlb_parsed_files parsed;		     /* for the next update */
	struct ezlb_diags diags; /* every file's, and the conflicts between them; sorted */
	/* Files that are refused and have no version in force, and directories that are frozen. */
	size_t n_without;
};

/*
 * Are these bytes a sound service file? Watch asks that to know whether somebody is still writing
 * (ezlb_whole_fn). What was parsed for the answer is kept for the next update, which does not parse
 * it again where it gets the same bytes for that path.
 */
bool ezlb_catalog_is_whole(struct ezlb_catalog *catalog, const char *path, const char *bytes,
			   size_t len);
/* Logs what became of each file whose state changed, unless quiet. */
void ezlb_catalog_update(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot);
/* The entry's first diagnostic in catalog->diags, and how many of its own follow; NULL: none. */
const struct ezlb_diag *ezlb_catalog_diags(const struct ezlb_catalog *catalog,
					   const struct ezlb_catalog_entry *entry, size_t *n);
/* Adds a row for each backend that health is to probe. */
void ezlb_catalog_health_rows(const struct ezlb_desired *desired, struct ezlb_health_rows *out);
void ezlb_catalog_clear(struct ezlb_catalog *catalog);

/* --- files that are not the applied ones -------------------------------------------------------
 */

/*
 * Files of a directory that is not the one that serves, seen as if they took the place of those
 * that do: a file of the same name is a new version of that one, and what serves now and has no
 * counterpart is gone. So a plan says what a running daemon would do with them.
 *
 * Call it before the first ezlb_catalog_update. Where none of the directories is one whose files
 * are in lastgood, and there are such files: takes what is applied now into the catalog, takes its
 * services out of `unclaimed` (owned services that no file has asked for so far), and unsets
 * catalog->lastgood. Else it does nothing.
 */
void ezlb_catalog_seed(struct ezlb_catalog *catalog, const char *const *dirs, size_t n_dirs,
		       const struct ezlb_snapshot *snapshot, struct ezlb_scope *unclaimed);

/* --- files without their past ------------------------------------------------------------------
 */

/* Service files as they are now, parsed and merged. Zeroed it is empty. */
struct ezlb_batch {
	struct ezlb_batch_specs EZLB_VEC(struct ezlb_spec *) specs;
	struct ezlb_desired desired; /* those that claim nothing twice */
};

/* All files of the snapshot together, so that conflicts between them are seen; sorts diags. */
void ezlb_batch_read(struct ezlb_batch *batch, const struct ezlb_snapshot *snapshot,
		     enum ezlb_snat_key_kind snat_key, struct ezlb_diags *diags);
void ezlb_batch_clear(struct ezlb_batch *batch);
