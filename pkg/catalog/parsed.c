// SPDX-License-Identifier: GPL-2.0-or-later
#include "parsed.h"

#include <ezlb/config.h>

#define KEPT_MAX 20000 /* the files of two full directories */

static int parsed_cmp(const void *a, const void *b)
{
	const struct ezlb_parsed_file *x = a, *y = b;
	int rc = strcmp(x->path, y->path);

	if (rc == 0)
		rc = (x->len > y->len) - (x->len < y->len);
	return rc ? rc : (x->hash > y->hash) - (x->hash < y->hash);
}

struct ezlb_parsed_file *parsed_room(struct ezlb_catalog *catalog, size_t n)
{
	struct ezlb_parsed_files *parsed = &catalog->parsed;
	struct ezlb_parsed_file *first;

	/* Bounds the memory: a file that is rewritten and never valid leads to no update. */
	if (parsed->len > 0 && parsed->len + n > KEPT_MAX) {
		parsed_clear(parsed);
		catalog->ahead = 0;
	}
	first = EZLB_ROOM(parsed, n);
	if (n > 0)
		memset(first, 0, n * sizeof(*first));
	parsed->len += n;
	return first;
}

bool ezlb_catalog_is_whole(struct ezlb_catalog *catalog, const char *path, const char *bytes,
			   size_t len)
{
	uint64_t hash = ezlb_hash(bytes, len);
	struct ezlb_parsed_file *file;

	if (catalog->ahead < catalog->parsed.len) {
		file = &catalog->parsed.items[catalog->ahead];
		if (file->hash == hash && file->len == len && strcmp(file->path, path) == 0) {
			catalog->ahead++;
			return file->spec != NULL;
		}
	}
	file = parsed_room(catalog, 1);
	file->path = ezlb_strdup(path);
	file->len = len;
	file->hash = hash;
	file->spec = ezlb_config_parse(path, bytes, len, &file->diags);
	return file->spec != NULL;
}

void parsed_sort(struct ezlb_parsed_files *parsed)
{
	EZLB_SORT(parsed, parsed_cmp);
}

struct ezlb_spec *parsed_take(struct ezlb_parsed_files *parsed, const struct ezlb_file *file,
			      struct ezlb_diags *diags, uint64_t *meaning)
{
	const struct ezlb_parsed_file key = { .path = file->path,
					      .len = file->len,
					      .hash = file->hash };
	struct ezlb_parsed_file *found = EZLB_FIND(parsed, &key, parsed_cmp);
	struct ezlb_spec *spec;

	*meaning = 0;
	if (!found || (!found->spec && found->diags.len == 0)) /* none, or taken before */
		return ezlb_config_parse(file->path, file->bytes, file->len, diags);
	spec = found->spec;
	found->spec = NULL;
	*meaning = found->meaning;
	ezlb_diags_copy(diags, found->diags.items, found->diags.len);
	ezlb_diags_clear(&found->diags);
	return spec;
}

void parsed_clear(struct ezlb_parsed_files *parsed)
{
	for (size_t i = 0; i < parsed->len; i++) {
		free(parsed->items[i].path);
		ezlb_spec_free(parsed->items[i].spec);
		ezlb_diags_clear(&parsed->items[i].diags);
	}
	EZLB_VEC_CLEAR(parsed);
}
