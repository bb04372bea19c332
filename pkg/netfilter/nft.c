// SPDX-License-Identifier: GPL-2.0-or-later
/* nft: requests to nf_tables, transactions, and what their errors mean. */
#include <ezlb/netfilter.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#define NONE (-1)

const struct ezlb_nl_source ezlb_nft_kernel = { .protocol = NETLINK_NETFILTER,
						.timeout_ms = EZLB_NFT_TIMEOUT_MS };

/* --- requests -------------------------------------------------------------------------------- */

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
	/* Kernels before 6.10 do not answer the end itself. */
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
	/* nfnetlink says this for a subsystem that it does not have: the request itself is right.
	 */
	if (rc == -EINVAL || rc == -EOPNOTSUPP || rc == -EPROTONOSUPPORT)
		return -ENOPROTOOPT;
	return rc == 0 && *gen == 0 ? -EBADMSG : rc;
}

/* --- transactions ---------------------------------------------------------------------------- */

/* The first refusal, and which message it is of. */
struct refusal {
	int rc;
	size_t i;
};

/* What is said of the begin is said of the whole transaction, and nothing follows. */
static bool on_verdict(void *arg, size_t i, int code)
{
	struct refusal *refusal = arg;

	if (code && (!refusal->rc || i == 0))
		*refusal = (struct refusal){ code, i };
	return i == 0;
}

/* The NFT_MSG_* of the i-th message; NONE for the begin, which has none. */
static int type_of(const struct ezlb_nl_buf *batch, size_t i)
{
	const struct nlmsghdr *msg = (const void *)batch->items;

	if (i == 0)
		return NONE;
	for (size_t at = 0; i--; msg = (const void *)(batch->items + at))
		at += MNL_ALIGN(msg->nlmsg_len);
	return msg->nlmsg_type & 0xff;
}

int ezlb_nft_commit(struct ezlb_nl *nl, struct ezlb_nl_buf *batch, int *refused)
{
	struct refusal refusal = { .rc = 0 };
	int rc = ezlb_nl_tell(nl, batch, on_verdict, &refusal);

	*refused = NONE;
	if (rc)
		return rc;
	if (refusal.rc)
		*refused = type_of(batch, refusal.i);
	return refusal.rc;
}

/* --- errors ---------------------------------------------------------------------------------- */

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
	case -EMSGSIZE:
		return ezlb_err_set(err, EMSGSIZE,
				    "a change of nf_tables is larger than this process may send at "
				    "once: raise net.core.wmem_max to 4194304");
	case -EAGAIN:
	case -EINTR:
	case -ERESTART:
		return ezlb_err_set(err, EAGAIN,
				    "other programs keep changing nf_tables, so ezlb gets no turn");
	default:
		return ezlb_nl_explain(err, rc, "nf_tables");
	}
}
