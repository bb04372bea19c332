// SPDX-License-Identifier: GPL-2.0-or-later
#include "seeds.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

/* One conversation. Its first byte says whose it is: see test/fuzz/links.c. */
static struct ezlb_text seed;
static struct ezlb_nl_buf buf;
static uint32_t seq;

static void begin(char way)
{
	ezlb_text_put(&seed, &way, 1);
	seq = 1;
}

static struct nlmsghdr *start(uint16_t type, uint16_t flags, const void *head, size_t size)
{
	struct nlmsghdr *msg;

	buf.len = 0;
	msg = ezlb_nl_msg_start(&buf, type, flags);
	memcpy(mnl_nlmsg_put_extra_header(msg, size), head, size);
	return msg;
}

static void add(struct nlmsghdr *msg)
{
	seed_add(&seed, msg, seq);
	ezlb_nl_msg_end(&buf);
}

static void ack(void)
{
	seed_ack(&seed, seq++);
}

static void done(void)
{
	seed_done(&seed, seq++);
}

static void add_link(int index, const char *name, const char *kind)
{
	const struct ifinfomsg head = { .ifi_index = index, .ifi_flags = IFF_UP | IFF_NOARP };
	struct nlmsghdr *msg = start(RTM_NEWLINK, NLM_F_MULTI, &head, sizeof(head));
	struct nlattr *nest;

	mnl_attr_put_strz(msg, IFLA_IFNAME, name);
	nest = mnl_attr_nest_start(msg, IFLA_LINKINFO);
	mnl_attr_put_strz(msg, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(msg, nest);
	add(msg);
}

static void add_addr(int index, uint8_t family, uint8_t first)
{
	const size_t size = family == AF_INET ? 4 : 16;
	const struct ifaddrmsg head = { .ifa_family = family,
					.ifa_prefixlen = (uint8_t)(8 * size),
					.ifa_index = (unsigned)index };
	struct nlmsghdr *msg = start(RTM_NEWADDR, NLM_F_MULTI, &head, sizeof(head));
	const uint8_t bytes[16] = { first, 1 };

	mnl_attr_put(msg, IFA_ADDRESS, size, bytes);
	if (family == AF_INET)
		mnl_attr_put(msg, IFA_LOCAL, size, bytes);
	add(msg);
}

static void add_route(uint8_t family, uint8_t type, uint8_t first)
{
	const size_t size = family == AF_INET ? 4 : 16;
	const struct rtmsg head = { .rtm_family = family,
				    .rtm_dst_len = (uint8_t)(8 * size),
				    .rtm_table = RT_TABLE_LOCAL,
				    .rtm_type = type };
	struct nlmsghdr *msg = start(RTM_NEWROUTE, NLM_F_MULTI, &head, sizeof(head));
	const uint8_t bytes[16] = { first, 1 };

	mnl_attr_put(msg, RTA_DST, size, bytes);
	mnl_attr_put_u32(msg, RTA_OIF, 7);
	mnl_attr_put(msg, RTA_PREFSRC, size, bytes);
	mnl_attr_put_u32(msg, RTA_PRIORITY, 0);
	add(msg);
}

static void put_lists(void)
{
	begin(0);
	add_link(7, "ezlb0", "dummy");
	ack();
	add_link(8, "ezlb1", "veth");
	ack();
	add_addr(7, AF_INET, 10);
	add_addr(8, AF_INET, 192);
	add_addr(7, AF_INET6, 0xfd);
	done();
	seed_put("links", "vips", &seed);
	begin(1);
	add_link(1, "lo", "");
	add_link(7, "eth0", "");
	done();
	add_addr(7, AF_INET, 10);
	add_addr(7, AF_INET6, 0xfe);
	done();
	add_route(AF_INET, RTN_UNICAST, 192);
	ack();
	seed_put("links", "doctor", &seed);
	begin(2);
	add_route(AF_INET, RTN_LOCAL, 127);
	add_route(AF_INET, RTN_UNICAST, 10);
	done();
	add_route(AF_INET6, RTN_LOCAL, 0);
	done();
	seed_put("links", "local", &seed);
}

static void put_changes(void)
{
	begin(3);
	add_link(7, "ezlb0", "dummy");
	ack();
	ack(); /* the address is added */
	add_route(AF_INET6, RTN_LOCAL, 0xfd);
	ack();
	add_link(8, "ezlb1", "dummy");
	ack();
	add_addr(8, AF_INET6, 0xfe);
	done();
	ack(); /* the link is removed */
	seed_put("links", "add", &seed);
	begin(4);
	add_link(7, "ezlb0", "dummy");
	ack();
	ack(); /* the address is removed; it is announced on the other link */
	add_link(8, "ezlb1", "dummy");
	ack();
	ack();
	ack();
	ack();
	add_route(AF_INET6, RTN_LOCAL, 0xfd);
	ack();
	ack();
	seed_put("links", "move", &seed);
}

void seeds_links(void)
{
	put_lists();
	put_changes();
	ezlb_nl_buf_clear(&buf);
}
