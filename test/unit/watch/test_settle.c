// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <malloc.h>

#include "settle.h"

/*
 * A story is a list of looks at a directory with the one file a.yaml. Content: NULL = absent,
 * "!text" = unreadable for this reason, "?text" = for one that may pass by itself, and whole is
 * what ends in "\n", as a finished YAML file does. `want` is what counts after the look, in the
 * same notation; `next` when to look again.
 */
#define LOOK(t, s, w, n) .at = (t), .seen = (s), .want = (w), .next = (n)
#define END              \
	{                \
		.at = -1 \
	}
#define BAD "cannot be opened: No such file or directory"
#define N   ((uint64_t)WATCH_NEVER)

struct step {
	int at;
	bool configmap;
	const char *generation; /* of the ConfigMap volume */
	const char *seen;
	const char *want;
	uint64_t next;
	const char *dir;    /* why the directory could not be read */
	const char *frozen; /* wanted; NULL: not frozen */
	unsigned dev, ino;  /* of the directory */
	bool replaced;	    /* by another with the same number */
	bool writing;	    /* somebody is, to the file */
};

static const char lost[] = "..data is missing in the ConfigMap volume (restart ezlb if this is "
			   "an ordinary directory now)";

static const char other[] = "another directory has replaced it and has no service files: is a "
			    "volume not mounted? (restart ezlb if you want no services)";

static const char torn[] =
	"files are gone from the ConfigMap volume without an update: is it being "
	"removed? (restart ezlb if you have deleted them)";

