// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/view.h>

#include "conditions.h"
#include "roles.h"
#include "vips.h"

/* The loop copies the diagnostics for each report. Of more than these, the first of each file. */
#define DIAGS_MAX 2000

/* The arguments of one ezlb_view_status. */
struct folding {
	const struct ezlb_view *view;
	const struct ezlb_catalog *catalog;
	const struct ezlb_view_facts *facts;
	struct ezlb_status *out;
	int64_t wall_less_clock; /* add it to ezlb_now_ms to get the wall clock */
};

/* --- backends ------------------------------------------------------------------------------ */

static void take_verdict(const struct folding *folding, const struct ezlb_spec *spec,
			 struct ezlb_status_backend *to)
{
	const struct ezlb_verdict_row *row = ezlb_verdict_find(&folding->facts->verdicts, spec,
							       &to->address);

	if (!row)
		return;
	to->verdict = row->verdict;
	to->probed = row->probed;
	to->outcome = row->outcome;
	to->code = row->code;
	to->latency_us = row->latency_us;
	if (row->since_ms)
		to->since_ms = (int64_t)row->since_ms + folding->wall_less_clock;
}

static int64_t weight_in(const struct ezlb_dests *dests, const struct ezlb_service_key *service,
			 const struct ezlb_endpoint *backend)
{
	const struct ezlb_dest_row key = { .service = *service,
					   .endpoint = ezlb_dest_endpoint(service, backend) };
	const struct ezlb_dest_row *row = EZLB_FIND(dests, &key, ezlb_dest_row_cmp);

	return row ? (int64_t)row->weight : -1;
}

/* The weight after the last pass; ezlb_status_count replaces it. */
static int64_t kernel_weight(const struct folding *folding, const struct ezlb_spec *spec,
			     const struct ezlb_endpoint *backend, const struct ezlb_view_role *role)
{
	/* A drain may have ended at one listener and not at another one yet. */
	bool draining = role && role->role == EZLB_ROLE_DRAINING;
	const struct ezlb_dests *dests = folding->facts->dests;
	int64_t chosen = -1;

	for (size_t i = 0; dests && i < spec->n_listeners; i++) {
		int64_t weight = weight_in(dests, &spec->listeners[i].key, backend);

		if (i == 0 || (draining ? weight > chosen : weight < chosen))
			chosen = weight;
	}
	return chosen;
}

static void take_role(const struct folding *folding, const struct ezlb_view_role *role,
		      struct ezlb_status_backend *to)
{
	if (!role)
		return;
	to->placed = true;
	to->role = role->role;
	to->cause = role->cause;
	to->open = role->active;
	to->dest_weight = role->weight;
	to->dest_full = role->full;
	if (role->until_ms)
		to->until_ms = (int64_t)role->until_ms + folding->wall_less_clock;
}

/* Before the first pass only the verdict tells. */
static bool serves(const struct ezlb_status_backend *backend, const struct ezlb_view_role *role)
{
	if (role)
		return roles_serves(role);
	return backend->verdict == EZLB_UP && backend->weight > 0 && !backend->fallback;
}

static void take_backend(struct folding *folding, const struct ezlb_spec *spec,
			 const struct ezlb_backend *from, const struct ezlb_view_role *role,
			 struct ezlb_status_service *service)
{
	struct ezlb_status_backend *to = EZLB_PUSH(&folding->out->backends);

	to->address = from->endpoint;
	to->line = from->at.line;
	to->weight = from->weight;
	to->fallback = from->fallback;
	to->checked = spec->check.type != EZLB_CHECK_NONE;
	to->verdict = to->checked ? EZLB_UNKNOWN : EZLB_UP;
	to->kernel_weight = kernel_weight(folding, spec, &from->endpoint, role);
	if (to->checked)
		take_verdict(folding, spec, to);
	take_role(folding, role, to);
	service->n_serving += serves(to, role);
	service->n_wanted += !to->fallback || (role && role->role == EZLB_ROLE_FALLBACK);
}

/* It drains, and has no line in the file any more. */
static void take_removed(struct folding *folding, const struct ezlb_spec *spec,
			 const struct ezlb_view_role *role)
{
	struct ezlb_status_backend *to = EZLB_PUSH(&folding->out->backends);

	to->address = role->backend;
	to->removed = true;
	to->kernel_weight = kernel_weight(folding, spec, &role->backend, role);
	take_role(folding, role, to);
}

