// SPDX-License-Identifier: GPL-2.0-or-later
#include "versions.h"

static void test_absent(void **state)
{
	(void)state;
	free(assert_reads(WEB, NULL));
	prune(NULL, 0);
	ezlb_lastgood_forget(&store, WEB);
	assert_int_equal(access(at(FILE_NAME).s, F_OK), -1);
	assert_false(store.warned);
}

static void test_round_trip(void **state)
{
	char name[300] = "/d/";
	const char *const paths[] = {
		WEB,
		"/etc/ezlb/other.d/web.yaml",
		"/d/a b\t\"c\".yaml",
		"/d/\xc3\xa4\xff.yaml",
		name,
		"/d/a\nb.yaml",
	};

	(void)state;
	memset(name + 3, 'x', 255);
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		free(assert_writes(paths[i], paths[i] + i, true));
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		free(assert_reads(paths[i], paths[i] + i));
	free(assert_writes(WEB, "", true));
	free(assert_reads(WEB, ""));
	open_again();
	prune(paths, COUNT_OF(paths));
	free(assert_reads(WEB, ""));
	for (size_t i = 1; i < COUNT_OF(paths); i++)
		free(assert_reads(paths[i], paths[i] + i));
}

static void test_bytes(void **state)
{
	EZLB_AUTO_FREE char *big = ezlb_calloc(1, EZLB_FILE_MAX + 1);
	size_t len = 0;
	char *got;

	(void)state;
	for (size_t i = 0; i < EZLB_FILE_MAX; i++)
		big[i] = (char)(i * 37);
	assert_true(ezlb_lastgood_write(&store, WEB, big, EZLB_FILE_MAX));
	got = ezlb_lastgood_read(&store, WEB, &len);
	assert_int_equal(len, EZLB_FILE_MAX);
	assert_memory_equal(got, big, len);
	free(got);
	/* No service file is that long, so no version of one is. */
	assert_true(ezlb_lastgood_write(&store, WEB, big, EZLB_FILE_MAX + 1));
	free(assert_reads(WEB, NULL));
}

static void test_modes(void **state)
{
	mode_t was = umask(022);
	struct stat st;

	(void)state;
	free(assert_writes(WEB, "x", true));
	free(assert_writes(API, "x", true));
	umask(was);
	assert_int_equal(stat(at(FILE_NAME).s, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

/* What is stored already is not written again, also by the next process. */
static void test_appends_what_is_new(void **state)
{
	uint64_t size;

	(void)state;
	free(assert_writes(WEB, "old", true));
	size = file_size();
	free(assert_writes(WEB, "old", true));
	open_again();
	free(assert_writes(WEB, "old", true));
	assert_int_equal(file_size(), size);
	free(assert_writes(WEB, "new", true));
	assert_int_equal(file_size(), size + size - strlen("ezlb-versions 1\n"));
	open_again();
	free(assert_reads(WEB, "new"));
}

/* So that what ezlb stores now can be read by every later version. */
static void test_format(void **state)
{
	EZLB_AUTO_FREE char *text = NULL;

	(void)state;
	free(assert_writes("/d/a.yaml", "listen: 1\n", true));
	free(assert_writes("/d/b.yaml", "x", true));
	ezlb_lastgood_forget(&store, "/d/b.yaml");
	text = slurp(FILE_NAME);
	assert_string_equal(text, "ezlb-versions 1\n"
				  "@+ 8cdb0a377768c658 ee15f4c481a15527 0009 0000000a\n"
				  "/d/a.yaml\nlisten: 1\n\n"
				  "@+ f64defc87c5c37bf af63f54c86021707 0009 00000001\n"
				  "/d/b.yaml\nx\n"
				  "@- 713429a479988616 0000000000000000 0009 00000000\n"
				  "/d/b.yaml\n\n");
}

static void test_prune(void **state)
{
	const char *const all[] = { API, WEB }, *const one[] = { API };

	(void)state;
	free(assert_writes(WEB, "web", true));
	free(assert_writes(API, "api", true));
	prune(all, 2);
	free(assert_reads(WEB, "web"));
	prune(one, 1);
	free(assert_reads(WEB, NULL));
	free(assert_reads(API, "api"));
	ezlb_lastgood_forget(&store, WEB);
	free(assert_reads(API, "api"));
	ezlb_lastgood_forget(&store, API);
	free(assert_reads(API, NULL));
	free(assert_writes(API, "api", true));
	prune(NULL, 0);
	free(assert_reads(API, NULL));
	assert_int_equal(access(at(FILE_NAME).s, F_OK), -1); /* as `cleanup` leaves it */
	assert_false(store.warned);
}

/* The last word of a batch counts, also against what is stored. */
static void test_several_times_in_a_batch(void **state)
{
	(void)state;
	free(assert_writes(WEB, "web", true));
	ezlb_lastgood_begin(&store);
	assert_true(ezlb_lastgood_write(&store, WEB, "new", 3));
	assert_true(ezlb_lastgood_write(&store, WEB, "web", 3));
	assert_true(ezlb_lastgood_write(&store, API, "api", 3));
	ezlb_lastgood_forget(&store, API);
	free(assert_reads(API, NULL));
	assert_true(ezlb_lastgood_commit(&store));
	for (int i = 0; i < 2; i++) {
		free(assert_reads(WEB, "web"));
		free(assert_reads(API, NULL));
		open_again();
	}
}

static void test_only_reads(void **state)
{
	EZLB_AUTO_FREE char *before = NULL, *after = NULL;

	(void)state;
	free(assert_writes(WEB, "web", true));
	before = slurp(FILE_NAME);
	ezlb_lastgood_close(&store);
	ezlb_lastgood_open(&store, at("state").s, false);
	free(assert_writes(WEB, "other", true));
	free(assert_writes(API, "api", true));
	prune(NULL, 0);
	ezlb_lastgood_forget(&store, WEB);
	free(assert_reads(WEB, "web"));
	free(assert_reads(API, NULL));
	after = slurp(FILE_NAME);
	assert_string_equal(before, after);
}

static void test_none_is_kept(void **state)
{
	struct ezlb_lastgood none;
	size_t len = 0;

	(void)state;
	ezlb_lastgood_open(&none, NULL, true);
	assert_true(ezlb_lastgood_write(&none, WEB, "x", 1));
	assert_null(ezlb_lastgood_read(&none, WEB, &len));
	ezlb_lastgood_forget(&none, WEB);
	ezlb_lastgood_prune(&none, NULL, 0);
	ezlb_lastgood_close(&none);
}

static void test_state_dir_is_missing(void **state)
{
	(void)state;
	assert_int_equal(rmdir(at("state").s), 0);
	free(assert_reads(WEB, NULL));
	free(assert_writes(WEB, "web", true));
	free(assert_reads(WEB, "web"));
	remove_tree(at("state").s);
	prune(NULL, 0);
	free(assert_writes(WEB, "again", true));
	free(assert_reads(WEB, "again"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_several_times_in_a_batch),
		IN_TOP(test_absent),
		IN_TOP(test_round_trip),
		IN_TOP(test_bytes),
		IN_TOP(test_modes),
		IN_TOP(test_appends_what_is_new),
		IN_TOP(test_format),
		IN_TOP(test_prune),
		IN_TOP(test_only_reads),
		IN_TOP(test_none_is_kept),
		IN_TOP(test_state_dir_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
