// SPDX-License-Identifier: GPL-2.0-or-later
/* talk: sends requests and receives the answers. */
#include <ezlb/netlink.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/datagram.h>
#include <ezlb/duration.h>
#include <ezlb/mem.h>

/* The kernel sends dumps in pieces of at most 32 KiB. */
#define RECEIVE_BYTES (64 * 1024)
#define FINISHED      1

struct ezlb_nl {
	struct ezlb_nl_source source;
	int fd;	      /* -1: the next conversation opens a socket */
	uint32_t seq; /* the last one used */
	uint64_t deadline;
	_Alignas(struct nlmsghdr) unsigned char in[RECEIVE_BYTES];
};

/* The requests of a conversation and the handlers of the answers. */
struct talk {
	uint32_t first, n;     /* sequence number of the first request, and how many there are */
	uint32_t end;	       /* the conversation ends with the answer to this one */
	ezlb_nl_msg_fn on_msg; /* with arg; may be NULL */
	ezlb_nl_part_fn on_part;
	ezlb_nl_answer_fn on_answer;
	void *arg;
	bool interrupted; /* the kernel reports an inconsistent dump */
	int code;	  /* the result of the last answer */
};

/* --- sending --------------------------------------------------------------------------------- */

/* Sets the sequence numbers of the requests. */
static void number(struct ezlb_nl *nl, const struct ezlb_nl_buf *out, struct talk *talk)
{
	talk->first = nl->seq + 1;
	for (size_t at = 0; at < out->len; talk->n++) {
		struct nlmsghdr *msg = (void *)(out->items + at);

		msg->nlmsg_seq = ++nl->seq;
		if (msg->nlmsg_flags & NLM_F_ACK)
			talk->end = talk->n;
		at += MNL_ALIGN(msg->nlmsg_len);
	}
}

#define SMALL 2048 /* no socket has a send buffer that is too small for it */

/* The kernel rejects (EMSGSIZE) a send that is larger than the socket's send buffer. */
static void fit_buffer(int fd, size_t len)
{
	int size = (int)len, now = 0;
	socklen_t room = sizeof(now);

	if (len <= SMALL)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &now, &room) == 0 && now / 2 >= size)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static int send_all(const struct ezlb_nl *nl, const struct ezlb_nl_buf *out)
{
	ssize_t n;

	fit_buffer(nl->fd, out->len);
	do {
		n = send(nl->fd, out->items, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ENOBUFS : -errno;
	return (size_t)n == out->len ? 0 : -EIO;
}

/* --- receiving ------------------------------------------------------------------------------- */

/* Handles a message of type ERROR or DONE: the answer to the i-th request. */
static int on_answer(struct talk *talk, uint32_t i, const struct nlmsghdr *msg)
{
	bool last = i == talk->end;
	int code;

	if (mnl_nlmsg_get_payload_len(msg) < sizeof(code))
		return -EBADMSG;
	memcpy(&code, mnl_nlmsg_get_payload(msg), sizeof(code));
	/* MAX_ERRNO of linux/err.h */
	if (code > 0 || code < -4095)
		return -EBADMSG;
	talk->code = code;
	if (talk->on_answer && talk->on_answer(talk->arg, i, code))
		last = true;
	return last ? FINISHED : 0;
}

/* Returns 0 to continue, FINISHED, or -errno to abort the conversation. */
static int on_msg(struct talk *talk, const struct nlmsghdr *msg)
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
		return on_answer(talk, msg->nlmsg_seq - talk->first, msg);
	default:
		if (talk->on_part)
			return talk->on_part(talk->arg, msg->nlmsg_seq - talk->first, msg);
		return talk->on_msg ? talk->on_msg(talk->arg, msg) : 0;
	}
}

/* Handles the messages of one datagram; skips messages that answer none of our requests. */
static int walk(const struct ezlb_nl *nl, size_t len, struct talk *talk)
{
	const struct nlmsghdr *msg = (const void *)nl->in;
	int left = (int)len, rc = 0;

	while (rc == 0 && left > 0) {
		if (!ezlb_nl_msg_is_whole(msg, left))
			return -EBADMSG;
		if (msg->nlmsg_seq - talk->first < talk->n)
			rc = on_msg(talk, msg);
		msg = mnl_nlmsg_next(msg, &left);
	}
	return rc;
}

/* Returns like on_msg. */
static int receive(struct ezlb_nl *nl, struct talk *talk)
{
	ssize_t n;

	if (nl->source.strict && ezlb_now_ms() >= nl->deadline)
		return -ETIMEDOUT;
	n = ezlb_datagram_receive(nl->fd, nl->deadline, nl->in, sizeof(nl->in));
	return n < 0 ? (int)n : walk(nl, (size_t)n, talk);
}

/* --- conversations --------------------------------------------------------------------------- */

static int open_socket(struct ezlb_nl *nl)
{
	const struct ezlb_nl_source *source = &nl->source;

	if (nl->fd < 0)
		nl->fd = source->socket ? source->socket(source->arg)
					: ezlb_nl_socket(source->protocol, source->receive_bytes);
	return nl->fd < 0 ? nl->fd : 0;
}

/* On -errno the socket is closed, and the result of the requests is unknown. */
static int converse(struct ezlb_nl *nl, const struct ezlb_nl_buf *out, struct talk *talk)
{
	int rc = open_socket(nl);

	if (rc)
		return rc;
	number(nl, out, talk);
	rc = send_all(nl, out);
	while (rc == 0)
		rc = receive(nl, talk);
	if (rc == FINISHED)
		return 0;
	ezlb_close_fd(&nl->fd);
	return rc;
}

int ezlb_nl_ask(struct ezlb_nl *nl, struct ezlb_nl_buf *request, ezlb_nl_msg_fn fn, void *arg)
{
	struct talk talk = { .on_msg = fn, .arg = arg };
	int rc = converse(nl, request, &talk);

	if (rc)
		return rc;
	return talk.code == 0 && talk.interrupted ? -EINTR : talk.code;
}

int ezlb_nl_ask_many(struct ezlb_nl *nl, struct ezlb_nl_buf *requests, ezlb_nl_part_fn fn,
		     void *arg)
{
	struct talk talk = { .on_part = fn, .arg = arg };

	return converse(nl, requests, &talk);
}

int ezlb_nl_tell(struct ezlb_nl *nl, struct ezlb_nl_buf *requests, ezlb_nl_answer_fn fn, void *arg)
{
	struct talk talk = { .on_answer = fn, .arg = arg };

	return converse(nl, requests, &talk);
}

int ezlb_nl_ask_each(struct ezlb_nl *nl, struct ezlb_nl_buf *requests, ezlb_nl_msg_fn fn,
		     ezlb_nl_answer_fn answer, void *arg)
{
	struct talk talk = { .on_msg = fn, .on_answer = answer, .arg = arg };

	return converse(nl, requests, &talk);
}

/* --- lifetime -------------------------------------------------------------------------------- */

struct ezlb_nl *ezlb_nl_new(const struct ezlb_nl_source *source)
{
	struct ezlb_nl *nl = ezlb_calloc(1, sizeof(*nl));

	nl->source = *source;
	nl->fd = -1;
	ezlb_nl_begin(nl);
	return nl;
}

void ezlb_nl_free(struct ezlb_nl *nl)
{
	if (!nl)
		return;
	ezlb_close_fd(&nl->fd);
	free(nl);
}

void ezlb_nl_begin(struct ezlb_nl *nl)
{
	nl->deadline = ezlb_now_ms() + nl->source.timeout_ms;
}
