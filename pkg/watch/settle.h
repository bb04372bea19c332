/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settle: from what one directory looks like to what counts. Pure: time is passed in.
 *
 * In a drop-in directory whole content counts at once. A file that is absent, blank or not whole,
 * and was not so before, must be seen so twice, grace_ms apart, unchanged; until then the version
 * before it stands. So must whole content that somebody is still writing to: half of a file may be
 * a valid file, and another service. The first look that succeeds is taken as it is: there is no
 * earlier version, and a broken file that goes unmentioned would look like a deleted one.
 *
 * A ConfigMap volume is exchanged as a whole and needs no grace. A directory that cannot be read,
 * and a ConfigMap volume that has lost its ..data, are frozen. So is one that had files and is now
 * another directory, or was away for a while, and has none: that is what remains where a volume is
 * unmounted, and what stands there before it is filled. Who wants no services removes the files.
 */
#pragma once

#include "scan.h"

#define WATCH_NEVER UINT64_MAX

enum watch_kind { WATCH_ABSENT, WATCH_BLANK, WATCH_BROKEN, WATCH_WHOLE };

/* What a look saw in a file's place. */
struct watch_sight {
	enum watch_kind kind;
	uint64_t print; /* of the bytes or the problem */
};

struct watch_entry {
	struct ezlb_file file; /* the version that counts; only a path where it is absent */
	struct watch_sight counts;
	bool doubted; /* the looks since `since` saw `doubt` instead */
	uint64_t since;
	struct watch_sight doubt;
};

struct watch_settle {
	char *path; /* the directory; owned */
	uint64_t grace_ms;
	ezlb_whole_fn whole;
	void *arg;

	bool seen; /* it could be read at least once; dev, ino and configmap are of the last time */
	bool configmap;
	dev_t dev;
	ino_t ino;
	char *problem; /* why it is frozen; NULL where it is not */
	struct watch_entries EZLB_VEC(struct watch_entry) entries; /* sorted by path */
};

void watch_settle_init(struct watch_settle *settle, const char *dir);
void watch_settle_clear(struct watch_settle *settle);

/* Takes the files out of *look. Returns when to look again, WATCH_NEVER where nothing is open. */
uint64_t watch_settle_take(struct watch_settle *settle, struct watch_look *look, uint64_t now);

/*
 * What counts, lent: valid until the next watch_settle_take or _clear. A directory that is the same
 * as an earlier one adds no files.
 */
void watch_collect(const struct watch_settle *settles, size_t n, struct ezlb_snapshot *out);
/* Equal where watch_collect yields the same snapshot. */
uint64_t watch_fingerprint(const struct watch_settle *settles, size_t n);
