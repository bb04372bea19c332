// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>
#include <sys/socket.h>

#include "reader.h"

static const char *family_str(const struct ezlb_addr *addr)
{
	return addr->family == AF_INET6 ? "IPv6" : "IPv4";
}

static bool differ(const struct ezlb_addr *a, const struct ezlb_addr *b)
{
	return a->family && b->family && a->family != b->family;
}

static const char one_family[] = "ezlb does not translate between IPv4 and IPv6: "
				 "write one service for each";

/* The first listener with an address; else the first backend. */
static const struct ezlb_addr *reference(const struct ezlb_spec *spec, const char **is)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (spec->listeners[i].listen.addr.family && spec->listeners[i].listen.port) {
			*is = spec->n_listeners > 1 ? "first listener is" : "listener is";
			return &spec->listeners[i].listen.addr;
		}
	*is = "backends are";
	for (size_t i = 0; i < spec->n_backends; i++)
		if (spec->backends[i].endpoint.addr.family)
			return &spec->backends[i].endpoint.addr;
	return &spec->listen.addr;
}

static void refuse_family(struct reader *r, struct ezlb_mark at, const char *what, const char *text,
			  const struct ezlb_addr *addr, const char *is,
			  const struct ezlb_addr *peer)
{
	ezlb_source_refuse(r->src, at, EZLB_E_FAMILY, one_family, "%s %s is %s, but the %s %s",
			   what, text, family_str(addr), is, family_str(peer));
}

static void check_families(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;
	const struct ezlb_addr_range *source = &spec->check.source;
	const char *is;
	const struct ezlb_addr *peer = reference(spec, &is);
	char buf[EZLB_RANGE_STRLEN];

	for (size_t i = 0; i < r->listen.len; i++)
		if (differ(peer, &r->listen.items[i].first.addr))
			refuse_family(r, r->listen.items[i].at, "listener",
				      ezlb_endpoint_format(&r->listen.items[i].first, buf),
				      &r->listen.items[i].first.addr, is, peer);
	for (size_t i = 0; i < spec->n_backends; i++)
		if (differ(peer, &spec->backends[i].endpoint.addr))
			refuse_family(r, spec->backends[i].at, "backend",
				      ezlb_endpoint_format(&spec->backends[i].endpoint, buf),
				      &spec->backends[i].endpoint.addr, is, peer);
	if (differ(peer, &spec->snat_ip.first))
		refuse_family(r, spec->snat_ip_at, "snat_ip",
			      ezlb_range_format(&spec->snat_ip, buf), &spec->snat_ip.first, is,
			      peer);
	if (differ(peer, &source->first))
		refuse_family(r, ezlb_read_at(r, &check_table, "source"), "source",
			      ezlb_range_format(source, buf), &source->first, is, peer);
}

/* By address, those without a port first, then by place in the file, which is the order in memory.
 */
static int by_endpoint(const void *pa, const void *pb)
{
	const struct ezlb_backend *a = *(const struct ezlb_backend *const *)pa;
	const struct ezlb_backend *b = *(const struct ezlb_backend *const *)pb;
	int rc = ezlb_endpoint_cmp(&a->endpoint, &b->endpoint);

	return rc ? rc : (a > b) - (a < b);
}

static void refuse_twice(struct reader *r, const struct ezlb_backend *first,
			 const struct ezlb_backend *second)
{
	const char *help = "remove one; to send more connections to it, raise its weight";
	char buf[EZLB_ENDPOINT_STRLEN];

	/* The earlier one in the file is the first. */
	if (second < first) {
		const struct ezlb_backend *swap = first;

		first = second;
		second = swap;
	}
	if (first->fallback != second->fallback)
		help = "a backend is in backends or in fallback, not in both";
	else if (first->endpoint.port != second->endpoint.port)
		help = "write the address either with ports or once without a port";
	ezlb_source_refuse(r->src, second->at, EZLB_E_BACKEND_TWICE, help,
			   "backend %s is listed twice, first on line %d",
			   ezlb_endpoint_format(&second->endpoint, buf), first->at.line);
}

static void check_unique(struct reader *r)
{
	struct EZLB_VEC(const struct ezlb_backend *) sorted = { 0 };
	const struct ezlb_backend *first = NULL;

	for (size_t i = 0; i < r->spec->n_backends; i++)
		if (r->spec->backends[i].endpoint.addr.family)
			*EZLB_PUSH(&sorted) = &r->spec->backends[i];
	EZLB_SORT(&sorted, by_endpoint);
	for (size_t i = 0; i < sorted.len; i++) {
		const struct ezlb_backend *backend = sorted.items[i];

		/* One without a port stands for all ports of its address. */
		if (!first || ezlb_addr_cmp(&first->endpoint.addr, &backend->endpoint.addr) != 0 ||
		    (first->endpoint.port && first->endpoint.port != backend->endpoint.port))
			first = backend;
		else
			refuse_twice(r, first, backend);
	}
	EZLB_VEC_CLEAR(&sorted);
}

