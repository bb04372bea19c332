// SPDX-License-Identifier: GPL-2.0-or-later
#include "passlog.h"

#include <ezlb/log.h>

#define SHOWN 10 /* the most lines of one kind in one pass */

static int failure_cmp(const void *a, const void *b)
{
	const struct passlog_failure *x = a, *y = b;

	if (x->what != y->what)
		return x->what < y->what ? -1 : 1;
	return (x->why > y->why) - (x->why < y->why);
}

/* The failures of this pass, and those that earlier passes have logged. */
struct failures {
	const struct passlog_failures *before;
	struct passlog_failures now;
	size_t fresh, held, more;
};

static uint64_t hash_of(const char *text)
{
	return ezlb_hash(text, strlen(text));
}

static bool is_fresh(struct failures *failures, const char *what, const char *why)
{
	struct passlog_failure failure = { hash_of(what), hash_of(why) };
	bool fresh = !EZLB_FIND(failures->before, &failure, failure_cmp);

	*EZLB_PUSH(&failures->now) = failure;
	failures->fresh += fresh;
	return fresh;
}

/* The first of `before` whose `what` is not less; they are sorted by it. */
static size_t first_of(const struct passlog_failures *before, uint64_t what)
{
	size_t from = 0, to = before->len;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (before->items[middle].what < what)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* Not tried in this pass: the earlier failure counts as logged. */
static void still_fails(struct failures *failures, const char *what)
{
	const struct passlog_failures *before = failures->before;
	uint64_t hash = hash_of(what);

	for (size_t i = first_of(before, hash); i < before->len && before->items[i].what == hash;
	     i++)
		*EZLB_PUSH(&failures->now) = before->items[i];
}

static void keep_logged(struct failures *failures)
{
	EZLB_VEC_APPEND(&failures->now, failures->before);
	EZLB_SORT(&failures->now, failure_cmp);
	EZLB_UNIQUE(&failures->now, failure_cmp);
}

static void log_ledger(struct failures *failures, const struct ezlb_pass_result *result)
{
	if (result->outcome.ledger_err.code &&
	    is_fresh(failures, "ledger", result->outcome.ledger_err.msg))
		ezlb_log(
			EZLB_ERROR, "controller",
			EZLB_S("msg",
			       "cannot write the ledger: nothing is created in the kernel that it does not name"),
			EZLB_S("err", result->outcome.ledger_err.msg));
}

static void log_layers(struct failures *failures, const struct ezlb_pass_result *result)
{
	for (int i = 0; i < EZLB_LAYERS; i++) {
		const struct ezlb_err *err = &result->outcome.errs.layer[i];
		const char *layer = ezlb_layer_kind_str((enum ezlb_layer_kind)i);

		if (err->code && is_fresh(failures, layer, err->msg))
			ezlb_log(EZLB_ERROR, "controller",
				 EZLB_S("msg", "cannot read or change a part of the kernel"),
				 EZLB_S("layer", layer), EZLB_S("err", err->msg));
	}
}

static void log_op(struct failures *failures, const struct ezlb_op *op)
{
	char what[EZLB_OP_STRLEN], why[EZLB_OP_STRLEN];

	if (!is_fresh(failures, ezlb_op_format(op, what), ezlb_op_explain(op, why)))
		return;
	if (failures->fresh > SHOWN)
		failures->more++;
	else
		ezlb_log(EZLB_ERROR, "controller", EZLB_S("msg", "an operation failed"),
			 EZLB_S("op", what), EZLB_S("err", why));
}

/* The rules of the driver that an earlier process used. */
static void log_old(struct failures *failures, const struct ezlb_pass_result *result)
{
	const struct ezlb_op *op = result->plan.old.items;
	const char *what = "removal of the old source NAT rules";
	char text[EZLB_OP_STRLEN];
	const char *why = text;

	if (result->plan.old.len == 0 || op->rc == EZLB_PENDING)
		return;
	if (op->rc == 0) {
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "source NAT was switched: the old rules were removed"));
		return;
	}
	ezlb_op_explain(op, text);
	if (result->outcome.old_err.code)
		why = result->outcome.old_err.msg;
	if (is_fresh(failures, what, why))
		ezlb_log(op->rc == EZLB_HELD ? EZLB_WARN : EZLB_ERROR, "controller",
			 EZLB_S("msg", op->rc == EZLB_HELD
					       ? "the old source NAT rules are kept for now"
					       : "an operation failed"),
			 EZLB_S("op", what), EZLB_S("err", why));
}

