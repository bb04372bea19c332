// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/setting.h>

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#define NAT4	    (1u << EZLB_NEED_NAT4)
#define NAT6	    (1u << EZLB_NEED_NAT6)
#define NAT_TCP	    (1u << EZLB_NEED_NAT_TCP)
#define UDP	    (1u << EZLB_NEED_UDP)
#define PERSISTENCE (1u << EZLB_NEED_PERSISTENCE)
#define VIP4	    (1u << EZLB_NEED_VIP4)
#define LOG	    (1u << EZLB_NEED_LOG)
#define MH_TCP	    (1u << EZLB_NEED_MH_TCP)
#define MH_SCTP	    (1u << EZLB_NEED_MH_SCTP)

static const struct ezlb_setting_facts table[] = {
	/* The chain EZLB-SNAT always exists for IPv4; the IPv6 one comes with its first row. */
	[EZLB_IP_TABLES] = { .name = "module ip_tables",
			     .file = "net/ip_tables_names",
			     .module = "ip_tables",
			     .wanted = 1,
			     .needed_by = NAT4 | NAT6,
			     .stops = NAT4,
			     .iptables_only = true,
			     .serves_snat = true },
	[EZLB_IP6_TABLES] = { .name = "module ip6_tables",
			      .file = "net/ip6_tables_names",
			      .module = "ip6_tables",
			      .wanted = 1,
			      .needed_by = NAT6,
			      .stops = NAT6,
			      .iptables_only = true,
			      .serves_snat = true },
	[EZLB_VS_CONNTRACK] = { .name = "net.ipv4.vs.conntrack",
				.file = "sys/net/ipv4/vs/conntrack",
				.wanted = 1,
				.needed_by = NAT4 | NAT6,
				.stops = NAT4 | NAT6,
				.serves_snat = true },
	[EZLB_VS_EXPIRE_NODEST] = { .name = "net.ipv4.vs.expire_nodest_conn",
				    .file = "sys/net/ipv4/vs/expire_nodest_conn",
				    .wanted = 1,
				    .needed_by = UDP,
				    .stops = UDP,
				    .put_back = true },
	[EZLB_VS_EXPIRE_QUIESCENT] = { .name = "net.ipv4.vs.expire_quiescent_template",
				       .file = "sys/net/ipv4/vs/expire_quiescent_template",
				       .wanted = 1,
				       .needed_by = PERSISTENCE,
				       .stops = PERSISTENCE },
	[EZLB_IP_FORWARD] = { .name = "net.ipv4.ip_forward",
			      .file = "sys/net/ipv4/ip_forward",
			      .wanted = 1,
			      .needed_by = NAT4,
			      .stops = NAT4,
			      .serves_snat = true },
	[EZLB_ACCEPT_RA] = { .name = "net.ipv6.conf.%s.accept_ra",
			     .file = "sys/net/ipv6/conf/%s/accept_ra",
			     .wanted = 2,
			     .needed_by = NAT6,
			     .stops = NAT6 },
	[EZLB_IP6_FORWARD] = { .name = "net.ipv6.conf.all.forwarding",
			       .file = "sys/net/ipv6/conf/all/forwarding",
			       .wanted = 1,
			       .needed_by = NAT6,
			       .stops = NAT6,
			       .serves_snat = true,
			       .after_ra = true },
	[EZLB_ARP_IGNORE] = { .name = "net.ipv4.conf.all.arp_ignore",
			      .file = "sys/net/ipv4/conf/all/arp_ignore",
			      .wanted = 1,
			      .needed_by = VIP4,
			      .stops = VIP4,
			      .after_ra = true },
	[EZLB_ARP_ANNOUNCE] = { .name = "net.ipv4.conf.all.arp_announce",
				.file = "sys/net/ipv4/conf/all/arp_announce",
				.wanted = 2,
				.needed_by = VIP4,
				.stops = VIP4,
				.after_ra = true },
	/* Services work without it, except for connections with such segments. */
	[EZLB_TCP_LIBERAL] = { .name = "net.netfilter.nf_conntrack_tcp_be_liberal",
			       .file = "sys/net/netfilter/nf_conntrack_tcp_be_liberal",
			       .wanted = 1,
			       .needed_by = NAT_TCP,
			       .after_ra = true },
	/*
	 * A balancer that takes over sees connections of which it has seen no first packet, and mh
	 * sends them to the backend that they have. Without it new connections work.
	 */
	[EZLB_SLOPPY_TCP] = { .name = "net.ipv4.vs.sloppy_tcp",
			      .file = "sys/net/ipv4/vs/sloppy_tcp",
			      .wanted = 1,
			      .needed_by = MH_TCP,
			      .after_ra = true },
	[EZLB_SLOPPY_SCTP] = { .name = "net.ipv4.vs.sloppy_sctp",
			       .file = "sys/net/ipv4/vs/sloppy_sctp",
			       .wanted = 1,
			       .needed_by = MH_SCTP,
			       .after_ra = true },
	/* Without these some lines of the connection log are missing, or say less. */
	[EZLB_CT_EVENTS] = { .name = "net.netfilter.nf_conntrack_events",
			     .file = "sys/net/netfilter/nf_conntrack_events",
			     .wanted = 1,
			     .needed_by = LOG,
			     .after_ra = true },
	[EZLB_CT_ACCT] = { .name = "net.netfilter.nf_conntrack_acct",
			   .file = "sys/net/netfilter/nf_conntrack_acct",
			   .wanted = 1,
			   .needed_by = LOG,
			   .after_ra = true },
	[EZLB_CT_TIMESTAMP] = { .name = "net.netfilter.nf_conntrack_timestamp",
				.file = "sys/net/netfilter/nf_conntrack_timestamp",
				.wanted = 1,
				.needed_by = LOG,
				.after_ra = true },
};

