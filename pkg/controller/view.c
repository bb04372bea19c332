// SPDX-License-Identifier: GPL-2.0-or-later
#include "view.h"

#include <stdio.h>
#include <time.h>

#include "conditions.h"

#define FAILING_MS  60000 /* of failing passes, until the daemon is not ready */
#define ADOPTED_MAX 10	  /* services taken over that are told one by one */

int64_t view_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- events -------------------------------------------------------------------------------- */

void view_event(struct view *view, enum ezlb_event_type type, const char *object,
		const char *message, int64_t now_ms)
{
	struct ezlb_event *event = ezlb_events_add(&view->events, type, now_ms);

	ezlb_strcpy(event->object, sizeof(event->object), object ? object : "");
	ezlb_strcpy(event->message, sizeof(event->message), message ? message : "");
}

void view_start(struct view *view, int64_t now_ms)
{
	view->started_ms = now_ms;
	view_event(view, EZLB_EVENT_STARTED, NULL, "version " EZLB_VERSION, now_ms);
}

/* A start brings every backend up: that is no news. */
void view_verdict(struct view *view, const struct ezlb_health_change *change, int64_t now_ms)
{
	bool down = change->to == EZLB_DOWN;
	struct ezlb_event *event;

	if (!down && change->from != EZLB_DOWN)
		return;
	event = ezlb_events_add(&view->events,
				down ? EZLB_EVENT_BACKEND_DOWN : EZLB_EVENT_BACKEND_UP, now_ms);
	ezlb_strcpy(event->service, sizeof(event->service), change->service);
	ezlb_endpoint_format(&change->backend, event->object);
	if (change->outcome == EZLB_PROBE_HTTP_STATUS)
		snprintf(event->message, sizeof(event->message), "%s %d after %u ms",
			 ezlb_outcome_str(change->outcome), change->code, change->ms);
	else
		snprintf(event->message, sizeof(event->message), "%s after %u ms",
			 ezlb_outcome_str(change->outcome), change->ms);
}

/* --- conditions ---------------------------------------------------------------------------- */

static bool is_bad(const struct ezlb_condition *condition)
{
	switch (condition->reason) {
	case EZLB_REASON_VALID:
	case EZLB_REASON_PROGRAMMED:
	case EZLB_REASON_PENDING:
	case EZLB_REASON_ALL_UP:
	case EZLB_REASON_NO_CONFLICT:
		return false;
	case EZLB_REASON_REFUSED:
	case EZLB_REASON_LAST_GOOD_KEPT:
	case EZLB_REASON_NOT_IN_FORCE:
	case EZLB_REASON_FAILED:
	case EZLB_REASON_HELD:
	case EZLB_REASON_UNREADABLE:
	case EZLB_REASON_FIGHT:
	case EZLB_REASON_SOME_DOWN:
	case EZLB_REASON_NONE_UP:
	case EZLB_REASON_NAME_TAKEN:
	case EZLB_REASON_LISTENER_TAKEN:
	case EZLB_REASON_SNAT_CONFLICT:
	case EZLB_REASON_FOREIGN:
	case EZLB_REASONS:
		break;
	}
	return true;
}

/* What becomes good at the start, or of a new file, is no news; what recovers is. */
static void set(struct view *view, struct view_service *service, enum ezlb_condition_type type,
		const struct conditions_said *said, int64_t now_ms)
{
	struct ezlb_condition *condition = &service->conditions[type];
	bool was_bad = condition->since_ms && is_bad(condition);
	struct ezlb_event *event;

	/* What failed waits between two tries: that makes it no better. */
	if (said->reason == EZLB_REASON_HELD && condition->since_ms &&
	    condition->reason == EZLB_REASON_FAILED)
		return;
	if (!ezlb_condition_set(condition, type, said->reason, said->message, now_ms))
		return;
	if (!was_bad && !is_bad(condition))
		return;
	event = ezlb_events_add(&view->events, EZLB_EVENT_CONDITION_CHANGED, now_ms);
	event->level = is_bad(condition) ? EZLB_EVENT_WARNING : EZLB_EVENT_NORMAL;
	ezlb_strcpy(event->service, sizeof(event->service), service->name);
	ezlb_strcpy(event->object, sizeof(event->object), ezlb_condition_type_str(type));
	snprintf(event->message, sizeof(event->message), "%s, %s%s%s",
		 ezlb_truth_str(condition->status), ezlb_reason_str(condition->reason),
		 condition->message[0] ? ": " : "", condition->message);
}

