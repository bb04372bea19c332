// SPDX-License-Identifier: GPL-2.0-or-later
/* nft: requests to nf_tables, transactions, and what their errors mean. */
#include <ezlb/netfilter.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#define NONE	     (-1)
#define READ_TRIES   4
#define CHANGE_TRIES 3
#define READ_NAP_MS  10

const struct ezlb_nl_source ezlb_nft_kernel = { .protocol = NETLINK_NETFILTER,
						.timeout_ms = EZLB_NFT_TIMEOUT_MS };

/* --- requests -------------------------------------------------------------------------------- */

void *ezlb_nft_must(void *p)
{
	if (!p)
		abort();
	return p;
}

struct nlmsghdr *ezlb_nft_msg_start(struct ezlb_nl_buf *buf, uint16_t type, uint8_t family,
				    uint16_t flags)
{
	return nftnl_nlmsg_build_hdr((void *)ezlb_nl_msg_start(buf, 0, 0), type, family, flags, 0);
}

void ezlb_nft_put_begin(struct ezlb_nl_buf *buf, uint32_t gen)
{
	struct nlmsghdr *msg = nftnl_batch_begin((void *)ezlb_nl_msg_start(buf, 0, 0), 0);

	mnl_attr_put_u32(msg, NFNL_BATCH_GENID, htonl(gen));
	ezlb_nl_msg_end(buf);
}

void ezlb_nft_put_commit(struct ezlb_nl_buf *buf)
{
	/* Kernels before 6.10 do not answer the batch end message. */
	ezlb_nl_ack_last(buf);
	nftnl_batch_end((void *)ezlb_nl_msg_start(buf, 0, 0), 0);
	ezlb_nl_msg_end(buf);
}

/* --- the generation -------------------------------------------------------------------------- */

static int on_gen(void *arg, const struct nlmsghdr *msg)
{
	struct ezlb_nl_attrs attrs;

	if (ezlb_nl_attrs_read(msg, sizeof(struct nfgenmsg), &attrs))
		return -EBADMSG;
	if (attrs.at[NFTA_GEN_ID] && mnl_attr_validate(attrs.at[NFTA_GEN_ID], MNL_TYPE_U32) == 0)
		*(uint32_t *)arg = ntohl(mnl_attr_get_u32(attrs.at[NFTA_GEN_ID]));
	return 0;
}

int ezlb_nft_gen(struct ezlb_nl *nl, uint32_t *gen)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	int rc;

	*gen = 0;
	ezlb_nft_msg_start(&buf, NFT_MSG_GETGEN, AF_UNSPEC, NLM_F_ACK);
	ezlb_nl_msg_end(&buf);
	rc = ezlb_nl_ask(nl, &buf, on_gen, gen);
	/* The request is valid, so these mean that nfnetlink has no nf_tables subsystem. */
	if (rc == -EINVAL || rc == -EOPNOTSUPP || rc == -EPROTONOSUPPORT)
		return -ENOPROTOOPT;
	return rc == 0 && *gen == 0 ? -EBADMSG : rc;
}

static int read_once(struct ezlb_nl *nl, int (*fn)(void *arg), void *arg, uint32_t *gen)
{
	uint32_t after;
	int rc = ezlb_nft_gen(nl, gen), rc_after;

	if (rc < 0)
		return rc;
	rc = fn(arg);
	rc_after = ezlb_nft_gen(nl, &after);
	if (rc_after < 0)
		return rc_after;
	/* If the generation changed, rc may come from the change. */
	return after == *gen ? rc : -EAGAIN;
}

int ezlb_nft_read(struct ezlb_nl *nl, int (*fn)(void *arg), void *arg, uint32_t *gen)
{
	int rc = -EAGAIN;

	for (int i = 0; i < READ_TRIES && (rc == -EAGAIN || rc == -EINTR); i++) {
		if (i > 0)
			poll(NULL, 0, READ_NAP_MS << i);
		rc = read_once(nl, fn, arg, gen);
	}
	return rc;
}

