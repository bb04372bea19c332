// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/reconcile.h>

#include <sys/socket.h>

#include "attributes.h"
#include "guards.h"
#include "toa.h"
#include "vips.h"

void ezlb_reconcile_scope(const struct ezlb_desired *desired, const struct ezlb_scope *owned,
			  struct ezlb_scope *out)
{
	for (size_t i = 0; i < desired->len; i++)
		for (size_t k = 0; k < desired->items[i]->n_listeners; k++)
			*EZLB_PUSH(out) = desired->items[i]->listeners[k].key;
	EZLB_VEC_APPEND(out, owned);
	EZLB_SORT(out, ezlb_service_key_cmp);
	EZLB_UNIQUE(out, ezlb_service_key_cmp);
}

static void take_known(const struct ezlb_table *known, struct ezlb_table *actual)
{
	EZLB_VEC_COPY(&actual->services, &known->services);
	EZLB_VEC_COPY(&actual->dests, &known->dests);
}

void ezlb_reconcile_list(const struct ezlb_dataplane *dp, const struct ezlb_scope *scope,
			 const struct ezlb_table *known, struct ezlb_table *actual,
			 struct ezlb_layer_errs *errs)
{
	const struct ezlb_scope none = { 0 }; /* IPVS then lists only what is in no scope */

	*errs = (struct ezlb_layer_errs){ 0 };
	for (int i = 0; i < EZLB_LAYERS; i++) {
		struct ezlb_err *err = &errs->layer[i];
		bool keeps = known && i == EZLB_LAYER_IPVS;
		int rc = dp->layer[i]->list(dp->layer[i], keeps ? &none : scope, actual, err);

		if (rc < 0 && err->code == 0)
			ezlb_err_sys(err, -rc, "cannot read");
		if (rc == 0)
			err->code = 0;
	}
	if (known && errs->layer[EZLB_LAYER_IPVS].code == 0)
		take_known(known, actual);
	/* Then what is there stays, as where the host cannot do it. */
	if (errs->layer[EZLB_LAYER_TOA].code)
		ezlb_strcpy(actual->toa_problem, sizeof(actual->toa_problem),
			    errs->layer[EZLB_LAYER_TOA].msg);
	ezlb_table_sort(actual);
}

static void want_service(struct ezlb_table *target, const struct ezlb_spec *spec,
			 const struct ezlb_service_key *key)
{
	struct ezlb_service_row *row = EZLB_PUSH(&target->services);

	row->key = *key;
	attributes_of_service(spec, row);
}

/*
 * IPVS keeps a client on its dest while the dest exists, also with weight 0, and a UDP flow that
 * goes on never ends. So such a dest must not exist. A mark of the file takes TCP as well, whose
 * connections must not break: there the dest stays.
 */
static bool holds_flows(const struct ezlb_listener *listener, const struct ezlb_roster_row *member)
{
	return listener->proto == EZLB_UDP && member->weight == 0;
}

static void want_dest(struct ezlb_table *target, const struct ezlb_spec *spec,
		      const struct ezlb_roster_row *member)
{
	struct ezlb_dest_row *row = EZLB_PUSH(&target->dests);
	bool gone = member->index == EZLB_NOT_IN_FILE;

	row->service = member->service;
	row->endpoint = member->backend;
	row->weight = member->weight;
	attributes_of_dest(spec, gone ? NULL : &spec->backends[member->index], row);
}

static void want_snat(struct ezlb_table *target, const struct ezlb_spec *spec,
		      const struct ezlb_service_key *key, enum ezlb_snat_key_kind kind,
		      const struct ezlb_endpoint *backend)
{
	struct ezlb_snat_row *row = EZLB_PUSH(&target->snats);

	row->key = ezlb_snat_key_of(kind, key, backend);
	row->to = spec->snat_ip;
}

static int value_of(const struct ezlb_table *actual, enum ezlb_setting setting)
{
	const struct ezlb_setting_row key = { .setting = setting }, *row;

	row = EZLB_FIND(&actual->settings, &key, ezlb_setting_row_cmp);
	return row ? row->value : -1;
}

