// SPDX-License-Identifier: GPL-2.0-or-later
#include "settle.h"

#include <fcntl.h>

static int file_cmp(const void *a, const void *b)
{
	const struct ezlb_file *left = a, *right = b;

	return strcmp(left->path, right->path);
}

/* The same directory under an earlier name; each of its files would conflict with itself. */
static bool is_repeated(const struct watch_settle *settles, size_t i)
{
	for (size_t j = 0; j < i && settles[i].seen; j++)
		if (settles[j].seen && settles[j].dev == settles[i].dev &&
		    settles[j].ino == settles[i].ino)
			return true;
	return false;
}

static char *copy_text(const char *text)
{
	return text ? ezlb_strdup(text) : NULL;
}

static void copy_file(const struct ezlb_file *file, struct ezlb_file *out)
{
	out->path = ezlb_strdup(file->path);
	out->problem = copy_text(file->problem);
	out->passing = file->passing;
	out->len = file->len;
	out->hash = file->hash;
	if (file->bytes) {
		out->bytes = ezlb_calloc(1, file->len + 1);
		memcpy(out->bytes, file->bytes, file->len);
	}
}

static void collect_files(const struct watch_settle *settle, struct ezlb_files *out)
{
	for (size_t i = 0; i < settle->entries.len; i++)
		if (settle->entries.items[i].counts.kind != WATCH_ABSENT)
			copy_file(&settle->entries.items[i].file, EZLB_PUSH(out));
}

void watch_collect(const struct watch_settle *settles, size_t n, struct ezlb_snapshot *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n; i++) {
		struct ezlb_dir *dir = EZLB_PUSH(&out->dirs);

		dir->path = ezlb_strdup(settles[i].path);
		dir->frozen = settles[i].problem != NULL;
		dir->problem = copy_text(settles[i].problem);
		dir->configmap = settles[i].configmap;
		if (!is_repeated(settles, i))
			collect_files(&settles[i], &out->files);
	}
	EZLB_SORT(&out->files, file_cmp);
}

static void mix(uint64_t *print, uint64_t value)
{
	uint64_t pair[2] = { *print, value };

	*print = ezlb_hash(pair, sizeof(pair));
}

static void mix_text(uint64_t *print, const char *text)
{
	mix(print, text ? ezlb_hash(text, strlen(text)) : 0);
}

uint64_t watch_fingerprint(const struct watch_settle *settles, size_t n)
{
	uint64_t print = 0;

	for (size_t i = 0; i < n; i++) {
		const struct watch_settle *settle = &settles[i];

		mix_text(&print, settle->problem);
		mix(&print, settle->configmap);
		mix(&print, is_repeated(settles, i));
		for (size_t k = 0; k < settle->entries.len; k++) {
			const struct watch_entry *entry = &settle->entries.items[k];

			if (entry->counts.kind == WATCH_ABSENT)
				continue;
			mix_text(&print, entry->file.path);
			mix(&print, entry->counts.print);
		}
	}
	return print;
}

void ezlb_scan(const char *const *dirs, size_t n, struct ezlb_snapshot *out)
{
	struct watch_settle *settles = ezlb_calloc(n, sizeof(*settles));

	for (size_t i = 0; i < n; i++) {
		struct watch_look look;

		watch_look(dirs[i], &look);
		watch_settle_init(&settles[i], dirs[i]);
		watch_settle_take(&settles[i], &look, 0);
		watch_look_clear(&look);
	}
	watch_collect(settles, n, out);
	for (size_t i = 0; i < n; i++)
		watch_settle_clear(&settles[i]);
	free(settles);
}

int ezlb_scan_file(const char *path, struct ezlb_snapshot *out)
{
	struct ezlb_file file = { .path = NULL };
	int rc = watch_file_read(AT_FDCWD, path, &file);

	if (rc < 0)
		return rc;
	file.path = ezlb_strdup(path);
	*EZLB_PUSH(&out->files) = file;
	return 0;
}
