// SPDX-License-Identifier: GPL-2.0-or-later
/* What an older ezlb has left: a directory with a file for each last good version. */
#include "fixture.h"

#include <ezlb/store.h>

#define WEB "/etc/ezlb/services.d/web.yaml"
#define API "/etc/ezlb/services.d/api.yaml"

struct name {
	char s[300];
};

static struct name old_name(const char *dir, const char *path)
{
	struct name name;

	snprintf(name.s, sizeof(name.s), "%s/lastgood/%016llx-%.238s", dir,
		 (unsigned long long)ezlb_hash(path, strlen(path)), strrchr(path, '/') + 1);
	return name;
}

static void put_old(const char *dir, const char *path, const char *bytes)
{
	EZLB_AUTO_FREE char *text = ezlb_asprintf(
		"%016llx %s\n%s", (unsigned long long)ezlb_hash(bytes, strlen(bytes)), path, bytes);

	put(old_name(dir, path).s, text);
}

/* Returns what was logged; the caller frees. */
static char *begin(struct ezlb_lastgood *store, const char *persist, bool writes)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	ezlb_lastgood_open(store, at("run").s, writes);
	ezlb_lastgood_persist(store, persist);
	return capture_end(capture);
}

static void assert_reads(const struct ezlb_lastgood *store, const char *path, const char *want)
{
	size_t len = 0;
	EZLB_AUTO_FREE char *got = ezlb_lastgood_read(store, path, &len);

	if (!want) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, want);
}

static void one_process(const char *persist, bool writes, const char *web, const char *api)
{
	struct ezlb_lastgood store;
	char *log = begin(&store, persist, writes);

	assert_string_equal(log, "");
	free(log);
	assert_reads(&store, WEB, web);
	assert_reads(&store, API, api);
	assert_int_equal(ezlb_lastgood_any_of(&store, "/etc/ezlb/services.d"), web || api);
	ezlb_lastgood_close(&store);
}

static void make_dirs(void)
{
	make_dir("run");
	make_dir("run/lastgood");
	make_dir("lib");
	make_dir("lib/lastgood");
}

/* `plan` of the new version sees them before the new daemon has started, and changes nothing. */
static void test_upgrade(void **state)
{
	(void)state;
	make_dirs();
	put_old("run", WEB, "web 2");
	put_old("lib", WEB, "web 1");
	put_old("lib", API, "api 1");
	put("run/lastgood/new", "of a kill");
	one_process(at("lib").s, false, "web 2", "api 1");
	assert_int_equal(access(at("run/versions").s, F_OK), -1);
	one_process(at("lib").s, true, "web 2", "api 1");
	assert_int_equal(access(at("run/lastgood").s, F_OK), -1);
	assert_int_equal(access(at("lib/lastgood").s, F_OK), -1);
	one_process(at("lib").s, true, "web 2", "api 1");
	remove_tree(at("run").s);
	one_process(at("lib").s, true, "web 2", "api 1");
}

/* The older ezlb has run in between: what it has stored is newer. */
static void test_downgrade_and_upgrade(void **state)
{
	struct ezlb_lastgood store;

	(void)state;
	make_dirs();
	free(begin(&store, NULL, true));
	assert_true(ezlb_lastgood_write(&store, WEB, "web 1", 5));
	assert_true(ezlb_lastgood_write(&store, API, "api 1", 5));
	ezlb_lastgood_close(&store);
	make_dir("run/lastgood");
	put_old("run", WEB, "web 2");
	one_process(NULL, false, "web 2", "api 1");
	one_process(NULL, true, "web 2", "api 1");
	assert_int_equal(access(at("run/lastgood").s, F_OK), -1);
}

/* A kill after the file was written, and before the directory was removed, or in the middle of it.
 */
static void test_kill_while_upgrading(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		make_dirs();
		put_old("run", WEB, "web");
		put_old("run", API, "api");
		if (i > 0) {
			one_process(NULL, true, "web", "api");
			make_dir("run/lastgood");
			put_old("run", i == 1 ? WEB : API, i == 1 ? "web" : "api");
		}
		one_process(NULL, true, "web", "api");
		assert_int_equal(access(at("run/lastgood").s, F_OK), -1);
		remove_tree(at("run").s);
		remove_tree(at("lib").s);
	}
}

