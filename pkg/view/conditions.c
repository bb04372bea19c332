// SPDX-License-Identifier: GPL-2.0-or-later
#include "conditions.h"

#include <stdarg.h>
#include <stdio.h>

#define NAMED 3 /* backends that are named in a message */

static void say(struct conditions_said *out, enum ezlb_reason reason, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(struct conditions_said *out, enum ezlb_reason reason, const char *fmt, ...)
{
	va_list ap;

	out->reason = reason;
	va_start(ap, fmt);
	vsnprintf(out->message, sizeof(out->message), fmt, ap);
	va_end(ap);
}

/* --- files --------------------------------------------------------------------------------- */

void conditions_accepted(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
			 struct conditions_said *out)
{
	size_t n;
	const struct ezlb_diag *diag = ezlb_catalog_diags(catalog, entry, &n);
	EZLB_AUTO_FREE char *line = diag ? ezlb_diag_line(diag) : NULL;

	if (diag)
		say(out, entry->last ? EZLB_REASON_LAST_GOOD_KEPT : EZLB_REASON_REFUSED, "%s",
		    line);
	else
		say(out, EZLB_REASON_VALID, "%s", "");
}

static int conflict_cmp(const void *a, const void *b)
{
	const struct ezlb_pass_conflict *x = a, *y = b;

	return ezlb_service_key_cmp(&x->key, &y->key);
}

static const struct ezlb_pass_conflict *foreign(const struct ezlb_pass_found *found,
						const struct ezlb_spec *spec)
{
	const struct ezlb_pass_conflict key = { .key = ezlb_spec_key(spec) };

	return EZLB_FIND(&found->conflicts, &key, conflict_cmp);
}

void conditions_conflict(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
			 const struct conditions_pass *pass, struct conditions_said *out)
{
	size_t n;
	const struct ezlb_diag *diag = ezlb_catalog_diags(catalog, entry, &n);
	char key[EZLB_SERVICE_KEY_STRLEN];

	for (; n > 0; n--, diag++) {
		EZLB_AUTO_FREE char *line = ezlb_diag_line(diag);

		if (diag->code == EZLB_E_NAME_TAKEN)
			say(out, EZLB_REASON_NAME_TAKEN, "%s", line);
		else if (diag->code == EZLB_E_LISTENER_TAKEN)
			say(out, EZLB_REASON_LISTENER_TAKEN, "%s", line);
		else if (diag->code == EZLB_E_SNAT_CONFLICT)
			say(out, EZLB_REASON_SNAT_CONFLICT, "%s", line);
		else
			continue;
		return;
	}
	if (pass && entry->last && foreign(pass->found, entry->last))
		say(out, EZLB_REASON_FOREIGN,
		    "%s is held by a virtual service that is not ezlb's (--adopt never)",
		    ezlb_service_key_format(&foreign(pass->found, entry->last)->key, key));
	else
		say(out, EZLB_REASON_NO_CONFLICT, "%s", "");
}

/* --- the kernel ---------------------------------------------------------------------------- */

/* The layer whose list failed, as far as it matters for the service. */
static const char *unreadable(const struct ezlb_pass_found *found, const struct ezlb_spec *spec)
{
	for (int i = EZLB_LAYERS - 1; i >= 0; i--)
		if (found->errs.layer[i].code != 0 && (spec->full_nat || i == EZLB_LAYER_IPVS))
			return found->errs.layer[i].msg;
	return NULL;
}

static void say_blocked(const struct ezlb_pass_outcome *outcome, const struct ezlb_op *op,
			struct conditions_said *out)
{
	const struct ezlb_err *layer = &outcome->errs.layer[ezlb_op_layer(op->kind)];
	char what[EZLB_OP_STRLEN], why[EZLB_OP_STRLEN];

	say(out, op->rc < 0 ? EZLB_REASON_FAILED : EZLB_REASON_HELD, "%.120s: %.130s",
	    ezlb_op_format(op, what),
	    op->rc < 0 && layer->code ? layer->msg : ezlb_op_explain(op, why));
}

void conditions_programmed(const struct ezlb_catalog_entry *entry,
			   const struct conditions_pass *pass, struct conditions_said *out)
{
	const struct ezlb_spec *spec = entry->last;
	const struct ezlb_op *op;

	if (!spec) {
		say(out, EZLB_REASON_NOT_IN_FORCE, "no version of the file is in force");
		return;
	}
	if (!pass) {
		say(out, EZLB_REASON_PENDING, "%s", "");
		return;
	}
	op = blocked_by(&pass->blocked, spec);
	if (foreign(pass->found, spec))
		say(out, EZLB_REASON_NOT_IN_FORCE, "its listener is somebody else's");
	else if (pass->outcome->ledger_err.code)
		say(out, EZLB_REASON_FAILED, "%s", pass->outcome->ledger_err.msg);
	else if (unreadable(pass->found, spec))
		say(out, EZLB_REASON_UNREADABLE, "%s", unreadable(pass->found, spec));
	else if (ezlb_pass_is_fought_over(pass->pass, spec))
		say(out, EZLB_REASON_FIGHT,
		    "somebody else keeps changing it: repairs are limited to one every 5 s");
	else if (op)
		say_blocked(pass->outcome, op, out);
	else
		say(out, EZLB_REASON_PROGRAMMED, "%s", "");
}

/* --- backends ------------------------------------------------------------------------------ */

struct tally {
	size_t n[EZLB_DOWN + 1];
	char down[EZLB_MESSAGE_STRLEN / 2]; /* the first of these, and why */
	size_t named;
};

static void name_down(struct tally *tally, const struct ezlb_verdict_row *row)
{
	char ep[EZLB_ENDPOINT_STRLEN];

	if (tally->named++ < NAMED)
		ezlb_strcatf(tally->down, sizeof(tally->down), "%s%s (%s)",
			     tally->down[0] ? ", " : "", ezlb_endpoint_format(&row->backend, ep),
			     ezlb_outcome_str(row->outcome));
}

static void count(const struct ezlb_spec *spec, const struct ezlb_verdicts *verdicts,
		  struct tally *tally)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_verdict_row *row = ezlb_verdict_find(verdicts, spec,
								       &spec->backends[i].endpoint);

		tally->n[row ? row->verdict : EZLB_UNKNOWN]++;
		if (row && row->verdict == EZLB_DOWN)
			name_down(tally, row);
	}
}

