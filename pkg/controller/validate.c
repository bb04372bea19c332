// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/controller.h>

#include <errno.h>
#include <stdio.h>

#include <ezlb/catalog.h>
#include <ezlb/config.h>
#include <ezlb/manifest.h>

#include "inputs.h"
#include "warn.h"

/* A service file, and where it begins; to say of a diagnostic what it is about. */
struct origin {
	char *file;	       /* owned */
	struct ezlb_mark from; /* 0:0: all of the file */
	char *inside;	       /* owned; NULL: it is the file itself */
	char *service;	       /* owned */
};

struct validation {
	const struct ezlb_validate_options *options;
	struct ezlb_validated *out;
	struct ezlb_batch batch;
	struct EZLB_VEC(struct origin) origins;
	bool *found; /* for each of options->configmaps */
};

/* --- where a diagnostic belongs ----------------------------------------------------------------
 */

static int mark_cmp(struct ezlb_mark a, struct ezlb_mark b)
{
	return a.line != b.line ? (a.line > b.line) - (a.line < b.line)
				: (a.col > b.col) - (a.col < b.col);
}

static int origin_cmp(const void *pa, const void *pb)
{
	const struct origin *a = pa, *b = pb;
	int rc = strcmp(a->file, b->file);

	return rc ? rc : mark_cmp(a->from, b->from);
}

/* "web" of "dir/web.yaml" */
static char *service_of(const char *file)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	const char *dot = strrchr(base, '.');

	return ezlb_strndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

static void belong(struct ezlb_diag *diag, const struct origin *origin)
{
	if (!diag->inside && origin->inside)
		diag->inside = ezlb_strdup(origin->inside);
	if (!diag->service)
		diag->service = ezlb_strdup(origin->service);
}

/*
 * `spec` is NULL if the file has errors; their places are sure to be its own. Those of conflicts
 * and warnings come later, and are found by their place.
 */
static void add_origin(struct validation *v, const char *file, struct ezlb_mark from,
		       const char *inside, struct ezlb_spec *spec, const char *name, size_t first)
{
	struct origin *origin = EZLB_PUSH(&v->origins);

	*origin = (struct origin){
		.file = ezlb_strdup(file),
		.from = from,
		.inside = inside ? ezlb_strdup(inside) : NULL,
		.service = spec ? ezlb_strdup(spec->name) : service_of(name),
	};
	for (size_t i = first; i < v->out->diags.len; i++)
		belong(&v->out->diags.items[i], origin);
}

