// SPDX-License-Identifier: GPL-2.0-or-later
/* judge: what the contents of a look are, by what the settle knows. Reads the settle only. */
#include "settle.h"

static int entry_cmp(const void *a, const void *b)
{
	const struct watch_entry *x = a, *y = b;

	return strcmp(x->file.path, y->file.path);
}

static const struct watch_entry *entry_of(const struct watch_settle *settle,
					  const struct ezlb_file *file)
{
	return EZLB_FIND(&settle->entries, &(struct watch_entry){ .file = *file }, entry_cmp);
}

/* --- is the directory frozen? -------------------------------------------------------------------
 */

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

static const char *why_frozen(const struct watch_settle *settle, const struct watch_look *look)
{
	if (!look->problem && settle->configmap && !look->configmap)
		return "..data is missing in the ConfigMap volume (restart ezlb if this is an "
		       "ordinary directory now)";
	if (is_other_and_empty(settle, look))
		return "another directory has replaced it and has no service files: is a volume "
		       "not mounted? (restart ezlb if you want no services)";
	if (is_torn_down(settle, look))
		return "files are gone from the ConfigMap volume without an update: is it being "
		       "removed? (restart ezlb if you have deleted them)";
	return look->problem;
}

/* --- what a file is -----------------------------------------------------------------------------
 */

static bool is_blank(const struct ezlb_file *file)
{
	for (size_t i = 0; i < file->len; i++) {
		char c = file->bytes[i];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			return false;
	}
	return true;
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

/* Whole: `whole` has the last word. */
static enum watch_kind kind_of(const struct ezlb_file *file)
{
	if (file->problem)
		return WATCH_BROKEN;
	return is_blank(file) ? WATCH_BLANK : WATCH_WHOLE;
}

/* Contents that are new, and the marks that they get. */
struct fresh {
	struct ezlb_files files; /* borrowed */
	struct EZLB_VEC(struct watch_mark *) marks;
};

static void ask(const struct watch_settle *settle, const struct fresh *fresh)
{
	EZLB_AUTO_FREE bool *whole = ezlb_calloc(fresh->files.len, sizeof(*whole));

	settle->whole(settle->arg, &fresh->files, whole);
	for (size_t i = 0; i < fresh->files.len; i++)
		if (!whole[i])
			fresh->marks.items[i]->sight.kind = WATCH_BROKEN;
}

static void mark_kinds(const struct watch_settle *settle, struct watch_look *look)
{
	struct fresh fresh = { .files = { 0 } };

	for (size_t i = 0; i < look->files.len; i++) {
		const struct ezlb_file *file = &look->files.items[i];
		const struct watch_entry *entry = entry_of(settle, file);
		const struct watch_sight *known = entry ? known_as(entry, file) : NULL;
		struct watch_mark *mark = &look->marks[i];

		mark->sight = known ? *known
				    : (struct watch_sight){ kind_of(file), print_of(file) };
		if (known || mark->sight.kind != WATCH_WHOLE)
			continue;
		*EZLB_PUSH(&fresh.files) = *file;
		*EZLB_PUSH(&fresh.marks) = mark;
	}
	if (settle->whole && fresh.files.len > 0)
		ask(settle, &fresh);
	EZLB_VEC_CLEAR(&fresh.files);
	EZLB_VEC_CLEAR(&fresh.marks);
}

/* --- which files have another name now ----------------------------------------------------------
 */

/* Whole content that a file had, and has no more; that it lost it waits since then. */
struct lost {
	uint64_t print, since;
};
struct all_lost EZLB_VEC(struct lost);

/* A file with whole content that is not the accepted one. */
struct gain {
	uint64_t print;
	struct watch_mark *mark;
	const struct watch_entry *entry; /* NULL: a new file */
};
struct gains EZLB_VEC(struct gain);

static int gain_cmp(const void *a, const void *b)
{
	const struct gain *x = a, *y = b;

	return (x->print > y->print) - (x->print < y->print);
}

static void lose(const struct watch_entry *entry, uint64_t since, struct all_lost *out)
{
	if (entry->accepted.kind == WATCH_WHOLE)
		*EZLB_PUSH(out) = (struct lost){ entry->accepted.print, since };
}

static void lose_if_gone(const struct watch_entry *entry, const struct watch_look *look,
			 struct all_lost *out)
{
	bool waits = entry->is_pending && entry->pending.kind == WATCH_ABSENT;

	if (!EZLB_FIND(&look->files, &entry->file, ezlb_file_cmp))
		lose(entry, waits ? entry->since : WATCH_NEVER, out);
}

static void find_gone(const struct watch_settle *settle, const struct watch_look *look,
		      const struct watch_names *names, struct all_lost *out)
{
	for (size_t i = 0; !names && i < settle->entries.len; i++)
		lose_if_gone(&settle->entries.items[i], look, out);
	for (size_t i = 0; names && i < names->len; i++) {
		EZLB_AUTO_FREE char *path = watch_path_join(settle->path, names->items[i]);
		const struct watch_entry *entry = entry_of(settle,
							   &(struct ezlb_file){ .path = path });

		if (entry)
			lose_if_gone(entry, look, out);
	}
}

static void find_gains(const struct watch_settle *settle, const struct watch_look *look,
		       struct gains *out)
{
	for (size_t i = 0; i < look->files.len; i++) {
		struct watch_mark *mark = &look->marks[i];
		const struct watch_entry *entry = entry_of(settle, &look->files.items[i]);

		if (mark->sight.kind == WATCH_WHOLE &&
		    (!entry || entry->accepted.kind != WATCH_WHOLE ||
		     entry->accepted.print != mark->sight.print))
			*EZLB_PUSH(out) = (struct gain){ mark->sight.print, mark, entry };
	}
	EZLB_SORT(out, gain_cmp);
}

/* Who gets what was lost waits, and so has not lost yet in favour of others what it had. */
static void mark_moved(const struct gains *gains, struct lost from, struct all_lost *lost)
{
	size_t i = EZLB_FIRST(gains, &(struct gain){ .print = from.print }, gain_cmp);

	for (; i < gains->len && gains->items[i].print == from.print; i++) {
		const struct gain *gain = &gains->items[i];

		if (gain->mark->moved)
			continue;
		gain->mark->moved = true;
		gain->mark->since = from.since;
		if (gain->entry)
			lose(gain->entry, from.since, lost);
	}
}

static void mark_moves(const struct watch_settle *settle, struct watch_look *look,
		       const struct watch_names *names)
{
	struct all_lost lost = { 0 };
	struct gains gains = { 0 };

	find_gone(settle, look, names, &lost);
	if (lost.len > 0)
		find_gains(settle, look, &gains);
	for (size_t i = 0; gains.len > 0 && i < lost.len; i++)
		mark_moved(&gains, lost.items[i], &lost);
	EZLB_VEC_CLEAR(&lost);
	EZLB_VEC_CLEAR(&gains);
}

void watch_settle_judge(const struct watch_settle *settle, struct watch_look *look,
			const struct watch_names *names)
{
	look->frozen = why_frozen(settle, look);
	if (look->frozen)
		return;
	look->marks = ezlb_calloc(look->files.len, sizeof(*look->marks));
	mark_kinds(settle, look);
	if (settle->seen && !look->configmap)
		mark_moves(settle, look, names);
}
