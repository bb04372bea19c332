/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netfilter: how to talk to the two packet filters of the kernel, whatever is said: the lock of
 * iptables, requests to nf_tables and the socket that they go through; legacy tables are in
 * xtables.h. What rules say is for snat and firewall.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ezlb/err.h>

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
/* As bytes, one behind the other: what is sent in one go. Who sends them gives them numbers. */

#define EZLB_NFT_TABLE "ezlb" /* our own, by name */

/* The caller owns it and frees it with ezlb_nft_buf_clear; the zero value is empty. */
struct ezlb_nft_buf {
	unsigned char *items;
	size_t len, cap;
	size_t last; /* where the last message begins */
};
#define EZLB_NFT_AUTO_BUF __attribute__((cleanup(ezlb_nft_buf_clear)))
void ezlb_nft_buf_clear(struct ezlb_nft_buf *buf);

/*
 * A message without attributes; there is room for 64 KiB of them behind it. The end makes it part
 * of the buffer. `type` is an NFT_MSG_*.
 */
struct nlmsghdr *ezlb_nft_msg_start(struct ezlb_nft_buf *buf, uint16_t type, uint8_t family,
				    uint16_t flags);
void ezlb_nft_msg_end(struct ezlb_nft_buf *buf);

/*
 * What is between the two is one transaction, which the kernel refuses (-ERESTART) where its
 * ruleset is not of generation `gen` any more. The last message in it is answered when all is done.
 */
void ezlb_nft_put_begin(struct ezlb_nft_buf *buf, uint32_t gen);
void ezlb_nft_put_commit(struct ezlb_nft_buf *buf);

/* Asks for the generation. */
void ezlb_nft_put_getgen(struct ezlb_nft_buf *buf);

/* --- nf_tables: conversations ---------------------------------------------------------------- */
/*
 * Over one socket. Knows sequence numbers, answers and deadlines; what the messages say is for
 * others. All return 0 or -errno: the kernel's own answer, or -ETIMEDOUT, -ENOBUFS (answers were
 * lost), -EBADMSG (an answer is damaged).
 *
 * A conversation that breaks closes the socket and the next one opens another, so nothing of the
 * old one can be taken for an answer to the new.
 */

#define EZLB_NFT_TIMEOUT_MS 5000

/* Where the socket comes from: the kernel, or a test. */
struct ezlb_nft_source {
	int (*socket)(void *arg); /* a connected socket, or -errno */
	void *arg;
	unsigned timeout_ms;
};
extern const struct ezlb_nft_source ezlb_nft_kernel;

struct ezlb_nft_nl;

struct ezlb_nft_nl *ezlb_nft_nl_new(const struct ezlb_nft_source *source);
void ezlb_nft_nl_free(struct ezlb_nft_nl *nl);

/* Starts the clock of one call, of however many conversations. */
void ezlb_nft_nl_begin(struct ezlb_nft_nl *nl);

/* One message of the answer; anything but 0 ends the conversation with that. */
typedef int (*ezlb_nft_msg_fn)(void *arg, const struct nlmsghdr *msg);

/* Sends one question. -EINTR where a dump is not of one moment. */
int ezlb_nft_nl_ask(struct ezlb_nft_nl *nl, struct ezlb_nft_buf *question, ezlb_nft_msg_fn fn,
		    void *arg);

/* The generation of the ruleset; -ENOPROTOOPT where the kernel has no nf_tables. */
int ezlb_nft_nl_gen(struct ezlb_nft_nl *nl, uint32_t *gen);

/*
 * Sends one transaction, from put_begin to put_commit. Of several messages that the kernel refuses
 * the first one counts: *refused is its NFT_MSG_*, or -1 where it is none of them in particular.
 */
int ezlb_nft_nl_commit(struct ezlb_nft_nl *nl, struct ezlb_nft_buf *batch, int *refused);

/*
 * Sets the error: what `rc` means, `refused` as from commit, else -1. Returns rc. What was refused
 * is taken to be a part of ezlb's own table.
 */
int ezlb_nft_explain(struct ezlb_err *err, int rc, int refused);
