// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <ezlb/utf8.h>

#include "cmd.h"
#include "import_files.h"

/* Text of the files goes to a terminal. */
static void put_plain(FILE *to, char *text)
{
	ezlb_utf8_plain(text, true);
	fputs(text, to);
	free(text);
}

static void print_diags(const struct ezlb_diags *diags)
{
	for (size_t i = 0; i < diags->len; i++)
		put_plain(stderr, ezlb_diag_text(&diags->items[i]));
}

/* "FILE:LINE: SERVICE: SETTING: what became of it" */
static void print_note(const struct ezlb_import_note *note)
{
	EZLB_AUTO_FREE char *text = NULL;
	char line[16] = "";

	if (note->at.line > 0)
		snprintf(line, sizeof(line), ":%d", note->at.line);
	text = ezlb_asprintf("%s%s: %s%s%s", note->file, line, note->service,
			     note->service[0] ? ": " : "", note->text);
	ezlb_utf8_plain(text, false);
	fprintf(stderr, "%s\n", text);
}

static void print_notes(const struct ezlb_import *import)
{
	for (size_t i = 0; i < import->notes.len; i++)
		if (import->notes.items[i].fate != EZLB_IMPORT_ADVICE ||
		    !import->notes.items[i].service[0])
			print_note(&import->notes.items[i]);
}

static size_t count(const struct ezlb_import *import, enum ezlb_import_fate fate)
{
	size_t n = 0;

	for (size_t i = 0; i < import->notes.len; i++)
		n += import->notes.items[i].fate == fate;
	return n;
}

static void print_summary(const struct ezlb_import *import, const char *dir)
{
	size_t changed = count(import, EZLB_IMPORT_CHANGED);
	size_t dropped = count(import, EZLB_IMPORT_DROPPED);

	printf("%zu service file%s written to %s", import->specs.len,
	       import->specs.len == 1 ? "" : "s", dir);
	if (dropped > 0)
		printf(", %zu setting%s ha%s no counterpart", dropped, dropped == 1 ? "" : "s",
		       dropped == 1 ? "s" : "ve");
	if (changed > 0)
		printf(", %zu changed", changed);
	printf("\n");
	if (import->diags.len > 0)
		printf("NOT everything: %zu error%s above, and their services are missing\n",
		       import->diags.len, import->diags.len == 1 ? " is" : "s are");
}

/* One file alone is a service file; several are a stream of documents, which ezlb refuses. */
static void print_files(const struct ezlb_import *import)
{
	for (size_t i = 0; i < import->specs.len; i++) {
		EZLB_AUTO_FREE char *text = ezlb_import_text(import, import->specs.items[i]);

		printf("%s# ---- %s.yaml\n%s", i > 0 ? "---\n" : "", import->specs.items[i]->name,
		       text);
	}
	if (import->diags.len > 0)
		printf("# ---- NOT everything: services with an error are missing\n");
}

static int unknown(const char *file, size_t len)
{
	struct ezlb_err err;

	if (len == 0)
		ezlb_err_set(&err, EINVAL, "%s is empty", file);
	else
		ezlb_err_set(&err, EINVAL,
			     "cannot tell what %s is; name it with --from: go (an ezlb.yaml with "
			     "services:), ipvsadm (the output of `ipvsadm -Sn`), keepalived "
			     "(keepalived.conf) or kubernetes (Services)",
			     file);
	return cmd_fail(&err);
}

/* Returns the exit status. */
static int read_one(struct ezlb_import *import, enum ezlb_import_format format, const char *path)
{
	const char *file = strcmp(path, IMPORT_STDIN) == 0 ? "stdin" : path;
	EZLB_AUTO_FREE char *text = NULL;
	struct ezlb_err err;
	size_t len;

	if (import_file_read(path, &text, &len, &err) < 0)
		return cmd_fail(&err);
	if (format == EZLB_IMPORT_UNKNOWN)
		format = ezlb_import_guess(text, len);
	if (format == EZLB_IMPORT_UNKNOWN)
		return unknown(file, len);
	return ezlb_import_read(import, format, file, text, len) ? 0 : 1;
}

/* `status`: what is wrong so far has been told. */
static int write_files(const struct ezlb_import *import, const char *dir, int status)
{
	struct ezlb_err err;

	if (import->specs.len == 0 && status != 0)
		return status;
	if (import->specs.len == 0) {
		ezlb_err_set(&err, ENOENT, "there is no service to write");
		return cmd_fail(&err);
	}
	if (!dir) {
		print_files(import);
		return 0;
	}
	if (import_files_write(import, dir, &err) < 0)
		return cmd_fail(&err);
	print_summary(import, dir);
	return 0;
}

int cmd_import(const struct flags *flags)
{
	struct ezlb_import import = { .include = import_file_include };
	int status = 0;

	if (flags->n_args == 0) {
		fprintf(stderr, "ezlb: import needs a FILE, or - for standard input\n");
		return EXIT_USAGE;
	}
	for (int i = 0; i < flags->n_args; i++)
		status |= read_one(&import, flags->from, flags->args[i]);
	if (!ezlb_import_finish(&import))
		status = 1;
	print_diags(&import.diags);
	print_notes(&import);
	status |= write_files(&import, flags->output_dir, status);
	ezlb_import_clear(&import);
	return status;
}
