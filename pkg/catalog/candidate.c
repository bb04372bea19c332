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

static int base_cmp(const void *a, const void *b)
{
	const struct ezlb_file *const *x = a, *const *y = b;

	return strcmp(base_of((*x)->path), base_of((*y)->path));
}

/* Files sorted by base name. */
struct by_base EZLB_VEC(struct ezlb_file *);

static void sort_by_base(const struct ezlb_files *files, struct by_base *out)
{
	for (size_t i = 0; i < files->len; i++)
		*EZLB_PUSH(out) = &files->items[i];
	EZLB_SORT(out, base_cmp);
}

/* The number of files with the base name of files->items[i]. */
static size_t same_base(const struct by_base *files, size_t i)
{
	size_t n = 1;

	while (i + n < files->len && base_cmp(&files->items[i], &files->items[i + n]) == 0)
		n++;
	return n;
}

/* Gives an applied file the path of its new version. Skips base names that are not unique. */
static void pair_files(const struct ezlb_files *fresh, struct ezlb_files *applied)
{
	struct by_base from = { 0 }, to = { 0 };
	size_t i = 0, k = 0;

	sort_by_base(fresh, &from);
	sort_by_base(applied, &to);
	while (i < from.len && k < to.len) {
		int rc = base_cmp(&from.items[i], &to.items[k]);
		size_t n = same_base(&from, i), m = same_base(&to, k);

		if (rc == 0 && n == 1 && m == 1) {
			free(to.items[k]->path);
			to.items[k]->path = ezlb_strdup(from.items[i]->path);
		}
		i += rc <= 0 ? n : 0;
		k += rc >= 0 ? m : 0;
	}
	EZLB_VEC_CLEAR(&from);
	EZLB_VEC_CLEAR(&to);
	EZLB_SORT(applied, ezlb_file_cmp);
}

static void drop_asked_for(const struct ezlb_desired *desired, struct ezlb_scope *unclaimed)
{
	struct ezlb_scope asked = { 0 };

	for (size_t i = 0; i < desired->len; i++)
		for (size_t k = 0; k < desired->items[i]->n_listeners; k++)
			*EZLB_PUSH(&asked) = desired->items[i]->listeners[k].key;
	EZLB_SORT(&asked, ezlb_service_key_cmp);
	ezlb_scope_subtract(unclaimed, &asked);
	EZLB_VEC_CLEAR(&asked);
}

void ezlb_catalog_seed(struct ezlb_catalog *catalog, const char *const *dirs, size_t n_dirs,
		       const struct ezlb_snapshot *snapshot, struct ezlb_scope *unclaimed)
{
	struct ezlb_snapshot applied = { .files = { 0 } };

	if (catalog->lastgood)
		ezlb_lastgood_list(catalog->lastgood, &applied.files);
	if (applied.files.len > 0 && !any_in(&applied.files, dirs, n_dirs)) {
		catalog->lastgood = NULL;
		pair_files(&snapshot->files, &applied.files);
		ezlb_catalog_update(catalog, &applied);
		drop_asked_for(&catalog->desired, unclaimed);
	}
	ezlb_snapshot_clear(&applied);
}
