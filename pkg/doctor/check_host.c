// SPDX-License-Identifier: GPL-2.0-or-later
/* check_host: findings about the host. */
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>

#include "facts.h"

#define FULL_WARN 80 /* percent */
#define FULL_FAIL 95

static void check_caps(const struct host_facts *host, struct ezlb_findings *out)
{
	static const struct {
		int bit;
		const char *name;
	} caps[] = { { CAP_NET_ADMIN, "NET_ADMIN" }, { CAP_NET_RAW, "NET_RAW" } };
	bool complete = true;

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		if (host->caps & (UINT64_C(1) << caps[i].bit))
			continue;
		complete = false;
		say(out, EZLB_LEVEL_FAIL, "capabilities", "",
		    "CAP_%s is missing: ezlb cannot change the kernel; run it as root, in "
		    "Kubernetes with securityContext.capabilities.add %s",
		    caps[i].name, caps[i].name);
	}
	if (complete)
		say(out, EZLB_LEVEL_OK, "capabilities", "", "CAP_NET_ADMIN and CAP_NET_RAW");
}

static void check_ip_vs(const struct host_facts *host, struct ezlb_findings *out)
{
	switch (host->ip_vs) {
	case MODULE_LOADED:
		say(out, EZLB_LEVEL_OK, "ip-vs", "", "ip_vs is loaded");
		return;
	case MODULE_LOADABLE:
		say(out, EZLB_LEVEL_OK, "ip-vs", "", "ip_vs can be loaded");
		return;
	case MODULE_UNKNOWN:
		set_fix(say(out, EZLB_LEVEL_WARN, "ip-vs", "",
			    "ip_vs is not loaded, and without /lib/modules it is unknown whether the "
			    "host has it; load it on the host"),
			"modprobe ip_vs");
		return;
	case MODULE_MISSING:
		set_fix(say(out, EZLB_LEVEL_FAIL, "ip-vs", "",
			    "ip_vs is not loaded, and not among the running kernel's modules: "
			    "no service works; install the kernel's module package"),
			"modprobe ip_vs");
		return;
	}
}

static void check_setting(struct ezlb_findings *out, const char *check, const char *name,
			  long value, const char *breaks)
{
	if (value > 0)
		say(out, EZLB_LEVEL_OK, check, "", "%s = %ld", name, value);
	else if (value == 0)
		set_fix(say(out, EZLB_LEVEL_FAIL, check, "", "%s = 0: %s", name, breaks),
			"sysctl -w %s=1", name);
	else
		say(out, EZLB_LEVEL_FAIL, check, "", "this kernel has no %s: %s", name, breaks);
}

static bool full_nat_of(const struct ezlb_desired *desired, int family)
{
	for (size_t i = 0; i < desired->len; i++)
		if (desired->items[i]->full_nat &&
		    (family == 0 || desired->items[i]->listen.addr.family == family))
			return true;
	return false;
}

static void check_settings(const struct ezlb_doctor *doctor, const struct host_facts *host,
			   struct ezlb_findings *out)
{
	if (!full_nat_of(doctor->desired, 0))
		return;
	/* The setting exists only while the module is loaded. */
	if (host->ip_vs == MODULE_LOADED || host->vs_conntrack >= 0)
		check_setting(out, "vs-conntrack", "net.ipv4.vs.conntrack", host->vs_conntrack,
			      "packets from IPVS to backends get no source NAT");
	if (full_nat_of(doctor->desired, AF_INET))
		check_setting(out, "forwarding", "net.ipv4.ip_forward", host->ip_forward,
			      "answers of backends do not reach clients");
	if (full_nat_of(doctor->desired, AF_INET6))
		check_setting(out, "forwarding", "net.ipv6.conf.all.forwarding",
			      host->ip6_forwarding, "answers of backends do not reach clients");
}

static void check_fill(const struct host_facts *host, struct ezlb_findings *out)
{
	long max = host->conntrack_max, percent;
	enum ezlb_level level = EZLB_LEVEL_OK;

	/* nf_conntrack is not loaded, or has no limit (nf_conntrack_core.c). */
	if (max <= 0 || host->conntrack_count < 0)
		return;
	percent = (long)(100.0 * (double)host->conntrack_count / (double)max);
	if (percent >= FULL_WARN)
		level = percent >= FULL_FAIL ? EZLB_LEVEL_FAIL : EZLB_LEVEL_WARN;
	if (level == EZLB_LEVEL_OK)
		say(out, level, "conntrack-table", "", "%ld of %ld entries", host->conntrack_count,
		    max);
	else
		set_fix(say(out, level, "conntrack-table", "",
			    "%ld of %ld entries: when it is full, new connections are dropped",
			    host->conntrack_count, max),
			"sysctl -w net.netfilter.nf_conntrack_max=%lld", 4 * (long long)max);
}

