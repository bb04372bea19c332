// SPDX-License-Identifier: GPL-2.0-or-later
#include "letters.h"

static const struct scenario scenarios[] = {
	{ "accepted", { { "g-", "a:80", "", "", 0 }, { "gg", "a:80 b:80", "", "", 0 } } },
	{ "the same again says nothing",
	  { { "gb", "a:80", "b13", "b13-", 1 },
	    { "gb", "a:80", "b13", "", 1 },
	    { "gb", "a:80", "b13", "", 1 } } },
	{ "edited", { { "g-", "a:80", "", "", 0 }, { "h-", "a:81", "", "", 0 } } },
	{ "refused keeps the last version",
	  { { "gg", "a:80 b:80", "", "", 0 },
	    { "bg", "a:80 b:80", "a13", "a13+", 0 },
	    { "bg", "a:80 b:80", "a13", "", 0 },
	    { "hg", "a:81 b:80", "", "a=", 0 } } },
	{ "refused for another reason is told again",
	  { { "g-", "a:80", "", "", 0 },
	    { "b-", "a:80", "a13", "a13+", 0 },
	    { "d-", "a:80", "a10", "a10+", 0 },
	    { "b-", "a:80", "a13", "a13+", 0 } } },
	{ "refused without a last version",
	  { { "b-", "", "a13", "a13-", 1 },
	    { "bb", "", "a13 b13", "b13-", 2 },
	    { "gb", "a:80", "b13", "a=", 1 },
	    { "gg", "a:80 b:80", "", "b=", 0 } } },
	{ "back to the running version",
	  { { "h-", "a:81", "", "", 0 },
	    { "b-", "a:81", "a13", "a13+", 0 },
	    { "h-", "a:81", "", "a=", 0 },
	    { "h-", "a:81", "", "", 0 } } },
	{ "gone", { { "gg", "a:80 b:80", "", "", 0 }, { "g-", "a:80", "", "b!", 0 } } },
	{ "gone while it is refused",
	  { { "g-", "a:80", "", "", 0 },
	    { "b-", "a:80", "a13", "a13+", 0 },
	    { "--", "", "", "a!", 0 },
	    { "b-", "", "a13", "a13-", 1 },
	    { "--", "", "", "a!", 0 } } },
	{ "unreadable keeps the last version",
	  { { "g-", "a:80", "", "", 0 },
	    { "u-", "a:80", "a1", "a1+", 0 },
	    { "u-", "a:80", "a1", "", 0 },
	    { "v-", "a:80", "a1", "a1+", 0 },
	    { "g-", "a:80", "", "a=", 0 } } },
	{ "unreadable from the start",
	  { { "u-", "", "a1", "a1-", 1 }, { "g-", "a:80", "", "a=", 0 } } },
	{ "two newcomers in conflict: the first file wins",
	  { { "cc", "a:9", "b31", "b31-", 1 },
	    { "cc", "a:9", "b31", "", 1 },
	    { "-c", "b:9", "", "a! b=", 0 } } },
	{ "whoever holds the listener keeps it, and the loser its last version",
	  { { "gc", "a:80 b:9", "", "", 0 },
	    { "cc", "a:80 b:9", "a31", "a31+", 0 },
	    { "gc", "a:80 b:9", "", "a=", 0 },
	    { "cc", "a:80 b:9", "a31", "a31+", 0 },
	    { "c-", "a:9", "", "b! a=", 0 } } },
	{ "a holder that is refused still holds",
	  { { "c-", "a:9", "", "", 0 },
	    { "bc", "a:9", "a13 b31", "a13+ b31-", 1 },
	    { "gc", "a:80 b:9", "", "a= b=", 0 } } },
	{ "a name has one holder too",
	  { { "nn", "same:80", "b30", "b30-", 1 }, { "-n", "same:80", "", "a! b=", 0 } } },
	{ "two files change places",
	  { { "gh", "a:80 b:81", "", "", 0 }, { "hg", "a:81 b:80", "", "", 0 } } },
	{ "a backend's SNAT has one holder too",
	  { { "-s", "b:80", "", "", 0 },
	    { "ss", "b:80", "a32", "a32-", 1 },
	    { "gs", "a:80 b:80", "", "a=", 0 } } },
};

static void test_scenarios(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
		struct ezlb_catalog catalog = { .n_without = 0 };

		print_message("%s\n", scenarios[i].name);
		for (size_t k = 0; k < STEPS && scenarios[i].steps[k].files; k++)
			run_step(&catalog, &scenarios[i].steps[k]);
		stop(&catalog);
	}
}

/* A restart before every step of every scenario changes nothing but the log. */
static void test_restart_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
		struct ezlb_lastgood store;
		struct ezlb_catalog catalog;

		print_message("%s\n", scenarios[i].name);
		for (size_t k = 0; k < STEPS && scenarios[i].steps[k].files; k++) {
			start(&catalog, &store);
			free(look(&catalog, scenarios[i].steps[k].files));
			assert_step(&catalog, &scenarios[i].steps[k]);
			stop(&catalog);
		}
		start(&catalog, &store);
		free(look(&catalog, "--"));
		stop(&catalog);
	}
}

