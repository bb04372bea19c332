// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

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
	finding = say(out, missing ? EZLB_LEVEL_FAIL : EZLB_LEVEL_WARN, "scheduler", spec->name,
		      "ip_vs_%s is not loaded, and %s", spec->scheduler,
		      missing ? "not among the running kernel's modules: the service cannot be "
				"made; name another scheduler, or get the module"
			      : "there is no /lib/modules here to tell whether the host has it; "
				"load it there");
	mend(finding, "modprobe ip_vs_%s", spec->scheduler);
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

static void check_vip(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
		      const struct net_facts *net, struct ezlb_findings *out)
{
	const struct ezlb_addr *vip = &spec->listen.addr;
	char text[EZLB_ADDR_STRLEN];

	ezlb_addr_format(vip, text);
	if (is_local(net, vip))
		say(out, EZLB_LEVEL_OK, "vip-local", spec->name, "%s", text);
	else if (doctor->vip_device[0])
		mend(say(out, EZLB_LEVEL_WARN, "vip-local", spec->name,
			 "%s is no local address yet: ezlb puts it on %s when it runs", text,
			 doctor->vip_device),
		     "ezlb once --vip-device %s", doctor->vip_device);
	else
		mend(say(out, EZLB_LEVEL_FAIL, "vip-local", spec->name,
			 "%s is no local address: IPVS does not see its packets (--vip-device lets "
			 "ezlb keep it)",
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
	char text[EZLB_ADDR_STRLEN], range[EZLB_RANGE_STRLEN];
	size_t before = out->len;

	if (!spec->full_nat || addr.family == 0)
		return;
	/* Of an IPv6 range there may be many; config takes 1,024 at most. */
	for (uint64_t n = ezlb_range_size(&spec->snat_ip); n > 0 && out->len == before; n--) {
		if (!is_local(net, &addr))
			mend(say(out, EZLB_LEVEL_FAIL, "snat-local", spec->name,
				 "%s of snat_ip is no local address: answers of backends to it "
				 "get lost",
				 ezlb_addr_format(&addr, text)),
			     "ip addr add %s/%d dev lo", text, prefix_len(&addr));
		step(&addr);
	}
	if (out->len == before)
		say(out, EZLB_LEVEL_OK, "snat-local", spec->name, "%s",
		    ezlb_range_format(&spec->snat_ip, range));
}

/* --- backends -------------------------------------------------------------------------------- */

static void mend_route(struct ezlb_finding *finding, const struct ezlb_addr *to)
{
	char text[EZLB_ADDR_STRLEN];

	mend(finding, "ip route add %s/%d via GATEWAY", ezlb_addr_format(to, text), prefix_len(to));
}

static bool check_route(const struct ezlb_spec *spec, const struct ezlb_endpoint *to, int rc,
			const struct route_fact *route, struct ezlb_findings *out)
{
	char text[EZLB_ENDPOINT_STRLEN];

	ezlb_endpoint_format(to, text);
	if (rc < 0) {
		mend_route(say(out, EZLB_LEVEL_FAIL, "backend-route", spec->name,
			       "there is no route to the backend %s: %s", text,
			       ezlb_errno_str(-rc)),
			   &to->addr);
		return false;
	}
	if (route->type == RTN_LOCAL && spec->full_nat) {
		say(out, EZLB_LEVEL_WARN, "backend-route", spec->name,
		    "the backend %s is this host itself: what goes there gets no other source "
		    "address; leave full_nat out for such a backend",
		    text);
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

static void tell_route(const struct ezlb_spec *spec, const struct ezlb_endpoint *to,
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
 * The link in whose network the address is, so that others can send to it there; NULL where it is
 * none of that kind, like lo: then it says nothing about the way that packets come.
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
	const struct ezlb_addr *from; /* of the question for the way back; NULL: open */
	const char *what;
};

static void tell_rp_filter(const struct ezlb_spec *spec, const struct path *path,
			   const struct link_fact *link, const struct link_fact *back,
			   struct ezlb_findings *out)
{
	/* sysctl takes dots in a name for slashes, unless the separators are slashes. */
	char dot = strchr(link->name, '.') ? '/' : '.';
	char text[EZLB_ADDR_STRLEN];

	mend(say(out, EZLB_LEVEL_WARN, "rp-filter", spec->name,
		 "%s to %s come in by %s, whose rp_filter is strict, and the way back is %s: they "
		 "are dropped",
		 path->what, ezlb_addr_format(path->at, text), link->name,
		 back ? back->name : "another"),
	     "sysctl -w net%cipv4%cconf%c%s%crp_filter=2", dot, dot, dot, link->name, dot);
}

/*
 * fib_validate_source() in net/ipv4/fib_frontend.c: a strict filter drops what comes in by another
 * interface than that of the route to its source. The interface that has the address in its network
 * is where packets to it come in.
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
	tell_rp_filter(spec, path, home, net_link(net, back.link), out);
	return false;
}

static void check_rp_filter(const struct ezlb_spec *spec, const struct net_facts *net,
			    struct ezlb_findings *out)
{
	/* TEST-NET-1 (RFC 5737) for a client from afar. */
	static const struct ezlb_addr client = { AF_INET, { 192, 0, 2, 1 } };
	const struct ezlb_addr *vip = &spec->listen.addr;
	bool good, answers = true;

	if (vip->family != AF_INET)
		return;
	good = check_path(spec, &(struct path){ vip, &client, vip, "requests of clients" }, net,
			  out);
	/* One backend is enough: what is to be done is the same for all. */
	for (size_t i = 0; answers && i < spec->n_backends && spec->full_nat; i++) {
		/* The kernel asks when the answer has its client as its destination again. */
		const struct path path = { &spec->snat_ip.first, &spec->backends[i].endpoint.addr,
					   NULL, "answers of backends" };

		answers = check_path(spec, &path, net, out);
	}
	if (good && answers)
		say(out, EZLB_LEVEL_OK, "rp-filter", spec->name,
		    "strict on no interface that has another way back");
}

static void check_backends(const struct ezlb_spec *spec, const struct net_facts *net,
			   struct ezlb_findings *out)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_endpoint *to = &spec->backends[i].endpoint;
		struct route_fact route;
		int rc = net->route(net->route_arg, &to->addr, NULL, &route);

		if (check_route(spec, to, rc, &route, out))
			tell_route(spec, to, &route, net, out);
	}
}

void check_service(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
		   enum module_state scheduler, const struct net_facts *net,
		   struct ezlb_findings *out)
{
	bool routes = net->route_err.code == 0;

	if (routes)
		check_vip(doctor, spec, net, out);
	check_filters(spec, net, out);
	check_scheduler(spec, scheduler, out);
	if (!routes)
		return;
	check_backends(spec, net, out);
	check_snat(spec, net, out);
	check_rp_filter(spec, net, out);
}
