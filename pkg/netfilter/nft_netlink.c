// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <ezlb/datagram.h>
#include <ezlb/duration.h>
#include <ezlb/mem.h>
#include <ezlb/netfilter.h>

/* The kernel never makes a piece of a dump larger than 32 KiB. */
#define RECEIVE_BYTES (64 * 1024)
#define FINISHED      1
#define NONE	      (-1)

struct ezlb_nft_nl {
	struct ezlb_nft_source source;
	int fd;	      /* -1: the next conversation opens one */
	uint32_t seq; /* the last one used */
	uint64_t deadline;
	_Alignas(struct nlmsghdr) unsigned char in[RECEIVE_BYTES];
};

/* What was sent and what is to be done with each message that answers it. */
struct talk {
	uint32_t first, n; /* sequence number of the first message, and how many there are */
	/* 0 to read on, FINISHED, or -errno where the conversation is broken. */
	int (*on_msg)(struct talk *talk, const struct nlmsghdr *msg);
	ezlb_nft_msg_fn fn; /* of a question, with arg */
	void *arg;
	bool changed;	  /* the kernel says that the dump is not of one moment */
	int rc;		  /* what came of it */
	uint32_t refused; /* which message of a transaction rc is of */
};

/* --- one conversation ---------------------------------------------------------------------- */

/* Gives the messages their numbers; returns how many there are. */
static uint32_t number(struct ezlb_nft_nl *nl, struct ezlb_nft_buf *out)
{
	uint32_t n = 0;

	for (size_t at = 0; at < out->len; n++) {
		struct nlmsghdr *msg = (void *)(out->items + at);

		msg->nlmsg_seq = ++nl->seq;
		at += MNL_ALIGN(msg->nlmsg_len);
	}
	return n;
}

/* A transaction is one send, and the kernel takes none that is larger than the socket's buffer. */
static void fit_buffer(int fd, size_t len)
{
	int size = (int)len, now = 0;
	socklen_t room = sizeof(now);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &now, &room) == 0 && now / 2 >= size)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static int send_all(const struct ezlb_nft_nl *nl, const struct ezlb_nft_buf *out)
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

/* Hands the messages of one datagram on; those that answer none of ours are passed over. */
static int walk(const struct ezlb_nft_nl *nl, size_t len, struct talk *talk)
{
	const struct nlmsghdr *msg = (const void *)nl->in;
	int left = (int)len, rc = 0;

	while (rc == 0 && left > 0) {
		if (!mnl_nlmsg_ok(msg, left))
			return -EBADMSG;
		if (msg->nlmsg_seq - talk->first < talk->n)
			rc = talk->on_msg(talk, msg);
		msg = mnl_nlmsg_next(msg, &left);
	}
	return rc;
}

/* -errno: it is unknown what became of what was sent, and the socket is gone. */
static int converse(struct ezlb_nft_nl *nl, struct ezlb_nft_buf *out, struct talk *talk)
{
	int rc;

	if (nl->fd < 0)
		nl->fd = nl->source.socket(nl->source.arg);
	if (nl->fd < 0)
		return nl->fd;
	talk->first = nl->seq + 1;
	talk->n = number(nl, out);
	rc = send_all(nl, out);
	while (rc == 0) {
		ssize_t n = ezlb_datagram_receive(nl->fd, nl->deadline, nl->in, sizeof(nl->in));

		rc = n < 0 ? (int)n : walk(nl, (size_t)n, talk);
	}
	if (rc == FINISHED)
		return 0;
	ezlb_close_fd(&nl->fd);
	return rc;
}

/* The error in a message of type ERROR or DONE: 0 or -errno, in *code. */
static int get_code(const struct nlmsghdr *msg, int *code)
{
	if (mnl_nlmsg_get_payload_len(msg) < sizeof(*code))
		return -EBADMSG;
	memcpy(code, mnl_nlmsg_get_payload(msg), sizeof(*code));
	return *code <= 0 ? 0 : -EBADMSG;
}

