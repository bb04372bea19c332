// SPDX-License-Identifier: GPL-2.0-or-later
/* warning: what the files ask for and the plan leaves out, and why. */
#include "sheet.h"

#include <stdio.h>

static struct item *add(struct sheet *sheet, enum group group, const char *object)
{
	struct item *item = EZLB_PUSH(&sheet->items);

	item->index = sheet->items.len;
	item->group = group;
	item->object = object;
	return item;
}

/* --- services ------------------------------------------------------------------------------ */

static void warn_listener(struct sheet *sheet, const struct owner *owner,
			  const struct ezlb_listener *listener)
{
	struct item *item = add(sheet, GROUP_SERVICE, "listener");
	char text[EZLB_LISTENER_TEXT_STRLEN];

	item->owner = owner;
	item->line = listener->at.line;
	snprintf(item->warning, sizeof(item->warning),
		 "listener %s, not added: it belongs to a virtual service that ezlb did not create "
		 "(--adopt never)",
		 ezlb_listener_text(listener, text));
}

static void describe(const struct ezlb_verdict_row *row, const struct ezlb_roster_row *role,
		     char buf[WARNING_STRLEN])
{
	char backend[EZLB_ENDPOINT_STRLEN], outcome[OUTCOME_STRLEN];
	bool waits = role && role->role == EZLB_ROLE_WAITING;

	ezlb_endpoint_format(&row->backend, backend);
	outcome_format(row, outcome);
	if (row->verdict != EZLB_DOWN)
		snprintf(buf, WARNING_STRLEN, "backend %s, %s: its health check has no result yet",
			 backend, waits ? "not added" : "left unchanged");
	else if (outcome[0])
		snprintf(buf, WARNING_STRLEN, "backend %s, not added: down (%s)", backend, outcome);
	else
		snprintf(buf, WARNING_STRLEN, "backend %s, not added: down", backend);
}

static struct item *add_backend(struct sheet *sheet, const struct owner *owner, int line)
{
	struct item *item = add(sheet, GROUP_SERVICE, "backend");

	item->owner = owner;
	item->line = line;
	return item;
}

static void warn_verdict(struct sheet *sheet, const struct owner *owner,
			 const struct ezlb_backend *backend, const struct ezlb_roster_row *role)
{
	const struct ezlb_verdict_row *row = ezlb_verdict_find(sheet->preview->verdicts,
							       owner->spec, &backend->endpoint);

	if (!row || row->verdict == EZLB_UP)
		return;
	if (sheet_removes(sheet, owner, &backend->endpoint)) /* its op says why */
		return;
	describe(row, role, add_backend(sheet, owner, backend->at.line)->warning);
}

/* A special role, which may not last; false: the role is an ordinary one. */
static bool warn_role(struct sheet *sheet, const struct owner *owner,
		      const struct ezlb_endpoint *backend, const struct ezlb_roster_row *row,
		      int line)
{
	char ep[EZLB_ENDPOINT_STRLEN], text[ROLE_STRLEN];

	if (!row || !role_format(sheet, owner, row, text))
		return false;
	if (!sheet_touches(sheet, &row->service, &row->backend)) /* else its op says why */
		snprintf(add_backend(sheet, owner, line)->warning, WARNING_STRLEN, "backend %s, %s",
			 ezlb_endpoint_format(backend, ep), text);
	return true;
}

/* The row of a backend of the file at one of the listeners, one that drains first; NULL: none. */
static const struct ezlb_roster_row *row_of(const struct sheet *sheet, const struct owner *owner,
					    const struct ezlb_endpoint *backend)
{
	const struct ezlb_roster *roster = sheet->preview->roster;
	const struct ezlb_roster_row *found = NULL;

	for (size_t i = 0; roster && i < owner->spec->n_listeners; i++) {
		const struct ezlb_service_key *key = &owner->spec->listeners[i].key;
		const struct ezlb_endpoint dest = ezlb_dest_endpoint(key, backend);
		const struct ezlb_roster_row *row = ezlb_roster_find(roster, key, &dest);

		if (row && (!found || row->role == EZLB_ROLE_DRAINING))
			found = row;
	}
	return found;
}

/* Is there a row for the same backend at an earlier listener of the service? */
static bool is_repeated(const struct sheet *sheet, const struct owner *owner,
			const struct ezlb_roster_row *row)
{
	for (size_t i = 0; i < owner->spec->n_listeners; i++) {
		const struct ezlb_service_key *key = &owner->spec->listeners[i].key;

		if (ezlb_service_key_cmp(key, &row->service) == 0)
			return false;
		if (ezlb_roster_find(sheet->preview->roster, key, &row->backend))
			return true;
	}
	return false;
}

