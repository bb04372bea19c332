// SPDX-License-Identifier: GPL-2.0-or-later
#include "candidate.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

/* --- what is in force ---------------------------------------------------------------------- */

/*
 * The path in the first line, behind the hash of the bytes. The caller frees; NULL: there is none.
 * O_NONBLOCK: a FIFO of that name must not hang us.
 */
static char *path_in(const char *stored)
{
	int fd = open(stored, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	EZLB_AUTO_FREE char *line = NULL;
	size_t cap = 0;
	ssize_t len = file ? getline(&line, &cap, file) : -1;
	const char *space = len > 0 ? strchr(line, ' ') : NULL;

	if (file)
		fclose(file);
	if (!space || line[len - 1] != '\n')
		return NULL;
	return ezlb_strndup(space + 1, (size_t)(line + len - 1 - (space + 1)));
}

static void read_stored(const struct lastgood *lastgood, const char *name,
			struct ezlb_snapshot *out)
{
	EZLB_AUTO_FREE char *stored = ezlb_asprintf("%s/%s", lastgood->dir, name);
	char *path = path_in(stored);
	size_t len = 0;
	char *bytes = path ? lastgood_read(lastgood, path, &len) : NULL;
	struct ezlb_file *file;

	if (!bytes) {
		free(path);
		return;
	}
	file = EZLB_PUSH(&out->files);
	file->path = path;
	file->bytes = bytes;
	file->len = len;
	file->hash = ezlb_hash(bytes, len);
}

static void read_all(const struct lastgood *lastgood, struct ezlb_snapshot *out)
{
	DIR *dir = lastgood && lastgood->dir ? opendir(lastgood->dir) : NULL;
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (strchr(entry->d_name, '-')) /* HASH-NAME; "new" is what a kill has left */
			read_stored(lastgood, entry->d_name, out);
	closedir(dir);
}

/* --- what stands for what ------------------------------------------------------------------ */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	return strncmp(path, dir, len) == 0 && base_of(path) == path + len + (len > 1);
}

static bool any_in(const struct ezlb_files *files, const char *const *dirs, size_t n_dirs)
{
	for (size_t i = 0; i < files->len; i++)
		for (size_t k = 0; k < n_dirs; k++)
			if (is_in(files->items[i].path, dirs[k]))
				return true;
	return false;
}

/* The one file of that name; NULL where there is none, or where it could be either of two. */
static const struct ezlb_file *one_named(const struct ezlb_files *files, const char *base)
{
	const struct ezlb_file *found = NULL;

	for (size_t i = 0; i < files->len; i++) {
		if (strcmp(base_of(files->items[i].path), base) != 0)
			continue;
		if (found)
			return NULL;
		found = &files->items[i];
	}
	return found;
}

static int file_cmp(const void *a, const void *b)
{
	return strcmp(((const struct ezlb_file *)a)->path, ((const struct ezlb_file *)b)->path);
}

static void take_places(const struct ezlb_files *fresh, struct ezlb_files *in_force)
{
	for (size_t i = 0; i < fresh->len; i++) {
		const char *base = base_of(fresh->items[i].path);
		const struct ezlb_file *old = one_named(in_force, base);

		if (!old || !one_named(fresh, base))
			continue;
		free(in_force->items[old - in_force->items].path);
		in_force->items[old - in_force->items].path = ezlb_strdup(fresh->items[i].path);
	}
	EZLB_SORT(in_force, file_cmp);
}

static void claim(const struct ezlb_desired *desired, struct ezlb_scope *unclaimed)
{
	size_t n = 0;

	for (size_t i = 0; i < unclaimed->len; i++) {
		bool claimed = false;

		for (size_t k = 0; k < desired->len && !claimed; k++) {
			const struct ezlb_service_key key = ezlb_spec_key(desired->items[k]);

			claimed = ezlb_service_key_cmp(&key, &unclaimed->items[i]) == 0;
		}
		if (!claimed)
			unclaimed->items[n++] = unclaimed->items[i];
	}
	unclaimed->len = n;
}

void candidate_seed(struct catalog *catalog, const char *const *dirs, size_t n_dirs,
		    const struct ezlb_snapshot *snapshot, struct ezlb_scope *unclaimed)
{
	struct ezlb_snapshot in_force = { .files = { 0 } };

	read_all(catalog->lastgood, &in_force);
	if (in_force.files.len > 0 && !any_in(&in_force.files, dirs, n_dirs)) {
		catalog->lastgood = NULL;
		take_places(&snapshot->files, &in_force.files);
		catalog_update(catalog, &in_force);
		claim(&catalog->desired, unclaimed);
	}
	ezlb_snapshot_clear(&in_force);
}
