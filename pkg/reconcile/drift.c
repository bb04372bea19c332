// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/reconcile.h>

#include <linux/ip_vs.h>
#include <sys/socket.h>

void ezlb_reconcile_peek(const struct ezlb_dataplane *dp, const struct ezlb_scope *scope,
			 struct ezlb_prints *out)
{
	*out = (struct ezlb_prints){ 0 };
	for (int i = 0; i < EZLB_LAYERS; i++) {
		int rc = dp->layer[i]->peek(dp->layer[i], scope, &out->layer[i]);

		if (rc < 0)
			out->layer[i] = (uint64_t)-rc;
	}
}

static bool has_service(const struct ezlb_table *table, const struct ezlb_service_key *key)
{
	const struct ezlb_service_row row = { .key = *key };

	return EZLB_FIND(&table->services, &row, ezlb_service_row_cmp) != NULL;
}

/* Copies the services in scope that `left` has, and the dests of those that actual has too. */
static void copy_ipvs(const struct ezlb_table *from, const struct ezlb_table *left,
		      const struct ezlb_table *actual, const struct ezlb_scope *scope,
		      struct ezlb_table *out)
{
	for (size_t i = 0; i < from->services.len; i++) {
		const struct ezlb_service_row *row = &from->services.items[i];

		if (ezlb_scope_has(scope, &row->key) && has_service(left, &row->key))
			*EZLB_PUSH(&out->services) = *row;
	}
	/* If a service is gone, its dests are gone too and need no report each. */
	for (size_t i = 0; i < from->dests.len; i++) {
		const struct ezlb_dest_row *row = &from->dests.items[i];

		if (ezlb_scope_has(scope, &row->service) && has_service(left, &row->service) &&
		    has_service(actual, &row->service))
			*EZLB_PUSH(&out->dests) = *row;
	}
}

static bool has_udp(const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->services.len; i++)
		if (table->services.items[i].key.proto == EZLB_UDP ||
		    table->services.items[i].key.fwmark)
			return true;
	return false;
}

static bool has_persistence(const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->services.len; i++)
		if (table->services.items[i].flags & IP_VS_SVC_F_PERSISTENT)
			return true;
	return false;
}

static bool has_mh(const struct ezlb_table *table, enum ezlb_proto proto)
{
	for (size_t i = 0; i < table->services.len; i++) {
		const struct ezlb_service_row *row = &table->services.items[i];

		if (strcmp(row->scheduler, "mh") == 0 &&
		    (row->key.proto == proto || row->key.fwmark))
			return true;
	}
	return false;
}

static bool has_snat6(const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->snats.len; i++)
		if (table->snats.items[i].key.endpoint.addr.family == AF_INET6)
			return true;
	return false;
}

/* The needs of the services of the last pass, derived from its rows. */
static unsigned needs_of(const struct ezlb_table *left)
{
	unsigned needs = 0;

	if (left->snat_wanted)
		needs |= 1u << EZLB_NEED_NAT4;
	if (left->snat_wanted && has_snat6(left))
		needs |= 1u << EZLB_NEED_NAT6;
	if (has_udp(left))
		needs |= 1u << EZLB_NEED_UDP;
	if (has_persistence(left))
		needs |= 1u << EZLB_NEED_PERSISTENCE;
	if (has_mh(left, EZLB_TCP))
		needs |= 1u << EZLB_NEED_MH_TCP;
	if (has_mh(left, EZLB_SCTP))
		needs |= 1u << EZLB_NEED_MH_SCTP;
	if (left->vips.len > 0)
		needs |= 1u << EZLB_NEED_VIP4;
	return needs;
}

/* Reports needed settings that were sufficient and are not any more, which diff cannot see. */
static void compare_settings(const struct ezlb_table *left, const struct ezlb_table *actual,
			     struct ezlb_plan *drift)
{
	unsigned needs = needs_of(left);

	for (size_t i = 0; i < actual->settings.len; i++) {
		const struct ezlb_setting_row *is = &actual->settings.items[i], *was;
		const struct ezlb_setting_facts *facts = ezlb_setting_facts(is->setting);
		struct ezlb_op *op;

		was = EZLB_FIND(&left->settings, is, ezlb_setting_row_cmp);
		if (!was || was->value < facts->wanted || is->value >= facts->wanted ||
		    !(facts->needed_by & needs))
			continue;
		op = ezlb_plan_add(drift, EZLB_OP_HOST_SET);
		op->setting = *is;
		op->old_setting = *was;
	}
}

/* Copies the rows that `left` has; rows that another program added are foreign. */
static void copy_host(const struct ezlb_table *from, const struct ezlb_table *left,
		      struct ezlb_table *out)
{
	for (size_t i = 0; i < from->links.len; i++)
		if (EZLB_FIND(&left->links, &from->links.items[i], ezlb_link_row_cmp))
			*EZLB_PUSH(&out->links) = from->links.items[i];
	for (size_t i = 0; i < from->vips.len; i++)
		if (EZLB_FIND(&left->vips, &from->vips.items[i], ezlb_vip_row_cmp))
			*EZLB_PUSH(&out->vips) = from->vips.items[i];
}

