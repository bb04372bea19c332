// SPDX-License-Identifier: GPL-2.0-or-later
#include "json_head.h"

#include <ezlb/json.h>

#include "where.h"

#define SUMMARY_STRLEN 512

static bool is_degraded(const struct ezlb_status *status)
{
	for (size_t i = 0; i < status->files.len; i++)
		if (status->files.items[i].state != EZLB_FILE_OK)
			return true;
	for (size_t i = 0; i < status->dirs.len; i++)
		if (status->dirs.items[i].problem)
			return true;
	for (size_t i = 0; i < status->services.len; i++)
		if (status->services.items[i].state < EZLB_STATE_PENDING)
			return true;
	return status->conntrack_full;
}

static json_t *config_json(const struct ezlb_status *status)
{
	json_t *config = ezlb_json_object(), *dirs = ezlb_json_array();

	ezlb_json_put_text(config, "watch", ezlb_watch_mode_str(status->watch));
	for (size_t i = 0; i < status->dirs.len; i++) {
		json_t *dir = ezlb_json_object();

		ezlb_json_put_text(dir, "path", status->dirs.items[i].path);
		ezlb_json_put_bool(dir, "configmap", status->dirs.items[i].configmap);
		ezlb_json_put_text(dir, "problem", status->dirs.items[i].problem);
		ezlb_json_add(dirs, dir);
	}
	ezlb_json_put(config, "dirs", dirs);
	ezlb_json_put_count(config, "reloads", status->reloads);
	ezlb_json_put_bool(config, "last_reload_ok", status->last_reload_ok);
	ezlb_json_put_time(config, "last_reload", status->last_reload_ms);
	ezlb_json_put_time(config, "last_reload_success", status->last_reload_ok_ms);
	return config;
}

static json_t *reconcile_json(const struct ezlb_status *status)
{
	json_t *reconcile = ezlb_json_object();
	uint64_t repairs = 0;

	for (size_t i = 0; i < EZLB_OPS; i++)
		repairs += status->repairs[i];
	ezlb_json_put_count(reconcile, "passes", status->passes);
	ezlb_json_put_count(reconcile, "errors", status->pass_errors);
	ezlb_json_put_time(reconcile, "last", status->last_pass_ms);
	ezlb_json_put_time(reconcile, "last_success", status->last_ok_ms);
	ezlb_json_put_time(reconcile, "failing_since", status->failing_since_ms);
	ezlb_json_put_text(reconcile, "error", status->pass_error);
	ezlb_json_put_count(reconcile, "repairs", repairs);
	return reconcile;
}

static json_t *probes_json(const struct ezlb_status *status)
{
	json_t *probes = ezlb_json_object();

	ezlb_json_put_count(probes, "targets", status->targets);
	ezlb_json_put_count(probes, "overdue", status->overdue);
	if (status->blocked > 0) {
		ezlb_json_put_count(probes, "blocked", status->blocked);
		ezlb_json_put_text(probes, "blocked_why", status->blocked_why);
	}
	return probes;
}

static json_t *conntrack_json(const struct ezlb_status *status)
{
	json_t *conntrack = ezlb_json_object();

	ezlb_json_put_known(conntrack, "entries", status->conntrack_entries);
	ezlb_json_put_known(conntrack, "max", status->conntrack_max);
	ezlb_json_put_bool(conntrack, "full", status->conntrack_full);
	return conntrack;
}

/* null: the program is not loaded. */
static json_t *toa_json(const struct ezlb_status *status)
{
	json_t *toa = status->toa.len ? ezlb_json_object() : json_null();

	for (size_t i = 0; i < status->toa.len; i++)
		ezlb_json_put_count(toa, status->toa.items[i].what, status->toa.items[i].n);
	return toa;
}

/* null: no service has one. */
static json_t *connlog_json(const struct ezlb_status_connlog *log)
{
	json_t *object = log->on ? ezlb_json_object() : json_null();

	if (!log->on)
		return object;
	ezlb_json_put_count(object, "lines", log->lines);
	ezlb_json_put_count(object, "lost", log->lost);
	ezlb_json_put_text(object, "problem", log->problem);
	return object;
}