/* Backends that have left the files and drain. */
static void warn_removed(struct sheet *sheet)
{
	const struct ezlb_roster *roster = sheet->preview->roster;

	for (size_t i = 0; roster && i < roster->rows.len; i++) {
		const struct ezlb_roster_row *row = &roster->rows.items[i];
		const struct owner *owner = sheet_owner(sheet, &row->service);

		if (row->index == EZLB_NOT_IN_FILE && owner && !is_repeated(sheet, owner, row))
			warn_role(sheet, owner, &row->backend, row, 0);
	}
}

static void warn_backends(struct sheet *sheet, const struct owner *owner)
{
	const struct ezlb_spec *spec = owner->spec;

	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *backend = &spec->backends[i];
		const struct ezlb_roster_row *row = row_of(sheet, owner, &backend->endpoint);

		if (!warn_role(sheet, owner, &backend->endpoint, row, backend->at.line))
			warn_verdict(sheet, owner, backend, row);
	}
}

/* `why`: this host cannot do it. */
static void warn_client_address(struct sheet *sheet, const struct owner *owner, const char *why)
{
	struct item *item;

	if (!why || !why[0] || owner->spec->client_address != EZLB_CLIENT_ADDRESS_TOA)
		return;
	item = add(sheet, GROUP_SERVICE, "toa");
	item->owner = owner;
	item->line = owner->spec->client_address_at.line;
	snprintf(item->warning, sizeof(item->warning),
		 "TOA option, not added: %s; the service works without it", why);
}

static void warn_service(struct sheet *sheet, const struct owner *owner)
{
	const struct ezlb_scope *foreign = sheet->preview->foreign;
	bool held = false;

	for (size_t i = 0; foreign && i < owner->spec->n_listeners; i++) {
		const struct ezlb_listener *listener = &owner->spec->listeners[i];

		if (!ezlb_scope_has(foreign, &listener->key))
			continue;
		warn_listener(sheet, owner, listener);
		held = true;
	}
	if (held)
		return;
	warn_backends(sheet, owner);
	warn_client_address(sheet, owner, sheet->preview->toa_problem);
}

/* --- the host ------------------------------------------------------------------------------ */

static void warn_syncs(struct sheet *sheet)
{
	const struct ezlb_syncs *foreign = sheet->preview->foreign_syncs;
	char text[EZLB_SYNC_STRLEN];

	for (size_t i = 0; foreign && i < foreign->len; i++) {
		struct item *item = add(sheet, GROUP_HOST, "sync");

		snprintf(item->warning, sizeof(item->warning),
			 "ipvs sync daemon %s, not changed: another program started it",
			 ezlb_sync_row_format(&foreign->items[i], text));
		ezlb_strcpy(item->why, sizeof(item->why), "--sync-interface");
	}
}

/* --- files --------------------------------------------------------------------------------- */

static bool has_version(const struct sheet *sheet, const char *file)
{
	for (size_t i = 0; i < sheet->owners.len; i++)
		if (strcmp(sheet->owners.items[i].spec->file, file) == 0)
			return true;
	return false;
}

/* `n` diagnostics of one file. */
static void warn_file(struct sheet *sheet, const struct ezlb_diag *diags, size_t n)
{
	struct item *item = add(sheet, GROUP_REFUSED, "file");
	EZLB_AUTO_FREE char *line = ezlb_diag_line(diags);
	const char *slash = strrchr(diags->file, '/');
	size_t dir = slash ? (size_t)(slash - diags->file) + 1 : 0;
	char more[40] = "";

	if (n > 1)
		snprintf(more, sizeof(more), " (and %zu more)", n - 1);
	snprintf(item->warning, sizeof(item->warning), "%.210s%s", line + dir, more);
	ezlb_strcpy(item->why, sizeof(item->why),
		    has_version(sheet, diags->file) ? "its last good version stays"
						    : "the file is not applied");
	item->refused = diags->file;
	item->line = diags->at.line;
}

static void warn_files(struct sheet *sheet, const struct ezlb_diags *diags)
{
	size_t n;

	for (size_t i = 0; i < diags->len; i += n) {
		const struct ezlb_diag *first = &diags->items[i];

		for (n = 1; i + n < diags->len; n++)
			if (strcmp(diags->items[i + n].file, first->file) != 0)
				break;
		warn_file(sheet, first, n);
	}
}

void warnings_add(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->owners.len; i++)
		warn_service(sheet, &sheet->owners.items[i]);
	warn_removed(sheet);
	warn_syncs(sheet);
	if (sheet->preview->diags)
		warn_files(sheet, sheet->preview->diags);
}
