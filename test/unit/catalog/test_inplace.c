// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random histories of a directory. One catalog looks only at what changed where it can; the other
 * one is made to merge all files in each update. Versions, diagnostics, log lines, what is stored
 * and what is said about the change must be the same.
 */
#include "letters.h"

#include <ezlb/config.h>
#include <ezlb/text.h>

#include "dice.h"

#define HISTORIES ROUNDS(250)
#define STEPS_MAX 14
#define FILES	  6

struct pair {
	struct ezlb_catalog fast, slow;
	struct ezlb_lastgood fast_store, slow_store;
	char *texts[FILES]; /* NULL: no such file */
	unsigned in_place, narrow, none, kept;
};

/* Addresses, names and sources are few, so that files get into conflicts often in some histories.
 */
static char *random_text(int file, unsigned crowd)
{
	static const char *const extra[] = { "",
					     "",
					     "",
					     "scheduler: wlc\n",
					     "drain_timeout: 5s\n",
					     "full_nat: true\nsnat_ip: 10.9.0.1\n",
					     "full_nat: true\nsnat_ip: 10.9.0.2\n",
					     "full_nat: true\n",
					     "# a comment\n" };
	static const char *const checks[] = { "health_check: {enabled: false}\n", "",
					      "health_check: {type: tcp, interval: 3s}\n" };
	EZLB_AUTO_FREE char *name = dice(5) ? ezlb_strdup("")
					    : ezlb_asprintf("name: n%u\n", dice(crowd));
	EZLB_AUTO_FREE char *listen =
		dice(4)	  ? ezlb_asprintf("listen: 10.0.0.1:%u\n", 80 + dice(crowd))
		: dice(2) ? ezlb_asprintf("listen: 10.0.0.1:%u-%u\n", 80 + dice(crowd), 90u)
			  : ezlb_asprintf("listen: [10.0.0.1:%u, 10.0.0.2:%u]\n", 80 + dice(crowd),
					  80 + dice(crowd));

	if (dice(12) == 0)
		return ezlb_strdup(dice(2) ? "colour: red\nshape: round\n" : "listen: nonsense\n");
	return ezlb_asprintf("%s%s%s%sbackends:\n  - address: 10.1.0.%u:80\n    weight: %u\n"
			     "  - address: 10.1.1.%d:80\n",
			     name, listen, extra[dice(9)], checks[dice(3)], dice(crowd),
			     1 + dice(2), file);
}

/* A change that keeps all claims, more often than not. */
static char *edited(const char *text, int file, unsigned crowd)
{
	const char *weight = text ? strstr(text, "weight: ") : NULL;

	if (!weight || dice(4) == 0)
		return random_text(file, crowd);
	if (dice(3) == 0)
		return ezlb_asprintf("# another comment\n%s", text);
	return ezlb_asprintf("%.*s%u%s", (int)(weight + 8 - text), text, 1 + dice(3), weight + 9);
}

static void change_files(struct pair *pair, unsigned crowd)
{
	unsigned n = dice(3) ? 1 : 1 + dice(FILES);

	for (unsigned i = 0; i < n; i++) {
		int file = (int)dice(FILES);
		char *next = dice(10) ? edited(pair->texts[file], file, crowd) : NULL;

		free(pair->texts[file]);
		pair->texts[file] = next;
	}
}

static char *update_with(const struct pair *pair, struct ezlb_catalog *catalog, bool frozen,
			 bool unreadable)
{
	struct ezlb_snapshot snapshot = { 0 };
	struct ezlb_dir *dir = EZLB_PUSH(&snapshot.dirs);

	dir->path = ezlb_strdup("/d");
	dir->frozen = frozen;
	dir->problem = frozen ? ezlb_strdup("gone") : NULL;
	for (int i = 0; i < FILES; i++) {
		struct ezlb_file *file = pair->texts[i] ? EZLB_PUSH(&snapshot.files) : NULL;

		if (!file)
			continue;
		file->path = ezlb_asprintf("/d/%c.yaml", 'a' + i);
		if (unreadable && i == 2) {
			file->problem = ezlb_strdup("Permission denied");
			continue;
		}
		file->bytes = ezlb_strdup(pair->texts[i]);
		file->len = strlen(file->bytes);
		file->hash = ezlb_hash(file->bytes, file->len);
	}
	return update(catalog, &snapshot);
}