/* --- questions ----------------------------------------------------------------------------- */

static int on_answer(struct talk *talk, const struct nlmsghdr *msg)
{
	if (msg->nlmsg_flags & NLM_F_DUMP_INTR)
		talk->changed = true;
	switch (msg->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		return get_code(msg, &talk->rc) ? -EBADMSG : FINISHED;
	default:
		return talk->fn(talk->arg, msg);
	}
}

int ezlb_nft_nl_ask(struct ezlb_nft_nl *nl, struct ezlb_nft_buf *question, ezlb_nft_msg_fn fn,
		    void *arg)
{
	struct talk talk = { .on_msg = on_answer, .fn = fn, .arg = arg };
	int rc = converse(nl, question, &talk);

	if (rc == 0 && talk.rc == 0 && talk.changed)
		return -EINTR;
	return rc ? rc : talk.rc;
}

static int on_gen_attr(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == NFTA_GEN_ID && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
		*(uint32_t *)arg = ntohl(mnl_attr_get_u32(attr));
	return MNL_CB_OK;
}

static int on_gen(void *arg, const struct nlmsghdr *msg)
{
	mnl_attr_parse(msg, sizeof(struct nfgenmsg), on_gen_attr, arg);
	return 0;
}

int ezlb_nft_nl_gen(struct ezlb_nft_nl *nl, uint32_t *gen)
{
	EZLB_NFT_AUTO_BUF struct ezlb_nft_buf buf = { .items = NULL };
	int rc;

	*gen = 0;
	ezlb_nft_put_getgen(&buf);
	rc = ezlb_nft_nl_ask(nl, &buf, on_gen, gen);
	/* What nfnetlink says for a subsystem that it does not have; the question is a right one.
	 */
	if (rc == -EINVAL || rc == -EOPNOTSUPP || rc == -EPROTONOSUPPORT)
		return -ENOPROTOOPT;
	return rc == 0 && *gen == 0 ? -EBADMSG : rc;
}

/* --- transactions -------------------------------------------------------------------------- */

/*
 * What is said of the begin is said of the whole, and is the end of it. Else the last message but
 * the commit is answered when all is done, behind the errors of those before it.
 */
static int on_verdict(struct talk *talk, const struct nlmsghdr *msg)
{
	uint32_t i = msg->nlmsg_seq - talk->first;
	int code;

	if (msg->nlmsg_type == NLMSG_OVERRUN)
		return -ENOBUFS;
	if (msg->nlmsg_type != NLMSG_ERROR)
		return 0;
	if (get_code(msg, &code))
		return -EBADMSG;
	if (code && (!talk->rc || i == 0)) {
		talk->rc = code;
		talk->refused = i;
	}
	return i == 0 || i + 2 == talk->n ? FINISHED : 0;
}

/* The NFT_MSG_* of the i-th message; NONE for the begin, which is none. */
static int type_of(const struct ezlb_nft_buf *batch, uint32_t i)
{
	const struct nlmsghdr *msg = (const void *)batch->items;

	if (i == 0)
		return NONE;
	for (size_t at = 0; i--; msg = (const void *)(batch->items + at))
		at += MNL_ALIGN(msg->nlmsg_len);
	return msg->nlmsg_type & 0xff;
}

int ezlb_nft_nl_commit(struct ezlb_nft_nl *nl, struct ezlb_nft_buf *batch, int *refused)
{
	struct talk talk = { .on_msg = on_verdict };
	int rc = converse(nl, batch, &talk);

	*refused = NONE;
	if (rc)
		return rc;
	if (talk.rc)
		*refused = type_of(batch, talk.refused);
	return talk.rc;
}

/* --- errors -------------------------------------------------------------------------------- */

static bool is_missing(int rc)
{
	return rc == -ENOENT || rc == -EOPNOTSUPP || rc == -EAFNOSUPPORT || rc == -EPROTONOSUPPORT;
}

