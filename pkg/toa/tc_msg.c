// SPDX-License-Identifier: GPL-2.0-or-later
#include "tc_msg.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <ezlb/mem.h>

/* The place of clsact and ingress, and the two sides of clsact, as parents. */
#define PLACE	TC_H_MAKE(TC_H_CLSACT, 0)
#define EGRESS	TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)
#define INGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

/* --- requests -------------------------------------------------------------------------------- */

static struct nlmsghdr *start(struct ezlb_nl_buf *out, uint16_t type, uint16_t flags,
			      const struct tcmsg *head)
{
	struct nlmsghdr *msg = ezlb_nl_msg_start(out, type, flags);

	*(struct tcmsg *)mnl_nlmsg_put_extra_header(msg, sizeof(*head)) = *head;
	return msg;
}

static struct nlmsghdr *start_getlink(struct ezlb_nl_buf *out, uint16_t flags)
{
	struct nlmsghdr *msg = ezlb_nl_msg_start(out, RTM_GETLINK, flags);

	mnl_nlmsg_put_extra_header(msg, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return msg;
}

void tc_put_links(struct ezlb_nl_buf *out)
{
	start_getlink(out, NLM_F_DUMP);
	ezlb_nl_msg_end(out);
}

void tc_put_link(struct ezlb_nl_buf *out, const char *device)
{
	mnl_attr_put_strz(start_getlink(out, NLM_F_ACK), IFLA_IFNAME, device);
	ezlb_nl_msg_end(out);
}

void tc_put_qdiscs(struct ezlb_nl_buf *out)
{
	start(out, RTM_GETQDISC, NLM_F_DUMP, &(struct tcmsg){ .tcm_family = AF_UNSPEC });
	ezlb_nl_msg_end(out);
}

/* Without a kind: the kernel would load the module of a kind that it does not know. */
void tc_put_filters(struct ezlb_nl_buf *out, int ifindex, enum tc_side side)
{
	start(out, RTM_GETTFILTER, NLM_F_DUMP,
	      &(struct tcmsg){ .tcm_ifindex = ifindex,
			       .tcm_parent = side == TC_EGRESS ? EGRESS : INGRESS });
	ezlb_nl_msg_end(out);
}

static void put_clsact(struct ezlb_nl_buf *out, uint16_t type, uint16_t flags, int ifindex)
{
	struct nlmsghdr *msg = start(out, type, NLM_F_ACK | flags,
				     &(struct tcmsg){ .tcm_ifindex = ifindex,
						      .tcm_parent = TC_H_CLSACT,
						      .tcm_handle = PLACE });

	mnl_attr_put_strz(msg, TCA_KIND, "clsact");
	ezlb_nl_msg_end(out);
}

void tc_put_clsact_add(struct ezlb_nl_buf *out, int ifindex)
{
	put_clsact(out, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex);
}

void tc_put_clsact_del(struct ezlb_nl_buf *out, int ifindex)
{
	put_clsact(out, RTM_DELQDISC, 0, ifindex);
}

static uint32_t info_of(uint16_t pref, uint16_t protocol)
{
	return TC_H_MAKE((uint32_t)pref << 16, protocol);
}

/* cls_bpf replaces a program in one step (cls_bpf_change): no packet is without one. */
void tc_put_attach(struct ezlb_nl_buf *out, int ifindex, int program_fd)
{
	struct nlmsghdr *msg =
		start(out, RTM_NEWTFILTER, NLM_F_ACK | NLM_F_CREATE,
		      &(struct tcmsg){ .tcm_ifindex = ifindex,
				       .tcm_parent = EGRESS,
				       .tcm_handle = TC_HANDLE,
				       .tcm_info = info_of(TC_PREF, htons(ETH_P_ALL)) });
	struct nlattr *nest;

	mnl_attr_put_strz(msg, TCA_KIND, "bpf");
	nest = mnl_attr_nest_start(msg, TCA_OPTIONS);
	mnl_attr_put_u32(msg, TCA_BPF_FD, (uint32_t)program_fd);
	mnl_attr_put_strz(msg, TCA_BPF_NAME, TC_NAME);
	mnl_attr_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(msg, nest);
	ezlb_nl_msg_end(out);
}

void tc_put_detach(struct ezlb_nl_buf *out, const struct tc_filter *filter)
{
	struct nlmsghdr *msg =
		start(out, RTM_DELTFILTER, NLM_F_ACK,
		      &(struct tcmsg){ .tcm_ifindex = filter->ifindex,
				       .tcm_parent = EGRESS,
				       .tcm_handle = filter->handle,
				       .tcm_info = info_of(filter->pref, filter->protocol) });

	mnl_attr_put_strz(msg, TCA_KIND, "bpf");
	if (filter->chain)
		mnl_attr_put_u32(msg, TCA_CHAIN, filter->chain);
	ezlb_nl_msg_end(out);
}

/* --- answers --------------------------------------------------------------------------------- */

/* 0 if the attribute is missing or has another size. */
static uint32_t u32_of(const struct ezlb_nl_attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->at[type];

	return attr && mnl_attr_get_payload_len(attr) == sizeof(uint32_t) ? mnl_attr_get_u32(attr)
									  : 0;
}

int tc_read_link(const struct nlmsghdr *msg, struct tc_link *out)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct ezlb_nl_attrs attrs;

