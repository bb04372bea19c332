/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink: requests to the kernel over one netlink socket, and its answers: sequence numbers,
 * waiting with a deadline, errors, acknowledgements and dumps. What the messages say is for others.
 *
 * All functions that return an int return 0 or -errno. Beside the kernel's own errors these are
 * -ETIMEDOUT, -ENOBUFS (answers were lost), -EBADMSG (an answer is damaged) and -EINTR (the table
 * changed while it was dumped).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ezlb/err.h>

/* --- requests -------------------------------------------------------------------------------- */

/* Messages one behind the other: what is sent in one call. The zero value is empty. */
struct ezlb_nl_buf {
	unsigned char *items; /* owned by the caller, who frees it with ezlb_nl_buf_clear */
	size_t len, cap;
	size_t last; /* where the last message begins */
};
#define EZLB_NL_AUTO_BUF __attribute__((cleanup(ezlb_nl_buf_clear)))
void ezlb_nl_buf_clear(struct ezlb_nl_buf *buf);

/*
 * A message with NLM_F_REQUEST and `flags` and without contents, with room for 64 KiB of them. The
 * pointer is valid until ezlb_nl_msg_end, which makes the message a part of the buffer.
 */
struct nlmsghdr *ezlb_nl_msg_start(struct ezlb_nl_buf *buf, uint16_t type, uint16_t flags);
void ezlb_nl_msg_end(struct ezlb_nl_buf *buf);

/* Appends a copy of a message, of at most 64 KiB, that was built elsewhere. */
void ezlb_nl_put(struct ezlb_nl_buf *buf, const struct nlmsghdr *msg);

/* The last message gets an answer also where it succeeds. */
void ezlb_nl_ack_last(struct ezlb_nl_buf *buf);

/* --- conversations --------------------------------------------------------------------------- */

/* Where the socket comes from. */
struct ezlb_nl_source {
	int protocol; /* NETLINK_* */
	unsigned timeout_ms;
	/*
	 * Past the deadline an answer that is already there is still taken, for that costs no
	 * waiting. Not where this is true: for dumps that could go on for ever.
	 */
	bool strict;
	int receive_bytes;	  /* the socket's buffer for answers; 0: the system's default */
	int (*socket)(void *arg); /* for a test: a connected socket, or -errno; else NULL */
	void *arg;
};

/* Connected to the kernel, so that it refuses what other processes would send us; or -errno. */
int ezlb_nl_socket(int protocol, int receive_bytes);

/*
 * A socket that is opened when it is first needed. A conversation that breaks (no answer, answers
 * lost or damaged) closes it and the next one opens another, so that a late answer to an old
 * request cannot be taken for one to a new request.
 */
struct ezlb_nl;

struct ezlb_nl *ezlb_nl_new(const struct ezlb_nl_source *source); /* copies *source */
void ezlb_nl_free(struct ezlb_nl *nl);				  /* NULL is fine */

/* Starts the clock: all that is asked until the next call has timeout_ms together. */
void ezlb_nl_begin(struct ezlb_nl *nl);

/* One message of an answer; anything but 0 breaks the conversation and is its result. */
typedef int (*ezlb_nl_msg_fn)(void *arg, const struct nlmsghdr *msg);

/*
 * Sends one request, which has NLM_F_ACK or NLM_F_DUMP, and passes each message of the answer to fn
 * (NULL: nobody wants them). -EINTR: fn got messages, but not all of one moment.
 */
int ezlb_nl_ask(struct ezlb_nl *nl, struct ezlb_nl_buf *request, ezlb_nl_msg_fn fn, void *arg);

/*
 * What the kernel says of the i-th request: 0 or -errno. Returns true where the kernel will say no
 * more of the others.
 */
typedef bool (*ezlb_nl_verdict_fn)(void *arg, size_t i, int code);

/*
 * Sends all requests in one call and returns when the last one with NLM_F_ACK is answered. Of the
 * others the kernel answers those that fail. -errno: the conversation broke, and nobody knows what
 * became of the requests without a verdict.
 */
int ezlb_nl_tell(struct ezlb_nl *nl, struct ezlb_nl_buf *requests, ezlb_nl_verdict_fn fn,
		 void *arg);

/*
 * Sets the error to a sentence for rc, a result of the above; `what` is the part of the kernel that
 * was asked, for example "IPVS". Returns rc.
 */
int ezlb_nl_explain(struct ezlb_err *err, int rc, const char *what);

/* --- answers --------------------------------------------------------------------------------- */

#define EZLB_NL_ATTRS 64

/* Attributes by their type; those of a higher type are left out. */
struct ezlb_nl_attrs {
	const struct nlattr *at[EZLB_NL_ATTRS]; /* in the message; NULL where there is none */
};

/*
 * The attributes of a message, which follow the `head` bytes of its type's own header; and those
 * inside an attribute. -EBADMSG where the message is shorter than that header, or has an attribute
 * that ends behind it.
 */
int ezlb_nl_attrs_read(const struct nlmsghdr *msg, size_t head, struct ezlb_nl_attrs *out);
int ezlb_nl_attrs_nested(const struct nlattr *attr, struct ezlb_nl_attrs *out);

/* "" where there is none, or none that ends. */
const char *ezlb_nl_attrs_str(const struct ezlb_nl_attrs *attrs, int type);
