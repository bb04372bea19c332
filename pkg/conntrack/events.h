/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events: the parts of ezlb_conntrack_events, for tests. */
#pragma once

#include <ezlb/conntrack.h>
#include <ezlb/netlink.h>

#define EZLB_CT_ADDRS_MAX 16
struct ezlb_ct_addrs {
	struct ezlb_addr items[EZLB_CT_ADDRS_MAX];
	size_t len;
};
/* The addresses of the listeners, each once. False: too many, or some are not of IPv4. */
bool ezlb_ct_events_addrs(const struct ezlb_connection_selects *selects, struct ezlb_ct_addrs *out);
/* False if the message is not about the beginning or the end of a connection that a select has. */
bool ezlb_ct_events_read(const struct nlmsghdr *msg, const struct ezlb_connection_selects *selects,
			 struct ezlb_connection *out, bool *ended);
/* Owns fd, a socket that has the messages. */
struct ezlb_conntrack_events *ezlb_ct_events_of(int fd,
						const struct ezlb_connection_selects *selects);
