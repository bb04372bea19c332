/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch: reads config directories into snapshots of bytes. Does not parse YAML. Inotify, timers and
 * the caller only trigger a scan. After events of inotify about files of a drop-in directory a scan
 * reads these files, and those that wait for a second scan; any other scan looks at the whole
 * directory. It does not read a file again whose stat is unchanged for a minute.
 *
 * A directory with a `..data` link is a ConfigMap volume. It is read through one descriptor of
 * ..data, so all files are of one generation, and without delay. Any other directory is a drop-in
 * directory. It is scanned after 100 ms without events (1 s at most). A file that is missing,
 * blank, not whole or still being written must be so in two scans 1 s apart; until then its earlier
 * version stays. A file that was renamed keeps its old name so long: whole content that a file had
 * which is missing now, or waits itself, takes effect together with the end of that file. A copy
 * beside its original does not wait. The first successful scan applies at once: there is no earlier
 * version.
 *
 * A directory that cannot be read, or whose ..data is missing, is frozen: it keeps its files. So is
 * a directory with more than 10,000 service files, 64 MiB of them or 50,000 names, and an empty
 * directory that replaced another one, as after the unmount of a volume.
 *
 * Only regular files are opened. A link is followed to a file in the config directory or below it,
 * and to one that every user of the host may read.
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
 * Scans once, without a loop and grace periods: for once, check and plan. A directory that cannot
 * be read is frozen, with the reason and without files; the caller decides what to do.
 */
void ezlb_scan(const char *const *dirs, size_t n, struct ezlb_snapshot *out);
/*
 * Appends one file, with any name and of at most `max` bytes, to out->files. Returns -ENOENT if it
 * does not exist.
 */
int ezlb_scan_file(const char *path, size_t max, struct ezlb_snapshot *out);

/*
 * Called on the loop when files or the state of a directory changed. The watch owns the snapshot,
 * which is valid during the call only. An unchanged file keeps its bytes at the same address.
 */
typedef void (*ezlb_snapshot_fn)(void *arg, const struct ezlb_snapshot *snapshot);
/*
 * Which of these contents can be complete files? Sets whole[i] for files->items[i], which is false
 * before; one that is not is delayed by the grace period. Called once for each content that is not
 * blank, with all that are new in one scan. In a thread of the loop's pool, but on the loop in the
 * scan of ezlb_watch_open and that of ezlb_watch_rescan. There is no second call at the same time,
 * and no call of on_change. The watch waits for its end, so it may be called after
 * ezlb_watch_close, but not after `closed`.
 */
typedef void (*ezlb_whole_fn)(void *arg, const struct ezlb_files *files, bool *whole);

struct ezlb_watch_options {
	const char *const *dirs; /* copied */
	size_t n_dirs;
	ezlb_whole_fn whole;	    /* NULL: every content is complete */
	ezlb_snapshot_fn on_change; /* may rescan and close the watch */
	void *arg;		    /* of these functions */
};

/*
 * Adds inotify watches, scans, and calls on_change once before it returns. Without inotify it logs
 * a warning and polls every 5 s. It always rescans every 30 s +-10 %, and checks every second that
 * the path still leads to the same directory. Fails only if no directory is given: a missing one is
 * frozen, and tried again every second.
 */
int ezlb_watch_open(struct uv_loop_s *loop, const struct ezlb_watch_options *options,
		    struct ezlb_watch **out, struct ezlb_err *err);
/*
 * Scans everything soon, from the loop, which waits for it: on_change is called before what the
 * caller starts afterwards. All other scans are in a thread of the loop's pool; one that is not
 * over is waited for. Tries inotify again if it was not available.
 */
void ezlb_watch_rescan(struct ezlb_watch *watch);
/* The last snapshot again, as for on_change. */
void ezlb_watch_snapshot(const struct ezlb_watch *watch, struct ezlb_snapshot *out);
/* False: inotify is not available, and the watch polls every 5 s. */
bool ezlb_watch_notified(const struct ezlb_watch *watch);
/* Calls on_change no more. Calls `closed`, which may be NULL, on the loop at the end. */
void ezlb_watch_close(struct ezlb_watch *watch, void (*closed)(void *arg), void *arg);
