/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netfilter: how to talk to the two packet filters of the kernel, whatever is said: the lock of
 * iptables, and requests to nf_tables; legacy tables are in xtables.h. What rules say is for snat
 * and firewall.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/netlink.h>

/* --- the lock of iptables -------------------------------------------------------------------- */
/*
 * Every iptables takes it around reading and writing a table. The kernel itself only compares the
 * number of entries when a table is replaced, so without it edits get lost.
 * Source: iptables, iptables/xshared.c.
 */

#define EZLB_XTABLES_LOCK_LIMIT_MS 2000
#define EZLB_XTABLES_LOCK_STEP_MS  20

/* $XTABLES_LOCKFILE or /run/xtables.lock, as iptables since 1.8.8. */
const char *ezlb_xtables_lock_path(void);

/*
 * Returns a descriptor that holds the lock until it is closed, or -errno: -EAGAIN where somebody
 * else still had it after limit_ms. Tries every step_ms.
 */
int ezlb_xtables_lock(const char *path, unsigned limit_ms, unsigned step_ms, struct ezlb_err *err);

/*
 * The same for a layer, on the loop: waits EZLB_XTABLES_LOCK_LIMIT_MS once, and where that was in
 * vain (*missed) only asks, until it has got it. A loop that waited at every try would do nothing
 * else while somebody keeps the lock, and take backends for dead.
 */
int ezlb_xtables_lock_once(bool *missed, struct ezlb_err *err);

/* --- nf_tables: is it there? ----------------------------------------------------------------- */
/* Seen without asking it: a question loads the module (nfnetlink_rcv_msg() in nfnetlink.c). */

/* Where that can be seen; the strings are borrowed. */
struct ezlb_nft_signs {
	const char *module;  /* is there while the module is loaded */
	const char *builtin; /* lists what is built in; need not be there */
	const char *symbols; /* lists the kernel's functions, in place of that */
};

bool ezlb_nft_is_loaded(const struct ezlb_nft_signs *signs);

/*
 * As good as loaded, and never otherwise while the kernel runs. True also where neither list can be
 * read: then only asking helps. May take some 50 ms.
 */
bool ezlb_nft_is_builtin(const struct ezlb_nft_signs *signs);

/* The running kernel's; the same pointer each time. */
const struct ezlb_nft_signs *ezlb_nft_kernel_signs(void);

/* --- nf_tables: requests --------------------------------------------------------------------- */

#define EZLB_NFT_TABLE	    "ezlb" /* our own, by name */
#define EZLB_NFT_TIMEOUT_MS 5000

/* The running kernel. */
extern const struct ezlb_nl_source ezlb_nft_kernel;

/* As ezlb_nl_msg_start, with the header that all these messages have; `type` is an NFT_MSG_*. */
struct nlmsghdr *ezlb_nft_msg_start(struct ezlb_nl_buf *buf, uint16_t type, uint8_t family,
				    uint16_t flags);

/*
 * What is between the two is one transaction, which the kernel refuses (-ERESTART) where its
 * ruleset is not of generation `gen` any more. The last message in it is answered when all is done.
 */
void ezlb_nft_put_begin(struct ezlb_nl_buf *buf, uint32_t gen);
void ezlb_nft_put_commit(struct ezlb_nl_buf *buf);

/* --- nf_tables: conversations ---------------------------------------------------------------- */
/* All return 0 or -errno, as those of netlink.h. */

/* The generation of the ruleset; -ENOPROTOOPT where the kernel has no nf_tables. */
int ezlb_nft_gen(struct ezlb_nl *nl, uint32_t *gen);

/*
 * Sends one transaction, from put_begin to put_commit. Of several messages that the kernel refuses
 * the first one counts: *refused is its NFT_MSG_*, or -1 where it is none of them in particular.
 */
int ezlb_nft_commit(struct ezlb_nl *nl, struct ezlb_nl_buf *batch, int *refused);

/*
 * Sets the error: what `rc` means, `refused` as from commit, else -1. Returns rc. What was refused
 * is taken to be a part of ezlb's own table.
 */
int ezlb_nft_explain(struct ezlb_err *err, int rc, int refused);
