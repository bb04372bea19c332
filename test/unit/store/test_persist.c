// SPDX-License-Identifier: GPL-2.0-or-later
/* The second copy of the last good versions, which is for the time after a reboot. */
#include "fixture.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <ezlb/store.h>

#define WEB	"/etc/ezlb/services.d/web.yaml"
#define API	"/etc/ezlb/services.d/api.yaml"
#define PERSIST at("var/lib/ezlb").s

/* Opens both directories; returns what was logged, which the caller frees. */
static char *begin(struct ezlb_lastgood *store, const char *persist, bool writes)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	ezlb_lastgood_open(store, at("run").s, writes);
	ezlb_lastgood_persist(store, persist);
	return capture_end(capture);
}

static struct ezlb_lastgood begin_silently(const char *persist, bool writes)
{
	struct ezlb_lastgood store;
	char *log = begin(&store, persist, writes);

	assert_string_equal(log, "");
	free(log);
	return store;
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
	assert_int_equal(len, strlen(want));
}

static void assert_writes(struct ezlb_lastgood *store, const char *path, const char *bytes)
{
	assert_true(ezlb_lastgood_write(store, path, bytes, strlen(bytes)));
}

/* One process that stores a version, in the state directory only if persist is NULL. */
static void stores(const char *persist, const char *path, const char *bytes)
{
	struct ezlb_lastgood store = begin_silently(persist, true);

	assert_writes(&store, path, bytes);
	ezlb_lastgood_close(&store);
}

static void reboot(void)
{
	remove_tree(at("run").s);
}

/* One process that only reads, as `plan` does. */
static void reads(const char *path, const char *want)
{
	struct ezlb_lastgood store = begin_silently(PERSIST, false);

	assert_reads(&store, path, want);
	assert_int_equal(ezlb_lastgood_any(&store), want != NULL);
	ezlb_lastgood_close(&store);
}

#define STATE_FILE   "run/versions"
#define PERSIST_FILE "var/lib/ezlb/versions"

/* Is there a version of the file in this directory? */
static bool is_in(const char *dir, const char *path)
{
	struct ezlb_lastgood store;
	uint64_t hash;
	size_t len;
	bool found;

	ezlb_lastgood_open(&store, at(dir).s, false);
	found = ezlb_lastgood_find(&store, path, &len, &hash);
	ezlb_lastgood_close(&store);
	return found;
}

/* Every write of more than one byte fails in one of the two files, whose name ends like that. */
static const char *full;

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at_byte)
{
	char link[64], name[512] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (n > 1 && full && readlink(link, name, sizeof(name) - 1) > 0 && strstr(name, full)) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, n, at_byte);
}

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

/* True if another process could take the lock of the directory. */
static bool others_can_lock(const char *dir)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(ezlb_statedir_lock(dir, NULL) >= 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status != 0;
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

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

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
		IN_TOP(test_cannot_be_used),
		IN_TOP(test_cannot_be_written),
		IN_TOP(test_reads_nothing_that_others_can_write),
		IN_TOP(test_of_another_process),
		IN_TOP(test_is_the_state_directory),
		IN_TOP(test_damaged),
		IN_TOP(test_one_of_both_cannot_be_written),
		IN_TOP(test_no_outdated_version_is_left),
		IN_TOP(test_removed_under_a_running_ezlb),
		IN_TOP(test_can_be_used_later),
		IN_TOP(test_without_state_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