static void assert_same_text(const char *a, const char *b)
{
	assert_string_equal(a ? a : "", b ? b : "");
}

static void assert_same_spec(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	EZLB_AUTO_FREE char *x = a ? ezlb_config_write(a) : NULL;
	EZLB_AUTO_FREE char *y = b ? ezlb_config_write(b) : NULL;

	assert_same_text(x, y);
	assert_same_text(a ? a->name : NULL, b ? b->name : NULL);
	if (a)
		assert_int_equal(ezlb_mark_cmp(a->listen_at, b->listen_at), 0);
}

static void assert_same_desired(const struct ezlb_desired *a, const struct ezlb_desired *b)
{
	assert_int_equal(a->len, b->len);
	for (size_t i = 0; i < a->len; i++)
		assert_same_spec(a->items[i], b->items[i]);
}

static void assert_same_diags(const struct ezlb_diags *a, const struct ezlb_diags *b)
{
	assert_int_equal(a->len, b->len);
	for (size_t i = 0; i < a->len; i++) {
		EZLB_AUTO_FREE char *x = ezlb_diag_text(&a->items[i]);
		EZLB_AUTO_FREE char *y = ezlb_diag_text(&b->items[i]);

		assert_string_equal(x, y);
	}
}

static void assert_same_entry(struct pair *pair, size_t i)
{
	const struct ezlb_catalog_entry *a = &pair->fast.entries.items[i];
	const struct ezlb_catalog_entry *b = &pair->slow.entries.items[i];
	EZLB_AUTO_FREE char *x = NULL, *y = NULL;
	size_t n = 0, m = 0;

	assert_string_equal(a->path, b->path);
	assert_same_spec(a->last, b->last);
	assert_int_equal(a->fresh == a->last, b->fresh == b->last);
	assert_int_equal(a->last_hash, b->last_hash);
	assert_int_equal(a->last_meaning, b->last_meaning);
	assert_int_equal(a->restored, b->restored);
	assert_int_equal(a->was_good, b->was_good);
	x = ezlb_lastgood_read(&pair->fast_store, a->path, &n);
	y = ezlb_lastgood_read(&pair->slow_store, b->path, &m);
	assert_same_text(x, y);
	assert_int_equal(n, m);
}

static void assert_same(struct pair *pair)
{
	const struct ezlb_catalog *a = &pair->fast, *b = &pair->slow;

	assert_same_desired(&a->desired, &b->desired);
	assert_same_diags(&a->diags, &b->diags);
	assert_int_equal(a->n_without, b->n_without);
	assert_int_equal(a->change.all, b->change.all);
	assert_int_equal(a->change.probes, b->change.probes);
	assert_same_desired(&a->change.services, &b->change.services);
	assert_int_equal(ezlb_catalog_revision(a), ezlb_catalog_revision(b));
	assert_int_equal(a->entries.len, b->entries.len);
	for (size_t i = 0; i < a->entries.len; i++)
		assert_same_entry(pair, i);
}

/* Writing takes most of the time, so only some histories have a state directory. */
static void open_store(struct ezlb_catalog *catalog, struct ezlb_lastgood *store, const char *name,
		       bool stores)
{
	ezlb_lastgood_open(store, stores ? at(name).s : NULL, true);
	*catalog = (struct ezlb_catalog){ .lastgood = store };
}

