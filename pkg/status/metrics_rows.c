// SPDX-License-Identifier: GPL-2.0-or-later
#include "metrics_rows.h"

#include <stddef.h>
#include <stdlib.h>

#include "metrics_text.h"

/* Sets of labels. Each set starts with the labels of the set before it. */
enum set {
	NAME, /* service; service, backend */
	KEY,  /* and listen, protocol; and protocol */
	INFO, /* and scheduler, full_nat; services only */
	SETS
};

/*
 * A service or a backend. Its labels are formatted once, and copied to each sample. `at` is an
 * offset into the text of all labels, because its bytes move while it grows. Lengths are 0 if the
 * service is not applied.
 */
struct row {
	size_t at, len[SETS];
	const struct ezlb_status_service *service;
	const struct ezlb_status_listener *listener; /* one row each; NULL: a backend */
	const struct ezlb_status_backend *backend;   /* NULL: a service */
	bool more;				     /* not the first listener of its service */
};

/* Only names of applied services are unique: families of all services have the label file. */
struct file_labels {
	size_t at, len; /* service, file */
};

struct rows {
	const struct ezlb_status *status;
	struct file_labels *files; /* same index as status->services */
	struct row *services;	   /* same index as status->listeners */
	struct row *backends;	   /* same index as status->backends */
	struct ezlb_text text;
};

/* --- labels -------------------------------------------------------------------------------- */

static void label_service(struct ezlb_text *text, struct row *row)
{
	const struct ezlb_status_service *service = row->service;
	const struct ezlb_listener *listener = &row->listener->of;
	char listen[EZLB_LISTENER_STRLEN];

	row->at = text->len;
	metric_label(text, "{service", service->name);
	row->len[NAME] = text->len - row->at;
	metric_label(text, ",listen", ezlb_listener_format(listener, listen));
	metric_label(text, ",protocol", ezlb_listener_proto_str(listener));
	row->len[KEY] = text->len - row->at;
	metric_label(text, ",scheduler", service->scheduler);
	metric_label(text, ",full_nat", service->full_nat ? "true" : "false");
	row->len[INFO] = text->len - row->at;
}

static void label_file(struct ezlb_text *text, const struct ezlb_status_service *service,
		       struct file_labels *labels)
{
	labels->at = text->len;
	metric_label(text, "{service", service->name);
	metric_label(text, ",file", service->file);
	labels->len = text->len - labels->at;
}

/* "tcp", "tcp,udp": a backend has one row for all listeners of its service. */
static void label_protocols(struct ezlb_text *text, const struct ezlb_status *status,
			    const struct ezlb_status_service *service)
{
	char protocols[32] = "";

	for (size_t i = 0; i < service->n_listeners; i++) {
		const struct ezlb_listener *listener =
			&status->listeners.items[service->first_listener + i].of;
		const char *proto = ezlb_listener_proto_str(listener);

		if (!strstr(protocols, proto))
			ezlb_strcatf(protocols, sizeof(protocols), "%s%s", i ? "," : "", proto);
	}
	metric_label(text, ",protocol", protocols);
}

static void label_backend(struct ezlb_text *text, const struct ezlb_status *status, struct row *row)
{
	char address[EZLB_ENDPOINT_STRLEN];

	row->at = text->len;
	metric_label(text, "{service", row->service->name);
	metric_label(text, ",backend", ezlb_endpoint_format(&row->backend->address, address));
	row->len[NAME] = text->len - row->at;
	label_protocols(text, status, row->service);
	row->len[KEY] = text->len - row->at;
}

static void label_applied(struct rows *rows, const struct ezlb_status_service *service)
{
	const struct ezlb_status *status = rows->status;

	for (size_t i = 0; i < service->n_listeners; i++) {
		size_t k = service->first_listener + i;

		rows->services[k] = (struct row){ .service = service,
						  .listener = &status->listeners.items[k],
						  .more = i > 0 };
		label_service(&rows->text, &rows->services[k]);
	}
	for (size_t k = service->first; k < service->first + service->n_backends; k++) {
		rows->backends[k].service = service;
		rows->backends[k].backend = &status->backends.items[k];
		label_backend(&rows->text, status, &rows->backends[k]);
	}
}

