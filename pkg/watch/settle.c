// SPDX-License-Identifier: GPL-2.0-or-later
#include "settle.h"

#define GRACE_MS 1000

void watch_settle_init(struct watch_settle *settle, const char *dir)
{
	memset(settle, 0, sizeof(*settle));
	settle->path = ezlb_strdup(dir);
	settle->grace_ms = GRACE_MS;
}

void watch_settle_clear(struct watch_settle *settle)
{
	for (size_t i = 0; i < settle->entries.len; i++)
		ezlb_file_clear(&settle->entries.items[i].file);
	EZLB_VEC_CLEAR(&settle->entries);
	free(settle->path);
	free(settle->problem);
	free(settle->generation);
	memset(settle, 0, sizeof(*settle));
}

static bool is_blank(const struct ezlb_file *file)
{
	for (size_t i = 0; i < file->len; i++) {
		char c = file->bytes[i];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			return false;
	}
	return true;
}

static enum watch_kind kind_of(const struct watch_settle *settle, const struct ezlb_file *file)
{
	if (file->problem)
		return WATCH_BROKEN;
	if (is_blank(file))
		return WATCH_BLANK;
	if (settle->whole && !settle->whole(settle->arg, file->path, file->bytes, file->len))
		return WATCH_BROKEN;
	return WATCH_WHOLE;
}

static uint64_t print_of(const struct ezlb_file *file)
{
	return file->problem ? ezlb_hash(file->problem, strlen(file->problem)) : file->hash;
}

/* Is it the accepted or the pending content of the entry? */
static const struct watch_sight *known_as(const struct watch_entry *entry,
					  const struct ezlb_file *seen)
{
	uint64_t print = seen->same ? 0 : print_of(seen);

	if (seen->same || (entry->accepted.kind != WATCH_ABSENT && entry->accepted.print == print))
		return &entry->accepted;
	if (entry->is_pending && entry->pending.kind != WATCH_ABSENT &&
	    entry->pending.print == print)
		return &entry->pending;
	return NULL;
}

/* Classifies `seen` (NULL: no file). Calls `whole` only for bytes that are new to the entry. */
static struct watch_sight judge(const struct watch_settle *settle, const struct watch_entry *entry,
				const struct ezlb_file *seen)
{
	const struct watch_sight *known;

	if (!seen)
		return (struct watch_sight){ WATCH_ABSENT, 0 };
	known = known_as(entry, seen);
	if (known)
		return *known;
	return (struct watch_sight){ kind_of(settle, seen), print_of(seen) };
}

static bool same_sight(struct watch_sight a, struct watch_sight b)
{
	return a.kind == b.kind && a.print == b.print;
}

static void accept(struct watch_entry *entry, struct ezlb_file *seen, struct watch_sight sight)
{
	struct ezlb_file next = { 0 };

	if (seen) {
		next = *seen;
		memset(seen, 0, sizeof(*seen));
	} else {
		next.path = entry->file.path;
		entry->file.path = NULL;
	}
	ezlb_file_clear(&entry->file);
	entry->file = next;
	entry->accepted = sight;
	entry->is_pending = false;
}

static bool is_written(const struct watch_names *writing, const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return writing && watch_names_find(writing, name) < writing->len;
}

static bool applies_at_once(const struct watch_settle *settle, const struct watch_entry *entry,
			    struct watch_sight sight, const struct watch_names *writing)
{
	if (settle->configmap || !settle->seen)
		return true;
	if (sight.kind == WATCH_WHOLE)
		return !is_written(writing, entry->file.path);
	return sight.kind == entry->accepted.kind;
}

static void observe(struct watch_settle *settle, struct watch_entry *entry, struct ezlb_file *seen,
		    const struct watch_names *writing, uint64_t now)
{
	struct watch_sight sight = judge(settle, entry, seen);
	uint64_t stamp = seen && !seen->problem ? seen->stamp : 0;

	if (same_sight(sight, entry->accepted)) {
		entry->is_pending = false;
	} else if (applies_at_once(settle, entry, sight, writing)) {
		settle->version++;
		accept(entry, seen, sight);
	} else if (!entry->is_pending || !same_sight(sight, entry->pending)) {
		entry->is_pending = true;
		entry->since = now;
		entry->pending = sight;
	} else if (now - entry->since >= settle->grace_ms) {
		settle->version++;
		accept(entry, seen, sight);
	}
	/* What is pending must be read again. */
	entry->file.stamp = entry->is_pending ? 0 : stamp;
}

