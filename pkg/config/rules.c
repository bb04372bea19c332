// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>

#include "reader.h"

static const char *family_str(const struct ezlb_addr *addr)
{
	return addr->family == AF_INET6 ? "IPv6" : "IPv4";
}

static bool differ(const struct ezlb_addr *a, const struct ezlb_addr *b)
{
	return a->family && b->family && a->family != b->family;
}

static void check_families(struct reader *r)
{
	static const char one_family[] = "ezlb does not translate between IPv4 and IPv6: "
					 "write one service for each";
	const struct ezlb_spec *spec = r->spec;
	const struct ezlb_addr *listen = &spec->listen.addr;
	const struct ezlb_addr *peer = listen;
	const char *whose = listen->family ? "listener is" : "backends are";
	char buf[EZLB_RANGE_STRLEN];

	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *backend = &spec->backends[i];

		if (!peer->family)
			peer = &backend->endpoint.addr;
		if (differ(listen, &backend->endpoint.addr))
			ezlb_source_refuse(r->src, backend->at, EZLB_E_FAMILY, one_family,
					   "backend %s is %s, but the listener is %s",
					   ezlb_endpoint_format(&backend->endpoint, buf),
					   family_str(&backend->endpoint.addr), family_str(listen));
	}
	if (differ(peer, &spec->snat_ip.first))
		ezlb_source_refuse(r->src, spec->snat_ip_at, EZLB_E_FAMILY, one_family,
				   "snat_ip %s is %s, but the %s %s",
				   ezlb_range_format(&spec->snat_ip, buf),
				   family_str(&spec->snat_ip.first), whose, family_str(peer));
}

/* By endpoint, then by place in the file, which is the order in memory. */
static int by_endpoint(const void *pa, const void *pb)
{
	const struct ezlb_backend *a = *(const struct ezlb_backend *const *)pa;
	const struct ezlb_backend *b = *(const struct ezlb_backend *const *)pb;
	int rc = ezlb_endpoint_cmp(&a->endpoint, &b->endpoint);

	return rc ? rc : (a > b) - (a < b);
}

static void check_unique(struct reader *r)
{
	struct EZLB_VEC(const struct ezlb_backend *) sorted = { 0 };
	const struct ezlb_backend *first = NULL;
	char buf[EZLB_ENDPOINT_STRLEN];

	for (size_t i = 0; i < r->spec->n_backends; i++)
		if (r->spec->backends[i].endpoint.port)
			*EZLB_PUSH(&sorted) = &r->spec->backends[i];
	EZLB_SORT(&sorted, by_endpoint);
	for (size_t i = 0; i < sorted.len; i++) {
		const struct ezlb_backend *backend = sorted.items[i];

		if (!first || ezlb_endpoint_cmp(&first->endpoint, &backend->endpoint) != 0) {
			first = backend;
			continue;
		}
		ezlb_source_refuse(r->src, backend->at, EZLB_E_BACKEND_TWICE,
				   "remove one; to send more connections to it, raise its weight",
				   "backend %s is listed twice, first on line %d",
				   ezlb_endpoint_format(&backend->endpoint, buf), first->at.line);
	}
	EZLB_VEC_CLEAR(&sorted);
}

/* IPVS rewrites addresses and ports only with masq; otherwise the packet arrives unchanged. */
static void check_ports(struct reader *r)
{
	const struct ezlb_spec *spec = r->spec;

	if (spec->forward == EZLB_MASQ || !spec->listen.port)
		return;
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *backend = &spec->backends[i];

		if (!backend->endpoint.port || backend->endpoint.port == spec->listen.port)
			continue;
		ezlb_source_refuse(r->src, backend->at, EZLB_E_FORWARD,
				   "use the listener's port, or forward: masq",
				   "forward: %s cannot change the port from %u to %u",
				   ezlb_forward_str(spec->forward), (unsigned)spec->listen.port,
				   (unsigned)backend->endpoint.port);
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
		ezlb_source_refuse(r->src, r->forward_at, EZLB_E_FORWARD,
				   "remove forward, or set full_nat: false",
				   "full_nat needs forward: masq, not %s",
				   ezlb_forward_str(spec->forward));
}

void ezlb_rules_check(struct reader *r)
{
	check_families(r);
	check_unique(r);
	check_ports(r);
	check_full_nat(r);
}
