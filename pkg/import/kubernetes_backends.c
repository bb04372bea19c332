// SPDX-License-Identifier: GPL-2.0-or-later
/* The pods behind the ports of a Service. */
#include <string.h>
#include <sys/socket.h>

#include "kubernetes.h"

static int by_endpoint(const void *a, const void *b)
{
	return ezlb_endpoint_cmp(a, b);
}

static const char *text_or(const struct ezlb_node *map, const char *key, const char *otherwise)
{
	const char *text = ezlb_node_text(map, key);

	return text ? text : otherwise;
}

/* The number of the port with the name and the protocol of `port`; 0: there is none. */
static uint16_t target(const struct ezlb_node *ports, const struct k8s_port *port)
{
	enum ezlb_proto proto;
	unsigned long number;

	if (!ports || ports->kind != EZLB_NODE_LIST)
		return 0;
	for (const struct ezlb_node *item = ports->first; item; item = item->next) {
		const char *word = text_or(item, "protocol", "TCP");

		proto = strcmp(word, "UDP") == 0    ? EZLB_UDP
			: strcmp(word, "SCTP") == 0 ? EZLB_SCTP
						    : EZLB_TCP;
		if (strcmp(text_or(item, "name", ""), port->name) == 0 && proto == port->proto &&
		    k8s_number(ezlb_node_text(item, "port"), 65535, &number))
			return (uint16_t)number;
	}
	return 0;
}

static void add(struct k8s_port *port, const char *address, uint8_t family, uint16_t number)
{
	struct ezlb_endpoint ep = { .port = number };

	if (address && ezlb_addr_parse(address, &ep.addr, NULL) == 0 && ep.addr.family == family)
		*EZLB_PUSH(&port->backends) = ep;
}

/* EndpointSlice: no condition counts as ready. */
static void add_slice(struct k8s_port *port, const struct ezlb_node *slice, uint8_t family)
{
	uint16_t number = target(ezlb_node_get(slice, "ports"), port);
	const struct ezlb_node *endpoints = ezlb_node_get(slice, "endpoints");

	if (!number || !endpoints || endpoints->kind != EZLB_NODE_LIST)
		return;
	for (const struct ezlb_node *item = endpoints->first; item; item = item->next) {
		const struct ezlb_node *addresses = ezlb_node_get(item, "addresses");
		const char *ready = ezlb_node_text(ezlb_node_get(item, "conditions"), "ready");

		if (!addresses || addresses->kind != EZLB_NODE_LIST)
			continue;
		if (ready && strcmp(ready, "false") == 0) {
			port->unready++;
			continue;
		}
		/* All of them are the same pod: the first one is enough. */
		if (addresses->first)
			add(port, addresses->first->text, family, number);
	}
}

static void add_subset(struct k8s_port *port, const struct ezlb_node *subset, uint8_t family)
{
	uint16_t number = target(ezlb_node_get(subset, "ports"), port);
	const struct ezlb_node *ready = ezlb_node_get(subset, "addresses");
	const struct ezlb_node *unready = ezlb_node_get(subset, "notReadyAddresses");

	if (!number)
		return;
	if (ready && ready->kind == EZLB_NODE_LIST)
		for (const struct ezlb_node *item = ready->first; item; item = item->next)
			add(port, ezlb_node_text(item, "ip"), family, number);
	if (unready && unready->kind == EZLB_NODE_LIST)
		for (const struct ezlb_node *item = unready->first; item; item = item->next)
			port->unready++;
}

static void add_endpoints(struct k8s_port *port, const struct ezlb_node *endpoints, uint8_t family)
{
	const struct ezlb_node *subsets = ezlb_node_get(endpoints, "subsets");

	if (subsets && subsets->kind == EZLB_NODE_LIST)
		for (const struct ezlb_node *item = subsets->first; item; item = item->next)
			add_subset(port, item, family);
}

static int cmp_part(const struct k8s_part *part, const char *ns, const char *service)
{
	int rc = strcmp(part->ns, ns);

	return rc ? rc : strcmp(part->service, service);
}

/* The first of the sorted parts that belongs to the service, or where it would be. */
static size_t first_part(const struct k8s_part *parts, size_t n, const char *ns,
			 const char *service)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cmp_part(&parts[middle], ns, service) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct k8s_part *parts, size_t n, size_t i, const char *ns,
		  const char *service)
{
	return i < n && cmp_part(&parts[i], ns, service) == 0;
}

static void fill(const struct k8s *k, const char *ns, const char *service, uint8_t family,
		 struct k8s_port *port)
{
	size_t slice = first_part(k->slices.items, k->slices.len, ns, service);
	size_t old = first_part(k->endpoints.items, k->endpoints.len, ns, service);
	bool slices = is_of(k->slices.items, k->slices.len, slice, ns, service);
	const char *type = family == AF_INET6 ? "IPv6" : "IPv4";

	for (; is_of(k->slices.items, k->slices.len, slice, ns, service); slice++)
		if (strcmp(text_or(k->slices.items[slice].node, "addressType", type), type) == 0)
			add_slice(port, k->slices.items[slice].node, family);
	if (!slices && is_of(k->endpoints.items, k->endpoints.len, old, ns, service))
		add_endpoints(port, k->endpoints.items[old].node, family);
	EZLB_SORT(&port->backends, by_endpoint);
	EZLB_UNIQUE(&port->backends, by_endpoint);
}

void k8s_backends(const struct k8s *k, const char *ns, const char *service, uint8_t family,
		  struct k8s_ports *ports)
{
	for (size_t i = 0; i < ports->len; i++)
		fill(k, ns, service, family, &ports->items[i]);
}