static int service_cmp(const void *a, const void *b)
{
	const struct view_service *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void set_programmed(struct view *view, struct view_service *service,
			   const struct catalog_entry *entry, const struct conditions_pass *pass,
			   int64_t now_ms)
{
	struct conditions_said said;

	conditions_programmed(entry, pass, &said);
	set(view, service, EZLB_PROGRAMMED, &said, now_ms);
	if (said.reason == EZLB_REASON_PROGRAMMED)
		service->applied_hash = entry->last_hash;
	if (said.reason == EZLB_REASON_NOT_IN_FORCE)
		service->applied_hash = 0;
}

static void set_all(struct view *view, const struct catalog *catalog,
		    const struct conditions_pass *pass, int64_t now_ms)
{
	struct conditions_said said;

	/* Both are sorted by path, and of the same files. */
	for (size_t i = 0; i < catalog->entries.len; i++) {
		const struct catalog_entry *entry = &catalog->entries.items[i];
		struct view_service *service = &view->services.items[i];

		conditions_accepted(catalog, entry, &said);
		set(view, service, EZLB_ACCEPTED, &said, now_ms);
		/* What only a pass can tell stays as the last one has told it. */
		if (!pass && service->conditions[EZLB_PROGRAMMED].since_ms)
			continue;
		conditions_conflict(catalog, entry, pass, &said);
		set(view, service, EZLB_CONFLICT, &said, now_ms);
		set_programmed(view, service, entry, pass, now_ms);
		conditions_ready(entry, pass, &said);
		set(view, service, EZLB_BACKENDS_READY, &said, now_ms);
	}
}

/* --- files --------------------------------------------------------------------------------- */

/* "web" of "/etc/ezlb/services.d/web.yaml". */
static void name_of_file(const char *path, char name[EZLB_NAME_MAX + 1])
{
	const char *base = strrchr(path, '/');
	char *dot;

	ezlb_strcpy(name, EZLB_NAME_MAX + 1, base ? base + 1 : path);
	dot = strrchr(name, '.');
	if (dot && dot != name)
		*dot = '\0';
}

static void name_service(struct view_service *service, const struct catalog_entry *entry)
{
	if (entry->last || entry->fresh)
		ezlb_strcpy(service->name, sizeof(service->name),
			    entry->last ? entry->last->name : entry->fresh->name);
	else
		name_of_file(entry->path, service->name);
}

static void tell_file(struct view *view, const struct catalog *catalog,
		      const struct catalog_entry *entry, struct view_service *service, bool is_new,
		      int64_t now_ms)
{
	size_t n;
	const struct ezlb_diag *diag = conditions_diag(catalog, entry, &n);
	EZLB_AUTO_FREE char *line = diag ? ezlb_diag_line(diag) : NULL;
	uint64_t before = service->diags;
	enum ezlb_event_type type = EZLB_EVENT_FILE_ACCEPTED;
	struct ezlb_event *event;

	service->diags = diag ? ezlb_hash(line, strlen(line)) + n : 0;
	if (diag)
		type = EZLB_EVENT_FILE_REFUSED;
	/* All files are new at the start: only those that are refused are news then. */
	if (service->diags == before && (!is_new || view->reloads == 0))
		return;
	event = ezlb_events_add(&view->events, type, now_ms);
	ezlb_strcpy(event->service, sizeof(event->service), service->name);
	ezlb_strcpy(event->object, sizeof(event->object), entry->path);
	if (diag && n > 1)
		snprintf(event->message, sizeof(event->message), "%.240s (and %zu more)", line,
			 n - 1);
	else
		ezlb_strcpy(event->message, sizeof(event->message), line ? line : "");
}

static void forget_unseen(struct view *view, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < view->services.len; i++) {
		struct view_service *service = &view->services.items[i];
		struct ezlb_event *event;

		if (service->seen) {
			view->services.items[n++] = *service;
			continue;
		}
		event = ezlb_events_add(&view->events, EZLB_EVENT_FILE_GONE, now_ms);
		ezlb_strcpy(event->service, sizeof(event->service), service->name);
		ezlb_strcpy(event->object, sizeof(event->object), service->path);
		free(service->path);
	}
	view->services.len = n;
}

