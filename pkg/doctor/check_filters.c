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

const char *filters_tool(const struct ezlb_drop *drop)
{
	static const char *const tools[2][3] = {
		{ "iptables", "iptables-nft", "iptables-legacy" },
		{ "ip6tables", "ip6tables-nft", "ip6tables-legacy" },
	};
	bool ip6 = strncmp(drop->table, "ip6", 3) == 0;

	if (is_some_iptables(drop))
		return tools[ip6][0];
	if (is_iptables_nft(drop))
		return tools[ip6][1];
	return strstr(drop->table, " (legacy)") ? tools[ip6][2] : NULL;
}

#define COMMENT_STRLEN 96

/* The comment by which a pass is known again: "ezlb-web", for further listeners "ezlb-web.2". */
static void comment_of(const struct ezlb_spec *spec, size_t i, char buf[COMMENT_STRLEN])
{
	if (i == 0)
		snprintf(buf, COMMENT_STRLEN, "ezlb-%s", spec->name);
	else
		snprintf(buf, COMMENT_STRLEN, "ezlb-%s.%zu", spec->name, i + 1);
}

bool filters_has_pass(const struct net_facts *net, const struct ezlb_drop *drop,
		      const char *comment)
{
	for (size_t i = 0; i < net->passes.len; i++)
		if (is_same_filter(drop, &net->passes.items[i]) &&
		    strcmp(net->passes.items[i].comment, comment) == 0)
			return true;
	return false;
}

#define MATCH_STRLEN 200

/* The words that match the packets of one listener, and the answers to them. */
static void nft_match(const struct ezlb_drop *drop, const struct ezlb_listener *listener,
		      char buf[MATCH_STRLEN])
{
	const char *proto = ezlb_proto_str(listener->proto);
	const char *ip = listener->listen.addr.family == AF_INET6 ? "ip6" : "ip";
	bool forward = drop->hook == EZLB_DROP_FORWARD;
	char vip[EZLB_ADDR_STRLEN], ports[16] = "";

	ezlb_addr_format(&listener->listen.addr, vip);
	if (listener->last_port)
		snprintf(ports, sizeof(ports), "-%u", listener->last_port);
	if (ezlb_listener_is_mark(listener) && forward)
		snprintf(buf, MATCH_STRLEN, "ct state established,related ct direction reply");
	else if (ezlb_listener_is_mark(listener))
		snprintf(buf, MATCH_STRLEN, "meta mark %u", listener->key.fwmark);
	else if (drop->hook == EZLB_DROP_INPUT)
		snprintf(buf, MATCH_STRLEN, "%s daddr %s %s dport %u%s", ip, vip, proto,
			 listener->listen.port, ports);
	else
		snprintf(buf, MATCH_STRLEN,
			 "ct state %s%s meta l4proto %s ct original %s daddr %s ct original "
			 "proto-dst %u%s",
			 forward ? "established,related" : "new,established",
			 forward ? " ct direction reply" : "", proto, ip, vip,
			 listener->listen.port, ports);
}

/* At FORWARD and OUTPUT IPVS has changed the destination: match the connection's original one. */
static void set_nft_fix(struct ezlb_finding *finding, const struct ezlb_drop *drop,
			const struct ezlb_listener *listener, const char *comment)
{
	char match[MATCH_STRLEN];

	nft_match(drop, listener, match);
	set_fix(finding, "nft insert rule %s %s %s accept comment %s", drop->table, drop->chain,
		match, comment);
}

static void iptables_match(const struct ezlb_drop *drop, const struct ezlb_listener *listener,
			   char buf[MATCH_STRLEN])
{
	const char *proto = ezlb_proto_str(listener->proto);
	const char *reply = drop->hook == EZLB_DROP_FORWARD
				    ? " --ctstate ESTABLISHED,RELATED --ctdir REPLY"
				    : "";
	char vip[EZLB_ADDR_STRLEN], ports[16] = "";

	ezlb_addr_format(&listener->listen.addr, vip);
	if (listener->last_port)
		snprintf(ports, sizeof(ports), ":%u", listener->last_port);
	if (ezlb_listener_is_mark(listener) && reply[0])
		snprintf(buf, MATCH_STRLEN, "-m conntrack%s", reply);
	else if (ezlb_listener_is_mark(listener))
		snprintf(buf, MATCH_STRLEN, "-m mark --mark %u", listener->key.fwmark);
	else if (drop->hook == EZLB_DROP_INPUT)
		snprintf(buf, MATCH_STRLEN, "-d %s -p %s --dport %u%s", vip, proto,
			 listener->listen.port, ports);
	else
		snprintf(buf, MATCH_STRLEN,
			 "-p %s -m conntrack --ctproto %s --ctorigdst %s --ctorigdstport %u%s%s",
			 proto, proto, vip, listener->listen.port, ports, reply);
}

/* iptables-nft cannot list a table with nft's own expressions, so use iptables commands. */
static void set_iptables_fix(struct ezlb_finding *finding, const struct ezlb_drop *drop,
			     const struct ezlb_listener *listener, const char *comment)
{
	char match[MATCH_STRLEN];

	iptables_match(drop, listener, match);
	set_fix(finding, "%s -I %s %s -m comment --comment %s -j ACCEPT", filters_tool(drop),
		drop->chain, match, comment);
}

static void report_drop(const struct ezlb_drop *drop, const struct ezlb_spec *spec, size_t i,
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
	const struct ezlb_listener *listener = &spec->listeners[i];
	char comment[COMMENT_STRLEN];

	comment_of(spec, i, comment);
	if (filters_tool(drop))
		set_iptables_fix(finding, drop, listener, comment);
	else
		set_nft_fix(finding, drop, listener, comment);
}

static void check_drop(const struct ezlb_drop *drop, const struct ezlb_spec *spec,
		       const struct net_facts *net, struct ezlb_findings *out)
{
	char comment[COMMENT_STRLEN];

	if (!concerns(drop, spec))
		return;
	for (size_t i = 0; i < spec->n_listeners; i++) {
		comment_of(spec, i, comment);
		if (!filters_has_pass(net, drop, comment))
			report_drop(drop, spec, i, out);
	}
}

void check_filters(const struct ezlb_spec *spec, const struct net_facts *net,
		   struct ezlb_findings *out)
{
	size_t before = out->len;

	if (net->filter_err.code)
		return;
	for (size_t i = 0; i < net->drops.len; i++)
		check_drop(&net->drops.items[i], spec, net, out);
	if (out->len == before)
		say(out, EZLB_LEVEL_OK, "filters", spec->name, "no filter drops its packets");
}
