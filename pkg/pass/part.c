// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * part: a pass over a few services. What the kernel has is known from the last pass, so one change
 * costs what its service costs, however many others there are. Whatever is not certain leaves the
 * work to a pass over all services.
 */
#include "part.h"

#include "eligible.h"
#include "flows.h"
#include "ownership.h"

/* --- rows of some services ----------------------------------------------------------------- */

/* The first row of a sorted vector that is not before the service, whose key each row begins with.
 */
#define FIRST_OF(v, key) \
	ezlb_first((key), (v)->items, (v)->len, sizeof(*(v)->items), ezlb_service_key_cmp)

static size_t count_dests(const struct ezlb_dests *dests, size_t first,
			  const struct ezlb_service_key *key)
{
	size_t n = 0;

	while (first + n < dests->len &&
	       ezlb_service_key_cmp(&dests->items[first + n].service, key) == 0)
		n++;
	return n;
}

/* Copies the rows of the service; which of them there are is for the diff to see. */
static void take_rows(const struct ezlb_table *left, const struct ezlb_policy *policy,
		      const struct ezlb_service_key *key, struct ezlb_table *out)
{
	const struct ezlb_service_row *service = EZLB_FIND(&left->services, key,
							   ezlb_service_key_cmp);
	const struct ezlb_mark_row *mark = EZLB_FIND(&left->marks, key, ezlb_service_key_cmp);
	const struct ezlb_snat_row of = { .key = ezlb_snat_key_of(EZLB_SNAT_KEY_LISTENER, key,
								  NULL) };
	const struct ezlb_snat_row *snat = NULL;
	size_t first = FIRST_OF(&left->dests, key), n = count_dests(&left->dests, first, key);

	if (policy->snat_key == EZLB_SNAT_KEY_LISTENER)
		snat = EZLB_FIND(&left->snats, &of, ezlb_snat_row_cmp);
	if (service)
		*EZLB_PUSH(&out->services) = *service;
	if (mark)
		*EZLB_PUSH(&out->marks) = *mark;
	if (snat)
		*EZLB_PUSH(&out->snats) = *snat;
	for (size_t i = first; i < first + n; i++)
		*EZLB_PUSH(&out->dests) = left->dests.items[i];
}

static void take_all_rows(const struct ezlb_pass *pass, const struct ezlb_scope *services,
			  struct ezlb_table *out)
{
	for (size_t i = 0; i < services->len; i++)
		take_rows(&pass->left, &pass->policy, &services->items[i], out);
	ezlb_table_sort(out);
	out->snat_present = pass->left.snat_present;
	out->snat_sound = pass->left.snat_sound;
}

/* What a pass wanted becomes what the kernel has: without connections where a dest is new. */
static void put_dests(struct ezlb_dests *left, const struct ezlb_dests *dests,
		      const struct ezlb_service_key *key)
{
	size_t at = FIRST_OF(left, key), from = FIRST_OF(dests, key);
	size_t n = count_dests(left, at, key), m = count_dests(dests, from, key);

	if (n > 0 || m > 0)
		EZLB_SPLICE(left, at, n, dests->items + from, m);
}

static void put_rows(struct ezlb_table *left, const struct ezlb_scope *services,
		     const struct ezlb_table *rows)
{
	for (size_t i = 0; i < services->len; i++) {
		const struct ezlb_service_key *key = &services->items[i];
		struct ezlb_service_row *to = EZLB_FIND(&left->services, key, ezlb_service_key_cmp);
		const struct ezlb_service_row *from = EZLB_FIND(&rows->services, key,
								ezlb_service_key_cmp);

		if (to && from)
			*to = *from;
		put_dests(&left->dests, &rows->dests, key);
	}
}

/* --- reading ------------------------------------------------------------------------------- */

static bool same_services(const struct ezlb_services *a, const struct ezlb_services *b)
{
	bool same = a->len == b->len;

	for (size_t i = 0; i < a->len && same; i++)
		same = ezlb_service_row_cmp(&a->items[i], &b->items[i]) == 0 &&
		       ezlb_service_row_same(&a->items[i], &b->items[i]);
	return same;
}

