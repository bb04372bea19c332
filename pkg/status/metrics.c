// SPDX-License-Identifier: GPL-2.0-or-later
/* Metrics of the process; metrics_rows.c has those of services and backends. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <ezlb/status.h>

#include "metrics_rows.h"
#include "metrics_text.h"

#define COUNTER(name, help) (&(const struct metric){ name, "counter", help, 0 })
#define GAUGE(name, help)   (&(const struct metric){ name, "gauge", help, 0 })
/* Values are ms. 0 means never, as usual in Prometheus: an alert on the age fires then. */
#define TIMESTAMP(name, help) (&(const struct metric){ name, "gauge", help, 3 })
#define HISTOGRAM(name, help) (&(const struct metric){ name, "histogram", help, 0 })

/* A sample with one label. */
static void put_labelled(struct ezlb_text *out, const struct metric *metric, const char *lead,
			 const char *label, uint64_t value)
{
	ezlb_text_puts(out, metric->name);
	metric_label(out, lead, label);
	metric_end(out, metric, value);
}

static void put_process(const struct ezlb_status *status, struct ezlb_text *out)
{
	const struct metric *info = GAUGE("ezlb_build_info", "The version that runs. Always 1.");

	metric_head(out, info);
	put_labelled(out, info, "{version", status->version, 1);
	metric_alone(out, TIMESTAMP("ezlb_start_time_seconds", "When the process started."),
		     (uint64_t)status->started_ms);
	metric_alone(out, GAUGE("ezlb_ready", "Whether ezlb is ready, as in /readyz."),
		     status->ready);
	metric_alone(out,
		     GAUGE("ezlb_draining",
			   "1: this balancer is drained, so that another one gets its traffic."),
		     status->drain.kind != EZLB_NODE_SERVES);
	metric_alone(out,
		     COUNTER("ezlb_worker_ends_total",
			     "How often the worker process has ended and was started again."),
		     status->worker_ends);
	metric_alone(out,
		     COUNTER("ezlb_log_lines_lost_total",
			     "Log lines that were lost: whoever reads the log was too slow."),
		     status->log_lost);
}

static void put_files(const struct ezlb_status *status, struct ezlb_text *out)
{
	const struct metric *files = GAUGE("ezlb_config_files", "Service files, by state.");
	uint64_t n[EZLB_FILE_STATES] = { 0 };

	for (size_t i = 0; i < status->files.len; i++)
		n[status->files.items[i].state]++;
	metric_head(out, files);
	for (int i = 0; i < EZLB_FILE_STATES; i++)
		put_labelled(out, files, "{state", ezlb_file_state_str((enum ezlb_file_state)i),
			     n[i]);
}

static void put_reloads(const struct ezlb_status *status, struct ezlb_text *out)
{
	metric_alone(
		out,
		COUNTER("ezlb_config_reload_total", "How often changed service files were read."),
		status->reloads);
	metric_alone(out,
		     GAUGE("ezlb_config_last_reload_successful",
			   "Whether the last read had no refused file and no frozen directory."),
		     status->last_reload_ok);
	metric_alone(out,
		     TIMESTAMP("ezlb_config_last_reload_timestamp_seconds",
			       "When changed files were last read. 0: never."),
		     (uint64_t)status->last_reload_ms);
	metric_alone(out,
		     TIMESTAMP("ezlb_config_last_reload_success_timestamp_seconds",
			       "When files were last read without a refused one. 0: never."),
		     (uint64_t)status->last_reload_ok_ms);
}

static void put_revision(const struct ezlb_status *status, struct ezlb_text *out)
{
	const struct metric *info =
		GAUGE("ezlb_config_revision_info",
		      "A hash of what the applied files say, without snat_ip. Always 1.");
	char revision[16 + 1];

	if (status->revision_ms == 0)
		return;
	snprintf(revision, sizeof(revision), "%016" PRIx64, status->revision);
	metric_head(out, info);
	put_labelled(out, info, "{revision", revision, 1);
	metric_alone(out,
		     TIMESTAMP("ezlb_config_revision_timestamp_seconds",
			       "When this revision became the one that is applied here."),
		     (uint64_t)status->revision_ms);
}

static void put_watch(const struct ezlb_status *status, struct ezlb_text *out)
{
	static const enum ezlb_watch_mode modes[] = { EZLB_WATCH_INOTIFY, EZLB_WATCH_POLL };
	const struct metric *mode = GAUGE("ezlb_config_watch_mode",
					  "How files are watched. 1 for the mode in use.");

	metric_head(out, mode);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		put_labelled(out, mode, "{mode", ezlb_watch_mode_str(modes[i]),
			     status->watch == modes[i]);
}

/* Whether an earlier row has the same directory: the flag may name one twice. */
static bool is_again(const struct ezlb_status_dirs *dirs, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(dirs->items[k].path, dirs->items[i].path) == 0)
			return true;
	return false;
}

static void put_dirs(const struct ezlb_status_dirs *dirs, struct ezlb_text *out)
{
	const struct metric *available =
		GAUGE("ezlb_config_source_available",
		      "Whether the directory can be read. 0: frozen, its services stay.");

	metric_head(out, available);
	for (size_t i = 0; i < dirs->len; i++)
		if (!is_again(dirs, i))
			put_labelled(out, available, "{dir", dirs->items[i].path,
				     !dirs->items[i].problem);
}

