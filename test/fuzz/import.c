// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configurations of other balancers, in the format that ezlb guesses: service files that are
 * valid, or reasons. An include of keepalived has the input itself, a few times.
 */
#include "specs.h"

#include <errno.h>

#include <ezlb/import.h>

#define INCLUDES_MAX 4

struct source {
	const uint8_t *data;
	size_t size;
	unsigned includes;
};

static int on_include(void *ctx, const char *from, const char *pattern,
		      struct ezlb_import_includes *out, struct ezlb_err *err)
{
	struct source *source = ctx;
	struct ezlb_import_include *file;

	FUZZ_CHECK(from && pattern);
	if (++source->includes > INCLUDES_MAX)
		return ezlb_err_set(err, EACCES, "Permission denied");
	file = EZLB_PUSH(out);
	file->file = ezlb_strdup(pattern);
	file->text = fuzz_bytes(source->data, source->size);
	file->len = source->size;
	return 0;
}

static void check_import(const struct ezlb_import *import)
{
	for (size_t i = 0; i < import->notes.len; i++) {
		const struct ezlb_import_note *note = &import->notes.items[i];

		/* Advice about the whole configuration has no place. */
		FUZZ_CHECK(note->at.line >= 1 ||
			   (note->fate == EZLB_IMPORT_ADVICE && !note->service[0]));
		FUZZ_CHECK(note->file && note->text[0]);
		FUZZ_CHECK(!strpbrk(note->text, "\n\t\033"));
	}
	for (size_t i = 0; i < import->specs.len; i++) {
		const struct ezlb_spec *spec = import->specs.items[i];
		char *text = ezlb_import_text(import, spec);
		struct ezlb_diags diags = { 0 };
		struct ezlb_spec *again = ezlb_config_parse("a.yaml", text, strlen(text), &diags);

		FUZZ_CHECK(again && diags.len == 0);
		FUZZ_CHECK(strcmp(again->name, spec->name) == 0);
		FUZZ_CHECK(again->n_backends == spec->n_backends);
		for (size_t j = 0; j < i; j++)
			FUZZ_CHECK(strcmp(import->specs.items[j]->name, spec->name) != 0);
		ezlb_spec_free(again);
		free(text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source = { data, size, 0 };
	struct ezlb_import import = { .include = on_include, .ctx = &source };
	char *bytes = fuzz_bytes(data, size);
	enum ezlb_import_format format = ezlb_import_guess(bytes, size);
	bool fine;

	if (format == EZLB_IMPORT_UNKNOWN)
		format = (enum ezlb_import_format)(1 + size % (EZLB_IMPORT_FORMATS - 1));
	fine = ezlb_import_read(&import, format, "in", bytes, size);
	FUZZ_CHECK(fine || import.diags.len > 0);
	fine = ezlb_import_finish(&import);
	FUZZ_CHECK(fine == (import.diags.len == 0));
	for (size_t i = 0; i < import.diags.len; i++)
		FUZZ_CHECK(import.diags.items[i].at.line >= 1);
	check_import(&import);
	ezlb_import_clear(&import);
	free(bytes);
	return 0;
}
