// SPDX-License-Identifier: GPL-2.0-or-later
/* check_guard: what else of this host answers at the address of a service. */
#include <ezlb/node.h>

#include "facts.h"

static bool is_ours(const struct ezlb_doctor *doctor, const char *link)
{
	char drain[EZLB_DEVICE_STRLEN];

	if (doctor->vip_device[0] == '\0')
		return false;
	ezlb_node_drain_device(doctor->vip_device, drain);
	return strcmp(link, doctor->vip_device) == 0 || strcmp(link, drain) == 0;
}

/* The link with the address that ezlb does not manage, else one that it does; NULL: none. */
static const struct link_fact *home_of(const struct ezlb_doctor *doctor,
				       const struct net_facts *net, const struct ezlb_addr *vip)
{
	const struct link_fact *found = NULL;

	for (size_t i = 0; i < net->addrs.len; i++) {
		const struct link_fact *link = net_link(net, net->addrs.items[i].link);

		if (link && ezlb_addr_cmp(&net->addrs.items[i].addr, vip) == 0 &&
		    (!found || is_ours(doctor, found->name)))
			found = link;
	}
	return found;
}

/* IPVS hands the packets for it to this host with the address of the listener. */
static const struct ezlb_endpoint *local_backend(const struct ezlb_spec *spec,
						 const struct net_facts *net)
{
	struct route_fact route;

	for (size_t i = 0; i < spec->n_backends && spec->forward != EZLB_MASQ; i++) {
		const struct ezlb_addr *addr = &spec->backends[i].endpoint.addr;

		if (net->route(net->route_arg, addr, NULL, &route) == 0 && route.type == RTN_LOCAL)
			return &spec->backends[i].endpoint;
	}
	return NULL;
}

void check_guard(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
		 const struct ezlb_addr *vip, const struct net_facts *net,
		 struct ezlb_findings *out)
{
	const struct link_fact *home = home_of(doctor, net, vip);
	const struct ezlb_endpoint *here;
	char text[EZLB_ADDR_STRLEN], backend[EZLB_ENDPOINT_STRLEN];

	if (doctor->vip_guard_never || !home)
		return;
	ezlb_addr_format(vip, text);
	here = local_backend(spec, net);
	if (!is_ours(doctor, home->name))
		say(out, EZLB_LEVEL_WARN, "vip-guard", spec->name,
		    "%s is on %s, which ezlb does not manage: every program of this host that "
		    "listens on all addresses answers there (--vip-guard is about the interface of "
		    "--vip-device)",
		    text, home->name);
	else if (!doctor->vip_guard)
		say(out, EZLB_LEVEL_WARN, "vip-guard", spec->name,
		    "every program of this host that listens on all addresses answers at %s: the "
		    "kernel has no nf_tables, which --vip-guard needs",
		    text);
	else if (here)
		say(out, EZLB_LEVEL_WARN, "vip-guard", spec->name,
		    "every program of this host that listens on all addresses answers at %s: the "
		    "backend %s is on this host, and gets packets with this address",
		    text, ezlb_endpoint_format(here, backend));
	else
		say(out, EZLB_LEVEL_OK, "vip-guard", spec->name, "only services answer at %s",
		    text);
}
