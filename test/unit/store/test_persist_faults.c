// SPDX-License-Identifier: GPL-2.0-or-later
/* Second copies of last good versions that cannot be read, written or trusted. */
#include "persisted.h"

/* Goes on with the state directory alone, and says once what this means. */
static void assert_does_without(const char *persist, const char *why)
{
	struct ezlb_lastgood store;
	char *log = begin(&store, persist, true);

	assert_has(log, "level=warn pkg=config msg=\"the last good versions of the service files "
			"will not survive a reboot of this host\" err=\"");
	assert_has(log, why);
	assert_int_equal(count(log, "\n"), 1);
	free(log);
	assert_false(ezlb_lastgood_persists(&store));
	assert_writes(&store, WEB, "new");
	ezlb_lastgood_close(&store);
	store = begin_silently(persist, false); /* so does one that only reads */
	assert_reads(&store, WEB, "new");
	ezlb_lastgood_forget(&store, WEB);
	ezlb_lastgood_close(&store);
}

static void test_cannot_be_used(void **state)
{
	(void)state;
	put("file", "");
	assert_does_without(at("file").s, "the persist directory");
	assert_does_without(at("file/below").s, "cannot create the persist directory");
	stores(PERSIST, WEB, "old");
	assert_int_equal(chmod(PERSIST, 0777), 0);
	assert_does_without(PERSIST, "other users can write to the persist directory");
	assert_does_without(PERSIST, "or set another one with --persist-dir");
}

/* As on a read-only file system: a reboot after a failure of the disk must not lose services. */
static void test_cannot_be_written(void **state)
{
	struct ezlb_lastgood store;
	EZLB_AUTO_FREE char *log = NULL;

	(void)state;
	stores(PERSIST, WEB, "web");
	reboot();
	assert_int_equal(unlink(at("var/lib/ezlb/lock").s), 0);
	assert_int_equal(mkdir(at("var/lib/ezlb/lock").s, 0700), 0);
	log = begin(&store, PERSIST, true);
	assert_non_null(strstr(log, "will not survive a reboot"));
	assert_reads(&store, WEB, "web");
	assert_writes(&store, WEB, "new");
	assert_reads(&store, WEB, "new");
	ezlb_lastgood_prune(&store, NULL, 0);
	ezlb_lastgood_forget(&store, WEB);
	assert_reads(&store, WEB, "web");
	ezlb_lastgood_close(&store);
	remove_tree(at("var/lib/ezlb/lock").s);
	reads(WEB, "web");
}

/* What others could have put there is no service file. */
static void test_reads_nothing_that_others_can_write(void **state)
{
	struct ezlb_lastgood store;

	(void)state;
	stores(PERSIST, WEB, "web");
	reboot();
	assert_int_equal(chmod(PERSIST, 0770), 0);
	store = begin_silently(PERSIST, false);
	assert_reads(&store, WEB, NULL);
	ezlb_lastgood_close(&store);
}

/* Another process: uses the directory until there is something to read. Asserts nothing. */
static void hold(int ready, int end)
{
	struct ezlb_lastgood store;
	char byte = 0;

	ezlb_lastgood_open(&store, at("run").s, true);
	ezlb_lastgood_persist(&store, PERSIST);
	_exit(ezlb_lastgood_write(&store, API, "api", 3) && write(ready, "x", 1) == 1 &&
			      read(end, &byte, 1) == 1
		      ? 0
		      : 1);
}