static void label_rows(struct rows *rows)
{
	const struct ezlb_status *status = rows->status;

	rows->files = ezlb_calloc(status->services.len, sizeof(*rows->files));
	rows->services = ezlb_calloc(status->listeners.len, sizeof(*rows->services));
	rows->backends = ezlb_calloc(status->backends.len, sizeof(*rows->backends));
	for (size_t i = 0; i < status->services.len; i++) {
		const struct ezlb_status_service *service = &status->services.items[i];

		label_file(&rows->text, service, &rows->files[i]);
		if (service->applied)
			label_applied(rows, service);
	}
}

/* --- values: each function returns false if the value is unknown ------------------------------ */

static bool get_one(const struct row *row, uint64_t *value)
{
	(void)row;
	*value = 1;
	return true;
}

static bool get_snat(const struct row *row, uint64_t *value)
{
	*value = (uint64_t)row->service->snat_connections;
	return row->service->snat_connections >= 0;
}

static bool is_counted(const struct row *row)
{
	return row->backend ? row->backend->counted : row->listener->counted;
}

static bool get_active(const struct row *row, uint64_t *value)
{
	*value = row->backend ? row->backend->active : row->listener->active;
	return is_counted(row);
}

static bool get_inactive(const struct row *row, uint64_t *value)
{
	*value = row->backend ? row->backend->inactive : row->listener->inactive;
	return is_counted(row);
}

static bool get_health(const struct row *row, uint64_t *value)
{
	*value = !row->backend->checked || row->backend->verdict == EZLB_UP;
	return !row->backend->removed;
}

static bool get_weight(const struct row *row, uint64_t *value)
{
	*value = row->backend->weight;
	return !row->backend->removed;
}

static bool get_draining(const struct row *row, uint64_t *value)
{
	*value = row->backend->role == EZLB_ROLE_DRAINING;
	return row->backend->placed;
}

static bool get_slow_start(const struct row *row, uint64_t *value)
{
	*value = row->backend->role == EZLB_ROLE_STARTING;
	return row->backend->placed;
}

static enum ezlb_reason why_ready(const struct row *row)
{
	return row->service->conditions[EZLB_BACKENDS_READY].reason;
}

static bool get_fail_open(const struct row *row, uint64_t *value)
{
	*value = why_ready(row) == EZLB_REASON_FAIL_OPEN;
	return true;
}

static bool get_fallback(const struct row *row, uint64_t *value)
{
	*value = why_ready(row) == EZLB_REASON_FALLBACK_SERVES;
	return true;
}

static bool get_kernel_weight(const struct row *row, uint64_t *value)
{
	*value = (uint64_t)row->backend->kernel_weight;
	return row->backend->kernel_weight >= 0;
}

static bool get_latency(const struct row *row, uint64_t *value)
{
	*value = row->backend->latency_us;
	return row->backend->probed;
}

/* --- families ------------------------------------------------------------------------------- */

struct family {
	struct metric metric;
	enum set set;
	bool (*value)(const struct row *row, uint64_t *value);
};

static const struct family service_families[] = {
	{ { "ezlb_service_info", "gauge", "The applied version. Always 1.", 0 }, INFO, get_one },
	{ { "ezlb_service_fail_open", "gauge",
	    "1: too few backends are up, and those that are down are scheduled as well.", 0 },
	  NAME,
	  get_fail_open },
	{ { "ezlb_service_fallback_serving", "gauge",
	    "1: no other backend is up, and the fallback serves.", 0 },
	  NAME,
	  get_fallback },
	{ { "ezlb_service_active_connections", "gauge", "Open connections.", 0 }, KEY, get_active },
	{ { "ezlb_service_inactive_connections", "gauge", "Closing connections, and those of UDP.",
	    0 },
	  KEY,
	  get_inactive },
	{ { "ezlb_snat_connections_total", "counter",
	    "Connections with source NAT; with iptables also ezlb's own probes.", 0 },
	  NAME,
	  get_snat },
};

