/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * talk: questions to the kernel's conntrack over one socket, one at a time. Knows sequence numbers,
 * answers and the deadline, which is one for all of them; what the messages say is for others. A
 * question that got no proper answer leaves the socket of no use.
 */
#pragma once

#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ezlb/err.h>

/* Where the socket comes from: the kernel, or a test. */
struct ezlb_ct_source {
	int (*socket)(void *arg); /* a connected socket, or -errno */
	void *arg;
	unsigned timeout_ms;
};
extern const struct ezlb_ct_source ezlb_ct_kernel;

struct ezlb_ct_talk;

int ezlb_ct_talk_new(const struct ezlb_ct_source *source, struct ezlb_ct_talk **out);
void ezlb_ct_talk_free(struct ezlb_ct_talk *talk); /* NULL is fine */

/* One message of a dump. */
typedef void (*ezlb_ct_msg_fn)(void *arg, const struct nlmsghdr *msg);

/*
 * Returns 0, the kernel's own -errno, or: -EINTR where the dump is not of one moment, -ETIMEDOUT,
 * -ENOBUFS (answers were lost), -EBADMSG (an answer is damaged). fn may be NULL where no message
 * but the acknowledgement is awaited.
 */
int ezlb_ct_ask(struct ezlb_ct_talk *talk, struct nlmsghdr *question, ezlb_ct_msg_fn fn, void *arg);