/* No failures of ops, but also logged once. */
static void log_conflicts(struct failures *failures, const struct ezlb_pass_result *result)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	for (size_t i = 0; i < result->found.conflicts.len; i++) {
		const struct ezlb_pass_conflict *conflict = &result->found.conflicts.items[i];

		ezlb_service_key_format(&conflict->key, key);
		if (is_fresh(failures, conflict->name, key))
			ezlb_log(EZLB_ERROR, "controller",
				 EZLB_S("msg",
					"the listener belongs to a virtual service that ezlb "
					"did not create: the service is not applied"),
				 EZLB_S("svc", conflict->name), EZLB_S("listener", key),
				 EZLB_S("help", "remove that service, or let ezlb take it over "
						"with --adopt matching"));
	}
}

static void log_foreign_syncs(struct failures *failures, const struct ezlb_pass_result *result)
{
	char text[EZLB_SYNC_STRLEN];

	for (size_t i = 0; i < result->found.foreign_syncs.len; i++) {
		ezlb_sync_row_format(&result->found.foreign_syncs.items[i], text);
		if (is_fresh(failures, "sync daemon", text))
			ezlb_log(EZLB_WARN, "controller",
				 EZLB_S("msg", "another program has started the sync daemon of "
					       "IPVS: it is left unchanged"),
				 EZLB_S("sync", text),
				 EZLB_S("help", "stop that one, or run ezlb without "
						"--sync-interface"));
	}
}

/* Does not make the pass fail: a later one tries again, and the error stays until it succeeds. */
static void log_flows(struct failures *failures, const struct ezlb_pass_result *result)
{
	if (result->outcome.flows > 0)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "deleted stale UDP conntrack entries"),
			 EZLB_I("flows", result->outcome.flows));
	if (result->outcome.flows_err.code &&
	    is_fresh(failures, "flows", result->outcome.flows_err.msg))
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "cannot delete stale UDP conntrack entries: existing "
				       "UDP flows keep their old translation"),
			 EZLB_S("err", result->outcome.flows_err.msg));
}

static void log_held(struct failures *failures, const struct ezlb_pass_result *result)
{
	bool held[EZLB_LAYERS] = { false };
	char what[EZLB_OP_STRLEN];

	for (size_t i = 0; i < result->plan.ops.len; i++) {
		const struct ezlb_op *op = &result->plan.ops.items[i];

		if (op->rc != EZLB_HELD)
			continue;
		failures->held++;
		held[ezlb_op_layer(op->kind)] = true;
		if (failures->before->len > 0)
			still_fails(failures, ezlb_op_format(op, what));
	}
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (held[i] && !result->outcome.errs.layer[i].code)
			still_fails(failures, ezlb_layer_kind_str((enum ezlb_layer_kind)i));
}

static void log_failures(struct failures *failures, const struct ezlb_pass_result *result)
{
	log_ledger(failures, result);
	log_layers(failures, result);
	log_conflicts(failures, result);
	log_foreign_syncs(failures, result);
	log_flows(failures, result);
	for (size_t i = 0; i < result->plan.ops.len; i++) {
		const struct ezlb_op *op = &result->plan.ops.items[i];

		/* log_layers() has logged the layers that failed as a whole. */
		if (op->rc < 0 && !result->outcome.errs.layer[ezlb_op_layer(op->kind)].code)
			log_op(failures, op);
	}
	log_old(failures, result);
	log_held(failures, result);
	if (failures->fresh > 0 && failures->held + failures->more > 0)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "operations wait until the failed ones succeed"),
			 EZLB_I("held", failures->held), EZLB_I("failed_more", failures->more));
	EZLB_SORT(&failures->now, failure_cmp);
}

static void log_ops(const struct ezlb_pass_result *result)
{
	char what[EZLB_OP_STRLEN], outcome[EZLB_OP_STRLEN];

	if (!ezlb_log_enabled(EZLB_DEBUG))
		return;
	for (size_t i = 0; i < result->plan.ops.len; i++)
		ezlb_log(EZLB_DEBUG, "controller",
			 EZLB_S("op", ezlb_op_format(&result->plan.ops.items[i], what)),
			 EZLB_S("result", ezlb_op_explain(&result->plan.ops.items[i], outcome)));
}

