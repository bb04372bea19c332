// SPDX-License-Identifier: GPL-2.0-or-later
#include "human.h"
#include "parts.h"
#include "plain.h"

/* The conditions that cause a state (ezlb/status.h); of several the first that is a problem. */
static const struct {
	const char *state, *condition;
} sources[] = {
	{ "down", "BackendsReady" },	 { "down", "Deliverable" },
	{ "failed", "Programmed" },	 { "conflict", "Conflict" },
	{ "refused", "Accepted" },	 { "stale", "Accepted" },
	{ "degraded", "BackendsReady" }, { "degraded", "Deliverable" },
	{ "pending", "BackendsReady" },	 { "ok", "BackendsReady" },
};

static char *age_of(int64_t since, const struct ezlb_console_look *look)
{
	return ezlb_strdup(since > 0 ? human_age(look->now_ms - since).s : "-");
}

/* The columns that services and backends share. */
static void put_traffic(const json_t *object, struct grid_row *row)
{
	const json_t *traffic = json_object_get(object, "traffic");

	if (!json_is_object(traffic)) {
		row->cells[COLUMN_ACTIVE] = ezlb_strdup("-");
		return;
	}
	row->cells[COLUMN_ACTIVE] = ezlb_asprintf("%lld", (long long)doc_int(traffic, "active"));
	row->cells[COLUMN_NEW] = ezlb_strdup(human_rate(doc_number(traffic, "connection_rate")).s);
	row->cells[COLUMN_IN] = ezlb_strdup(human_bytes(doc_number(traffic, "byte_rate_in")).s);
	row->cells[COLUMN_OUT] = ezlb_strdup(human_bytes(doc_number(traffic, "byte_rate_out")).s);
}

/*
 * Whether the condition is a problem to print. NotInForce only follows from another condition, and
 * Pending without a message says nothing new.
 */
static bool is_reason(const json_t *condition)
{
	const char *good = doc_is(condition, "type", "Conflict") ? "False" : "True";

	if (doc_is(condition, "reason", "NotInForce") ||
	    (doc_is(condition, "reason", "Pending") && !doc_text(condition, "message")[0]))
		return false;
	return !doc_is(condition, "status", good) || doc_is(condition, "reason", "SomeDown") ||
	       doc_is(condition, "reason", "SomeUnknown") ||
	       doc_is(condition, "reason", "FailOpen") ||
	       doc_is(condition, "reason", "FallbackServes") ||
	       doc_is(condition, "reason", "SourcePortsLow") ||
	       doc_is(condition, "reason", "LocalBackend");
}

static int64_t service_since(const json_t *service)
{
	const json_t *conditions = json_object_get(service, "conditions"), *first = NULL;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const json_t *condition = doc_find(conditions, "type", sources[i].condition);

		if (!doc_is(service, "state", sources[i].state))
			continue;
		if (!first || (is_reason(condition) && !is_reason(first)))
			first = condition;
	}
	return doc_time(first, "since");
}

/* The errors of files are printed in full above the services. */
static const struct {
	const char *reason, *text;
} refusals[] = {
	{ "Refused", "its file has an error: see above" },
	{ "LastGoodKept", "its file has an error, see above; an older version serves" },
	{ "NameTaken", "another file has its name: see above" },
	{ "ListenerTaken", "another file has its listener: see above" },
	{ "SnatConflict",
	  "another file gives one of its backends another source address: see above" },
};

static const char *reason_text(const json_t *condition)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (doc_is(condition, "reason", refusals[i].reason))
			return refusals[i].text;
	return doc_text(condition, "message");
}

static void put_reasons(const json_t *service, const struct ezlb_console_look *look,
			struct grid *grid)
{
	const json_t *conditions = json_object_get(service, "conditions");
	/* A conflict says more than that the file is refused. */
	bool conflict = doc_is(doc_find(conditions, "type", "Conflict"), "status", "True");
	json_t *condition;
	size_t i;

	json_array_foreach(conditions, i, condition)
	{
		const char *message = reason_text(condition);
		EZLB_AUTO_FREE char *line = ezlb_asprintf("%s%s%s", doc_text(condition, "reason"),
							  message[0] ? ": " : "", message);
		struct ezlb_text text = { 0 };

		if (!is_reason(condition) || (conflict && doc_is(condition, "type", "Accepted")))
			continue;
		plain_put_folded(&text, "  ", 4, line, look->width);
		grid_line(grid, &text);
	}
}

#define LISTENERS_SHOWN 2

static char *listener_text(const json_t *listener)
{
	if (doc_text(listener, "listen")[0])
		return ezlb_asprintf("%s %s", doc_text(listener, "protocol"),
				     doc_text(listener, "listen"));
	return ezlb_asprintf("fwmark %lld", (long long)doc_int(listener, "fwmark"));
}