const struct ezlb_setting_facts *ezlb_setting_facts(enum ezlb_setting setting)
{
	return &table[setting];
}

static unsigned needs_of_scheduler(const struct ezlb_spec *spec)
{
	if (strcmp(spec->scheduler, "mh") != 0)
		return 0;
	return (ezlb_spec_takes(spec, EZLB_TCP) ? MH_TCP : 0) |
	       (ezlb_spec_takes(spec, EZLB_SCTP) ? MH_SCTP : 0);
}

unsigned ezlb_spec_needs(const struct ezlb_spec *spec)
{
	bool ip6 = spec->listen.addr.family == AF_INET6, address = false;
	unsigned needs = 0;

	for (size_t i = 0; i < spec->n_listeners; i++)
		address |= !ezlb_listener_is_mark(&spec->listeners[i]);

	if (spec->full_nat)
		needs |= ip6 ? NAT6 : NAT4;
	if (spec->full_nat && ezlb_spec_takes(spec, EZLB_TCP))
		needs |= NAT_TCP;
	if (ezlb_spec_takes(spec, EZLB_UDP))
		needs |= UDP;
	if (spec->persistence.timeout_s)
		needs |= PERSISTENCE;
	if (!ip6 && address)
		needs |= VIP4;
	if (spec->connection_log)
		needs |= LOG;
	return needs | needs_of_scheduler(spec);
}

int ezlb_setting_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_setting_row *a = pa, *b = pb;

	if (a->setting != b->setting)
		return a->setting < b->setting ? -1 : 1;
	return strcmp(a->device, b->device);
}

const char *ezlb_setting_format(const struct ezlb_setting_row *row, char buf[EZLB_SETTING_STRLEN])
{
	const char *name = table[row->setting].name, *gap = strchr(name, '%');

	if (gap)
		snprintf(buf, EZLB_SETTING_STRLEN, "%.*s%s%s", (int)(gap - name), name, row->device,
			 gap + 2);
	else
		ezlb_strcpy(buf, EZLB_SETTING_STRLEN, name);
	return buf;
}

/* Extracts the text in place of "%s"; false if the text does not match the name. */
static bool take_device(const char *text, const char *name, char device[EZLB_DEVICE_STRLEN])
{
	const char *gap = strchr(name, '%');
	size_t before = gap ? (size_t)(gap - name) : 0, after = gap ? strlen(gap + 2) : 0;
	size_t len = strlen(text);

	memset(device, 0, EZLB_DEVICE_STRLEN);
	if (!gap)
		return strcmp(text, name) == 0;
	if (len <= before + after || strncmp(text, name, before) != 0 ||
	    strcmp(text + len - after, gap + 2) != 0)
		return false;
	len -= before + after;
	if (len >= EZLB_DEVICE_STRLEN)
		return false;
	snprintf(device, EZLB_DEVICE_STRLEN, "%.*s", (int)len, text + before);
	return true;
}

int ezlb_setting_parse(const char *text, struct ezlb_setting_row *out)
{
	char device[EZLB_DEVICE_STRLEN];

	for (int i = 0; i < EZLB_SETTINGS; i++) {
		if (!take_device(text, table[i].name, device))
			continue;
		out->setting = (enum ezlb_setting)i;
		memcpy(out->device, device, sizeof(device));
		return 0;
	}
	return -EINVAL;
}
