// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_filters: filters that drop and in which ezlb adds no accept rules, with the accept rule as
 * the fix. It must be in the same chain: a packet passes every base chain of its hook.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "facts.h"

static const char *const checks[] = { [EZLB_DROP_INPUT] = "filter-input",
				      [EZLB_DROP_FORWARD] = "filter-forward",
				      [EZLB_DROP_OUTPUT] = "filter-output" };

static bool is_ipv6(const struct ezlb_spec *spec)
{
	return spec->listen.addr.family == AF_INET6;
}

static bool concerns(const struct ezlb_drop *drop, const struct ezlb_spec *spec)
{
	bool ip6 = strncmp(drop->table, "ip6", 3) == 0;
	bool both = strncmp(drop->table, "inet ", 5) == 0;

	/* Only with masquerading do answers of backends return through this host. */
	if (drop->hook == EZLB_DROP_FORWARD && spec->forward != EZLB_MASQ)
		return false;
	return both || ip6 == is_ipv6(spec);
}

/* True for an iptables filter of unknown kind: filters_read() cannot tell legacy from nft. */
static bool is_some_iptables(const struct ezlb_drop *drop)
{
	return strcmp(drop->table, "iptables") == 0 || strcmp(drop->table, "ip6tables") == 0;
}

static bool is_iptables_nft(const struct ezlb_drop *drop)
{
	return (strcmp(drop->table, "ip filter") == 0 || strcmp(drop->table, "ip6 filter") == 0) &&
	       (strcmp(drop->chain, "INPUT") == 0 || strcmp(drop->chain, "FORWARD") == 0 ||
		strcmp(drop->chain, "OUTPUT") == 0);
}

static bool is_same_filter(const struct ezlb_drop *drop, const struct pass_fact *pass)
{
	const char *any = strcmp(drop->table, "iptables") == 0 ? "ip filter" : "ip6 filter";

	if (strcmp(drop->chain, pass->chain) != 0)
		return false;
	if (is_some_iptables(drop))
		return strncmp(pass->table, any, strlen(any)) == 0;
	return strcmp(drop->table, pass->table) == 0;
}

static bool has_pass(const struct net_facts *net, const struct ezlb_drop *drop,
		     const struct ezlb_spec *spec)
{
	char comment[sizeof(net->passes.items->comment)];

	snprintf(comment, sizeof(comment), "ezlb-%s", spec->name);
	for (size_t i = 0; i < net->passes.len; i++)
		if (is_same_filter(drop, &net->passes.items[i]) &&
		    strcmp(net->passes.items[i].comment, comment) == 0)
			return true;
	return false;
}

/* At FORWARD and OUTPUT IPVS has changed the destination: match the connection's original one. */
static void set_nft_fix(struct ezlb_finding *finding, const struct ezlb_drop *drop,
			const struct ezlb_spec *spec)
{
	const char *proto = ezlb_proto_str(spec->proto), *ip = is_ipv6(spec) ? "ip6" : "ip";
	char vip[EZLB_ADDR_STRLEN];

	ezlb_addr_format(&spec->listen.addr, vip);
	if (drop->hook == EZLB_DROP_INPUT)
		set_fix(finding,
			"nft insert rule %s %s %s daddr %s %s dport %u accept comment ezlb-%s",
			drop->table, drop->chain, ip, vip, proto, spec->listen.port, spec->name);
	else
		set_fix(finding,
			"nft insert rule %s %s ct state %s%s meta l4proto %s ct original %s daddr %s "
			"ct original proto-dst %u accept comment ezlb-%s",
			drop->table, drop->chain,
			drop->hook == EZLB_DROP_FORWARD ? "established,related" : "new,established",
			drop->hook == EZLB_DROP_FORWARD ? " ct direction reply" : "", proto, ip,
			vip, spec->listen.port, spec->name);
}

/* iptables-nft cannot list a table with nft's own expressions, so use iptables commands. */
static void set_iptables_fix(struct ezlb_finding *finding, const struct ezlb_drop *drop,
			     const struct ezlb_spec *spec)
{
	const char *proto = ezlb_proto_str(spec->proto), *v6 = is_ipv6(spec) ? "6" : "";
	const char *kind = is_iptables_nft(drop) ? "-nft" : "-legacy";
	char vip[EZLB_ADDR_STRLEN];

	if (is_some_iptables(drop))
		kind = "";
	ezlb_addr_format(&spec->listen.addr, vip);
	if (drop->hook == EZLB_DROP_INPUT)
		set_fix(finding,
			"ip%stables%s -I %s -d %s -p %s --dport %u -m comment --comment ezlb-%s "
			"-j ACCEPT",
			v6, kind, drop->chain, vip, proto, spec->listen.port, spec->name);
	else
		set_fix(finding,
			"ip%stables%s -I %s -p %s -m conntrack --ctproto %s --ctorigdst %s "
			"--ctorigdstport %u%s -m comment --comment ezlb-%s -j ACCEPT",
			v6, kind, drop->chain, proto, proto, vip, spec->listen.port,
			drop->hook == EZLB_DROP_FORWARD
				? " --ctstate ESTABLISHED,RELATED --ctdir REPLY"
				: "",
			spec->name);
}

static void report_drop(const struct ezlb_drop *drop, const struct ezlb_spec *spec,
			struct ezlb_findings *out)
{
	static const char *const losses[] = {
		[EZLB_DROP_INPUT] = "packets from clients are lost",
		[EZLB_DROP_FORWARD] = "answers of backends are lost",
		[EZLB_DROP_OUTPUT] = "packets to backends are lost",
	};
	struct ezlb_finding *finding = say(out, EZLB_LEVEL_FAIL, checks[drop->hook], spec->name,
					   "%s, chain %s, drops %s: %s", drop->table, drop->chain,
					   drop->by_policy ? "by its policy" : "by a rule",
					   losses[drop->hook]);

	if (is_some_iptables(drop) || is_iptables_nft(drop) || strstr(drop->table, " (legacy)"))
		set_iptables_fix(finding, drop, spec);
	else
		set_nft_fix(finding, drop, spec);
}

void check_filters(const struct ezlb_spec *spec, const struct net_facts *net,
		   struct ezlb_findings *out)
{
	size_t before = out->len;

	if (net->filter_err.code)
		return;
	for (size_t i = 0; i < net->drops.len; i++)
		if (concerns(&net->drops.items[i], spec) &&
		    !has_pass(net, &net->drops.items[i], spec))
			report_drop(&net->drops.items[i], spec, out);
	if (out->len == before)
		say(out, EZLB_LEVEL_OK, "filters", spec->name, "no filter drops its packets");
}
