// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/status.h>

#include <inttypes.h>
#include <stdio.h>

#include <ezlb/json.h>

#include "json_head.h"
#include "where.h"

/*
 * A JSON value of the whole document would need more memory than the rest of ezlb. So the head,
 * each service and each file is one value, and only one exists at a time.
 */

/* --- services ------------------------------------------------------------------------------ */

static json_t *traffic_json(uint32_t active, uint32_t inactive, const struct ezlb_counters *c)
{
	json_t *traffic = ezlb_json_object();

	ezlb_json_put_count(traffic, "active", active);
	ezlb_json_put_count(traffic, "inactive", inactive);
	ezlb_json_put_count(traffic, "connections", c->connections);
	ezlb_json_put_count(traffic, "packets_in", c->packets_in);
	ezlb_json_put_count(traffic, "packets_out", c->packets_out);
	ezlb_json_put_count(traffic, "bytes_in", c->bytes_in);
	ezlb_json_put_count(traffic, "bytes_out", c->bytes_out);
	ezlb_json_put_count(traffic, "connection_rate", c->connection_rate);
	ezlb_json_put_count(traffic, "packet_rate_in", c->packet_rate_in);
	ezlb_json_put_count(traffic, "packet_rate_out", c->packet_rate_out);
	ezlb_json_put_count(traffic, "byte_rate_in", c->byte_rate_in);
	ezlb_json_put_count(traffic, "byte_rate_out", c->byte_rate_out);
	return traffic;
}

/* null: it does not drain. */
static json_t *drain_json(const struct ezlb_status_backend *b)
{
	json_t *drain;

	if (!b->placed || b->role != EZLB_ROLE_DRAINING)
		return json_null();
	drain = ezlb_json_object();
	ezlb_json_put_text(drain, "cause", ezlb_drain_cause_str(b->cause));
	ezlb_json_put_time(drain, "until", b->until_ms);
	/* The kernel's counters are newer. */
	ezlb_json_put_count(drain, "active", b->counted ? b->active : b->open);
	return drain;
}

/* null: no slow start. */
static json_t *slow_start_json(const struct ezlb_status_backend *b)
{
	json_t *slow_start;

	if (!b->placed || b->role != EZLB_ROLE_STARTING)
		return json_null();
	slow_start = ezlb_json_object();
	ezlb_json_put_time(slow_start, "until", b->until_ms);
	ezlb_json_put_count(slow_start, "full_weight", b->dest_full);
	return slow_start;
}

static void put_role(json_t *backend, const struct ezlb_status_backend *b)
{
	bool dest = b->placed && ezlb_role_has_dest(b->role);

	ezlb_json_put_known(backend, "dest_weight", dest ? (int64_t)b->dest_weight : -1);
	ezlb_json_put_text(backend, "role", b->placed ? ezlb_role_str(b->role) : NULL);
	ezlb_json_put(backend, "drain", drain_json(b));
	ezlb_json_put(backend, "slow_start", slow_start_json(b));
	ezlb_json_put_bool(backend, "fallback", b->fallback);
	ezlb_json_put_bool(backend, "removed", b->removed);
}

static json_t *backend_json(const struct ezlb_status_backend *b)
{
	json_t *backend = ezlb_json_object();
	char address[EZLB_ENDPOINT_STRLEN];

	ezlb_json_put_text(backend, "address", ezlb_endpoint_format(&b->address, address));
	ezlb_json_put_known(backend, "line", b->line);
	ezlb_json_put_text(backend, "verdict",
			   b->checked ? ezlb_verdict_str(b->verdict) : "unchecked");
	ezlb_json_put_text(backend, "reason", b->probed ? ezlb_outcome_str(b->outcome) : NULL);
	ezlb_json_put_known(backend, "code", b->probed ? b->code : 0);
	ezlb_json_put(backend, "latency_ms",
		      b->probed ? json_real(b->latency_us / 1000.0) : json_null());
	ezlb_json_put_time(backend, "since", b->since_ms);
	ezlb_json_put_count(backend, "weight", b->weight);
	ezlb_json_put_known(backend, "kernel_weight", b->kernel_weight);
	put_role(backend, b);
	ezlb_json_put(backend, "traffic",
		      b->counted ? traffic_json(b->active, b->inactive, &b->counters)
				 : json_null());
	return backend;
}

static json_t *check_json(const struct ezlb_check *c)
{
	char statuses[EZLB_CODE_RANGES_STRLEN];
	json_t *check;

	if (c->type == EZLB_CHECK_NONE)
		return json_null();
	check = ezlb_json_object();
	ezlb_json_put_text(check, "type", ezlb_check_type_str(c->type));
	ezlb_json_put_count(check, "interval_ms", c->interval_ms);
	ezlb_json_put_count(check, "timeout_ms", c->timeout_ms);
	ezlb_json_put_count(check, "fail_count", c->fail_count);
	ezlb_json_put_count(check, "rise_count", c->rise_count);
	if (c->type == EZLB_CHECK_HTTP || c->type == EZLB_CHECK_HTTPS) {
		ezlb_json_put_text(check, "path", c->request->path);
		ezlb_json_put_text(
			check, "expected_status",
			ezlb_code_ranges_format(&c->request->statuses, statuses, sizeof(statuses)));
	}
	return check;
}

