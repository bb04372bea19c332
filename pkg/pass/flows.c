// SPDX-License-Identifier: GPL-2.0-or-later
#include "flows.h"

#include <errno.h>

static void add(struct ezlb_flows *out, const struct ezlb_dest_row *dest)
{
	*EZLB_PUSH(out) = (struct ezlb_flow){ .proto = dest->service.proto,
					      .listen = dest->service.listen,
					      .backend = dest->endpoint };
}

/* Adds the listed dests that use this SNAT row. */
static void add_users(struct ezlb_flows *out, const struct ezlb_snat_row *row,
		      const struct ezlb_table *actual)
{
	for (size_t i = 0; i < actual->dests.len; i++) {
		const struct ezlb_dest_row *dest = &actual->dests.items[i];
		const struct ezlb_snat_key key = ezlb_snat_key_of(row->key.kind, &dest->service,
								  &dest->endpoint);

		if (dest->forward == EZLB_MASQ && ezlb_snat_key_cmp(&key, &row->key) == 0)
			add(out, dest);
	}
}

static int flow_cmp(const void *a, const void *b)
{
	const struct ezlb_flow *x = a, *y = b;
	int rc = (x->proto > y->proto) - (x->proto < y->proto);

	if (rc == 0)
		rc = ezlb_endpoint_cmp(&x->listen, &y->listen);
	return rc ? rc : ezlb_endpoint_cmp(&x->backend, &y->backend);
}

void flows_of(const struct ezlb_plan *plan, const struct ezlb_table *actual, struct ezlb_flows *out)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->len; i++) {
		const struct ezlb_op *op = &plan->items[i];

		if (op->rc != 0)
			continue;
		if (op->kind == EZLB_OP_DEST_DEL && op->dest.service.proto == EZLB_UDP)
			add(out, &op->dest);
		else if (ezlb_op_object(op->kind) == EZLB_OBJECT_SNAT &&
			 op->snat.key.proto == EZLB_UDP)
			add_users(out, &op->snat, actual);
	}
	EZLB_SORT(out, flow_cmp);
	for (size_t i = 0; i < out->len; i++)
		if (n == 0 || flow_cmp(&out->items[n - 1], &out->items[i]) != 0)
			out->items[n++] = out->items[i];
	out->len = n;
}

void flows_end(const struct ezlb_pass *pass, const struct ezlb_plan *ops,
	       const struct ezlb_table *actual, struct ezlb_pass_outcome *outcome)
{
	struct ezlb_flows flows = { 0 };

	if (!pass->end_flows)
		return;
	flows_of(ops, actual, &flows);
	/* A kernel without conntrack has no flows. */
	if (pass->end_flows(&flows, &outcome->flows, &outcome->flows_err) == -ENOPROTOOPT)
		outcome->flows_err.code = 0;
	EZLB_VEC_CLEAR(&flows);
}