/* null: it serves. */
static json_t *draining_json(const struct ezlb_status *status)
{
	const struct ezlb_node_drain *drain = &status->drain;
	char device[EZLB_DEVICE_STRLEN], where[EZLB_MESSAGE_STRLEN];
	json_t *draining;

	if (drain->kind == EZLB_NODE_SERVES)
		return json_null();
	draining = ezlb_json_object();
	ezlb_json_put_text(draining, "kind", ezlb_node_drain_str(drain->kind));
	ezlb_json_put_time(draining, "since", drain->since_ms);
	ezlb_node_drain_device(status->vip_device, device);
	ezlb_json_put_text(draining, "device", status->vip_device[0] ? device : NULL);
	ezlb_json_put_text(draining, "where", where_drained(status, where));
	return draining;
}

/* null: none is wanted. */
static json_t *sync_json(const struct ezlb_status_sync *sync)
{
	json_t *object = sync->device[0] ? ezlb_json_object() : json_null();

	if (!sync->device[0])
		return object;
	ezlb_json_put_text(object, "interface", sync->device);
	ezlb_json_put_count(object, "id", sync->id);
	for (int i = 0; i < EZLB_SYNC_ROLES; i++)
		ezlb_json_put_bool(object, ezlb_sync_role_str((enum ezlb_sync_role)i),
				   sync->running[i]);
	ezlb_json_put_text(object, "problem", sync->problem);
	return object;
}

json_t *json_head(const struct ezlb_status *status)
{
	json_t *head = ezlb_json_object();
	char summary[SUMMARY_STRLEN];

	ezlb_status_summary(status, summary, sizeof(summary));
	ezlb_json_put_text(head, "version", status->version);
	ezlb_json_put_text(head, "host", status->host);
	ezlb_json_put_known(head, "pid", status->pid);
	ezlb_json_put_time(head, "now", status->now_ms);
	ezlb_json_put_time(head, "started", status->started_ms);
	ezlb_json_put_text(head, "dataplane", status->dataplane);
	ezlb_json_put_text(head, "snat_backend", status->snat_backend);
	ezlb_json_put_text(head, "sandbox", status->sandbox);
	ezlb_json_put_text(head, "summary", summary);
	ezlb_json_put_bool(head, "ready", status->ready);
	ezlb_json_put_text(head, "not_ready", status->not_ready);
	ezlb_json_put_bool(head, "degraded", is_degraded(status));
	ezlb_json_put_text(head, "vip_device", status->vip_device[0] ? status->vip_device : NULL);
	ezlb_json_put(head, "draining", draining_json(status));
	ezlb_json_put_hash(head, "revision", status->revision_ms ? status->revision : 0);
	ezlb_json_put_time(head, "revision_since", status->revision_ms);
	ezlb_json_put(head, "config", config_json(status));
	ezlb_json_put(head, "reconcile", reconcile_json(status));
	ezlb_json_put(head, "probes", probes_json(status));
	ezlb_json_put(head, "conntrack", conntrack_json(status));
	ezlb_json_put(head, "toa", toa_json(status));
	ezlb_json_put(head, "connection_log", connlog_json(&status->connlog));
	ezlb_json_put(head, "sync", sync_json(&status->sync));
	ezlb_json_put_text(head, "traffic_error", status->traffic_error);
	if (status->persist_error[0])
		ezlb_json_put_text(head, "persist_error", status->persist_error);
	if (status->worker_ends > 0)
		ezlb_json_put_count(head, "worker_ends", status->worker_ends);
	if (status->log_lost > 0)
		ezlb_json_put_count(head, "log_lines_lost", status->log_lost);
	if (status->sandbox_error[0])
		ezlb_json_put_text(head, "sandbox_error", status->sandbox_error);
	return head;
}
