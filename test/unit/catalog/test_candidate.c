// SPDX-License-Identifier: GPL-2.0-or-later
#include "letters.h"

#include <ezlb/catalog.h>

/* A daemon has run over /d with these files in force; what is in the ledger is its. */
static void live(const char *files)
{
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;

	start(&catalog, &store);
	free(look(&catalog, files));
	stop(&catalog);
}

struct seen {
	struct text in_force, diags, kept; /* kept: unclaimed where that counts */
	char *log;
};

static void add_at(struct ezlb_snapshot *snapshot, const char *dir, const char *files)
{
	for (int x = 1; x <= 2; x++) {
		size_t n = snapshot->files.len;

		add_file(snapshot, x, files[x - 1]);
		if (snapshot->files.len == n)
			continue;
		free(snapshot->files.items[n].path);
		snapshot->files.items[n].path = ezlb_asprintf(
			"%s%s%c.yaml", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", 'a' + x - 1);
	}
}

/* A plan of the files in `dir`; owned: the services in the ledger. */
static struct seen plan_of(const char *dir, const char *files, const char *owned)
{
	struct ezlb_scope unclaimed = scope_of(owned);
	struct ezlb_snapshot snapshot = { 0 };
	struct seen seen = { .log = NULL };
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog = { .lastgood = &store };
	struct capture capture;

	ezlb_lastgood_open(&store, top, false);
	add_at(&snapshot, dir, files);
	capture = capture_begin(STDERR_FILENO);
	ezlb_catalog_seed(&catalog, &dir, 1, &snapshot, &unclaimed);
	ezlb_catalog_update(&catalog, &snapshot);
	seen.log = capture_end(capture);
	seen.in_force = in_force(&catalog);
	seen.diags = diags_text(&catalog.diags);
	if (catalog.n_without > 0)
		seen.kept = scope_text(&unclaimed);
	ezlb_snapshot_clear(&snapshot);
	EZLB_VEC_CLEAR(&unclaimed);
	ezlb_catalog_clear(&catalog);
	ezlb_lastgood_close(&store);
	return seen;
}

#define OWNED "tcp 10.0.0.1:80, tcp 10.0.0.2:80"

/* a.yaml is 10.0.0.1:80 and b.yaml 10.0.0.2:80 where they are g; letters.h has the rest. */
static const struct {
	const char *name;
	const char *live, *dir, *files;
	const char *in_force, *diags, *kept;
} rows[] = {
	{ "the same files", "gg", "/c", "gg", "a:80 b:80", "", "" },
	{ "one is gone", "gg", "/c", "g-", "a:80", "", "" },
	{ "all are gone", "gg", "/c", "--", "", "", "" },
	{ "one is edited", "gg", "/c", "hg", "a:81 b:80", "", "" },
	{ "refused: its version in force stays", "gg", "/c", "bg", "a:80 b:80", "a13", "" },
	{ "refused, and the other is gone", "gg", "/c", "b-", "a:80", "a13", "" },
	{ "refused and new: what is gone goes all the same", "-g", "/c", "b-", "", "a13",
	  "tcp 10.0.0.1:80" },
	{ "who holds a listener keeps it", "-c", "/c", "cc", "b:9", "a31",
	  "tcp 10.0.0.1:80, tcp 10.0.0.2:80" },
	{ "unless it gives it up", "-c", "/c", "cg", "b:80 a:9", "", "" },
	{ "or is gone", "-c", "/c", "c-", "a:9", "", "" },
	{ "the directory in force", "gg", "/d", "bg", "a:80 b:80", "a13", "" },
	{ "the directory in force, as after a restart", "-g", "/d", "b-", "", "a13", OWNED },
	{ "and with a slash", "-g", "/d/", "b-", "", "a13", OWNED },
	{ "the directory in force, with a slash", "gg", "/d/", "gg", "a:80 b:80", "", "" },
	{ "one whose name begins likewise", "gg", "/d/x", "b-", "a:80", "x13", "" },
	{ "the root", "gg", "/", "b-", "a:80", "y13", "" },
	{ "there was no daemon", "--", "/c", "b-", "", "a13", OWNED },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct seen seen;

		print_message("%s\n", rows[i].name);
		live(rows[i].live);
		seen = plan_of(rows[i].dir, rows[i].files, OWNED);
		assert_string_equal(seen.in_force.s, rows[i].in_force);
		assert_string_equal(seen.kept.s, rows[i].kept);
		assert_string_equal(seen.diags.s, rows[i].diags);
		free(seen.log);
		live("--");
	}
}

static void test_tells(void **state)
{
	struct seen seen;

	(void)state;
	live("gg");
	seen = plan_of("/c", "b-", OWNED);
	assert_has(seen.log, "msg=\"/c/a.yaml:1:12: error[E013]: ");
	assert_has(seen.log, " svc=a effect=\"its last good version stays\"\n");
	assert_has(seen.log, "msg=\"file was removed\" file=/d/b.yaml svc=b\n");
	assert_int_equal(count(seen.log, "\n"), 2);
	free(seen.log);
	live("--");
}

/* What a file stands for is unclear where two have its name: then each is new, or gone. */
static void test_two_of_one_name(void **state)
{
	static const char *const dirs[] = { "/c" };
	struct ezlb_snapshot snapshot = { 0 }, lives = { 0 };
	struct ezlb_scope unclaimed = { 0 };
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;
	size_t len;
	char *bytes;

	(void)state;
	start(&catalog, &store);
	add_at(&lives, "/d", "g-");
	add_at(&lives, "/e", "-n");
	free(lives.files.items[1].path);
	lives.files.items[1].path = ezlb_strdup("/e/a.yaml");
	free(update(&catalog, &lives));
	stop(&catalog);
	start(&catalog, &store);
	add_at(&snapshot, "/c", "b-");
	ezlb_catalog_seed(&catalog, dirs, 1, &snapshot, &unclaimed);
	assert_string_equal(in_force(&catalog).s, "a:80 same:80");
	free(update(&catalog, &snapshot));
	assert_string_equal(in_force(&catalog).s, "");
	assert_int_equal(catalog.n_without, 1);
	/* What is in force stays stored. */
	bytes = ezlb_lastgood_read(&store, "/d/a.yaml", &len);
	assert_non_null(bytes);
	free(bytes);
	stop(&catalog);
	ezlb_lastgood_close(&store); /* the catalog does not know it any more */
}

/* Nothing of it is written, and what else lies there neither hangs nor counts. */
static void test_strangers(void **state)
{
	struct seen seen;

	(void)state;
	live("g-");
	make_dir("lastgood"); /* an older ezlb's */
	assert_int_equal(mkfifo(at("lastgood/0000000000000000-fifo.yaml").s, 0600), 0);
	put("lastgood/0000000000000001-x.yaml", "no line");
	put("lastgood/0000000000000002-y.yaml", "0123456789abcdef /d/y.yaml\nlisten: 1");
	put("lastgood/new", "0123456789abcdef /d/a.yaml\n");
	put("lastgood/readme", "0123456789abcdef /d/z.yaml\n");
	seen = plan_of("/c", "b-", OWNED);
	assert_string_equal(seen.in_force.s, "a:80");
	free(seen.log);
	seen = plan_of("/d", "b-", OWNED);
	assert_string_equal(seen.in_force.s, "a:80");
	free(seen.log);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_rows),
		IN_TOP(test_tells),
		IN_TOP(test_two_of_one_name),
		IN_TOP(test_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