/* Compares the next items by path; a list without more items comes last. */
static int order(const struct watch_entries *known, size_t i, const struct ezlb_files *seen,
		 size_t j)
{
	if (i == known->len)
		return 1;
	if (j == seen->len)
		return -1;
	return strcmp(known->items[i].file.path, seen->items[j].path);
}

/* Announces the contents about which judge() will ask `whole`, in the same order. */
static void announce(const struct watch_settle *settle, const struct ezlb_files *seen)
{
	struct ezlb_files fresh = { 0 };
	size_t i = 0;

	for (size_t j = 0; settle->ahead && j < seen->len; j++) {
		const struct ezlb_file *file = &seen->items[j];
		int cmp;

		while ((cmp = order(&settle->entries, i, seen, j)) < 0)
			i++;
		if (cmp == 0 && known_as(&settle->entries.items[i], file))
			continue;
		if (file->bytes && !is_blank(file))
			*EZLB_PUSH(&fresh) = *file;
	}
	if (fresh.len > 0)
		settle->ahead(settle->arg, &fresh);
	EZLB_VEC_CLEAR(&fresh);
}

static void merge(struct watch_settle *settle, struct watch_look *look, uint64_t now)
{
	struct ezlb_files *seen = &look->files;
	struct watch_entries next = { 0 };
	size_t i = 0, j = 0;

	while (i < settle->entries.len || j < seen->len) {
		int cmp = order(&settle->entries, i, seen, j);
		struct watch_entry *entry = EZLB_PUSH(&next);

		if (cmp <= 0)
			*entry = settle->entries.items[i++];
		else
			entry->file.path = ezlb_strdup(seen->items[j].path);
		observe(settle, entry, cmp >= 0 ? &seen->items[j++] : NULL, look->writing, now);
		if (entry->accepted.kind == WATCH_ABSENT && !entry->is_pending) {
			ezlb_file_clear(&entry->file);
			next.len--;
		}
	}
	EZLB_VEC_FIT(&next);
	EZLB_VEC_CLEAR(&settle->entries);
	settle->entries = next;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_waiting(const struct watch_entry *entry)
{
	return entry->is_pending || entry->file.passing;
}

void watch_settle_waiting(const struct watch_settle *settle, struct watch_names *names)
{
	for (size_t i = 0; i < settle->entries.len; i++) {
		const struct watch_entry *entry = &settle->entries.items[i];
		const char *name = name_of(entry->file.path);

		if (is_waiting(entry))
			watch_names_add(names, name);
	}
}

static int entry_cmp(const void *a, const void *b)
{
	const struct watch_entry *x = a, *y = b;

	return strcmp(x->file.path, y->file.path);
}

uint64_t watch_settle_stamp(const void *arg, const char *path)
{
	const struct watch_settle *settle = arg;
	size_t first = 0, end = settle->entries.len;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (strcmp(settle->entries.items[middle].file.path, path) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	if (first == settle->entries.len ||
	    strcmp(settle->entries.items[first].file.path, path) != 0)
		return 0;
	return settle->entries.items[first].file.stamp;
}

/* The place of the entry with this path. Makes one if there is none and `make`; else NULL. */
static struct watch_entry *entry_at(struct watch_entries *entries, const char *path, bool make)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(path);
	const struct watch_entry key = { .file = { .path = copy } };
	size_t i = EZLB_FIRST(entries, &key, entry_cmp);

	if (i < entries->len && strcmp(entries->items[i].file.path, path) == 0)
		return &entries->items[i];
	if (!make)
		return NULL;
	*EZLB_PUSH(entries) = (struct watch_entry){ .is_pending = false };
	memmove(&entries->items[i + 1], &entries->items[i],
		(entries->len - 1 - i) * sizeof(entries->items[i]));
	entries->items[i] = key;
	copy = NULL;
	return &entries->items[i];
}

size_t watch_settle_new(const struct watch_settle *settle, const struct watch_look *look)
{
	size_t n = 0;

	for (size_t i = 0; i < look->files.len; i++)
		n += !EZLB_FIND(&settle->entries,
				&(struct watch_entry){ .file = look->files.items[i] }, entry_cmp);
	return n;
}

static void take_one(struct watch_settle *settle, const char *path, struct ezlb_file *seen,
		     const struct watch_names *writing, uint64_t now)
{
	struct watch_entries *entries = &settle->entries;
	struct watch_entry *entry = entry_at(entries, path, seen != NULL);

	if (!entry)
		return;
	observe(settle, entry, seen, writing, now);
	if (entry->accepted.kind != WATCH_ABSENT || entry->is_pending)
		return;
	ezlb_file_clear(&entry->file);
	memmove(entry, entry + 1,
		(size_t)(&entries->items[--entries->len] - entry) * sizeof(*entry));
}

/* The grace periods start again when the directory can be read again. */
static void freeze(struct watch_settle *settle, const char *problem)
{
	settle->version += !settle->problem || strcmp(settle->problem, problem) != 0;
	free(settle->problem);
	settle->problem = ezlb_strdup(problem);
	for (size_t i = 0; i < settle->entries.len; i++)
		settle->entries.items[i].is_pending = false;
}

static bool has_files(const struct watch_settle *settle)
{
	for (size_t i = 0; i < settle->entries.len; i++)
		if (settle->entries.items[i].accepted.kind != WATCH_ABSENT)
			return true;
	return false;
}

/* Not by the inode number alone: the kernel reuses numbers at once. */
static bool is_other_and_empty(const struct watch_settle *settle, const struct watch_look *look)
{
	if (look->problem || look->configmap || look->files.len > 0 || !has_files(settle))
		return false;
	return settle->problem || look->replaced || settle->dev != look->dev ||
	       settle->ino != look->ino;
}

/* The kubelet never removes a file from a generation that is in use. */
static bool is_torn_down(const struct watch_settle *settle, const struct watch_look *look)
{
	if (look->problem || !look->generation || !settle->generation ||
	    strcmp(settle->generation, look->generation) != 0)
		return false;
	for (size_t i = 0; i < settle->entries.len; i++) {
		const struct watch_entry *entry = &settle->entries.items[i];

		if (entry->accepted.kind != WATCH_ABSENT &&
		    !EZLB_FIND(&look->files, &entry->file, ezlb_file_cmp))
			return true;
	}
	return false;
}

static uint64_t next_look(const struct watch_settle *settle, uint64_t now)
{
	uint64_t at = WATCH_NEVER;

	for (size_t i = 0; i < settle->entries.len; i++) {
		const struct watch_entry *entry = &settle->entries.items[i];

		if (entry->is_pending && entry->since + settle->grace_ms < at)
			at = entry->since + settle->grace_ms;
		if (entry->file.passing && now + settle->grace_ms < at)
			at = now + settle->grace_ms;
	}
	return at;
}

uint64_t watch_settle_part(struct watch_settle *settle, struct watch_look *look,
			   const struct watch_names *names, uint64_t now)
{
	size_t k = 0;

	announce(settle, &look->files);
	for (size_t i = 0; i < names->len; i++) {
		EZLB_AUTO_FREE char *path = watch_path_join(settle->path, names->items[i]);
		bool found = k < look->files.len && strcmp(look->files.items[k].path, path) == 0;

		take_one(settle, path, found ? &look->files.items[k] : NULL, look->writing, now);
		k += found;
	}
	return next_look(settle, now);
}

uint64_t watch_settle_take(struct watch_settle *settle, struct watch_look *look, uint64_t now)
{
	if (!look->problem && settle->configmap && !look->configmap) {
		freeze(settle, "..data is missing in the ConfigMap volume (restart ezlb if this is "
			       "an ordinary directory now)");
		return WATCH_NEVER;
	}
	if (is_other_and_empty(settle, look)) {
		freeze(settle,
		       "another directory has replaced it and has no service files: is a volume "
		       "not mounted? (restart ezlb if you want no services)");
		return WATCH_NEVER;
	}
	if (is_torn_down(settle, look)) {
		freeze(settle,
		       "files are gone from the ConfigMap volume without an update: is it being "
		       "removed? (restart ezlb if you have deleted them)");
		return WATCH_NEVER;
	}
	if (look->problem) {
		freeze(settle, look->problem);
		return WATCH_NEVER;
	}
	settle->version += settle->problem || !settle->seen || settle->configmap != look->configmap;
	free(settle->problem);
	settle->problem = NULL;
	settle->configmap = look->configmap;
	settle->links = look->links;
	settle->dev = look->dev;
	settle->ino = look->ino;
	free(settle->generation);
	settle->generation = look->generation;
	look->generation = NULL;
	announce(settle, &look->files);
	merge(settle, look, now);
	settle->seen = true;
	return next_look(settle, now);
}
