/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netfilter: access to the kernel's packet filters for snat and firewall: the iptables lock, and
 * requests to nf_tables. Legacy tables are in xtables.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/err.h>
#include <ezlb/netlink.h>

/* --- the iptables lock ----------------------------------------------------------------------- */
/*
 * Every iptables command holds it while it reads and writes a table. When a table is replaced, the
 * kernel compares only the number of entries, so changes get lost without the lock.
 * Source: iptables, iptables/xshared.c.
 */

#define EZLB_XTABLES_LOCK_LIMIT_MS 2000
#define EZLB_XTABLES_LOCK_STEP_MS  20

/* $XTABLES_LOCKFILE or /run/xtables.lock, like iptables 1.8.8 and newer. */
const char *ezlb_xtables_lock_path(void);

/*
 * Returns a descriptor that holds the lock until it is closed, or -errno: -EAGAIN if another
 * program still holds the lock after limit_ms. Tries every step_ms.
 */
int ezlb_xtables_lock(const char *path, unsigned limit_ms, unsigned step_ms, struct ezlb_err *err);

/*
 * The same for a layer, which runs on the event loop: waits up to EZLB_XTABLES_LOCK_LIMIT_MS. If
 * that fails (*missed), later calls try once without waiting, until one gets the lock. Waiting
 * every time would block the loop while another program keeps the lock, and health probes would
 * time out.
 */
int ezlb_xtables_lock_once(bool *missed, struct ezlb_err *err);

/* --- nf_tables: is it loaded? ---------------------------------------------------------------- */
/* Found in files: a netlink request would load the module (nfnetlink_rcv_msg() in nfnetlink.c). */

/* The files to read; the strings are borrowed. */
struct ezlb_nft_signs {
	const char *module;  /* exists while the module is loaded */
	const char *builtin; /* lists the modules built into the kernel; may be missing */
	const char *symbols; /* lists the kernel's functions; read if `builtin` is missing */
};

bool ezlb_nft_is_loaded(const struct ezlb_nft_signs *signs);

/*
 * A built-in nf_tables is always available. True also if neither list can be read: then only a
 * request can tell. The result never changes while the kernel runs. May take about 50 ms.
 */
bool ezlb_nft_is_builtin(const struct ezlb_nft_signs *signs);

/* Both, with the second result cached: whether a request to nf_tables would load no module. */
struct ezlb_nft_presence {
	const struct ezlb_nft_signs *signs;
	bool builtin, builtin_known;
};
bool ezlb_nft_is_present(struct ezlb_nft_presence *presence);

/* The files of the running kernel; the same pointer each time. */
const struct ezlb_nft_signs *ezlb_nft_kernel_signs(void);

/* --- nf_tables: requests --------------------------------------------------------------------- */

#define EZLB_NFT_TABLE	    "ezlb"	 /* the name of ezlb's own tables */
#define EZLB_GUARD_TABLE    "ezlb-guard" /* of guarded addresses; see snat.h */
#define EZLB_NFT_TIMEOUT_MS 5000

/* The running kernel. */
extern const struct ezlb_nl_source ezlb_nft_kernel;

/* Returns p, an object that libnftnl allocated; ends the process if it is NULL. */
void *ezlb_nft_must(void *p);

/* As ezlb_nl_msg_start, with the header of all nf_tables messages; `type` is an NFT_MSG_*. */
struct nlmsghdr *ezlb_nft_msg_start(struct ezlb_nl_buf *buf, uint16_t type, uint8_t family,
				    uint16_t flags);

/*
 * The messages between the two are one transaction. The kernel rejects it (-ERESTART) if its
 * ruleset is no longer of generation `gen`. It answers the last message when all is done.
 */
void ezlb_nft_put_begin(struct ezlb_nl_buf *buf, uint32_t gen);
void ezlb_nft_put_commit(struct ezlb_nl_buf *buf);

/* --- nf_tables: answers ---------------------------------------------------------------------- */

struct nftnl_chain;
struct nftnl_rule;
struct nftnl_set;
struct nftnl_table;

/*
 * As libnftnl's functions that parse a message, which end the process if an attribute is not as
 * they expect. -EBADMSG: the message is damaged. -EOPNOTSUPP: it has something that libnftnl does
 * not know; *out may have a part of it. Of expressions that ezlb does not use only the name is
 * read, of sets and elements not the user data.
 */
int ezlb_nft_parse_table(const struct nlmsghdr *msg, struct nftnl_table *out);
int ezlb_nft_parse_chain(const struct nlmsghdr *msg, struct nftnl_chain *out);
int ezlb_nft_parse_rule(const struct nlmsghdr *msg, struct nftnl_rule *out);
int ezlb_nft_parse_set(const struct nlmsghdr *msg, struct nftnl_set *out);
int ezlb_nft_parse_elems(const struct nlmsghdr *msg, struct nftnl_set *out);

/* --- nf_tables: conversations ---------------------------------------------------------------- */
/* All return 0 or -errno, as those of netlink.h. */

/* Reads the generation of the ruleset; -ENOPROTOOPT if the kernel has no nf_tables. */
int ezlb_nft_gen(struct ezlb_nl *nl, uint32_t *gen);

/*
 * Calls fn, which replaces what it read before, until the ruleset has not changed meanwhile:
 * only then the answers to several requests belong together. Sets *gen to the generation. Tries
 * four times within about 150 ms, then returns -EAGAIN or -EINTR.
 */
int ezlb_nft_read(struct ezlb_nl *nl, int (*fn)(void *arg), void *arg, uint32_t *gen);

/*
 * Sends one transaction, from put_begin to put_commit. *rejected is the NFT_MSG_* of the first
 * message that the kernel rejects, or -1 if the error belongs to no single message.
 */
int ezlb_nft_commit(struct ezlb_nl *nl, struct ezlb_nl_buf *batch, int *rejected);

/*
 * Calls fn, which reads, and commits what it makes of that, until no other program has changed the
 * ruleset in between. Tries three times, then returns -EAGAIN.
 */
int ezlb_nft_change(int (*fn)(void *arg), void *arg);

/*
 * Sets the error text for `rc` and returns rc. `rejected` is from commit, else -1; the text says
 * that the rejected message changes ezlb's own table.
 */
int ezlb_nft_explain(struct ezlb_err *err, int rc, int rejected);