static void put_reconcile(const struct ezlb_status *status, struct ezlb_text *out)
{
	const struct metric *repairs =
		COUNTER("ezlb_drift_repairs_total",
			"Repaired changes by other programs, by kind of change.");

	metric_alone(out,
		     COUNTER("ezlb_reconcile_total",
			     "Reconcile runs: comparisons of the kernel with the files."),
		     status->passes);
	metric_alone(out,
		     COUNTER("ezlb_reconcile_errors_total",
			     "Reconcile runs that did not apply everything."),
		     status->pass_errors);
	metric_histogram(
		out, HISTOGRAM("ezlb_reconcile_duration_seconds", "How long reconcile runs took."),
		&status->pass_duration);
	metric_alone(out,
		     TIMESTAMP("ezlb_reconcile_last_success_timestamp_seconds",
			       "When a reconcile run last applied everything. 0: never."),
		     (uint64_t)status->last_ok_ms);
	metric_head(out, repairs);
	for (int i = 0; i < EZLB_OPS; i++)
		put_labelled(out, repairs, "{kind", ezlb_op_kind_str((enum ezlb_op_kind)i),
			     status->repairs[i]);
}

static void put_probes(const struct ezlb_status *status, struct ezlb_text *out)
{
	const struct metric *probes = COUNTER("ezlb_probes_total",
					      "Probes of backends, by outcome.");

	metric_histogram(out, HISTOGRAM("ezlb_probe_duration_seconds", "How long probes took."),
			 &status->probe_duration);
	metric_head(out, probes);
	for (int i = 0; i < EZLB_OUTCOMES; i++)
		put_labelled(out, probes, "{outcome", ezlb_outcome_str((enum ezlb_outcome)i),
			     status->probes[i]);
	metric_alone(out,
		     GAUGE("ezlb_probe_targets",
			   "Targets that are probed. Services with equal checks share them."),
		     status->targets);
	metric_alone(out, GAUGE("ezlb_probes_overdue", "Targets whose probe is late."),
		     status->overdue);
	metric_alone(
		out,
		COUNTER("ezlb_probe_overdue_total",
			"Probes that began late, or that were not over when the next was due."),
		status->overdue_total);
}

static void put_events(const struct ezlb_status *status, struct ezlb_text *out)
{
	const struct metric *events = COUNTER("ezlb_events_total",
					      "Events since the start, by type.");

	metric_head(out, events);
	for (int i = 0; i < EZLB_EVENTS; i++)
		put_labelled(out, events, "{type", ezlb_event_type_str((enum ezlb_event_type)i),
			     status->events[i]);
}

static void put_kernel(const struct ezlb_status *status, struct ezlb_text *out)
{
	metric_alone(out,
		     GAUGE("ezlb_traffic_read_ok",
			   "Whether the kernel's counters could be read for this scrape."),
		     status->traffic_error[0] == '\0');
	if (status->conntrack_entries >= 0)
		metric_alone(out,
			     GAUGE("ezlb_conntrack_entries", "Entries in the conntrack table."),
			     (uint64_t)status->conntrack_entries);
	if (status->conntrack_max >= 0)
		metric_alone(out,
			     GAUGE("ezlb_conntrack_entries_limit",
				   "How many entries the conntrack table may have."),
			     (uint64_t)status->conntrack_max);
}

static void put_toa(const struct ezlb_status *status, struct ezlb_text *out)
{
	const struct metric *packets =
		COUNTER("ezlb_toa_packets_total",
			"First packets of connections, by what became of the client's address.");

	if (status->toa.len == 0)
		return;
	metric_head(out, packets);
	for (size_t i = 0; i < status->toa.len; i++)
		put_labelled(out, packets, "{result", status->toa.items[i].what,
			     status->toa.items[i].n);
}

static void put_connlog(const struct ezlb_status_connlog *log, struct ezlb_text *out)
{
	if (!log->on)
		return;
	metric_alone(out,
		     COUNTER("ezlb_connection_log_lines_total", "Lines of the connection log."),
		     log->lines);
	metric_alone(
		out,
		COUNTER("ezlb_connection_log_lost_total",
			"Ended connections that have no line, because the kernel was faster or "
			"the line could not be written."),
		log->lost);
}

static void put_sync(const struct ezlb_status_sync *sync, struct ezlb_text *out)
{
	const struct metric *running = GAUGE("ezlb_sync_running",
					     "Whether IPVS's sync daemon runs, by role.");

	if (!sync->device[0])
		return;
	metric_head(out, running);
	for (int i = 0; i < EZLB_SYNC_ROLES; i++)
		put_labelled(out, running, "{role", ezlb_sync_role_str((enum ezlb_sync_role)i),
			     sync->running[i]);
}

void ezlb_status_metrics(const struct ezlb_status *status, struct ezlb_text *out)
{
	put_process(status, out);
	put_files(status, out);
	put_reloads(status, out);
	put_revision(status, out);
	put_watch(status, out);
	put_dirs(&status->dirs, out);
	put_reconcile(status, out);
	put_probes(status, out);
	put_events(status, out);
	put_kernel(status, out);
	put_toa(status, out);
	put_connlog(&status->connlog, out);
	put_sync(&status->sync, out);
	metrics_put_vips(status, out);
	metrics_put_rows(status, out);
}