static bool is_needed(enum ezlb_setting setting, unsigned needs, const struct ezlb_table *actual,
		      const struct ezlb_policy *policy)
{
	const struct ezlb_setting_facts *facts = ezlb_setting_facts(setting);

	/* With LISTENER the driver is nftables, whose modules the kernel loads itself. */
	if (!(facts->needed_by & needs) ||
	    (facts->iptables_only && policy->snat_key == EZLB_SNAT_KEY_LISTENER) ||
	    (policy->hands_off && !facts->stops))
		return false;
	return setting != EZLB_ACCEPT_RA || value_of(actual, EZLB_IP6_FORWARD) == 0;
}

static void want_setting(struct ezlb_table *target, enum ezlb_setting setting, const char *device)
{
	struct ezlb_setting_row *row = EZLB_PUSH(&target->settings);

	row->setting = setting;
	row->value = ezlb_setting_facts(setting)->wanted;
	ezlb_strcpy(row->device, sizeof(row->device), device);
}

/* needs: mask of the needs of all services. */
static void want_settings(struct ezlb_table *target, unsigned needs,
			  const struct ezlb_table *actual, const struct ezlb_policy *policy)
{
	for (int i = 0; i < EZLB_SETTINGS; i++)
		if (i != EZLB_ACCEPT_RA && is_needed((enum ezlb_setting)i, needs, actual, policy))
			want_setting(target, (enum ezlb_setting)i, "");
	if (!is_needed(EZLB_ACCEPT_RA, needs, actual, policy))
		return;
	for (size_t i = 0; i < actual->settings.len; i++)
		if (actual->settings.items[i].setting == EZLB_ACCEPT_RA)
			want_setting(target, EZLB_ACCEPT_RA, actual->settings.items[i].device);
}

/* Accepts where a filter drops packets to the listener or answers of backends. */
static void want_accepts(struct ezlb_table *target, const struct ezlb_spec *spec,
			 const struct ezlb_service_key *key, const struct ezlb_table *actual)
{
	int family = spec->listen.addr.family == AF_INET6;

	for (int gate = 0; gate < EZLB_GATES; gate++) {
		/* Without full_nat conntrack does not know the answers: no rule can match. */
		if (!actual->gates[gate][family] || (gate == EZLB_GATE_FORWARD && !spec->full_nat))
			continue;
		/* No rule can match a mark. */
		if (key->fwmark)
			continue;
		*EZLB_PUSH(&target->accepts) = (struct ezlb_accept_row){ (enum ezlb_gate)gate,
									 *key };
		target->accepts_wanted = true;
	}
}

static void want_marks(struct ezlb_table *target, const struct ezlb_spec *spec)
{
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_listener *listener = &spec->listeners[i];

		if (listener->last_port)
			*EZLB_PUSH(&target->marks) =
				(struct ezlb_mark_row){ .service = listener->key,
							.proto = listener->proto,
							.first = listener->listen,
							.last_port = listener->last_port };
	}
}

static void want_timeouts(struct ezlb_table *target, const struct ezlb_policy *policy)
{
	for (int i = 0; i < EZLB_TIMEOUTS; i++)
		if (policy->timeouts[i])
			*EZLB_PUSH(&target->timeouts) = (struct ezlb_timeout_row){
				(enum ezlb_timeout)i, policy->timeouts[i]
			};
}

/* In both roles: each balancer has connections of its own, and may get those of the others. */
static void want_syncs(struct ezlb_table *target, const struct ezlb_policy *policy)
{
	for (int i = 0; i < EZLB_SYNC_ROLES && policy->sync_device[0]; i++) {
		struct ezlb_sync_row *row = EZLB_PUSH(&target->syncs);

		row->role = (enum ezlb_sync_role)i;
		row->id = policy->sync_id;
		memcpy(row->device, policy->sync_device, sizeof(row->device));
	}
}

static void want_dests(struct ezlb_table *target, const struct ezlb_spec *spec,
		       const struct ezlb_listener *listener, const struct ezlb_roster *roster,
		       enum ezlb_snat_key_kind snat_key)
{
	const struct ezlb_service_key *key = &listener->key;
	const struct ezlb_roster_row *member;
	size_t n;

