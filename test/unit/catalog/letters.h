/* SPDX-License-Identifier: GPL-2.0-or-later */
/* letters: a catalog of two files whose contents are a letter each, and what it says as text. */
#pragma once

#include "fixture.h"

#include <ezlb/catalog.h>

#include "parsed.h"

/*
 * What a file holds, as one letter; x is 1 in a.yaml and 2 in b.yaml:
 *   g, h   good: 10.0.0.x:80, 10.0.0.x:81     c   good, 10.0.0.9:80 in either file
 *   n      good, named "same" in either file  s   good, SNAT of one backend from 10.0.0.x
 *   b, d   refused: E013, E010
 *   u, v   unreadable, for two reasons        -   there is no such file
 */
static inline char *content_of(char letter, int x)
{
	const char *head = letter == 'b'   ? "scheduler: nonsense\n"
			   : letter == 'd' ? "colour: red\n"
			   : letter == 'n' ? "name: same\n"
			   : letter == 's' ? "full_nat: true\n"
					   : "";
	EZLB_AUTO_FREE char *snat = letter == 's' ? ezlb_asprintf("snat_ip: 10.0.0.%d\n", x)
						  : ezlb_strdup("");

	return ezlb_asprintf("%s%slisten: 10.0.0.%d:%d\nhealth_check: {enabled: false}\n"
			     "backends:\n  - address: 10.1.0.%d:80\n",
			     head, snat, letter == 'c' ? 9 : x, letter == 'h' ? 81 : 80,
			     letter == 's' ? 9 : x);
}

static inline void add_file(struct ezlb_snapshot *snapshot, int x, char letter)
{
	struct ezlb_file *file;

	if (letter == '-')
		return;
	file = EZLB_PUSH(&snapshot->files);
	file->path = ezlb_asprintf("/d/%c.yaml", 'a' + x - 1);
	if (letter == 'u' || letter == 'v') {
		file->problem = ezlb_strdup(letter == 'u' ? "Permission denied" : "it is a pipe");
		return;
	}
	file->bytes = content_of(letter, x);
	file->len = strlen(file->bytes);
	file->hash = ezlb_hash(file->bytes, file->len);
}

/* Returns what was logged; the caller frees. */
static inline char *update(struct ezlb_catalog *catalog, struct ezlb_snapshot *snapshot)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	ezlb_catalog_update(catalog, snapshot);
	ezlb_snapshot_clear(snapshot);
	return capture_end(capture);
}

/* files: the letters of a.yaml and b.yaml. */
static inline char *look(struct ezlb_catalog *catalog, const char *files)
{
	struct ezlb_snapshot snapshot = { 0 };

	add_file(&snapshot, 1, files[0]);
	add_file(&snapshot, 2, files[1]);
	return update(catalog, &snapshot);
}

/* "a:80 b:81": names and ports in force; c's listener is "a:9". */
static inline struct text in_force(const struct ezlb_catalog *catalog)
{
	struct text out = { "" };
	size_t len = 0;

	for (size_t i = 0; i < catalog->desired.len; i++) {
		const struct ezlb_spec *spec = catalog->desired.items[i];
		char endpoint[EZLB_ENDPOINT_STRLEN];

		ezlb_endpoint_format(&spec->listen, endpoint);
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%s:%s", len ? " " : "",
					spec->name,
					strstr(endpoint, ".9:") ? "9" : strchr(endpoint, ':') + 1);
	}
	return out;
}

/* "a13 b31": file and code of each diagnostic. */
static inline struct text diags_text(const struct ezlb_diags *diags)
{
	struct text out = { "" };
	size_t len = 0;

	for (size_t i = 0; i < diags->len; i++)
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s%c%d", len ? " " : "",
					diags->items[i].file[3], diags->items[i].code);
	return out;
}

/*
 * One log line: "a13+" told, its last version stays; "a13*" the same, from before the restart;
 * "a13-" told, it has none; "a=" sound; "a!" gone.
 */
static inline void line_text(const char *line, struct text *out)
{
	size_t len = strlen(out->s);
	const char *path = strstr(line, "/d/"), *code = strstr(line, "error[E0");

	assert_non_null(path);
	len += (size_t)snprintf(out->s + len, sizeof(out->s) - len, "%s%c", len ? " " : "",
				path[3]);
	if (code)
		snprintf(out->s + len, sizeof(out->s) - len, "%d%s", atoi(code + 8),
			 strstr(line, "from before the restart")       ? "*"
			 : strstr(line, "its last good version stays") ? "+"
			 : strstr(line, "the file is not applied")     ? "-"
								       : "?");
	else
		snprintf(out->s + len, sizeof(out->s) - len, "%s",
			 strstr(line, "file is valid again") ? "="
			 : strstr(line, "file was removed")  ? "!"
							     : "?");
}

static inline struct text log_text(char *log)
{
	struct text out = { "" };

	for (char *save = NULL, *line = strtok_r(log, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		line_text(line, &out);
	return out;
}

#define STEPS 6

struct step {
	const char *files; /* '!' before them: the process is started again */
	const char *in_force, *diags, *log;
	size_t without;
};

struct scenario {
	const char *name;
	struct step steps[STEPS];
};

/* A catalog over the state directory in `top`; the process before it has gone. */
static inline void start(struct ezlb_catalog *catalog, struct ezlb_lastgood *store)
{
	ezlb_lastgood_open(store, top, true);
	*catalog = (struct ezlb_catalog){ .lastgood = store };
}

static inline void stop(struct ezlb_catalog *catalog)
{
	struct ezlb_lastgood *store = catalog->lastgood;

	ezlb_catalog_clear(catalog);
	if (store)
		ezlb_lastgood_close(store);
}

static inline void assert_step(const struct ezlb_catalog *catalog, const struct step *step)
{
	assert_string_equal(in_force(catalog).s, step->in_force);
	assert_string_equal(diags_text(&catalog->diags).s, step->diags);
	assert_int_equal(catalog->n_without, step->without);
}

static inline void run_step(struct ezlb_catalog *catalog, const struct step *step)
{
	struct ezlb_lastgood *store = catalog->lastgood;
	bool again = step->files[0] == '!';
	struct text got;
	char *log;

	if (again) {
		stop(catalog);
		start(catalog, store);
	}
	log = look(catalog, step->files + again);
	got = log_text(log);
	assert_step(catalog, step);
	assert_string_equal(got.s, step->log);
	free(log);
}

/* Judges one file; returns whether it was whole. */
static inline bool judge_one(struct ezlb_catalog *catalog, const char *path, const char *text)
{
	EZLB_AUTO_FREE char *name = ezlb_strdup(path), *bytes = ezlb_strdup(text);
	struct ezlb_file file = { .path = name,
				  .bytes = bytes,
				  .len = strlen(text),
				  .hash = ezlb_hash(text, strlen(text)) };
	const struct ezlb_files files = { .items = &file, .len = 1 };
	bool whole = false;

	ezlb_catalog_judge(catalog, &files, &whole);
	return whole;
}

/* How many results of ezlb_catalog_judge wait for an update. */
static inline size_t kept(struct ezlb_catalog *catalog)
{
	struct ezlb_parsed_files parsed = parsed_get(catalog);
	size_t n = parsed.len;

	parsed_put(catalog, &parsed);
	return n;
}
