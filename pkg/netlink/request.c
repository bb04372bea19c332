// SPDX-License-Identifier: GPL-2.0-or-later
/* request: builds requests in a buffer. */
#include <ezlb/netlink.h>

#include <string.h>

#include <ezlb/mem.h>

#define ROOM (64u * 1024)

void ezlb_nl_buf_clear(struct ezlb_nl_buf *buf)
{
	free(buf->items);
	*buf = (struct ezlb_nl_buf){ .items = NULL };
}

static void *make_room(struct ezlb_nl_buf *buf)
{
	buf->last = buf->len;
	return EZLB_ROOM(buf, ROOM);
}

static struct nlmsghdr *last_msg(const struct ezlb_nl_buf *buf)
{
	return (void *)(buf->items + buf->last);
}

struct nlmsghdr *ezlb_nl_msg_start(struct ezlb_nl_buf *buf, uint16_t type, uint16_t flags)
{
	/* Zeroed, because libmnl 1.0.4 does not set the padding of attributes. */
	struct nlmsghdr *msg = mnl_nlmsg_put_header(memset(make_room(buf), 0, ROOM));

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | flags;
	return msg;
}

void ezlb_nl_msg_end(struct ezlb_nl_buf *buf)
{
	buf->len = buf->last + MNL_ALIGN(last_msg(buf)->nlmsg_len);
}

void ezlb_nl_put(struct ezlb_nl_buf *buf, const struct nlmsghdr *msg)
{
	unsigned char *to = make_room(buf);

	memset(to, 0, MNL_ALIGN(msg->nlmsg_len));
	memcpy(to, msg, msg->nlmsg_len);
	ezlb_nl_msg_end(buf);
}

void ezlb_nl_ack_last(struct ezlb_nl_buf *buf)
{
	last_msg(buf)->nlmsg_flags |= NLM_F_ACK;
}