/* The most ports that are used to one backend, of all services with the same source. */
static void put_ports(const struct rows *rows, const struct metric *metric,
		      uint64_t (*value)(const struct ezlb_ports_row *row), struct ezlb_text *out)
{
	char source[EZLB_RANGE_STRLEN];

	metric_head(out, metric);
	for (size_t i = 0; i < rows->status->services.len; i++) {
		const struct ezlb_status_service *service = &rows->status->services.items[i];

		if (!service->applied || !service->ports_known)
			continue;
		ezlb_text_puts(out, metric->name);
		metric_label(out, "{service", service->name);
		metric_label(out, ",source", ezlb_ports_source(&service->ports, source));
		metric_end(out, metric, value(&service->ports));
	}
}

static uint64_t ports_used(const struct ezlb_ports_row *row)
{
	return row->used;
}

static void put_all_ports(const struct rows *rows, struct ezlb_text *out)
{
	static const struct metric used = {
		"ezlb_source_ports_used", "gauge",
		"Source ports in use towards the backend that uses most.", 0
	};
	static const struct metric available = {
		"ezlb_source_ports_available", "gauge",
		"Source ports that all addresses of the source have towards one backend.", 0
	};

	put_ports(rows, &used, ports_used, out);
	put_ports(rows, &available, ezlb_ports_available, out);
}

static const struct family backend_families[] = {
	{ { "ezlb_backend_health_status", "gauge", "1: up or not checked, 0: down or unknown.", 0 },
	  NAME,
	  get_health },
	{ { "ezlb_backend_weight", "gauge", "The weight in the file.", 0 }, KEY, get_weight },
	{ { "ezlb_backend_kernel_weight", "gauge", "The weight in the kernel.", 0 },
	  KEY,
	  get_kernel_weight },
	{ { "ezlb_backend_draining", "gauge", "1: it finishes its connections and then leaves.",
	    0 },
	  KEY,
	  get_draining },
	{ { "ezlb_backend_slow_start", "gauge", "1: its weight still grows.", 0 },
	  KEY,
	  get_slow_start },
	{ { "ezlb_backend_probe_latency_seconds", "gauge", "How long the last probe took.", 6 },
	  KEY,
	  get_latency },
	{ { "ezlb_backend_active_connections", "gauge", "Open connections.", 0 }, KEY, get_active },
	{ { "ezlb_backend_inactive_connections", "gauge", "Closing connections, and those of UDP.",
	    0 },
	  KEY,
	  get_inactive },
};

static const struct {
	struct metric service, backend;
	size_t at; /* offset in struct ezlb_counters */
} counters[] = {
	{ { "ezlb_service_connections_total", "counter", "Connections to the service.", 0 },
	  { "ezlb_backend_connections_total", "counter", "Connections to the backend.", 0 },
	  offsetof(struct ezlb_counters, connections) },
	{ { "ezlb_service_bytes_in_total", "counter", "Bytes from clients.", 0 },
	  { "ezlb_backend_bytes_in_total", "counter", "Bytes from clients to the backend.", 0 },
	  offsetof(struct ezlb_counters, bytes_in) },
	{ { "ezlb_service_bytes_out_total", "counter", "Bytes to clients.", 0 },
	  { "ezlb_backend_bytes_out_total", "counter", "Bytes from the backend to clients.", 0 },
	  offsetof(struct ezlb_counters, bytes_out) },
	{ { "ezlb_service_packets_in_total", "counter", "Packets from clients.", 0 },
	  { "ezlb_backend_packets_in_total", "counter", "Packets from clients to the backend.", 0 },
	  offsetof(struct ezlb_counters, packets_in) },
	{ { "ezlb_service_packets_out_total", "counter", "Packets to clients.", 0 },
	  { "ezlb_backend_packets_out_total", "counter", "Packets from the backend to clients.",
	    0 },
	  offsetof(struct ezlb_counters, packets_out) },
};
#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))

static void put_sample(const struct rows *rows, const struct metric *metric, const struct row *row,
		       enum set set, uint64_t value, struct ezlb_text *out)
{
	const struct metric_labels labels = { rows->text.items + row->at, row->len[set] };

	metric_sample(out, metric, labels, value);
}

