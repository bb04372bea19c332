// SPDX-License-Identifier: GPL-2.0-or-later
#include "conditions.h"

#include <stdarg.h>
#include <stdio.h>

#include "roles.h"

#define NAMED 3 /* backends that are named in a message */

static void say(struct conditions_value *out, enum ezlb_reason reason, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(struct conditions_value *out, enum ezlb_reason reason, const char *fmt, ...)
{
	va_list ap;

	out->reason = reason;
	va_start(ap, fmt);
	vsnprintf(out->message, sizeof(out->message), fmt, ap);
	va_end(ap);
}

/* --- files --------------------------------------------------------------------------------- */

void conditions_accepted(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
			 struct conditions_value *out)
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
	const struct ezlb_pass_conflict *conflict = NULL;

	for (size_t i = 0; i < spec->n_listeners && !conflict; i++) {
		const struct ezlb_pass_conflict key = { .key = spec->listeners[i].key };

		conflict = EZLB_FIND(&found->conflicts, &key, conflict_cmp);
	}
	return conflict;
}

static enum ezlb_reason conflict_reason(enum ezlb_diag_code code)
{
	if (code == EZLB_E_NAME_TAKEN)
		return EZLB_REASON_NAME_TAKEN;
	if (code == EZLB_E_LISTENER_TAKEN)
		return EZLB_REASON_LISTENER_TAKEN;
	return code == EZLB_E_SNAT_CONFLICT ? EZLB_REASON_SNAT_CONFLICT : EZLB_REASON_NO_CONFLICT;
}

void conditions_conflict(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
			 const struct conditions_pass *pass, struct conditions_value *out)
{
	size_t n;
	const struct ezlb_diag *diag = ezlb_catalog_diags(catalog, entry, &n);
	char key[EZLB_SERVICE_KEY_STRLEN];

	for (; n > 0; n--, diag++) {
		enum ezlb_reason reason = conflict_reason(diag->code);
		EZLB_AUTO_FREE char *line = NULL;

		if (reason == EZLB_REASON_NO_CONFLICT)
			continue;
		line = ezlb_diag_line(diag);
		say(out, reason, "%s", line);
		return;
	}
	if (pass && entry->last && foreign(pass->found, entry->last))
		say(out, EZLB_REASON_FOREIGN,
		    "a virtual service that ezlb does not own has %s (--adopt never)",
		    ezlb_service_key_format(&foreign(pass->found, entry->last)->key, key));
	else
		say(out, EZLB_REASON_NO_CONFLICT, "%s", "");
}

/* --- the kernel ---------------------------------------------------------------------------- */

static bool has_range(const struct ezlb_spec *spec)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (spec->listeners[i].last_port)
			return true;
	return false;
}

/* The error of a layer that the service needs and that cannot be read; NULL: none. */
static const char *unreadable(const struct ezlb_pass_found *found, const struct ezlb_spec *spec)
{
	for (int i = EZLB_LAYERS - 1; i >= 0; i--)
		if (i != EZLB_LAYER_TOA && found->errs.layer[i].code != 0 &&
		    (i == EZLB_LAYER_MARK ? has_range(spec)
					  : spec->full_nat || i == EZLB_LAYER_IPVS))
			return found->errs.layer[i].msg;
	return NULL;
}

static void say_blocked(const struct ezlb_pass_outcome *outcome, const struct ezlb_op *op,
			struct conditions_value *out)
{
	const struct ezlb_err *layer = &outcome->errs.layer[ezlb_op_layer(op->kind)];
	char what[EZLB_OP_STRLEN], why[EZLB_OP_STRLEN];

	say(out, op->rc < 0 ? EZLB_REASON_FAILED : EZLB_REASON_HELD, "%.120s: %.130s",
	    ezlb_op_format(op, what),
	    op->rc < 0 && layer->code ? layer->msg : ezlb_op_explain(op, why));
}

void conditions_programmed(const struct ezlb_catalog_entry *entry,
			   const struct conditions_pass *pass, struct conditions_value *out)
{
	const struct ezlb_spec *spec = entry->last;
	const struct ezlb_op *op;

	if (!spec) {
		say(out, EZLB_REASON_NOT_APPLIED, "no version of the file is applied");
		return;
	}
	if (!pass) {
		say(out, EZLB_REASON_PENDING, "%s", "");
		return;
	}
	op = blocked_by(&pass->blocked, spec);
	if (foreign(pass->found, spec))
		say(out, EZLB_REASON_NOT_APPLIED,
		    "a virtual service that ezlb does not own has the listener");
	else if (pass->outcome->ledger_err.code)
		say(out, EZLB_REASON_FAILED, "%s", pass->outcome->ledger_err.msg);
	else if (unreadable(pass->found, spec))
		say(out, EZLB_REASON_UNREADABLE, "%s", unreadable(pass->found, spec));
	else if (ezlb_pass_is_fought_over(pass->pass, spec))
		say(out, EZLB_REASON_FIGHT,
		    "another program keeps changing it: ezlb repairs it at most every 5 s");
	else if (op)
		say_blocked(pass->outcome, op, out);
	else
		say(out, EZLB_REASON_PROGRAMMED, "%s", "");
}

