// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness.h"

#include <sys/resource.h>

static void append(const char *name, const char *text)
{
	int fd = open(at(name).s, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Long enough for a scan to hit the state that the file is in. */
static void pause_long(void)
{
	run_ms(250);
}

static void start_dropin(void)
{
	make_dir("d");
	put("d/a.yaml", "1\n");
	put("d/b.yaml", "b\n");
	open_dir("d");
	assert_string_equal(last(), "d/a.yaml=1 d/b.yaml=b");
}

static void test_open_needs_a_directory(void **state)
{
	struct ezlb_watch_options options = { 0 };
	struct ezlb_err err;

	(void)state;
	assert_int_equal(ezlb_watch_open(&loop, &options, &watch, &err), -EINVAL);
	assert_string_equal(err.msg, "no config directory is given");
}

/* The public door, with the product's timing. */
static void test_open_delivers_at_once(void **state)
{
	struct text dir = at("");
	const char *dirs[] = { dir.s };
	struct ezlb_watch_options options = {
		.dirs = dirs, .n_dirs = 1, .on_change = on_change, .arg = &got
	};

	(void)state;
	real_time();
	put("a.yaml", "half");
	assert_int_equal(ezlb_watch_open(&loop, &options, &watch, NULL), 0);
	assert_int_equal(got.n, 1);
	assert_string_equal(last(), "a.yaml=half");
	put("a.yaml", "2\n");
	expect("a.yaml=2", 1000);
}

static void test_new_and_edited(void **state)
{
	uint64_t ms;

	(void)state;
	start_dropin();
	put("d/c.yaml", "c\n");
	ms = expect("d/a.yaml=1 d/b.yaml=b d/c.yaml=c", 2000);
	assert_in_range(ms, 100, 120);
	put("d/a.yaml", "2\n");
	ms = expect("d/a.yaml=2 d/b.yaml=b d/c.yaml=c", 2000);
	assert_in_range(ms, 100, 120);
	assert_int_equal(got.n, 3);
}

static void test_removed(void **state)
{
	uint64_t ms;

	(void)state;
	start_dropin();
	drop_file("d/a.yaml");
	ms = expect("d/b.yaml=b", 5000);
	assert_in_range(ms, 1000, 1200);
	drop_file("d/b.yaml");
	ms = expect("", 5000);
	assert_in_range(ms, 1000, 1200);
	assert_int_equal(got.n, 3);
}

static void test_blank_and_broken_have_their_grace(void **state)
{
	uint64_t ms;

	(void)state;
	start_dropin();
	put("d/a.yaml", "");
	ms = expect("d/a.yaml= d/b.yaml=b", 5000);
	assert_in_range(ms, 1000, 1200);
	put("d/b.yaml", "half");
	ms = expect("d/a.yaml= d/b.yaml=half", 5000);
	assert_in_range(ms, 1000, 1200);
}

/* Chatter that does not stop is looked at after a second all the same. */
static void test_cap(void **state)
{
	struct watch_timing timing = no_rescan();
	const char *dir = "d";
	uint64_t begin, ms;

	(void)state;
	timing.quiet = 800; /* a busy machine is not to look like quiet */
	make_dir("d");
	put("d/a.yaml", "1\n");
	open_dirs(&dir, 1, &timing);
	put("d/a.yaml", "2\n");
	begin = ezlb_now_ms();
	do {
		append("d/noise.txt", "x");
		run_ms(20);
		ms = ezlb_now_ms() - begin;
	} while (got.n == 1 && ms < 4000);
	assert_in_range(ms, 1000, 1050);
	assert_string_equal(last(), "d/a.yaml=2");
}

/* Touch, chmod, and the same bytes once more: nothing is delivered. */
static void test_no_change_no_delivery(void **state)
{
	(void)state;
	start_dropin();
	put("d/a.yaml", "1\n");
	assert_int_equal(utimensat(AT_FDCWD, at("d/b.yaml").s, NULL, 0), 0);
	assert_int_equal(chmod(at("d/b.yaml").s, 0600), 0);
	pause_long();
	drop_file("d/a.yaml");
	pause_long();
	put("d/a.yaml", "1\n");
	run_ms(1300);
	assert_int_equal(got.n, 1);
}

static void save_vim(void)
{
	put("d/.a.yaml.swp", "b0VIM");
	put("d/4913", "");
	drop_file("d/4913");
	move("d/a.yaml", "d/a.yaml~");
	pause_long();
	put("d/a.yaml", "");
	pause_long();
	append("d/a.yaml", "2");
	pause_long();
	append("d/a.yaml", "\n");
	drop_file("d/a.yaml~");
	drop_file("d/.a.yaml.swp");
}

static void save_sed(void)
{
	put("d/sedAb12Cd", "");
	pause_long();
	put("d/sedAb12Cd", "2\n");
	move("d/sedAb12Cd", "d/a.yaml");
}

static void save_git(void)
{
	drop_file("d/a.yaml");
	pause_long();
	append("d/a.yaml", "");
	pause_long();
	append("d/a.yaml", "2\n");
}

static void save_ansible(void)
{
	put("d/.ansible_tmpx1y2a.yaml", "half");
	pause_long();
	put("d/.ansible_tmpx1y2a.yaml", "2\n");
	move("d/.ansible_tmpx1y2a.yaml", "d/a.yaml");
}

static void save_emacs(void)
{
	make_link("user@host.4711:1700000000", "d/.#a.yaml");
	put("d/#a.yaml#", "autosaved");
	pause_long();
	put("d/a.yaml", "2\n");
	drop_file("d/#a.yaml#");
	drop_file("d/.#a.yaml");
}

static void save_in_place(void)
{
	put("d/a.yaml", "");
	pause_long();
	append("d/a.yaml", "2\n");
}

/* The first half is a whole file, too, and would be another service. */
static void save_slowly(void)
{
	int fd = open(at("d/a.yaml").s, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_int_equal(write(fd, "9\n", 2), 2);
	run_ms(500);
	assert_int_equal(pwrite(fd, "2\nx\n", 4, 0), 4);
	close(fd);
}

static void save_relinked(void)
{
	put("elsewhere", "2\n");
	make_link("../elsewhere", "d/.tmp");
	move("d/.tmp", "d/a.yaml");
}

static void test_editors(void **state)
{
	static const struct {
		const char *name;
		void (*save)(void);
	} table[] = {
		{ "vim", save_vim },	      { "sed", save_sed },
		{ "git", save_git },	      { "ansible", save_ansible },
		{ "emacs", save_emacs },      { "in place", save_in_place },
		{ "ln -sfn", save_relinked }, { "slowly", save_slowly },
	};

	(void)state;
	start_dropin();
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		size_t before = got.n;

		put("d/a.yaml", "1\n");
		expect("d/a.yaml=1 d/b.yaml=b", 2000);
		table[i].save();
		expect("d/a.yaml=2 d/b.yaml=b", 2000);
		pause_long();
		if (got.n > before + 2)
			fail_msg("%s: %zu deliveries, '%s'", table[i].name, got.n - before,
				 got.lines[before + 1]);
		drop_file("d/a.yaml");
		put("d/a.yaml", "1\n");
	}
}

static void test_fifo_does_not_hang(void **state)
{
	(void)state;
	start_dropin();
	assert_int_equal(mkfifo(at("d/x.yaml").s, 0644), 0);
	expect("d/a.yaml=1 d/b.yaml=b d/x.yaml=!is a FIFO, not a regular file", 5000);
	put("d/a.yaml", "2\n");
	expect("d/a.yaml=2 d/b.yaml=b d/x.yaml=!is a FIFO, not a regular file", 1000);
}

/* Removed, made again, and edited: the last is seen through the new watch. */
static void test_dir_recreated(void **state)
{
	(void)state;
	start_dropin();
	log_begin();
	remove_tree(at("d").s);
	expect("d/a.yaml=1 d/b.yaml=b [frozen]", 1000);
	run_ms(1500);
	assert_string_equal(last(), "d/a.yaml=1 d/b.yaml=b [frozen]");
	make_dir("d");
	put("d/a.yaml", "1\n");
	put("d/b.yaml", "b\n");
	expect("d/a.yaml=1 d/b.yaml=b", 1000);
	put("d/a.yaml", "2\n");
	expect("d/a.yaml=2 d/b.yaml=b", 1000);
	assert_int_equal(log_count("cannot be read"), 1);
	assert_int_equal(log_count("No such file or directory"), 1);
	assert_int_equal(log_count("readable again"), 1);
	assert_int_equal(log_count("level=warn"), 1);
}

/* Removed and made again between two turns of the loop. */
static void test_dir_replaced_quickly(void **state)
{
	(void)state;
	start_dropin();
	make_dir("new");
	put("new/a.yaml", "2\n");
	move("d", "old");
	move("new", "d");
	expect("d/a.yaml=2", 5000);
	put("old/b.yaml", "other\n");
	put("d/a.yaml", "3\n");
	expect("d/a.yaml=3", 1000);
}

static void test_dir_moved_and_back(void **state)
{
	(void)state;
	start_dropin();
	move("d", "away");
	expect("d/a.yaml=1 d/b.yaml=b [frozen]", 1000);
	put("away/a.yaml", "2\n");
	run_ms(1200);
	assert_int_equal(got.n, 2);
	move("away", "d");
	expect("d/a.yaml=2 d/b.yaml=b", 1000);
	put("d/a.yaml", "3\n");
	expect("d/a.yaml=3 d/b.yaml=b", 1000);
}

static void test_parent_moved_and_back(void **state)
{
	(void)state;
	make_dir("p");
	make_dir("p/d");
	put("p/d/a.yaml", "1\n");
	open_dir("p/d");
	move("p", "q");
	expect("p/d/a.yaml=1 [frozen]", 1000);
	put("q/d/a.yaml", "2\n");
	move("q", "p");
	expect("p/d/a.yaml=2", 3000);
	put("p/d/a.yaml", "3\n");
	expect("p/d/a.yaml=3", 1000);
}

/* Neither the directory nor its parent is moved: no event, and no rescan for an hour. */
static void test_grandparent_moved_and_back(void **state)
{
	(void)state;
	make_dir("g");
	make_dir("g/p");
	make_dir("g/p/d");
	put("g/p/d/a.yaml", "1\n");
	open_dir("g/p/d");
	move("g", "h");
	expect("g/p/d/a.yaml=1 [frozen]", 2000);
	put("h/p/d/a.yaml", "2\n");
	move("h", "g");
	expect("g/p/d/a.yaml=2", 2000);
	put("g/p/d/a.yaml", "3\n");
	expect("g/p/d/a.yaml=3", 1000);
}

/* What `rm -r d; mkdir d` and an unmounted volume leave says nothing about services. */
static void test_dir_comes_back_empty(void **state)
{
	(void)state;
	start_dropin();
	log_begin();
	remove_tree(at("d").s);
	make_dir("d");
	expect("d/a.yaml=1 d/b.yaml=b [frozen]", 2000);
	run_ms(2500);
	assert_string_equal(last(), "d/a.yaml=1 d/b.yaml=b [frozen]");
	assert_int_equal(log_count("is a volume not mounted?"), 1);
	put("d/b.yaml", "b\n");
	expect("d/a.yaml=1 d/b.yaml=b", 1000);
	expect("d/b.yaml=b", 2000);
	/* That is over: who removes the last file means it. */
	drop_file("d/b.yaml");
	expect("", 3000);
}

static void test_missing_at_open(void **state)
{
	(void)state;
	log_begin();
	open_dir("later");
	assert_string_equal(last(), " [frozen]");
	assert_int_equal(log_count("cannot be read"), 1);
	make_dir("later");
	put("later/a.yaml", "1\n");
	expect("later/a.yaml=1", 1000);
	put("later/a.yaml", "2\n");
	expect("later/a.yaml=2", 1000);
	assert_int_equal(log_count("cannot be read"), 1);
	assert_int_equal(log_count("readable again"), 1);
}

/* Not even the parent is there: only the retries can find it. */
static void test_missing_parent(void **state)
{
	(void)state;
	open_dir("x/y");
	make_dir("x");
	make_dir("x/y");
	put("x/y/a.yaml", "1\n");
	expect("x/y/a.yaml=1", 3000);
	put("x/y/a.yaml", "2\n");
	expect("x/y/a.yaml=2", 1000);
}

static void test_link_to_dir_retargeted(void **state)
{
	(void)state;
	make_dir("one");
	make_dir("two");
	put("one/a.yaml", "1\n");
	put("two/a.yaml", "2\n");
	make_link("one", "d");
	open_dir("d");
	make_link("two", "tmp");
	move("tmp", "d");
	expect("d/a.yaml=2", 1000);
	put("two/a.yaml", "3\n");
	expect("d/a.yaml=3", 1000);
}

/* Two names of one directory and a directory inside another share watches and must not fight. */
static void test_shared_watches(void **state)
{
	static const char *const dirs[] = { "d", "alias", "d", "d/sub", "e" };
	struct watch_timing timing = no_rescan();

	(void)state;
	make_dir("d");
	make_dir("d/sub");
	make_dir("e");
	make_link("d", "alias");
	put("d/a.yaml", "1\n");
	put("d/sub/s.yaml", "1\n");
	put("e/e.yaml", "1\n");
	open_dirs(dirs, COUNT_OF(dirs), &timing);
	assert_string_equal(last(), "d/a.yaml=1 d/sub/s.yaml=1 e/e.yaml=1");
	put("d/a.yaml", "2\n");
	expect("d/a.yaml=2 d/sub/s.yaml=1 e/e.yaml=1", 1000);
	put("d/sub/s.yaml", "2\n");
	expect("d/a.yaml=2 d/sub/s.yaml=2 e/e.yaml=1", 1000);
	remove_tree(at("d/sub").s);
	expect("d/a.yaml=2 d/sub/s.yaml=2 e/e.yaml=1 [frozen]", 1000);
	put("d/a.yaml", "3\n");
	expect("d/a.yaml=3 d/sub/s.yaml=2 e/e.yaml=1 [frozen]", 1000);
	make_dir("d/sub");
	put("d/sub/s.yaml", "3\n");
	expect("d/a.yaml=3 d/sub/s.yaml=3 e/e.yaml=1", 1000);
	put("d/sub/s.yaml", "4\n");
	expect("d/a.yaml=3 d/sub/s.yaml=4 e/e.yaml=1", 1000);
}

/* No descriptor is left for the scan: frozen, and only the retry can find that there are again. */
static void test_no_descriptors(void **state)
{
	struct rlimit before, none;

	(void)state;
	start_dropin();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	log_begin();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	ezlb_watch_rescan(watch);
	expect("d/a.yaml=1 d/b.yaml=b [frozen]", 1000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(log_count("Too many open files"), 1);
	expect("d/a.yaml=1 d/b.yaml=b", 2000);
	put("d/a.yaml", "2\n");
	expect("d/a.yaml=2 d/b.yaml=b", 1000);
}

static long max_queued(void)
{
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	long n = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld", &n), 1);
	fclose(file);
	return n;
}

/* With an hour of debounce only the overflow itself can bring the scan. */
static void test_overflow(void **state)
{
	struct watch_timing timing = no_rescan();
	const char *dir = "d";
	long n = max_queued();

	(void)state;
	if (n > 200000)
		skip();
	timing.quiet = timing.cap = HOUR;
	make_dir("d");
	put("d/a.yaml", "1\n");
	open_dirs(&dir, 1, &timing);
	put("d/a.yaml", "2\n");
	run_ms(300);
	assert_int_equal(got.n, 1);
	for (long i = 0; i <= n / 2; i++) {
		append("d/x", "x");
		append("d/y", "y");
	}
	expect("d/a.yaml=2", 2000);
}

/* No event comes for what a link points to: the rescan finds it, and so does a request. */
static void test_rescan(void **state)
{
	struct watch_timing timing = no_rescan();
	const char *dir = "d";

	(void)state;
	make_dir("d");
	make_dir("out");
	put("out/target", "1\n");
	make_link("../out/target", "d/a.yaml");
	open_dir("d");
	put("out/target", "2\n");
	run_ms(500);
	assert_string_equal(last(), "d/a.yaml=1");
	ezlb_watch_rescan(watch);
	assert_int_equal(got.n, 1);
	expect("d/a.yaml=2", 200);
	close_watch();
	timing.rescan = 300;
	open_dirs(&dir, 1, &timing);
	put("out/target", "3\n");
	assert_in_range(expect("d/a.yaml=3", 2000), 270, 331);
}

static void test_ignored_names_are_told_once(void **state)
{
	(void)state;
	log_begin();
	make_dir("d");
	put("d/web.conf", "x");
	put("d/.hidden", "x");
	put("d/#web.yaml#", "x");
	open_dir("d");
	put("d/a.yaml", "1\n");
	expect("d/a.yaml=1", 1000);
	put("d/more.json", "x");
	expect_log("ignored", 2, 1000);
	assert_int_equal(log_count("web.conf"), 1);
	assert_int_equal(log_count("more.json"), 1);
	assert_int_equal(log_count("level=info"), 2);
}

static void close_hook(const struct ezlb_snapshot *snapshot)
{
	(void)snapshot;
	if (got.n == 2) {
		ezlb_watch_close(watch, NULL, NULL);
		ezlb_watch_rescan(watch); /* too late, and harmless */
		watch = NULL;
	}
}

static void test_close_from_the_callback(void **state)
{
	(void)state;
	start_dropin();
	got.hook = close_hook;
	put("d/a.yaml", "2\n");
	expect("d/a.yaml=2 d/b.yaml=b", 1000);
	put("d/a.yaml", "3\n");
	run_ms(400);
	assert_int_equal(got.n, 2);
}

static void rescan_hook(const struct ezlb_snapshot *snapshot)
{
	(void)snapshot;
	put("out/target", "3\n");
	ezlb_watch_rescan(watch);
	got.hook = NULL;
}

static void test_rescan_from_the_callback(void **state)
{
	(void)state;
	make_dir("d");
	make_dir("out");
	put("out/target", "1\n");
	make_link("../out/target", "d/a.yaml");
	open_dir("d");
	got.hook = rescan_hook;
	put("d/b.yaml", "b\n");
	expect("d/a.yaml=3 d/b.yaml=b", 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open_needs_a_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_delivers_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_and_edited, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blank_and_broken_have_their_grace, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_cap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_change_no_delivery, setup, teardown),
		cmocka_unit_test_setup_teardown(test_editors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fifo_does_not_hang, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dir_recreated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dir_replaced_quickly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dir_moved_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parent_moved_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grandparent_moved_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dir_comes_back_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_at_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_parent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_to_dir_retargeted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared_watches, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rescan, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ignored_names_are_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_from_the_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rescan_from_the_callback, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