static void put_family(const struct rows *rows, const struct family *family,
		       const struct row *items, size_t n, struct ezlb_text *out)
{
	uint64_t value;

	metric_head(out, &family->metric);
	for (size_t i = 0; i < n; i++)
		if (items[i].service && !(items[i].more && family->set == NAME) &&
		    family->value(&items[i], &value))
			put_sample(rows, &family->metric, &items[i], family->set, value, out);
}

/* `at`: the offset in struct ezlb_counters. */
static void put_counter(const struct rows *rows, const struct metric *metric, size_t at,
			const struct row *items, size_t n, struct ezlb_text *out)
{
	metric_head(out, metric);
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &items[i];
		const struct ezlb_counters *values;
		uint64_t value;

		if (!row->service || !is_counted(row))
			continue;
		values = row->backend ? &row->backend->counters : &row->listener->counters;
		memcpy(&value, (const char *)values + at, sizeof(value));
		put_sample(rows, metric, row, KEY, value, out);
	}
}

/* --- states and conditions: of all services -------------------------------------------------- */

/* One sample per service, not one per state: 1/8 of the size, and alerts can match the label. */
static void put_states(const struct rows *rows, struct ezlb_text *out)
{
	static const struct metric metric = { "ezlb_service_state", "gauge",
					      "The state of the service. Always 1.", 0 };

	metric_head(out, &metric);
	for (size_t i = 0; i < rows->status->services.len; i++) {
		const struct file_labels *labels = &rows->files[i];

		ezlb_text_puts(out, metric.name);
		ezlb_text_put(out, rows->text.items + labels->at, labels->len);
		metric_label(out, ",state", ezlb_state_str(rows->status->services.items[i].state));
		metric_end(out, &metric, 1);
	}
}

/* An unknown condition has no sample, so `== 0` matches false ones only. */
static void put_condition(const struct rows *rows, size_t i, const struct metric *metric,
			  struct ezlb_text *out)
{
	const struct ezlb_condition *conditions = rows->status->services.items[i].conditions;
	const struct file_labels *labels = &rows->files[i];

	for (int k = 0; k < EZLB_CONDITIONS; k++) {
		if (conditions[k].status == EZLB_DONT_KNOW)
			continue;
		ezlb_text_puts(out, metric->name);
		ezlb_text_put(out, rows->text.items + labels->at, labels->len);
		metric_label(out, ",condition",
			     ezlb_condition_type_str((enum ezlb_condition_type)k));
		metric_end(out, metric, conditions[k].status == EZLB_TRUE);
	}
}

static void put_conditions(const struct rows *rows, struct ezlb_text *out)
{
	static const struct metric metric = { "ezlb_service_condition", "gauge",
					      "1: true, 0: false. Unknown conditions are left out.",
					      0 };

	metric_head(out, &metric);
	for (size_t i = 0; i < rows->status->services.len; i++)
		put_condition(rows, i, &metric, out);
}

void metrics_put_rows(const struct ezlb_status *status, struct ezlb_text *out)
{
	size_t n_listeners = status->listeners.len, n_backends = status->backends.len;
	struct rows rows = { .status = status };

	label_rows(&rows);
	put_states(&rows, out);
	put_conditions(&rows, out);
	for (size_t i = 0; i < sizeof(service_families) / sizeof(service_families[0]); i++)
		put_family(&rows, &service_families[i], rows.services, n_listeners, out);
	put_all_ports(&rows, out);
	for (size_t i = 0; i < N_COUNTERS; i++)
		put_counter(&rows, &counters[i].service, counters[i].at, rows.services, n_listeners,
			    out);
	for (size_t i = 0; i < sizeof(backend_families) / sizeof(backend_families[0]); i++)
		put_family(&rows, &backend_families[i], rows.backends, n_backends, out);
	for (size_t i = 0; i < N_COUNTERS; i++)
		put_counter(&rows, &counters[i].backend, counters[i].at, rows.backends, n_backends,
			    out);
	free(rows.files);
	free(rows.services);
	free(rows.backends);
	EZLB_VEC_CLEAR(&rows.text);
}