/* The fix flushes the legacy table first: it cannot be unloaded while it has rules. */
static void check_mixed(const struct host_facts *host, struct ezlb_findings *out)
{
	static const char *const tools[] = { "iptables", "ip6tables" };
	bool mixed = false;

	for (int i = 0; i < 2; i++) {
		if (!host->legacy[i][0] || !host->iptables_nft[i])
			continue;
		mixed = true;
		set_fix(say(out, EZLB_LEVEL_WARN, "tables-mixed", "",
			    "both %s-legacy (%s) and %s-nft have rules: each tool shows only its own "
			    "rules, and both apply (ezlb: --snat-backend nftables)",
			    tools[i], host->legacy[i], tools[i]),
			"%s-legacy-save | %s-nft-restore -n && for t in %s; do %s-legacy -t $t -F && "
			"%s-legacy -t $t -X && modprobe -r %.*s_$t; done",
			tools[i], tools[i], host->legacy[i], tools[i], tools[i],
			(int)strlen(tools[i]) - 1, tools[i]);
	}
	if (!mixed)
		say(out, EZLB_LEVEL_OK, "tables-mixed", "",
		    "iptables-legacy and iptables-nft are not both in use");
}

/* Writes "10.0.0.1/32", ...: as many as fit. */
static void put_cidrs(const struct ezlb_addrs *addrs, char *out, size_t size)
{
	char text[EZLB_ADDR_STRLEN];
	size_t len = 0;

	out[0] = '\0';
	if (!addrs->items) /* all services have marks */
		return;
	for (size_t i = 0; i < addrs->len && len + EZLB_ADDR_STRLEN + 16 < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s\"%s/%d\"", len ? ", " : "",
					ezlb_addr_format(&addrs->items[i], text),
					addrs->items[i].family == AF_INET ? 32 : 128);
}

static void cidrs_of(const struct ezlb_desired *desired, char *out, size_t size)
{
	struct ezlb_addrs addrs = { 0 };

	for (size_t i = 0; i < desired->len; i++)
		for (size_t k = 0; k < desired->items[i]->n_listeners; k++)
			if (!ezlb_listener_is_mark(&desired->items[i]->listeners[k]))
				*EZLB_PUSH(&addrs) = desired->items[i]->listeners[k].listen.addr;
	EZLB_SORT(&addrs, ezlb_addr_row_cmp);
	EZLB_UNIQUE(&addrs, ezlb_addr_row_cmp);
	put_cidrs(&addrs, out, size);
	EZLB_VEC_CLEAR(&addrs);
}

static void check_kube_proxy(const struct ezlb_doctor *doctor, const struct net_facts *net,
			     struct ezlb_findings *out)
{
	char cidrs[128] = "";

	for (size_t i = 0; i < net->links.len; i++) {
		if (strcmp(net->links.items[i].name, "kube-ipvs0") != 0)
			continue;
		cidrs_of(doctor->desired, cidrs, sizeof(cidrs));
		set_fix(say(out, EZLB_LEVEL_WARN, "kube-proxy", "",
			    "kube-proxy in ipvs mode (kube-ipvs0) deletes services that it does not "
			    "know, unless its configuration has ipvs.excludeCIDRs: [%s]",
			    cidrs),
			"kubectl -n kube-system edit configmap kube-proxy && "
			"kubectl -n kube-system rollout restart daemonset kube-proxy");
		return;
	}
	if (net->route_err.code == 0)
		say(out, EZLB_LEVEL_OK, "kube-proxy", "", "not in ipvs mode here");
}

static void check_lock(const struct ezlb_doctor *doctor, const struct host_facts *host,
		       struct ezlb_findings *out)
{
	struct ezlb_finding *finding;

	if (doctor->nftables && doctor->firewall_never)
		return;
	if (host->lock_err.code == 0) {
		say(out, EZLB_LEVEL_OK, "xtables-lock", "", "the iptables lock is free");
		return;
	}
	finding = say(out, host->lock_err.code == EAGAIN ? EZLB_LEVEL_WARN : EZLB_LEVEL_FAIL,
		      "xtables-lock", "", "%.200s: iptables rules wait for it", host->lock_err.msg);
	if (host->lock_err.code == EAGAIN)
		set_fix(finding, "lslocks | grep xtables.lock");
	else if (host->lock_err.code == EISDIR)
		set_fix(finding, "rmdir /run/xtables.lock");
}

void check_host(const struct ezlb_doctor *doctor, const struct host_facts *host,
		const struct net_facts *net, struct ezlb_findings *out)
{
	check_caps(host, out);
	check_ip_vs(host, out);
	check_settings(doctor, host, out);
	check_fill(host, out);
	check_mixed(host, out);
	check_kube_proxy(doctor, net, out);
	check_lock(doctor, host, out);
	check_sync(doctor, net, out);
	if (net->filter_err.code)
		say(out, EZLB_LEVEL_WARN, "filters", "", "cannot read the packet filters: %.200s",
		    net->filter_err.msg);
	if (net->route_err.code)
		say(out, EZLB_LEVEL_WARN, "routes", "",
		    "addresses and routes are not checked: %.200s", net->route_err.msg);
}
