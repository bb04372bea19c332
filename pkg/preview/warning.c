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

static void describe(const struct ezlb_verdict_row *row, char buf[WARNING_STRLEN])
{
	char backend[EZLB_ENDPOINT_STRLEN], code[16] = "";

	ezlb_endpoint_format(&row->backend, backend);
	if (row->outcome == EZLB_PROBE_HTTP_STATUS)
		snprintf(code, sizeof(code), " %d", row->code);
	if (row->verdict != EZLB_DOWN)
		snprintf(buf, WARNING_STRLEN,
			 "backend %s, left unchanged: its health check has no result yet", backend);
	else if (row->probed)
		snprintf(buf, WARNING_STRLEN, "backend %s, not added: down (%s%s)", backend,
			 ezlb_outcome_str(row->outcome), code);
	else
		snprintf(buf, WARNING_STRLEN, "backend %s, not added: down", backend);
}

static void warn_backends(struct sheet *sheet, const struct owner *owner)
{
	const struct ezlb_spec *spec = owner->spec;

	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_backend *backend = &spec->backends[i];
		const struct ezlb_verdict_row *row = ezlb_verdict_find(sheet->preview->verdicts,
								       spec, &backend->endpoint);
		struct item *item;

		if (!row || row->verdict == EZLB_UP)
			continue;
		if (sheet_removes(sheet, owner, &backend->endpoint)) /* its op says why */
			continue;
		item = add(sheet, GROUP_SERVICE, "backend");
		item->owner = owner;
		item->line = backend->at.line;
		describe(row, item->warning);
	}
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
	if (!held)
		warn_backends(sheet, owner);
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
	if (sheet->preview->diags)
		warn_files(sheet, sheet->preview->diags);
}
