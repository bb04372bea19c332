// SPDX-License-Identifier: GPL-2.0-or-later
/* once, plan, cleanup: one pass without a daemon. Diagnostics go to stderr, ops to stdout. */
#include <ezlb/controller.h>

#include <errno.h>
#include <stdio.h>
#include <uv.h>

#include <ezlb/catalog.h>
#include <ezlb/duration.h>
#include <ezlb/health.h>
#include <ezlb/log.h>
#include <ezlb/loop.h>
#include <ezlb/preview.h>
#include <ezlb/toa.h>
#include <ezlb/utf8.h>
#include <ezlb/watch.h>

#include "instance.h"

#define VERDICTS_MS 30000 /* the longest wait for all verdicts */
#define HURRY_MS    200	  /* interval of the probes of a backend without a verdict */

struct oneshot {
	struct instance instance;
	struct ezlb_catalog catalog;
	struct ezlb_verdicts verdicts;
	size_t unknown; /* backends without a verdict after VERDICTS_MS */
};

static void on_deadline(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

struct wait {
	struct ezlb_health *health;
	uv_loop_t *loop;
};

static void on_verdict(void *arg)
{
	struct wait *wait = arg;

	if (ezlb_health_unknown(wait->health) == 0)
		uv_stop(wait->loop);
}

/* Probes backends at short intervals until each has a verdict, or the time is up. */
static int probe_all(struct oneshot *one, bool pretend, struct ezlb_err *err)
{
	const struct ezlb_health_options options = { .hurry_ms = HURRY_MS, .pretend = pretend };
	struct ezlb_health_rows rows = { 0 };
	struct wait wait = { .health = NULL };
	uv_timer_t deadline;
	uv_loop_t loop;
	int rc;

	rc = ezlb_loop_begin(&loop, err);
	if (rc < 0)
		return rc;
	uv_timer_init(&loop, &deadline);
	wait.loop = &loop;
	rc = ezlb_health_open(&loop, &options, on_verdict, &wait, &wait.health, err);
	if (rc == 0) {
		ezlb_catalog_health_rows(&one->catalog.desired, &rows);
		rc = ezlb_health_set(wait.health, &rows, err);
		EZLB_VEC_CLEAR(&rows);
		uv_timer_start(&deadline, on_deadline, VERDICTS_MS, 0);
		if (rc == 0 && ezlb_health_unknown(wait.health) > 0)
			uv_run(&loop, UV_RUN_DEFAULT);
		ezlb_health_verdicts(wait.health, &one->verdicts);
		one->unknown = ezlb_health_unknown(wait.health);
		ezlb_health_close(wait.health, NULL, NULL);
	}
	uv_close((uv_handle_t *)&deadline, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return rc;
}

static int prepare(struct oneshot *one, const struct ezlb_options *options, enum instance_use use,
		   struct ezlb_err *err)
{
	struct ezlb_snapshot snapshot = { 0 };
	int rc = instance_open(&one->instance, options, use, err);

	if (rc < 0)
		return rc;
	one->catalog.lastgood = &one->instance.lastgood;
	one->catalog.snat_key = one->instance.pass.policy.snat_key;
	one->catalog.quiet = use == INSTANCE_READ; /* plan prints diagnostics itself */
	ezlb_scan(options->config_dirs, options->n_config_dirs, &snapshot);
	if (use == INSTANCE_READ)
		ezlb_catalog_seed(&one->catalog, options->config_dirs, options->n_config_dirs,
				  &snapshot, &one->instance.pass.unclaimed);
	ezlb_catalog_update(&one->catalog, &snapshot);
	ezlb_snapshot_clear(&snapshot);
	return probe_all(one, dataplane_pretends(options), err);
}

static void finish(struct oneshot *one)
{
	EZLB_VEC_CLEAR(&one->verdicts);
	ezlb_catalog_clear(&one->catalog);
	instance_close(&one->instance);
}

static void plan(struct oneshot *one, struct ezlb_pass_result *result)
{
	ezlb_pass_plan(&one->instance.pass, &one->catalog.desired, &one->verdicts,
		       one->catalog.n_without > 0, ezlb_now_ms(), result);
}

/* The error of the first layer that could not be read or written; 0: none. */
static int layer_error(const struct ezlb_pass_result *result, struct ezlb_err *err)
{
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (result->outcome.errs.layer[i].code)
			return ezlb_err_set(err, result->outcome.errs.layer[i].code, "%s: %s",
					    ezlb_layer_kind_str((enum ezlb_layer_kind)i),
					    result->outcome.errs.layer[i].msg);
	if (result->outcome.old_err.code)
		return ezlb_err_set(err, result->outcome.old_err.code, "%s",
				    result->outcome.old_err.msg);
	if (result->outcome.ledger_err.code)
		return ezlb_err_set(err, result->outcome.ledger_err.code, "%s",
				    result->outcome.ledger_err.msg);
	return 0;
}

static void foreign_of(const struct ezlb_pass_result *result, struct ezlb_scope *out)
{
	for (size_t i = 0; i < result->found.conflicts.len; i++)
		*EZLB_PUSH(out) = result->found.conflicts.items[i].key;
	EZLB_SORT(out, ezlb_service_key_cmp);
}

/* Returns true if it printed anything. */
static bool print_preview(const struct oneshot *one, const struct ezlb_pass_result *result,
			  const struct ezlb_print *print, bool outcome)
{
	struct ezlb_scope foreign = { 0 };
	const struct ezlb_preview preview = {
		.plan = &result->plan.ops,
		.old = &result->plan.old,
		.desired = &one->catalog.desired,
		.verdicts = &one->verdicts,
		.roster = &result->plan.roster,
		.now_ms = ezlb_now_ms(),
		.diags = &one->catalog.diags,
		.foreign = &foreign,
		.foreign_syncs = &result->found.foreign_syncs,
		.toa_problem = result->found.actual.toa_problem,
		.snat_key = one->instance.pass.policy.snat_key,
		.vip_device = one->instance.pass.policy.vip_device,
		.drained = one->instance.pass.policy.drained,
		.outcome = outcome,
	};
	struct ezlb_text text = { 0 };
	char *bytes;
	bool any;

	foreign_of(result, &foreign);
	if (print->json)
		ezlb_preview_json(&preview, &text);
	else
		ezlb_preview_text(&preview, print->colour, &text);
	bytes = ezlb_text_take(&text, NULL);
	any = bytes[0] != '\0';
	fputs(bytes, stdout);
	free(bytes);
	EZLB_VEC_CLEAR(&foreign);
	return any;
}

static void print_diags(const struct ezlb_diags *diags)
{
	for (size_t i = 0; i < diags->len; i++) {
		EZLB_AUTO_FREE char *text = ezlb_diag_text(&diags->items[i]);

		ezlb_utf8_plain(text, true);
		fputs(text, stderr);
	}
}

/* For cleanup: there are no service files to group the ops by. */
static void print_ops(const struct ezlb_plan *ops)
{
	char what[EZLB_OP_STRLEN], result[EZLB_OP_STRLEN];

	for (size_t i = 0; i < ops->len; i++) {
		const struct ezlb_op *op = &ops->items[i];
		EZLB_AUTO_FREE char *shown = ezlb_utf8_plain_copy(ezlb_op_format(op, what));

		printf("%s", shown);
		if (op->rc != 0)
			printf(": %s", ezlb_op_explain(op, result));
		printf("\n");
	}
}

static void warn_unknown(const struct oneshot *one)
{
	if (one->unknown > 0)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "some backends have no health verdict yet: left unchanged"),
			 EZLB_I("backends", one->unknown));
}

