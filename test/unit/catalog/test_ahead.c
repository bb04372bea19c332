// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files are parsed before the update that needs them, in threads: the same results, also when no
 * thread starts, and what an update does not take yet is there for a later one.
 */
#include "letters.h"
#include "own_clock.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include <ezlb/config.h>
#include <ezlb/text.h>

#define FILES_MAX 600

static atomic_size_t started;	  /* threads */
static size_t allowed = SIZE_MAX; /* more threads cannot be created */
static int cpus = 4;
static atomic_bool signals_open;

/* Stand in for those of libc in this program. */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	(void)pid;
	if (cpus < 0)
		return -1;
	memset(set, 0, size);
	for (int i = 0; i < cpus; i++)
		CPU_SET(i, set);
	return 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	void *found = dlsym(RTLD_NEXT, "pthread_create");
	sigset_t now;

	if (started >= allowed)
		return EAGAIN;
	started++;
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	if (!sigismember(&now, SIGTERM))
		signals_open = true;
	memcpy(&real, &found, sizeof(real));
	return real(thread, attr, run, arg);
}

/* Sound, broken, in conflict with others, with a warning, empty of sense: all kinds. */
static char *content(unsigned i, unsigned random)
{
	switch (random % 6) {
	case 0:
		return ezlb_asprintf("colour: red\nlisten: 10.0.0.1:80\n");
	case 1:
		return ezlb_asprintf("listen: [unfinished\n# %u\n", i);
	case 2:
		return ezlb_asprintf("listen: 10.9.0.%u:80\nbackends:\n  - address: 10.1.0.1:80\n",
				     random / 6 % 8);
	case 3:
		return ezlb_asprintf("listen: 10.2.%u.%u:53\nprotocol: udp\nfull_nat: true\n"
				     "snat_ip: 10.3.0.1\nbackends:\n  - address: 10.1.0.1:80\n",
				     i / 250, i % 250 + 1);
	default:
		return ezlb_asprintf("listen: 10.4.%u.%u:80\nbackends:\n  - address: 10.1.0.%u:80\n"
				     "    weight: %u\n",
				     i / 250, i % 250 + 1, random / 6 % 200 + 1, random / 7 % 100);
	}
}

static void make(struct ezlb_snapshot *snapshot, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ezlb_file *file = EZLB_PUSH(&snapshot->files);

		file->path = ezlb_asprintf("/d/%05zu.yaml", i);
		file->bytes = content((unsigned)i, (unsigned)rand());
		file->len = strlen(file->bytes);
		file->hash = ezlb_hash(file->bytes, file->len);
	}
}

/* Everything that an update gives, as text. */
static char *outcome(const struct ezlb_catalog *catalog)
{
	struct ezlb_text text = { 0 };

	for (size_t i = 0; i < catalog->entries.len; i++) {
		const struct ezlb_catalog_entry *entry = &catalog->entries.items[i];
		EZLB_AUTO_FREE char *spec = entry->last ? ezlb_config_write(entry->last) : NULL;

		ezlb_text_printf(&text, "%s %d %d %llx\n%s", entry->path, entry->fresh != NULL,
				 entry->last == entry->fresh,
				 (unsigned long long)entry->last_meaning, spec ? spec : "-\n");
	}
	for (size_t i = 0; i < catalog->desired.len; i++)
		ezlb_text_printf(&text, "%s\n", catalog->desired.items[i]->name);
	for (size_t i = 0; i < catalog->diags.len; i++) {
		const struct ezlb_diag *diag = &catalog->diags.items[i];

		ezlb_text_printf(&text, "%s:%d:%d %d %s\n", diag->file, diag->at.line, diag->at.col,
				 diag->code, diag->message);
	}
	ezlb_text_printf(&text, "%llx %zu", (unsigned long long)ezlb_catalog_revision(catalog),
			 catalog->n_without);
	return text.items;
}

