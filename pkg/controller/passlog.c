// SPDX-License-Identifier: GPL-2.0-or-later
#include "passlog.h"

#include <ezlb/log.h>

#define FAILURES_SHOWN 10

static uint64_t hash_more(uint64_t seed, const char *text)
{
	return (seed ^ ezlb_hash(text, strlen(text))) * 0x9e3779b97f4a7c15u;
}

static uint64_t hash_failures(const struct pass_result *result)
{
	char text[EZLB_OP_STRLEN];
	uint64_t hash = 0;

	if (pass_ok(result))
		return 0;
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (result->errs.layer[i].code)
			hash = hash_more(hash, result->errs.layer[i].msg);
	for (size_t i = 0; i < result->plan.len; i++) {
		const struct ezlb_op *op = &result->plan.items[i];

		if (op->rc == 0)
			continue;
		hash = hash_more(hash, ezlb_op_format(op, text));
		hash = hash_more(hash, ezlb_op_explain(op, text));
	}
	if (result->ledger_err.code)
		hash = hash_more(hash, result->ledger_err.msg);
	return hash ? hash : 1;
}

static void log_failures(const struct pass_result *result)
{
	size_t shown = 0, held = 0, more = 0;
	char what[EZLB_OP_STRLEN], reason[EZLB_OP_STRLEN];

	if (result->ledger_err.code)
		ezlb_log(EZLB_ERROR, "controller",
			 EZLB_S("msg", "cannot write down what is ezlb's: nothing is changed"),
			 EZLB_S("err", result->ledger_err.msg));
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (result->errs.layer[i].code)
			ezlb_log(EZLB_ERROR, "controller", EZLB_S("msg", "the kernel refuses"),
				 EZLB_S("layer", ezlb_layer_kind_str((enum ezlb_layer_kind)i)),
				 EZLB_S("err", result->errs.layer[i].msg));
	for (size_t i = 0; i < result->plan.len; i++) {
		const struct ezlb_op *op = &result->plan.items[i];

		held += op->rc == EZLB_HELD;
		/* A layer that failed as a whole has had its line. */
		if (op->rc >= 0 || result->errs.layer[ezlb_op_layer(op->kind)].code)
			continue;
		if (shown++ >= FAILURES_SHOWN) {
			more++;
			continue;
		}
		ezlb_log(EZLB_ERROR, "controller", EZLB_S("msg", "an operation failed"),
			 EZLB_S("op", ezlb_op_format(op, what)),
			 EZLB_S("err", ezlb_op_explain(op, reason)));
	}
	if (held + more > 0)
		ezlb_log(EZLB_WARN, "controller",
			 EZLB_S("msg", "operations are held back until these succeed"),
			 EZLB_I("held", held), EZLB_I("failed_more", more));
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
	uint64_t failures = hash_failures(result);
	bool told = failures != 0 && failures == log->failures;

	log_ops(result);
	if (result->adopted > 0 && result->ledger_err.code == 0)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "took over virtual services that were there already"),
			 EZLB_I("services", result->adopted));
	if (result->plan.len > (told ? count_failed(&result->plan) : 0))
		log_summary(result, why, drift && failures == 0 && log->failures == 0, ms);
	if (failures != 0 && !told)
		log_failures(result);
	if (failures == 0 && log->failures != 0)
		ezlb_log(EZLB_INFO, "controller",
			 EZLB_S("msg", "what failed before has succeeded"));
	log->failures = failures;
}
