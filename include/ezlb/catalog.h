/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * catalog: the content of each file now, and the version that is applied. Takes snapshots and
 * computes the desired set. A refused file keeps its last good version; with a lastgood also after
 * a restart. Each content is parsed once.
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
	bool seen;     /* in the snapshot of the running update */
	bool touched;  /* false: the last update changed no version and no diagnostic of it */
	bool was_good; /* no diagnostic in the previous update */
	uint64_t hash;
	bool readable;
	struct ezlb_spec *fresh; /* of the current content; NULL: refused */
	uint64_t fresh_meaning;	 /* as last_meaning, of fresh; 0: not known yet */
	struct ezlb_spec *last;	 /* applied; may be the same object as fresh */
	uint64_t last_hash;	 /* of the content of last; 0: unknown */
	uint64_t last_meaning;	 /* of what last says, without snat_ip */
	bool restored;		 /* last is from an earlier process, and differs from the file */
	bool is_stored;		 /* lastgood has the version with the hash `stored` */
	uint64_t stored;
	struct ezlb_diags diags; /* of the current content */
};

struct ezlb_parsed_files;

/* How the last update has changed the desired set. */
struct ezlb_catalog_change {
	/*
	 * A service came or went, or one changed in more than its own rows of IPVS: in listeners,
	 * full_nat, snat_ip, client_address or vip, or in a way that needs another setting of the
	 * host.
	 */
	bool all;
	struct ezlb_desired services; /* if not all: the new versions; borrowed from entries */
	bool probes;		      /* ezlb_catalog_health_rows may give other rows */
};

struct ezlb_catalog {
	struct ezlb_lastgood *lastgood;	  /* borrowed; NULL: none */
	enum ezlb_snat_key_kind snat_key; /* of the SNAT layer (layer.h) */
	bool quiet;			  /* logs no changes of files: the caller reports them */
	struct ezlb_catalog_entries
		EZLB_VEC(struct ezlb_catalog_entry) entries; /* sorted by path */
	struct ezlb_desired desired;			     /* borrows from entries */
	struct ezlb_catalog_change change;
	/* Results for the next update; NULL: none. Whoever has exchanged it with NULL has it. */
	struct ezlb_parsed_files *_Atomic parsed;
	struct ezlb_diags diags; /* of every file and of conflicts between files; sorted */
	size_t held;		 /* directories that ezlb_catalog_hold has found */
	bool has_frozen;	 /* the last snapshot had a frozen directory */
	bool unsaved;		 /* a version could not be stored: see ezlb_catalog_store */
	bool loaded;		 /* there was an update */
	bool calm;    /* no conflict: each fresh version is applied, and `desired` has all */
	bool merged;  /* the last update merged all files */
	bool removed; /* it found that files are gone */
	bool partial; /* it did not see all directories */
	/* Refused files without an applied version, plus frozen directories, plus `held`. */
	size_t n_without;
};

/*
 * Which of these files are valid service files? Sets whole[i] of each. The files have bytes.
 * Package watch calls this to find files that are still being written (ezlb_whole_fn). Parses many
 * of them in several threads, which end before it returns. The next update uses the results if it
 * gets the same bytes for the path; it comes to the same without this call. May be called in any
 * thread, one call at a time, while another thread calls any other function apart from _clear.
 */
void ezlb_catalog_judge(struct ezlb_catalog *catalog, const struct ezlb_files *files, bool *whole);
/* Takes the snapshot. Logs each file whose state changed, unless quiet. */
void ezlb_catalog_update(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot);
/*
 * Counts the directories that are empty though lastgood has versions of their files, and logs each
 * one: it may not be mounted yet. While there is one, updates delete no version of a file that they
 * do not see. Call it before an update, at the start only. Without a lastgood there are none.
 */
void ezlb_catalog_hold(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot);
/*
 * Stores again what could not be stored, or all versions if `all`: lastgood has lost them. The
 * snapshot has the bytes of the last update. A broken file's version is stored no second time.
 */
void ezlb_catalog_store(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot,
			bool all);
/* Looks whether somebody has removed versions, or a full disk has room again, and does that. */
void ezlb_catalog_keep(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot);
/* These directories count as empty from now on: their versions are deleted. */
void ezlb_catalog_release(struct ezlb_catalog *catalog);
/* The first of the entry's *n diagnostics in catalog->diags; NULL: none. */
const struct ezlb_diag *ezlb_catalog_diags(const struct ezlb_catalog *catalog,
					   const struct ezlb_catalog_entry *entry, size_t *n);
/*
 * A hash of what the applied versions say, apart from snat_ip, which is another one on each
 * balancer of many fleets. It is the same on all hosts with the same services, in whatever
 * directories their files are, and whatever comments these have. Costs no look at the specs.
 */
uint64_t ezlb_catalog_revision(const struct ezlb_catalog *catalog);
/* Adds a row for each backend of a service with a health check. */
void ezlb_catalog_health_rows(const struct ezlb_desired *desired, struct ezlb_health_rows *out);
void ezlb_catalog_clear(struct ezlb_catalog *catalog);

/* --- files that are not the applied ones ----------------------------------------------------- */

/*
 * For `plan` with another directory than the one that serves now: its files count as a replacement
 * of the applied ones. A file with the same name is a new version; an applied file without a
 * counterpart is removed. The plan then shows what a running daemon would do.
 *
 * Call it before the first ezlb_catalog_update. Does nothing if lastgood is empty or has a file of
 * one of the directories. Otherwise it loads the applied files into the catalog, removes their
 * services from `unclaimed` (owned services that no file asked for so far), and unsets
 * catalog->lastgood.
 */
void ezlb_catalog_seed(struct ezlb_catalog *catalog, const char *const *dirs, size_t n_dirs,
		       const struct ezlb_snapshot *snapshot, struct ezlb_scope *unclaimed);

/* --- files without applied versions ---------------------------------------------------------- */

/* Service files as they are now, parsed and merged. Zeroed: empty. */
struct ezlb_batch {
	struct ezlb_batch_specs EZLB_VEC(struct ezlb_spec *) specs;
	struct ezlb_desired desired; /* the specs without conflicts */
};

/* Adds the spec of a file; a file with errors adds only these. */
void ezlb_batch_add(struct ezlb_batch *batch, const struct ezlb_file *file,
		    struct ezlb_diags *diags);
/* Finds the conflicts between the specs, once after all were added. Their order is the file order.
 */
void ezlb_batch_merge(struct ezlb_batch *batch, enum ezlb_snat_key_kind snat_key,
		      struct ezlb_diags *diags);
/* Both, for all files of the snapshot; sorts diags. */
void ezlb_batch_read(struct ezlb_batch *batch, const struct ezlb_snapshot *snapshot,
		     enum ezlb_snat_key_kind snat_key, struct ezlb_diags *diags);
void ezlb_batch_clear(struct ezlb_batch *batch);
