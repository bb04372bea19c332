// SPDX-License-Identifier: GPL-2.0-or-later
/* client_address: the condition ClientAddress. It never depends on whether the service works. */
#include <stdio.h>

#include "conditions.h"

static void say(struct conditions_value *out, enum ezlb_reason reason, const char *message)
{
	out->reason = reason;
	ezlb_strcpy(out->message, sizeof(out->message), message);
}

/* A route to a backend, by this interface, or by one with the qdisc ingress; NULL: there is none.
 */
static const struct ezlb_route_row *find_route(const struct ezlb_spec *spec,
					       const struct ezlb_routes *routes, const char *device,
					       bool ingress)
{
	const struct ezlb_route_row *end = routes->items + routes->len;

	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_route_row key = { .to = spec->backends[i].endpoint.addr };
		const struct ezlb_route_row *row = EZLB_FIND(routes, &key, ezlb_route_row_cmp);

		/* There are several in a row: to the first of them. */
		while (row && row > routes->items && ezlb_route_row_cmp(row - 1, &key) == 0)
			row--;
		for (; row && row < end && ezlb_route_row_cmp(row, &key) == 0; row++)
			if (ingress ? row->ingress : strcmp(row->device, device) == 0)
				return row;
	}
	return NULL;
}

static bool concerns(const struct ezlb_op *op, const struct ezlb_spec *spec,
		     const struct ezlb_routes *routes)
{
	if (ezlb_op_object(op->kind) == EZLB_OBJECT_TOA)
		return ezlb_spec_has(spec, &op->toa.service);
	if (ezlb_op_object(op->kind) == EZLB_OBJECT_HOOK)
		return find_route(spec, routes, op->hook.device, false) != NULL;
	return true;
}

/* The op that keeps the option from the service's packets, a failed one first; NULL: none. */
static const struct ezlb_op *missing(const struct conditions_pass *pass,
				     const struct ezlb_spec *spec)
{
	const struct ezlb_op *found = NULL;

	for (size_t i = 0; i < pass->blocked.toa.len; i++) {
		const struct ezlb_op *op = pass->blocked.toa.items[i];

		if (concerns(op, spec, &pass->found->actual.routes) &&
		    (!found || (found->rc >= 0 && op->rc < 0)))
			found = op;
	}
	return found;
}

static void say_missing(const struct conditions_pass *pass, const struct ezlb_op *op,
			struct conditions_value *out)
{
	const struct ezlb_err *layer = &pass->outcome->errs.layer[EZLB_LAYER_TOA];
	char what[EZLB_OP_STRLEN], why[EZLB_OP_STRLEN];

	out->reason = op->rc < 0 ? EZLB_REASON_FAILED : EZLB_REASON_HELD;
	snprintf(out->message, sizeof(out->message), "%.120s: %.130s", ezlb_op_format(op, what),
		 op->rc < 0 && layer->code ? layer->msg : ezlb_op_explain(op, why));
}

static void say_no_place(const char *device, struct conditions_value *out)
{
	out->reason = EZLB_REASON_UNSUPPORTED;
	snprintf(out->message, sizeof(out->message),
		 "the interface %s has the qdisc ingress, and so cannot have the program: replace "
		 "it by the qdisc clsact, which can do the same",
		 device);
}

/* The program is where routes lead. No route, or one to this host itself, has no interface. */
static void say_added(const struct ezlb_spec *spec, const struct ezlb_routes *routes,
		      struct conditions_value *out)
{
	const struct ezlb_endpoint *without = NULL;
	char addr[EZLB_ADDR_STRLEN];
	size_t n = 0;

	for (size_t i = spec->n_backends; i-- > 0;) {
		const struct ezlb_route_row key = { .to = spec->backends[i].endpoint.addr };

		if (EZLB_FIND(routes, &key, ezlb_route_row_cmp))
			continue;
		without = &spec->backends[i].endpoint;
		n++;
	}
	say(out, n < spec->n_backends ? EZLB_REASON_ADDED : EZLB_REASON_UNSUPPORTED, "");
	if (without)
		snprintf(out->message, sizeof(out->message),
			 "not for %zu of %zu backends, first %s: there is no route, or it is on "
			 "this host",
			 n, spec->n_backends, ezlb_addr_format(&without->addr, addr));
}

static void judge(const struct ezlb_spec *spec, const struct conditions_pass *pass,
		  struct conditions_value *out)
{
	const struct ezlb_op *op = missing(pass, spec);
	const struct ezlb_route_row *ingress = find_route(spec, &pass->found->actual.routes, NULL,
							  true);

	if (pass->found->actual.toa_problem[0])
		say(out, EZLB_REASON_UNSUPPORTED, pass->found->actual.toa_problem);
	else if (pass->found->errs.layer[EZLB_LAYER_TOA].code)
		say(out, EZLB_REASON_UNREADABLE, pass->found->errs.layer[EZLB_LAYER_TOA].msg);
	else if (op)
		say_missing(pass, op, out);
	else if (ingress)
		say_no_place(ingress->device, out);
	else
		say_added(spec, &pass->found->actual.routes, out);
}

void conditions_client_address(const struct ezlb_catalog_entry *entry,
			       const struct conditions_pass *pass, struct conditions_value *out)
{
	if (!entry->last)
		say(out, EZLB_REASON_NOT_APPLIED, "no version of the file is applied");
	else if (entry->last->client_address == EZLB_CLIENT_ADDRESS_NONE)
		say(out, EZLB_REASON_NOT_ASKED, "");
	else if (!pass)
		say(out, EZLB_REASON_PENDING, "");
	else
		judge(entry->last, pass, out);
}