static const struct story {
	const char *name;
	struct step steps[9];
} stories[] = {
	{ "a ConfigMap volume that loses a file is frozen until there is another generation",
	  { { LOOK(0, "1\n", "1\n", N), .configmap = true, .generation = "g1" },
	    { LOOK(1, NULL, "1\n", N), .configmap = true, .generation = "g1", .frozen = torn },
	    { LOOK(2, NULL, "1\n", N), .configmap = true, .generation = "g1", .frozen = torn },
	    { LOOK(3, NULL, NULL, N), .configmap = true, .generation = "g2" },
	    { LOOK(4, "2\n", "2\n", N), .configmap = true, .generation = "g2" },
	    END } },
	{ "the first look counts, even if broken", { { LOOK(0, "half", "half", N) }, END } },
	{ "the first look counts, even if blank", { { LOOK(0, " \n", " \n", N) }, END } },
	{ "whole content counts at once",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(5, "2\n", "2\n", N) },
	    { LOOK(6, "3\n", "3\n", N) },
	    END } },
	{ "vim: absent, then blank, then whole",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, NULL, "1\n", 1100) },
	    { LOOK(110, "", "1\n", 1110) },
	    { LOOK(120, "2\n", "2\n", N) },
	    END } },
	{ "git: absent, half, whole",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, NULL, "1\n", 1100) },
	    { LOOK(150, "2", "1\n", 1150) },
	    { LOOK(160, "2\n", "2\n", N) },
	    END } },
	{ "cp: blank for a moment",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(9, "", "1\n", 1009) },
	    { LOOK(20, "2\n", "2\n", N) },
	    END } },
	{ "a truncated file that stays so",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, "2", "1\n", 1100) },
	    { LOOK(1099, "2", "1\n", 1100) },
	    { LOOK(1100, "2", "2", N) },
	    { LOOK(1200, "1\n", "1\n", N) },
	    END } },
	{ "a deletion that stays",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, NULL, "1\n", 1100) },
	    { LOOK(500, NULL, "1\n", 1100) },
	    { LOOK(1100, NULL, NULL, N) },
	    { LOOK(1200, NULL, NULL, N) },
	    END } },
	{ "no descriptor to read it with: soon again, and over when it is read",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, "?EMFILE", "1\n", 1100) },
	    { LOOK(1100, "?EMFILE", "?EMFILE", 2100) },
	    { LOOK(2100, "?EMFILE", "?EMFILE", 3100) },
	    { LOOK(3100, "1\n", "1\n", N) },
	    END } },
	{ "the same in a ConfigMap volume, where it counts at once",
	  { { LOOK(0, "1\n", "1\n", N), .configmap = true },
	    { LOOK(100, "?EMFILE", "?EMFILE", 1100), .configmap = true },
	    { LOOK(1100, "2\n", "2\n", N), .configmap = true },
	    END } },
	{ "a file that stays blank",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, " \t\r\n", "1\n", 1100) },
	    { LOOK(1100, " \t\r\n", " \t\r\n", N) },
	    END } },
	{ "back to the content before: no doubt is left over",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, NULL, "1\n", 1100) },
	    { LOOK(200, "1\n", "1\n", N) },
	    { LOOK(1150, NULL, "1\n", 2150) },
	    { LOOK(1200, "1\n", "1\n", N) },
	    END } },
	{ "a slow writer: each new half begins the grace anew",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, "2", "1\n", 1100) },
	    { LOOK(900, "22", "1\n", 1900) },
	    { LOOK(1700, "222", "1\n", 2700) },
	    { LOOK(2400, "222\n", "222\n", N) },
	    END } },
	{ "long between two looks: the first sight of it is not enough",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(30000, NULL, "1\n", 31000) },
	    { LOOK(31000, NULL, NULL, N) },
	    END } },
	{ "new and blank, then whole",
	  { { LOOK(0, NULL, NULL, N) },
	    { LOOK(100, "", NULL, 1100) },
	    { LOOK(150, "1\n", "1\n", N) },
	    END } },
	{ "new and broken, and stays so",
	  { { LOOK(0, NULL, NULL, N) },
	    { LOOK(100, "1", NULL, 1100) },
	    { LOOK(1100, "1", "1", N) },
	    END } },
	{ "new and blank, then gone again",
	  { { LOOK(0, NULL, NULL, N) },
	    { LOOK(100, "", NULL, 1100) },
	    { LOOK(200, NULL, NULL, N) },
	    END } },
	{ "broken stays broken: the new text at once",
	  { { LOOK(0, "1", "1", N) },
	    { LOOK(100, "2", "2", N) },
	    { LOOK(200, "!EIO", "!EIO", N) },
	    END } },
	{ "broken, then absent: has its grace",
	  { { LOOK(0, "1", "1", N) },
	    { LOOK(100, NULL, "1", 1100) },
	    { LOOK(1100, NULL, NULL, N) },
	    END } },
	{ "unreadable for a moment",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, "!EIO", "1\n", 1100) },
	    { LOOK(200, "1\n", "1\n", N) },
	    END } },
	{ "unreadable for good",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, "!EIO", "1\n", 1100) },
	    { LOOK(1100, "!EIO", "!EIO", N) },
	    END } },
	{ "the directory goes and comes back unchanged",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, NULL, "1\n", N), .dir = BAD, .frozen = BAD },
	    { LOOK(99000, NULL, "1\n", N), .dir = BAD, .frozen = BAD },
	    { LOOK(99100, "1\n", "1\n", N) },
	    END } },
	{ "the directory comes back empty: frozen until there is a file",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, NULL, "1\n", 1100) },
	    { LOOK(200, NULL, "1\n", N), .dir = BAD, .frozen = BAD },
	    { LOOK(1100, NULL, "1\n", N), .frozen = other },
	    { LOOK(99000, NULL, "1\n", N), .frozen = other },
	    { LOOK(99100, "2\n", "2\n", N) },
	    { LOOK(99200, NULL, "2\n", 100200) },
	    { LOOK(100200, NULL, NULL, N) },
	    END } },
	{ "an unmounted volume: another directory, and empty",
	  { { LOOK(0, "1\n", "1\n", N), .ino = 1 },
	    { LOOK(100, NULL, "1\n", N), .ino = 2, .frozen = other },
	    { LOOK(5000, NULL, "1\n", N), .ino = 2, .frozen = other },
	    { LOOK(6000, "1\n", "1\n", N), .ino = 1 },
	    { LOOK(7000, "2\n", "2\n", N), .ino = 2 },
	    { LOOK(8000, NULL, "2\n", 9000), .ino = 2 },
	    { LOOK(9000, NULL, NULL, N), .ino = 2 },
	    END } },
	{ "another file system with the same inode number",
	  { { LOOK(0, "1\n", "1\n", N), .dev = 1 },
	    { LOOK(100, NULL, "1\n", N), .dev = 2, .frozen = other },
	    END } },
	{ "another directory with the same inode number",
	  { { LOOK(0, "1\n", "1\n", N), .ino = 1 },
	    { LOOK(100, NULL, "1\n", N), .ino = 1, .replaced = true, .frozen = other },
	    { LOOK(200, NULL, "1\n", N), .ino = 1, .frozen = other },
	    { LOOK(300, "2\n", "2\n", N), .ino = 1, .replaced = true },
	    END } },
	{ "another directory where there was no file",
	  { { LOOK(0, NULL, NULL, N), .ino = 1 },
	    { LOOK(100, NULL, NULL, N), .ino = 2 },
	    { LOOK(200, NULL, NULL, N), .dir = BAD, .frozen = BAD },
	    { LOOK(300, NULL, NULL, N), .ino = 3 },
	    END } },
	{ "another directory where the last file is in its grace",
	  { { LOOK(0, NULL, NULL, N), .ino = 1 },
	    { LOOK(100, "half", NULL, 1100), .ino = 1 },
	    { LOOK(200, NULL, NULL, N), .ino = 2 },
	    END } },
	{ "an empty ConfigMap in its place says so itself",
	  { { LOOK(0, "1\n", "1\n", N), .ino = 1 },
	    { LOOK(100, NULL, NULL, N), .ino = 2, .configmap = true },
	    END } },
	{ "a writer who pauses: the half, though whole, waits for the rest",
	  { { LOOK(0, "1\n2\n", "1\n2\n", N) },
	    { LOOK(100, "1\n", "1\n2\n", 1100), .writing = true },
	    { LOOK(600, "1\n3\n", "1\n2\n", 1600), .writing = true },
	    { LOOK(700, "1\n3\n", "1\n3\n", N) },
	    END } },
	{ "a writer who stays: what rests counts",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(100, "2\n", "1\n", 1100), .writing = true },
	    { LOOK(1100, "2\n", "2\n", N), .writing = true },
	    { LOOK(1200, "2\n", "2\n", N), .writing = true },
	    END } },
	{ "a new file waits for its writer, too",
	  { { LOOK(0, NULL, NULL, N) },
	    { LOOK(100, "1\n", NULL, 1100), .writing = true },
	    { LOOK(200, "1\n2\n", "1\n2\n", N) },
	    END } },
	{ "the first look counts, whoever writes",
	  { { LOOK(0, "1\n", "1\n", N), .writing = true }, END } },
	{ "nobody writes in place to a ConfigMap",
	  { { LOOK(0, "1\n", "1\n", N), .configmap = true },
	    { LOOK(1, "2\n", "2\n", N), .configmap = true, .writing = true },
	    END } },
	{ "the directory is missing at first: its first files count",
	  { { LOOK(0, NULL, NULL, N), .dir = BAD, .frozen = BAD },
	    { LOOK(5000, "half", "half", N) },
	    END } },
	{ "the reason changes",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(1, NULL, "1\n", N), .dir = BAD, .frozen = BAD },
	    { LOOK(2, NULL, "1\n", N), .dir = "EIO", .frozen = "EIO" },
	    END } },
	{ "a ConfigMap has no grace",
	  { { LOOK(0, "1\n", "1\n", N), .configmap = true },
	    { LOOK(1, "2", "2", N), .configmap = true },
	    { LOOK(2, NULL, NULL, N), .configmap = true },
	    { LOOK(3, "", "", N), .configmap = true },
	    END } },
	{ "a ConfigMap without its ..data is frozen, and comes back",
	  { { LOOK(0, "1\n", "1\n", N), .configmap = true },
	    { LOOK(1, NULL, "1\n", N), .frozen = lost },
	    { LOOK(9000, "9\n", "1\n", N), .frozen = lost },
	    { LOOK(9001, "2\n", "2\n", N), .configmap = true },
	    { LOOK(9002, NULL, NULL, N), .configmap = true },
	    END } },
	{ "a ConfigMap that cannot be read is frozen",
	  { { LOOK(0, "1\n", "1\n", N), .configmap = true },
	    { LOOK(1, NULL, "1\n", N), .dir = "..data points to nothing", .configmap = true,
	      .frozen = "..data points to nothing" },
	    { LOOK(2, "2\n", "2\n", N), .configmap = true },
	    END } },
	{ "a drop-in directory becomes a ConfigMap: at once",
	  { { LOOK(0, "1\n", "1\n", N) },
	    { LOOK(1, NULL, "1\n", 1001) },
	    { LOOK(2, "half", "half", N), .configmap = true },
	    END } },
};