static void take_backends(struct folding *folding, const struct ezlb_spec *spec,
			  const struct ezlb_view_roles *roles, struct ezlb_status_service *service)
{
	EZLB_AUTO_FREE bool *taken = ezlb_calloc(roles->len + 1, sizeof(*taken));

	service->first = folding->out->backends.len;
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *backend = &spec->backends[i];
		const struct ezlb_view_role *role = roles_find(roles, &backend->endpoint);

		take_backend(folding, spec, backend, role, service);
		if (role)
			taken[role - roles->items] = true;
	}
	/* One that has just come back to the file is in both until the next pass. */
	for (size_t i = 0; i < roles->len; i++)
		if (roles->items[i].removed && !taken[i])
			take_removed(folding, spec, &roles->items[i]);
	service->n_backends = folding->out->backends.len - service->first;
}

/* --- services and files -------------------------------------------------------------------- */

static void take_listeners(struct folding *folding, const struct ezlb_spec *spec,
			   struct ezlb_status_service *to)
{
	to->first_listener = folding->out->listeners.len;
	to->n_listeners = spec->n_listeners;
	for (size_t i = 0; i < spec->n_listeners; i++) {
		struct ezlb_status_listener *listener = EZLB_PUSH(&folding->out->listeners);

		listener->of = spec->listeners[i];
		if (!ezlb_listener_is_mark(&listener->of))
			listener->vip = vips_state(&folding->view->vips, &listener->of.listen.addr);
	}
}

static void take_ports(const struct folding *folding, const struct ezlb_spec *spec,
		       struct ezlb_status_service *to)
{
	const struct ezlb_service_key key = ezlb_spec_key(spec);
	const struct ezlb_ports_row *row = spec->full_nat
						   ? ezlb_ports_find(&folding->view->ports, &key)
						   : NULL;

	/* The survey may have read an older version of the file. */
	to->ports_known = row && row->backend.addr.family &&
			  ezlb_range_cmp(&row->source, &spec->snat_ip) == 0;
	if (to->ports_known)
		to->ports = *row;
}

static void take_spec(struct folding *folding, const struct ezlb_spec *spec,
		      const struct ezlb_view_roles *roles, struct ezlb_status_service *to)
{
	to->applied = true;
	to->line = spec->listen_at.line;
	take_listeners(folding, spec, to);
	ezlb_strcpy(to->scheduler, sizeof(to->scheduler), spec->scheduler);
	to->forward = spec->forward;
	to->full_nat = spec->full_nat;
	to->snat_ip = spec->snat_ip;
	to->check = ezlb_check_copy(&spec->check);
	to->traffic_log = spec->traffic_log;
	to->client_address = spec->client_address;
	to->connection_log = spec->connection_log;
	take_ports(folding, spec, to);
	take_backends(folding, spec, roles, to);
}

static void take_service(struct folding *folding, const struct ezlb_catalog_entry *entry,
			 const struct ezlb_view_service *seen)
{
	struct ezlb_status_service *to = EZLB_PUSH(&folding->out->services);

	ezlb_strcpy(to->name, sizeof(to->name), seen->name);
	to->file = ezlb_strdup(entry->path);
	to->line = 1;
	to->observed_hash = entry->readable ? entry->hash : 0;
	to->applied_hash = seen->applied_hash;
	to->snat_connections = -1;
	if (entry->last)
		take_spec(folding, entry->last, &seen->roles, to);
	ezlb_conditions_copy(to->conditions, seen->conditions);
	to->state = ezlb_state_of(to->conditions);
}

static void take_file(struct folding *folding, const struct ezlb_catalog_entry *entry)
{
	struct ezlb_status_file *to = EZLB_PUSH(&folding->out->files);
	const struct ezlb_diag *diag = ezlb_catalog_diags(folding->catalog, entry, &to->n_diags);

	to->path = ezlb_strdup(entry->path);
	to->applied = entry->last != NULL;
	to->state = !entry->readable ? EZLB_FILE_UNREADABLE
		    : diag	     ? EZLB_FILE_REFUSED
				     : EZLB_FILE_OK;
	to->first = folding->out->diags.len;
	if (to->n_diags > 1 && folding->catalog->diags.len > DIAGS_MAX)
		to->n_diags = 1;
	ezlb_diags_copy(&folding->out->diags, diag, to->n_diags);
}