/* `left` has only those that ezlb wants. */
static void copy_timeouts(const struct ezlb_table *from, const struct ezlb_table *left,
			  struct ezlb_table *out)
{
	for (size_t i = 0; i < from->timeouts.len; i++)
		if (EZLB_FIND(&left->timeouts, &from->timeouts.items[i], ezlb_timeout_row_cmp))
			*EZLB_PUSH(&out->timeouts) = from->timeouts.items[i];
}

/* Who replaces an interface does not know of the daemon on it. */
static void copy_syncs(const struct ezlb_table *from, const struct ezlb_table *left,
		       struct ezlb_table *out)
{
	for (size_t i = 0; i < from->syncs.len; i++) {
		struct ezlb_sync_row row = from->syncs.items[i];

		row.stale = false;
		if (EZLB_FIND(&left->syncs, &row, ezlb_sync_row_cmp))
			*EZLB_PUSH(&out->syncs) = row;
	}
}

/* A frame that was sound and is not any more is reported as a teardown. */
static void compare_firewall(const struct ezlb_table *left, const struct ezlb_table *actual,
			     struct ezlb_table *was, struct ezlb_table *is)
{
	was->accepts_present = was->accepts_sound = left->accepts_sound;
	is->accepts_wanted = actual->accepts_sound || !left->accepts_sound;
	was->accepts_sound |= is->accepts_wanted;
	if (!actual->accepts_present)
		return; /* the rows were removed with their chains */
	EZLB_VEC_APPEND(&was->accepts, &left->accepts);
	EZLB_VEC_APPEND(&is->accepts, &actual->accepts);
}

/* An interface without a route to a backend may be gone; then its hook went with it. */
static bool leads_to_backends(const struct ezlb_table *actual, const struct ezlb_hook_row *hook)
{
	for (size_t i = 0; i < actual->routes.len; i++)
		if (strcmp(actual->routes.items[i].device, hook->device) == 0)
			return true;
	return false;
}

static void copy_hooks(const struct ezlb_hooks *from, const struct ezlb_table *left,
		       const struct ezlb_table *actual, struct ezlb_table *out)
{
	for (size_t i = 0; i < from->len; i++)
		if (EZLB_FIND(&left->hooks, &from->items[i], ezlb_hook_row_cmp) &&
		    leads_to_backends(actual, &from->items[i]))
			*EZLB_PUSH(&out->hooks) = from->items[i];
}

static void compare_toa(const struct ezlb_table *left, const struct ezlb_table *actual,
			struct ezlb_table *was, struct ezlb_table *is)
{
	/* Without the means to read it nobody knows what has changed. */
	if (left->toa_problem[0] || actual->toa_problem[0])
		return;
	was->toa_present = was->toa_sound = left->toa_sound;
	is->toa_wanted = actual->toa_sound || !left->toa_sound;
	was->toa_sound |= is->toa_wanted;
	/* Of a program that has gone or was replaced, rows and hooks need no report each. */
	if (!is->toa_wanted)
		return;
	copy_hooks(&left->hooks, left, actual, was);
	copy_hooks(&actual->hooks, left, actual, is);
	EZLB_VEC_APPEND(&was->toas, &left->toas);
	EZLB_VEC_APPEND(&is->toas, &actual->toas);
}

void ezlb_reconcile_drift(const struct ezlb_table *left, const struct ezlb_table *actual,
			  const struct ezlb_scope *scope, struct ezlb_plan *drift)
{
	struct ezlb_table was = { 0 }, is = { 0 };

	copy_ipvs(left, left, actual, scope, &was);
	copy_ipvs(actual, left, actual, scope, &is);
	/* Without a full_nat service ezlb does not need the chain. */
	if (left->snat_wanted) {
		was.snat_present = was.snat_sound = left->snat_sound;
		is.snat_wanted = actual->snat_sound || !left->snat_sound;
		was.snat_sound |= is.snat_wanted;
		if (actual->snat_present) { /* otherwise the rules were removed with their chain */
			EZLB_VEC_APPEND(&was.snats, &left->snats);
			EZLB_VEC_APPEND(&is.snats, &actual->snats);
		}
	}
	copy_host(left, left, &was);
	copy_host(actual, left, &is);
	if (left->marks.len > 0) {
		EZLB_VEC_APPEND(&was.marks, &left->marks);
		EZLB_VEC_APPEND(&is.marks, &actual->marks);
	}
	if (left->guards.len > 0) {
		EZLB_VEC_APPEND(&was.guards, &left->guards);
		EZLB_VEC_APPEND(&is.guards, &actual->guards);
	}
	copy_timeouts(left, left, &was);
	copy_timeouts(actual, left, &is);
	copy_syncs(left, left, &was);
	copy_syncs(actual, left, &is);
	if (left->accepts_wanted)
		compare_firewall(left, actual, &was, &is);
	if (left->toa_wanted)
		compare_toa(left, actual, &was, &is);
	compare_settings(left, actual, drift);
	ezlb_reconcile_diff(&is, &was, drift);
	ezlb_table_clear(&was);
	ezlb_table_clear(&is);
}
