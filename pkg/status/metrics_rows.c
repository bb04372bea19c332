// SPDX-License-Identifier: GPL-2.0-or-later
#include "metrics_rows.h"

#include <stddef.h>
#include <stdlib.h>

#include "metrics_text.h"

/* Sets of labels. Each set starts with the labels of the set before it. */
enum service_set {
	SERVICE_NAME, /* service */
	SERVICE_KEY,  /* and listen, protocol */
	SERVICE_INFO, /* and scheduler, full_nat */
	SERVICE_SETS
};
enum backend_set {
	BACKEND_NAME, /* service, backend */
	BACKEND_KEY,  /* and protocol */
	BACKEND_SETS
};

/*
 * Offsets into the text of all labels, because its bytes move while it grows. Lengths are 0 if the
 * service is not applied. Only names of applied services are unique, so families that every service
 * has use the labels service and file.
 */
struct service_labels {
	size_t at, len[SERVICE_SETS];
	size_t file_at, file_len; /* service, file */
};
struct backend_labels {
	size_t at, len[BACKEND_SETS];
};

/* The labels are formatted once and copied to each sample of a row. */
struct rows {
	const struct ezlb_status *status;
	struct service_labels *services; /* same index as status->services */
	struct backend_labels *backends; /* same index as status->backends */
	struct ezlb_text text;
};

/* --- labels -------------------------------------------------------------------------------- */

static void label_service(struct ezlb_text *text, const struct ezlb_status_service *service,
			  struct service_labels *labels)
{
	char listen[EZLB_ENDPOINT_STRLEN];

	labels->at = text->len;
	metric_label(text, "{service", service->name);
	labels->len[SERVICE_NAME] = text->len - labels->at;
	metric_label(text, ",listen", ezlb_endpoint_format(&service->listen, listen));
	metric_label(text, ",protocol", ezlb_proto_str(service->proto));
	labels->len[SERVICE_KEY] = text->len - labels->at;
	metric_label(text, ",scheduler", service->scheduler);
	metric_label(text, ",full_nat", service->full_nat ? "true" : "false");
	labels->len[SERVICE_INFO] = text->len - labels->at;
}

static void label_file(struct ezlb_text *text, const struct ezlb_status_service *service,
		       struct service_labels *labels)
{
	labels->file_at = text->len;
	metric_label(text, "{service", service->name);
	metric_label(text, ",file", service->file);
	labels->file_len = text->len - labels->file_at;
}

static void label_backend(struct ezlb_text *text, const struct ezlb_status_service *service,
			  const struct ezlb_status_backend *backend, struct backend_labels *labels)
{
	char address[EZLB_ENDPOINT_STRLEN];

	labels->at = text->len;
	metric_label(text, "{service", service->name);
	metric_label(text, ",backend", ezlb_endpoint_format(&backend->address, address));
	labels->len[BACKEND_NAME] = text->len - labels->at;
	metric_label(text, ",protocol", ezlb_proto_str(service->proto));
	labels->len[BACKEND_KEY] = text->len - labels->at;
}

static void label_rows(struct rows *rows)
{
	const struct ezlb_status *status = rows->status;

	rows->services = ezlb_calloc(status->services.len, sizeof(*rows->services));
	rows->backends = ezlb_calloc(status->backends.len, sizeof(*rows->backends));
	for (size_t i = 0; i < status->services.len; i++) {
		const struct ezlb_status_service *service = &status->services.items[i];

		label_file(&rows->text, service, &rows->services[i]);
		if (!service->applied)
			continue;
		label_service(&rows->text, service, &rows->services[i]);
		for (size_t k = service->first; k < service->first + service->n_backends; k++)
			label_backend(&rows->text, service, &status->backends.items[k],
				      &rows->backends[k]);
	}
}

static struct metric_labels labels_at(const struct rows *rows, size_t at, size_t len)
{
	return (struct metric_labels){ rows->text.items + at, len };
}

/* --- counters of services and backends ------------------------------------------------------ */

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

static uint64_t counter_of(const struct ezlb_counters *values, size_t at)
{
	uint64_t value;

	memcpy(&value, (const char *)values + at, sizeof(value));
	return value;
}

