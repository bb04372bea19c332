// SPDX-License-Identifier: GPL-2.0-or-later
#include "go_global.h"

#include <string.h>
#include <strings.h>

#include <ezlb/suggest.h>

#include "go_value.h"

#define KNOWN_MAX 16

static const struct row {
	const char *key;
	const char *same; /* the value that needs no word; NULL: none */
	enum ezlb_import_fate fate;
	const char *flag; /* to which the value is appended; NULL: `about` is all */
	const char *about;
} globals[] = {
	{ "log_level", "info", EZLB_IMPORT_CHANGED, "--log-level=", NULL },
	{ "cleanup_on_exit", "true", EZLB_IMPORT_CHANGED, "--cleanup-on-exit=", NULL },
	{ "admin_address", "", EZLB_IMPORT_CHANGED, "--admin-address=", NULL },
	{ "metrics_enabled", "true", EZLB_IMPORT_DROPPED, NULL,
	  "/metrics is always there: on the socket of ezlb, and on --admin-address" },
	{ "metrics_path", "/metrics", EZLB_IMPORT_DROPPED, NULL, "the path is always /metrics" },
	{ "metrics_interval", NULL, EZLB_IMPORT_DROPPED, NULL,
	  "the counters are read when somebody asks for /metrics" },
	{ "log", NULL, EZLB_IMPORT_DROPPED, NULL, NULL },
};
#define LOG_FILES "ezlb writes its log to stderr; systemd or the container runtime keeps it"
static const struct row logs[] = {
	{ "level", "info", EZLB_IMPORT_CHANGED, "--log-level=", NULL },
	{ "home", NULL, EZLB_IMPORT_DROPPED, NULL, LOG_FILES },
	{ "max_size", NULL, EZLB_IMPORT_DROPPED, NULL, LOG_FILES },
	{ "max_backups", NULL, EZLB_IMPORT_DROPPED, NULL, LOG_FILES },
	{ "max_age", NULL, EZLB_IMPORT_DROPPED, NULL, LOG_FILES },
	{ "compress", NULL, EZLB_IMPORT_DROPPED, NULL, LOG_FILES },
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void go_unknown_keys(struct ezlb_import *import, const char *file, const char *service,
		     const struct ezlb_node *map, const char *const *known)
{
	size_t n = 0;

	while (known[n])
		n++;
	for (const struct ezlb_node *node = map->first; node; node = node->next) {
		const char *near = ezlb_suggest(node->key, known, n);
		char shown[EZLB_SHOW_STRLEN];

		if (near && strcasecmp(near, node->key) == 0)
			continue;
		ezlb_import_note(import, EZLB_IMPORT_DROPPED, file, node->key_at, service,
				 "%s: the Go program has no such setting%s%s%s",
				 ezlb_source_show(node->key, shown), near ? "; did you mean '" : "",
				 near ? near : "", near ? "'?" : "");
	}
}

static void note(struct ezlb_import *import, const char *file, const char *prefix,
		 const struct row *row, const struct ezlb_node *node)
{
	const char *text = node->kind == EZLB_NODE_SCALAR ? node->text : "";
	char shown[EZLB_SHOW_STRLEN];

	if (row->same && strcasecmp(row->same, text) == 0)
		return;
	if (row->flag)
		ezlb_import_note(import, row->fate, file, node->key_at, "",
				 "%s%s: give `ezlb run` the flag %s%s", prefix, row->key, row->flag,
				 ezlb_source_show(text, shown));
	else
		ezlb_import_note(import, row->fate, file, node->key_at, "", "%s%s: %s", prefix,
				 row->key, row->about);
}

static void notes(struct ezlb_import *import, const char *file, const char *prefix,
		  const struct ezlb_node *map, const struct row *rows, size_t n)
{
	const char *known[KNOWN_MAX] = { NULL };

	for (size_t i = 0; i < n; i++) {
		const struct ezlb_node *node = go_get(map, rows[i].key);

		known[i] = rows[i].key;
		if (node && (rows[i].flag || rows[i].about))
			note(import, file, prefix, &rows[i], node);
	}
	if (map->kind == EZLB_NODE_MAP)
		go_unknown_keys(import, file, "", map, known);
}

void go_global_notes(struct ezlb_import *import, const char *file, const struct ezlb_node *map)
{
	const struct ezlb_node *log = go_get(map, "log");

	notes(import, file, "global.", map, globals, COUNT(globals));
	if (log)
		notes(import, file, "global.log.", log, logs, COUNT(logs));
}
