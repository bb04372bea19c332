/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages of a kernel behind rtnetlink that is made up, and the things that they are about. */
#pragma once

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "cm.h"

#include <ezlb/mem.h>
#include <ezlb/netlink.h>

#define EGRESS	0xfffffff3u
#define INGRESS 0xfffffff2u

struct fake_filter {
	uint32_t parent, handle;
	uint16_t pref, protocol; /* protocol in network order */
	uint32_t program, chain;
	bool direct;
	const char *name;
	const char *kind; /* NULL: "bpf" */
};

#define FILTER(h, p, proto, id, c, n)                                              \
	{                                                                          \
		.parent = EGRESS, .handle = (h), .pref = (p), .protocol = (proto), \
		.program = (id), .chain = (c), .direct = true, .name = (n)         \
	}

struct fake_link {
	int index;
	const char *name;
	unsigned flags;
	const char *qdisc; /* NULL, "clsact", "ingress" */
	struct fake_filter filters[6];
	size_t n;
};

/* The route to all addresses whose third byte (IPv4) is `net`; by up to two interfaces. */
struct fake_route {
	uint8_t net, type;
	int by[2];
};

/* --- messages -------------------------------------------------------------------------------- */

struct fake_msg {
	_Alignas(struct nlmsghdr) unsigned char data[512];
	size_t len;
};
static struct fake_queue EZLB_VEC(struct fake_msg) answers, events;
static size_t answers_at, events_at;

static void fake_push(struct fake_queue *queue, const struct ezlb_nl_buf *buf)
{
	struct fake_msg *msg = EZLB_PUSH(queue);

	assert_true(buf->len <= sizeof(msg->data));
	memcpy(msg->data, buf->items, buf->len);
	msg->len = buf->len;
}

static void fake_link_msg(struct ezlb_nl_buf *buf, uint16_t type, const struct fake_link *link)
{
	struct nlmsghdr *msg = ezlb_nl_msg_start(buf, type, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

	info->ifi_index = link->index;
	info->ifi_flags = link->flags;
	mnl_attr_put_strz(msg, IFLA_IFNAME, link->name);
	ezlb_nl_msg_end(buf);
}

static void fake_qdisc_msg(struct ezlb_nl_buf *buf, uint16_t type, int index, const char *kind,
			   uint32_t parent)
{
	struct nlmsghdr *msg = ezlb_nl_msg_start(buf, type, 0);
	struct tcmsg *head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));

	head->tcm_ifindex = index;
	head->tcm_parent = parent;
	mnl_attr_put_strz(msg, TCA_KIND, kind);
	ezlb_nl_msg_end(buf);
}

/* As cls_bpf: first the preference itself, then the filter. */
static void fake_filter_msg(struct ezlb_nl_buf *buf, uint16_t type, int index,
			    const struct fake_filter *f, bool whole)
{
	struct nlmsghdr *msg = ezlb_nl_msg_start(buf, type, 0);
	struct tcmsg *head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));
	struct nlattr *nest;

	head->tcm_ifindex = index;
	head->tcm_parent = f->parent;
	head->tcm_handle = whole ? f->handle : 0;
	head->tcm_info = (uint32_t)f->pref << 16 | f->protocol;
	mnl_attr_put_strz(msg, TCA_KIND, f->kind ? f->kind : "bpf");
	mnl_attr_put_u32(msg, TCA_CHAIN, f->chain);
	if (whole) {
		nest = mnl_attr_nest_start(msg, TCA_OPTIONS);
		mnl_attr_put_strz(msg, TCA_BPF_NAME, f->name);
		mnl_attr_put_u32(msg, TCA_BPF_FLAGS, f->direct ? TCA_BPF_FLAG_ACT_DIRECT : 0);
		mnl_attr_put_u32(msg, TCA_BPF_ID, f->program);
		mnl_attr_nest_end(msg, nest);
	}
	ezlb_nl_msg_end(buf);
}

static void fake_route_msg(struct ezlb_nl_buf *buf, uint16_t type, const struct fake_route *route)
{
	struct nlmsghdr *msg = ezlb_nl_msg_start(buf, type, 0);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));
	const uint8_t dst[4] = { 10, 0, route->net, 0 };

	head->rtm_family = AF_INET;
	head->rtm_dst_len = 24;
	head->rtm_type = route->type;
	mnl_attr_put(msg, RTA_DST, sizeof(dst), dst);
	if (route->by[1]) {
		struct rtnexthop hops[2] = {
			{ .rtnh_len = sizeof(hops[0]), .rtnh_ifindex = route->by[0] },
			{ .rtnh_len = sizeof(hops[1]), .rtnh_ifindex = route->by[1] }
		};

		mnl_attr_put(msg, RTA_MULTIPATH, sizeof(hops), hops);
	} else {
		mnl_attr_put_u32(msg, RTA_OIF, (uint32_t)route->by[0]);
	}
	ezlb_nl_msg_end(buf);
}
