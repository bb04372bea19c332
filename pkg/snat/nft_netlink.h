/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_netlink: conversations with nf_tables over one socket. Knows sequence numbers, answers and
 * deadlines; what the messages say is for others. All return 0 or -errno: the kernel's own answer,
 * or -ETIMEDOUT, -ENOBUFS (answers were lost), -EBADMSG (an answer is damaged).
 *
 * A conversation that breaks closes the socket and the next one opens another, so nothing of the
 * old one can be taken for an answer to the new.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ezlb/err.h>

#include "nft_msg.h"

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

/* Sets the error: what `rc` means, `refused` as from commit, else -1. Returns rc. */
int ezlb_nft_explain(struct ezlb_err *err, int rc, int refused);