	member = ezlb_roster_of(roster, key, &n);
	for (; n > 0; n--, member++) {
		if (!ezlb_role_has_dest(member->role) || holds_flows(listener, member))
			continue;
		want_dest(target, spec, member);
		if (spec->full_nat && snat_key == EZLB_SNAT_KEY_BACKEND &&
		    member->index != EZLB_NOT_IN_FILE)
			want_snat(target, spec, key, snat_key, &member->backend);
	}
}

static void want_of(struct ezlb_table *target, const struct ezlb_spec *spec,
		    const struct ezlb_listener *listener, const struct ezlb_roster *roster,
		    enum ezlb_snat_key_kind snat_key)
{
	const struct ezlb_service_key *key = &listener->key;

	want_service(target, spec, key);
	target->snat_wanted |= spec->full_nat;
	if (spec->full_nat && snat_key == EZLB_SNAT_KEY_LISTENER)
		want_snat(target, spec, key, snat_key, NULL);
	want_dests(target, spec, listener, roster, snat_key);
}

/* Keeps the actual row unless target has its own. */
static void keep_snat(const struct ezlb_table *actual, const struct ezlb_snats *wanted,
		      struct ezlb_snat_key key, struct ezlb_table *target)
{
	const struct ezlb_snat_row of = { .key = key }, *row;

	row = EZLB_FIND(&actual->snats, &of, ezlb_snat_row_cmp);
	if (!row || EZLB_FIND(wanted, &of, ezlb_snat_row_cmp))
		return;
	*EZLB_PUSH(&target->snats) = *row;
	target->snat_wanted = true;
}

/* For the backends that have left the file of this service and drain. */
static void keep_leaving(const struct ezlb_spec *spec, const struct ezlb_roster *roster,
			 const struct ezlb_table *actual, const struct ezlb_snats *wanted,
			 struct ezlb_table *target)
{
	for (size_t k = 0; k < spec->n_listeners && spec->full_nat; k++) {
		const struct ezlb_service_key *key = &spec->listeners[k].key;
		const struct ezlb_roster_row *member;
		size_t n;

		member = ezlb_roster_of(roster, key, &n);
		for (; n > 0; n--, member++)
			if (member->index == EZLB_NOT_IN_FILE)
				keep_snat(actual, wanted,
					  ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, key,
							   &member->backend),
					  target);
	}
}

/*
 * A backend that has left its file keeps the SNAT row that it has, until its dest is deleted. The
 * row is not made or changed for it: another service may have the backend in its file, with another
 * source, because desired compares only what is in files. Connections that are open do not need
 * the row.
 */
static void keep_snats_of_leaving(const struct ezlb_desired *desired,
				  const struct ezlb_roster *roster, const struct ezlb_table *actual,
				  struct ezlb_table *target)
{
	struct ezlb_snats wanted = target->snats; /* sorted, unlike the rows that are added */

	target->snats = (struct ezlb_snats){ 0 };
	for (size_t i = 0; i < desired->len; i++)
		keep_leaving(desired->items[i], roster, actual, &wanted, target);
	EZLB_VEC_APPEND(&target->snats, &wanted);
	EZLB_VEC_CLEAR(&wanted);
	EZLB_SORT(&target->snats, ezlb_snat_row_cmp);
	EZLB_UNIQUE(&target->snats, ezlb_snat_row_cmp);
}

void ezlb_reconcile_target(const struct ezlb_desired *desired, const struct ezlb_roster *roster,
			   const struct ezlb_table *actual, const struct ezlb_policy *policy,
			   struct ezlb_table *target)
{
	unsigned needs = 0;

	for (size_t i = 0; i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];

		for (size_t k = 0; k < spec->n_listeners; k++) {
			const struct ezlb_service_key *key = &spec->listeners[k].key;

			want_of(target, spec, &spec->listeners[k], roster, policy->snat_key);
			if (policy->firewall)
				want_accepts(target, spec, key, actual);
		}
		want_marks(target, spec);
		needs |= ezlb_spec_needs(spec);
	}
	if (policy->vip_device[0] == '\0')
		needs &= ~(1u << EZLB_NEED_VIP4);
	vips_want(desired, roster, actual, policy, target);
	guards_want(desired, actual, policy, target);
	want_settings(target, needs, actual, policy);
	want_timeouts(target, policy);
	want_syncs(target, policy);
	toa_want(desired, actual, target);
	ezlb_table_sort(target);
	/* Services that share a backend share its SNAT row; desired made sure that they agree. */
	EZLB_UNIQUE(&target->snats, ezlb_snat_row_cmp);
	if (policy->snat_key == EZLB_SNAT_KEY_BACKEND)
		keep_snats_of_leaving(desired, roster, actual, target);
}