static size_t count(const struct ezlb_plan *plan, bool (*is)(const struct ezlb_op *op))
{
	size_t n = 0;

	for (size_t i = 0; i < plan->len; i++)
		n += is(&plan->items[i]);
	return n;
}

static bool is_done(const struct ezlb_op *op)
{
	return op->rc == 0;
}

static bool is_failed(const struct ezlb_op *op)
{
	return op->rc != 0;
}

/* The sizes of the whole target. A pass over a part knows only how it differs from the last one. */
static void note_sizes(struct passlog *log, const struct ezlb_pass_result *result)
{
	if (!result->part) {
		log->services = result->plan.target.services.len;
		log->dests = result->plan.target.dests.len;
		return;
	}
	for (size_t i = 0; i < result->plan.ops.len; i++) {
		enum ezlb_op_kind kind = result->plan.ops.items[i].kind;

		log->services += kind == EZLB_OP_SERVICE_ADD;
		log->services -= kind == EZLB_OP_SERVICE_DEL;
		log->dests += kind == EZLB_OP_DEST_ADD;
		log->dests -= kind == EZLB_OP_DEST_DEL;
	}
}

static void log_summary(const struct passlog *log, const struct ezlb_pass_result *result,
			const char *why, uint64_t ms)
{
	char what[EZLB_OP_STRLEN];
	bool repair = result->found.drift.len > 0;

	ezlb_log(repair ? EZLB_WARN : EZLB_INFO, "controller",
		 EZLB_S("msg", repair ? "repaired" : "applied changes to the kernel"),
		 EZLB_S("why", why), EZLB_I("ops", result->plan.ops.len),
		 EZLB_I("failed", count(&result->plan.ops, is_failed)),
		 EZLB_S("first", ezlb_op_format(&result->plan.ops.items[0], what)),
		 EZLB_I("services", log->services), EZLB_I("dests", log->dests), EZLB_I("ms", ms));
}

static void log_drift(struct passlog *log, const struct ezlb_pass_result *result)
{
	char what[EZLB_OP_STRLEN];

	log->repairs += result->found.drift.len;
	for (size_t i = 0; i < result->found.drift.len && i < SHOWN; i++)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "another program changed what ezlb owns"),
			 EZLB_S("change", ezlb_op_format(&result->found.drift.items[i], what)));
	if (result->found.drift.len > SHOWN)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "another program changed what ezlb owns"),
			 EZLB_I("changes_more", result->found.drift.len - SHOWN),
			 EZLB_I("changes_since_start", log->repairs));
}

static void log_adopted(const struct ezlb_pass_result *result)
{
	char key[EZLB_SERVICE_KEY_STRLEN];

	if (result->outcome.ledger_err.code != 0)
		return;
	for (size_t i = 0; i < result->found.adopted.len && i < SHOWN; i++)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "adopted an existing virtual service"),
			 EZLB_S("listener",
				ezlb_service_key_format(&result->found.adopted.items[i], key)));
	if (result->found.adopted.len > SHOWN)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "adopted existing virtual services"),
			 EZLB_I("services_more", result->found.adopted.len - SHOWN));
}

void passlog_write(struct passlog *log, const struct ezlb_pass_result *result, const char *why,
		   uint64_t ms)
{
	struct failures failures = { .before = &log->logged };
	bool failed_before = log->logged.len > 0;

	log_ops(result);
	log_adopted(result);
	log_drift(log, result);
	log_failures(&failures, result);
	note_sizes(log, result);
	/* A pass over a part does not see the failures of others. */
	if (result->part)
		keep_logged(&failures);
	/* No line for a retry that changes nothing. */
	if (result->plan.ops.len > 0 &&
	    (failures.fresh > 0 || count(&result->plan.ops, is_done) > 0))
		log_summary(log, result, why, ms);
	if (failures.now.len == 0 && failed_before)
		ezlb_log(EZLB_INFO, "controller", EZLB_S("msg", "earlier failures are resolved"));
	passlog_clear(log);
	log->logged = failures.now;
}

void passlog_clear(struct passlog *log)
{
	EZLB_VEC_CLEAR(&log->logged);
}