/* A backend without a port gets the port that the client used, if there can be several. */
static void check_no_port(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;
	char addr[EZLB_ADDR_STRLEN];
	bool v6;

	if (r->listen_list || r->fwmark || spec->listeners[0].last_port || r->listen.len == 0)
		return;
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_endpoint *ep = &spec->backends[i].endpoint;

		if (ep->port || !ep->addr.family)
			continue;
		v6 = ep->addr.family == AF_INET6;
		ezlb_source_refuse(r->src, spec->backends[i].at, EZLB_E_ADDRESS, NULL,
				   "'%s%s%s' has no port: write %s:port", v6 ? "[" : "",
				   ezlb_addr_format(&ep->addr, addr), v6 ? "]" : "",
				   v6 ? "[IPv6]" : "IP");
	}
}

static bool other_port(const struct ezlb_spec *spec, uint16_t port)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (spec->listeners[i].last_port || spec->listeners[i].listen.port != port)
			return true;
	return false;
}

/* IPVS rewrites addresses and ports only with masq; otherwise the packet arrives unchanged. */
static void check_ports(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;
	bool one = spec->n_listeners == 1 && !spec->listeners[0].last_port && spec->listen.port;
	const char *forward = ezlb_forward_str(spec->forward);

	if (spec->forward == EZLB_MASQ || (!spec->listen.port && !r->fwmark))
		return;
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *backend = &spec->backends[i];

		if (!backend->endpoint.port || !other_port(spec, backend->endpoint.port))
			continue;
		if (one)
			ezlb_source_refuse(r->src, backend->at, EZLB_E_FORWARD,
					   "use the listener's port, or forward: masq",
					   "forward: %s cannot change the port from %u to %u",
					   forward, (unsigned)spec->listen.port,
					   (unsigned)backend->endpoint.port);
		else
			ezlb_source_refuse(r->src, backend->at, EZLB_E_FORWARD,
					   "write the address without a port, or forward: masq",
					   "forward: %s cannot change the port to %u", forward,
					   (unsigned)backend->endpoint.port);
	}
}

static bool is_listener(const struct ezlb_listener *listener, const struct ezlb_endpoint *ep)
{
	uint16_t last = listener->last_port ? listener->last_port : listener->listen.port;

	return listener->listen.port && ezlb_addr_cmp(&listener->listen.addr, &ep->addr) == 0 &&
	       (!ep->port || (ep->port >= listener->listen.port && ep->port <= last));
}

static bool in_range(const struct ezlb_addr_range *range, const struct ezlb_addr *addr)
{
	return range->first.family && ezlb_addr_cmp(addr, &range->first) >= 0 &&
	       ezlb_addr_cmp(addr, &range->last) <= 0;
}

/* Such packets would come back to this host, or would never leave it. */
static void check_loops(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;
	char buf[EZLB_ENDPOINT_STRLEN], addr[EZLB_ADDR_STRLEN];

	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *backend = &spec->backends[i];
		bool own = false;

		for (size_t j = 0; j < spec->n_listeners && !own; j++)
			own = is_listener(&spec->listeners[j], &backend->endpoint);
		if (own)
			ezlb_source_refuse(r->src, backend->at, EZLB_E_LOOP,
					   "write the address of the server behind it",
					   "backend %s is the listener of this service itself",
					   ezlb_endpoint_format(&backend->endpoint, buf));
		if (backend->endpoint.addr.family &&
		    in_range(&spec->snat_ip, &backend->endpoint.addr))
			ezlb_source_refuse(r->src, spec->snat_ip_at, EZLB_E_LOOP,
					   "snat_ip must be an address of the balancer",
					   "snat_ip has the address of the backend on line %d, %s",
					   backend->at.line,
					   ezlb_addr_format(&backend->endpoint.addr, addr));
	}
}

static void check_full_nat(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;

	if (r->full_nat_unclear)
		return;
	if (!spec->full_nat) {
		if (spec->snat_ip_at.line > 0)
			ezlb_source_refuse(r->src, spec->snat_ip_at, EZLB_E_SNAT_ALONE,
					   "set full_nat: true, or remove snat_ip",
					   "snat_ip needs full_nat: true");
		return;
	}
	if (spec->forward != EZLB_MASQ)
		ezlb_source_refuse(r->src, ezlb_read_at(r, &service_table, "forward"),
				   EZLB_E_FORWARD, "remove forward, or set full_nat: false",
				   "full_nat needs forward: masq, not %s",
				   ezlb_forward_str(spec->forward));
}

void ezlb_rules_check(struct reader *r)
{
	check_families(r);
	check_unique(r);
	check_no_port(r);
	check_ports(r);
	check_loops(r);
	check_full_nat(r);
}