/* An update that parses the bytes again finds no service in them. */
static void spoil(struct ezlb_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->files.len; i++)
		memset(snapshot->files.items[i].bytes, '#', snapshot->files.items[i].len);
}

static char *run(size_t n, unsigned seed, bool judges)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	bool whole[FILES_MAX] = { false };
	char *out;

	srand(seed);
	make(&snapshot, n);
	if (judges) {
		ezlb_catalog_judge(&catalog, &snapshot.files, whole);
		assert_int_equal(kept(&catalog), n);
		spoil(&snapshot);
	}
	ezlb_catalog_update(&catalog, &snapshot);
	assert_int_equal(kept(&catalog), 0);
	out = outcome(&catalog);
	for (size_t i = 0; judges && i < n; i++)
		assert_int_equal(whole[i], catalog.entries.items[i].fresh != NULL);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
	return out;
}

/* Random files, in one thread and in several, before the first update and in it. */
static void test_same_results(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		size_t n = seed * 15 % FILES_MAX + 1;
		EZLB_AUTO_FREE char *plain = NULL, *judged = NULL, *update = NULL;

		cpus = 1;
		plain = run(n, seed, false);
		cpus = 4;
		judged = run(n, seed, true);
		update = run(n, seed, false);
		assert_string_equal(judged, plain);
		assert_string_equal(update, plain);
	}
	assert_false(signals_open);
}

static size_t threads_of(size_t n, int n_cpus, size_t n_allowed)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	struct ezlb_parsed_files parsed;
	bool whole[FILES_MAX];
	size_t n_started;

	make(&snapshot, n);
	started = 0;
	cpus = n_cpus;
	allowed = n_allowed;
	ezlb_catalog_judge(&catalog, &snapshot.files, whole);
	n_started = started;
	parsed = parsed_get(&catalog);
	assert_int_equal(parsed.len, n);
	for (size_t i = 0; i < n; i++) {
		const struct ezlb_parsed_file *file = &parsed.items[i];

		assert_string_equal(file->path, snapshot.files.items[i].path);
		assert_true(file->spec || file->diags.len > 0);
		assert_int_equal(file->meaning != 0, file->spec != NULL);
	}
	parsed_clear(&parsed);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
	cpus = 4;
	allowed = SIZE_MAX;
	return n_started;
}

/* The caller's thread is one of them. What no other thread can do, it does. */
static void test_threads(void **state)
{
	(void)state;
	assert_int_equal(threads_of(0, 4, SIZE_MAX), 0);
	assert_int_equal(threads_of(63, 4, SIZE_MAX), 0);
	assert_int_equal(threads_of(64, 4, SIZE_MAX), 3);
	assert_int_equal(threads_of(500, 1, SIZE_MAX), 0);
	assert_int_equal(threads_of(500, 100, SIZE_MAX), 7);
	assert_int_equal(threads_of(500, -1, SIZE_MAX), 0);
	assert_int_equal(threads_of(500, 4, 1), 1);
	assert_int_equal(threads_of(500, 4, 0), 0);
}

/* Of each file the last result is kept. */
static void test_the_newest_result(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	EZLB_AUTO_FREE char *good = content_of('g', 1), *bad = content_of('b', 1);
	bool whole[100];

	(void)state;
	make(&snapshot, 100);
	ezlb_catalog_judge(&catalog, &snapshot.files, whole);
	assert_true(judge_one(&catalog, "/d/a.yaml", good));
	assert_false(judge_one(&catalog, "/d/00000.yaml", bad));
	assert_true(judge_one(&catalog, "/d/00000.yaml", good));
	assert_int_equal(kept(&catalog), 101);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
}

/*
 * A content that waits for its grace period is parsed once, however many updates there are
 * meanwhile.
 */