/* What a human reads: the place, the reason, the service, and what it means for the traffic. */
static void test_log_lines(void **state)
{
	struct ezlb_catalog catalog = { .n_without = 0 };
	char *log;

	(void)state;
	free(look(&catalog, "g-"));
	log = look(&catalog, "b-");
	assert_has(log, "level=error pkg=config msg=\"/d/a.yaml:1:12: error[E013]: ");
	assert_has(log, " help=");
	assert_has(log, " svc=a effect=\"its last good version stays\"\n");
	free(log);
	log = look(&catalog, "g-");
	assert_has(log, "level=info pkg=config msg=\"file is valid again\" file=/d/a.yaml svc=a\n");
	free(log);
	log = look(&catalog, "--");
	assert_has(log, "level=info pkg=config msg=\"file was removed\" file=/d/a.yaml svc=a\n");
	free(log);
	log = look(&catalog, "u-");
	assert_has(log, "/d/a.yaml: error[E001]: Permission denied\"");
	assert_has(log, " effect=\"the file is not applied\"\n");
	free(log);
	ezlb_catalog_clear(&catalog);
}

/* Nobody knows what the files of such a directory ask for. */
static void test_unreadable_directory(void **state)
{
	struct ezlb_catalog catalog = { .n_without = 0 };
	struct ezlb_snapshot snapshot = { 0 };
	struct ezlb_dir *dir = EZLB_PUSH(&snapshot.dirs);

	(void)state;
	dir->path = ezlb_strdup("/d");
	dir->problem = ezlb_strdup("Stale file handle");
	dir->frozen = true;
	EZLB_PUSH(&snapshot.dirs)->path = ezlb_strdup("/e");
	free(update(&catalog, &snapshot));
	assert_int_equal(catalog.n_without, 1);
	free(look(&catalog, "g-"));
	assert_int_equal(catalog.n_without, 0);
	ezlb_catalog_clear(&catalog);
}

/* Whoever tells what is wrong in its own way does not want it twice. */
static void test_quiet(void **state)
{
	static const char *const steps[] = { "gb", "bb", "gg", "-g", "--", "uh" };
	struct ezlb_catalog catalog = { .quiet = true };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		char *log = look(&catalog, steps[i]);

		assert_string_equal(log, "");
		free(log);
	}
	assert_string_equal(diags_text(&catalog.diags).s, "a1");
	ezlb_catalog_clear(&catalog);
}

#define MANY 2000

static void add_some(struct ezlb_snapshot *snapshot, int n, bool good)
{
	for (int i = 0; i < n; i++) {
		struct ezlb_file *file = EZLB_PUSH(&snapshot->files);

		file->path = ezlb_asprintf("/d/s%04d.yaml", i);
		file->bytes = ezlb_asprintf("listen: 10.0.%d.%d:80\nhealth_check: {enabled: %s}\n"
					    "backends:\n  - address: 10.1.0.1:80\n",
					    i / 250, i % 250 + 1, good ? "false" : "maybe");
		file->len = strlen(file->bytes);
		file->hash = ezlb_hash(file->bytes, file->len);
	}
}

static void add_many(struct ezlb_snapshot *snapshot, bool good)
{
	add_some(snapshot, MANY, good);
}

/* A line for each of 100,000 errors would hold the loop. */
static void test_too_many_for_the_log(void **state)
{
	struct ezlb_catalog catalog = { .n_without = 0 };
	struct ezlb_snapshot snapshot = { 0 };
	char *log;

	(void)state;
	add_some(&snapshot, 2100, false);
	log = update(&catalog, &snapshot);
	assert_int_equal(count(log, "error[E"), 2000);
	assert_int_equal(count(log, "than the log gets lines for"), 1);
	assert_int_equal(count(log, "files=100 errors=100"), 1);
	assert_int_equal(catalog.diags.len, 2100);
	free(log);
	ezlb_catalog_clear(&catalog);
}

static void test_many(void **state)
{
	struct ezlb_catalog catalog = { .n_without = 0 };
	struct ezlb_snapshot snapshot = { 0 };
	char *log;

	(void)state;
	add_many(&snapshot, true);
	log = update(&catalog, &snapshot);
	assert_string_equal(log, "");
	assert_int_equal(catalog.desired.len, MANY);
	free(log);
	snapshot = (struct ezlb_snapshot){ 0 };
	add_many(&snapshot, false);
	log = update(&catalog, &snapshot);
	assert_int_equal(count(log, "its last good version stays"), MANY);
	assert_int_equal(catalog.desired.len, MANY);
	free(log);
	snapshot = (struct ezlb_snapshot){ 0 };
	log = update(&catalog, &snapshot);
	assert_int_equal(count(log, "file was removed"), MANY);
	assert_int_equal(catalog.desired.len, 0);
	free(log);
	ezlb_catalog_clear(&catalog);
}

/* So many files with 64 * 1024 destinations are allowed, and a few backends more. */
#define LARGE 15