char *part_listeners(const json_t *service, size_t most)
{
	const json_t *listeners = json_object_get(service, "listeners");
	size_t n = json_array_size(listeners);
	struct ezlb_text text = { 0 };

	if (n == 0) /* an older daemon */
		return listener_text(service);
	for (size_t i = 0; i < n && i < most; i++) {
		EZLB_AUTO_FREE char *one = listener_text(json_array_get(listeners, i));

		ezlb_text_printf(&text, "%s%s", i ? ", " : "", one);
	}
	if (n > most)
		ezlb_text_printf(&text, " and %zu more", n - most);
	return ezlb_text_take(&text, NULL);
}

long long part_serving_of(const json_t *service)
{
	if (doc_has(service, "serving_of"))
		return (long long)doc_int(service, "serving_of");
	return (long long)json_array_size(json_object_get(service, "backends"));
}

static void put_away(const json_t *service, const struct ezlb_console_look *look, struct grid *grid)
{
	EZLB_AUTO_FREE char *line = part_addresses(service, true);
	struct ezlb_text text = { 0 };

	if (!line)
		return;
	plain_put_folded(&text, "  ", 4, line, look->width);
	grid_line(grid, &text);
}

void part_service_row(const json_t *service, const struct ezlb_console_look *look,
		      struct grid *grid)
{
	struct grid_row *row = grid_row(grid);

	row->cells[COLUMN_NAME] = ezlb_strdup(doc_text(service, "name"));
	row->cells[COLUMN_STATE] = ezlb_strdup(doc_text(service, "state"));
	row->cells[COLUMN_SINCE] = age_of(service_since(service), look);
	if (doc_true(service, "in_force")) {
		row->cells[COLUMN_UP] = ezlb_asprintf("%lld/%lld",
						      (long long)doc_int(service, "serving"),
						      part_serving_of(service));
		row->cells[COLUMN_DETAIL] = part_listeners(service, LISTENERS_SHOWN);
		put_traffic(service, row);
	} else {
		row->cells[COLUMN_DETAIL] = ezlb_strdup("not applied");
	}
	put_reasons(service, look, grid);
	put_away(service, look, grid);
}

char *part_outcome(const json_t *backend)
{
	const char *reason = doc_text(backend, "reason");
	long long code = (long long)doc_int(backend, "code");

	if (!reason[0])
		return ezlb_strdup("-");
	return code ? ezlb_asprintf("%s %lld", reason, code) : ezlb_strdup(reason);
}

/* For an outcome of "ok" the latency says more. */
static char *backend_detail(const json_t *backend, const struct ezlb_console_look *look)
{
	char *role = part_role_detail(backend, look);

	if (role)
		return role;
	if (doc_is(backend, "reason", "ok"))
		return ezlb_asprintf("%.1fms", doc_number(backend, "latency_ms"));
	return part_outcome(backend);
}

/* With a slow start the weights in the kernel are not in the scale of the file. */
static char *backend_weight(const json_t *backend)
{
	long long wanted = (long long)doc_int(backend, "weight");
	long long there = (long long)doc_int(backend, "kernel_weight");
	bool right = doc_has(backend, "dest_weight") && doc_int(backend, "dest_weight") == there;

	if (!doc_has(backend, "kernel_weight"))
		return ezlb_asprintf("%lld (-)", wanted);
	if (right && doc_is(backend, "role", "starting"))
		return ezlb_asprintf("%lld (%d%%)", wanted, part_percent(backend));
	return there == wanted || (right && !doc_is(backend, "role", "draining"))
		       ? ezlb_asprintf("%lld", wanted)
		       : ezlb_asprintf("%lld (%lld)", wanted, there);
}

static void put_backend(const json_t *backend, const struct ezlb_console_look *look,
			struct grid *grid)
{
	struct grid_row *row = grid_row(grid);

	row->cells[COLUMN_NAME] = ezlb_asprintf("  %s", doc_text(backend, "address"));
	row->cells[COLUMN_STATE] = ezlb_strdup(part_state(backend));
	row->cells[COLUMN_DETAIL] = backend_detail(backend, look);
	row->cells[COLUMN_SINCE] = age_of(doc_time(backend, "since"), look);
	row->cells[COLUMN_WEIGHT] = backend_weight(backend);
	put_traffic(backend, row);
}

/* 0: down, 1: any other, 2: up or unchecked, and nothing else to tell. */
static int rank(const json_t *backend)
{
	const char *state = part_state(backend);

	if (doc_is(backend, "verdict", "down"))
		return 0;
	return strcmp(state, "up") == 0 || strcmp(state, "unchecked") == 0 ||
			       strcmp(state, "standby") == 0
		       ? 2
		       : 1;
}

void part_backend_rows(const json_t *service, const struct ezlb_console_look *look,
		       struct grid *grid)
{
	const json_t *backends = json_object_get(service, "backends");
	json_t *backend;
	size_t i;

	for (int wanted = 0; wanted <= 2; wanted++)
		json_array_foreach(backends, i, backend) if (rank(backend) == wanted)
			put_backend(backend, look, grid);
}
