// SPDX-License-Identifier: GPL-2.0-or-later
#include "passlog.h"

#include <ezlb/log.h>

#define FAILURES_SHOWN 10

static int hash_cmp(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What fails in this pass, and whether the last one has told of it already. */
struct failures {
	const struct passlog_told *before;
	struct passlog_told now;
	size_t fresh, held, more;
};

static bool is_fresh(struct failures *failures, const char *what, const char *why)
{
	uint64_t hash = ezlb_hash(what, strlen(what)) * 31 + ezlb_hash(why, strlen(why));
	bool fresh = !EZLB_FIND(failures->before, &hash, hash_cmp);

	*EZLB_PUSH(&failures->now) = hash;
	failures->fresh += fresh;
	return fresh;
}

static void log_ledger(struct failures *failures, const struct pass_result *result)
{
	if (result->ledger_err.code && is_fresh(failures, "ledger", result->ledger_err.msg))
		ezlb_log(EZLB_ERROR, "controller",
			 EZLB_S("msg", "cannot write down what is ezlb's: nothing is changed"),
			 EZLB_S("err", result->ledger_err.msg));
}

static void log_layers(struct failures *failures, const struct pass_result *result)
{
	for (int i = 0; i < EZLB_LAYERS; i++) {
		const struct ezlb_err *err = &result->errs.layer[i];
		const char *layer = ezlb_layer_kind_str((enum ezlb_layer_kind)i);

		if (err->code && is_fresh(failures, layer, err->msg))
			ezlb_log(EZLB_ERROR, "controller", EZLB_S("msg", "the kernel refuses"),
				 EZLB_S("layer", layer), EZLB_S("err", err->msg));
	}
}

static void log_op(struct failures *failures, const struct ezlb_op *op)
{
	char what[EZLB_OP_STRLEN], why[EZLB_OP_STRLEN];

	if (!is_fresh(failures, ezlb_op_format(op, what), ezlb_op_explain(op, why)))
		return;
	if (failures->fresh > FAILURES_SHOWN)
		failures->more++;
	else
		ezlb_log(EZLB_ERROR, "controller", EZLB_S("msg", "an operation failed"),
			 EZLB_S("op", what), EZLB_S("err", why));
}

static void log_failures(struct failures *failures, const struct pass_result *result)
{
	log_ledger(failures, result);
	log_layers(failures, result);
	for (size_t i = 0; i < result->plan.len; i++) {
		const struct ezlb_op *op = &result->plan.items[i];

		failures->held += op->rc == EZLB_HELD;
		/* A layer that failed as a whole has had its line. */
		if (op->rc < 0 && !result->errs.layer[ezlb_op_layer(op->kind)].code)
			log_op(failures, op);
	}
	if (failures->fresh > 0 && failures->held + failures->more > 0)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "operations are held back until these succeed"),
			 EZLB_I("held", failures->held), EZLB_I("failed_more", failures->more));
	EZLB_SORT(&failures->now, hash_cmp);
}

static void log_ops(const struct pass_result *result)
{
	char what[EZLB_OP_STRLEN], outcome[EZLB_OP_STRLEN];

	if (!ezlb_log_enabled(EZLB_DEBUG))
		return;
	for (size_t i = 0; i < result->plan.len; i++)
		ezlb_log(EZLB_DEBUG, "controller",
			 EZLB_S("op", ezlb_op_format(&result->plan.items[i], what)),
			 EZLB_S("result", ezlb_op_explain(&result->plan.items[i], outcome)));
}

static size_t count_failed(const struct ezlb_plan *plan)
{
	size_t failed = 0;

	for (size_t i = 0; i < plan->len; i++)
		failed += plan->items[i].rc != 0;
	return failed;
}

static void log_summary(const struct pass_result *result, const char *why, bool drift, uint64_t ms)
{
	char what[EZLB_OP_STRLEN];

	ezlb_log(drift ? EZLB_WARN : EZLB_INFO, "controller",
		 EZLB_S("msg", drift ? "somebody else changed the kernel: repaired"
				     : "the kernel is brought into line"),
		 EZLB_S("why", why), EZLB_I("ops", result->plan.len),
		 EZLB_I("failed", count_failed(&result->plan)),
		 EZLB_S("first", ezlb_op_format(&result->plan.items[0], what)),
		 EZLB_I("services", result->services), EZLB_I("dests", result->dests),
		 EZLB_I("ms", ms));
}

void passlog_write(struct passlog *log, const struct pass_result *result, const char *why,
		   bool drift, uint64_t ms)
{
	struct failures failures = { .before = &log->told };
	bool failed_before = log->told.len > 0, fails = !pass_ok(result);

	log_ops(result);
	if (result->adopted > 0 && result->ledger_err.code == 0)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "took over virtual services that were there already"),
			 EZLB_I("services", result->adopted));
	log_failures(&failures, result);
	/* A retry that gets nowhere is not worth a line. */
	if (result->plan.len > (failures.fresh ? 0 : count_failed(&result->plan)))
		log_summary(result, why, drift && !fails && !failed_before, ms);
	if (!fails && failed_before)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "what failed before has succeeded"));
	passlog_clear(log);
	log->told = failures.now;
}

void passlog_clear(struct passlog *log)
{
	EZLB_VEC_CLEAR(&log->told);
}