/* It would delete the versions of the other one's files. */
static void test_of_another_process(void **state)
{
	struct ezlb_lastgood store;
	int ready[2], end[2], status;
	char byte = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid = fork();
	if (pid == 0)
		hold(ready[1], end[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	remove_tree(at("run").s);
	assert_does_without(PERSIST, "another ezlb is running");
	assert_true(is_in("var/lib/ezlb", API));
	assert_int_equal(write(end[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ready[0]);
	close(end[0]);
	close(end[1]);
	store = begin_silently(PERSIST, true);
	ezlb_lastgood_close(&store);
}

/* The other file has it, whether the damage is found at the start or later. */
static void test_damaged(void **state)
{
	struct ezlb_lastgood store;
	struct capture capture;
	char *log;

	(void)state;
	stores(PERSIST, WEB, "web");
	stores(PERSIST, API, "api");
	store = begin_silently(PERSIST, false);
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			put_bytes(STATE_FILE, "", 0);
		capture = capture_begin(STDERR_FILENO);
		assert_reads(&store, WEB, "web");
		log = capture_end(capture);
		assert_int_equal(count(log, "is damaged: ignored"), i == 0);
		free(log);
		ezlb_lastgood_close(&store);
		store = begin_silently(PERSIST, false);
	}
	ezlb_lastgood_close(&store);
}

/* The next update tries again, until both have it. */
static void test_one_of_both_cannot_be_written(void **state)
{
	struct ezlb_lastgood store = begin_silently(PERSIST, true);
	struct capture capture;
	char *log;

	(void)state;
	assert_writes(&store, WEB, "web 1");
	full = "lib/ezlb/versions";
	for (int i = 0; i < 2; i++) {
		capture = capture_begin(STDERR_FILENO);
		assert_false(ezlb_lastgood_write(&store, WEB, "web 2", 5));
		log = capture_end(capture);
		assert_int_equal(count(log, "cannot store the last good version"), i == 0);
		free(log);
	}
	assert_reads(&store, WEB, "web 2");
	full = NULL;
	assert_writes(&store, WEB, "web 2");
	ezlb_lastgood_close(&store);
	reboot();
	reads(WEB, "web 2");
}

/* A reboot with a broken file would serve the older one. */
static void test_no_outdated_version_is_left(void **state)
{
	struct ezlb_lastgood store = begin_silently(PERSIST, true);
	struct capture capture;

	(void)state;
	assert_writes(&store, WEB, "web 1");
	full = "lib/ezlb/versions";
	capture = capture_begin(STDERR_FILENO);
	assert_false(ezlb_lastgood_write(&store, WEB, "web 2", 5));
	free(capture_end(capture));
	ezlb_lastgood_close(&store);
	full = NULL;
	reads(WEB, "web 2");
	reboot();
	reads(WEB, NULL);
}

static void test_removed_under_a_running_ezlb(void **state)
{
	struct ezlb_lastgood store = begin_silently(PERSIST, true);

	(void)state;
	assert_false(ezlb_lastgood_keep(&store));
	assert_writes(&store, WEB, "web");
	for (int i = 0; i < 2; i++) {
		assert_false(ezlb_lastgood_keep(&store));
		assert_false(ezlb_lastgood_keep(&store));
		remove_tree(PERSIST);
		assert_true(others_can_lock(PERSIST));
		remove_tree(PERSIST);
		assert_true(ezlb_lastgood_keep(&store));
		assert_false(others_can_lock(PERSIST));
		assert_true(is_in("var/lib/ezlb", WEB));
	}
	assert_false(ezlb_lastgood_keep(&store));
	remove_tree(at("run").s);
	assert_true(ezlb_lastgood_keep(&store));
	assert_false(ezlb_lastgood_keep(&store));
	assert_writes(&store, WEB, "web");
	ezlb_lastgood_close(&store);
	assert_true(is_in("run", WEB));
}

/* A volume that is mounted late, or a file system that was read-only. */
static void test_can_be_used_later(void **state)
{
	struct ezlb_lastgood store;
	struct capture capture;
	char *log;

	(void)state;
	put("var", "");
	log = begin(&store, PERSIST, true);
	assert_int_equal(count(log, "will not survive a reboot"), 1);
	free(log);
	assert_writes(&store, WEB, "web");
	capture = capture_begin(STDERR_FILENO);
	assert_false(ezlb_lastgood_keep(&store));
	assert_has(store.problem.msg, "cannot create the persist directory");
	assert_int_equal(unlink(at("var").s), 0);
	assert_true(ezlb_lastgood_keep(&store));
	assert_int_equal(store.problem.code, 0);
	assert_false(ezlb_lastgood_keep(&store));
	log = capture_end(capture);
	assert_has(log, "level=info pkg=config msg=\"the last good versions of the service files "
			"survive a reboot of this host again\" persist_dir=");
	assert_int_equal(count(log, "\n"), 1);
	free(log);
	assert_false(others_can_lock(PERSIST));
	ezlb_lastgood_close(&store);
	reboot();
	reads(WEB, "web");
}

/* Without a state directory (the memory data plane) nothing is stored anywhere. */
static void test_without_state_directory(void **state)
{
	struct ezlb_lastgood store;

	(void)state;
	ezlb_lastgood_open(&store, NULL, true);
	ezlb_lastgood_persist(&store, PERSIST);
	assert_writes(&store, WEB, "web");
	assert_false(ezlb_lastgood_any(&store));
	ezlb_lastgood_close(&store);
	assert_int_equal(access(at("var").s, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_cannot_be_used),
		IN_TOP(test_cannot_be_written),
		IN_TOP(test_reads_nothing_that_others_can_write),
		IN_TOP(test_of_another_process),
		IN_TOP(test_damaged),
		IN_TOP(test_one_of_both_cannot_be_written),
		IN_TOP(test_no_outdated_version_is_left),
		IN_TOP(test_removed_under_a_running_ezlb),
		IN_TOP(test_can_be_used_later),
		IN_TOP(test_without_state_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
