/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch: config directories to snapshots of bytes. Knows no YAML. Trigger and scan are separate:
 * inotify, timers and the caller only say "dirty"; one scan reads everything.
 *
 * A directory with a `..data` link is a ConfigMap volume: read through a descriptor of ..data, as
 * one transaction, without delay. Any other is a drop-in directory: 100 ms of quiet (1 s at most),
 * and absence, emptiness, and content that is not whole or still being written must last over two
 * scans 1 s apart. The first scan that succeeds is taken as it is: there is no earlier version that
 * could stand.
 *
 * "Cannot read" is never "empty": a directory that cannot be read, or whose ..data has vanished, is
 * frozen, and keeps the files that it had. So is one with more than 10,000 files, and an empty one
 * that has come in the place of another: an unmounted volume leaves such a directory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/snapshot.h>

struct uv_loop_s;
struct ezlb_watch;

/*
 * One look, without a loop and without grace periods: for once, check and plan. A directory that
 * cannot be read is frozen with its reason and no files; the caller decides.
 */
void ezlb_scan(const char *const *dirs, size_t n, struct ezlb_snapshot *out);
/* Adds one file, whatever its name, to the end of out->files; -ENOENT where there is none. */
int ezlb_scan_file(const char *path, struct ezlb_snapshot *out);

/*
 * Called on the loop when files or a directory's state have changed. Valid during the call only:
 * the snapshot is lent. Where a file is the same as before, so are its bytes, at the same address.
 */
typedef void (*ezlb_snapshot_fn)(void *arg, const struct ezlb_snapshot *snapshot);
/*
 * Is this content plausible as a finished file? False delays it by the grace period. Asked once
 * for each content, never about what is blank; NULL in the options: everything is whole.
 */
typedef bool (*ezlb_whole_fn)(void *arg, const char *path, const char *bytes, size_t len);

struct ezlb_watch_options {
	const char *const *dirs; /* copied */
	size_t n_dirs;
	ezlb_whole_fn whole;
	ezlb_snapshot_fn on_change; /* may rescan and close the watch */
	void *arg;		    /* of both */
};

/*
 * Arms inotify, scans, and calls on_change once before it returns. Where inotify cannot be had it
 * polls every 5 s and logs that; it rescans every 30 s +-10 % in any case, and asks every second
 * whether the path still leads to the same directory. Fails only where no
 * directory is given: one that is missing is frozen, and looked for every second.
 */
int ezlb_watch_open(struct uv_loop_s *loop, const struct ezlb_watch_options *options,
		    struct ezlb_watch **out, struct ezlb_err *err);
/* Looks at everything soon, from the loop, and asks again for inotify where there was none. */
void ezlb_watch_rescan(struct ezlb_watch *watch);
/* False: there is no inotify to be had, and changes are found by looking every 5 s. */
bool ezlb_watch_notified(const struct ezlb_watch *watch);
/* No on_change from here on; `closed`, which may be NULL, is called on the loop at the end. */
void ezlb_watch_close(struct ezlb_watch *watch, void (*closed)(void *arg), void *arg);
