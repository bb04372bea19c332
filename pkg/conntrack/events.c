// SPDX-License-Identifier: GPL-2.0-or-later
/* events: the kernel's messages about entries of conntrack that it adds and removes. */
#include "events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

#include <ezlb/datagram.h>
#include <ezlb/duration.h>

#include "entry.h"

#define RECEIVE_BYTES (4 * 1024 * 1024) /* of the socket: some 10,000 messages */
#define MESSAGE_BYTES (64 * 1024)
#define BATCH	      1000

struct ezlb_conntrack_events {
	const struct ezlb_connection_selects *selects;
	int fd;
	_Alignas(struct nlmsghdr) unsigned char in[MESSAGE_BYTES];
};

/* --- what the kernel selects ----------------------------------------------------------------- */

static bool has_addr(const struct ezlb_ct_addrs *addrs, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < addrs->len; i++)
		if (ezlb_addr_cmp(&addrs->items[i], addr) == 0)
			return true;
	return false;
}

/* The filter of the library (1.0.9) for addresses of IPv4 lets no message about IPv6 pass. */
bool ezlb_ct_events_addrs(const struct ezlb_connection_selects *selects, struct ezlb_ct_addrs *out)
{
	out->len = 0;
	for (size_t i = 0; i < selects->len; i++) {
		const struct ezlb_addr *addr = &selects->items[i].listen.addr;

		if (has_addr(out, addr))
			continue;
		if (addr->family != AF_INET || out->len == EZLB_CT_ADDRS_MAX)
			return false;
		out->items[out->len++] = *addr;
	}
	return true;
}

static void add_addr(struct nfct_filter *filter, const struct ezlb_addr *addr)
{
	struct nfct_filter_ipv4 v4 = { .mask = UINT32_MAX };

	memcpy(&v4.addr, addr->bytes, sizeof(v4.addr));
	v4.addr = ntohl(v4.addr);
	nfct_filter_add_attr(filter, NFCT_FILTER_DST_IPV4, &v4);
}

/* A filter only saves time: what it lets pass is looked at anyway. */
static void set_filter(int fd, const struct ezlb_connection_selects *selects)
{
	struct nfct_filter *filter = nfct_filter_create();
	struct ezlb_ct_addrs addrs;

	if (filter && ezlb_ct_events_addrs(selects, &addrs)) {
		for (size_t i = 0; i < addrs.len; i++)
			add_addr(filter, &addrs.items[i]);
		nfct_filter_attach(fd, filter);
	}
	if (filter)
		nfct_filter_destroy(filter);
}

/* --- messages -------------------------------------------------------------------------------- */

static bool is_wanted(const struct ezlb_connection_selects *selects,
		      const struct ezlb_connection *connection)
{
	for (size_t i = 0; i < selects->len; i++)
		if (ezlb_connection_select_has(&selects->items[i], connection))
			return true;
	return false;
}

bool ezlb_ct_events_read(const struct nlmsghdr *msg, const struct ezlb_connection_selects *selects,
			 struct ezlb_connection *out, bool *ended)
{
	*ended = msg->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
	if (!*ended && msg->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW))
		return false;
	return ezlb_ct_read_connection(msg, out) && is_wanted(selects, out);
}

static void walk(struct ezlb_conntrack_events *events, size_t len, ezlb_connection_event_fn fn,
		 void *arg)
{
	const struct nlmsghdr *msg = (const void *)events->in;
	int left = (int)len;

	for (; ezlb_nl_msg_is_whole(msg, left); msg = mnl_nlmsg_next(msg, &left)) {
		struct ezlb_connection connection;
		bool ended;

		if (ezlb_ct_events_read(msg, events->selects, &connection, &ended))
			fn(arg, &connection, ended);
	}
}

int ezlb_conntrack_events_next(struct ezlb_conntrack_events *events, unsigned timeout_ms,
			       ezlb_connection_event_fn fn, void *arg, struct ezlb_err *err)
{
	uint64_t deadline = ezlb_now_ms() + timeout_ms;
	int left = BATCH;
	ssize_t n;

	/* Several before the caller prints, because a datagram has one message only. */
	do {
		n = ezlb_datagram_receive(events->fd, deadline, events->in, sizeof(events->in));
		if (n > 0)
			walk(events, (size_t)n, fn, arg);
		deadline = 0;
	} while (n > 0 && --left > 0);
	if (n > 0 || n == -ETIMEDOUT)
		return 0;
	return ezlb_err_sys(err, (int)-n, "cannot read the events of conntrack");
}

/* --- lifetime -------------------------------------------------------------------------------- */

static int join_groups(int fd, struct ezlb_err *err)
{
	static const int groups[] = { NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY };

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])) < 0)
			return ezlb_err_sys(err, errno,
					    "cannot receive the events of conntrack; that takes "
					    "CAP_NET_ADMIN and the module nf_conntrack_netlink");
	return 0;
}

struct ezlb_conntrack_events *ezlb_ct_events_of(int fd,
						const struct ezlb_connection_selects *selects)
{
	struct ezlb_conntrack_events *events = ezlb_calloc(1, sizeof(*events));

	events->selects = selects;
	events->fd = fd;
	return events;
}

int ezlb_conntrack_events_open(const struct ezlb_connection_selects *selects,
			       struct ezlb_conntrack_events **out, struct ezlb_err *err)
{
	EZLB_AUTO_CLOSE int fd = ezlb_nl_socket(NETLINK_NETFILTER, RECEIVE_BYTES);
	int rc;

	*out = NULL;
	if (fd < 0)
		return ezlb_err_sys(err, -fd, "cannot receive the events of conntrack");
	set_filter(fd, selects);
	rc = join_groups(fd, err);
	if (rc < 0)
		return rc;
	*out = ezlb_ct_events_of(fd, selects);
	fd = -1;
	return 0;
}

void ezlb_conntrack_events_close(struct ezlb_conntrack_events *events)
{
	if (!events)
		return;
	ezlb_close_fd(&events->fd);
	free(events);
}
