// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <fcntl.h>
#include <sys/inotify.h>

#include "notify.h"

static void test_split(void **state)
{
	static const struct {
		const char *path, *parent, *base;
	} table[] = {
		{ "/etc/ezlb/services.d", "/etc/ezlb", "services.d" },
		{ "/etc/ezlb/services.d//", "/etc/ezlb", "services.d" },
		{ "/etc//d", "/etc", "d" },
		{ "/d", "/", "d" },
		{ "//d", "/", "d" },
		{ "/", "/", "" },
		{ "d", ".", "d" },
		{ "./d/", ".", "d" },
		{ "a/b", "a", "b" },
		{ "", ".", "" },
	};
	struct notify notify;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		notify_init(&notify, &table[i].path, 1);
		if (strcmp(notify.dirs[0].parent, table[i].parent) != 0 ||
		    strcmp(notify.dirs[0].base, table[i].base) != 0)
			fail_msg("'%s': '%s' and '%s'", table[i].path, notify.dirs[0].parent,
				 notify.dirs[0].base);
		notify_clear(&notify);
	}
}

/* Two directories; what touches which. */
static void test_touched(void **state)
{
	struct text a = at("a"), b = at("b");
	const char *dirs[] = { a.s, b.s };
	struct notify notify;
	struct stat st;

	(void)state;
	make_dir("a");
	notify_init(&notify, dirs, 2);
	assert_int_equal(notify_arm(&notify, NULL), 0);
	assert_true(notify.dirs[0].wd >= 0);
	assert_true(notify.dirs[1].wd < 0);
	assert_int_equal(notify.dirs[0].parent_wd, notify.dirs[1].parent_wd);

	put("a/x.yaml", "1\n");
	put("other", "1\n");
	notify_read(&notify);
	assert_true(notify.dirs[0].touched);
	assert_false(notify.dirs[1].touched);

	notify.dirs[0].touched = false;
	put("other2", "1\n");
	notify_read(&notify);
	assert_false(notify.dirs[0].touched);

	make_dir("b");
	notify_read(&notify);
	assert_false(notify.dirs[0].touched);
	assert_true(notify.dirs[1].touched);
	assert_false(notify.dirs[0].gone || notify.dirs[1].gone);
	assert_int_equal(notify_arm(&notify, NULL), 0);
	assert_true(notify.dirs[1].wd >= 0);

	assert_int_equal(stat(b.s, &st), 0);
	assert_false(notify_drop_other(&notify, 1, st.st_dev, st.st_ino));
	assert_true(notify_drop_other(&notify, 1, st.st_dev, st.st_ino + 1));
	assert_true(notify.dirs[1].wd < 0);
	/* The parent's watch was everybody's: all look again. */
	assert_true(notify.dirs[0].touched && notify.dirs[0].parent_wd < 0);
	assert_true(notify.dirs[0].wd >= 0);
	notify_clear(&notify);
}

/* A directory that goes takes its watch with it, even if the next one has its inode number. */
static void test_gone(void **state)
{
	struct text a = at("a"), b = at("b");
	const char *dirs[] = { a.s, b.s };
	struct notify notify;

	(void)state;
	make_dir("a");
	make_dir("b");
	notify_init(&notify, dirs, 2);
	assert_int_equal(notify_arm(&notify, NULL), 0);
	assert_int_equal(rmdir(a.s), 0);
	move("b", "c");
	notify_read(&notify);
	for (int i = 0; i < 2; i++) {
		assert_true(notify.dirs[i].touched);
		assert_true(notify.dirs[i].gone);
		assert_int_equal(notify.dirs[i].wd, -1);
		assert_true(notify.dirs[i].parent_wd >= 0);
	}
	notify_clear(&notify);
}

static bool writes(const struct notify *notify, const char *name)
{
	for (size_t i = 0; i < notify->dirs[0].writing.len; i++)
		if (strcmp(notify->dirs[0].writing.items[i], name) == 0)
			return true;
	return false;
}

/* A descriptor that somebody has written to. */
static int begin_writing(const char *name)
{
	int fd = open(at(name).s, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, "half", 4), 4);
	return fd;
}

static void open_notify(struct notify *notify)
{
	struct text a = at("a");
	const char *dirs[] = { a.s };

	make_dir("a");
	put("a/z", "");
	notify_init(notify, dirs, 1);
	assert_int_equal(notify_arm(notify, NULL), 0);
}

