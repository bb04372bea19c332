// SPDX-License-Identifier: GPL-2.0-or-later
#include "eligible.h"

#define PART_MAX 256 /* services: with more, a pass over all of them costs no more */

/* --- the state of all services ------------------------------------------------------------- */

/* Each unit has its own times of retry, and the pass over all knows whom it makes wait. */
static bool any_unit_waits(const struct ezlb_units *units, uint64_t now_ms)
{
	for (size_t i = 0; i < units->len; i++)
		if (units->items[i].waiting || units->items[i].fight ||
		    units->items[i].due > now_ms)
			return true;
	return false;
}

static bool may_be_partial(const struct ezlb_pass *pass)
{
	/* What the kernel has is not known, or something is wrong, late or not ezlb's. */
	if (!pass->left_known || !pass->calm || pass->late.err.code || pass->old_snat ||
	    pass->unclaimed.len > 0)
		return false;
	/* There is no pass after this one, or all of it is about the host. */
	if (pass->single || pass->put_back)
		return false;
	return true;
}

/* --- one service --------------------------------------------------------------------------- */

/* Another service may be the only one that needs the address, or not need it any more. */
static bool keeps_addresses(const struct ezlb_pass *pass, const struct ezlb_spec *spec)
{
	enum ezlb_vip_when when = spec->vip == EZLB_VIP_DEFAULT ? pass->vip_when : spec->vip;

	return when != EZLB_VIP_SERVING;
}

/*
 * By backend, services share the rows of the backends that they share: a row comes and goes with
 * its first and last user. Where full_nat was switched off the rows are still there.
 */
static bool has_no_snats(const struct ezlb_pass *pass, const struct ezlb_spec *spec,
			 const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_snat_row row = { .key = ezlb_snat_key_of(
							   EZLB_SNAT_KEY_BACKEND, key,
							   &spec->backends[i].endpoint) };

		if (EZLB_FIND(&pass->left.snats, &row, ezlb_snat_row_cmp))
			return false;
	}
	return true;
}

static bool shares_no_snat(const struct ezlb_pass *pass, const struct ezlb_spec *spec)
{
	bool none = !spec->full_nat;

	if (pass->policy.snat_key == EZLB_SNAT_KEY_LISTENER)
		return true;
	for (size_t i = 0; i < spec->n_listeners && none; i++)
		none = has_no_snats(pass, spec, &spec->listeners[i].key);
	return none;
}

/* New, or of somebody else; or lifecycle does not know its backends yet. */
static bool is_known(const struct ezlb_pass *pass, const struct ezlb_service_key *key)
{
	return ezlb_scope_has(&pass->ledger.content.services, key) &&
	       ezlb_scope_has(&pass->life.seen, key) &&
	       EZLB_FIND(&pass->left.services, key, ezlb_service_key_cmp);
}

static void sort_out(struct ezlb_addrs *addrs)
{
	EZLB_SORT(addrs, ezlb_addr_row_cmp);
	EZLB_UNIQUE(addrs, ezlb_addr_row_cmp);
}

/* The addresses of the backends in the last version of the file. */
static void last_addresses(const struct ezlb_members *members, const struct ezlb_service_key *key,
			   struct ezlb_addrs *out)
{
	size_t i = ezlb_first(key, members->items, members->len, sizeof(*members->items),
			      ezlb_service_key_cmp);

	for (; i < members->len && ezlb_service_key_cmp(&members->items[i].service, key) == 0; i++)
		if (!members->items[i].left)
			*EZLB_PUSH(out) = members->items[i].backend.addr;
	sort_out(out);
}

static bool has_same_addresses(const struct ezlb_members *members, const struct ezlb_spec *spec)
{
	const struct ezlb_service_key key = ezlb_spec_key(spec);
	struct ezlb_addrs was = { 0 }, is = { 0 };
	bool same;

	last_addresses(members, &key, &was);
	for (size_t i = 0; i < spec->n_backends; i++)
		*EZLB_PUSH(&is) = spec->backends[i].endpoint.addr;
	sort_out(&is);
	same = was.len == is.len;
	for (size_t i = 0; same && i < is.len && i < was.len; i++)
		same = ezlb_addr_row_cmp(&was.items[i], &is.items[i]) == 0;
	EZLB_VEC_CLEAR(&was);
	EZLB_VEC_CLEAR(&is);
	return same;
}

/*
 * While a service asks for TOA, every interface towards a backend has a hook: a new address may
 * need one, and one that leaves may have been the last user of its hook.
 */
