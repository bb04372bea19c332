// SPDX-License-Identifier: GPL-2.0-or-later
#include "deliverable.h"

#include <inttypes.h>
#include <stdio.h>

static const struct ezlb_obstacle_listeners *listeners_of(struct deliverable *deliverable)
{
	const struct ezlb_desired *desired = &deliverable->catalog->desired;

	if (deliverable->has_listeners)
		return &deliverable->listeners;
	for (size_t i = 0; i < desired->len; i++)
		ezlb_obstacle_add(&deliverable->listeners, desired->items[i]);
	ezlb_obstacle_sort(&deliverable->listeners);
	deliverable->has_listeners = true;
	return &deliverable->listeners;
}

void deliverable_clear(struct deliverable *deliverable)
{
	EZLB_VEC_CLEAR(&deliverable->listeners);
}

/* The first one gives the reason, so the worst comes first. */
static void add(struct conditions_value *out, enum ezlb_reason reason, const char *text)
{
	if (out->reason == EZLB_REASON_NO_OBSTACLE)
		out->reason = reason;
	ezlb_strcatf(out->message, sizeof(out->message), "%s%s", out->message[0] ? "; " : "", text);
}

/* The backends of a service that are this host itself. */
struct local_backends {
	size_t listeners, others; /* those that are listeners of ezlb, and the rest */
	const struct ezlb_endpoint *listener, *other; /* the first of each */
	const char *name;			      /* the service of the first listener */
};

static void find_local(struct deliverable *all, const struct ezlb_spec *spec,
		       struct local_backends *found)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_endpoint *backend = &spec->backends[i].endpoint;
		const struct ezlb_obstacle_listener *listener;

		if (!ezlb_local_has(&all->view->local, &backend->addr))
			continue;
		listener = ezlb_obstacle_find(listeners_of(all), spec, backend);
		if (listener && found->listeners++ == 0) {
			found->listener = backend;
			found->name = listener->name;
		}
		if (!listener && found->others++ == 0)
			found->other = backend;
	}
}

static void add_listeners(const struct local_backends *found, const struct ezlb_spec *spec,
			  struct conditions_value *out)
{
	char text[EZLB_OBSTACLE_STRLEN];

	if (found->listeners == 0)
		return;
	ezlb_obstacle_listener(found->listener, found->listeners - 1, found->name, text);
	add(out,
	    found->listeners == spec->n_backends ? EZLB_REASON_NO_REAL_BACKEND
						 : EZLB_REASON_BACKEND_IS_LISTENER,
	    text);
}

static void add_silent(const struct ezlb_view *view, const struct ezlb_spec *spec,
		       struct conditions_value *out)
{
	const struct ezlb_answers_row *row = ezlb_answers_silent(&view->answers, spec);
	char text[EZLB_OBSTACLE_STRLEN];

	if (!row)
		return;
	snprintf(text, sizeof(text),
		 "%" PRIu64 " packets went in, and no answer came out: a firewall drops them, or "
		 "the backends have no route to %s (see `ezlb doctor`)",
		 row->asked,
		 !spec->full_nat	      ? "the clients through this host"
		 : spec->snat_ip.first.family ? "snat_ip"
					      : "this host");
	add(out, EZLB_REASON_NO_ANSWERS, text);
}

/* The kernel drops new connections of all services, whatever they do with conntrack. */
static void add_conntrack(const struct ezlb_view *view, struct conditions_value *out)
{
	char text[EZLB_OBSTACLE_STRLEN];

	if (!view->conntrack_full)
		return;
	snprintf(text, sizeof(text),
		 "the conntrack table has %" PRId64 " of %" PRId64 " entries: when it is full, new "
		 "connections are dropped; raise net.netfilter.nf_conntrack_max",
		 view->conntrack_entries, view->conntrack_max);
	add(out, EZLB_REASON_CONNTRACK_FULL, text);
}

/*
 * The standby of a VRRP pair has none of the addresses that move. Clients do not reach it, so a
 * source address that it lacks loses nothing. Nobody knows where packets with a mark come from.
 */
static bool is_standby(const struct ezlb_view *view, const struct ezlb_spec *spec)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (ezlb_listener_is_mark(&spec->listeners[i]) ||
		    ezlb_local_has(&view->local, &spec->listeners[i].listen.addr))
			return false;
	return true;
}

static void add_source(const struct ezlb_view *view, const struct ezlb_spec *spec,
		       struct conditions_value *out)
{
	char text[EZLB_OBSTACLE_STRLEN];
	struct ezlb_addr missing;

	if (view->local.known && spec->full_nat && spec->snat_ip.first.family &&
	    !is_standby(view, spec) && ezlb_local_lacks(&view->local, &spec->snat_ip, &missing))
		add(out, EZLB_REASON_SOURCE_NOT_LOCAL, ezlb_obstacle_source(&missing, text));
}

static void add_ports(const struct ezlb_view *view, const struct ezlb_spec *spec,
		      struct conditions_value *out)
{
	const struct ezlb_service_key key = ezlb_spec_key(spec);
	const struct ezlb_ports_row *row = spec->full_nat ? ezlb_ports_find(&view->ports, &key)
							  : NULL;
	char text[EZLB_PORTS_STRLEN];

	if (row && row->low)
		add(out, EZLB_REASON_SOURCE_PORTS_LOW, ezlb_ports_explain(row, text));
}

void conditions_deliverable(struct deliverable *deliverable, const struct ezlb_spec *spec,
			    struct conditions_value *out)
{
	const struct ezlb_view *view = deliverable->view;
	struct local_backends found = { 0 };
	char text[EZLB_OBSTACLE_STRLEN];

	*out = (struct conditions_value){ .reason = EZLB_REASON_NO_OBSTACLE };
	if (!spec) {
		*out = (struct conditions_value){ EZLB_REASON_NOT_APPLIED,
						  "no version of the file is applied" };
		return;
	}
	find_local(deliverable, spec, &found);
	add_listeners(&found, spec, out);
	add_silent(view, spec, out);
	add_conntrack(view, out);
	add_source(view, spec, out);
	add_ports(view, spec, out);
	if (found.others > 0 && spec->full_nat)
		add(out, EZLB_REASON_LOCAL_BACKEND,
		    ezlb_obstacle_here(found.other, found.others - 1, text));
}
