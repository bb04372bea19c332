// SPDX-License-Identifier: GPL-2.0-or-later
/* view_files: updates the view after files were read. */
#include <ezlb/view.h>

#include <stdio.h>

#include "conditions.h"
#include "view_inside.h"

static int service_cmp(const void *a, const void *b)
{
	const struct ezlb_view_service *x = a, *y = b;

	return strcmp(x->path, y->path);
}

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

static void name_service(struct ezlb_view_service *service, const struct ezlb_catalog_entry *entry)
{
	if (entry->last || entry->fresh)
		ezlb_strcpy(service->name, sizeof(service->name),
			    entry->last ? entry->last->name : entry->fresh->name);
	else
		name_of_file(entry->path, service->name);
}

/* A hash of the diagnostics; 0: none. */
static uint64_t diags_print(const struct ezlb_diag *diags, size_t n)
{
	uint64_t print = 0;

	for (size_t i = 0; i < n; i++) {
		const struct ezlb_diag *diag = &diags[i];
		const uint64_t parts[] = { print, (uint64_t)diag->code, (uint64_t)diag->at.line,
					   (uint64_t)diag->at.col,
					   ezlb_hash(diag->message, strlen(diag->message)) };

		print = ezlb_hash(parts, sizeof(parts));
	}
	return n > 0 && print == 0 ? 1 : print;
}

/* "7:3: error[E010]: ... (and 2 more)": without the file, which is the object of the event. */
static void first_diag(const struct ezlb_diag *diags, size_t n, char out[EZLB_EVENT_STRLEN])
{
	EZLB_AUTO_FREE char *line = ezlb_diag_line(&diags[0]);
	const char *text = line + strlen(diags[0].file) + 1;
	char more[40] = "";

	if (n > 1)
		snprintf(more, sizeof(more), " (and %zu more)", n - 1);
	snprintf(out, EZLB_EVENT_STRLEN, "%.250s%s", text + strspn(text, " "), more);
}

static void report_file(struct ezlb_view *view, const struct ezlb_catalog *catalog,
			const struct ezlb_catalog_entry *entry, struct ezlb_view_service *service,
			int64_t now_ms)
{
	size_t n;
	const struct ezlb_diag *diags = ezlb_catalog_diags(catalog, entry, &n);
	uint64_t before = service->diags;
	struct ezlb_event *event;

	service->diags = diags_print(diags, n);
	service->diag_line = n > 0 ? diags[0].at.line : 0;
	view->summary_stale |= service->diags != before;
	/* At the start all files are new: report only those that are refused. */
	if (service->diags == before && (service->known || view->reloads == 0))
		return;
	event = view_add_event(view, n > 0 ? EZLB_EVENT_FILE_REFUSED : EZLB_EVENT_FILE_ACCEPTED,
			       now_ms);
	ezlb_strcpy(event->service, sizeof(event->service), service->name);
	ezlb_strcpy(event->object, sizeof(event->object), entry->path);
	if (n > 0)
		first_diag(diags, n, event->message);
}

static void forget_unseen(struct ezlb_view *view, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < view->services.len; i++) {
		struct ezlb_view_service *service = &view->services.items[i];
		struct ezlb_event *event;

		if (service->seen) {
			view->services.items[n++] = *service;
			continue;
		}
		event = view_add_event(view, EZLB_EVENT_FILE_GONE, now_ms);
		ezlb_strcpy(event->service, sizeof(event->service), service->name);
		ezlb_strcpy(event->object, sizeof(event->object), service->path);
		view_service_clear(service);
	}
	view->services.len = n;
}

static void take_file(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		      const struct ezlb_catalog_entry *entry, struct ezlb_view_service *service,
		      int64_t now_ms)
{
	service->seen = true;
	service->applied = entry->last != NULL;
	service->last_hash = entry->last_hash;
	name_service(service, entry);
	if (entry->touched || !service->known)
		report_file(view, catalog, entry, service, now_ms);
	service->known = true;
}

/* Afterwards the services are those of the catalog, sorted. */
static void take_all(struct ezlb_view *view, const struct ezlb_catalog *catalog, int64_t now_ms)
{
	size_t old = view->services.len;

	for (size_t i = 0; i < old; i++)
		view->services.items[i].seen = false;
	for (size_t i = 0; i < catalog->entries.len; i++) {
		const struct ezlb_catalog_entry *entry = &catalog->entries.items[i];
		const struct ezlb_view_service key = { .path = entry->path };
		struct ezlb_view_service *service = ezlb_find(&key, view->services.items, old,
							      sizeof(key), service_cmp);

		if (!service) {
			service = EZLB_PUSH(&view->services);
			service->path = ezlb_strdup(entry->path);
		}
		take_file(view, catalog, entry, service, now_ms);
	}
	EZLB_SORT(&view->services, service_cmp);
	forget_unseen(view, now_ms);
	EZLB_VEC_FIT(&view->services);
	view->summary_stale = true; /* its names are elsewhere now */
}

