// SPDX-License-Identifier: GPL-2.0-or-later
/* doctor: collects the facts, then the findings. */
#include <stdio.h>

#include "filters.h"
#include "route.h"

static int by_name(const void *a, const void *b)
{
	const struct ezlb_spec *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static enum module_state scheduler_of(const char *root, const struct ezlb_spec *spec)
{
	char module[EZLB_SCHED_MAX + 8];

	snprintf(module, sizeof(module), "ip_vs_%s", spec->scheduler);
	return facts_module(root, module);
}

static void take_listeners(const struct ezlb_desired *desired, struct net_facts *net)
{
	for (size_t i = 0; i < desired->len; i++)
		ezlb_obstacle_add(&net->listeners, desired->items[i]);
	ezlb_obstacle_sort(&net->listeners);
}

static void check_services(const struct ezlb_doctor *doctor, const struct net_facts *net,
			   struct ezlb_findings *out)
{
	struct ezlb_desired sorted = { 0 };

	for (size_t i = 0; i < doctor->desired->len; i++)
		*EZLB_PUSH(&sorted) = doctor->desired->items[i];
	EZLB_SORT(&sorted, by_name);
	for (size_t i = 0; i < sorted.len; i++)
		check_service(doctor, sorted.items[i], scheduler_of(doctor->root, sorted.items[i]),
			      net, out);
	EZLB_VEC_CLEAR(&sorted);
}

void ezlb_doctor_run(const struct ezlb_doctor *doctor, struct ezlb_findings *out)
{
	struct route route;
	struct host_facts host;
	struct net_facts net = { .route = route_lookup, .route_arg = &route };

	facts_read(doctor->root, &host);
	filters_read(doctor, &host, &net, &net.filter_err);
	route_open(&route, &route_kernel);
	route_read(&route, doctor->root, &net, &net.route_err);
	connections_read(doctor->desired, &host, &net);
	take_listeners(doctor->desired, &net);
	check_host(doctor, &host, &net, out);
	check_services(doctor, &net, out);
	route_close(&route);
	net_facts_clear(&net);
}
