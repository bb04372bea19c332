// SPDX-License-Identifier: GPL-2.0-or-later
/* How much work the catalog does, counted in comparisons of strings and in files parsed. */
#include "letters.h"

#define FILES  10000
#define ERRORS 3 /* in each */

static size_t compared, moved;

/* Stands in for libc's in this program, the packages included. */
int strcmp(const char *a, const char *b)
{
	compared++;
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

void *memmove(void *to, const void *from, size_t n)
{
	volatile char *t = to;
	const volatile char *f = from;

	moved += n;
	for (size_t i = 0; i < n && t < f; i++)
		t[i] = f[i];
	for (size_t i = n; i > 0 && t > f; i--)
		t[i - 1] = f[i - 1];
	return to;
}

static void add_text(struct ezlb_snapshot *snapshot, char *path, const char *text)
{
	struct ezlb_file *file = EZLB_PUSH(&snapshot->files);

	file->path = path;
	file->bytes = ezlb_strdup(text);
	file->len = strlen(text);
	file->hash = ezlb_hash(text, file->len);
}

static void add_broken(struct ezlb_snapshot *snapshot)
{
	for (int i = 0; i < FILES; i++)
		add_text(snapshot, ezlb_asprintf("/d/%05d.yaml", i),
			 "colour: red\nshape: round\nsize: large\nlisten: 10.0.0.1:80\n"
			 "backends:\n  - address: 10.1.0.1:80\n");
}

/* Some 30 comparisons for each diagnostic; to look at all for each one would be 15,000. */
static void test_many_broken_files(void **state)
{
	struct ezlb_catalog catalog = { .lastgood = NULL };
	struct ezlb_snapshot snapshot = { 0 };

	(void)state;
	add_broken(&snapshot);
	free(update(&catalog, &snapshot));
	assert_int_equal(catalog.diags.len, FILES * ERRORS);
	add_broken(&snapshot); /* the same once more: nothing is parsed, and nothing is news */
	compared = 0;
	free(update(&catalog, &snapshot));
	assert_int_equal(catalog.diags.len, FILES * ERRORS);
	assert_in_range(compared, FILES, FILES * ERRORS * 100);
	ezlb_catalog_clear(&catalog);
}

static void add_unreadable(struct ezlb_snapshot *snapshot)
{
	for (int i = 0; i < FILES; i++) {
		struct ezlb_file *file = EZLB_PUSH(&snapshot->files);

		file->path = ezlb_asprintf("/d/%05d.yaml", i);
		file->problem = ezlb_strdup("is a FIFO, not a regular file");
	}
}

static void add_good(struct ezlb_snapshot *snapshot, int n)
{
	for (int i = 0; i < n; i++) {
		EZLB_AUTO_FREE char *text = ezlb_asprintf(
			"listen: 10.%d.%d.1:80\nbackends:\n  - address: 192.0.2.1:80\n", i / 250,
			i % 250);

		add_text(snapshot, ezlb_asprintf("/d/%05d.yaml", i), text);
	}
}

static size_t touched(const struct ezlb_catalog *catalog)
{
	size_t n = 0;

	for (size_t i = 0; i < catalog->entries.len; i++)
		n += catalog->entries.items[i].touched;
	return n;
}

/* All files break at once, or are gone, without a merge: that moves each diagnostic a few times. */
static void test_all_change_at_once(void **state)
{
	struct ezlb_catalog catalog = { .lastgood = NULL };
	struct ezlb_snapshot snapshot = { 0 };

	(void)state;
	add_good(&snapshot, FILES);
	free(update(&catalog, &snapshot));
	assert_int_equal(catalog.desired.len, FILES);
	add_broken(&snapshot);
	moved = compared = 0;
	free(update(&catalog, &snapshot));
	assert_false(catalog.merged);
	assert_int_equal(catalog.diags.len, FILES * ERRORS);
	assert_in_range(moved, 0, FILES * ERRORS * sizeof(struct ezlb_diag) * 16);
	assert_in_range(compared, FILES, FILES * ERRORS * 300);
	add_good(&snapshot, 1);
	moved = compared = 0;
	free(update(&catalog, &snapshot));
	assert_int_equal(catalog.diags.len, 0);
	assert_int_equal(catalog.entries.len, 1);
	assert_in_range(moved, 0, FILES * ERRORS * sizeof(struct ezlb_diag) * 16);
	assert_in_range(compared, 0, FILES * ERRORS * 100);
	ezlb_catalog_clear(&catalog);
}

/* What cannot be read is told once, and again when the reason is another one. */
static void test_many_unreadable_files(void **state)
{
	struct ezlb_catalog catalog = { .lastgood = NULL };
	struct ezlb_snapshot snapshot = { 0 };

	(void)state;
	add_unreadable(&snapshot);
	free(update(&catalog, &snapshot));
	assert_int_equal(catalog.diags.len, FILES);
	add_unreadable(&snapshot);
	moved = 0;
	free(update(&catalog, &snapshot));
	assert_int_equal(touched(&catalog), 0);
	assert_int_equal(moved, 0);
	add_unreadable(&snapshot);
	free(snapshot.files.items[7].problem);
	snapshot.files.items[7].problem = ezlb_strdup("is a device, not a regular file");
	free(update(&catalog, &snapshot));
	assert_int_equal(touched(&catalog), 1);
	assert_int_equal(catalog.diags.len, FILES);
	assert_string_equal(catalog.diags.items[7].message, "is a device, not a regular file");
	ezlb_catalog_clear(&catalog);
}

/* The plan for files that would take the place of as many others. */
static void test_many_files_take_places(void **state)
{
	const char *dirs[] = { "/c" };
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;
	struct ezlb_snapshot snapshot = { 0 };
	struct ezlb_scope unclaimed = { 0 };
	enum { N = 2000 };

	(void)state;
	start(&catalog, &store);
	for (int i = 0; i < N; i++) {
		EZLB_AUTO_FREE char *text = ezlb_asprintf(
			"listen: 10.0.%d.%d:80\nbackends:\n  - address: 10.1.0.1:80\n", i / 256,
			i % 256);

		add_text(&snapshot, ezlb_asprintf("/d/%05d.yaml", i), text);
	}
	free(update(&catalog, &snapshot));
	stop(&catalog);
	start(&catalog, &store);
	for (int i = 0; i < N; i++)
		add_text(&snapshot, ezlb_asprintf("/c/%05d.yaml", i), "listen: nonsense\n");
	compared = 0;
	ezlb_catalog_seed(&catalog, dirs, 1, &snapshot, &unclaimed);
	assert_int_equal(catalog.desired.len, N);
	assert_string_equal(catalog.entries.items[0].path, "/c/00000.yaml");
	/* Parsing and the revision compare 360 for each file; a look at all would be 2000. */
	assert_in_range(compared, N, N * 600);
	ezlb_snapshot_clear(&snapshot);
	stop(&catalog);
	ezlb_lastgood_close(&store);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_broken_files),
		cmocka_unit_test(test_all_change_at_once),
		cmocka_unit_test(test_many_unreadable_files),
		IN_TOP(test_many_files_take_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