/* --- backends ------------------------------------------------------------------------------ */

/* A list of the first few backends, each with the reason: "10.1.0.1:80 (connect_refused)". */
struct names {
	char text[EZLB_MESSAGE_STRLEN / 2];
	size_t n;
};

/* Fallbacks are counted apart from the others. */
struct tally {
	const struct ezlb_view_roles *roles;
	size_t total;
	size_t n[EZLB_DOWN + 1];
	size_t able[EZLB_DOWN + 1]; /* those with a weight above 0 */
	struct names out;	    /* those that are down or of weight 0 */
	struct names down;
	size_t fallbacks;
	struct names fallbacks_down;
	struct names serving; /* fallbacks */
	bool fail_open;
	size_t drains_named; /* backends that are told to drain with the reason that they are down
			      */
};

static void name_one(struct names *names, const struct ezlb_endpoint *backend, const char *why)
{
	char ep[EZLB_ENDPOINT_STRLEN];

	if (names->n++ < NAMED)
		ezlb_strcatf(names->text, sizeof(names->text), "%s%s%s%s%s",
			     names->text[0] ? ", " : "", ezlb_endpoint_format(backend, ep),
			     why[0] ? " (" : "", why, why[0] ? ")" : "");
}

static const char *more(const struct names *names)
{
	return names->n > NAMED ? ", ..." : "";
}

static void count_one(struct tally *tally, const struct ezlb_backend *backend, const char *why,
		      enum ezlb_verdict verdict)
{
	tally->total++;
	tally->n[verdict]++;
	tally->able[verdict] += backend->weight > 0;
	if (verdict == EZLB_DOWN)
		name_one(&tally->down, &backend->endpoint, why);
	if (verdict == EZLB_DOWN || backend->weight == 0)
		name_one(&tally->out, &backend->endpoint, why);
}

static void count_fallback(struct tally *tally, const struct ezlb_backend *backend, const char *why,
			   enum ezlb_verdict verdict, const struct ezlb_view_role *role)
{
	tally->fallbacks++;
	if (verdict == EZLB_DOWN)
		name_one(&tally->fallbacks_down, &backend->endpoint, why);
	if (role && role->role == EZLB_ROLE_FALLBACK && roles_serves(role))
		name_one(&tally->serving, &backend->endpoint, "");
}

static void count_backend(struct tally *tally, const struct ezlb_backend *backend,
			  const struct ezlb_verdict_row *row, enum ezlb_verdict verdict)
{
	const struct ezlb_view_role *role = roles_find(tally->roles, &backend->endpoint);
	bool drains = role && role->role == EZLB_ROLE_DRAINING;
	char why[60];

	if (verdict == EZLB_DOWN && row->code > 0)
		snprintf(why, sizeof(why), "%s %d%s", ezlb_outcome_str(row->outcome), row->code,
			 drains ? ", drains" : "");
	else if (verdict == EZLB_DOWN)
		snprintf(why, sizeof(why), "%s%s", ezlb_outcome_str(row->outcome),
			 drains ? ", drains" : "");
	else
		snprintf(why, sizeof(why), "weight 0");
	if (backend->fallback)
		count_fallback(tally, backend, why, verdict, role);
	else
		count_one(tally, backend, why, verdict);
	tally->drains_named += drains && verdict == EZLB_DOWN;
	tally->fail_open = tally->fail_open ||
			   (role && role->role == EZLB_ROLE_FAIL_OPEN && roles_serves(role));
}

/* `verdicts` NULL: the service has no health check, and every backend counts as up. */
static void count(const struct ezlb_spec *spec, const struct ezlb_verdicts *verdicts,
		  struct tally *tally)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_endpoint *backend = &spec->backends[i].endpoint;
		const struct ezlb_verdict_row *row =
			verdicts ? ezlb_verdict_find(verdicts, spec, backend) : NULL;

		count_backend(tally, &spec->backends[i], row,
			      row	 ? row->verdict
			      : verdicts ? EZLB_UNKNOWN
					 : EZLB_UP);
	}
}

/* No backend that is up has a weight above 0. */
static void say_none(const struct tally *tally, struct conditions_value *out)
{
	if (tally->able[EZLB_UNKNOWN] > 0)
		say(out, EZLB_REASON_PENDING, "%zu of %zu backends have no health result yet",
		    tally->n[EZLB_UNKNOWN], tally->total);
	else if (tally->n[EZLB_DOWN] == tally->total)
		say(out, EZLB_REASON_NONE_UP, "no backend is up%s: %s%s",
		    tally->fallbacks > 0 ? ", and no fallback serves" : "", tally->down.text,
		    more(&tally->down));
	else if (tally->able[EZLB_DOWN] == 0)
		say(out, EZLB_REASON_NONE_SERVING,
		    "every backend has weight 0: the service takes no new connections; set a "
		    "weight above 0");
	else
		say(out, EZLB_REASON_NONE_SERVING, "no backend takes new connections: %s%s",
		    tally->out.text, more(&tally->out));
}