/* From the first byte until the file is closed, exchanged or gone. */
static void test_writing(void **state)
{
	struct notify notify;
	int x, y, z;

	(void)state;
	open_notify(&notify);
	z = open(at("a/z").s, O_WRONLY | O_CLOEXEC);
	x = begin_writing("a/x");
	y = begin_writing("a/y");
	notify_read(&notify);
	assert_true(writes(&notify, "x") && writes(&notify, "y") && !writes(&notify, "z"));
	assert_int_equal(write(x, "more", 4), 4);
	notify_read(&notify);
	assert_int_equal(notify.dirs[0].writing.len, 2);
	close(x);
	close(z);
	notify_read(&notify);
	assert_true(!writes(&notify, "x") && writes(&notify, "y"));
	put("new", "1\n");
	move("new", "a/y");
	notify_read(&notify);
	assert_false(writes(&notify, "y"));
	close(y);
	y = begin_writing("a/y");
	notify_read(&notify);
	assert_true(writes(&notify, "y"));
	drop_file("a/y");
	notify_read(&notify);
	assert_int_equal(notify.dirs[0].writing.len, 0);
	close(y);
	notify_clear(&notify);
}

/* What is not known any more is not held against a file for ever. */
static void test_writing_is_forgotten(void **state)
{
	struct notify notify;
	struct stat st;
	int fd;

	(void)state;
	open_notify(&notify);
	fd = begin_writing("a/x");
	notify_read(&notify);
	assert_true(writes(&notify, "x"));
	assert_int_equal(stat(at("a").s, &st), 0);
	assert_true(notify_drop_other(&notify, 0, st.st_dev, st.st_ino + 1));
	assert_false(writes(&notify, "x"));
	close(fd);

	assert_int_equal(notify_arm(&notify, NULL), 0);
	fd = begin_writing("a/x");
	notify_read(&notify);
	assert_true(writes(&notify, "x"));
	notify_disarm(&notify);
	assert_false(writes(&notify, "x"));
	close(fd);
	notify_clear(&notify);
}

/* An event that is cut, or whose name has no end, is not read beyond: all is looked at again. */
static void test_damaged_events(void **state)
{
	static const struct {
		size_t len; /* of all bytes */
		uint32_t name_len;
		const char *name;
		bool lost;
	} events[] = {
		{ 16, 0, "", false },
		{ 32, 16, "x", false },
		{ 15, 0, "", true },
		{ 1, 0, "", true },
		{ 31, 16, "x", true },
		{ 32, 32, "x", true },
		{ 32, UINT32_MAX, "x", true },
		{ 32, UINT32_MAX - 15, "x", true },
		{ 32, 16, "0123456789abcdef", true },
		{ 32, 15, "x", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		const char *dirs[] = { "/nowhere/a" };
		_Alignas(struct inotify_event) char bytes[64] = { 0 };
		struct inotify_event head = { .wd = 1,
					      .mask = IN_CREATE,
					      .len = events[i].name_len };
		struct notify notify;
		int ends[2];

		memcpy(bytes, &head, sizeof(head));
		memcpy(bytes + sizeof(head), events[i].name, strlen(events[i].name));
		notify_init(&notify, dirs, 1);
		assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
		assert_int_equal(write(ends[1], bytes, events[i].len), events[i].len);
		notify.fd = ends[0];
		notify.dirs[0].wd = 1;
		notify_read(&notify);
		assert_int_equal(notify.overflow, events[i].lost);
		assert_int_equal(notify.dirs[0].touched, !events[i].lost);
		assert_int_equal(notify.dirs[0].whole, events[i].lost || events[i].len == 16);
		close(ends[1]);
		notify_clear(&notify);
	}
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

/* The event that is lost may be the one that says "closed". */
static void test_writing_and_overflow(void **state)
{
	long n = max_queued();
	struct notify notify;
	int fd;

	(void)state;
	if (n > 200000)
		skip();
	open_notify(&notify);
	put("a/y", "");
	fd = begin_writing("a/x");
	notify_read(&notify);
	assert_true(writes(&notify, "x"));
	for (long i = 0; i <= n; i++)
		assert_int_equal(chmod(at(i % 2 ? "a/y" : "a/z").s, 0600), 0);
	close(fd);
	notify.dirs[0].whole = false;
	while (!notify.overflow)
		notify_read(&notify);
	assert_false(writes(&notify, "x"));
	assert_true(notify.dirs[0].whole); /* names were lost, too */
	notify_clear(&notify);
}

static void test_elsewhere(void **state)
{
	struct notify notify;

	(void)state;
	open_notify(&notify);
	assert_false(notify_is_elsewhere(&notify, 0));
	move("a", "b");
	assert_true(notify_is_elsewhere(&notify, 0));
	make_dir("a");
	assert_true(notify_is_elsewhere(&notify, 0));
	/* Without a watch there is nothing to compare with. */
	notify_disarm(&notify);
	assert_false(notify_is_elsewhere(&notify, 0));
	notify_clear(&notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test_setup_teardown(test_touched, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_gone, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_writing, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_writing_is_forgotten, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_writing_and_overflow, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_elsewhere, setup_top, teardown_top),
		cmocka_unit_test(test_damaged_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