static json_t *conditions_json(const struct ezlb_condition conditions[static EZLB_CONDITIONS])
{
	json_t *array = ezlb_json_array();

	for (int i = 0; i < EZLB_CONDITIONS; i++) {
		json_t *condition = ezlb_json_object();

		ezlb_json_put_text(condition, "type",
				   ezlb_condition_type_str((enum ezlb_condition_type)i));
		ezlb_json_put_text(condition, "status", ezlb_truth_str(conditions[i].status));
		ezlb_json_put_text(condition, "reason", ezlb_reason_str(conditions[i].reason));
		ezlb_json_put_text(condition, "message", ezlb_condition_message(&conditions[i]));
		ezlb_json_put_time(condition, "since", conditions[i].since_ms);
		ezlb_json_add(array, condition);
	}
	return array;
}

static json_t *listener_json(const struct ezlb_status *status, const struct ezlb_status_listener *l)
{
	const struct ezlb_listener *listener = &l->of;
	char where[EZLB_MESSAGE_STRLEN];
	char text[EZLB_LISTENER_STRLEN];
	json_t *object = ezlb_json_object();

	if (!ezlb_listener_is_mark(listener)) {
		ezlb_json_put_text(object, "protocol", ezlb_proto_str(listener->proto));
		ezlb_json_put_text(object, "listen", ezlb_listener_format(listener, text));
	}
	if (listener->key.fwmark)
		ezlb_json_put_count(object, "fwmark", listener->key.fwmark);
	if (l->vip == EZLB_VIP_UNKNOWN)
		return object;
	ezlb_json_put_text(object, "vip", ezlb_vip_state_str(l->vip));
	ezlb_json_put_text(object, "where", where_is(status, l, where));
	return object;
}

/* The listeners, and the first one as protocol and listen, which are null for a mark. */
static void put_listeners(json_t *service, const struct ezlb_status *status,
			  const struct ezlb_status_service *s)
{
	const struct ezlb_status_listener *all = status->listeners.items + s->first_listener;
	size_t n = s->applied ? s->n_listeners : 0;
	const struct ezlb_listener *first = n > 0 ? &all->of : NULL;
	json_t *listeners = ezlb_json_array();
	char text[EZLB_LISTENER_STRLEN];

	if (first && ezlb_listener_is_mark(first))
		first = NULL;
	ezlb_json_put_text(service, "protocol", first ? ezlb_proto_str(first->proto) : NULL);
	ezlb_json_put_text(service, "listen", first ? ezlb_listener_format(first, text) : NULL);
	for (size_t i = 0; i < n; i++)
		ezlb_json_add(listeners, listener_json(status, &all[i]));
	ezlb_json_put(service, "listeners", listeners);
}

static json_t *ports_json(const struct ezlb_ports_row *row)
{
	char backend[EZLB_ENDPOINT_STRLEN], fullest[EZLB_ADDR_STRLEN], source[EZLB_RANGE_STRLEN];
	json_t *ports = ezlb_json_object();

	ezlb_json_put_text(ports, "source", ezlb_ports_source(row, source));
	ezlb_json_put_text(ports, "protocol", ezlb_proto_str(row->proto));
	ezlb_json_put_text(ports, "backend", ezlb_endpoint_format(&row->backend, backend));
	ezlb_json_put_count(ports, "used", row->used);
	ezlb_json_put_count(ports, "available", ezlb_ports_available(row));
	ezlb_json_put_count(ports, "percent", ezlb_ports_percent(row));
	ezlb_json_put_text(ports, "counted_by", row->exact ? "conntrack" : "ipvs");
	ezlb_json_put_text(ports, "fullest",
			   row->exact ? ezlb_addr_format(&row->fullest, fullest) : NULL);
	ezlb_json_put_known(ports, "fullest_used", row->exact ? (int64_t)row->fullest_used : -1);
	return ports;
}

/* The members of the applied version; all null if no version is applied. */
static void put_applied(json_t *service, const struct ezlb_status *status,
			const struct ezlb_status_service *s)
{
	char range[EZLB_RANGE_STRLEN];
	bool applied = s->applied;
	const char *snat = s->snat_ip.first.family ? ezlb_range_format(&s->snat_ip, range)
						   : "masquerade";

	put_listeners(service, status, s);
	ezlb_json_put_text(service, "scheduler", applied ? s->scheduler : NULL);
	ezlb_json_put_text(service, "forward", applied ? ezlb_forward_str(s->forward) : NULL);
	ezlb_json_put_bool(service, "full_nat", applied && s->full_nat);
	ezlb_json_put_text(service, "snat", applied && s->full_nat ? snat : NULL);
	ezlb_json_put(service, "check", applied ? check_json(&s->check) : json_null());
	ezlb_json_put(service, "source_ports",
		      applied && s->ports_known ? ports_json(&s->ports) : json_null());
	ezlb_json_put_text(service, "client_address",
			   applied ? ezlb_client_address_str(s->client_address) : NULL);
	ezlb_json_put_bool(service, "traffic_log", applied && s->traffic_log);
	ezlb_json_put_bool(service, "connection_log", applied && s->connection_log);
}

