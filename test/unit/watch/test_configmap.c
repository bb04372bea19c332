// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ConfigMap volume as the kubelet's AtomicWriter (pkg/volume/util/atomic_writer.go) treats it:
 * the files in a directory of their own for each generation, ..data -> that directory, exchanged by
 * a rename, and a link through ..data for each key. Until about 1.28 the links of new keys were
 * made before the rename, later behind it.
 */
#include "harness.h"

#include "dice.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEYS_MAX 40

struct volume {
	bool links_first;
	unsigned gen;
	unsigned n_keys; /* k0.yaml ... */
};

static bool write_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content);

	close(fd);
	return ok;
}

static struct text vol(const char *fmt, unsigned n)
{
	struct text name, path;

	snprintf(name.s, sizeof(name.s), "%s%u%s", fmt, n, fmt[0] == 'k' ? ".yaml" : "");
	snprintf(path.s, sizeof(path.s), "%.60s/cm/%.60s", top, name.s);
	return path;
}

static bool make_links(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		char target[64];

		snprintf(target, sizeof(target), "..data/k%u.yaml", i);
		if (symlink(target, vol("k", i).s) < 0)
			return false;
	}
	return true;
}

static bool remove_old(struct volume *volume, unsigned n_keys)
{
	if (volume->gen == 0)
		return true;
	for (unsigned i = n_keys; i < volume->n_keys; i++)
		if (unlink(vol("k", i).s) < 0)
			return false;
	return nftw(vol("..gen_", volume->gen).s, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0;
}

/* The next generation: n keys, each with this content. No assertion: it also runs in a thread. */
static bool update(struct volume *volume, unsigned n_keys, const char *content)
{
	struct text dir = vol("..gen_", volume->gen + 1);
	char file[600];

	if (mkdir(dir.s, 0755) < 0)
		return false;
	for (unsigned i = 0; i < n_keys; i++) {
		snprintf(file, sizeof(file), "%s/k%u.yaml", dir.s, i);
		if (!write_file(file, content))
			return false;
	}
	if (volume->links_first && !make_links(volume->n_keys, n_keys))
		return false;
	if (symlink(strrchr(dir.s, '/') + 1, at("cm/..data_tmp").s) < 0 ||
	    rename(at("cm/..data_tmp").s, at("cm/..data").s) < 0)
		return false;
	if (!volume->links_first && !make_links(volume->n_keys, n_keys))
		return false;
	if (!remove_old(volume, n_keys))
		return false;
	volume->gen++;
	volume->n_keys = n_keys;
	return true;
}

static void start(struct volume *volume, unsigned n_keys, const char *content)
{
	make_dir("cm");
	assert_true(update(volume, n_keys, content));
	open_dir("cm");
}

static void check_updates(bool links_first)
{
	struct volume volume = { .links_first = links_first };

	start(&volume, 2, "1\n");
	assert_string_equal(last(), "cm/k0.yaml=1 cm/k1.yaml=1 [configmap]");
	assert_true(update(&volume, 2, "2\n"));
	assert_in_range(expect("cm/k0.yaml=2 cm/k1.yaml=2 [configmap]", 1000), 0, 5);
	assert_true(update(&volume, 3, "3\n"));
	assert_in_range(expect("cm/k0.yaml=3 cm/k1.yaml=3 cm/k2.yaml=3 [configmap]", 1000), 0, 5);
	assert_true(update(&volume, 1, "half"));
	assert_in_range(expect("cm/k0.yaml=half [configmap]", 1000), 0, 5);
	assert_true(update(&volume, 0, ""));
	assert_in_range(expect(" [configmap]", 1000), 0, 5);
	assert_true(update(&volume, 1, "4\n"));
	assert_true(update(&volume, 1, "5\n"));
	assert_true(update(&volume, 2, "6\n"));
	expect("cm/k0.yaml=6 cm/k1.yaml=6 [configmap]", 1000);
	/* The three were made between two turns of the loop: one delivery. */
	assert_int_equal(got.n, 6);
}

static void test_updates_links_first(void **state)
{
	(void)state;
	check_updates(true);
}

static void test_updates_links_last(void **state)
{
	(void)state;
	check_updates(false);
}

/* The kubelet writes the same content again, or only touches: nothing is delivered. */
static void test_same_content(void **state)
{
	struct volume volume = { 0 };

	(void)state;
	start(&volume, 2, "1\n");
	assert_true(update(&volume, 2, "1\n"));
	assert_int_equal(chmod(at("cm").s, 0755), 0);
	run_ms(300);
	assert_int_equal(got.n, 1);
}

static void test_data_vanishes(void **state)
{
	struct volume volume = { 0 };

	(void)state;
	start(&volume, 1, "1\n");
	log_begin();
	drop_file("cm/..data");
	expect("cm/k0.yaml=1 [configmap] [frozen]", 1000);
	run_ms(2200);
	assert_int_equal(got.n, 2);
	assert_int_equal(log_count("..data is missing"), 1);
	make_link("..gen_1", "cm/..data");
	expect("cm/k0.yaml=1 [configmap]", 1000);
	assert_int_equal(log_count("readable again"), 1);
	assert_true(update(&volume, 1, "2\n"));
	expect("cm/k0.yaml=2 [configmap]", 1000);
}

/* The kubelet tears a volume down when its disk is full, and sets it up again later. */
static void test_torn_down_and_set_up(void **state)
{
	struct volume volume = { 0 }, again = { 0 };

	(void)state;
	start(&volume, 1, "1\n");
	remove_tree(at("cm").s);
	expect("cm/k0.yaml=1 [configmap] [frozen]", 1000);
	make_dir("cm");
	run_ms(1500);
	assert_string_equal(last(), "cm/k0.yaml=1 [configmap] [frozen]");
	assert_true(update(&again, 1, "2\n"));
	expect("cm/k0.yaml=2 [configmap]", 2000);
}

static void test_populated_after_open(void **state)
{
	struct volume volume = { 0 };

	(void)state;
	make_dir("cm");
	open_dir("cm");
	assert_string_equal(last(), "");
	assert_true(update(&volume, 1, "1\n"));
	expect("cm/k0.yaml=1 [configmap]", 1000);
	assert_true(update(&volume, 1, "2\n"));
	assert_in_range(expect("cm/k0.yaml=2 [configmap]", 1000), 0, 5);
}

/* --- torn down ------------------------------------------------------------------------------ */

#define PATHS_MAX 32

struct paths {
	struct text items[PATHS_MAX];
	size_t n;
};

static struct paths found;

static int note_path(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	if (ftw->level > 0) {
		assert_true(found.n < PATHS_MAX);
		ezlb_strcpy(found.items[found.n].s, sizeof(found.items[0].s), path);
		found.n++;
	}
	return 0;
}

static bool has_children(const struct paths *paths, size_t i)
{
	size_t len = strlen(paths->items[i].s);

	for (size_t k = 0; k < paths->n; k++)
		if (strncmp(paths->items[k].s, paths->items[i].s, len) == 0 &&
		    paths->items[k].s[len] == '/')
			return true;
	return false;
}

/* Removes one of the paths that have nothing below them. */
static void remove_any(struct paths *paths)
{
	size_t i;

	do {
		i = dice((unsigned)paths->n);
	} while (has_children(paths, i));
	assert_int_equal(remove(paths->items[i].s), 0);
	paths->items[i] = paths->items[--paths->n];
}

/*
 * The kubelet removes a volume file by file, in the order of the directory, when its disk is full
 * or the pod restarts. Whatever is gone already, no service is lost; and the next version is taken.
 */
static void test_torn_down_in_any_order(void **state)
{
	static const char *const lines[] = { "cm/k0.yaml=1 cm/k1.yaml=1 cm/k2.yaml=1 [configmap]",
					     "cm/k0.yaml=2 cm/k1.yaml=2 cm/k2.yaml=2 [configmap]" };

	(void)state;
	seed = 1;
	make_dir("cm");
	log_begin();
	open_dir("cm");
	for (unsigned round = 0; round < ROUNDS(30); round++) {
		struct volume volume = { .links_first = round % 4 < 2 };
		const char *line = lines[round % 2];

		assert_true(update(&volume, 3, round % 2 ? "2\n" : "1\n"));
		expect(line, 2000);
		found.n = 0;
		assert_int_equal(nftw(at("cm").s, note_path, 16, FTW_DEPTH | FTW_PHYS), 0);
		while (found.n > 0) {
			remove_any(&found);
			ezlb_watch_rescan(watch);
			run_ms(3);
			if (strncmp(last(), line, strlen(line)) != 0)
				fail_msg("%zu paths are left: '%s'", found.n, last());
		}
		assert_non_null(strstr(last(), "[frozen]"));
	}
}

/* A file that comes without an update is no reason to freeze, though the kubelet does not do it. */
static void test_file_added_to_a_generation(void **state)
{
	struct volume volume = { 0 };

	(void)state;
	start(&volume, 1, "1\n");
	put("cm/..gen_1/k1.yaml", "1\n");
	ezlb_watch_rescan(watch);
	expect("cm/k0.yaml=1 cm/k1.yaml=1 [configmap]", 1000);
}

/* Killed between the exchange and the links: new keys count, and those without a key do not. */
static void test_links_are_missing(void **state)
{
	struct volume volume = { 0 };

	(void)state;
	start(&volume, 2, "1\n");
	make_dir("cm/..gen_2");
	put("cm/..gen_2/k1.yaml", "2\n");
	put("cm/..gen_2/k5.yaml", "2\n");
	make_link("..gen_2", "cm/..data_tmp");
	move("cm/..data_tmp", "cm/..data");
	expect("cm/k1.yaml=2 cm/k5.yaml=2 [configmap]", 1000);
	run_ms(3000);
	assert_string_equal(last(), "cm/k1.yaml=2 cm/k5.yaml=2 [configmap]");
	remove_tree(at("cm/..gen_1").s);
	drop_file("cm/k0.yaml");
	run_ms(100);
	assert_int_equal(got.n, 2);
}

/* The full disk: a new generation is begun and given up, again and again. */
static void test_update_that_fails(void **state)
{
	struct volume volume = { 0 };

	(void)state;
	start(&volume, 2, "1\n");
	for (int i = 0; i < 20; i++) {
		make_dir("cm/..gen_2");
		put("cm/..gen_2/k0.yaml", "");
		run_ms(10);
		remove_tree(at("cm/..gen_2").s);
		run_ms(10);
	}
	assert_int_equal(got.n, 1);
	assert_true(update(&volume, 2, "2\n"));
	expect("cm/k0.yaml=2 cm/k1.yaml=2 [configmap]", 1000);
}

/* An item with `path: team/web.yaml` makes a directory. It is not read, and the log says so once.
 */
static void test_item_in_a_directory(void **state)
{
	struct volume volume = { 0 };

	(void)state;
	make_dir("cm");
	assert_true(update(&volume, 1, "1\n"));
	make_dir("cm/..gen_1/team");
	put("cm/..gen_1/team/web.yaml", "1\n");
	make_link("..data/team", "cm/team");
	log_begin();
	open_dir("cm");
	assert_string_equal(last(), "cm/k0.yaml=1 [configmap]");
	ezlb_watch_rescan(watch);
	run_ms(50);
	assert_int_equal(log_count("files in subdirectories are not read"), 1);
	assert_int_equal(log_count("cm/team"), 1);
}

/* --- several sources ------------------------------------------------------------------------- */

/* "a1b2": a.yaml holds 1, b.yaml holds 2. */
static void put_source(unsigned gen, const char *keys)
{
	for (; *keys; keys += 2) {
		char name[32], content[3] = { keys[1], '\n', '\0' };

		snprintf(name, sizeof(name), "cm/..gen_%u/%c.yaml", gen, keys[0]);
		put(name, content);
	}
}

/* Each key of the generation has a link, and no other key has. */
static void fit_links(void)
{
	for (char key = 'a'; key <= 'c'; key++) {
		char name[32], target[32];

		snprintf(name, sizeof(name), "cm/%c.yaml", key);
		snprintf(target, sizeof(target), "..data/%c.yaml", key);
		if (symlink(target, at(name).s) < 0)
			assert_int_equal(errno, EEXIST);
		if (access(at(name).s, F_OK) < 0)
			drop_file(name);
	}
}

/* A projected volume: one writer, whose files are those of all sources; the last source wins. */
static void project(unsigned gen, const char *first, const char *second)
{
	char dir[32];

	snprintf(dir, sizeof(dir), "cm/..gen_%u", gen);
	make_dir(dir);
	put_source(gen, first);
	put_source(gen, second);
	make_link(dir + 3, "cm/..data_tmp");
	move("cm/..data_tmp", "cm/..data");
	fit_links();
	if (gen == 1)
		return;
	snprintf(dir, sizeof(dir), "cm/..gen_%u", gen - 1);
	remove_tree(at(dir).s);
}

static void test_several_sources(void **state)
{
	static const struct {
		const char *first, *second, *want;
	} rows[] = {
		{ "a1b1", "c1", "cm/a.yaml=1 cm/b.yaml=1 cm/c.yaml=1 [configmap]" },
		{ "a1b1", "c2", "cm/a.yaml=1 cm/b.yaml=1 cm/c.yaml=2 [configmap]" },
		{ "a3b1", "c2", "cm/a.yaml=3 cm/b.yaml=1 cm/c.yaml=2 [configmap]" },
		/* a key of both */
		{ "a3b1", "b9c2", "cm/a.yaml=3 cm/b.yaml=9 cm/c.yaml=2 [configmap]" },
		/* an optional source is deleted, and comes back; then the other one */
		{ "a3b1", "", "cm/a.yaml=3 cm/b.yaml=1 [configmap]" },
		{ "a3b1", "c5", "cm/a.yaml=3 cm/b.yaml=1 cm/c.yaml=5 [configmap]" },
		{ "", "c5", "cm/c.yaml=5 [configmap]" },
	};

	(void)state;
	make_dir("cm");
	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		project(i + 1, rows[i].first, rows[i].second);
		if (i == 0)
			open_dir("cm");
		assert_in_range(expect(rows[i].want, 1000), 0, 5);
		run_ms(2000);
		assert_int_equal(got.n, i + 1); /* in one step, and nothing follows */
	}
}

