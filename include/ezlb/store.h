/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store: the state directory, which outlives the process, and the persist directory, which outlives
 * a reboot. The first has the lock of the process that writes, the ledger of what ezlb owns in the
 * kernel, and the last good version of each service file; the second has a copy of these versions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include <ezlb/err.h>
#include <ezlb/node.h>
#include <ezlb/roster.h>
#include <ezlb/snapshot.h>
#include <ezlb/table.h>

/* --- the directory and its lock -------------------------------------------------------------- */

/* Creates the directory and its parents if they are missing. */
int ezlb_statedir_make(const char *dir, struct ezlb_err *err);

/*
 * Creates the directory if it is missing and takes DIR/lock: one process at a time may change the
 * kernel. Returns a descriptor; the lock ends when it is closed or the process ends. -EPERM if
 * another user owns the directory or others can write to it, or if the path is a link that another
 * user has made. -EBUSY if another process has the
 * lock; err names it. Do not open the file elsewhere: closing any descriptor of it releases the
 * lock (fcntl(2)).
 */
int ezlb_statedir_lock(const char *dir, struct ezlb_err *err);

/*
 * The nearest directory above in which another user may rename the directory: group or others may
 * write to it and it is not sticky, or it is of another user. The caller frees; NULL: there is
 * none, or the directory cannot be examined.
 */
char *ezlb_statedir_exposed(const char *dir);

/*
 * Checks that *fd still is DIR/lock. If the file was removed or replaced, creates and locks it
 * again and replaces *fd. -EBUSY if another process has the lock now, named in err: the caller must
 * stop writing. After any other error it is unknown whether another process has the lock. *fd stays
 * open on failure. Costs two stats.
 */
int ezlb_statedir_keep(int *fd, const char *dir, struct ezlb_err *err);

/*
 * Locks the caller's network namespace: two processes that write to it would undo each other's
 * changes, also with different state directories. `name` is "ezlb", except in tests. Returns a
 * descriptor; closing it ends the lock. -EBUSY if another ezlb has the lock; err names it.
 * -EADDRINUSE if a process that cannot be an ezlb (it is of another user, not root, or does not
 * answer within 0.5 s) keeps the lock from everybody: the caller can go on without it.
 */
int ezlb_netns_lock(const char *name, struct ezlb_err *err);
/* Call it at times: processes that asked who has the lock leave connections in a queue. */
void ezlb_netns_answer(int fd);

/* --- the ledger ------------------------------------------------------------------------------ */

/*
 * ledger: what ezlb owns in the kernel, on disk, because IPVS has no owner field. It is written
 * before the kernel is changed, so an object can be in the ledger and not in the kernel, but never
 * the other way round. A ledger of another boot or network namespace is ignored.
 *
 *   ezlb-ledger 1
 *   boot 4f6b...
 *   netns 4026531840
 *   cookie 1
 *   chain nat EZLB-SNAT
 *   table nft ezlb
 *   setting net.ipv4.ip_forward 0
 *   timeout tcp 900 3600
 *   sync master eth1 1
 *   link ezlb0
 *   vip ezlb0 10.0.0.1
 *   clsact eth1
 *   drain 86400000 removed 192.168.1.1:80 tcp 10.0.0.1:80
 *   service tcp 10.0.0.1:80
 *   end
 *
 * `netns` is the inode number of the network namespace, which the kernel gives to another one when
 * this one is gone; `cookie` (SO_NETNS_COOKIE, since Linux 5.14) it gives only once in a boot. A
 * ledger without that line, of an older ezlb, is read, and is written again with it.
 *
 * A sync is a sync daemon of IPVS with its interface and id. A clsact is the qdisc of this name on
 * the interface. A drain has its deadline by ezlb_now_ms, why the backend drains, the backend and
 * the service. An older ezlb does not know these kinds of lines, nor `cookie`: it says that the
 * ledger is damaged, removes nothing, and takes over the services that it finds. So before you go
 * back to one, stop ezlb and delete the line `cookie`, and do not go back while something drains,
 * while a file has client_address: toa, or with --sync-interface.
 */

