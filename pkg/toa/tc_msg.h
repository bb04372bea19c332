/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tc_msg: messages of rtnetlink about interfaces, the qdisc clsact and its filters. Pure: bytes in,
 * bytes out. Source: net/sched/{cls_api,cls_bpf,sch_api,sch_ingress}.c of the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/netlink.h>
#include <ezlb/setting.h>

/*
 * What identifies ezlb's filter on the egress of an interface. A filter of kind bpf with this name
 * is ezlb's, whatever its preference and its handle are; filters of others have other names.
 *
 * Filters run in the order of their preference until one says what becomes of the packet. Ours says
 * nothing, so it must run before those of others. tc gives filters without a preference 49152 and,
 * from there, lower ones; people write small numbers. Two filters of different kinds or protocols
 * cannot have the same one.
 */
#define TC_NAME	  "ezlb_toa"
#define TC_PREF	  3617
#define TC_HANDLE 0xe21b

enum tc_side { TC_EGRESS, TC_INGRESS };

/* An interface, of a message of type RTM_NEWLINK or RTM_DELLINK. */
struct tc_link {
	int ifindex;
	char name[EZLB_DEVICE_STRLEN];
	unsigned flags; /* IFF_* */
};

/* A qdisc in the place that clsact and ingress share. */
struct tc_qdisc {
	int ifindex;
	bool clsact;
};

struct tc_filter {
	int ifindex;	   /* 0: of a block that several qdiscs share */
	bool egress;	   /* of clsact */
	bool bpf;	   /* its kind */
	bool ours;	   /* has our name */
	bool direct;	   /* what the program returns decides */
	uint16_t pref;	   /* its preference */
	uint16_t protocol; /* ETH_P_*, network order */
	uint32_t handle, chain;
	uint32_t program; /* id; 0: none, or the kernel does not say */
};

/* Each starts and ends a message in *out. The requests for lists are dumps. */
void tc_put_links(struct ezlb_nl_buf *out);
void tc_put_link(struct ezlb_nl_buf *out, const char *device); /* this one; no dump */
void tc_put_qdiscs(struct ezlb_nl_buf *out);		       /* of all interfaces */
void tc_put_filters(struct ezlb_nl_buf *out, int ifindex, enum tc_side side);
/* Creates clsact; -EEXIST if it exists, and also if the qdisc ingress does. */
void tc_put_clsact_add(struct ezlb_nl_buf *out, int ifindex);
void tc_put_clsact_del(struct ezlb_nl_buf *out, int ifindex);
/* Adds our filter, or replaces the program of the one with our preference and handle. */
void tc_put_attach(struct ezlb_nl_buf *out, int ifindex, int program_fd);
void tc_put_detach(struct ezlb_nl_buf *out, const struct tc_filter *filter);

/*
 * Read a message. 1: *out is set. 0: it is about something else (another qdisc, a filter of another
 * parent). -EBADMSG: it is damaged.
 */
int tc_read_link(const struct nlmsghdr *msg, struct tc_link *out);
int tc_read_qdisc(const struct nlmsghdr *msg, struct tc_qdisc *out);
int tc_read_filter(const struct nlmsghdr *msg, struct tc_filter *out);
