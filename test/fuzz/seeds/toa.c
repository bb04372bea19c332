// SPDX-License-Identifier: GPL-2.0-or-later
#include "seeds.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "pkg/toa/tc_msg.h"

static struct nlmsghdr *start(struct ezlb_nl_buf *buf, uint16_t type, const void *head, size_t size)
{
	struct nlmsghdr *msg;

	buf->len = 0;
	msg = ezlb_nl_msg_start(buf, type, 0);
	memcpy(mnl_nlmsg_put_extra_header(msg, size), head, size);
	return msg;
}

static void add(struct ezlb_text *seed, struct ezlb_nl_buf *buf, struct nlmsghdr *msg)
{
	seed_add(seed, msg, 0);
	ezlb_nl_msg_end(buf);
}

static void add_link(struct ezlb_text *seed, struct ezlb_nl_buf *buf, int index, const char *name)
{
	const struct ifinfomsg head = { .ifi_index = index, .ifi_flags = 0x1003 };
	struct nlmsghdr *msg = start(buf, RTM_NEWLINK, &head, sizeof(head));

	mnl_attr_put_strz(msg, IFLA_IFNAME, name);
	add(seed, buf, msg);
}

static void add_qdisc(struct ezlb_text *seed, struct ezlb_nl_buf *buf, const char *kind)
{
	const struct tcmsg head = { .tcm_ifindex = 7, .tcm_parent = TC_H_CLSACT };
	struct nlmsghdr *msg = start(buf, RTM_NEWQDISC, &head, sizeof(head));

	mnl_attr_put_strz(msg, TCA_KIND, kind);
	add(seed, buf, msg);
}

static void add_filter(struct ezlb_text *seed, struct ezlb_nl_buf *buf)
{
	const struct tcmsg head = { .tcm_ifindex = 7,
				    .tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
				    .tcm_handle = TC_HANDLE,
				    .tcm_info = TC_H_MAKE(TC_PREF << 16, htons(ETH_P_ALL)) };
	struct nlmsghdr *msg = start(buf, RTM_NEWTFILTER, &head, sizeof(head));
	struct nlattr *nest;

	mnl_attr_put_strz(msg, TCA_KIND, "bpf");
	nest = mnl_attr_nest_start(msg, TCA_OPTIONS);
	mnl_attr_put_strz(msg, TCA_BPF_NAME, TC_NAME);
	mnl_attr_put_u32(msg, TCA_BPF_ID, 1);
	mnl_attr_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(msg, nest);
	add(seed, buf, msg);
}

static struct nlmsghdr *start_route(struct ezlb_nl_buf *buf, uint8_t prefix)
{
	const struct rtmsg head = { .rtm_family = AF_INET,
				    .rtm_dst_len = prefix,
				    .rtm_type = RTN_UNICAST };

	return start(buf, RTM_NEWROUTE, &head, sizeof(head));
}

static void put_routes(struct ezlb_nl_buf *buf)
{
	struct ezlb_text seed = { 0 };
	struct nlmsghdr *msg = start_route(buf, 24);
	struct nlattr *nest;

	mnl_attr_put_u32(msg, RTA_DST, htonl(0x0a010000));
	mnl_attr_put_u32(msg, RTA_OIF, 7);
	add(&seed, buf, msg);
	seed_put("toa", "route", &seed);
	msg = start_route(buf, 0);
	nest = mnl_attr_nest_start(msg, RTA_MULTIPATH);
	for (int by = 7; by < 9; by++) {
		struct rtnexthop *hop = mnl_nlmsg_get_payload_tail(msg);

		*hop = (struct rtnexthop){ .rtnh_len = sizeof(*hop) + 8, .rtnh_ifindex = by };
		msg->nlmsg_len += sizeof(*hop);
		mnl_attr_put_u32(msg, RTA_GATEWAY, 0x0100000a);
	}
	mnl_attr_nest_end(msg, nest);
	add(&seed, buf, msg);
	seed_put("toa", "multipath", &seed);
}

void seeds_toa(void)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct ezlb_text seed = { 0 };

	add_link(&seed, &buf, 7, "eth1");
	add_link(&seed, &buf, 8, "eth2");
	seed_put("toa", "links", &seed);
	add_qdisc(&seed, &buf, "clsact");
	add_filter(&seed, &buf);
	add_qdisc(&seed, &buf, "ingress");
	seed_put("toa", "filter", &seed);
	put_routes(&buf);
}
