// SPDX-License-Identifier: GPL-2.0-or-later
/* Parsing ahead in threads: the same results in the same order, also when no thread starts. */
#include "letters.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <ezlb/config.h>
#include <ezlb/text.h>

#define FILES_MAX 600

static size_t started, parsed_here; /* threads; files that the caller's thread was to parse */
static size_t allowed = SIZE_MAX;   /* more threads cannot be created */
static int cpus = 4;
static bool signals_open;

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
	signals_open |= !sigismember(&now, SIGTERM);
	memcpy(&real, &found, sizeof(real));
	return real(thread, attr, run, arg);
}

/* Counts what is parsed when nothing was parsed ahead: an answer of is_whole that adds a result. */
static void ask(struct ezlb_catalog *catalog, const struct ezlb_files *files, bool *whole)
{
	for (size_t i = 0; i < files->len; i++) {
		const struct ezlb_file *file = &files->items[i];
		size_t before = catalog->parsed.len;

		whole[i] = ezlb_catalog_is_whole(catalog, file->path, file->bytes, file->len);
		parsed_here += catalog->parsed.len - before;
	}
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

static char *run(size_t n, unsigned seed, bool ahead, bool asks)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	bool whole[FILES_MAX] = { false };
	char *out;

	srand(seed);
	make(&snapshot, n);
	if (ahead)
		ezlb_catalog_parse_ahead(&catalog, &snapshot.files);
	started = parsed_here = 0;
	if (asks) {
		ask(&catalog, &snapshot.files, whole);
		assert_int_equal(parsed_here, ahead ? 0 : n);
	}
	ezlb_catalog_update(&catalog, &snapshot);
	assert_int_equal(catalog.parsed.len, 0);
	out = outcome(&catalog);
	for (size_t i = 0; asks && i < n; i++)
		assert_int_equal(whole[i], catalog.entries.items[i].fresh != NULL);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
	return out;
}

/* Random files: with one thread, with several, with and without is_whole between. */
static void test_same_results(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		size_t n = seed * 15 % FILES_MAX + 1;
		EZLB_AUTO_FREE char *plain = run(n, seed, false, true), *ahead = NULL;
		EZLB_AUTO_FREE char *asked = NULL, *update = NULL;

		ahead = run(n, seed, true, false);
		asked = run(n, seed, true, true);
		update = run(n, seed, false, false); /* the first update parses ahead itself */
		assert_string_equal(ahead, plain);
		assert_string_equal(asked, plain);
		assert_string_equal(update, plain);
	}
	assert_false(signals_open);
}

static size_t threads_of(size_t n, int n_cpus, size_t n_allowed)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	size_t n_started;

	make(&snapshot, n);
	started = 0;
	cpus = n_cpus;
	allowed = n_allowed;
	ezlb_catalog_parse_ahead(&catalog, &snapshot.files);
	n_started = started;
	assert_int_equal(catalog.parsed.len, n);
	for (size_t i = 0; i < n; i++) {
		const struct ezlb_parsed_file *file = &catalog.parsed.items[i];

		assert_string_equal(file->path, snapshot.files.items[i].path);
		assert_true(file->spec || file->diags.len > 0);
		assert_int_equal(file->meaning != 0, file->spec != NULL);
	}
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

/* A file that was not parsed ahead, and one with other bytes, are parsed when they are asked about.
 */
static void test_others_are_parsed(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	EZLB_AUTO_FREE char *good = content_of('g', 1), *bad = content_of('b', 1);

	(void)state;
	make(&snapshot, 100);
	ezlb_catalog_parse_ahead(&catalog, &snapshot.files);
	assert_true(ezlb_catalog_is_whole(&catalog, "/d/a.yaml", good, strlen(good)));
	assert_false(ezlb_catalog_is_whole(&catalog, "/d/00000.yaml", bad, strlen(bad)));
	assert_int_equal(catalog.parsed.len, 102);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
}

/* Contents that are announced again and again, and no update comes. */
static void test_keeps_few(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };

	(void)state;
	make(&snapshot, 500);
	for (int i = 0; i < 60; i++)
		ezlb_catalog_parse_ahead(&catalog, &snapshot.files);
	assert_in_range(catalog.parsed.len, 500, 20000);
	ezlb_snapshot_clear(&snapshot);
	ezlb_catalog_clear(&catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_results),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_others_are_parsed),
		cmocka_unit_test(test_keeps_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
