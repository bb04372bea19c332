// SPDX-License-Identifier: GPL-2.0-or-later
/* check_service: findings about one service. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include <ezlb/obstacle.h>

#include "facts.h"

static void check_scheduler(const struct ezlb_spec *spec, enum module_state state,
			    struct ezlb_findings *out)
{
	bool missing = state == MODULE_MISSING;
	struct ezlb_finding *finding;

	if (!missing && state != MODULE_UNKNOWN) {
		say(out, EZLB_LEVEL_OK, "scheduler", spec->name, "%s", spec->scheduler);
		return;
	}
	finding = say(
		out, missing ? EZLB_LEVEL_FAIL : EZLB_LEVEL_WARN, "scheduler", spec->name,
		"ip_vs_%s is not loaded, and %s", spec->scheduler,
		missing ? "not among the running kernel's modules: the service cannot be created; "
			  "choose another scheduler, or install the module"
			: "without /lib/modules it is unknown whether the host has it; load it on "
			  "the host");
	set_fix(finding, "modprobe ip_vs_%s", spec->scheduler);
}

/* --- local addresses ------------------------------------------------------------------------- */

static bool is_local(const struct net_facts *net, const struct ezlb_addr *addr)
{
	struct route_fact route;

	return net->route(net->route_arg, addr, NULL, &route) == 0 && route.type == RTN_LOCAL;
}

static int prefix_len(const struct ezlb_addr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

/* An earlier listener has the same address, or it is a mark, which has none. */
static bool is_told(const struct ezlb_spec *spec, size_t i)
{
	bool told = ezlb_listener_is_mark(&spec->listeners[i]);

	for (size_t k = 0; k < i && !told; k++)
		told = ezlb_addr_cmp(&spec->listeners[k].listen.addr,
				     &spec->listeners[i].listen.addr) == 0;
	return told;
}

static bool is_on(const struct ezlb_spec *spec, const struct ezlb_addr *vip)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (!ezlb_listener_is_mark(&spec->listeners[i]) &&
		    ezlb_addr_cmp(&spec->listeners[i].listen.addr, vip) == 0)
			return true;
	return false;
}

/* Each service on the address lets it go while no backend serves. */
static bool may_be_withdrawn(const struct ezlb_doctor *doctor, const struct ezlb_addr *vip)
{
	for (size_t i = 0; i < doctor->desired->len; i++) {
		const struct ezlb_spec *spec = doctor->desired->items[i];
		enum ezlb_vip_when when = spec->vip ? spec->vip : doctor->vip_when;

		if (when != EZLB_VIP_SERVING && is_on(spec, vip))
			return false;
	}
	return true;
}

static void check_vip(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
		      const struct ezlb_addr *vip, const struct net_facts *net,
		      struct ezlb_findings *out)
{
	char text[EZLB_ADDR_STRLEN];

	ezlb_addr_format(vip, text);
	if (is_local(net, vip))
		say(out, EZLB_LEVEL_OK, "vip-local", spec->name, "%s", text);
	else if (doctor->vip_device[0] && may_be_withdrawn(doctor, vip))
		say(out, EZLB_LEVEL_OK, "vip-local", spec->name,
		    "%s is on %s while a backend of a service on it serves; now it is not", text,
		    doctor->vip_device);
	else if (doctor->vip_device[0])
		set_fix(say(out, EZLB_LEVEL_WARN, "vip-local", spec->name,
			    "%s is not a local address yet: `ezlb run` adds it to %s", text,
			    doctor->vip_device),
			"ezlb once --vip-device %s", doctor->vip_device);
	else
		set_fix(say(out, EZLB_LEVEL_FAIL, "vip-local", spec->name,
			    "%s is not a local address: IPVS does not see its packets (with "
			    "--vip-device ezlb adds it)",
			    text),
			"ip addr add %s/%d dev lo", text, prefix_len(vip));
}

static void step(struct ezlb_addr *addr)
{
	for (int i = prefix_len(addr) / 8; i-- > 0;)
		if (++addr->bytes[i])
			return;
}

static void check_snat(const struct ezlb_spec *spec, const struct net_facts *net,
		       struct ezlb_findings *out)
{
	struct ezlb_addr addr = spec->snat_ip.first;
	char text[EZLB_ADDR_STRLEN], range[EZLB_RANGE_STRLEN], what[EZLB_OBSTACLE_STRLEN];
	size_t before = out->len;