static void test_strangers(void **state)
{
	struct ezlb_lastgood store;
	char *log;

	(void)state;
	make_dirs();
	put_old("run", WEB, "web");
	put("run/lastgood/README", "not ours");
	put("run/lastgood/0123456789abcdef0-x", "not ours");
	put("run/lastgood/0000000000000001-x.yaml", "no line");
	put(old_name("run", API).s, "0123456789abcdef " API "\nlisten: 1");
	assert_int_equal(mkfifo(at("run/lastgood/0000000000000002-y.yaml").s, 0600), 0);
	log = begin(&store, NULL, true);
	assert_int_equal(count(log, "is damaged: ignored"), 3);
	assert_has(log, "is damaged: ignored\" file=" API " dir=");
	free(log);
	assert_reads(&store, WEB, "web");
	assert_reads(&store, API, NULL);
	ezlb_lastgood_close(&store);
	assert_int_equal(access(at("run/lastgood/README").s, F_OK), 0);
	assert_int_equal(access(at("run/lastgood/0123456789abcdef0-x").s, F_OK), 0);
	assert_int_equal(access(at("run/lastgood/0000000000000001-x.yaml").s, F_OK), -1);
	one_process(NULL, true, "web", NULL);
}

/* The file cannot be written now: nothing is lost, and the next change tries again. */
static void test_cannot_take_over(void **state)
{
	struct ezlb_lastgood store;
	struct capture capture;

	(void)state;
	make_dirs();
	put_old("run", WEB, "web");
	make_dir("run/versions");
	for (int i = 0; i < 2; i++) {
		free(begin(&store, NULL, true));
		assert_true(ezlb_lastgood_any(&store));
		assert_reads(&store, WEB, "web");
		capture = capture_begin(STDERR_FILENO);
		assert_false(ezlb_lastgood_write(&store, API, "api", 3));
		free(capture_end(capture));
		if (i == 0)
			ezlb_lastgood_close(&store);
	}
	assert_int_equal(rmdir(at("run/versions").s), 0);
	assert_true(ezlb_lastgood_write(&store, API, "api", 3));
	assert_reads(&store, WEB, "web");
	assert_int_equal(access(at("run/lastgood").s, F_OK), -1);
	ezlb_lastgood_close(&store);
	one_process(NULL, true, "web", "api");
}

/* `cleanup` of the new version. */
static void test_removed_with_the_rest(void **state)
{
	struct ezlb_lastgood store;

	(void)state;
	make_dirs();
	put_old("run", WEB, "web");
	put_old("lib", WEB, "web");
	free(begin(&store, at("lib").s, true));
	ezlb_lastgood_prune(&store, NULL, 0);
	ezlb_lastgood_close(&store);
	one_process(at("lib").s, true, NULL, NULL);
	assert_int_equal(access(at("lib/lastgood").s, F_OK), -1);
	assert_int_equal(access(at("lib/versions").s, F_OK), -1);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

/* A link is not of an older ezlb: what it points to is neither read nor removed. */
static void test_a_link_is_no_directory(void **state)
{
	struct ezlb_lastgood store;

	(void)state;
	make_dir("run");
	make_dir("other");
	make_dir("other/lastgood");
	put_old("other", WEB, "web 1");
	put("other/lastgood/new", "of somebody");
	assert_int_equal(symlink("../other/lastgood", at("run/lastgood").s), 0);
	one_process(NULL, false, NULL, NULL);
	free(begin(&store, NULL, true));
	assert_true(ezlb_lastgood_write(&store, API, "api 1", 5));
	ezlb_lastgood_prune(&store, NULL, 0);
	ezlb_lastgood_close(&store);
	assert_int_equal(access(at("other/lastgood/new").s, F_OK), 0);
	assert_int_equal(access(old_name(at("other").s, WEB).s, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_a_link_is_no_directory),
		IN_TOP(test_upgrade),
		IN_TOP(test_downgrade_and_upgrade),
		IN_TOP(test_kill_while_upgrading),
		IN_TOP(test_strangers),
		IN_TOP(test_cannot_take_over),
		IN_TOP(test_removed_with_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