static bool same_dests(const struct ezlb_dests *a, const struct ezlb_dests *b)
{
	bool same = a->len == b->len;

	for (size_t i = 0; i < a->len && same; i++)
		same = ezlb_dest_row_cmp(&a->items[i], &b->items[i]) == 0 &&
		       ezlb_dest_row_same(&a->items[i], &b->items[i]);
	return same;
}

/*
 * Reads the rows of these services in IPVS. True if they are as `left` says, which then has the
 * numbers of their connections, too.
 */
static bool read_rows(struct ezlb_pass *pass, const struct ezlb_scope *services)
{
	struct ezlb_layer *ipvs = pass->dp.layer[EZLB_LAYER_IPVS];
	struct ezlb_table was = { 0 }, is = { 0 };
	bool same = ipvs->list(ipvs, services, &is, NULL) == 0;

	if (same) {
		ezlb_table_sort(&is);
		take_all_rows(pass, services, &was);
		same = same_services(&was.services, &is.services) &&
		       same_dests(&was.dests, &is.dests);
	}
	if (same)
		put_rows(&pass->left, services, &is);
	ezlb_table_clear(&was);
	ezlb_table_clear(&is);
	return same;
}

static void forget(struct ezlb_pass *pass)
{
	pass->left_known = pass->calm = false;
}

bool ezlb_pass_check(struct ezlb_pass *pass)
{
	bool same = pass->left_known &&
		    (pass->unchecked.len == 0 || read_rows(pass, &pass->unchecked));

	pass->checked.len = 0;
	if (same)
		EZLB_VEC_COPY(&pass->checked, &pass->unchecked);
	pass->unchecked.len = 0;
	/* It may be the kernel that has not done what was asked, so it is nobody's change. */
	if (!same)
		forget(pass);
	return same;
}

/*
 * The peek before has taken these services as they were then. So a change of somebody else between
 * the check and the peek is seen by this list, and one after the peek by the next peek.
 */
bool part_look(struct ezlb_pass *pass)
{
	bool same;

	if (pass->touched.len == 0)
		return true;
	same = pass->left_known && read_rows(pass, &pass->touched);
	pass->touched.len = 0;
	if (!same && pass->unchecked.len > 0)
		forget(pass);
	return same;
}

/* --- planning ------------------------------------------------------------------------------ */

/*
 * False if somebody has changed these services since they were left, or they cannot be read: the
 * pass over all that follows tells of it, and no op is sent for rows that are not there any more.
 */
static bool are_as_left(struct ezlb_pass *pass, const struct ezlb_lifecycle_in *in,
			const struct ezlb_scope *services)
{
	struct ezlb_layer *ipvs = pass->dp.layer[EZLB_LAYER_IPVS];
	bool same = true;

	for (size_t i = 0; i < services->len && same; i++)
		same = ezlb_scope_has(&pass->checked, &services->items[i]);
	pass->checked.len = 0;
	/* Of a dest that drains the number of its connections is needed, too. */
	if (!same && pass->touched.len == 0 && ipvs->unchanged &&
	    !ezlb_lifecycle_counts(&pass->life, in))
		same = ipvs->unchanged(ipvs);
	if (!same)
		same = read_rows(pass, services);
	if (!same && pass->unchecked.len > 0)
		forget(pass);
	return same;
}

static bool plan(struct ezlb_pass *pass, const struct ezlb_verdicts *verdicts, uint64_t now_ms,
		 struct ezlb_pass_result *result)
{
	const struct ezlb_scope none = { 0 };
	struct ezlb_table *actual = &result->found.actual, *target = &result->plan.target;
	const struct ezlb_lifecycle_in in = { .desired = result->part,
					      .verdicts = verdicts,
					      .dests = &pass->left.dests,
					      .owned = &pass->ledger.content.services,
					      .drains = &pass->ledger.content.drains,
					      .vip_when = pass->vip_when,
					      .now_ms = now_ms };