	if (!spec->full_nat || addr.family == 0)
		return;
	/* The config limits a range to 1,024 addresses. */
	for (uint64_t n = ezlb_range_size(&spec->snat_ip); n > 0 && out->len == before; n--) {
		if (!is_local(net, &addr))
			set_fix(say(out, EZLB_LEVEL_FAIL, "snat-local", spec->name, "%s",
				    ezlb_obstacle_source(&addr, what)),
				"ip addr add %s/%d dev lo", ezlb_addr_format(&addr, text),
				prefix_len(&addr));
		step(&addr);
	}
	if (out->len == before)
		say(out, EZLB_LEVEL_OK, "snat-local", spec->name, "%s",
		    ezlb_range_format(&spec->snat_ip, range));
}

/* --- backends -------------------------------------------------------------------------------- */

static void set_route_fix(struct ezlb_finding *finding, const struct ezlb_addr *to)
{
	char text[EZLB_ADDR_STRLEN];

	set_fix(finding, "ip route add %s/%d via GATEWAY", ezlb_addr_format(to, text),
		prefix_len(to));
}

static bool check_route(const struct ezlb_spec *spec, const struct ezlb_endpoint *to, int rc,
			const struct route_fact *route, struct ezlb_findings *out)
{
	char text[EZLB_ENDPOINT_STRLEN], what[EZLB_OBSTACLE_STRLEN];

	ezlb_endpoint_format(to, text);
	if (rc < 0) {
		set_route_fix(say(out, EZLB_LEVEL_FAIL, "backend-route", spec->name,
				  "there is no route to the backend %s: %s", text,
				  ezlb_errno_str(-rc)),
			      &to->addr);
		return false;
	}
	if (route->type == RTN_LOCAL && spec->full_nat) {
		say(out, EZLB_LEVEL_WARN, "backend-route", spec->name, "%s",
		    ezlb_obstacle_here(to, 0, what));
		return false;
	}
	if (spec->full_nat && spec->snat_ip.first.family == 0 && route->source.family == 0) {
		say(out, EZLB_LEVEL_FAIL, "backend-route", spec->name,
		    "the route to the backend %s has no source address, and MASQUERADE needs one: "
		    "give its interface an address, or the service a snat_ip",
		    text);
		return false;
	}
	return true;
}

static void report_route(const struct ezlb_spec *spec, const struct ezlb_endpoint *to,
			 const struct route_fact *route, const struct net_facts *net,
			 struct ezlb_findings *out)
{
	const struct link_fact *link = net_link(net, route->link);
	char text[EZLB_ENDPOINT_STRLEN], source[EZLB_ADDR_STRLEN], range[EZLB_RANGE_STRLEN];
	const char *from = "no address";

	if (spec->full_nat && spec->snat_ip.first.family)
		from = ezlb_range_format(&spec->snat_ip, range);
	else if (route->source.family)
		from = ezlb_addr_format(&route->source, source);
	say(out, EZLB_LEVEL_OK, "backend-route", spec->name, "%s over %s, from %s",
	    ezlb_endpoint_format(to, text), link ? link->name : "?", from);
}

/* --- reverse path filter --------------------------------------------------------------------- */

/*
 * The link with the address, on which other hosts can send to it; NULL for a link such as lo, which
 * does not show where packets arrive.
 */
static const struct link_fact *home_of(const struct net_facts *net, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < net->addrs.len; i++) {
		const struct link_fact *link = net_link(net, net->addrs.items[i].link);

		if (ezlb_addr_cmp(&net->addrs.items[i].addr, addr) == 0 && link && link->on_wire)
			return link;
	}
	return NULL;
}

/* Packets from `peer` to the address `at`. */
struct path {
	const struct ezlb_addr *at, *peer;
	const struct ezlb_addr *from; /* the source in the lookup of the return route, or NULL */
	const char *what;
};

static void report_rp_filter(const struct ezlb_spec *spec, const struct path *path,
			     const struct link_fact *link, const struct link_fact *back,
			     struct ezlb_findings *out)
{
	/* For a name with dots the separators must be slashes: sysctl reads dots as slashes. */
	char dot = strchr(link->name, '.') ? '/' : '.';
	char text[EZLB_ADDR_STRLEN];

