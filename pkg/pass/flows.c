// SPDX-License-Identifier: GPL-2.0-or-later
#include "flows.h"

#include <errno.h>
#include <unistd.h>

#include "units.h"

#define EXPIRE_US (50 * 1000)
/* A try may block for 5 s, and a table that is too large for it stays so. */
#define RETRY_MS UNITS_LONGEST
#define SOON_MS	 1000 /* the first wait after a failure that took no time; doubles */
#define LATE_MAX 65536

static int by_service(const void *a, const void *b)
{
	const struct ezlb_mark_row *x = a, *y = b;

	return ezlb_service_key_cmp(&x->service, &y->service);
}

/*
 * The listener of a service of UDP; false for others. The service of a range of ports has a mark,
 * and the table has the range. Of a mark of the file nothing more is known, and conntrack does not
 * know the mark.
 */
static bool listener_of(const struct ezlb_table *table, const struct ezlb_service_key *service,
			struct ezlb_flow *out)
{
	const struct ezlb_mark_row of = { .service = *service }, *row;

	if (service->fwmark == 0) {
		*out = (struct ezlb_flow){ .proto = service->proto, .listen = service->listen };
		return service->proto == EZLB_UDP;
	}
	row = EZLB_FIND(&table->marks, &of, by_service);
	if (!row || row->proto != EZLB_UDP)
		return false;
	*out = (struct ezlb_flow){ .proto = row->proto,
				   .listen = row->first,
				   .last_port = row->last_port };
	return true;
}

static void add(struct ezlb_flows *out, const struct ezlb_table *table,
		const struct ezlb_dest_row *dest)
{
	struct ezlb_flow flow;

	if (!listener_of(table, &dest->service, &flow))
		return;
	flow.backend = dest->endpoint;
	*EZLB_PUSH(out) = flow;
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
			add(out, actual, dest);
	}
}

void flows_of(const struct ezlb_plan *plan, const struct ezlb_table *actual, struct ezlb_flows *out)
{
	for (size_t i = 0; i < plan->len; i++) {
		const struct ezlb_op *op = &plan->items[i];

		if (op->rc != 0)
			continue;
		if (op->kind == EZLB_OP_DEST_DEL)
			add(out, actual, &op->dest);
		else if (ezlb_op_object(op->kind) == EZLB_OBJECT_SNAT &&
			 (op->snat.key.proto == EZLB_UDP || op->snat.key.fwmark))
			add_users(out, &op->snat, actual);
	}
	EZLB_SORT(out, ezlb_flow_cmp);
	EZLB_UNIQUE(out, ezlb_flow_cmp);
}

/* --- flows without FullNAT ----------------------------------------------------------------- */

static bool find_source(const struct ezlb_table *target, const struct ezlb_snat_key *key,
			struct ezlb_addr_range *out)
{
	const struct ezlb_snat_row of = { .key = *key }, *row;

	row = EZLB_FIND(&target->snats, &of, ezlb_snat_row_cmp);
	if (row)
		*out = row->to;
	return row != NULL;
}

static int by_service_of_dest(const void *a, const void *b)
{
	const struct ezlb_dest_row *x = a, *y = b;

	return ezlb_service_key_cmp(&x->service, &y->service);
}

/* All dests of a service have the same source addresses. */
static bool source_of(const struct ezlb_table *target, enum ezlb_snat_key_kind kind,
		      const struct ezlb_service_key *service, struct ezlb_addr_range *out)
{
	const struct ezlb_dest_row of = { .service = *service }, *dest = NULL;
	struct ezlb_snat_key key;

	if (kind == EZLB_SNAT_KEY_BACKEND) {
		dest = EZLB_FIND(&target->dests, &of, by_service_of_dest);
		if (!dest || !dest->full_nat)
			return false;
	}
	key = ezlb_snat_key_of(kind, service, dest ? &dest->endpoint : NULL);
	return find_source(target, &key, out);
}

/* Does the op make source NAT work for all services? */
static bool starts_all(const struct ezlb_op *op)
{
	return op->kind == EZLB_OP_SNAT_SETUP ||
	       (op->kind == EZLB_OP_HOST_SET &&
		ezlb_setting_facts(op->setting.setting)->serves_snat);
}