/* The last origin that begins at or before the diagnostic. */
static const struct origin *origin_of(const struct validation *v, const struct ezlb_diag *diag)
{
	size_t low = 0, high = v->origins.len;
	const struct origin wanted = { .file = diag->file, .from = diag->at };

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (origin_cmp(&v->origins.items[middle], &wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || strcmp(v->origins.items[low - 1].file, diag->file) != 0)
		return NULL;
	return &v->origins.items[low - 1];
}

/* Of conflicts and warnings, which are the diagnostics from `first`. */
static void find_origins(struct validation *v, size_t first)
{
	EZLB_SORT(&v->origins, origin_cmp);
	for (size_t i = first; i < v->out->diags.len; i++) {
		const struct origin *origin = origin_of(v, &v->out->diags.items[i]);

		if (origin)
			belong(&v->out->diags.items[i], origin);
	}
}

/* --- service files -----------------------------------------------------------------------------
 */

static bool is_other(const struct ezlb_diags *diags, size_t first)
{
	return diags->len > first && diags->items[first].code == EZLB_E_OTHER;
}

/* A name under which `ezlb run` would read the file: "web.conf" could be "web.yaml". */
static char *readable_name(const struct input *input)
{
	const char *path = input->file.path, *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (input->stream)
		return ezlb_strdup("stdin.yaml");
	base += strspn(base, ".#");
	return ezlb_asprintf("%.*s.yaml", (int)strcspn(base, "."), base);
}

static void refuse_name(struct validation *v, const struct input *input, const char *base)
{
	bool hidden = base[0] == '.' || base[0] == '#';
	struct ezlb_diag *diag =
		ezlb_diags_add(&v->out->diags, input->file.path, (struct ezlb_mark){ 0 },
			       EZLB_E_IGNORED, "`ezlb run` ignores this file: its name %s",
			       hidden ? "begins with '.' or '#'" : "does not end in .yaml or .yml");

	diag->help = ezlb_strdup("rename it");
}

/* A pipe from a command that failed. */
static void refuse_nothing(struct validation *v, const char *path)
{
	struct ezlb_diag *diag = ezlb_diags_add(&v->out->diags, path, (struct ezlb_mark){ 1, 1 },
						EZLB_E_MISSING,
						"the file is empty: nothing came in");

	diag->help = ezlb_strdup("look whether the command before the pipe failed");
}

static void check_file(struct validation *v, const struct input *input)
{
	const struct ezlb_file *file = &input->file;
	const char *slash = strrchr(file->path, '/'), *base = slash ? slash + 1 : file->path;
	bool reads = !input->named || (!input->stream && ezlb_manifest_reads(base));
	EZLB_AUTO_FREE char *name = reads ? ezlb_strdup(file->path) : readable_name(input);
	struct ezlb_spec *spec = NULL;
	size_t first = v->out->diags.len;

	if (!file->bytes)
		ezlb_diags_add(&v->out->diags, file->path, (struct ezlb_mark){ 0, 0 }, EZLB_E_READ,
			       "%s", file->problem);
	else if (input->stream && file->len == 0)
		refuse_nothing(v, file->path);
	else
		spec = ezlb_config_parse_inset(file->path, name, file->bytes, file->len, NULL,
					       &v->out->diags);
	if (spec)
		*EZLB_PUSH(&v->batch.specs) = spec;
	if (!reads && !input->stream && !is_other(&v->out->diags, first))
		refuse_name(v, input, base);
	add_origin(v, file->path, (struct ezlb_mark){ 0 }, NULL, spec, name, first);
	v->out->n_files++;
}

/* --- manifests ---------------------------------------------------------------------------------
 */

static void check_key(struct validation *v, const char *path, const struct ezlb_lines *lines,
		      const struct ezlb_manifest_file *file)
{
	size_t first = v->out->diags.len;
	struct ezlb_inset inset = { .outer = lines, .start = file->value->at };
	struct ezlb_spec *spec;

	if (!file->bytes && file->len <= EZLB_FILE_MAX)
		ezlb_inset_make(&inset, lines, file->value);
	spec = ezlb_config_parse_inset(path, file->name,
				       file->bytes ? file->bytes : file->value->text, file->len,
				       &inset, &v->out->diags);
	ezlb_inset_clear(&inset);
	if (spec)
		*EZLB_PUSH(&v->batch.specs) = spec;
	add_origin(v, path, file->value->at, file->where, spec, file->name, first);
	v->out->n_files++;
}

/* Moves the texts. */
static void move_names(struct ezlb_names *to, struct ezlb_manifest_names *from)
{
	for (size_t i = 0; i < from->len; i++)
		*EZLB_PUSH(to) = from->items[i];
	from->len = 0;
}

static void find_asked(struct validation *v, const struct ezlb_manifest_names *taken)
{
	for (size_t i = 0; i < v->options->n_configmaps; i++)
		for (size_t k = 0; k < taken->len && !v->found[i]; k++)
			v->found[i] = ezlb_manifest_names_it(v->options->configmaps[i],
							     taken->items[k]);
}

static bool is_full(const struct validation *v)
{
	v->out->stopped |= v->out->diags.len >= EZLB_VALIDATE_MAX;
	return v->out->stopped;
}

/* "{{ .Values.x }}" on a line with an error: the file is no manifest yet. */
static void help_template(struct ezlb_diags *diags, size_t first)
{
	for (size_t i = first; i < diags->len; i++) {
		struct ezlb_diag *diag = &diags->items[i];

		if (!diag->source || !strstr(diag->source, "{{"))
			continue;
		free(diag->help);
		diag->help = ezlb_strdup("check what the template renders, for example "
					 "`helm template CHART | ezlb check -`");
	}
}

static void check_manifest(struct validation *v, const struct ezlb_file *file)
{
	struct ezlb_manifest manifest;
	size_t first = v->out->diags.len;

	ezlb_manifest_read(&manifest, file->path, file->bytes, file->len, v->options->configmaps,
			   v->options->n_configmaps, &v->out->diags);
	help_template(&v->out->diags, first);
	for (size_t i = 0; i < manifest.files.len && !is_full(v); i++)
		check_key(v, file->path, &manifest.lines, &manifest.files.items[i]);
	find_asked(v, &manifest.taken);
	v->out->n_objects += manifest.n_others;
	move_names(&v->out->passed, &manifest.passed);
	move_names(&v->out->ignored, &manifest.ignored);
	ezlb_manifest_clear(&manifest);
}

/* --- all ---------------------------------------------------------------------------------------
 */

static void check_input(struct validation *v, const struct input *input)
{
	v->out->manifest_dir |= input->manifest && !input->named;
	if (input->manifest)
		check_manifest(v, &input->file);
	else
		check_file(v, input);
}

static int check_all(struct validation *v, const struct inputs *inputs, struct ezlb_err *err)
{
	size_t first;

	for (size_t i = 0; i < inputs->len && !is_full(v); i++)
		check_input(v, &inputs->items[i]);
	first = v->out->diags.len;
	ezlb_batch_merge(&v->batch, ezlb_snat_driver_key(v->options->driver), &v->out->diags);
	warn_of(&v->batch.desired, &v->out->diags);
	find_origins(v, first);
	ezlb_diags_sort(&v->out->diags);
	for (size_t i = 0; i < v->options->n_configmaps; i++)
		if (!v->found[i] && !v->out->stopped)
			return ezlb_err_set(err, ENOENT, "there is no ConfigMap %s",
					    v->options->configmaps[i]);
	return 0;
}

static void clear(struct validation *v)
{
	for (size_t i = 0; i < v->origins.len; i++) {
		free(v->origins.items[i].file);
		free(v->origins.items[i].inside);
		free(v->origins.items[i].service);
	}
	EZLB_VEC_CLEAR(&v->origins);
	ezlb_batch_clear(&v->batch);
	free(v->found);
}

int ezlb_controller_validate(const struct ezlb_validate_options *options,
			     struct ezlb_validated *out, struct ezlb_err *err)
{
	struct validation v = { .options = options, .out = out };
	struct inputs inputs = { 0 };
	int rc;

	*out = (struct ezlb_validated){ .n_files = 0 };
	v.found = ezlb_calloc(options->n_configmaps + 1, sizeof(*v.found));
	rc = inputs_read(options, &inputs, &out->ignored, err);
	if (rc == 0)
		rc = check_all(&v, &inputs, err);
	clear(&v);
	inputs_clear(&inputs);
	return rc;
}

static void clear_names(struct ezlb_names *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->items[i]);
	EZLB_VEC_CLEAR(names);
}

void ezlb_validated_clear(struct ezlb_validated *validated)
{
	ezlb_diags_clear(&validated->diags);
	clear_names(&validated->passed);
	clear_names(&validated->ignored);
}