static void test_what_waits_is_kept(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	EZLB_AUTO_FREE char *late = NULL, *plain = run(300, 4711, false);
	bool whole[300];

	(void)state;
	srand(4711);
	make(&snapshot, 300);
	ezlb_catalog_judge(&catalog, &snapshot.files, whole);
	spoil(&snapshot);
	for (size_t n = 0; n <= 300; n += 10) {
		const struct ezlb_snapshot few = { .files = { snapshot.files.items, n, n } };

		ezlb_catalog_update(&catalog, &few);
		assert_int_equal(kept(&catalog), 300 - n);
	}
	late = outcome(&catalog);
	assert_string_equal(late, plain);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
}

/* What no update has taken for a minute will not be needed. */
static void test_what_is_old_is_dropped(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	const struct ezlb_snapshot nothing = { 0 };
	EZLB_AUTO_FREE char *good = content_of('g', 1);

	(void)state;
	own_clock_start();
	assert_true(judge_one(&catalog, "/d/a.yaml", good));
	own_clock_ms += 59000;
	assert_true(judge_one(&catalog, "/d/b.yaml", good));
	ezlb_catalog_update(&catalog, &nothing);
	assert_int_equal(kept(&catalog), 2);
	own_clock_ms += 2000;
	ezlb_catalog_update(&catalog, &nothing);
	assert_int_equal(kept(&catalog), 1);
	own_clock_stop();
	ezlb_catalog_clear(&catalog);
}

/* Contents that come again and again, and no update. */
static void test_keeps_few(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	bool whole[500];

	(void)state;
	make(&snapshot, 500);
	for (int i = 0; i < 60; i++) {
		for (size_t k = 0; k < snapshot.files.len; k++) {
			free(snapshot.files.items[k].path);
			snapshot.files.items[k].path = ezlb_asprintf("/d/%d-%05zu.yaml", i, k);
		}
		ezlb_catalog_judge(&catalog, &snapshot.files, whole);
	}
	assert_in_range(kept(&catalog), 500, 20000);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
}

/* Few files, of which each is large. */
static void test_keeps_few_bytes(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	EZLB_AUTO_FREE char *large = ezlb_calloc(1, EZLB_FILE_MAX + 1);

	(void)state;
	memset(large, '[', EZLB_FILE_MAX);
	for (int i = 0; i < 300; i++) {
		EZLB_AUTO_FREE char *path = ezlb_asprintf("/d/%d.yaml", i);

		assert_false(judge_one(&catalog, path, large));
	}
	assert_in_range(kept(&catalog), 1, 256);
	ezlb_catalog_clear(&catalog);
}

/* What a thread does while the loop updates. */
struct other {
	struct ezlb_catalog *catalog;
	const struct ezlb_files *files;
	bool whole[200];
};

static void *judge_often(void *arg)
{
	struct other *other = arg;

	for (int i = 0; i < 30; i++)
		ezlb_catalog_judge(other->catalog, other->files, other->whole);
	return NULL;
}

static void test_updates_meanwhile(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	const struct ezlb_snapshot nothing = { 0 };
	struct ezlb_snapshot snapshot = { 0 };
	struct other other = { .catalog = &catalog, .files = &snapshot.files };
	EZLB_AUTO_FREE char *plain = run(200, 12, false), *out = NULL;
	pthread_t thread;

	(void)state;
	srand(12);
	make(&snapshot, 200);
	assert_int_equal(pthread_create(&thread, NULL, judge_often, &other), 0);
	for (int i = 0; i < 30; i++)
		ezlb_catalog_update(&catalog, i % 2 ? &snapshot : &nothing);
	assert_int_equal(pthread_join(thread, NULL), 0);
	ezlb_catalog_update(&catalog, &snapshot);
	out = outcome(&catalog);
	assert_string_equal(out, plain);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_results),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_the_newest_result),
		cmocka_unit_test(test_what_waits_is_kept),
		cmocka_unit_test(test_what_is_old_is_dropped),
		cmocka_unit_test(test_keeps_few),
		cmocka_unit_test(test_keeps_few_bytes),
		cmocka_unit_test(test_updates_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
