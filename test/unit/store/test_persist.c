// SPDX-License-Identifier: GPL-2.0-or-later
/* The second copy of the last good versions, which is for the time after a reboot. */
#include "persisted.h"

static void test_survives_a_reboot(void **state)
{
	(void)state;
	reads(WEB, NULL);
	stores(PERSIST, WEB, "web 1");
	stores(PERSIST, WEB, "web 2");
	reads(WEB, "web 2");
	reboot();
	reads(WEB, "web 2");
	stores(PERSIST, WEB, "web 3");
	reads(WEB, "web 3");
	reboot();
	reads(WEB, "web 3");
}

/* By an ezlb that had no persist directory. */
static void test_takes_over_what_is_in_the_state_directory(void **state)
{
	struct ezlb_lastgood store;

	(void)state;
	stores(PERSIST, API, "api 1");
	stores(NULL, WEB, "web 1");
	stores(NULL, API, "api 2");
	reads(API, "api 2"); /* not copied yet */
	store = begin_silently(PERSIST, true);
	assert_reads(&store, WEB, "web 1");
	ezlb_lastgood_close(&store);
	reads(WEB, "web 1");
	reboot();
	reads(WEB, "web 1");
	reads(API, "api 2");
}

static void test_versions_of_a_directory(void **state)
{
	static const struct {
		const char *dir;
		bool any;
	} rows[] = {
		{ "/etc/ezlb/services.d", true },
		{ "/etc/ezlb/services.d/", true },
		{ "/etc/ezlb", false },
		{ "/etc/ezlb/services", false },
		{ "/etc/ezlb/services.d/w", false },
		{ "/", false },
	};

	(void)state;
	stores(PERSIST, WEB, "web");
	for (int i = 0; i < 2; i++) {
		struct ezlb_lastgood store = begin_silently(PERSIST, false);

		for (size_t k = 0; k < COUNT_OF(rows); k++)
			assert_int_equal(ezlb_lastgood_any_of(&store, rows[k].dir), rows[k].any);
		ezlb_lastgood_close(&store);
		if (i == 0)
			reboot();
	}
}

static void test_copies_only_what_differs(void **state)
{
	struct ezlb_lastgood store;
	struct stat before, after;

	(void)state;
	stores(PERSIST, WEB, "web");
	assert_int_equal(stat(at(PERSIST_FILE).s, &before), 0);
	store = begin_silently(PERSIST, true);
	ezlb_lastgood_close(&store);
	assert_int_equal(stat(at(PERSIST_FILE).s, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void test_forgets_both(void **state)
{
	static const char *const api[] = { API };
	struct ezlb_lastgood store;

	(void)state;
	for (int i = 0; i < 2; i++) {
		stores(PERSIST, WEB, "web");
		stores(PERSIST, API, "api");
		store = begin_silently(PERSIST, true);
		if (i == 0)
			ezlb_lastgood_forget(&store, WEB);
		else
			ezlb_lastgood_prune(&store, api, 1);
		assert_reads(&store, WEB, NULL);
		assert_reads(&store, API, "api");
		ezlb_lastgood_close(&store);
		assert_false(is_in("var/lib/ezlb", WEB));
		assert_true(is_in("var/lib/ezlb", API));
	}
}

/* Each once; the newer ones are in the state directory. */
static void test_list(void **state)
{
	struct ezlb_snapshot listed = { .borrowed = false };
	struct ezlb_lastgood store;

	(void)state;
	stores(PERSIST, WEB, "web 1");
	stores(PERSIST, API, "api 1");
	reboot();
	stores(NULL, API, "api 2");
	store = begin_silently(PERSIST, false);
	ezlb_lastgood_list(&store, &listed.files);
	ezlb_lastgood_close(&store);
	assert_int_equal(listed.files.len, 2);
	assert_string_equal(listed.files.items[0].path, API);
	assert_string_equal(listed.files.items[0].bytes, "api 2");
	assert_string_equal(listed.files.items[1].path, WEB);
	assert_string_equal(listed.files.items[1].bytes, "web 1");
	ezlb_snapshot_clear(&listed);
}

/* Service files can have secrets. */
static void test_modes(void **state)
{
	mode_t was = umask(022);
	struct stat st;

	(void)state;
	stores(PERSIST, WEB, "web");
	umask(was);
	assert_int_equal(stat(at("var/lib").s, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(stat(PERSIST, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(stat(at(PERSIST_FILE).s, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

static void test_reading_creates_nothing(void **state)
{
	(void)state;
	reads(WEB, NULL);
	assert_int_equal(access(at("var").s, F_OK), -1);
	assert_int_equal(access(at("run").s, F_OK), -1);
}

/* Under the same name or another one. Its lock is not released by that. */
static void test_is_the_state_directory(void **state)
{
	struct text names[] = { at("run"), at("run/"), at("link"), at("run/../run") };
	int lock;

	(void)state;
	lock = ezlb_statedir_lock(at("run").s, NULL);
	assert_true(lock >= 0);
	assert_int_equal(symlink("run", at("link").s), 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct ezlb_lastgood store = begin_silently(names[i].s, true);

		assert_false(ezlb_lastgood_persists(&store));
		assert_writes(&store, WEB, "web");
		ezlb_lastgood_close(&store);
		assert_false(others_can_lock(at("run").s));
	}
	close(lock);
	assert_true(others_can_lock(at("run").s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_survives_a_reboot),
		IN_TOP(test_takes_over_what_is_in_the_state_directory),
		IN_TOP(test_copies_only_what_differs),
		IN_TOP(test_versions_of_a_directory),
		IN_TOP(test_forgets_both),
		IN_TOP(test_list),
		IN_TOP(test_modes),
		IN_TOP(test_reading_creates_nothing),
		IN_TOP(test_is_the_state_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