/* --- storms --------------------------------------------------------------------------------- */

#define GENERATIONS 400

static struct {
	bool links_first;
	unsigned n_keys; /* of the last generation */
	unsigned seen;	 /* the newest generation that was delivered */
	atomic_bool done, failed;
} storm;

/* Each generation has its number in every file, and as many keys as the number says. */
static unsigned keys_of(unsigned gen)
{
	return 10 + gen % 11;
}

static void *run_storm(void *arg)
{
	struct volume *volume = arg;
	char content[32];

	for (unsigned gen = 2; gen <= GENERATIONS && !storm.failed; gen++) {
		snprintf(content, sizeof(content), "%u\n", gen);
		storm.failed = !update(volume, keys_of(gen), content);
		usleep(gen % 5 * 300);
	}
	storm.done = true;
	return NULL;
}

static void storm_hook(const struct ezlb_snapshot *snapshot)
{
	unsigned gen = (unsigned)strtoul(snapshot->files.items[0].bytes, NULL, 10);

	assert_true(gen > storm.seen || snapshot->dirs.items[0].frozen || gen == storm.seen);
	storm.seen = gen;
	if (snapshot->files.len != keys_of(gen))
		fail_msg("generation %u has %zu files: '%s'", gen, snapshot->files.len, last());
	for (size_t i = 0; i < snapshot->files.len; i++)
		if (snapshot->files.items[i].problem ||
		    snapshot->files.items[i].hash != snapshot->files.items[0].hash)
			fail_msg("generation %u is torn: '%s'", gen, last());
}