int ezlb_nft_change(int (*fn)(void *arg), void *arg)
{
	int rc = -ERESTART;

	for (int i = 0; i < CHANGE_TRIES && (rc == -ERESTART || rc == -EAGAIN || rc == -EINTR); i++)
		rc = fn(arg);
	/* ERESTART is a kernel-internal code. */
	return rc == -ERESTART || rc == -EINTR ? -EAGAIN : rc;
}

/* --- transactions ---------------------------------------------------------------------------- */

/* The first error, and the message that it belongs to. */
struct rejection {
	int rc;
	size_t i;
};

/* An answer to the begin message is about the whole transaction; no other answer follows. */
static bool on_answer(void *arg, size_t i, int code)
{
	struct rejection *rejection = arg;

	if (code && (!rejection->rc || i == 0))
		*rejection = (struct rejection){ code, i };
	return i == 0;
}

/* Returns the NFT_MSG_* of the i-th message; NONE for the begin message. */
static int type_of(const struct ezlb_nl_buf *batch, size_t i)
{
	const struct nlmsghdr *msg = (const void *)batch->items;

	if (i == 0)
		return NONE;
	for (size_t at = 0; i--; msg = (const void *)(batch->items + at))
		at += MNL_ALIGN(msg->nlmsg_len);
	return msg->nlmsg_type & 0xff;
}

int ezlb_nft_commit(struct ezlb_nl *nl, struct ezlb_nl_buf *batch, int *rejected)
{
	struct rejection rejection = { .rc = 0 };
	int rc = ezlb_nl_tell(nl, batch, on_answer, &rejection);

	*rejected = NONE;
	if (rc)
		return rc;
	if (rejection.rc)
		*rejected = type_of(batch, rejection.i);
	return rejection.rc;
}

/* --- errors ---------------------------------------------------------------------------------- */

static bool is_missing(int rc)
{
	return rc == -ENOENT || rc == -EOPNOTSUPP || rc == -EAFNOSUPPORT || rc == -EPROTONOSUPPORT;
}

static int explain_rejected(struct ezlb_err *err, int rc, int rejected)
{
	if (rc == -EPERM)
		return ezlb_err_set(err, EPERM,
				    "another program owns the nf_tables table '" EZLB_NFT_TABLE
				    "' and only it may change the table: end that program");
	if (rejected == NFT_MSG_NEWCHAIN && is_missing(rc))
		return ezlb_err_set(
			err, -rc,
			"this kernel lacks the module nft_chain_nat: run 'modprobe "
			"nft_chain_nat' as root, or run ezlb with --snat-backend iptables");
	if (rejected == NFT_MSG_NEWRULE && is_missing(rc))
		return ezlb_err_set(
			err, -rc,
			"this kernel lacks one of the modules nft_ct, nft_nat, nft_masq: "
			"run 'modprobe -a nft_ct nft_nat nft_masq' as root, or run ezlb "
			"with --snat-backend iptables");
	return ezlb_err_sys(err, -rc,
			    "the kernel rejects a change of the nf_tables table '" EZLB_NFT_TABLE
			    "'");
}

int ezlb_nft_explain(struct ezlb_err *err, int rc, int rejected)
{
	if (rejected != NONE)
		return explain_rejected(err, rc, rejected);
	switch (rc) {
	case -ENOPROTOOPT:
	case -EPROTONOSUPPORT:
	case -EOPNOTSUPP:
		return ezlb_err_set(
			err, -rc,
			"this kernel has no nf_tables: run 'modprobe nf_tables' as root, "
			"or run ezlb with --snat-backend iptables");
	case -EMSGSIZE:
		return ezlb_err_set(err, EMSGSIZE,
				    "a change of nf_tables is too large for one netlink send: "
				    "raise net.core.wmem_max to 4194304");
	case -EAGAIN:
	case -EINTR:
	case -ERESTART:
		return ezlb_err_set(err, EAGAIN,
				    "other programs keep changing nf_tables, so every change by "
				    "ezlb comes too late");
	default:
		return ezlb_nl_explain(err, rc, "nf_tables");
	}
}