struct ezlb_ledger_content {
	struct ezlb_scope services;	   /* sorted, without duplicates; so are the others */
	bool chain;			   /* EZLB-SNAT in the legacy nat table */
	bool nft_table;			   /* ezlb in nf_tables */
	struct ezlb_setting_rows settings; /* that ezlb changed, with their earlier values */
	struct ezlb_timeouts_owned timeouts;
	struct ezlb_syncs syncs;   /* that ezlb started; by ezlb_sync_owned_cmp */
	struct ezlb_links links;   /* that ezlb created */
	struct ezlb_vips vips;	   /* that ezlb added */
	struct ezlb_links clsacts; /* interfaces whose qdisc clsact ezlb created */
	struct ezlb_drains drains; /* of its dests */
};

struct ezlb_ledger {
	char *path; /* NULL: kept in memory only (the in-memory data plane) */
	char boot[64];
	unsigned long long netns;
	uint64_t cookie; /* of the network namespace; 0: the kernel has none */
	bool outdated;	 /* the file lacks the cookie: the next ezlb_ledger_set writes it */
	/*
	 * Of the file when it was last read or written; ino 0: none. The time is necessary because
	 * ext4 gives the inode number of a removed file to the next new file.
	 */
	dev_t dev;
	ino_t ino;
	struct timespec mtime;
	struct ezlb_ledger_content content;
};

/* Replaces the content of `to`, which may be zeroed. */
void ezlb_ledger_content_copy(struct ezlb_ledger_content *to,
			      const struct ezlb_ledger_content *from);
void ezlb_ledger_content_clear(struct ezlb_ledger_content *content);

/*
 * Reads DIR/ledger; a missing file is an empty ledger. DIR NULL: an empty ledger in memory.
 * -EBADMSG if the file cannot be read or parsed, with the reason in err: ezlb does not know what it
 * owns, the ledger is empty, and the first content that is not empty replaces the file. Another
 * -errno (EMFILE, ENFILE, ENOMEM) if a later try may succeed.
 */
int ezlb_ledger_open(struct ezlb_ledger *ledger, const char *dir, struct ezlb_err *err);
/*
 * Replaces the content with a copy of `content`, on disk first. Does not write if the content is
 * the same and the file is unchanged. Creates a missing directory. Only root can read the file.
 */
int ezlb_ledger_set(struct ezlb_ledger *ledger, const struct ezlb_ledger_content *content,
		    struct ezlb_err *err);
/* True if somebody removed, replaced or changed the file since the last read or write. */
bool ezlb_ledger_lost(const struct ezlb_ledger *ledger);
void ezlb_ledger_close(struct ezlb_ledger *ledger);

/* --- the drain of this balancer -------------------------------------------------------------- */

/*
 * The file DIR/drained says that `ezlb drain` was the last word. It is in the persist directory, so
 * that it survives a reboot; if there is none, in the state directory.
 */

/*
 * Returns 0 also if there is no file: then *out is that nothing drains. A file that cannot be read
 * or is damaged means drained, too: since its last change, and -errno with the reason. If it is
 * unknown whether there is a file, *out is that nothing drains, and -errno.
 */
int ezlb_drained_read(const char *dir, struct ezlb_node_drain *out, struct ezlb_err *err);
/*
 * Writes the file, or removes it if kind is not EZLB_NODE_DRAINED. Atomic, and on disk when it
 * returns. Creates a missing directory.
 */
int ezlb_drained_write(const char *dir, const struct ezlb_node_drain *drain, struct ezlb_err *err);

/* --- last good versions ---------------------------------------------------------------------- */

/*
 * lastgood: the applied version of each service file, on disk. With it a restart while a file is
 * broken keeps the service running, and every file keeps its claims. They are in one file,
 * STATE_DIR/versions: a new version is appended, with a hash that detects what a kill or a power
 * cut leaves incomplete; then the version before it counts. The file is written again when less
 * than half of it counts. In memory are only the hashes of paths and versions. Errors are not
 * fatal: a version that cannot be read counts as missing, and a failed write is logged once.
 *
 * PERSIST_DIR/versions has the same, for the time after a reboot. What is in the state directory is
 * newer and wins: an ezlb that has no persist directory may have written it. An older ezlb had a
 * directory `lastgood` with a file for each version: open takes these over and removes it.
 *
 * No fsync after a version is appended: a kill loses no written data, a reboot writes all of it,
 * and the hash detects the damage of a power cut. Where a new file replaces the old one, it is on
 * the disk first.
 */

struct ezlb_versions;  /* one of the two files, and its index */
struct versions_batch; /* what is to be written to both */