static void open_pair(struct pair *pair, uint64_t number)
{
	open_store(&pair->fast, &pair->fast_store, "fast", number % 16 == 0);
	open_store(&pair->slow, &pair->slow_store, "slow", number % 16 == 0);
	pair->fast.snat_key = pair->slow.snat_key = number % 2 ? EZLB_SNAT_KEY_LISTENER
							       : EZLB_SNAT_KEY_BACKEND;
}

/* Of each line the part after the time. */
static void assert_same_log(const char *a, const char *b)
{
	while (*a && *b) {
		a += strcspn(a, " ");
		b += strcspn(b, " ");
		assert_int_equal(strcspn(a, "\n"), strcspn(b, "\n"));
		assert_memory_equal(a, b, strcspn(a, "\n"));
		a += strcspn(a, "\n") + 1;
		b += strcspn(b, "\n") + 1;
	}
	assert_int_equal(*a, *b);
}

static char *probes_text(const struct ezlb_catalog *catalog)
{
	struct ezlb_health_rows rows = { 0 };
	struct ezlb_text out = { 0 };
	char endpoint[EZLB_ENDPOINT_STRLEN];
	size_t len;

	ezlb_catalog_health_rows(&catalog->desired, &rows);
	for (size_t i = 0; i < rows.len; i++)
		ezlb_text_printf(&out, "%s %s %u %u\n", rows.items[i].service,
				 ezlb_endpoint_format(&rows.items[i].backend, endpoint),
				 rows.items[i].check.interval_ms, rows.items[i].check.port);
	EZLB_VEC_CLEAR(&rows);
	return ezlb_text_take(&out, &len);
}

static void play(struct pair *pair, unsigned crowd)
{
	bool frozen = dice(8) == 0, unreadable = dice(8) == 0;
	EZLB_AUTO_FREE char *probes = probes_text(&pair->fast), *now = NULL;
	EZLB_AUTO_FREE char *fast = NULL, *slow = NULL;

	change_files(pair, crowd);
	fast = update_with(pair, &pair->fast, frozen, unreadable);
	pair->slow.calm = false;
	slow = update_with(pair, &pair->slow, frozen, unreadable);
	assert_true(pair->slow.merged);
	assert_same_log(fast, slow);
	assert_same(pair);
	now = probes_text(&pair->fast);
	assert_true(pair->fast.change.probes || strcmp(probes, now) == 0);
	pair->kept += !pair->fast.change.probes;
	pair->in_place += !pair->fast.merged;
	pair->narrow += !pair->fast.change.all && pair->fast.change.services.len > 0;
	pair->none += !pair->fast.change.all && pair->fast.change.services.len == 0;
}

static void history(struct pair *pair, uint64_t number)
{
	unsigned crowd = number % 3 ? 40 : 4;

	open_pair(pair, number);
	for (int step = 0; step < STEPS_MAX; step++) {
		play(pair, crowd);
		if (dice(10) == 0) { /* a restart */
			stop(&pair->fast);
			stop(&pair->slow);
			open_pair(pair, number);
		}
	}
	stop(&pair->fast);
	stop(&pair->slow);
	for (int i = 0; i < FILES; i++) {
		free(pair->texts[i]);
		pair->texts[i] = NULL;
	}
}

static void test_in_place(void **state)
{
	struct pair pair = { .in_place = 0 };

	(void)state;
	for (uint64_t i = 0; i < HISTORIES; i++) {
		seed = 7919 * (i + 1);
		history(&pair, i);
		if (i % 16)
			continue;
		remove_tree(at("fast").s);
		remove_tree(at("slow").s);
	}
	/* Each kind of update was there many times. */
	assert_in_range(pair.in_place, HISTORIES * 3, HISTORIES * STEPS_MAX);
	assert_in_range(pair.narrow, HISTORIES / 2, HISTORIES * STEPS_MAX);
	assert_in_range(pair.kept, HISTORIES, HISTORIES * STEPS_MAX);
	assert_in_range(pair.none, HISTORIES / 2, HISTORIES * STEPS_MAX);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
