// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <sys/socket.h>

#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <ezlb/mem.h>
#include <ezlb/netfilter.h>

#define ROOM (64u * 1024)

void ezlb_nft_buf_clear(struct ezlb_nft_buf *buf)
{
	free(buf->items);
	*buf = (struct ezlb_nft_buf){ .items = NULL };
}

static void *make_room(struct ezlb_nft_buf *buf)
{
	if (buf->cap - buf->len < ROOM) {
		buf->cap = 2 * buf->cap + ROOM;
		buf->items = ezlb_realloc(buf->items, buf->cap, 1);
	}
	return buf->items + buf->len;
}

static struct nlmsghdr *last_msg(const struct ezlb_nft_buf *buf)
{
	return (void *)(buf->items + buf->last);
}

struct nlmsghdr *ezlb_nft_msg_start(struct ezlb_nft_buf *buf, uint16_t type, uint8_t family,
				    uint16_t flags)
{
	struct nlmsghdr *msg = nftnl_nlmsg_build_hdr(make_room(buf), type, family, flags, 0);

	buf->last = buf->len;
	return msg;
}

void ezlb_nft_msg_end(struct ezlb_nft_buf *buf)
{
	buf->len = buf->last + MNL_ALIGN(last_msg(buf)->nlmsg_len);
}

void ezlb_nft_put_begin(struct ezlb_nft_buf *buf, uint32_t gen)
{
	struct nlmsghdr *msg = nftnl_batch_begin(make_room(buf), 0);

	mnl_attr_put_u32(msg, NFNL_BATCH_GENID, htonl(gen));
	buf->last = buf->len;
	ezlb_nft_msg_end(buf);
}

void ezlb_nft_put_commit(struct ezlb_nft_buf *buf)
{
	const struct nlmsghdr *msg;

	/* Kernels before 6.10 do not answer the end itself. */
	last_msg(buf)->nlmsg_flags |= NLM_F_ACK;
	msg = nftnl_batch_end(make_room(buf), 0);
	buf->len += MNL_ALIGN(msg->nlmsg_len);
}

void ezlb_nft_put_getgen(struct ezlb_nft_buf *buf)
{
	ezlb_nft_msg_start(buf, NFT_MSG_GETGEN, AF_UNSPEC, NLM_F_ACK);
	ezlb_nft_msg_end(buf);
}