static void say_tally(const struct tally *tally, size_t n, struct conditions_said *out)
{
	size_t down = tally->n[EZLB_DOWN], up = tally->n[EZLB_UP];
	const char *more = tally->named > NAMED ? ", ..." : "";

	if (up == n)
		say(out, EZLB_REASON_ALL_UP, "%s", "");
	else if (up > 0 && down > 0)
		say(out, EZLB_REASON_SOME_DOWN, "%zu of %zu backends %s down: %s%s", down, n,
		    down == 1 ? "is" : "are", tally->down, more);
	else if (down == n)
		say(out, EZLB_REASON_NONE_UP, "no backend is up: %s%s", tally->down, more);
	else
		say(out, up > 0 ? EZLB_REASON_SOME_UNKNOWN : EZLB_REASON_PENDING,
		    "%zu of %zu backends without a verdict yet", tally->n[EZLB_UNKNOWN], n);
}

void conditions_ready(const struct ezlb_catalog_entry *entry, const struct conditions_pass *pass,
		      struct conditions_said *out)
{
	struct tally tally = { .named = 0 };

	if (!entry->last) {
		say(out, EZLB_REASON_NOT_IN_FORCE, "no version of the file is in force");
	} else if (entry->last->check.type == EZLB_CHECK_NONE) {
		say(out, EZLB_REASON_ALL_UP, "the service has no health check");
	} else if (!pass) {
		say(out, EZLB_REASON_PENDING, "%s", "");
	} else {
		count(entry->last, pass->verdicts, &tally);
		say_tally(&tally, entry->last->n_backends, out);
	}
}
