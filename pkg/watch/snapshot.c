// SPDX-License-Identifier: GPL-2.0-or-later
#include "settle.h"

#include <fcntl.h>
#include <sys/stat.h>

/* True if an earlier path is the same directory: each of its files would conflict with itself. */
static bool is_repeated(const struct watch_settle *settles, size_t i)
{
	for (size_t j = 0; j < i && settles[i].seen; j++)
		if (settles[j].seen && settles[j].dev == settles[i].dev &&
		    settles[j].ino == settles[i].ino)
			return true;
	return false;
}

static void collect_files(const struct watch_settle *settle, struct ezlb_files *out)
{
	if (settle->entries.len > 0)
		(void)EZLB_ROOM(out, settle->entries.len);
	for (size_t i = 0; i < settle->entries.len; i++)
		if (settle->entries.items[i].accepted.kind != WATCH_ABSENT)
			*EZLB_PUSH(out) = settle->entries.items[i].file;
}

void watch_collect(const struct watch_settle *settles, size_t n, struct ezlb_snapshot *out)
{
	*out = (struct ezlb_snapshot){ .borrowed = true };
	for (size_t i = 0; i < n; i++) {
		struct ezlb_dir *dir = EZLB_PUSH(&out->dirs);

		dir->path = settles[i].path;
		dir->frozen = settles[i].problem != NULL;
		dir->problem = settles[i].problem;
		dir->configmap = settles[i].configmap;
		if (!is_repeated(settles, i))
			collect_files(&settles[i], &out->files);
	}
	if (n > 1) /* those of one directory are sorted */
		EZLB_SORT(&out->files, ezlb_file_cmp);
}

/* Moves the ownership of the borrowed files from the settles to *out. */
static void give(struct watch_settle *settles, size_t n, struct ezlb_snapshot *out)
{
	for (size_t i = 0; i < n; i++) {
		struct watch_entries *entries = &settles[i].entries;

		settles[i].path = NULL;
		settles[i].problem = NULL;
		for (size_t k = 0; !is_repeated(settles, i) && k < entries->len; k++)
			if (entries->items[k].accepted.kind != WATCH_ABSENT)
				memset(&entries->items[k].file, 0, sizeof(struct ezlb_file));
	}
	out->borrowed = false;
}

static void mix(uint64_t *print, uint64_t value)
{
	uint64_t pair[2] = { *print, value };

	*print = ezlb_hash(pair, sizeof(pair));
}

uint64_t watch_fingerprint(const struct watch_settle *settles, size_t n)
{
	uint64_t print = 0;

	for (size_t i = 0; i < n; i++) {
		const struct watch_settle *settle = &settles[i];

		mix(&print, settle->version);
		mix(&print, is_repeated(settles, i));
	}
	return print;
}

void ezlb_scan(const char *const *dirs, size_t n, struct ezlb_snapshot *out)
{
	struct watch_settle *settles = ezlb_calloc(n, sizeof(*settles));

	for (size_t i = 0; i < n; i++) {
		struct watch_look look;

		watch_look(dirs[i], NULL, &look);
		watch_settle_init(&settles[i], dirs[i]);
		watch_settle_judge(&settles[i], &look, NULL);
		watch_settle_take(&settles[i], &look, 0);
		watch_look_clear(&look);
	}
	watch_collect(settles, n, out);
	give(settles, n, out);
	for (size_t i = 0; i < n; i++)
		watch_settle_clear(&settles[i]);
	free(settles);
}

/* The directory of a path. -1: a link in it must lead to what everybody may read. */
static int open_home(const char *path)
{
	const char *slash = strrchr(path, '/');
	EZLB_AUTO_FREE char *dir = slash ? ezlb_strndup(path, (size_t)(slash + 1 - path))
					 : ezlb_strdup(".");

	return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int ezlb_scan_file(const char *path, size_t max, struct ezlb_snapshot *out)
{
	struct ezlb_file file = { .path = NULL };
	EZLB_AUTO_CLOSE int home = open_home(path);
	const struct watch_place place = { .home = home, .fd = AT_FDCWD, .max = max };
	struct stat st;
	int rc;

	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		st.st_mode = 0;
	rc = watch_file_read(&place, path, st.st_mode, &file);
	if (rc < 0)
		return rc;
	file.path = ezlb_strdup(path);
	*EZLB_PUSH(&out->files) = file;
	return 0;
}