	set_fix(say(out, EZLB_LEVEL_WARN, "rp-filter", spec->name,
		    "%s to %s arrive on %s, whose rp_filter is strict, and the return route uses %s: "
		    "they "
		    "are dropped",
		    path->what, ezlb_addr_format(path->at, text), link->name,
		    back ? back->name : "another"),
		"sysctl -w net%cipv4%cconf%c%s%crp_filter=2", dot, dot, dot, link->name, dot);
}

/*
 * fib_validate_source() in net/ipv4/fib_frontend.c: a strict filter drops a packet that arrives on
 * another interface than the one of the route to its source. Packets to an address arrive on the
 * interface that has the address.
 */
static bool check_path(const struct ezlb_spec *spec, const struct path *path,
		       const struct net_facts *net, struct ezlb_findings *out)
{
	const struct link_fact *home = home_of(net, path->at);
	struct route_fact back;

	if (!home || home->rp_filter != 1 ||
	    net->route(net->route_arg, path->peer, path->from, &back) < 0 ||
	    back.type != RTN_UNICAST || back.link == home->index)
		return true;
	report_rp_filter(spec, path, home, net_link(net, back.link), out);
	return false;
}

static bool check_requests(const struct ezlb_spec *spec, const struct net_facts *net,
			   struct ezlb_findings *out)
{
	/* A remote client: TEST-NET-1 (RFC 5737). */
	static const struct ezlb_addr client = { AF_INET, { 192, 0, 2, 1 } };
	bool good = true;

	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_addr *vip = &spec->listeners[i].listen.addr;
		const struct path path = { vip, &client, vip, "requests of clients" };

		if (!is_told(spec, i))
			good &= check_path(spec, &path, net, out);
	}
	return good;
}

static void check_rp_filter(const struct ezlb_spec *spec, const struct net_facts *net,
			    struct ezlb_findings *out)
{
	bool good, answers = true;

	if (spec->listen.addr.family != AF_INET)
		return;
	good = check_requests(spec, net, out);
	/* Report one backend only: the fix is the same for all. */
	for (size_t i = 0; answers && i < spec->n_backends && spec->full_nat; i++) {
		/* The kernel looks up the route after it has restored the client as destination. */
		const struct path path = { &spec->snat_ip.first, &spec->backends[i].endpoint.addr,
					   NULL, "answers of backends" };

		answers = check_path(spec, &path, net, out);
	}
	if (good && answers)
		say(out, EZLB_LEVEL_OK, "rp-filter", spec->name,
		    "no strict interface has another return route");
}

/* IPVS does not forward a packet a second time. True if the backend is a listener here. */
static bool check_listener(const struct ezlb_obstacle_listeners *listeners,
			   const struct ezlb_spec *spec, const struct ezlb_endpoint *to,
			   struct ezlb_findings *out)
{
	const struct ezlb_obstacle_listener *listener = ezlb_obstacle_find(listeners, spec, to);
	char what[EZLB_OBSTACLE_STRLEN];

	if (listener)
		say(out, EZLB_LEVEL_FAIL, "backend-listener", spec->name, "%s",
		    ezlb_obstacle_listener(to, 0, listener->name, what));
	return listener != NULL;
}

static void check_backends(const struct ezlb_spec *spec, const struct net_facts *net,
			   struct ezlb_findings *out)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_endpoint *to = &spec->backends[i].endpoint;
		struct route_fact route;
		int rc = net->route(net->route_arg, &to->addr, NULL, &route);

		if (rc == 0 && route.type == RTN_LOCAL &&
		    check_listener(&net->listeners, spec, to, out))
			continue;
		if (check_route(spec, to, rc, &route, out))
			report_route(spec, to, &route, net, out);
	}
}

void check_service(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
		   enum module_state scheduler, const struct net_facts *net,
		   struct ezlb_findings *out)
{
	bool routes = net->route_err.code == 0;

	for (size_t i = 0; routes && i < spec->n_listeners; i++)
		if (!is_told(spec, i)) {
			check_vip(doctor, spec, &spec->listeners[i].listen.addr, net, out);
			check_guard(doctor, spec, &spec->listeners[i].listen.addr, net, out);
		}
	check_filters(spec, net, out);
	check_scheduler(spec, scheduler, out);
	check_connections(spec, net, out);
	check_source_ports(doctor, spec, out);
	check_client_address(doctor, spec, out);
	if (!routes)
		return;
	check_backends(spec, net, out);
	check_snat(spec, net, out);
	check_rp_filter(spec, net, out);
}
