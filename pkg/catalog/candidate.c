// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/catalog.h>

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

void ezlb_catalog_seed(struct ezlb_catalog *catalog, const char *const *dirs, size_t n_dirs,
		       const struct ezlb_snapshot *snapshot, struct ezlb_scope *unclaimed)
{
	struct ezlb_snapshot in_force = { .files = { 0 } };

	if (catalog->lastgood)
		ezlb_lastgood_list(catalog->lastgood, &in_force.files);
	if (in_force.files.len > 0 && !any_in(&in_force.files, dirs, n_dirs)) {
		catalog->lastgood = NULL;
		take_places(&snapshot->files, &in_force.files);
		ezlb_catalog_update(catalog, &in_force);
		claim(&catalog->desired, unclaimed);
	}
	ezlb_snapshot_clear(&in_force);
}