/* Leaves the services sorted, and of the files that are in the catalog. */
static void take_files(struct view *view, const struct catalog *catalog, int64_t now_ms)
{
	size_t old = view->services.len;

	for (size_t i = 0; i < old; i++)
		view->services.items[i].seen = false;
	for (size_t i = 0; i < catalog->entries.len; i++) {
		const struct catalog_entry *entry = &catalog->entries.items[i];
		const struct view_service key = { .path = entry->path };
		struct view_service *service = ezlb_find(&key, view->services.items, old,
							 sizeof(key), service_cmp);
		bool is_new = !service;

		if (is_new) {
			service = EZLB_PUSH(&view->services);
			service->path = ezlb_strdup(entry->path);
		}
		service->seen = true;
		name_service(service, entry);
		tell_file(view, catalog, entry, service, is_new, now_ms);
	}
	EZLB_SORT(&view->services, service_cmp);
	forget_unseen(view, now_ms);
}

static bool was_frozen(const struct view *view, const char *path)
{
	for (size_t i = 0; i < view->dirs.len; i++)
		if (strcmp(view->dirs.items[i].path, path) == 0)
			return view->dirs.items[i].problem != NULL;
	return false;
}

static void dirs_clear(struct ezlb_status_dirs *dirs)
{
	for (size_t i = 0; i < dirs->len; i++) {
		free(dirs->items[i].path);
		free(dirs->items[i].problem);
	}
	EZLB_VEC_CLEAR(dirs);
}

static size_t take_dirs(struct view *view, const struct ezlb_snapshot *snapshot, int64_t now_ms)
{
	struct ezlb_status_dirs dirs = { 0 };
	size_t frozen = 0;

	for (size_t i = 0; i < snapshot->dirs.len; i++) {
		const struct ezlb_dir *from = &snapshot->dirs.items[i];
		struct ezlb_status_dir *to = EZLB_PUSH(&dirs);

		to->path = ezlb_strdup(from->path);
		to->configmap = from->configmap;
		to->problem = from->frozen ? ezlb_strdup(from->problem) : NULL;
		frozen += from->frozen;
		if (from->frozen != was_frozen(view, from->path))
			view_event(view,
				   from->frozen ? EZLB_EVENT_DIRECTORY_FROZEN
						: EZLB_EVENT_DIRECTORY_BACK,
				   from->path, from->problem, now_ms);
	}
	dirs_clear(&view->dirs);
	view->dirs = dirs;
	return frozen;
}

static size_t count_refused(const struct view *view)
{
	size_t n = 0;

	for (size_t i = 0; i < view->services.len; i++)
		n += view->services.items[i].diags != 0;
	return n;
}

void view_files(struct view *view, const struct catalog *catalog,
		const struct ezlb_snapshot *snapshot, int64_t now_ms)
{
	size_t frozen = take_dirs(view, snapshot, now_ms), refused;
	char message[64];

	take_files(view, catalog, now_ms);
	set_all(view, catalog, NULL, now_ms);
	refused = count_refused(view);
	view->reloads++;
	view->reload_ms = now_ms;
	view->reload_ok = refused == 0 && frozen == 0;
	if (view->reload_ok)
		view->reload_ok_ms = now_ms;
	snprintf(message, sizeof(message), "%zu files, %zu refused", view->services.len, refused);
	view_event(view, EZLB_EVENT_RELOADED, NULL, message, now_ms);
}

/* --- passes -------------------------------------------------------------------------------- */

/* The first sentence of what went wrong. */
static void first_error(const struct pass_result *result, char out[EZLB_MESSAGE_STRLEN])
{
	char what[EZLB_OP_STRLEN], why[EZLB_OP_STRLEN];

	out[0] = '\0';
	for (int i = 0; i < EZLB_LAYERS && !out[0]; i++)
		if (result->errs.layer[i].code)
			snprintf(out, EZLB_MESSAGE_STRLEN, "%s: %.200s",
				 ezlb_layer_kind_str((enum ezlb_layer_kind)i),
				 result->errs.layer[i].msg);
	if (!out[0] && result->ledger_err.code)
		snprintf(out, EZLB_MESSAGE_STRLEN, "%.250s", result->ledger_err.msg);
	for (size_t i = 0; i < result->plan.len && !out[0]; i++)
		if (result->plan.items[i].rc < 0)
			snprintf(out, EZLB_MESSAGE_STRLEN, "%.120s: %.130s",
				 ezlb_op_format(&result->plan.items[i], what),
				 ezlb_op_explain(&result->plan.items[i], why));
	if (!out[0] && result->old_err.code)
		snprintf(out, EZLB_MESSAGE_STRLEN, "%.250s", result->old_err.msg);
}

