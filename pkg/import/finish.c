// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing is written that `ezlb check` would refuse. */
#include <ezlb/import.h>

#include <stdio.h>

#include <ezlb/config.h>
#include <ezlb/desired.h>

static int by_place(const void *pa, const void *pb)
{
	const struct ezlb_import_note *a = pa, *b = pb;
	int rc = strcmp(a->file, b->file);

	if (rc == 0)
		rc = ezlb_mark_cmp(a->at, b->at);
	if (rc == 0)
		rc = strcmp(a->service, b->service);
	return rc ? rc : strcmp(a->text, b->text);
}

static int by_name(const void *pa, const void *pb)
{
	const struct ezlb_spec *a = *(struct ezlb_spec *const *)pa;
	const struct ezlb_spec *b = *(struct ezlb_spec *const *)pb;

	return strcmp(a->name, b->name);
}

/* What is wrong with the text of a spec, told at the spec's place in the input. */
static void report(struct ezlb_import *import, const struct ezlb_spec *spec,
		   const struct ezlb_diag *found)
{
	struct ezlb_diag *diag =
		ezlb_diags_add(&import->diags, spec->file ? spec->file : spec->name, spec->name_at,
			       found->code, "service %s: %s", spec->name, found->message);

	if (found->help)
		diag->help = ezlb_strdup(found->help);
}

/* The spec that ezlb would make of the file; NULL: it would refuse it. */
static struct ezlb_spec *parse_again(struct ezlb_import *import, const struct ezlb_spec *spec)
{
	EZLB_AUTO_FREE char *text = ezlb_import_text(import, spec);
	EZLB_AUTO_FREE char *file = ezlb_asprintf("%s.yaml", spec->name);
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *again = ezlb_config_parse(file, text, strlen(text), &diags);

	for (size_t i = 0; i < diags.len; i++)
		report(import, spec, &diags.items[i]);
	ezlb_diags_clear(&diags);
	return again;
}

/* Conflicts between the files. The first in the input keeps the claim. */
static void merge(struct ezlb_import *import, struct ezlb_candidate *candidates)
{
	struct ezlb_desired desired = { 0 };
	struct ezlb_diags diags = { 0 };

	ezlb_desired_merge(candidates, import->specs.len, EZLB_SNAT_KEY_LISTENER, &desired, &diags);
	for (size_t i = 0; i < diags.len; i++)
		for (size_t j = 0; j < import->specs.len; j++)
			if (candidates[j].fresh &&
			    strcmp(candidates[j].fresh->file, diags.items[i].file) == 0)
				report(import, import->specs.items[j], &diags.items[i]);
	ezlb_diags_clear(&diags);
	EZLB_VEC_CLEAR(&desired);
}

/* Keeps the specs whose files are fine. */
static void keep(struct ezlb_import *import, const struct ezlb_candidate *candidates)
{
	size_t kept = 0;

	for (size_t i = 0; i < import->specs.len; i++)
		if (candidates[i].chosen)
			import->specs.items[kept++] = import->specs.items[i];
		else
			ezlb_spec_free(import->specs.items[i]);
	import->specs.len = kept;
}

bool ezlb_import_finish(struct ezlb_import *import)
{
	size_t n = import->specs.len;
	struct ezlb_candidate *candidates = ezlb_calloc(n, sizeof(*candidates));
	struct ezlb_spec **parsed = ezlb_calloc(n, sizeof(struct ezlb_spec *));

	EZLB_SORT(&import->notes, by_place);
	for (size_t i = 0; i < n; i++)
		candidates[i].fresh = parsed[i] = parse_again(import, import->specs.items[i]);
	merge(import, candidates);
	keep(import, candidates);
	for (size_t i = 0; i < n; i++)
		ezlb_spec_free(parsed[i]);
	free(parsed);
	free(candidates);
	EZLB_SORT(&import->specs, by_name);
	ezlb_diags_sort(&import->diags);
	return import->diags.len == 0;
}
