// SPDX-License-Identifier: GPL-2.0-or-later
/* client_address: the condition ClientAddress. It never depends on whether the service works. */
#include <stdio.h>

#include "conditions.h"

static void say(struct conditions_value *out, enum ezlb_reason reason, const char *message)
{
	out->reason = reason;
	ezlb_strcpy(out->message, sizeof(out->message), message);
}

static bool has_backend(const struct ezlb_spec *spec, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < spec->n_backends; i++)
		if (ezlb_addr_cmp(&spec->backends[i].endpoint.addr, addr) == 0)
			return true;
	return false;
}

/* Whether packets to a backend leave by the interface. A backend can have several. */
static bool uses(const struct ezlb_spec *spec, const struct ezlb_routes *routes, const char *device)
{
	for (size_t i = 0; i < routes->len; i++)
		if (strcmp(routes->items[i].device, device) == 0 &&
		    has_backend(spec, &routes->items[i].to))
			return true;
	return false;
}

static bool concerns(const struct ezlb_op *op, const struct ezlb_spec *spec,
		     const struct ezlb_routes *routes)
{
	if (ezlb_op_object(op->kind) == EZLB_OBJECT_TOA)
		return ezlb_spec_has(spec, &op->toa.service);
	if (ezlb_op_object(op->kind) == EZLB_OBJECT_HOOK)
		return uses(spec, routes, op->hook.device);
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

static void judge(const struct ezlb_spec *spec, const struct conditions_pass *pass,
		  struct conditions_value *out)
{
	const struct ezlb_op *op = missing(pass, spec);

	if (pass->found->actual.toa_problem[0])
		say(out, EZLB_REASON_UNSUPPORTED, pass->found->actual.toa_problem);
	else if (pass->found->errs.layer[EZLB_LAYER_TOA].code)
		say(out, EZLB_REASON_UNREADABLE, pass->found->errs.layer[EZLB_LAYER_TOA].msg);
	else if (op)
		say_missing(pass, op, out);
	else
		say(out, EZLB_REASON_ADDED, "");
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