	ezlb_reconcile_scope(result->part, &none, &result->plan.wanted);
	if (!eligible(pass, result->part, now_ms) || !are_as_left(pass, &in, &result->plan.wanted))
		return false;
	take_all_rows(pass, &result->plan.wanted, actual);
	ezlb_lifecycle_step_part(&pass->life, &in, &result->plan.roster);
	ezlb_reconcile_target_part(result->part, &result->plan.roster, &pass->policy, target);
	target->snat_wanted |= pass->left.snat_wanted; /* of the other services */
	ezlb_reconcile_diff(target, actual, &result->plan.ops);
	return eligible_ops(&result->plan.ops);
}

bool ezlb_pass_plan_part(struct ezlb_pass *pass, const struct ezlb_desired *part,
			 const struct ezlb_verdicts *verdicts, uint64_t now_ms,
			 struct ezlb_pass_result *result)
{
	*result = (struct ezlb_pass_result){ .part = part };
	if (plan(pass, verdicts, now_ms, result)) {
		result->found.prints = pass->prints;
		return true;
	}
	ezlb_pass_result_clear(result);
	*result = (struct ezlb_pass_result){ .part = NULL };
	return false;
}

/* --- applying ------------------------------------------------------------------------------ */

/* Has the ledger, or will it have, a drain of these services? */
static bool any_drain(const struct ezlb_pass *pass, const struct ezlb_pass_todo *todo)
{
	const struct ezlb_drains *drains = &pass->ledger.content.drains;

	for (size_t i = 0; i < todo->roster.rows.len; i++)
		if (todo->roster.rows.items[i].role == EZLB_ROLE_DRAINING)
			return true;
	for (size_t i = 0; i < todo->wanted.len; i++)
		if (EZLB_FIND(drains, &todo->wanted.items[i], ezlb_service_key_cmp))
			return true;
	return false;
}

static void add_to(struct ezlb_scope *all, const struct ezlb_scope *services)
{
	EZLB_VEC_APPEND(all, services);
	EZLB_SORT(all, ezlb_service_key_cmp);
	EZLB_UNIQUE(all, ezlb_service_key_cmp);
}

static void run(struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	struct ezlb_layer *ipvs = pass->dp.layer[EZLB_LAYER_IPVS];

	if (result->plan.ops.len == 0)
		return;
	result->outcome.again = true;
	if (ipvs->changed) {
		ipvs->changed(ipvs, &result->plan.wanted);
		add_to(&pass->touched, &result->plan.wanted);
	}
	ezlb_reconcile_apply(&pass->dp, &result->plan.ops, &result->outcome.errs);
}

void part_carry_out(struct ezlb_pass *pass, struct ezlb_pass_result *result, uint64_t now_ms)
{
	bool drains = any_drain(pass, &result->plan);
	struct ezlb_err unsaved = { .code = 0 };

	/* As in a pass over all, one that is not on disk keeps nothing in the kernel. */
	if (drains)
		ownership_write(pass, &result->found, &result->plan, ownership_before, &unsaved);
	run(pass, result);
	if (drains)
		ownership_write(pass, &result->found, &result->plan, ownership_after_part,
				&result->outcome.ledger_err);
	flows_end(pass, result, now_ms);
}

static bool all_done(const struct ezlb_pass_result *result)
{
	return ezlb_pass_ok(result) && result->outcome.flows_err.code == 0;
}

/* The rows of target as list would show them. */
static void as_listed(struct ezlb_dests *dests, const struct ezlb_dests *before)
{
	for (size_t i = 0; i < dests->len; i++) {
		const struct ezlb_dest_row *was = EZLB_FIND(before, &dests->items[i],
							    ezlb_dest_row_cmp);

		dests->items[i].full_nat = false;
		dests->items[i].active = was ? was->active : 0;
	}
}

void part_remember(struct ezlb_pass *pass, const struct ezlb_pass_result *result)
{
	struct ezlb_table now = { 0 };

	if (!all_done(result)) {
		forget(pass);
		return;
	}
	if (!result->outcome.again)
		return;
	EZLB_VEC_COPY(&now.services, &result->plan.target.services);
	EZLB_VEC_COPY(&now.dests, &result->plan.target.dests);
	as_listed(&now.dests, &result->found.actual.dests);
	put_rows(&pass->left, &result->plan.wanted, &now);
	add_to(&pass->unchecked, &result->plan.wanted);
	ezlb_table_clear(&now);
}
