// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What needs namespaces of its own: limits on inotify and mounts. Skipped where a user namespace
 * cannot be had.
 */
#include "harness.h"

#include <sched.h>
#include <sys/mount.h>

static bool have_ns;

static bool write_proc(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

static bool enter_ns(void)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_proc("/proc/self/setgroups", "deny") &&
	       write_proc("/proc/self/uid_map", uids) && write_proc("/proc/self/gid_map", gids) &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool limit(const char *what, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/user/max_inotify_%s", what);
	return write_proc(path, value);
}

static void bind_mount(const char *from, const char *to)
{
	assert_int_equal(mount(at(from).s, at(to).s, NULL, MS_BIND, NULL), 0);
}

/* Polling starts with one warning, sees changes, and ends when inotify is back. */
static void check_shortage(const char *what, const char *sysctl, bool ask)
{
	struct watch_timing timing = no_rescan();
	const char *dirs[] = { "d", "e" };

	if (!have_ns || !limit(what, "0"))
		skip();
	timing.poll = 200;
	timing.inotify = ask ? HOUR : 1000;
	make_dir("d");
	make_dir("e");
	put("d/a.yaml", "1\n");
	log_begin();
	open_dirs(dirs, 2, &timing);
	assert_string_equal(last(), "d/a.yaml=1");
	assert_int_equal(log_count(sysctl), 1);
	put("d/a.yaml", "2\n");
	expect("d/a.yaml=2", 1000);
	run_ms(2500);
	assert_int_equal(log_count("level="), 1);

	assert_true(limit(what, "1000"));
	if (ask)
		ezlb_watch_rescan(watch);
	/* From here the rescans are at an hour: what arrives has come through inotify. */
	expect_log("inotify is available again", 1, 3000);
	run_ms(300);
	put("d/a.yaml", "3\n");
	assert_in_range(expect("d/a.yaml=3", 2000), 100, 120);
	put("e/b.yaml", "4\n");
	assert_in_range(expect("d/a.yaml=3 e/b.yaml=4", 2000), 100, 120);
	assert_int_equal(log_count("level="), 2);
}

static void test_no_instances(void **state)
{
	(void)state;
	check_shortage("instances", "fs.inotify.max_user_instances", false);
	assert_int_equal(log_count("level=warn"), 1);
}

static void test_no_watches(void **state)
{
	(void)state;
	check_shortage("watches", "fs.inotify.max_user_watches", false);
	assert_int_equal(log_count("level=warn"), 1);
}

/* Who has raised the limit and says so need not wait. */
static void test_asked_to_look_again(void **state)
{
	(void)state;
	check_shortage("instances", "fs.inotify.max_user_instances", true);
}

static int lift_limits(void **state)
{
	if (have_ns) {
		limit("instances", "1000");
		limit("watches", "100000");
	}
	return teardown(state);
}

/* A mount over the directory raises no event anywhere: it is found within a second or so. */
static void test_bind_mount_over_the_directory(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	make_dir("d");
	make_dir("over");
	put("d/a.yaml", "1\n");
	put("over/a.yaml", "2\n");
	open_dir("d");
	bind_mount("over", "d");
	expect("d/a.yaml=2", 2000);
	run_ms(200);
	put("over/a.yaml", "3\n");
	assert_in_range(expect("d/a.yaml=3", 2000), 100, 120);
	assert_int_equal(umount2(at("d").s, MNT_DETACH), 0);
	expect("d/a.yaml=1", 2000);
}

/* What lies below a mount point is no answer. */
static void test_unmounted_and_empty(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	make_dir("d");
	make_dir("over");
	put("over/a.yaml", "1\n");
	bind_mount("over", "d");
	open_dir("d");
	assert_int_equal(umount2(at("d").s, MNT_DETACH), 0);
	expect("d/a.yaml=1 [frozen]", 2000);
	run_ms(1500);
	assert_string_equal(last(), "d/a.yaml=1 [frozen]");
	bind_mount("over", "d");
	expect("d/a.yaml=1", 2000);
	put("over/a.yaml", "2\n");
	expect("d/a.yaml=2", 1000);
	assert_int_equal(umount2(at("d").s, MNT_DETACH), 0);
}

static void test_unmounted_file_system(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	make_dir("d");
	assert_int_equal(mount("t", at("d").s, "tmpfs", 0, NULL), 0);
	put("d/a.yaml", "1\n");
	open_dir("d");
	assert_int_equal(umount(at("d").s), 0);
	put("d/a.yaml", "2\n");
	expect("d/a.yaml=2", 3000);
	put("d/a.yaml", "3\n");
	expect("d/a.yaml=3", 1000);
}

static void test_subpath_mount(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	make_dir("d");
	make_dir("other");
	assert_int_equal(mount("t", at("other").s, "tmpfs", 0, NULL), 0);
	put("outside.yaml", "1\n");
	put("other/linked", "1\n");
	put("d/web.yaml", "");
	put("d/plain.yaml", "p\n");
	make_link("../other/linked", "d/link.yaml"); /* another mount, but no mount here */
	bind_mount("outside.yaml", "d/web.yaml");
	log_begin();
	open_dir("d");
	assert_string_equal(last(), "d/link.yaml=1 d/plain.yaml=p d/web.yaml=1");
	put("d/plain.yaml", "q\n");
	expect("d/link.yaml=1 d/plain.yaml=q d/web.yaml=1", 1000);
	assert_int_equal(log_count("the file is a mount point"), 1);
	assert_int_equal(log_count("d/web.yaml"), 1);
	assert_int_equal(log_count("level="), 1);
	assert_int_equal(umount2(at("d/web.yaml").s, MNT_DETACH), 0);
	assert_int_equal(umount2(at("other").s, MNT_DETACH), 0);
}

/* What the warning about such a mount says of it. */
static void test_mounted_file_changes(void **state)
{
	const char *dir = "d";

	(void)state;
	if (!have_ns)
		skip();
	make_dir("d");
	put("d/a.yaml", "");
	put("outside", "1\n");
	bind_mount("outside", "d/a.yaml");
	open_dirs(&dir, 1, &watch_timing);
	assert_string_equal(last(), "d/a.yaml=1");
	put("outside", "2\n");
	assert_in_range(expect("d/a.yaml=2", 40000), 27000, 33001);
	put("new", "3\n");
	move("new", "outside");
	run_ms(70000);
	assert_string_equal(last(), "d/a.yaml=2");
	assert_int_equal(umount2(at("d/a.yaml").s, MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_instances, setup, lift_limits),
		cmocka_unit_test_setup_teardown(test_no_watches, setup, lift_limits),
		cmocka_unit_test_setup_teardown(test_asked_to_look_again, setup, lift_limits),
		cmocka_unit_test_setup_teardown(test_bind_mount_over_the_directory, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unmounted_and_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unmounted_file_system, setup, teardown),
		cmocka_unit_test_setup_teardown(test_subpath_mount, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mounted_file_changes, setup, teardown),
	};

	have_ns = enter_ns();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