struct ezlb_lastgood {
	char *dir;			/* the state directory; NULL: stores nothing */
	struct ezlb_versions *files[2]; /* in the state and the persist directory; NULL: none */
	int lock;			/* of the persist directory, if files[1] is written to */
	bool writes;			/* false: only reads */
	bool persist_fixed;	 /* the persist directory cannot be written, and is only read */
	bool warned;		 /* logged that writing fails; reset by the next success */
	char *persist_dir;	 /* to keep, or to try again; NULL: none, or !writes */
	struct ezlb_err problem; /* why versions do not survive a reboot; code 0: they do */
	bool lock_lost;		 /* the lock of the persist directory could not be taken again */
	struct versions_batch *batch;
	bool open;   /* between begin and commit */
	bool wrote;  /* in this batch a version was to be stored */
	bool failed; /* in this batch something could not be written */
};

/* Reads the file, if there is one. Creates nothing yet. state_dir NULL: stores nothing. */
void ezlb_lastgood_open(struct ezlb_lastgood *lastgood, const char *state_dir, bool writes);
/*
 * Uses this directory as well, and copies the versions of the state directory to it. Logs once if
 * that is impossible, and goes on without it: others can write to it, or another process has its
 * lock. Of one that cannot be written (a read-only file system), it logs that, too, and reads the
 * versions. ezlb_lastgood_keep tries again. Does nothing if it is NULL or is the state directory.
 */
void ezlb_lastgood_persist(struct ezlb_lastgood *lastgood, const char *persist_dir);
/* True if a persist directory is used, at least to read. */
bool ezlb_lastgood_persists(const struct ezlb_lastgood *lastgood);
/*
 * Call it at times. Looks whether somebody has removed, replaced or cut one of the two files, and
 * tries again to use a persist directory that could not be used. Returns true if there is a place
 * now that may lack versions: the caller writes them again. A stat for each of the two, if nothing
 * has happened.
 */
bool ezlb_lastgood_keep(struct ezlb_lastgood *lastgood);
/* Is there a version of this file? Then its length and hash. Costs no system call. */
bool ezlb_lastgood_find(const struct ezlb_lastgood *lastgood, const char *path, size_t *len,
			uint64_t *hash);
/* The bytes, which the caller frees; NULL: no valid version. */
char *ezlb_lastgood_read(const struct ezlb_lastgood *lastgood, const char *path, size_t *len);
/* True if there is a version of any file, or it is unknown because the file cannot be read. */
bool ezlb_lastgood_any(const struct ezlb_lastgood *lastgood);
/* Is this the path of a file of the directory, as in a snapshot? */
bool ezlb_lastgood_is_of(const char *path, const char *dir);
/* As ezlb_lastgood_any, for files of this directory. Reads all versions. */
bool ezlb_lastgood_any_of(const struct ezlb_lastgood *lastgood, const char *dir);
/* Adds every valid version to files, which is empty, with the path of its service file. */
void ezlb_lastgood_list(const struct ezlb_lastgood *lastgood, struct ezlb_files *files);

/*
 * Between begin and commit, write, forget and prune only collect what is to be written; commit
 * writes it with one write to each place (one for each MB). Nothing of it can be read before.
 * Without a begin each of them writes at once.
 *
 * After a kill at any point there is the old version or the new one of each file. Returns false
 * after a failure, which is logged: the caller writes all of the batch again later, and what was
 * stored is not written twice. If only the persist directory cannot be written, its older version
 * is marked as outdated: after a reboot it would be served as the last good one.
 */
void ezlb_lastgood_begin(struct ezlb_lastgood *lastgood);
bool ezlb_lastgood_commit(struct ezlb_lastgood *lastgood);
/* Does nothing if these bytes are stored already. Between begin and commit, returns true. */
bool ezlb_lastgood_write(struct ezlb_lastgood *lastgood, const char *path, const char *bytes,
			 size_t len);
void ezlb_lastgood_forget(struct ezlb_lastgood *lastgood, const char *path);
/* Removes the versions of files that are not in `paths`; if that is empty, the files themselves. */
void ezlb_lastgood_prune(struct ezlb_lastgood *lastgood, const char *const *paths, size_t n);
/*
 * False if every version since the last prune was written by this process: a prune has nothing to
 * do, as long as the caller has forgotten what was removed.
 */
bool ezlb_lastgood_may_have_more(const struct ezlb_lastgood *lastgood);
void ezlb_lastgood_close(struct ezlb_lastgood *lastgood);
