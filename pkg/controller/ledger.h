/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ledger: the virtual services that ezlb owns, on disk, because IPVS has no owner field. Written
 * before the kernel is touched: a service may be in the ledger and not in the kernel, never the
 * other way round. What is of another boot or network namespace is ignored.
 *
 *   ezlb-ledger 1
 *   boot 4f6b...
 *   netns 4026531840
 *   service tcp 10.0.0.1:80
 *   end
 */
#pragma once

#include <ezlb/err.h>
#include <ezlb/table.h>

struct ledger {
	char *path; /* NULL: kept in memory only (the in-memory data plane) */
	char boot[64];
	unsigned long long netns;
	struct ezlb_scope owned; /* sorted */
};

/*
 * Reads DIR/ledger, empty where there is none; DIR NULL: an empty ledger in memory. A ledger that
 * cannot be understood is -EBADMSG: then nothing is known to be ours.
 */
int ledger_open(struct ledger *ledger, const char *dir, struct ezlb_err *err);
/* Makes `owned` the content, on disk first. No write where nothing changes. */
int ledger_set(struct ledger *ledger, const struct ezlb_scope *owned, struct ezlb_err *err);
/* Adds to the content, likewise. */
int ledger_add(struct ledger *ledger, const struct ezlb_scope *more, struct ezlb_err *err);
void ledger_close(struct ledger *ledger);
