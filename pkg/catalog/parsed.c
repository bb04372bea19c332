// SPDX-License-Identifier: GPL-2.0-or-later
#include "parsed.h"

#include <stdatomic.h>

#include <ezlb/config.h>
#include <ezlb/duration.h>

/* Bound the memory: a file that is rewritten and never valid leads to no update. */
#define KEPT_MAX   20000	      /* the files of two full directories */
#define KEPT_BYTES (64 * 1024 * 1024) /* of these files */
#define KEPT_MS	   60000	      /* a content waits for 1 s, on a busy machine longer */

/* The newest result of a file comes first. */
static int parsed_cmp(const void *a, const void *b)
{
	const struct ezlb_parsed_file *x = a, *y = b;
	int rc = strcmp(x->path, y->path);

	return rc ? rc : x->older - y->older;
}

static int path_cmp(const void *a, const void *b)
{
	const struct ezlb_parsed_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void result_clear(struct ezlb_parsed_file *result)
{
	free(result->path);
	if (result->taken)
		return;
	ezlb_spec_free(result->spec);
	ezlb_diags_clear(&result->diags);
}

void parsed_clear(struct ezlb_parsed_files *parsed)
{
	for (size_t i = 0; i < parsed->len; i++)
		result_clear(&parsed->items[i]);
	EZLB_VEC_CLEAR(parsed);
}

/* Drops the results that `drop` names. */
static void keep_others(struct ezlb_parsed_files *parsed,
			bool (*drop)(const struct ezlb_parsed_files *parsed, size_t i, size_t kept))
{
	size_t kept = 0;

	for (size_t i = 0; i < parsed->len; i++) {
		if (drop(parsed, i, kept))
			result_clear(&parsed->items[i]);
		else
			parsed->items[kept++] = parsed->items[i];
	}
	parsed->len = kept;
	if (kept == 0)
		EZLB_VEC_CLEAR(parsed);
}

/* The newest one was kept just before. */
static bool is_older(const struct ezlb_parsed_files *parsed, size_t i, size_t kept)
{
	return kept > 0 && path_cmp(&parsed->items[kept - 1], &parsed->items[i]) == 0;
}

static bool is_useless(const struct ezlb_parsed_files *parsed, size_t i, size_t kept)
{
	const struct ezlb_parsed_file *result = &parsed->items[i];

	(void)kept;
	return result->taken || ezlb_now_ms() - result->at > KEPT_MS;
}

void parsed_sort(struct ezlb_parsed_files *parsed)
{
	EZLB_SORT(parsed, parsed_cmp);
	keep_others(parsed, is_older);
}

void parsed_tidy(struct ezlb_parsed_files *parsed)
{
	keep_others(parsed, is_useless);
}

struct ezlb_spec *parsed_take(struct ezlb_parsed_files *parsed, const struct ezlb_file *file,
			      struct ezlb_diags *diags, uint64_t *meaning)
{
	const struct ezlb_parsed_file key = { .path = file->path };
	struct ezlb_parsed_file *found = EZLB_FIND(parsed, &key, path_cmp);

	*meaning = 0;
	if (!found || found->taken || found->len != file->len || found->hash != file->hash)
		return ezlb_config_parse(file->path, file->bytes, file->len, diags);
	found->taken = true;
	*meaning = found->meaning;
	EZLB_VEC_APPEND(diags, &found->diags);
	EZLB_VEC_CLEAR(&found->diags);
	return found->spec;
}

struct ezlb_parsed_files parsed_get(struct ezlb_catalog *catalog)
{
	EZLB_AUTO_FREE struct ezlb_parsed_files *found =
		atomic_exchange(&catalog->parsed, (struct ezlb_parsed_files *)NULL);

	return found ? *found : (struct ezlb_parsed_files){ 0 };
}

void parsed_put(struct ezlb_catalog *catalog, struct ezlb_parsed_files *parsed)
{
	struct ezlb_parsed_files *box = NULL, *other;

	if (parsed->len > 0) {
		box = ezlb_calloc(1, sizeof(*box));
		*box = *parsed;
	}
	other = atomic_exchange(&catalog->parsed, box);
	if (other)
		parsed_clear(other);
	free(other);
}

/* Whether there would be too many results with these. */
static bool is_much(const struct ezlb_parsed_files *parsed, const struct ezlb_files *more)
{
	size_t bytes = 0;

	for (size_t i = 0; i < parsed->len; i++)
		bytes += parsed->items[i].len;
	for (size_t i = 0; i < more->len; i++)
		bytes += more->items[i].len;
	return parsed->len + more->len > KEPT_MAX || bytes > KEPT_BYTES;
}

void ezlb_catalog_judge(struct ezlb_catalog *catalog, const struct ezlb_files *files, bool *whole)
{
	struct ezlb_parsed_files parsed = parsed_get(catalog);
	size_t first;

	if (is_much(&parsed, files))
		parsed_clear(&parsed);
	for (size_t i = 0; i < parsed.len; i++)
		parsed.items[i].older = true;
	first = parsed.len;
	parsed_add(&parsed, files);
	for (size_t i = 0; i < files->len; i++)
		whole[i] = parsed.items[first + i].spec != NULL;
	parsed_sort(&parsed);
	parsed_put(catalog, &parsed);
}
