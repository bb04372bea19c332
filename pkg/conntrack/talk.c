// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include <ezlb/datagram.h>
#include <ezlb/duration.h>
#include <ezlb/mem.h>

/* The kernel never makes a piece of a dump larger than 32 KiB. */
#define RECEIVE_BYTES (64 * 1024)
#define TIMEOUT_MS    5000
#define FINISHED      1

struct ezlb_ct_talk {
	int fd;
	uint32_t seq; /* of the question that is being answered */
	uint64_t deadline;
	bool interrupted; /* the kernel says that this dump is not of one moment */
	int code;	  /* what came of the question */
	_Alignas(struct nlmsghdr) unsigned char in[RECEIVE_BYTES];
};

static int send_question(const struct ezlb_ct_talk *talk, const struct nlmsghdr *question)
{
	ssize_t n;

	do {
		n = send(talk->fd, question, question->nlmsg_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ENOBUFS : -errno;
	return (size_t)n == question->nlmsg_len ? 0 : -EIO;
}

/* The last message of an answer: its code into talk->code. */
static int finish(struct ezlb_ct_talk *talk, const struct nlmsghdr *msg)
{
	if (mnl_nlmsg_get_payload_len(msg) < sizeof(talk->code))
		return -EBADMSG;
	memcpy(&talk->code, mnl_nlmsg_get_payload(msg), sizeof(talk->code));
	return talk->code <= 0 ? FINISHED : -EBADMSG;
}

/* 0 to read on, FINISHED, or -errno where the answer is of no use. */
static int on_msg(struct ezlb_ct_talk *talk, const struct nlmsghdr *msg, ezlb_ct_msg_fn fn,
		  void *arg)
{
	if (msg->nlmsg_flags & NLM_F_DUMP_INTR)
		talk->interrupted = true;
	switch (msg->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		return finish(talk, msg);
	default:
		if (fn)
			fn(arg, msg);
		return 0;
	}
}

/* The messages of one datagram; those that do not answer the question are passed over. */
static int walk(struct ezlb_ct_talk *talk, size_t len, ezlb_ct_msg_fn fn, void *arg)
{
	const struct nlmsghdr *msg = (const void *)talk->in;
	int left = (int)len, rc = 0;

	while (rc == 0 && left > 0) {
		if (!mnl_nlmsg_ok(msg, left))
			return -EBADMSG;
		if (msg->nlmsg_seq == talk->seq)
			rc = on_msg(talk, msg, fn, arg);
		msg = mnl_nlmsg_next(msg, &left);
	}
	return rc;
}

int ezlb_ct_ask(struct ezlb_ct_talk *talk, struct nlmsghdr *question, ezlb_ct_msg_fn fn, void *arg)
{
	int rc;

	talk->interrupted = false;
	question->nlmsg_seq = ++talk->seq;
	rc = send_question(talk, question);
	while (rc == 0) {
		/* A dump can be endless without a moment of waiting. */
		ssize_t n = ezlb_now_ms() >= talk->deadline ? -ETIMEDOUT : 0;

		if (n == 0)
			n = ezlb_datagram_receive(talk->fd, talk->deadline, talk->in,
						  sizeof(talk->in));
		rc = n < 0 ? (int)n : walk(talk, (size_t)n, fn, arg);
	}
	if (rc != FINISHED)
		return rc;
	return talk->code == 0 && talk->interrupted ? -EINTR : talk->code;
}

/* --- opening ------------------------------------------------------------------------------- */

static int kernel_socket(void *arg)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	(void)arg;
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
		int rc = -errno;

		ezlb_close_fd(&fd);
		return rc;
	}
	return fd;
}

const struct ezlb_ct_source ezlb_ct_kernel = { .socket = kernel_socket, .timeout_ms = TIMEOUT_MS };

int ezlb_ct_talk_new(const struct ezlb_ct_source *source, struct ezlb_ct_talk **out)
{
	struct ezlb_ct_talk *talk;
	int fd = source->socket(source->arg);

	*out = NULL;
	if (fd < 0)
		return fd;
	talk = ezlb_calloc(1, sizeof(*talk));
	talk->fd = fd;
	talk->deadline = ezlb_now_ms() + source->timeout_ms;
	*out = talk;
	return 0;
}

void ezlb_ct_talk_free(struct ezlb_ct_talk *talk)
{
	if (!talk)
		return;
	ezlb_close_fd(&talk->fd);
	free(talk);
}