static bool has_same_files(const struct ezlb_view *view, const struct ezlb_catalog *catalog)
{
	bool same = view->services.len == catalog->entries.len;

	for (size_t i = 0; same && i < catalog->entries.len; i++)
		same = strcmp(view->services.items[i].path, catalog->entries.items[i].path) == 0;
	return same;
}

static bool is_refused(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry)
{
	size_t n;

	return ezlb_catalog_diags(catalog, entry, &n);
}

/*
 * Adds the files with diagnostics, now or before, of which the last update has changed anything:
 * there can be 10,000 wrong files beside the one that was edited. Where the bytes of another file
 * differ and no service does, say in a comment, the kernel has the new version already if it has
 * the old one.
 */
static void look_at_others(struct ezlb_view *view, const struct ezlb_catalog *catalog,
			   struct view_some *some)
{
	size_t next = 0, changed = some->len;

	for (size_t i = 0; i < catalog->entries.len; i++) {
		const struct ezlb_catalog_entry *entry = &catalog->entries.items[i];
		struct ezlb_view_service *service = &view->services.items[i];
		bool is_changed = next < changed && view_nth(some, next) == i;

		next += is_changed;
		if (entry->touched && (service->diags != 0 || is_refused(catalog, entry)))
			view_add(some, i);
		if (!is_changed && service->applied_hash == service->last_hash)
			service->applied_hash = entry->last_hash;
		service->last_hash = entry->last_hash;
	}
	view_sort(some);
}

/* Finds the services of which something changed, and takes their files. The caller clears *out. */
static void take_files(struct ezlb_view *view, const struct ezlb_catalog *catalog, int64_t now_ms,
		       struct view_some *out)
{
	if (catalog->change.all || !has_same_files(view, catalog)) {
		take_all(view, catalog, now_ms);
		*out = view_all(catalog);
		return;
	}
	view_find(catalog, &catalog->change.services, out);
	look_at_others(view, catalog, out);
	for (size_t k = 0; k < out->len; k++) {
		size_t i = view_nth(out, k);

		take_file(view, catalog, &catalog->entries.items[i], &view->services.items[i],
			  now_ms);
	}
}

static bool was_frozen(const struct ezlb_view *view, const char *path)
{
	for (size_t i = 0; i < view->dirs.len; i++)
		if (strcmp(view->dirs.items[i].path, path) == 0)
			return view->dirs.items[i].problem != NULL;
	return false;
}

void view_dirs_clear(struct ezlb_status_dirs *dirs)
{
	for (size_t i = 0; i < dirs->len; i++) {
		free(dirs->items[i].path);
		free(dirs->items[i].problem);
	}
	EZLB_VEC_CLEAR(dirs);
}

static size_t take_dirs(struct ezlb_view *view, const struct ezlb_snapshot *snapshot,
			int64_t now_ms)
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
			ezlb_view_event(view,
					from->frozen ? EZLB_EVENT_DIRECTORY_FROZEN
						     : EZLB_EVENT_DIRECTORY_BACK,
					from->path, from->problem, now_ms);
	}
	view_dirs_clear(&view->dirs);
	view->dirs = dirs;
	return frozen;
}

static void take_revision(struct ezlb_view *view, const struct ezlb_catalog *catalog,
			  int64_t now_ms)
{
	uint64_t revision = ezlb_catalog_revision(catalog);

	if (view->revision_ms == 0 || revision != view->revision)
		view->revision_ms = now_ms;
	view->revision = revision;
}

void ezlb_view_files(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		     const struct ezlb_snapshot *snapshot, int64_t now_ms)
{
	struct view_some some;
	size_t frozen = take_dirs(view, snapshot, now_ms), refused;
	char message[64];

	take_files(view, catalog, now_ms, &some);
	take_revision(view, catalog, now_ms);
	view_set(view, catalog, &some, NULL, now_ms);
	EZLB_VEC_CLEAR(&some);
	refused = view->summary.refused;
	view->reloads++;
	view->reload_ms = now_ms;
	view->reload_ok = refused == 0 && frozen == 0;
	if (view->reload_ok)
		view->reload_ok_ms = now_ms;
	snprintf(message, sizeof(message), "%zu file%s, %zu refused", view->services.len,
		 view->services.len == 1 ? "" : "s", refused);
	ezlb_view_event(view, EZLB_EVENT_RELOADED, NULL, message, now_ms);
}
