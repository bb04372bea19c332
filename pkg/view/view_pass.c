// SPDX-License-Identifier: GPL-2.0-or-later
/* view_pass: what a pass has done, as counts, conditions and events. */
#include <stdio.h>

#include "roles.h"
#include "syncs.h"
#include "view_inside.h"
#include "vips.h"

#define ADOPTED_MAX 10 /* at most so many events of services that a pass takes over */

/* The first error of the pass. */
static void first_error(const struct ezlb_pass_result *result, char out[EZLB_MESSAGE_STRLEN])
{
	char what[EZLB_OP_STRLEN], why[EZLB_OP_STRLEN];

	out[0] = '\0';
	for (int i = 0; i < EZLB_LAYERS && !out[0]; i++)
		if (result->outcome.errs.layer[i].code)
			snprintf(out, EZLB_MESSAGE_STRLEN, "%s: %.200s",
				 ezlb_layer_kind_str((enum ezlb_layer_kind)i),
				 result->outcome.errs.layer[i].msg);
	if (!out[0] && result->outcome.ledger_err.code)
		snprintf(out, EZLB_MESSAGE_STRLEN, "%.250s", result->outcome.ledger_err.msg);
	for (size_t i = 0; i < result->plan.ops.len && !out[0]; i++)
		if (result->plan.ops.items[i].rc < 0)
			snprintf(out, EZLB_MESSAGE_STRLEN, "%.120s: %.130s",
				 ezlb_op_format(&result->plan.ops.items[i], what),
				 ezlb_op_explain(&result->plan.ops.items[i], why));
	if (!out[0] && result->outcome.old_err.code)
		snprintf(out, EZLB_MESSAGE_STRLEN, "%.250s", result->outcome.old_err.msg);
}

static void end_failing(struct ezlb_view *view, int64_t now_ms)
{
	if (view->failing_since_ms)
		ezlb_view_event(view, EZLB_EVENT_RECONCILE_RECOVERED, NULL, view->pass_error,
				now_ms);
	view->failing_since_ms = 0;
}

static void note_outcome(struct ezlb_view *view, const struct ezlb_pass_result *result,
			 uint64_t clock_ms, int64_t now_ms)
{
	char error[EZLB_MESSAGE_STRLEN];

	view->passes++;
	view->pass_ms = now_ms;
	if (ezlb_pass_serves(result))
		end_failing(view, now_ms);
	if (ezlb_pass_ok(result)) {
		view->pass_ok_ms = now_ms;
		view->pass_error[0] = '\0';
		return;
	}
	view->pass_errors++;
	first_error(result, error);
	/* A pass in which every op is held has no error. */
	if (error[0])
		ezlb_strcpy(view->pass_error, sizeof(view->pass_error), error);
	/* Only TOA fails: another daemon would not do better, and services work. */
	if (!view->failing_since_ms && !ezlb_pass_serves(result)) {
		view->failing_since_ms = now_ms;
		view->failing_clock_ms = clock_ms;
		ezlb_view_event(view, EZLB_EVENT_RECONCILE_FAILING, NULL, view->pass_error, now_ms);
	}
}

static void add_applied(struct ezlb_view *view, const struct ezlb_pass_result *result,
			int64_t now_ms)
{
	char what[EZLB_OP_STRLEN], message[EZLB_EVENT_STRLEN];
	const struct ezlb_op *first = NULL;
	size_t done = 0;

	for (size_t i = 0; i < result->plan.ops.len; i++)
		if (result->plan.ops.items[i].rc == 0 && done++ == 0)
			first = &result->plan.ops.items[i];
	if (!first)
		return;
	snprintf(message, sizeof(message), "%zu operation%s, the first: %s", done,
		 done == 1 ? "" : "s", ezlb_op_format(first, what));
	ezlb_view_event(view, EZLB_EVENT_APPLIED, NULL, message, now_ms);
}

static void add_foreign_changes(struct ezlb_view *view, const struct ezlb_pass_result *result,
				int64_t now_ms)
{
	char what[EZLB_OP_STRLEN], key[EZLB_SERVICE_KEY_STRLEN], message[EZLB_EVENT_STRLEN];

	for (size_t i = 0; i < result->found.adopted.len && i < ADOPTED_MAX; i++)
		ezlb_view_event(view, EZLB_EVENT_ADOPTED,
				ezlb_service_key_format(&result->found.adopted.items[i], key), NULL,
				now_ms);
	for (size_t i = 0; i < result->found.drift.len; i++)
		view->repairs[result->found.drift.items[i].kind]++;
	if (result->found.drift.len == 0)
		return;
	snprintf(message, sizeof(message), "%zu change%s, the first: %s", result->found.drift.len,
		 result->found.drift.len == 1 ? "" : "s",
		 ezlb_op_format(&result->found.drift.items[0], what));
	ezlb_view_event(view, EZLB_EVENT_REPAIRED, NULL, message, now_ms);
}

static void take_roles(struct ezlb_view *view, const struct ezlb_view_pass *pass,
		       const struct view_some *some, int64_t now_ms)
{
	struct ezlb_view_roles now = { 0 };

	/* Without the dests of the kernel nobody knows what drains. */
	if (pass->result->found.errs.layer[EZLB_LAYER_IPVS].code != 0)
		return;
	for (size_t k = 0; k < some->len; k++) {
		size_t i = view_nth(some, k);
		struct ezlb_view_service *service = &view->services.items[i];
		const struct roles_change change = { .service = service,
						     .now = &now,
						     .spec = pass->catalog->entries.items[i].last,
						     .found = &pass->result->found,
						     .clock_ms = pass->clock_ms,
						     .now_ms = now_ms };

		roles_take(&pass->result->plan.roster, change.spec, &now);
		if (change.spec)
			roles_report(view, &change);
		roles_keep(&service->roles, &now);
	}
	EZLB_VEC_CLEAR(&now);
}

void ezlb_view_pass(struct ezlb_view *view, const struct ezlb_view_pass *pass, int64_t now_ms)
{
	const struct ezlb_desired *part = pass->result->part;
	struct conditions_pass said = { .is_part = part != NULL,
					.pass = pass->pass,
					.found = &pass->result->found,
					.outcome = &pass->result->outcome,
					.verdicts = pass->verdicts };
	struct view_some some = view_all(pass->catalog);

	if (part)
		view_find(pass->catalog, part, &some);
	memcpy(view->vip_device, pass->pass->policy.vip_device, sizeof(view->vip_device));
	ezlb_histogram_add(&view->pass_duration, pass->seconds);
	add_foreign_changes(view, pass->result, now_ms);
	add_applied(view, pass->result, now_ms);
	note_outcome(view, pass->result, pass->clock_ms, now_ms);
	take_roles(view, pass, &some, now_ms);
	if (part) {
		vips_take_part(view, pass->catalog, &some, now_ms);
	} else {
		vips_take(view, pass, now_ms);
		syncs_take(view, pass);
	}
	blocked_find(&said.blocked, &pass->result->plan.ops);
	view_set(view, pass->catalog, &some, &said, now_ms);
	blocked_clear(&said.blocked);
	EZLB_VEC_CLEAR(&some);
}
