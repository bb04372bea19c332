/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalog: what each file says now and which version of it is in force. Takes snapshots, yields the
 * desired set. A file that is refused keeps its last version, also over a restart where there is a
 * lastgood; parsing is done once per content.
 */
#pragma once

#include <ezlb/desired.h>
#include <ezlb/diag.h>
#include <ezlb/store.h>
#include <ezlb/watch.h>

struct catalog_entry {
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

struct catalog {
	struct ezlb_lastgood *lastgood;	  /* borrowed; NULL: none */
	enum ezlb_snat_key_kind snat_key; /* as the SNAT layer says (layer.h) */
	bool quiet; /* what becomes of a file is not logged: the caller tells it */
	struct catalog_entries EZLB_VEC(struct catalog_entry) entries; /* sorted by path */
	struct ezlb_desired desired;				       /* borrows from entries */
	struct ezlb_diags diags; /* every file's, and the conflicts between them; sorted */
	/* Files that are refused and have no version in force, and directories that are frozen. */
	size_t n_without;
};

/* Logs what became of each file whose state changed, unless quiet. */
void catalog_update(struct catalog *catalog, const struct ezlb_snapshot *snapshot);
void catalog_clear(struct catalog *catalog);
