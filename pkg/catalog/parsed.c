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

bool ezlb_catalog_is_whole(struct ezlb_catalog *catalog, const char *path, const char *bytes,
			   size_t len)
{
	struct ezlb_parsed_file *file;

	/* Bounds the memory: a file that is rewritten and never valid leads to no update. */
	if (catalog->parsed.len >= KEPT_MAX)
		parsed_clear(&catalog->parsed);
	file = EZLB_PUSH(&catalog->parsed);
	file->path = ezlb_strdup(path);
	file->len = len;
	file->hash = ezlb_hash(bytes, len);
	file->spec = ezlb_config_parse(path, bytes, len, &file->diags);
	return file->spec != NULL;
}

void parsed_sort(struct ezlb_parsed_files *parsed)
{
	EZLB_SORT(parsed, parsed_cmp);
}

struct ezlb_spec *parsed_take(struct ezlb_parsed_files *parsed, const struct ezlb_file *file,
			      struct ezlb_diags *diags)
{
	const struct ezlb_parsed_file key = { .path = file->path,
					      .len = file->len,
					      .hash = file->hash };
	struct ezlb_parsed_file *found = EZLB_FIND(parsed, &key, parsed_cmp);
	struct ezlb_spec *spec;

	if (!found || (!found->spec && found->diags.len == 0)) /* none, or taken before */
		return ezlb_config_parse(file->path, file->bytes, file->len, diags);
	spec = found->spec;
	found->spec = NULL;
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