static int explain_refused(struct ezlb_err *err, int rc, int refused)
{
	if (rc == -EPERM)
		return ezlb_err_set(err, EPERM,
				    "the table '" EZLB_NFT_TABLE "' of nf_tables belongs to "
				    "another program, which alone may change it: end that program");
	if (refused == NFT_MSG_NEWCHAIN && is_missing(rc))
		return ezlb_err_set(
			err, -rc,
			"this kernel lacks the module nft_chain_nat: run 'modprobe "
			"nft_chain_nat' as root, or run ezlb with --snat-backend iptables");
	if (refused == NFT_MSG_NEWRULE && is_missing(rc))
		return ezlb_err_set(
			err, -rc,
			"this kernel lacks one of the modules nft_ct, nft_nat, nft_masq: "
			"run 'modprobe -a nft_ct nft_nat nft_masq' as root, or run ezlb "
			"with --snat-backend iptables");
	return ezlb_err_sys(err, -rc,
			    "the kernel refuses a change of the table '" EZLB_NFT_TABLE
			    "' of nf_tables");
}

int ezlb_nft_explain(struct ezlb_err *err, int rc, int refused)
{
	if (refused != NONE)
		return explain_refused(err, rc, refused);
	switch (rc) {
	case -ENOPROTOOPT:
	case -EPROTONOSUPPORT:
	case -EOPNOTSUPP:
		return ezlb_err_set(
			err, -rc,
			"this kernel has no nf_tables: run 'modprobe nf_tables' as root, "
			"or run ezlb with --snat-backend iptables");
	case -EPERM:
		return ezlb_err_set(
			err, EPERM,
			"not allowed to use nf_tables: it needs CAP_NET_ADMIN, run ezlb "
			"as root (in Kubernetes: add NET_ADMIN to the container)");
	case -EMSGSIZE:
		return ezlb_err_set(err, EMSGSIZE,
				    "a change of nf_tables is larger than this process may send at "
				    "once: raise net.core.wmem_max to 4194304");
	case -EAGAIN:
	case -EINTR:
	case -ERESTART:
		return ezlb_err_set(err, EAGAIN,
				    "other programs keep changing nf_tables, so ezlb gets no turn");
	case -ETIMEDOUT:
		return ezlb_err_set(err, ETIMEDOUT,
				    "the kernel's nf_tables did not answer in time");
	case -ENOBUFS:
		return ezlb_err_set(err, ENOBUFS, "answers of the kernel's nf_tables were lost");
	case -EBADMSG:
		return ezlb_err_set(err, EBADMSG, "an answer of the kernel's nf_tables is damaged");
	default:
		return ezlb_err_sys(err, -rc, "cannot talk to the kernel's nf_tables");
	}
}

/* --- opening ------------------------------------------------------------------------------- */

static int kernel_socket(void *arg)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), on = 1;

	(void)arg;
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
		int rc = -errno;

		ezlb_close_fd(&fd);
		return rc;
	}
	/* An error then has the head of what it is about, not all of its 64 KiB. */
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd;
}

const struct ezlb_nft_source ezlb_nft_kernel = { .socket = kernel_socket,
						 .timeout_ms = EZLB_NFT_TIMEOUT_MS };

struct ezlb_nft_nl *ezlb_nft_nl_new(const struct ezlb_nft_source *source)
{
	struct ezlb_nft_nl *nl = ezlb_calloc(1, sizeof(*nl));

	nl->source = *source;
	nl->fd = -1;
	return nl;
}

void ezlb_nft_nl_free(struct ezlb_nft_nl *nl)
{
	ezlb_close_fd(&nl->fd);
	free(nl);
}

void ezlb_nft_nl_begin(struct ezlb_nft_nl *nl)
{
	nl->deadline = ezlb_now_ms() + nl->source.timeout_ms;
}