/* Or for this one? A row that comes with its dest is none: no flow has had that backend so far. */
static bool starts_one(const struct ezlb_op *op, const struct ezlb_service_key *key,
		       const struct ezlb_table *actual)
{
	struct ezlb_dest_row dest = { .service = *key };
	struct ezlb_snat_key snat;

	if (op->kind == EZLB_OP_SERVICE_ADD)
		return ezlb_service_key_cmp(&op->service.key, key) == 0;
	if (op->kind == EZLB_OP_MARK_ADD)
		return ezlb_service_key_cmp(&op->mark.service, key) == 0;
	if (op->kind != EZLB_OP_SNAT_ADD)
		return false;
	dest.endpoint = op->snat.key.endpoint;
	snat = ezlb_snat_key_of(op->snat.key.kind, key, &dest.endpoint);
	return ezlb_snat_key_cmp(&op->snat.key, &snat) == 0 &&
	       (snat.kind == EZLB_SNAT_KEY_LISTENER ||
		EZLB_FIND(&actual->dests, &dest, ezlb_dest_row_cmp));
}

static bool is_started(const struct ezlb_pass_result *result, const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < result->plan.ops.len; i++) {
		const struct ezlb_op *op = &result->plan.ops.items[i];

		if (op->rc == 0 && (starts_all(op) || starts_one(op, key, &result->found.actual)))
			return true;
	}
	return false;
}

void flows_untranslated(const struct ezlb_pass *pass, const struct ezlb_pass_result *result,
			struct ezlb_scope *known, struct ezlb_scope *fresh, struct ezlb_flows *out)
{
	const struct ezlb_table *target = &result->plan.target;
	enum ezlb_snat_key_kind kind = pass->dp.layer[EZLB_LAYER_SNAT]->snat_key;

	for (size_t i = 0; i < target->services.len; i++) {
		const struct ezlb_service_key *key = &target->services.items[i].key;
		struct ezlb_flow flow;

		if (!listener_of(target, key, &flow) || !source_of(target, kind, key, &flow.source))
			continue;
		*EZLB_PUSH(known) = *key; /* sorted, as the services are */
		if (ezlb_scope_has(&pass->translated, key) && !is_started(result, key))
			continue;
		flow.untranslated = true;
		*EZLB_PUSH(fresh) = *key;
		*EZLB_PUSH(out) = flow;
	}
}

/* --- connections of IPVS ------------------------------------------------------------------- */

/*
 * An IPVS connection keeps what it had at its start: the forwarding method, and whether conntrack
 * sees its packets (net.ipv4.vs.conntrack). A UDP connection starts once for each client and port.
 */
static bool is_outdated(const struct ezlb_op *op, const struct ezlb_dest_row *dest)
{
	if (op->rc != 0)
		return false;
	if (op->kind == EZLB_OP_HOST_SET)
		return op->setting.setting == EZLB_VS_CONNTRACK && dest->full_nat;
	return op->kind == EZLB_OP_DEST_SET && op->dest.forward != op->old_dest.forward &&
	       ezlb_dest_row_cmp(&op->dest, dest) == 0;
}

static bool any_outdated(const struct ezlb_plan *ops, const struct ezlb_dest_row *dest)
{
	for (size_t i = 0; i < ops->len; i++)
		if (is_outdated(&ops->items[i], dest))
			return true;
	return false;
}

void flows_old_dests(const struct ezlb_pass_result *result, struct ezlb_dests *out)
{
	const struct ezlb_table *target = &result->plan.target;
	struct ezlb_flow unused;

	for (size_t i = 0; i < target->dests.len; i++) {
		const struct ezlb_dest_row *dest = &target->dests.items[i];

		if (listener_of(target, &dest->service, &unused) &&
		    EZLB_FIND(&result->found.actual.dests, dest, ezlb_dest_row_cmp) &&
		    any_outdated(&result->plan.ops, dest))
			*EZLB_PUSH(out) = *dest;
	}
}

static void apply_all(const struct ezlb_pass *pass, struct ezlb_pass_result *result,
		      const struct ezlb_dests *dests, enum ezlb_op_kind kind)
{
	struct ezlb_plan ops = { 0 };

	for (size_t i = 0; i < dests->len; i++)
		ezlb_plan_add(&ops, kind)->dest = dests->items[i];
	ezlb_reconcile_apply(&pass->dp, &ops, &result->outcome.errs);
	EZLB_VEC_APPEND(&result->plan.ops, &ops);
	ezlb_plan_clear(&ops);
}

/*
 * IPVS has no other way to end its connections: with expire_nodest_conn the kernel expires those of
 * a deleted dest, a jiffy later and in a work of its own (Linux 5.9). A dest that is added before
 * that gets them back.
 */
void flows_restart(const struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	struct ezlb_dests old = { 0 };

	if (!pass->end_flows)
		return;
	flows_old_dests(result, &old);
	if (old.len > 0) {
		apply_all(pass, result, &old, EZLB_OP_DEST_DEL);
		usleep(EXPIRE_US);
		apply_all(pass, result, &old, EZLB_OP_DEST_ADD);
	}
	EZLB_VEC_CLEAR(&old);
}