void ezlb_reconcile_target_part(const struct ezlb_desired *part, const struct ezlb_roster *roster,
				const struct ezlb_policy *policy, struct ezlb_table *target)
{
	for (size_t i = 0; i < part->len; i++) {
		const struct ezlb_spec *spec = part->items[i];

		for (size_t k = 0; k < spec->n_listeners; k++)
			want_of(target, spec, &spec->listeners[k], roster, policy->snat_key);
		want_marks(target, spec);
	}
	ezlb_table_sort(target);
}

static void keep_ipvs(const struct ezlb_scope *keep, const struct ezlb_table *actual,
		      enum ezlb_snat_key_kind snat_key, const struct ezlb_snats *wanted,
		      struct ezlb_table *target)
{
	bool listener = snat_key == EZLB_SNAT_KEY_LISTENER;

	for (size_t i = 0; i < actual->services.len; i++) {
		const struct ezlb_service_key *key = &actual->services.items[i].key;

		if (!ezlb_scope_has(keep, key))
			continue;
		*EZLB_PUSH(&target->services) = actual->services.items[i];
		if (listener)
			keep_snat(actual, wanted, ezlb_snat_key_of(snat_key, key, NULL), target);
	}
	for (size_t i = 0; i < actual->dests.len; i++) {
		const struct ezlb_dest_row *dest = &actual->dests.items[i];

		if (!ezlb_scope_has(keep, &dest->service))
			continue;
		*EZLB_PUSH(&target->dests) = *dest;
		if (!listener)
			keep_snat(actual, wanted,
				  ezlb_snat_key_of(snat_key, &dest->service, &dest->endpoint),
				  target);
	}
}

static void keep_accepts(const struct ezlb_scope *keep, const struct ezlb_table *actual,
			 struct ezlb_table *target)
{
	for (size_t i = 0; i < actual->accepts.len; i++) {
		if (!ezlb_scope_has(keep, &actual->accepts.items[i].service))
			continue;
		*EZLB_PUSH(&target->accepts) = actual->accepts.items[i];
		target->accepts_wanted = true;
	}
}

static void keep_marks(const struct ezlb_scope *keep, const struct ezlb_table *actual,
		       struct ezlb_table *target)
{
	for (size_t i = 0; i < actual->marks.len; i++)
		if (ezlb_scope_has(keep, &actual->marks.items[i].service))
			*EZLB_PUSH(&target->marks) = actual->marks.items[i];
}

void ezlb_reconcile_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
			 const struct ezlb_policy *policy, struct ezlb_table *target)
{
	struct ezlb_snats wanted = target->snats; /* sorted, unlike the rows that keep_ipvs adds */

	target->snats = (struct ezlb_snats){ 0 };
	guards_keep(keep, actual, policy, target);
	keep_ipvs(keep, actual, policy->snat_key, &wanted, target);
	EZLB_VEC_APPEND(&target->snats, &wanted);
	EZLB_VEC_CLEAR(&wanted);
	if (policy->firewall)
		keep_accepts(keep, actual, target);
	keep_marks(keep, actual, target);
	vips_keep(keep, actual, policy, target);
	toa_keep(keep, actual, target);
	ezlb_table_sort(target);
	EZLB_UNIQUE(&target->snats, ezlb_snat_row_cmp);
	EZLB_UNIQUE(&target->toas, ezlb_toa_row_cmp);
	EZLB_UNIQUE(&target->hooks, ezlb_hook_row_cmp);
	EZLB_UNIQUE(&target->links, ezlb_link_row_cmp);
	EZLB_UNIQUE(&target->vips, ezlb_vip_row_cmp);
	EZLB_UNIQUE(&target->guards, ezlb_guard_row_cmp);
}
