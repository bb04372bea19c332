/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle: decides from the scans of one directory which content to accept. Pure: the caller passes
 * the time.
 *
 * A drop-in directory: whole content is accepted at once. A file that becomes absent, blank or not
 * whole must be so, and unchanged, in two scans grace_ms apart; until then the earlier version
 * stays. The same holds for whole content while somebody writes the file: half of a file can be a
 * valid file with another service. The first successful scan is accepted at once: there is no
 * earlier version, and without its content a broken file would look like a deleted one.
 *
 * A file that was renamed: its content under the new name waits until the old name's grace period
 * is over, and both are accepted by one look. Earlier it would claim what the old one still has.
 * The same holds where the new name had content that is under a third name now, and so on. A copy
 * whose original is still there, or comes back, does not wait.
 *
 * A ConfigMap volume changes as a whole and needs no grace period. A directory that cannot be read,
 * and a ConfigMap volume without ..data, are frozen. So is a ConfigMap volume of which a file has
 * gone without a new generation: the kubelet deletes such a volume file by file, for example when
 * its disk is full. So is an empty directory that had files and was replaced or unreadable: an
 * unmounted volume leaves such a directory. To remove all services, remove the files.
 */
#pragma once

#include "scan.h"

struct watch_entry {
	struct ezlb_file file; /* the accepted version; only a path if it is absent */
	struct watch_sight accepted;
	bool is_pending; /* the scans since `since` found `pending` instead */
	uint64_t since;
	struct watch_sight pending;
};

struct watch_settle {
	char *path; /* the directory; owned */
	uint64_t grace_ms;
	ezlb_whole_fn whole; /* NULL: every content is whole */
	void *arg;

	bool seen; /* it was read at least once; dev, ino and configmap are of the last time */
	bool configmap;
	bool links; /* as in struct watch_look, and so is generation, which is owned */
	char *generation;
	dev_t dev;
	ino_t ino;
	char *problem;	  /* why it is frozen; NULL: it is not */
	uint64_t version; /* another one when what watch_collect returns of it has changed */
	struct watch_entries EZLB_VEC(struct watch_entry) entries; /* sorted by path */
};

void watch_settle_init(struct watch_settle *settle, const char *dir);
void watch_settle_clear(struct watch_settle *settle);

/*
 * Finds out what the contents of *look are. Calls `whole` once, with all that are new. Does not
 * change the settle, so a thread may call it as long as nobody else does. `names` as for
 * watch_settle_part; NULL: it was a look at the whole directory.
 */
void watch_settle_judge(const struct watch_settle *settle, struct watch_look *look,
			const struct watch_names *names);
/*
 * Takes the files out of *look, which was judged, and the settle has not changed since. Returns
 * when to scan again; WATCH_NEVER: nothing is pending.
 */
uint64_t watch_settle_take(struct watch_settle *settle, struct watch_look *look, uint64_t now);
/*
 * The same after a look at the files with these names; *names is sorted. The directory is the one
 * of the last look, and neither frozen nor a ConfigMap volume.
 */
uint64_t watch_settle_part(struct watch_settle *settle, struct watch_look *look,
			   const struct watch_names *names, uint64_t now);
/* Adds the names of the files that the next look must include, each once. */
void watch_settle_waiting(const struct watch_settle *settle, struct watch_names *names);
/* The number of files in *look that the settle does not know. */
size_t watch_settle_new(const struct watch_settle *settle, const struct watch_look *look);
/* The bytes of all files, if those in *look are accepted. */
uint64_t watch_settle_bytes(const struct watch_settle *settle, const struct watch_look *look);
/* Of the accepted version of the file; `arg` is a settle. For struct watch_known. */
uint64_t watch_settle_stamp(const void *arg, const char *path);

/*
 * The accepted files; borrowed, valid until the next watch_settle_take or _clear. A directory that
 * is listed twice adds its files once.
 */
void watch_collect(const struct watch_settle *settles, size_t n, struct ezlb_snapshot *out);
/* Equal values mean that watch_collect returns the same snapshot. */
uint64_t watch_fingerprint(const struct watch_settle *settles, size_t n);
