// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/datagram.h>
#include <ezlb/duration.h>
#include <ezlb/mem.h>

#include "codec.h"

/* The kernel never makes a piece of a dump larger than 32 KiB. */
#define RECEIVE_BYTES (64 * 1024)
#define FINISHED      1

struct ezlb_ipvs_nl {
	struct ezlb_ipvs_source source;
	int fd;		 /* -1: the next conversation opens one */
	uint16_t family; /* 0: the next call resolves it */
	uint32_t seq;	 /* the last one used */
	uint64_t deadline;
	struct ezlb_ipvs_buf out;
	unsigned char in[RECEIVE_BYTES];
};

/* One or more requests and what is to be done with each message that answers one of them. */
struct talk {
	uint32_t first; /* sequence number of the first request */
	size_t n;	/* requests */
	/* 0 to read on, FINISHED, or -errno where the conversation is broken. */
	int (*on_msg)(struct talk *talk, const struct nlmsghdr *head, const unsigned char *msg);
	struct ezlb_op *const *ops; /* of an apply */
	ezlb_ipvs_msg_fn fn;	    /* of a dump, with arg */
	void *arg;
	bool changed; /* the kernel says that the dump is not of one moment */
	int rc;	      /* what came of a dump */
};

/* --- errors -------------------------------------------------------------------------------- */

/* The sentence for what goes wrong with IPVS as a whole. */
static int explain(struct ezlb_err *err, int rc)
{
	switch (rc) {
	case -ENOENT:
		return ezlb_err_set(err, ENOENT,
				    "the kernel module ip_vs is not loaded: run 'modprobe ip_vs' "
				    "as root (in Kubernetes: on the node)");
	case -EPERM:
		return ezlb_err_set(err, EPERM,
				    "not allowed to use IPVS: it needs CAP_NET_ADMIN, run ezlb as "
				    "root (in Kubernetes: add NET_ADMIN to the container)");
	case -ETIMEDOUT:
		return ezlb_err_set(err, ETIMEDOUT, "the kernel's IPVS did not answer in time");
	case -ENOBUFS:
		return ezlb_err_set(err, ENOBUFS, "answers of the kernel's IPVS were lost");
	case -EBADMSG:
		return ezlb_err_set(err, EBADMSG, "an answer of the kernel's IPVS is damaged");
	case -EAGAIN:
		return ezlb_err_set(err, EAGAIN, "the IPVS table changed while it was read");
	default:
		return ezlb_err_sys(err, -rc, "cannot talk to the kernel's IPVS");
	}
}

/* --- family and socket --------------------------------------------------------------------- */

static int resolve(struct ezlb_ipvs_nl *nl, bool load, struct ezlb_err *err)
{
	int rc;

	nl->family = 0;
	rc = nl->source.resolve(nl->source.arg, load, &nl->family, err);
	return rc == -ENOENT || rc == -EPERM ? explain(err, rc) : rc;
}

/* What a message gets for an answer when no family has its id, or one that has fewer commands. */
static bool stale_sign(int rc)
{
	return rc == -ENOENT || rc == -EOPNOTSUPP;
}

/* FINISHED where the id has changed since it was last resolved, so that trying again makes sense.
 */