static void note_outcome(struct view *view, const struct pass_result *result, int64_t now_ms)
{
	char error[EZLB_MESSAGE_STRLEN];

	view->passes++;
	view->pass_ms = now_ms;
	if (pass_ok(result)) {
		if (view->failing_since_ms)
			view_event(view, EZLB_EVENT_RECONCILE_RECOVERED, NULL, view->pass_error,
				   now_ms);
		view->pass_ok_ms = now_ms;
		view->failing_since_ms = 0;
		view->pass_error[0] = '\0';
		return;
	}
	view->pass_errors++;
	first_error(result, error);
	/* A pass in which all waits has no error of its own. */
	if (error[0])
		ezlb_strcpy(view->pass_error, sizeof(view->pass_error), error);
	if (!view->failing_since_ms) {
		view->failing_since_ms = now_ms;
		view_event(view, EZLB_EVENT_RECONCILE_FAILING, NULL, view->pass_error, now_ms);
	}
}

static void tell_work(struct view *view, const struct pass_result *result, int64_t now_ms)
{
	char what[EZLB_OP_STRLEN], message[EZLB_EVENT_STRLEN];
	const struct ezlb_op *first = NULL;
	size_t done = 0;

	for (size_t i = 0; i < result->plan.len; i++) {
		if (result->plan.items[i].rc != 0)
			continue;
		if (!first)
			first = &result->plan.items[i];
		done++;
	}
	if (!first)
		return;
	snprintf(message, sizeof(message), "%zu operations, the first: %s", done,
		 ezlb_op_format(first, what));
	view_event(view, EZLB_EVENT_APPLIED, NULL, message, now_ms);
}

static void tell_others(struct view *view, const struct pass_result *result, int64_t now_ms)
{
	char what[EZLB_OP_STRLEN], key[EZLB_SERVICE_KEY_STRLEN], message[EZLB_EVENT_STRLEN];

	for (size_t i = 0; i < result->adopted.len && i < ADOPTED_MAX; i++)
		view_event(view, EZLB_EVENT_ADOPTED,
			   ezlb_service_key_format(&result->adopted.items[i], key), NULL, now_ms);
	for (size_t i = 0; i < result->drift.len; i++)
		view->repairs[result->drift.items[i].kind]++;
	if (result->drift.len == 0)
		return;
	snprintf(message, sizeof(message), "%zu changes, the first: %s", result->drift.len,
		 ezlb_op_format(&result->drift.items[0], what));
	view_event(view, EZLB_EVENT_REPAIRED, NULL, message, now_ms);
}

void view_pass(struct view *view, const struct view_pass *pass, int64_t now_ms)
{
	struct conditions_pass said = { .world = pass->world,
					.result = pass->result,
					.verdicts = pass->verdicts };

	ezlb_histogram_add(&view->pass_duration, pass->seconds);
	tell_others(view, pass->result, now_ms);
	tell_work(view, pass->result, now_ms);
	note_outcome(view, pass->result, now_ms);
	blocked_find(&said.blocked, &pass->result->plan);
	set_all(view, pass->catalog, &said, now_ms);
	blocked_clear(&said.blocked);
}

bool view_ready(const struct view *view, int64_t now_ms, char why[EZLB_MESSAGE_STRLEN])
{
	why[0] = '\0';
	if (view->passes == 0)
		snprintf(why, EZLB_MESSAGE_STRLEN,
			 "the kernel has not been looked at yet: no service files have been read");
	else if (view->failing_since_ms && now_ms - view->failing_since_ms >= FAILING_MS)
		snprintf(why, EZLB_MESSAGE_STRLEN,
			 "the kernel is not as it should be for %lld s: %.180s",
			 (long long)(now_ms - view->failing_since_ms) / 1000, view->pass_error);
	return why[0] == '\0';
}

void view_clear(struct view *view)
{
	for (size_t i = 0; i < view->services.len; i++)
		free(view->services.items[i].path);
	EZLB_VEC_CLEAR(&view->services);
	dirs_clear(&view->dirs);
	ezlb_events_clear(&view->events);
}