/* The file with this number; n backends for each of 64 virtual services. */
static void add_large(struct ezlb_snapshot *snapshot, int i, int n)
{
	struct ezlb_file *file = EZLB_PUSH(&snapshot->files);
	size_t size;
	FILE *out = open_memstream(&file->bytes, &size);

	fprintf(out, "health_check: {enabled: false}\nlisten:\n");
	for (int k = 1; k <= 64; k++)
		fprintf(out, "- 10.0.%d.1:%d\n", i, k);
	fprintf(out, "backends:\n");
	for (int k = 0; k < n; k++)
		fprintf(out, "- address: 10.1.%d.%d:80\n", k / 250, 1 + k % 250);
	fclose(out);
	file->path = ezlb_asprintf("/d/%c.yaml", 'a' + i);
	file->len = size;
	file->hash = ezlb_hash(file->bytes, file->len);
}

/* Files with 1,024 backends each, then one with `next`, if any; the first one has `first`. */
static void look_at_large(struct ezlb_catalog *catalog, int first, int next)
{
	struct ezlb_snapshot snapshot = { 0 };

	for (int i = 0; i < LARGE; i++)
		add_large(&snapshot, i, i ? 1024 : first);
	if (next)
		add_large(&snapshot, LARGE, next);
	ezlb_catalog_update(catalog, &snapshot);
	ezlb_snapshot_clear(&snapshot);
}

static size_t sum_dests(const struct ezlb_catalog *catalog)
{
	size_t sum = 0;

	for (size_t i = 0; i < catalog->desired.len; i++)
		sum += catalog->desired.items[i]->n_listeners *
		       catalog->desired.items[i]->n_backends;
	return sum;
}

/* An edit of one file is not merged with all others, and has the same limit. */
static void test_too_many_destinations(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };

	(void)state;
	look_at_large(&catalog, 1024, 0);
	assert_int_equal(catalog.diags.len, 0);
	look_at_large(&catalog, 1024, 1);
	assert_false(catalog.merged);
	assert_int_equal(catalog.desired.len, LARGE + 1);
	look_at_large(&catalog, 1024, 1024);
	assert_string_equal(diags_text(&catalog.diags).s, "p38");
	assert_int_equal(sum_dests(&catalog), 64 * (LARGE * 1024 + 1));
	/* Another file makes room. */
	look_at_large(&catalog, 1, 1024);
	assert_int_equal(catalog.diags.len, 0);
	assert_int_equal(sum_dests(&catalog), 64 * (LARGE * 1024 + 1));
	/* And does not get it back. */
	look_at_large(&catalog, 1024, 1024);
	assert_string_equal(diags_text(&catalog.diags).s, "a38");
	assert_int_equal(sum_dests(&catalog), 64 * (LARGE * 1024 + 1));
	ezlb_catalog_clear(&catalog);
}

/* What the answer about `text` was, and which listener an update shows that has `shown` for it. */
static char *after_whole(const char *text, const char *shown, bool *whole)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	struct ezlb_file *file = EZLB_PUSH(&snapshot.files);
	char *out;

	*whole = judge_one(&catalog, "/d/a.yaml", text);
	file->path = ezlb_strdup("/d/a.yaml");
	file->bytes = ezlb_strdup(shown);
	file->len = strlen(text);
	file->hash = ezlb_hash(text, file->len);
	ezlb_catalog_update(&catalog, &snapshot);
	out = ezlb_asprintf("%s %s", in_force(&catalog).s, diags_text(&catalog.diags).s);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
	return out;
}

/*
 * What was judged is not parsed again: an update that says to have the same bytes (their
 * length and hash), but has others, does not notice that.
 */
static void test_parses_once(void **state)
{
	EZLB_AUTO_FREE char *good = content_of('g', 1), *other = content_of('h', 1);
	EZLB_AUTO_FREE char *bad = content_of('b', 1), *sound = NULL, *refused = NULL;
	bool whole;

	(void)state;
	sound = after_whole(good, other, &whole);
	assert_true(whole);
	assert_string_equal(sound, "a:80 ");
	refused = after_whole(bad,
			      "colour: red\nlisten: 10.0.0.1:80\nbackends:\n  - address: "
			      "10.1.0.1:80\n  # so that it is long enough\n",
			      &whole);
	assert_false(whole);
	assert_string_equal(refused, " a13");
}

/* Other bytes, or another file, are parsed. */
static void test_parses_what_has_changed(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	EZLB_AUTO_FREE char *bad = content_of('b', 1);

	(void)state;
	assert_false(judge_one(&catalog, "/d/a.yaml", bad));
	assert_false(judge_one(&catalog, "/d/b.yaml", bad));
	free(look(&catalog, "gb"));
	assert_string_equal(in_force(&catalog).s, "a:80");
	assert_string_equal(diags_text(&catalog.diags).s, "b13");
	assert_int_equal(kept(&catalog), 2); /* a later update may get these bytes */
	ezlb_catalog_clear(&catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test_setup_teardown(test_restart_everywhere, setup_top, teardown_top),
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_unreadable_directory),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_too_many_for_the_log),
		cmocka_unit_test(test_too_many_destinations),
		cmocka_unit_test(test_parses_once),
		cmocka_unit_test(test_parses_what_has_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