static int service_cmp(const void *a, const void *b)
{
	const struct ezlb_status_service *x = a, *y = b;
	int rc = strcmp(x->name, y->name);

	return rc ? rc : strcmp(x->file, y->file);
}

static void take_files(struct folding *folding)
{
	const struct ezlb_catalog *catalog = folding->catalog;

	/* The services of the view are those of the catalog, in the same order. */
	for (size_t i = 0; i < catalog->entries.len; i++) {
		take_service(folding, &catalog->entries.items[i],
			     &folding->view->services.items[i]);
		take_file(folding, &catalog->entries.items[i]);
	}
	EZLB_SORT(&folding->out->services, service_cmp);
}

/* --- the rest ------------------------------------------------------------------------------ */

static void take_dirs(const struct ezlb_view *view, struct ezlb_status *out)
{
	for (size_t i = 0; i < view->dirs.len; i++) {
		const struct ezlb_status_dir *from = &view->dirs.items[i];
		struct ezlb_status_dir *to = EZLB_PUSH(&out->dirs);

		to->path = ezlb_strdup(from->path);
		to->configmap = from->configmap;
		to->problem = from->problem ? ezlb_strdup(from->problem) : NULL;
	}
}

static void take_view(const struct ezlb_view *view, uint64_t clock_ms, struct ezlb_status *out)
{
	out->started_ms = view->started_ms;
	out->ready = ezlb_view_ready(view, clock_ms, out->not_ready);
	out->drain = view->drain;
	out->sync = view->sync;
	memcpy(out->vip_device, view->vip_device, sizeof(out->vip_device));
	out->reloads = view->reloads;
	out->last_reload_ok = view->reload_ok;
	out->last_reload_ms = view->reload_ms;
	out->last_reload_ok_ms = view->reload_ok_ms;
	out->revision = view->revision;
	out->revision_ms = view->revision_ms;
	out->passes = view->passes;
	out->pass_errors = view->pass_errors;
	out->last_pass_ms = view->pass_ms;
	out->last_ok_ms = view->pass_ok_ms;
	out->failing_since_ms = view->failing_since_ms;
	memcpy(out->pass_error, view->pass_error, sizeof(out->pass_error));
	out->pass_duration = view->pass_duration;
	out->conntrack_entries = view->conntrack_entries;
	out->conntrack_max = view->conntrack_max;
	out->conntrack_full = view->conntrack_full;
	memcpy(out->repairs, view->repairs, sizeof(out->repairs));
	memcpy(out->events, view->events.total, sizeof(out->events));
	take_dirs(view, out);
}

static void take_probes(const struct ezlb_health_stats *stats, struct ezlb_status *out)
{
	out->probe_duration = stats->duration;
	memcpy(out->probes, stats->outcomes, sizeof(out->probes));
	out->targets = stats->targets;
	out->overdue = stats->overdue;
	out->blocked = stats->blocked;
	out->blocked_why = stats->blocked_why;
	out->overdue_total = stats->overdue_total;
}

static void take_process(const struct ezlb_view_facts *facts, struct ezlb_status *out)
{
	out->version = EZLB_VERSION;
	out->dataplane = facts->dataplane;
	out->snat_backend = facts->snat_backend;
	out->pid = facts->pid;
	memcpy(out->host, facts->host, sizeof(out->host));
	out->watch = facts->watch;
}

void ezlb_view_status(const struct ezlb_view *view, const struct ezlb_catalog *catalog,
		      const struct ezlb_view_facts *facts, struct ezlb_status *out)
{
	struct folding folding = { .view = view,
				   .catalog = catalog,
				   .facts = facts,
				   .out = out,
				   .wall_less_clock = facts->now_ms - (int64_t)facts->clock_ms };

	*out = (struct ezlb_status){ .now_ms = facts->now_ms };
	take_process(facts, out);
	take_probes(&facts->probes, out);
	take_view(view, facts->clock_ms, out);
	take_files(&folding);
}