static json_t *service_json(const struct ezlb_status *status, const struct ezlb_status_service *s)
{
	json_t *service = ezlb_json_object(), *backends = ezlb_json_array();

	ezlb_json_put_text(service, "name", s->name);
	ezlb_json_put_text(service, "state", ezlb_state_str(s->state));
	ezlb_json_put_text(service, "file", s->file);
	ezlb_json_put_known(service, "line", s->line);
	ezlb_json_put_bool(service, "in_force", s->applied);
	put_applied(service, status, s);
	ezlb_json_put_hash(service, "observed_hash", s->observed_hash);
	ezlb_json_put_hash(service, "applied_hash", s->applied ? s->applied_hash : 0);
	ezlb_json_put(service, "conditions", conditions_json(s->conditions));
	ezlb_json_put_count(service, "serving", s->n_serving);
	ezlb_json_put_count(service, "serving_of", s->n_wanted);
	ezlb_json_put_known(service, "snat_connections", s->snat_connections);
	ezlb_json_put(service, "traffic",
		      s->counted ? traffic_json(s->active, s->inactive, &s->counters)
				 : json_null());
	for (size_t i = 0; i < s->n_backends; i++)
		ezlb_json_add(backends, backend_json(&status->backends.items[s->first + i]));
	ezlb_json_put(service, "backends", backends);
	return service;
}

/* --- files --------------------------------------------------------------------------------- */

static json_t *diag_json(const struct ezlb_diag *d)
{
	EZLB_AUTO_FREE char *text = ezlb_diag_text(d);
	json_t *diag = ezlb_json_object();
	char code[16];

	snprintf(code, sizeof(code), "E%03d", (int)d->code);
	ezlb_json_put_known(diag, "line", d->at.line);
	ezlb_json_put_known(diag, "column", d->at.col);
	ezlb_json_put_text(diag, "code", code);
	ezlb_json_put_text(diag, "message", d->message);
	ezlb_json_put_text(diag, "source", d->source);
	ezlb_json_put_text(diag, "help", d->help);
	ezlb_json_put_text(diag, "text", text);
	return diag;
}

static json_t *file_json(const struct ezlb_status *status, const struct ezlb_status_file *f)
{
	json_t *file = ezlb_json_object(), *diags = ezlb_json_array();

	ezlb_json_put_text(file, "path", f->path);
	ezlb_json_put_text(file, "state", ezlb_file_state_str(f->state));
	ezlb_json_put_bool(file, "in_force", f->applied);
	for (size_t i = 0; i < f->n_diags; i++)
		ezlb_json_add(diags, diag_json(&status->diags.items[f->first + i]));
	ezlb_json_put(file, "diagnostics", diags);
	return file;
}

/* --- documents ----------------------------------------------------------------------------- */

void ezlb_status_json(const struct ezlb_status *status, struct ezlb_text *out)
{
	ezlb_text_puts(out, "{");
	ezlb_json_dump(json_head(status), true, out);
	ezlb_text_puts(out, ",\"services\":[");
	for (size_t i = 0; i < status->services.len; i++) {
		ezlb_text_puts(out, i ? "," : "");
		ezlb_json_dump(service_json(status, &status->services.items[i]), false, out);
	}
	ezlb_text_puts(out, "],\"files\":[");
	for (size_t i = 0; i < status->files.len; i++) {
		ezlb_text_puts(out, i ? "," : "");
		ezlb_json_dump(file_json(status, &status->files.items[i]), false, out);
	}
	ezlb_text_puts(out, "]}\n");
}

static json_t *event_json(const struct ezlb_event *e)
{
	json_t *event = ezlb_json_object();

	ezlb_json_put_count(event, "seq", e->seq);
	ezlb_json_put_time(event, "time", e->time_ms);
	ezlb_json_put_text(event, "level", ezlb_event_level_str(e->level));
	ezlb_json_put_text(event, "type", ezlb_event_type_str(e->type));
	ezlb_json_put_text(event, "service", e->service);
	ezlb_json_put_text(event, "object", e->object);
	ezlb_json_put_text(event, "message", e->message);
	return event;
}

void ezlb_events_json(const struct ezlb_events *events, uint64_t since, struct ezlb_text *out)
{
	uint64_t last = events->last;
	uint64_t first = last > EZLB_EVENTS_KEPT ? last - EZLB_EVENTS_KEPT + 1 : 1;

	if (since > first)
		first = since;
	ezlb_text_printf(out, "{\"next\":%" PRIu64 ",\"events\":[", last + 1);
	for (uint64_t seq = first; seq <= last; seq++) {
		ezlb_text_puts(out, seq > first ? "," : "");
		ezlb_json_dump(event_json(ezlb_events_get(events, seq)), false, out);
	}
	ezlb_text_puts(out, "]}\n");
}
