// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/snapshot.h>

void ezlb_file_clear(struct ezlb_file *file)
{
	free(file->path);
	free(file->bytes);
	free(file->problem);
	memset(file, 0, sizeof(*file));
}

int ezlb_file_cmp(const void *a, const void *b)
{
	const struct ezlb_file *left = a, *right = b;

	return strcmp(left->path, right->path);
}

void ezlb_snapshot_clear(struct ezlb_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->files.len && !snapshot->borrowed; i++)
		ezlb_file_clear(&snapshot->files.items[i]);
	for (size_t i = 0; i < snapshot->dirs.len && !snapshot->borrowed; i++) {
		free(snapshot->dirs.items[i].path);
		free(snapshot->dirs.items[i].problem);
	}
	EZLB_VEC_CLEAR(&snapshot->files);
	EZLB_VEC_CLEAR(&snapshot->dirs);
}