static void check_storm(bool links_first)
{
	struct volume volume = { .links_first = links_first };
	pthread_t thread;
	uint64_t end;

	real_time();
	end = ezlb_now_ms() + 120000;
	memset(&storm, 0, sizeof(storm));
	start(&volume, keys_of(1), "1\n");
	got.hook = storm_hook;
	assert_int_equal(pthread_create(&thread, NULL, run_storm, &volume), 0);
	while (!storm.done && ezlb_now_ms() < end)
		turn();
	pthread_join(thread, NULL);
	assert_false(storm.failed);
	end = ezlb_now_ms() + 20000; /* a rescan would come later */
	while ((storm.seen != GENERATIONS || strstr(last(), "frozen")) && ezlb_now_ms() < end)
		turn();
	assert_int_equal(storm.seen, GENERATIONS);
	assert_null(strstr(last(), "frozen"));
	assert_true(got.n > GENERATIONS / 10);
}

static void test_storm_links_first(void **state)
{
	(void)state;
	check_storm(true);
}

static void test_storm_links_last(void **state)
{
	(void)state;
	check_storm(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_updates_links_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_updates_links_last, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_content, setup, teardown),
		cmocka_unit_test_setup_teardown(test_data_vanishes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_down_and_set_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_populated_after_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_down_in_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_added_to_a_generation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_are_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_update_that_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_item_in_a_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_several_sources, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm_links_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm_links_last, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
