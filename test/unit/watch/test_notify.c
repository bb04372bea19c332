// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

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
		assert_int_equal(notify.dirs[i].wd, -1);
		assert_true(notify.dirs[i].parent_wd >= 0);
	}
	notify_clear(&notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test_setup_teardown(test_touched, setup_top, teardown_top),
		cmocka_unit_test_setup_teardown(test_gone, setup_top, teardown_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