/* --- the end of a pass --------------------------------------------------------------------- */

/* One call of end_flows. */
struct attempt {
	struct ezlb_flows flows;
	struct ezlb_scope services; /* whose untranslated flows are in `flows` */
	bool late;		    /* what is late is, too */
};

/* Of these services, `all` then has those that `known` has. Both are sorted, as `services` is. */
static void know(struct ezlb_scope *all, const struct ezlb_scope *services,
		 const struct ezlb_scope *known)
{
	bool same = true;

	for (size_t i = 0; i < services->len && same; i++)
		same = ezlb_scope_has(all, &services->items[i]) ==
		       ezlb_scope_has(known, &services->items[i]);
	if (same)
		return;
	ezlb_scope_subtract(all, services);
	EZLB_VEC_APPEND(all, known);
	EZLB_SORT(all, ezlb_service_key_cmp);
}

static void add_untranslated(struct ezlb_pass *pass, const struct ezlb_pass_result *result,
			     struct attempt *attempt)
{
	struct ezlb_scope known = { 0 };

	flows_untranslated(pass, result, &known, &attempt->services, &attempt->flows);
	if (result->part) {
		know(&pass->translated, &result->plan.wanted, &known);
		EZLB_VEC_CLEAR(&known);
		return;
	}
	EZLB_VEC_CLEAR(&pass->translated);
	pass->translated = known;
}

/*
 * Also flows of a dest that has come back: by now IPVS may send them to another one. Untranslated
 * flows are looked for anew, because the source addresses of the service may have changed.
 */
static void add_late(struct ezlb_pass *pass, struct attempt *attempt, uint64_t now_ms)
{
	attempt->late = pass->late.err.code != 0 && now_ms >= pass->late.due;
	if (!attempt->late)
		return;
	EZLB_VEC_APPEND(&attempt->flows, &pass->late.flows);
	ezlb_scope_subtract(&pass->translated, &pass->late.services);
}

static void forget_late(struct ezlb_pass_late *late)
{
	late->flows.len = late->services.len = 0;
	late->err.code = 0;
	late->tries = 0;
}

/* A table that is too large to be read in time would block every try. */
static uint64_t wait_ms(const struct ezlb_err *err, unsigned tries)
{
	bool slow = err->code == ETIMEDOUT || err->code == EAGAIN;

	return slow || tries >= 5 ? RETRY_MS : (uint64_t)SOON_MS << tries;
}

static void note_late(struct ezlb_pass_late *late, const struct attempt *attempt,
		      const struct ezlb_err *err, uint64_t now_ms)
{
	if (late->err.code == 0 || attempt->late)
		late->due = now_ms + wait_ms(err, late->tries++);
	late->err = *err;
	for (size_t i = 0; i < attempt->flows.len; i++)
		if (!attempt->flows.items[i].untranslated)
			*EZLB_PUSH(&late->flows) = attempt->flows.items[i];
	EZLB_SORT(&late->flows, ezlb_flow_cmp);
	EZLB_UNIQUE(&late->flows, ezlb_flow_cmp);
	if (late->flows.len > LATE_MAX)
		late->flows.len = LATE_MAX;
	EZLB_VEC_APPEND(&late->services, &attempt->services);
	EZLB_SORT(&late->services, ezlb_service_key_cmp);
	EZLB_UNIQUE(&late->services, ezlb_service_key_cmp);
}

static void delete_entries(struct ezlb_pass *pass, const struct attempt *attempt,
			   struct ezlb_pass_outcome *outcome, uint64_t now_ms)
{
	int rc = pass->end_flows(&attempt->flows, &outcome->flows, &outcome->flows_err);

	/* A kernel without conntrack has no flows. */
	if (rc == -ENOPROTOOPT || (rc == 0 && attempt->late))
		forget_late(&pass->late);
	else if (rc < 0)
		note_late(&pass->late, attempt, &outcome->flows_err, now_ms);
	outcome->flows_err = pass->late.err;
}

void flows_end(struct ezlb_pass *pass, struct ezlb_pass_result *result, uint64_t now_ms)
{
	struct attempt attempt = { .late = false };

	if (!pass->end_flows)
		return;
	flows_of(&result->plan.ops, &result->found.actual, &attempt.flows);
	add_late(pass, &attempt, now_ms);
	if (result->found.errs.layer[EZLB_LAYER_IPVS].code == 0 &&
	    result->found.errs.layer[EZLB_LAYER_SNAT].code == 0)
		add_untranslated(pass, result, &attempt);
	delete_entries(pass, &attempt, &result->outcome, now_ms);
	EZLB_VEC_CLEAR(&attempt.flows);
	EZLB_VEC_CLEAR(&attempt.services);
}
