// SPDX-License-Identifier: GPL-2.0-or-later
/* check_flows: TCP connections that get no source NAT although their service wants it. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include <ezlb/conntrack.h>

#include "facts.h"

static void add_listeners(const struct ezlb_spec *spec, struct net_facts *net)
{
	for (size_t i = 0; i < spec->n_listeners && spec->full_nat; i++) {
		const struct ezlb_service_key *key = &spec->listeners[i].key;

		/* With a mark a listener has no address. */
		if (key->proto == EZLB_TCP && key->fwmark == 0)
			*EZLB_PUSH(&net->connections) =
				(struct connections_fact){ .spec = spec, .listen = key->listen };
	}
}

static void count_all(struct net_facts *net)
{
	EZLB_AUTO_FREE size_t *counts = ezlb_calloc(net->connections.len, sizeof(*counts));
	struct ezlb_flows flows = { 0 };

	for (size_t i = 0; i < net->connections.len; i++)
		*EZLB_PUSH(&flows) = (struct ezlb_flow){
			.proto = EZLB_TCP,
			.listen = net->connections.items[i].listen,
			.untranslated = true,
			.source = net->connections.items[i].spec->snat_ip,
		};
	ezlb_conntrack_count(&flows, counts, &net->connections_err);
	for (size_t i = 0; i < net->connections.len; i++) {
		struct connections_fact *fact = &net->connections.items[i];
		const struct ezlb_flow key = { .proto = EZLB_TCP,
					       .listen = fact->listen,
					       .untranslated = true };
		const struct ezlb_flow *flow = EZLB_FIND(&flows, &key, ezlb_flow_cmp);

		fact->untranslated = counts[flow - flows.items];
	}
	EZLB_VEC_CLEAR(&flows);
}

void connections_read(const struct ezlb_desired *desired, const struct host_facts *host,
		      struct net_facts *net)
{
	/* Without conntrack there is no source NAT, which is another finding. */
	if (host->conntrack_count == NUMBER_NONE)
		return;
	for (size_t i = 0; i < desired->len; i++)
		add_listeners(desired->items[i], net);
	if (net->connections.len > 0)
		count_all(net);
}

static void report(const struct connections_fact *fact, struct ezlb_findings *out)
{
	bool ip6 = fact->listen.addr.family == AF_INET6;
	char text[EZLB_ENDPOINT_STRLEN], addr[EZLB_ADDR_STRLEN];

	say(out, EZLB_LEVEL_WARN, "connections", fact->spec->name,
	    "tcp connections to %s that began without source NAT: %zu; they end by themselves, "
	    "those of one client by: conntrack -D%s -p tcp -d %s --dport %u -q CLIENT",
	    ezlb_endpoint_format(&fact->listen, text), fact->untranslated, ip6 ? " -f ipv6" : "",
	    ezlb_addr_format(&fact->listen.addr, addr), fact->listen.port);
}

void check_connections(const struct ezlb_spec *spec, const struct net_facts *net,
		       struct ezlb_findings *out)
{
	size_t n = 0, before = out->len;

	for (size_t i = 0; i < net->connections.len; i++) {
		const struct connections_fact *fact = &net->connections.items[i];

		if (fact->spec != spec)
			continue;
		n++;
		if (fact->untranslated > 0)
			report(fact, out);
	}
	if (n == 0)
		return;
	if (net->connections_err.code != 0)
		say(out, EZLB_LEVEL_WARN, "connections", spec->name,
		    "it is unknown which tcp connections have no source NAT: %s",
		    net->connections_err.msg);
	else if (out->len == before)
		say(out, EZLB_LEVEL_OK, "connections", spec->name,
		    "all tcp connections have source NAT");
}
