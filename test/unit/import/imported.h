/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * imported: files of test/data/import through an importer, and the result as one text: errors,
 * notes and service files. EZLB_GOLDEN=write writes the results anew.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>

#include <ezlb/config.h>
#include <ezlb/import.h>

#include "bytes.h"

#define IMPORT_DATA TEST_DATA "/import/"

/* Names of files begin behind the directory of the data. */
static inline int import_include(void *ctx, const char *from, const char *pattern,
				 struct ezlb_import_includes *out, struct ezlb_err *err)
{
	char path[1024], dir[512];
	glob_t found;

	(void)ctx;
	if (pattern[0] == '/')
		return ezlb_err_set(err, EACCES, "Permission denied");
	snprintf(dir, sizeof(dir), "%s", from);
	snprintf(path, sizeof(path), IMPORT_DATA "%s/%s", dirname(dir), pattern);
	if (glob(path, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct ezlb_import_include *file = EZLB_PUSH(out);

		file->file = ezlb_strdup(found.gl_pathv[i] + strlen(IMPORT_DATA));
		file->text = slurp_bytes(found.gl_pathv[i], &file->len);
	}
	globfree(&found);
	return 0;
}

/* Each service file must be valid, and say what its spec says. */
static inline void import_check_specs(const struct ezlb_import *import)
{
	for (size_t i = 0; i < import->specs.len; i++) {
		const struct ezlb_spec *spec = import->specs.items[i];
		struct ezlb_diags diags = { 0 };
		char *text = ezlb_import_text(import, spec);
		char *name = ezlb_asprintf("%s.yaml", spec->name);
		struct ezlb_spec *again = ezlb_config_parse(name, text, strlen(text), &diags);

		if (!again)
			fail_msg("%s is not valid: %s\n%s", spec->file, diags.items[0].message,
				 text);
		assert_string_equal(again->name, spec->name);
		assert_int_equal(again->n_backends, spec->n_backends);
		assert_int_equal(again->n_listeners, spec->n_listeners);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(import->specs.items[j]->name, spec->name);
		ezlb_spec_free(again);
		ezlb_diags_clear(&diags);
		free(name);
		free(text);
	}
}

/* All of it; the caller frees. */
static inline char *import_result(struct ezlb_import *import)
{
	static const char *const fates[] = { "changed", "dropped", "advice" };
	struct ezlb_text out = { 0 };
	size_t len;

	for (size_t i = 0; i < import->diags.len; i++) {
		char *line = ezlb_diag_line(&import->diags.items[i]);

		assert_true(import->diags.items[i].at.line >= 1);
		ezlb_text_printf(&out, "%s\n", line);
		free(line);
	}
	for (size_t i = 0; i < import->notes.len; i++) {
		const struct ezlb_import_note *note = &import->notes.items[i];

		assert_true(note->at.line >= 1 && !strpbrk(note->text, "\n\t\033"));
		ezlb_text_printf(&out, "%s:%d: %s: %s%s%s\n", note->file, note->at.line,
				 fates[note->fate], note->service, note->service[0] ? ": " : "",
				 note->text);
	}
	for (size_t i = 0; i < import->specs.len; i++) {
		char *text = ezlb_import_text(import, import->specs.items[i]);

		ezlb_text_printf(&out, "--- %s.yaml\n", import->specs.items[i]->name);
		for (char *p = text; *p; p += strcspn(p, "\n"), p += *p != '\0')
			if (*p != '#')
				ezlb_text_printf(&out, "%.*s\n", (int)strcspn(p, "\n"), p);
		free(text);
	}
	return ezlb_text_take(&out, &len);
}

/* The file IMPORT_DATA/dir/NAME.suffix must become what NAME.out has. */
static inline void import_golden(enum ezlb_import_format format, const char *dir, const char *name,
				 bool good)
{
	struct ezlb_import import = { .include = import_include };
	char path[512], file[400];
	size_t len;
	char *text, *got;

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	snprintf(path, sizeof(path), IMPORT_DATA "%s", file);
	text = slurp_bytes(path, &len);
	if (ezlb_import_read(&import, format, file, text, len) != good)
		fail_msg("%s: %s", file,
			 good ? ezlb_diag_line(&import.diags.items[0]) : "no error");
	free(text);
	ezlb_import_finish(&import);
	got = import_result(&import);
	snprintf(path, sizeof(path), IMPORT_DATA "%s/%.*s.out", dir, (int)strcspn(name, "."), name);
	golden_compare(path, got);
	import_check_specs(&import);
	free(got);
	ezlb_import_clear(&import);
}

static inline int import_is_input(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && entry->d_name[0] != '.' && strcmp(dot, ".out") != 0;
}

static inline void import_golden_dir(enum ezlb_import_format format, const char *dir, bool good)
{
	struct dirent **entries;
	char path[512];
	int n;

	snprintf(path, sizeof(path), IMPORT_DATA "%s", dir);
	n = scandir(path, &entries, import_is_input, alphasort);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		import_golden(format, dir, entries[i]->d_name, good);
		free(entries[i]);
	}
	free(entries);
}
