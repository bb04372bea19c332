/* SPDX-License-Identifier: GPL-2.0-or-later */
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
#pragma once

#include <sys/types.h>
#include <time.h>

#include <ezlb/err.h>
#include <ezlb/table.h>

struct ledger_content {
	struct ezlb_scope services;	   /* sorted, each once */
	bool chain;			   /* EZLB-SNAT in the legacy nat table */
	bool nft_table;			   /* ezlb in nf_tables */
	struct ezlb_setting_rows settings; /* that ezlb changed, with what they were before */
	struct ezlb_links links;	   /* that ezlb made; these and the rest are sorted, too */
	struct ezlb_vips vips;		   /* that ezlb added */
};

struct ledger {
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
	struct ledger_content content;
};

/* Zeroed it owns nothing. What `to` held goes. */
void ledger_content_copy(struct ledger_content *to, const struct ledger_content *from);
void ledger_content_clear(struct ledger_content *content);

/*
 * Reads DIR/ledger, empty where there is none; DIR NULL: an empty ledger in memory. A ledger that
 * cannot be read or understood is -EBADMSG, with the reason in err: then nothing is known to be
 * ours, and the ledger is as good as an empty one (the first content that is not empty replaces the
 * file). Another -errno (EMFILE, ENFILE, ENOMEM) where a later try may well succeed.
 */
int ledger_open(struct ledger *ledger, const char *dir, struct ezlb_err *err);
/*
 * Makes a copy of `content` the content, on disk first. No write where the content is the same and
 * the file is still there. Makes the directory again where it has gone.
 */
int ledger_set(struct ledger *ledger, const struct ledger_content *content, struct ezlb_err *err);
/* The file is not as it was read or written last: somebody removed, replaced or changed it. */
bool ledger_lost(const struct ledger *ledger);
void ledger_close(struct ledger *ledger);