static void say_all_up(const struct tally *tally, bool checked, struct conditions_value *out)
{
	const char *none = checked ? "" : "the service has no health check";
	size_t zero = tally->n[EZLB_UP] - tally->able[EZLB_UP];

	if (zero > 0)
		say(out, EZLB_REASON_ALL_UP,
		    "%s%s%zu of %zu backends %s weight 0 and %s no new connections", none,
		    none[0] ? "; " : "", zero, tally->total, zero == 1 ? "has" : "have",
		    zero == 1 ? "takes" : "take");
	else
		say(out, EZLB_REASON_ALL_UP, "%s", none);
}

/* A fallback that is down is no help when it is needed. */
static void say_some_down(const struct tally *tally, struct conditions_value *out)
{
	size_t down = tally->n[EZLB_DOWN], fallbacks = tally->fallbacks_down.n;
	char others[80] = "", these[EZLB_MESSAGE_STRLEN] = "";

	if (down > 0)
		snprintf(others, sizeof(others), "%zu of %zu backends %s down: ", down,
			 tally->total, down == 1 ? "is" : "are");
	if (fallbacks > 0)
		snprintf(these, sizeof(these), "%s%zu of %zu fallbacks %s down: %s%s",
			 down > 0 ? "; " : "", fallbacks, tally->fallbacks,
			 fallbacks == 1 ? "is" : "are", tally->fallbacks_down.text,
			 more(&tally->fallbacks_down));
	say(out, EZLB_REASON_SOME_DOWN, "%s%s%s%s", others, tally->down.text, more(&tally->down),
	    these);
}

/* "fewer than min_healthy (2): 1 of 3 backends is up; all 3 are scheduled; down: ..." */
static void say_fail_open(const struct tally *tally, const struct ezlb_spec *spec,
			  struct conditions_value *out)
{
	size_t up = tally->n[EZLB_UP];

	say(out, EZLB_REASON_FAIL_OPEN,
	    "fewer than min_healthy (%u%s): %zu of %zu backends %s up; all %zu are scheduled%s%s%s",
	    spec->min_healthy.count, spec->min_healthy.percent ? "%" : "", up, tally->total,
	    up == 1 ? "is" : "are", tally->total, tally->down.n > 0 ? "; down: " : "",
	    tally->down.text, more(&tally->down));
}

static void say_fallback(const struct tally *tally, struct conditions_value *out)
{
	say(out, EZLB_REASON_FALLBACK_SERVES, "no backend is up: the fallback serves (%s%s); %s%s",
	    tally->serving.text, more(&tally->serving), tally->out.text, more(&tally->out));
}

/* Drains and slow starts are no fault, but an operator may wonder. */
static void add_roles(const struct tally *tally, struct conditions_value *out)
{
	size_t drain = roles_count(tally->roles, EZLB_ROLE_DRAINING) - tally->drains_named;
	size_t start = roles_count(tally->roles, EZLB_ROLE_STARTING);

	if (drain > 0)
		ezlb_strcatf(out->message, sizeof(out->message), "%s%zu backend%s",
			     out->message[0] ? "; " : "", drain,
			     drain == 1 ? " drains" : "s drain");
	if (start > 0)
		ezlb_strcatf(out->message, sizeof(out->message), "%s%zu backend%s in slow start",
			     out->message[0] ? "; " : "", start, start == 1 ? " is" : "s are");
}

static void say_tally(const struct tally *tally, const struct ezlb_spec *spec, bool checked,
		      struct conditions_value *out)
{
	if (tally->fail_open) {
		say_fail_open(tally, spec, out);
		return;
	}
	if (tally->able[EZLB_UP] == 0 && tally->serving.n > 0)
		say_fallback(tally, out);
	else if (tally->able[EZLB_UP] == 0)
		say_none(tally, out);
	else if (tally->n[EZLB_DOWN] > 0 || tally->fallbacks_down.n > 0)
		say_some_down(tally, out);
	else if (tally->n[EZLB_UP] == tally->total)
		say_all_up(tally, checked, out);
	else
		say(out, EZLB_REASON_SOME_UNKNOWN, "%zu of %zu backends have no health result yet",
		    tally->n[EZLB_UNKNOWN], tally->total);
	add_roles(tally, out);
}

void conditions_ready(const struct ezlb_catalog_entry *entry, const struct ezlb_view_roles *roles,
		      const struct conditions_pass *pass, struct conditions_value *out)
{
	const struct ezlb_spec *spec = entry->last;
	struct tally tally = { .roles = roles };
	bool checked = spec && spec->check.type != EZLB_CHECK_NONE;

	if (!spec) {
		say(out, EZLB_REASON_NOT_APPLIED, "no version of the file is applied");
	} else if (checked && !pass) {
		say(out, EZLB_REASON_PENDING, "%s", "");
	} else {
		count(spec, checked ? pass->verdicts : NULL, &tally);
		say_tally(&tally, spec, checked, out);
	}
}