static void warn_conflicts(const struct ezlb_pass_result *result)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	for (size_t i = 0; i < result->found.conflicts.len; i++)
		fprintf(stderr,
			"ezlb: service '%s' is not applied: %s belongs to a virtual service that "
			"ezlb did not create (--adopt never)\n",
			result->found.conflicts.items[i].name,
			ezlb_service_key_format(&result->found.conflicts.items[i].key, key));
}

int ezlb_controller_once(const struct ezlb_options *options, const struct ezlb_print *print,
			 bool *converged, struct ezlb_err *err)
{
	struct oneshot one = { .unknown = 0 };
	struct ezlb_pass_result result;
	int rc = prepare(&one, options, INSTANCE_WRITE, err);

	if (rc == 0) {
		one.instance.pass.single = true;
		plan(&one, &result);
		*converged = ezlb_pass_apply(&one.instance.pass, &result, 0) &&
			     one.catalog.diags.len == 0 && one.unknown == 0 &&
			     result.found.conflicts.len == 0;
		print_preview(&one, &result, print, true);
		warn_conflicts(&result);
		warn_unknown(&one);
		rc = layer_error(&result, err);
		ezlb_pass_result_clear(&result);
	}
	finish(&one);
	return rc;
}

/* Why the kernel would differ from the files even after the plan; 0: it would not. */
static int files_error(const struct oneshot *one, const struct ezlb_pass_result *result,
		       struct ezlb_err *err)
{
	size_t diags = one->catalog.diags.len, conflicts = result->found.conflicts.len;

