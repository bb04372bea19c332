/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink: sends requests to the kernel over one netlink socket and receives the answers. Handles
 * sequence numbers, deadlines, errors, acknowledgements and dumps; callers handle the contents of
 * messages.
 *
 * All functions that return an int return 0 or -errno. Beside the kernel's own errors these are
 * -ETIMEDOUT, -ENOBUFS (answers were lost), -EBADMSG (an answer is damaged) and -EINTR (the table
 * changed during the dump).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ezlb/err.h>

/* --- requests -------------------------------------------------------------------------------- */

/* Consecutive messages that are sent in one call. The zero value is empty. */
struct ezlb_nl_buf {
	unsigned char *items; /* owned by the caller; free with ezlb_nl_buf_clear */
	size_t len, cap;
	size_t last; /* offset of the last message */
};
#define EZLB_NL_AUTO_BUF __attribute__((cleanup(ezlb_nl_buf_clear)))
void ezlb_nl_buf_clear(struct ezlb_nl_buf *buf);

/*
 * Starts a message with NLM_F_REQUEST and `flags`, and room for 64 KiB of contents. The pointer is
 * valid until ezlb_nl_msg_end, which adds the message to the buffer.
 */
struct nlmsghdr *ezlb_nl_msg_start(struct ezlb_nl_buf *buf, uint16_t type, uint16_t flags);
void ezlb_nl_msg_end(struct ezlb_nl_buf *buf);

/* Appends a copy of a finished message of at most 64 KiB. */
void ezlb_nl_put(struct ezlb_nl_buf *buf, const struct nlmsghdr *msg);

/* Requests an answer to the last message even if it succeeds. */
void ezlb_nl_ack_last(struct ezlb_nl_buf *buf);

/* --- conversations --------------------------------------------------------------------------- */

/* How to open the socket. */
struct ezlb_nl_source {
	int protocol; /* NETLINK_* */
	unsigned timeout_ms;
	/*
	 * false: an answer that has arrived is accepted after the deadline too, because that needs
	 * no waiting. true: nothing is accepted after the deadline. For dumps that could go on
	 * forever.
	 */
	bool strict;
	int receive_bytes;	  /* the size of the receive buffer; 0: the system's default */
	int (*socket)(void *arg); /* for tests: a socket or -errno; else NULL */
	void *arg;
};

/*
 * Opens a socket that is connected to the kernel, so that the kernel rejects messages from other
 * processes. Returns it or -errno.
 */
int ezlb_nl_socket(int protocol, int receive_bytes);

/*
 * A socket that is opened at first use. If a conversation fails (no answer, answers lost or
 * damaged), the socket is closed and the next conversation opens a new one, so that a late answer
 * to an old request cannot be taken for an answer to a new request.
 */
struct ezlb_nl;

struct ezlb_nl *ezlb_nl_new(const struct ezlb_nl_source *source); /* copies *source */
void ezlb_nl_free(struct ezlb_nl *nl);				  /* NULL is fine */

/* Sets the deadline: all calls until the next ezlb_nl_begin have timeout_ms together. */
void ezlb_nl_begin(struct ezlb_nl *nl);

/*
 * Handles one message of an answer. A result other than 0 aborts the conversation and becomes its
 * result.
 */
typedef int (*ezlb_nl_msg_fn)(void *arg, const struct nlmsghdr *msg);

/*
 * Sends one request, which has NLM_F_ACK or NLM_F_DUMP, and passes each message of the answer to fn
 * (NULL: ignores them). -EINTR: the messages that fn got may not be a consistent dump.
 */
int ezlb_nl_ask(struct ezlb_nl *nl, struct ezlb_nl_buf *request, ezlb_nl_msg_fn fn, void *arg);

/* As ezlb_nl_msg_fn, for a message of the answer to the i-th request. */
typedef int (*ezlb_nl_part_fn)(void *arg, size_t i, const struct nlmsghdr *msg);

/*
 * Sends several requests that read, none of them a dump, in one call, and passes each message of
 * the answers to fn. The last request has NLM_F_ACK. A request that the kernel rejects has no
 * message, which is no failure. The answers must fit into the receive buffer of the socket.
 */
int ezlb_nl_ask_many(struct ezlb_nl *nl, struct ezlb_nl_buf *requests, ezlb_nl_part_fn fn,
		     void *arg);

/*
 * Handles the kernel's answer to the i-th request: 0 or -errno. Returns true if the kernel will not
 * answer the other requests.
 */
typedef bool (*ezlb_nl_answer_fn)(void *arg, size_t i, int code);

/*
 * Sends all requests in one call and returns when the last one with NLM_F_ACK is answered. The
 * kernel answers the others only if they fail. -errno: the conversation failed, and the result of
 * each request without an answer is unknown.
 */
int ezlb_nl_tell(struct ezlb_nl *nl, struct ezlb_nl_buf *requests, ezlb_nl_answer_fn fn, void *arg);

/*
 * As ezlb_nl_tell, for requests that have messages as their answers: passes these to fn, in the
 * order of the requests. The kernel keeps the answers to all requests until they are received, so
 * the receive buffer must have room for them.
 */
int ezlb_nl_ask_each(struct ezlb_nl *nl, struct ezlb_nl_buf *requests, ezlb_nl_msg_fn fn,
		     ezlb_nl_answer_fn answer, void *arg);

/*
 * Sets the error message for rc, a result of the above. `what` names the part of the kernel, for
 * example "IPVS". Returns rc.
 */
int ezlb_nl_explain(struct ezlb_err *err, int rc, const char *what);

/* --- answers --------------------------------------------------------------------------------- */

/*
 * True if the message is within the `left` bytes at its begin. In place of mnl_nlmsg_ok, which
 * (libmnl 1.0.4) takes a length of 2 GiB and more for negative and accepts it.
 */
bool ezlb_nl_msg_is_whole(const struct nlmsghdr *msg, int left);

#define EZLB_NL_ATTRS 64

/* Attributes by type; types from EZLB_NL_ATTRS on are ignored. */
struct ezlb_nl_attrs {
	const struct nlattr *at[EZLB_NL_ATTRS]; /* points into the message; NULL: missing */
};

/*
 * Read the attributes of a message, which follow the `head` bytes of its type's header, or those
 * nested in an attribute. -EBADMSG if the message is shorter than the header, or an attribute
 * extends beyond its end.
 */
int ezlb_nl_attrs_read(const struct nlmsghdr *msg, size_t head, struct ezlb_nl_attrs *out);
int ezlb_nl_attrs_nested(const struct nlattr *attr, struct ezlb_nl_attrs *out);

/* "" if the attribute is missing or has no NUL at its end. */
const char *ezlb_nl_attrs_str(const struct ezlb_nl_attrs *attrs, int type);