/* --- services ------------------------------------------------------------------------------ */

/* Each returns false if the value is unknown. */
static bool service_info(const struct ezlb_status_service *service, uint64_t *value)
{
	(void)service;
	*value = 1;
	return true;
}

static bool service_active(const struct ezlb_status_service *service, uint64_t *value)
{
	*value = service->active;
	return service->counted;
}

static bool service_inactive(const struct ezlb_status_service *service, uint64_t *value)
{
	*value = service->inactive;
	return service->counted;
}

static bool service_snat(const struct ezlb_status_service *service, uint64_t *value)
{
	*value = (uint64_t)service->snat_connections;
	return service->snat_connections >= 0;
}

static const struct {
	struct metric metric;
	enum service_set set;
	bool (*value)(const struct ezlb_status_service *service, uint64_t *value);
} service_families[] = {
	{ { "ezlb_service_info", "gauge", "The applied version. Always 1.", 0 },
	  SERVICE_INFO,
	  service_info },
	{ { "ezlb_service_active_connections", "gauge", "Open connections.", 0 },
	  SERVICE_KEY,
	  service_active },
	{ { "ezlb_service_inactive_connections", "gauge", "Closing connections, and those of UDP.",
	    0 },
	  SERVICE_KEY,
	  service_inactive },
	{ { "ezlb_snat_connections_total", "counter",
	    "Connections with source NAT; with iptables also ezlb's own probes.", 0 },
	  SERVICE_NAME,
	  service_snat },
};

static void put_service_family(const struct rows *rows, size_t family, struct ezlb_text *out)
{
	const struct metric *metric = &service_families[family].metric;
	enum service_set set = service_families[family].set;
	uint64_t value;

	metric_head(out, metric);
	for (size_t i = 0; i < rows->status->services.len; i++) {
		const struct service_labels *labels = &rows->services[i];

		if (labels->len[set] > 0 &&
		    service_families[family].value(&rows->status->services.items[i], &value))
			metric_sample(out, metric, labels_at(rows, labels->at, labels->len[set]),
				      value);
	}
}

static void put_service_counter(const struct rows *rows, size_t counter, struct ezlb_text *out)
{
	metric_head(out, &counters[counter].service);
	for (size_t i = 0; i < rows->status->services.len; i++) {
		const struct ezlb_status_service *service = &rows->status->services.items[i];
		const struct service_labels *labels = &rows->services[i];

		if (service->applied && service->counted)
			metric_sample(out, &counters[counter].service,
				      labels_at(rows, labels->at, labels->len[SERVICE_KEY]),
				      counter_of(&service->counters, counters[counter].at));
	}
}

/* One sample per service, not one per state: 1/8 of the size, and alerts can match the label. */
static void put_states(const struct rows *rows, struct ezlb_text *out)
{
	static const struct metric metric = { "ezlb_service_state", "gauge",
					      "The state of the service. Always 1.", 0 };

	metric_head(out, &metric);
	for (size_t i = 0; i < rows->status->services.len; i++) {
		const struct service_labels *labels = &rows->services[i];

		ezlb_text_puts(out, metric.name);
		ezlb_text_put(out, rows->text.items + labels->file_at, labels->file_len);
		metric_label(out, ",state", ezlb_state_str(rows->status->services.items[i].state));
		metric_end(out, &metric, 1);
	}
}

/* An unknown condition has no sample, so `== 0` matches false ones only. */
static void put_condition(const struct rows *rows, size_t i, const struct metric *metric,
			  struct ezlb_text *out)
{
	const struct ezlb_condition *conditions = rows->status->services.items[i].conditions;
	const struct service_labels *labels = &rows->services[i];

