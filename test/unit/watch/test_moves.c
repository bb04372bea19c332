// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that get another name: no look accepts the content twice, and none loses it. */
#include "fixture.h"

#include "settle.h"

/*
 * A story is a list of looks at a directory. Its files are letters: "a=1 b=2?" is a.yaml with the
 * content 1 and b.yaml with 2?, which is not whole. `want` is what counts after the look.
 */
struct step {
	unsigned at;
	const char *seen, *want;
	uint64_t next; /* 0: WATCH_NEVER */
};

#define LOOK(t, s, w)                               \
	{                                           \
		.at = (t), .seen = (s), .want = (w) \
	}
#define WAITS(t, s, w, n)                                        \
	{                                                        \
		.at = (t), .seen = (s), .want = (w), .next = (n) \
	}

static const struct story {
	const char *name;
	struct step steps[6];
	bool configmap;
} stories[] = {
	{ .name = "a rename",
	  .steps = { LOOK(0, "a=1", "a=1"), WAITS(100, "b=1", "a=1", 1100),
		     LOOK(1100, "b=1", "b=1") } },
	{ .name = "a rename to an earlier name",
	  .steps = { LOOK(0, "b=1", "b=1"), WAITS(100, "a=1", "b=1", 1100),
		     LOOK(1100, "a=1", "a=1") } },
	{ .name = "the new name comes later, and no service is missing meanwhile",
	  .steps = { LOOK(0, "a=1", "a=1"), WAITS(100, "", "a=1", 1100),
		     WAITS(600, "b=1", "a=1", 1100), LOOK(1100, "b=1", "b=1") } },
	{ .name = "the new name comes last of all",
	  .steps = { LOOK(0, "a=1", "a=1"), WAITS(100, "", "a=1", 1100),
		     LOOK(1100, "b=1", "b=1") } },
	{ .name = "a copy does not wait",
	  .steps = { LOOK(0, "a=1", "a=1"), LOOK(100, "a=1 b=1", "a=1 b=1") } },
	{ .name = "a backup, and the original comes back",
	  .steps = { LOOK(0, "a=1", "a=1"), WAITS(100, "b=1", "a=1", 1100),
		     LOOK(200, "a=2 b=1", "a=2 b=1"), WAITS(300, "a=2", "a=2 b=1", 1300) } },
	{ .name = "edited under the new name: that is another file",
	  .steps = { LOOK(0, "a=1", "a=1"), WAITS(100, "b=1", "a=1", 1100),
		     WAITS(200, "b=2", "a=1 b=2", 1100), LOOK(1100, "b=2", "b=2") } },
	{ .name = "half of it under the new name",
	  .steps = { LOOK(0, "a=1", "a=1"), WAITS(100, "b=1", "a=1", 1100),
		     WAITS(200, "b=1?", "a=1", 1100), WAITS(1100, "b=1?", "", 1200),
		     LOOK(1200, "b=1?", "b=1?") } },
	{ .name = "renamed twice",
	  .steps = { LOOK(0, "a=1", "a=1"), WAITS(100, "b=1", "a=1", 1100),
		     WAITS(200, "c=1", "a=1", 1100), LOOK(1100, "c=1", "c=1") } },
	{ .name = "and back again",
	  .steps = { LOOK(0, "a=1", "a=1"), WAITS(100, "b=1", "a=1", 1100),
		     LOOK(200, "a=1", "a=1") } },
	{ .name = "over another file",
	  .steps = { LOOK(0, "a=1 b=2", "a=1 b=2"), WAITS(100, "b=1", "a=1 b=2", 1100),
		     LOOK(1100, "b=1", "b=1") } },
	{ .name = "numbers that are counted up",
	  .steps = { LOOK(0, "a=1 b=2 c=3", "a=1 b=2 c=3"),
		     WAITS(100, "b=1 c=2 d=3", "a=1 b=2 c=3", 1100),
		     LOOK(1100, "b=1 c=2 d=3", "b=1 c=2 d=3") } },
	{ .name = "two that change places have nothing to wait for",
	  .steps = { LOOK(0, "a=1 b=2", "a=1 b=2"), LOOK(100, "a=2 b=1", "a=2 b=1") } },
	{ .name = "two of the same content",
	  .steps = { LOOK(0, "a=1", "a=1"), WAITS(100, "b=1 c=1", "a=1", 1100),
		     LOOK(1100, "b=1 c=1", "b=1 c=1") } },
	{ .name = "a broken file",
	  .steps = { LOOK(0, "a=1?", "a=1?"), WAITS(100, "b=1?", "a=1?", 1100),
		     LOOK(1100, "b=1?", "b=1?") } },
	{ .name = "a volume changes at once",
	  .steps = { LOOK(0, "a=1", "a=1"), LOOK(100, "b=1", "b=1") },
	  .configmap = true },
};