static bool keeps_hooks(const struct ezlb_pass *pass, const struct ezlb_spec *spec)
{
	if (!pass->left.toa_wanted || !spec->full_nat)
		return true;
	return !pass->left.toa_problem[0] && has_same_addresses(&pass->life.members, spec);
}

static bool is_guarded(const struct ezlb_table *left, const struct ezlb_addr *addr)
{
	const struct ezlb_guard_row row = { .addr = *addr };

	return EZLB_FIND(&left->guards, &row, ezlb_guard_row_cmp) != NULL;
}

static bool is_local(const struct ezlb_table *left, const struct ezlb_addr *addr)
{
	if (is_guarded(left, addr) || EZLB_FIND(&left->elsewhere, addr, ezlb_addr_row_cmp))
		return true;
	for (size_t i = 0; i < left->vips.len; i++)
		if (ezlb_addr_cmp(&left->vips.items[i].addr, addr) == 0)
			return true;
	return false;
}

static bool any_listener_is_guarded(const struct ezlb_table *left, const struct ezlb_spec *spec)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (ezlb_listener_is_mark(&spec->listeners[i])
			    ? left->guards.len > 0
			    : is_guarded(left, &spec->listeners[i].listen.addr))
			return true;
	return false;
}

/* With another forwarding method than before, for example. */
static bool is_in_the_way(const struct ezlb_table *left, const struct ezlb_spec *spec)
{
	bool masq = spec->forward == EZLB_MASQ;

	if (!masq && !any_listener_is_guarded(left, spec))
		return false;
	for (size_t i = 0; i < spec->n_backends; i++)
		if ((masq ? is_guarded : is_local)(left, &spec->backends[i].endpoint.addr))
			return true;
	return false;
}

/* Whether an address is guarded depends on whether a backend is on this host. */
static bool keeps_guards(const struct ezlb_pass *pass, const struct ezlb_spec *spec)
{
	const struct ezlb_service_key key = ezlb_spec_key(spec);
	struct ezlb_addrs addrs = { 0 };
	bool local = false;

	if (!pass->policy.guard)
		return true;
	if (is_in_the_way(&pass->left, spec))
		return false;
	if (has_same_addresses(&pass->life.members, spec))
		return true;
	for (size_t i = 0; i < spec->n_backends && !local; i++)
		local = is_local(&pass->left, &spec->backends[i].endpoint.addr);
	last_addresses(&pass->life.members, &key, &addrs);
	for (size_t i = 0; addrs.items && i < addrs.len && !local; i++)
		local = is_local(&pass->left, &addrs.items[i]);
	EZLB_VEC_CLEAR(&addrs);
	return !local;
}

static bool may_be_in(const struct ezlb_pass *pass, const struct ezlb_spec *spec)
{
	/* It needs a setting of the host that no service has needed so far. */
	if (ezlb_spec_needs(spec) & ~pass->needs)
		return false;
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (!is_known(pass, &spec->listeners[i].key))
			return false;
	return keeps_addresses(pass, spec) && shares_no_snat(pass, spec) &&
	       keeps_hooks(pass, spec) && keeps_guards(pass, spec);
}

bool eligible(const struct ezlb_pass *pass, const struct ezlb_desired *part, uint64_t now_ms)
{
	if (part->len > PART_MAX || !may_be_partial(pass) || any_unit_waits(&pass->units, now_ms))
		return false;
	/* Somebody removed it: the next pass over all writes it again, with all that is owned. */
	if (ezlb_ledger_lost(&pass->ledger))
		return false;
	for (size_t i = 0; i < part->len; i++)
		if (!may_be_in(pass, part->items[i]))
			return false;
	return true;
}

/* --- ops ----------------------------------------------------------------------------------- */

/*
 * Only what changes a service or dest in place, or adds or removes a dest. With another forwarding
 * method, connections of UDP must be ended one by one (flows_restart), and source NAT may come or
 * go.
 */
static bool is_of_part(const struct ezlb_op *op)
{
	if (op->kind == EZLB_OP_DEST_SET)
		return op->dest.forward == op->old_dest.forward;
	return op->kind == EZLB_OP_SERVICE_SET || op->kind == EZLB_OP_DEST_ADD ||
	       op->kind == EZLB_OP_DEST_DEL;
}

bool eligible_ops(const struct ezlb_plan *ops)
{
	for (size_t i = 0; i < ops->len; i++)
		if (!is_of_part(&ops->items[i]))
			return false;
	return true;
}