static int relearn(struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
{
	uint16_t old = nl->family;
	int rc = resolve(nl, false, err);

	if (rc)
		return rc;
	return nl->family != old ? FINISHED : 0;
}

/* --- one conversation ---------------------------------------------------------------------- */

static int send_all(const struct ezlb_ipvs_nl *nl)
{
	struct iovec iov = { .iov_base = nl->out.items, .iov_len = nl->out.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do {
		n = sendmsg(nl->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ENOBUFS : -errno;
	return (size_t)n == nl->out.len ? 0 : -EIO;
}

/* Hands the messages of one datagram on; those that answer none of our requests are passed over. */
static int walk(struct ezlb_ipvs_nl *nl, size_t len, struct talk *talk)
{
	const unsigned char *p = nl->in;
	struct nlmsghdr head;

	while (len > 0) {
		size_t step;
		int rc = 0;

		if (len < sizeof(head))
			return -EBADMSG;
		memcpy(&head, p, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > len)
			return -EBADMSG;
		if (head.nlmsg_seq - talk->first < talk->n)
			rc = talk->on_msg(talk, &head, p);
		if (rc)
			return rc;
		step = NLMSG_ALIGN(head.nlmsg_len);
		if (step > len)
			step = len;
		p += step;
		len -= step;
	}
	return 0;
}

/* Sends nl->out. -errno: it is unknown what became of the requests, and the socket is gone. */
static int converse(struct ezlb_ipvs_nl *nl, struct talk *talk, struct ezlb_err *err)
{
	int rc;

	if (nl->fd < 0)
		nl->fd = nl->source.socket(nl->source.arg, err);
	if (nl->fd < 0)
		return nl->fd;
	rc = send_all(nl);
	while (rc == 0) {
		ssize_t n = ezlb_datagram_receive(nl->fd, nl->deadline, nl->in, sizeof(nl->in));

		rc = n < 0 ? (int)n : walk(nl, (size_t)n, talk);
	}
	if (rc == FINISHED)
		return 0;
	ezlb_close_fd(&nl->fd);
	return explain(err, rc);
}

/* The error in a message of type ERROR or DONE: 0 or -errno, in *code. */
static int get_code(const struct nlmsghdr *head, const unsigned char *msg, int *code)
{
	if (head->nlmsg_len < NLMSG_LENGTH(sizeof(*code)))
		return -EBADMSG;
	memcpy(code, msg + NLMSG_HDRLEN, sizeof(*code));
	return *code <= 0 ? 0 : -EBADMSG;
}

static struct talk talk_start(struct ezlb_ipvs_nl *nl)
{
	nl->out.len = 0;
	return (struct talk){ .first = nl->seq + 1, .n = 1 };
}

static struct ezlb_ipvs_head next_head(struct ezlb_ipvs_nl *nl)
{
	return (struct ezlb_ipvs_head){ .family = nl->family, .seq = ++nl->seq };
}

/* --- dump ---------------------------------------------------------------------------------- */

static int on_dump_msg(struct talk *talk, const struct nlmsghdr *head, const unsigned char *msg)
{
	if (head->nlmsg_flags & NLM_F_DUMP_INTR)
		talk->changed = true;
	switch (head->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		return get_code(head, msg, &talk->rc) ? -EBADMSG : FINISHED;
	default:
		return talk->fn(talk->arg, msg, head->nlmsg_len);
	}
}

static int dump_once(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		     ezlb_ipvs_msg_fn fn, void *arg, struct ezlb_err *err)
{
	struct talk talk = talk_start(nl);
	struct ezlb_ipvs_head head = next_head(nl);
	int rc;

	talk.on_msg = on_dump_msg;
	talk.fn = fn;
	talk.arg = arg;
	if (service)
		ezlb_ipvs_put_get_dests(&nl->out, &head, service);
	else
		ezlb_ipvs_put_get_services(&nl->out, &head);
	rc = converse(nl, &talk, err);
	if (rc)
		return rc;
	if (talk.rc == 0 && talk.changed)
		talk.rc = -EAGAIN;
	return talk.rc ? explain(err, talk.rc) : 0;
}

int ezlb_ipvs_nl_dump(struct ezlb_ipvs_nl *nl, const struct ezlb_service_key *service,
		      ezlb_ipvs_msg_fn fn, void *arg, struct ezlb_err *err)
{
	int rc = dump_once(nl, service, fn, arg, err);
	int fresh;

	if (!stale_sign(rc))
		return rc;
	fresh = relearn(nl, err);
	if (fresh == FINISHED)
		return dump_once(nl, service, fn, arg, err);
	return fresh ? fresh : rc;
}

/* --- apply --------------------------------------------------------------------------------- */

/* The answer to the last request, asked for with ACK, comes behind all the others' errors. */
static int on_answer(struct talk *talk, const struct nlmsghdr *head, const unsigned char *msg)
{
	size_t i = head->nlmsg_seq - talk->first;
	int code;

	if (head->nlmsg_type == NLMSG_OVERRUN)
		return -ENOBUFS;
	if (head->nlmsg_type != NLMSG_ERROR)
		return 0;
	if (get_code(head, msg, &code))
		return -EBADMSG;
	talk->ops[i]->rc = code;
	return i == talk->n - 1 ? FINISHED : 0;
}

/* Gives all ops that have no answer yet this one. */
static void settle(struct ezlb_op *const *ops, size_t n, int rc)
{
	for (size_t i = 0; i < n; i++) {
		if (ops[i]->rc == EZLB_PENDING)
			ops[i]->rc = rc;
	}
}

static int send_ops(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		    struct ezlb_err *err)
{
	struct talk talk = talk_start(nl);
	int rc;

	for (size_t i = 0; i < n; i++) {
		struct ezlb_ipvs_head head = next_head(nl);

		if (i == n - 1)
			head.flags = NLM_F_ACK;
		ezlb_ipvs_put_op(&nl->out, &head, ops[i]);
		ops[i]->rc = EZLB_PENDING;
	}
	talk.n = n;
	talk.on_msg = on_answer;
	talk.ops = ops;
	rc = converse(nl, &talk, err);
	settle(ops, n, rc);
	return rc;
}

static bool looks_stale(struct ezlb_op *const *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!stale_sign(ops[i]->rc))
			return false;
	}
	return true;
}

/* send_ops, and once more where the family turns out to have got another id. */
static int send_fresh(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		      struct ezlb_err *err)
{
	int rc = send_ops(nl, ops, n, err);

	if (rc || !looks_stale(ops, n))
		return rc;
	rc = relearn(nl, err);
	return rc == FINISHED ? send_ops(nl, ops, n, err) : rc;
}

int ezlb_ipvs_nl_apply(struct ezlb_ipvs_nl *nl, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		ops[i]->rc = EZLB_PENDING;
	/* With answers lost the ops of that send are in doubt, but the way is open for the rest. */
	for (size_t i = 0; i < n && (rc == 0 || rc == -ENOBUFS); i += EZLB_IPVS_SEND_OPS) {
		size_t room = n - i < EZLB_IPVS_SEND_OPS ? n - i : EZLB_IPVS_SEND_OPS;

		rc = send_fresh(nl, ops + i, room, err);
	}
	settle(ops, n, rc);
	for (size_t i = 0; i < n; i++) {
		if (ops[i]->rc != rc)
			return 0;
	}
	return rc;
}

/* --- opening ------------------------------------------------------------------------------- */

/* Resolving needs no right, so that alone does not tell whether we have it. */
static int probe(struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
{
	struct talk talk = talk_start(nl);
	struct ezlb_ipvs_head head = next_head(nl);
	struct ezlb_op answer = { .rc = 0 };
	struct ezlb_op *const op = &answer;
	int rc;

	head.flags = NLM_F_ACK;
	talk.on_msg = on_answer;
	talk.ops = &op;
	ezlb_ipvs_put_get_info(&nl->out, &head);
	rc = converse(nl, &talk, err);
	if (rc)
		return rc;
	return answer.rc ? explain(err, answer.rc) : 0;
}

int ezlb_ipvs_nl_open(const struct ezlb_ipvs_source *source, bool load, struct ezlb_ipvs_nl **out,
		      struct ezlb_err *err)
{
	struct ezlb_ipvs_nl *nl = ezlb_calloc(1, sizeof(*nl));
	int rc;

	nl->source = *source;
	nl->fd = -1;
	nl->deadline = ezlb_now_ms() + source->timeout_ms;
	rc = resolve(nl, load, err);
	if (rc == 0)
		rc = probe(nl, err);
	if (rc) {
		ezlb_ipvs_nl_close(nl);
		return rc;
	}
	*out = nl;
	return 0;
}

void ezlb_ipvs_nl_close(struct ezlb_ipvs_nl *nl)
{
	if (!nl)
		return;
	ezlb_close_fd(&nl->fd);
	EZLB_VEC_CLEAR(&nl->out);
	free(nl);
}

int ezlb_ipvs_nl_begin(struct ezlb_ipvs_nl *nl, struct ezlb_err *err)
{
	nl->deadline = ezlb_now_ms() + nl->source.timeout_ms;
	return nl->family ? 0 : resolve(nl, false, err);
}