	for (int k = 0; k < EZLB_CONDITIONS; k++) {
		if (conditions[k].status == EZLB_DONT_KNOW)
			continue;
		ezlb_text_puts(out, metric->name);
		ezlb_text_put(out, rows->text.items + labels->file_at, labels->file_len);
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

/* --- backends ------------------------------------------------------------------------------ */

static bool backend_health(const struct ezlb_status_backend *backend, uint64_t *value)
{
	*value = !backend->checked || backend->verdict == EZLB_UP;
	return true;
}

static bool backend_weight(const struct ezlb_status_backend *backend, uint64_t *value)
{
	*value = backend->weight;
	return true;
}

static bool backend_kernel_weight(const struct ezlb_status_backend *backend, uint64_t *value)
{
	*value = (uint64_t)backend->kernel_weight;
	return backend->kernel_weight >= 0;
}

static bool backend_latency(const struct ezlb_status_backend *backend, uint64_t *value)
{
	*value = backend->latency_us;
	return backend->probed;
}

static bool backend_active(const struct ezlb_status_backend *backend, uint64_t *value)
{
	*value = backend->active;
	return backend->counted;
}

static bool backend_inactive(const struct ezlb_status_backend *backend, uint64_t *value)
{
	*value = backend->inactive;
	return backend->counted;
}

static const struct {
	struct metric metric;
	enum backend_set set;
	bool (*value)(const struct ezlb_status_backend *backend, uint64_t *value);
} backend_families[] = {
	{ { "ezlb_backend_health_status", "gauge", "1: up or not checked, 0: down or unknown.", 0 },
	  BACKEND_NAME,
	  backend_health },
	{ { "ezlb_backend_weight", "gauge", "The weight in the file.", 0 },
	  BACKEND_KEY,
	  backend_weight },
	{ { "ezlb_backend_kernel_weight", "gauge", "The weight in the kernel.", 0 },
	  BACKEND_KEY,
	  backend_kernel_weight },
	{ { "ezlb_backend_probe_latency_seconds", "gauge", "How long the last probe took.", 6 },
	  BACKEND_KEY,
	  backend_latency },
	{ { "ezlb_backend_active_connections", "gauge", "Open connections.", 0 },
	  BACKEND_KEY,
	  backend_active },
	{ { "ezlb_backend_inactive_connections", "gauge", "Closing connections, and those of UDP.",
	    0 },
	  BACKEND_KEY,
	  backend_inactive },
};

static void put_backend_family(const struct rows *rows, size_t family, struct ezlb_text *out)
{
	const struct metric *metric = &backend_families[family].metric;
	enum backend_set set = backend_families[family].set;
	uint64_t value;

	metric_head(out, metric);
	for (size_t i = 0; i < rows->status->backends.len; i++) {
		const struct backend_labels *labels = &rows->backends[i];

		if (labels->len[set] > 0 &&
		    backend_families[family].value(&rows->status->backends.items[i], &value))
			metric_sample(out, metric, labels_at(rows, labels->at, labels->len[set]),
				      value);
	}
}

static void put_backend_counter(const struct rows *rows, size_t counter, struct ezlb_text *out)
{
	metric_head(out, &counters[counter].backend);
	for (size_t i = 0; i < rows->status->backends.len; i++) {
		const struct ezlb_status_backend *backend = &rows->status->backends.items[i];
		const struct backend_labels *labels = &rows->backends[i];

		if (labels->len[BACKEND_KEY] > 0 && backend->counted)
			metric_sample(out, &counters[counter].backend,
				      labels_at(rows, labels->at, labels->len[BACKEND_KEY]),
				      counter_of(&backend->counters, counters[counter].at));
	}
}

void metrics_put_rows(const struct ezlb_status *status, struct ezlb_text *out)
{
	struct rows rows = { .status = status };

	label_rows(&rows);
	put_states(&rows, out);
	put_conditions(&rows, out);
	for (size_t i = 0; i < sizeof(service_families) / sizeof(service_families[0]); i++)
		put_service_family(&rows, i, out);
	for (size_t i = 0; i < N_COUNTERS; i++)
		put_service_counter(&rows, i, out);
	for (size_t i = 0; i < sizeof(backend_families) / sizeof(backend_families[0]); i++)
		put_backend_family(&rows, i, out);
	for (size_t i = 0; i < N_COUNTERS; i++)
		put_backend_counter(&rows, i, out);
	free(rows.services);
	free(rows.backends);
	EZLB_VEC_CLEAR(&rows.text);
}
