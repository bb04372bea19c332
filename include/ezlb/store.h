/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store: what outlives the process, in the state directory: the lock of the one that writes, the
 * ledger of what ezlb owns in the kernel, and the last good version of each service file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include <ezlb/err.h>
#include <ezlb/snapshot.h>
#include <ezlb/table.h>

/* --- the directory and its lock ----------------------------------------------------------------
 */

/*
 * statedir: the directory of what outlives the process, and the lock in it: one process at a time
 * changes the kernel. The lock ends with the process, whatever ends that.
 */

/* Makes the directory, and those above it, where they are missing. */
int ezlb_statedir_make(const char *dir, struct ezlb_err *err);

/*
 * Makes the directory where it is missing and takes DIR/lock. -EPERM where the directory is another
 * user's or others may write to it. Returns a descriptor that the caller
 * keeps, and closes to give the lock up; -EBUSY where another process has it, named in err. An open
 * of the file besides would give the lock up on its close (fcntl(2)): nobody else opens it.
 */
int ezlb_statedir_lock(const char *dir, struct ezlb_err *err);

/*
 * Is *fd still the lock of DIR/lock? Where the file has gone or is another by now, makes it again,
 * takes it, and replaces *fd. -EBUSY where another process was quicker, named in err: whoever gets
 * that must not write any more. Any other error: the file cannot be looked at or made, and whether
 * somebody else has the lock is unknown. *fd stays open on failure. Cheap: two stats.
 */
int ezlb_statedir_keep(int *fd, const char *dir, struct ezlb_err *err);

/*
 * Takes the network namespace that the caller is in: two that write to one kernel would each undo
 * the other's work, whatever their state directories. `name` is "ezlb" but for tests. Returns a
 * descriptor that the caller keeps, and closes to give it up; -EBUSY where another process has it,
 * named in err.
 */
int ezlb_netns_lock(const char *name, struct ezlb_err *err);

/* --- the ledger --------------------------------------------------------------------------------
 */

/*
 * ledger: what ezlb owns in the kernel, on disk, because IPVS has no owner field. Written before
 * the kernel is touched: a thing may be in the ledger and not in the kernel, never the other way
 * round. What is of another boot or network namespace is ignored.
 *
 *   ezlb-ledger 1
 *   boot 4f6b...
 *   netns 4026531840
 *   chain nat EZLB-SNAT
 *   table nft ezlb
 *   setting net.ipv4.ip_forward 0
 *   link ezlb0
 *   vip ezlb0 10.0.0.1
 *   service tcp 10.0.0.1:80
 *   end
 */

struct ezlb_ledger_content {
	struct ezlb_scope services;	   /* sorted, each once */
	bool chain;			   /* EZLB-SNAT in the legacy nat table */
	bool nft_table;			   /* ezlb in nf_tables */
	struct ezlb_setting_rows settings; /* that ezlb changed, with what they were before */
	struct ezlb_links links;	   /* that ezlb made; these and the rest are sorted, too */
	struct ezlb_vips vips;		   /* that ezlb added */
};

struct ezlb_ledger {
	char *path; /* NULL: kept in memory only (the in-memory data plane) */
	char boot[64];
	unsigned long long netns;
	/*
	 * Of the file as it was read or written last; ino 0: there was none. The time is here
	 * because ext4 gives the inode of a file that was removed to the next that is made.
	 */
	dev_t dev;
	ino_t ino;
	struct timespec mtime;
	struct ezlb_ledger_content content;
};

/* Zeroed it owns nothing. What `to` held goes. */
void ezlb_ledger_content_copy(struct ezlb_ledger_content *to,
			      const struct ezlb_ledger_content *from);
void ezlb_ledger_content_clear(struct ezlb_ledger_content *content);

/*
 * Reads DIR/ledger, empty where there is none; DIR NULL: an empty ledger in memory. A ledger that
 * cannot be read or understood is -EBADMSG, with the reason in err: then nothing is known to be
 * ours, and the ledger is as good as an empty one (the first content that is not empty replaces the
 * file). Another -errno (EMFILE, ENFILE, ENOMEM) where a later try may well succeed.
 */
int ezlb_ledger_open(struct ezlb_ledger *ledger, const char *dir, struct ezlb_err *err);
/*
 * Makes a copy of `content` the content, on disk first. No write where the content is the same and
 * the file is still there. Makes the directory again where it has gone.
 */
int ezlb_ledger_set(struct ezlb_ledger *ledger, const struct ezlb_ledger_content *content,
		    struct ezlb_err *err);
/* The file is not as it was read or written last: somebody removed, replaced or changed it. */
bool ezlb_ledger_lost(const struct ezlb_ledger *ledger);
void ezlb_ledger_close(struct ezlb_ledger *ledger);

/* --- last good versions ------------------------------------------------------------------------
 */

/*
 * lastgood: the version of each service file that is in force, on disk, so that a restart beside a
 * broken file keeps that service running, and so that whoever held a claim holds it after a restart
 * too. One file for each service file in STATE_DIR/lastgood, HASH-NAME (of the path, and its last
 * part): a first line with a hash of the bytes and the path, then the bytes. It is a convenience,
 * not the truth: what cannot be read counts as absent, and what cannot be written is told once and
 * disturbs nothing. A path with a newline in it is not kept.
 */

struct ezlb_lastgood {
	char *dir;   /* NULL: none is kept */
	bool writes; /* false: only read */
	bool told;   /* that writing fails; until it succeeds again */
};

/* Makes nothing yet. state_dir NULL: none is kept. */
void ezlb_lastgood_open(struct ezlb_lastgood *lastgood, const char *state_dir, bool writes);
/* The bytes, which the caller frees; NULL where there is none. */
char *ezlb_lastgood_read(const struct ezlb_lastgood *lastgood, const char *path, size_t *len);
/*
 * In one step: after a kill at any point there is the old version or the new one. False where it
 * failed, which is told: the caller tries again with its next update.
 */
bool ezlb_lastgood_write(struct ezlb_lastgood *lastgood, const char *path, const char *bytes,
			 size_t len);
/* Adds every version that is kept and sound to files, under the path of its service file. */
void ezlb_lastgood_list(const struct ezlb_lastgood *lastgood, struct ezlb_files *files);
void ezlb_lastgood_forget(struct ezlb_lastgood *lastgood, const char *path);
/* Forgets every file that is not among `paths`, and what a kill has left. */
void ezlb_lastgood_prune(struct ezlb_lastgood *lastgood, const char *const *paths, size_t n);
void ezlb_lastgood_close(struct ezlb_lastgood *lastgood);