static unsigned asked; /* contents in calls of are_whole */

static void are_whole(void *arg, const struct ezlb_files *files, bool *whole)
{
	assert_ptr_equal(arg, &asked);
	for (size_t i = 0; i < files->len; i++) {
		const struct ezlb_file *file = &files->items[i];

		assert_false(whole[i]);
		whole[i] = file->bytes[file->len - 1] == '\n';
	}
	asked += (unsigned)files->len;
}

static void add_seen(struct watch_look *look, const char *path, const char *seen)
{
	struct ezlb_file *file = EZLB_PUSH(&look->files);

	file->path = ezlb_strdup(path);
	if (seen[0] == '!' || seen[0] == '?') {
		file->passing = seen[0] == '?';
		file->problem = ezlb_strdup(seen + 1);
		return;
	}
	file->bytes = ezlb_strdup(seen);
	file->len = strlen(seen);
	file->hash = ezlb_hash(seen, file->len);
}

static uint64_t take(struct watch_settle *settle, const struct step *step)
{
	char name[] = "a.yaml", longer[] = "aa.yaml", shorter[] = ".yaml",
	     *names[] = { longer, shorter, name };
	const struct watch_names writing = { .items = names, .len = step->writing ? 3 : 2 };
	struct watch_look look = { .configmap = step->configmap,
				   .generation = step->generation ? ezlb_strdup(step->generation)
								  : NULL,
				   .dev = step->dev,
				   .ino = step->ino,
				   .replaced = step->replaced,
				   .writing = &writing };
	uint64_t next;

	if (step->dir)
		look.problem = ezlb_strdup(step->dir);
	if (step->seen)
		add_seen(&look, "d/a.yaml", step->seen);
	watch_settle_judge(settle, &look, NULL);
	next = watch_settle_take(settle, &look, (uint64_t)step->at);
	watch_look_clear(&look);
	return next;
}