	if (diags > 0)
		return ezlb_err_set(err, EINVAL, "%zu error%s in the service files", diags,
				    diags == 1 ? "" : "s");
	if (conflicts > 0)
		return ezlb_err_set(err, EEXIST, "virtual services of others block %zu service%s",
				    conflicts, conflicts == 1 ? "" : "s");
	return 0;
}

int ezlb_controller_plan(const struct ezlb_options *options, const struct ezlb_print *print,
			 size_t *pending, struct ezlb_err *err)
{
	struct oneshot one = { .unknown = 0 };
	struct ezlb_pass_result result;
	int rc = prepare(&one, options, INSTANCE_READ, err);
	bool any = false;

	if (rc == 0) {
		plan(&one, &result);
		*pending = result.plan.ops.len + result.plan.old.len;
		print_diags(&one.catalog.diags);
		rc = layer_error(&result, err);
		if (rc == 0) {
			any = print_preview(&one, &result, print, false);
			rc = files_error(&one, &result, err);
		}
		if (rc == 0 && *pending == 0 && !print->json)
			printf("%sNo changes: the kernel is as the files say.\n", any ? "\n" : "");
		ezlb_pass_result_clear(&result);
	}
	finish(&one);
	return rc;
}

int ezlb_controller_cleanup(const struct ezlb_options *options, struct ezlb_err *err)
{
	struct instance instance = { .plane = { .memory = NULL } };
	struct ezlb_pass_result result;
	int rc = instance_open_for_cleanup(&instance, options, err);

	if (rc == 0) {
		bool ok = ezlb_pass_cleanup(&instance.pass, &result);

		print_ops(&result.plan.ops);
		print_ops(&result.plan.old);
		rc = layer_error(&result, err);
		if (rc == 0 && !ok)
			rc = ezlb_err_set(err, EIO, "not everything could be removed");
		if (rc == 0 && instance.ledger_damaged)
			rc = ezlb_err_set(err, EBADMSG,
					  "virtual services may be left: remove them with "
					  "ipvsadm -D, then delete %s",
					  instance.pass.ledger.path);
		if (rc == 0 && !instance.plane.memory)
			rc = ezlb_toa_unload(err);
		if (rc == 0)
			ezlb_lastgood_prune(&instance.lastgood, NULL, 0);
		ezlb_pass_result_clear(&result);
	}
	instance_close(&instance);
	return rc;
}