static void are_whole(void *arg, const struct ezlb_files *files, bool *whole)
{
	(void)arg;
	for (size_t i = 0; i < files->len; i++)
		whole[i] = files->items[i].bytes[files->items[i].len - 1] != '?';
}

static void fill(struct watch_look *look, const char *seen)
{
	for (const char *at = seen; *at;) {
		size_t len = strcspn(at, " ");
		struct ezlb_file *file = EZLB_PUSH(&look->files);

		file->path = ezlb_asprintf("d/%c.yaml", at[0]);
		file->bytes = ezlb_strndup(at + 2, len - 2);
		file->len = len - 2;
		file->hash = ezlb_hash(file->bytes, file->len);
		at += len + (at[len] == ' ');
	}
}

/* In how many ways a look can be made: at all files, at a few names, at many names. */
enum way { WHOLE, FEW_NAMES, MANY_NAMES, WAYS };

static void name_all(struct watch_names *names, enum way way)
{
	char name[] = "a.yaml", other[16];

	for (; name[0] <= 'e'; name[0]++)
		watch_names_add(names, name);
	for (int i = 0; way == MANY_NAMES && i < 50; i++) {
		snprintf(other, sizeof(other), "%c%d.yaml", 'a' + i % 5, i);
		watch_names_add(names, other);
	}
}

static uint64_t take(struct watch_settle *settle, const struct story *story,
		     const struct step *step, enum way way)
{
	struct watch_look look = { .configmap = story->configmap };
	struct watch_names names = { 0 };
	uint64_t next;

	if (way == WHOLE || !settle->seen) {
		fill(&look, step->seen);
		watch_settle_judge(settle, &look, NULL);
		next = watch_settle_take(settle, &look, step->at);
	} else {
		name_all(&names, way);
		fill(&look, step->seen);
		watch_settle_judge(settle, &look, &names);
		next = watch_settle_part(settle, &look, &names, step->at);
	}
	watch_names_clear(&names);
	watch_look_clear(&look);
	return next;
}

static void shown(const struct watch_settle *settle, char *out, size_t size)
{
	struct ezlb_snapshot snapshot;
	size_t len = 0;

	watch_collect(settle, 1, &snapshot);
	out[0] = '\0';
	for (size_t i = 0; i < snapshot.files.len; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%c=%s", i ? " " : "",
					snapshot.files.items[i].path[2],
					snapshot.files.items[i].bytes);
	ezlb_snapshot_clear(&snapshot);
}

static void play(const struct story *story, enum way way)
{
	struct watch_settle settle;
	char got[64];

	watch_settle_init(&settle, "d");
	settle.whole = are_whole;
	for (const struct step *step = story->steps; step->seen; step++) {
		uint64_t next = take(&settle, story, step, way);

		shown(&settle, got, sizeof(got));
		if (strcmp(got, step->want) != 0 || next != (step->next ? step->next : WATCH_NEVER))
			fail_msg("%s, way %d, at %u: got '%s', next %llu", story->name, way,
				 step->at, got, (unsigned long long)next);
	}
	watch_settle_clear(&settle);
}

static void test_stories(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(stories); i++)
		for (enum way way = WHOLE; way < WAYS; way++)
			if (way == WHOLE || !stories[i].configmap)
				play(&stories[i], way);
}

/* Files that no event has named are not missing. */
static void test_names_that_were_not_asked(void **state)
{
	static const struct story story = { .name = "part" };
	static const struct step first = LOOK(0, "a=1 b=2 f=6", "");
	struct watch_settle settle;
	char got[64];

	(void)state;
	for (enum way way = FEW_NAMES; way < WAYS; way++) {
		struct watch_look look = { 0 };
		struct watch_names names = { 0 };

		watch_settle_init(&settle, "d");
		take(&settle, &story, &first, WHOLE);
		watch_names_add(&names, "c.yaml");
		for (int i = 0; way == MANY_NAMES && i < 50; i++) {
			char other[16];

			snprintf(other, sizeof(other), "b%d.yaml", i);
			watch_names_add(&names, other);
		}
		fill(&look, "c=1"); /* a copy of a.yaml */
		watch_settle_judge(&settle, &look, &names);
		assert_true(watch_settle_part(&settle, &look, &names, 100) == WATCH_NEVER);
		shown(&settle, got, sizeof(got));
		assert_string_equal(got, "a=1 b=2 c=1 f=6");
		watch_names_clear(&names);
		watch_look_clear(&look);
		watch_settle_clear(&settle);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_names_that_were_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