static const char *shown(const struct ezlb_snapshot *snapshot, char *buf, size_t size)
{
	const struct ezlb_file *file = snapshot->files.items;

	if (snapshot->files.len == 0)
		return NULL;
	assert_int_equal(snapshot->files.len, 1);
	assert_string_equal(file->path, "d/a.yaml");
	assert_true(!file->bytes != !file->problem);
	if (file->problem)
		snprintf(buf, size, "%c%s", file->passing ? '?' : '!', file->problem);
	else
		snprintf(buf, size, "%.*s", (int)file->len, file->bytes);
	return buf;
}

static bool equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_step(const struct story *story, const struct step *step,
		       struct watch_settle *settle)
{
	uint64_t next = take(settle, step);
	struct ezlb_snapshot snapshot;
	const char *got;
	char buf[64];

	watch_collect(settle, 1, &snapshot);
	got = shown(&snapshot, buf, sizeof(buf));
	if (!equal(got, step->want) || next != step->next ||
	    !equal(snapshot.dirs.items[0].problem, step->frozen) ||
	    snapshot.dirs.items[0].frozen != (step->frozen != NULL))
		fail_msg("%s, at %d: got '%s' next %llu frozen '%s'", story->name, step->at,
			 got ? got : "nothing", (unsigned long long)next,
			 settle->problem ? settle->problem : "no");
	ezlb_snapshot_clear(&snapshot);
}

static void open_settle(struct watch_settle *settle)
{
	watch_settle_init(settle, "d");
	settle->whole = are_whole;
	settle->arg = &asked;
}

static void test_stories(void **state)
{
	struct watch_settle settle;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(stories); i++) {
		open_settle(&settle);
		for (const struct step *step = stories[i].steps; step->at >= 0; step++)
			check_step(&stories[i], step, &settle);
		watch_settle_clear(&settle);
	}
}

/* Each content is judged once, however often it is seen. */
static void test_whole_is_asked_once(void **state)
{
	static const struct step steps[] = {
		{ .at = 0, .seen = "1\n" },  { .at = 10, .seen = "1\n" },
		{ .at = 20, .seen = "2" },   { .at = 500, .seen = "2" },
		{ .at = 1020, .seen = "2" }, { .at = 1100, .seen = "2" },
	};
	struct watch_settle settle;

	(void)state;
	asked = 0;
	open_settle(&settle);
	for (size_t i = 0; i < COUNT_OF(steps); i++)
		take(&settle, &steps[i]);
	assert_int_equal(asked, 2);
	watch_settle_clear(&settle);
}