	if (ezlb_nl_attrs_read(msg, sizeof(*info), &attrs))
		return -EBADMSG;
	/* Notifications about ports of bridges have the same type. */
	if (info->ifi_family != AF_UNSPEC)
		return 0;
	*out = (struct tc_link){ .ifindex = info->ifi_index, .flags = info->ifi_flags };
	ezlb_strcpy(out->name, sizeof(out->name), ezlb_nl_attrs_str(&attrs, IFLA_IFNAME));
	return 1;
}

int tc_read_qdisc(const struct nlmsghdr *msg, struct tc_qdisc *out)
{
	const struct tcmsg *head = mnl_nlmsg_get_payload(msg);
	struct ezlb_nl_attrs attrs;

	if (ezlb_nl_attrs_read(msg, sizeof(*head), &attrs))
		return -EBADMSG;
	if (head->tcm_parent != TC_H_CLSACT)
		return 0;
	*out = (struct tc_qdisc){
		.ifindex = head->tcm_ifindex,
		.clsact = strcmp(ezlb_nl_attrs_str(&attrs, TCA_KIND), "clsact") == 0,
	};
	return 1;
}

/* What only filters of kind bpf have. */
static int read_bpf(const struct nlattr *options, struct tc_filter *out)
{
	struct ezlb_nl_attrs attrs;

	if (ezlb_nl_attrs_nested(options, &attrs))
		return -EBADMSG;
	out->ours = strcmp(ezlb_nl_attrs_str(&attrs, TCA_BPF_NAME), TC_NAME) == 0;
	out->program = u32_of(&attrs, TCA_BPF_ID);
	out->direct = u32_of(&attrs, TCA_BPF_FLAGS) & TCA_BPF_FLAG_ACT_DIRECT;
	return 0;
}

/* Before the filters of a preference the kernel lists the preference itself, without options. */
int tc_read_filter(const struct nlmsghdr *msg, struct tc_filter *out)
{
	const struct tcmsg *head = mnl_nlmsg_get_payload(msg);
	struct ezlb_nl_attrs attrs;
	bool shared;

	if (ezlb_nl_attrs_read(msg, sizeof(*head), &attrs))
		return -EBADMSG;
	shared = (uint32_t)head->tcm_ifindex == TCM_IFINDEX_MAGIC_BLOCK;
	if (!shared && TC_H_MAJ(head->tcm_parent) != PLACE)
		return 0;
	*out = (struct tc_filter){
		.ifindex = shared ? 0 : head->tcm_ifindex,
		.egress = !shared && head->tcm_parent == EGRESS,
		.pref = (uint16_t)(head->tcm_info >> 16),
		.protocol = (uint16_t)(head->tcm_info & 0xffff),
		.handle = head->tcm_handle,
		.chain = u32_of(&attrs, TCA_CHAIN),
		.bpf = strcmp(ezlb_nl_attrs_str(&attrs, TCA_KIND), "bpf") == 0,
	};
	if (out->bpf && attrs.at[TCA_OPTIONS] && read_bpf(attrs.at[TCA_OPTIONS], out))
		return -EBADMSG;
	return 1;
}
