// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_sync: whether the sync daemon of IPVS can send and receive. All are warnings: services work
 * without it.
 */
#include <stdio.h>

#include "facts.h"

#define COMMENT "ezlb-sync"
/* include/net/ip_vs.h and ip_vs_sync.c: the group and port of all sync daemons. */
#define GROUP "224.0.0.81"
#define PORT  "8848"

static const struct link_fact *find_link(const struct net_facts *net, const char *device)
{
	for (size_t i = 0; i < net->links.len; i++)
		if (strcmp(net->links.items[i].name, device) == 0)
			return &net->links.items[i];
	return NULL;
}

static void check_link(const char *device, const struct net_facts *net, struct ezlb_findings *out)
{
	const struct link_fact *link = find_link(net, device);

	if (net->route_err.code)
		return;
	if (!link)
		say(out, EZLB_LEVEL_WARN, "sync-daemon", "",
		    "there is no interface %s: connections are not shared with other balancers",
		    device);
	else if (!link->up)
		set_fix(say(out, EZLB_LEVEL_WARN, "sync-daemon", "",
			    "the interface %s is down: connections are not shared with other "
			    "balancers",
			    device),
			"ip link set %s up", device);
}

/* Those of the other roles and of ezlb are no news. */
static void check_others(const struct ezlb_doctor *doctor, struct ezlb_findings *out)
{
	const struct ezlb_syncs *rows = doctor->syncs;
	char text[EZLB_SYNC_STRLEN];

	for (size_t i = 0; rows && i < rows->len; i++)
		if (strcmp(rows->items[i].device, doctor->sync_device) != 0 ||
		    rows->items[i].id != doctor->sync_id)
			set_fix(say(out, EZLB_LEVEL_WARN, "sync-daemon", "",
				    "there is one already: %s. If another program started it, "
				    "ezlb leaves it unchanged and starts none in this role",
				    ezlb_sync_row_format(&rows->items[i], text)),
				"ipvsadm --stop-daemon %s",
				ezlb_sync_role_str(rows->items[i].role));
}

static void set_accept(struct ezlb_finding *finding, const struct ezlb_drop *drop,
		       const char *device)
{
	const char *tool = filters_tool(drop);
	bool in = drop->hook == EZLB_DROP_INPUT;

	if (tool)
		set_fix(finding,
			"%s -I %s -%c %s -d " GROUP " -p udp --dport " PORT
			" -m comment --comment " COMMENT " -j ACCEPT",
			tool, drop->chain, in ? 'i' : 'o', device);
	else
		set_fix(finding,
			"nft insert rule %s %s %s %s ip daddr " GROUP " udp dport " PORT
			" accept comment " COMMENT,
			drop->table, drop->chain, in ? "iifname" : "oifname", device);
}

static void check_drops(const char *device, const struct net_facts *net, struct ezlb_findings *out)
{
	for (size_t i = 0; i < net->drops.len; i++) {
		const struct ezlb_drop *drop = &net->drops.items[i];
		bool in = drop->hook == EZLB_DROP_INPUT;

		if (drop->hook == EZLB_DROP_FORWARD || strncmp(drop->table, "ip6", 3) == 0 ||
		    filters_has_pass(net, drop, COMMENT))
			continue;
		set_accept(say(out, EZLB_LEVEL_WARN, "sync-daemon", "",
			       "%s, chain %s, drops %s: what this balancer %s others about "
			       "connections (udp port " PORT ") may be lost",
			       drop->table, drop->chain,
			       drop->by_policy ? "by its policy" : "by a rule",
			       in ? "learns from" : "tells"),
			   drop, device);
	}
}

void check_sync(const struct ezlb_doctor *doctor, const struct net_facts *net,
		struct ezlb_findings *out)
{
	const char *device = doctor->sync_device;
	size_t before = out->len;

	if (!device || !device[0])
		return;
	check_link(device, net, out);
	check_others(doctor, out);
	check_drops(device, net, out);
	if (out->len == before)
		say(out, EZLB_LEVEL_OK, "sync-daemon", "", "%s can share connections, id %u",
		    device, doctor->sync_id);
}