/* Several files: each has its own grace, and the order stays sorted. */
static void test_files_are_apart(void **state)
{
	static const char *const looks[][3] = {
		{ "d/b.yaml", "d/d.yaml", NULL },
		{ "d/a.yaml", "d/d.yaml", "d/e.yaml" },
		{ "d/a.yaml", "d/c.yaml", "d/e.yaml" },
	};
	static const char *const want[] = { "bd", "abde", "acde", "ace" };
	static const uint64_t times[] = { 0, 1000, 2000, 3000 };
	struct watch_settle settle;

	(void)state;
	watch_settle_init(&settle, "d");
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		struct watch_look look = { 0 };
		struct ezlb_snapshot snapshot;

		for (size_t k = 0; k < 3 && looks[i < 3 ? i : 2][k]; k++)
			add_seen(&look, looks[i < 3 ? i : 2][k], looks[i < 3 ? i : 2][k]);
		watch_settle_judge(&settle, &look, NULL);
		watch_settle_take(&settle, &look, times[i]);
		watch_look_clear(&look);
		watch_collect(&settle, 1, &snapshot);
		assert_int_equal(snapshot.files.len, strlen(want[i]));
		for (size_t k = 0; k < snapshot.files.len; k++)
			assert_int_equal(snapshot.files.items[k].path[2], want[i][k]);
		ezlb_snapshot_clear(&snapshot);
	}
	watch_settle_clear(&settle);
}

#define MANY 1000
#define SIZE 4000

/* MANY files of SIZE bytes, of which the one in the middle ends in `last`. */
static void look_at_many(struct watch_settle *settle, char last)
{
	struct watch_look look = { 0 };
	char text[SIZE + 1], path[32];

	memset(text, 'x', SIZE);
	text[SIZE] = '\0';
	for (size_t i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "d/%04zu.yaml", i);
		text[SIZE - 1] = i == MANY / 2 ? last : 'x';
		add_seen(&look, path, text);
	}
	watch_settle_judge(settle, &look, NULL);
	watch_settle_take(settle, &look, 0);
	watch_look_clear(&look);
}

/* A snapshot lends: where one file among many has changed, no byte of any of them is copied. */
static void test_a_snapshot_copies_nothing(void **state)
{
	struct ezlb_snapshot snapshot;
	struct watch_settle settle;
	const char *before[MANY];
	size_t allocated, changed = 0;

	(void)state;
	watch_settle_init(&settle, "d");
	look_at_many(&settle, '1');
	watch_collect(&settle, 1, &snapshot);
	for (size_t i = 0; i < MANY; i++)
		before[i] = snapshot.files.items[i].bytes;
	ezlb_snapshot_clear(&snapshot);

	look_at_many(&settle, '2');
	allocated = mallinfo2().uordblks;
	watch_collect(&settle, 1, &snapshot);
	allocated = mallinfo2().uordblks - allocated;
	for (size_t i = 0; i < MANY; i++)
		changed += snapshot.files.items[i].bytes != before[i];
	assert_int_equal(changed, 1);
	assert_true(snapshot.files.items[MANY / 2].bytes[SIZE - 1] == '2');
	/* The array grows by doubling. */
	if (allocated > 3 * MANY * sizeof(struct ezlb_file))
		fail_msg("%zu bytes", allocated);
	ezlb_snapshot_clear(&snapshot);
	watch_settle_clear(&settle);
}

/* The fingerprint sees content, problems, names and the directory's state, and nothing else. */
static void test_fingerprint(void **state)
{
	static const struct step steps[] = {
		{ .at = 0, .seen = "1\n" },
		{ .at = 1, .seen = "2\n" },
		{ .at = 2, .seen = "2\n", .dir = "EIO" },
		{ .at = 3, .seen = "2\n", .dir = "ESTALE" },
		{ .at = 4, .seen = "2\n", .configmap = true },
		{ .at = 5, .seen = "!x", .configmap = true },
		{ .at = 6, .configmap = true },
	};
	uint64_t prints[COUNT_OF(steps)];
	struct watch_settle settle;

	(void)state;
	open_settle(&settle);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		take(&settle, &steps[i]);
		prints[i] = watch_fingerprint(&settle, 1);
		for (size_t k = 0; k < i; k++)
			assert_true(prints[k] != prints[i]);
		take(&settle, &steps[i]);
		assert_true(watch_fingerprint(&settle, 1) == prints[i]);
	}
	watch_settle_clear(&settle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_whole_is_asked_once),
		cmocka_unit_test(test_files_are_apart),
		cmocka_unit_test(test_a_snapshot_copies_nothing),
		cmocka_unit_test(test_fingerprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
