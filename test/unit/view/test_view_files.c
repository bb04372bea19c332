// SPDX-License-Identifier: GPL-2.0-or-later
#include "view_words.h"

static void test_files_come_and_go(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	rig_events(&rig);
	rig_file(&rig, "/d/api.yaml", "name: shop\n" PLAIN("2"));
	rig_file(&rig, "/d/unread.yaml", NULL);
	rig_web(&rig, PLAIN("1"));
	assert_has(rig_events(&rig), "+FileAccepted shop /d/api.yaml\n");
	assert_has(rig_text, "-FileRefused unread /d/unread.yaml | error[E001]: "
			     "Permission denied\n");
	assert_null(strstr(rig_text, "web"));
	assert_has(rig_text, "+Reloaded | 3 files, 1 refused\n");
	assert_string_equal(rig.view.services.items[0].path, "/d/api.yaml");
	assert_string_equal(rig.view.services.items[2].path, "/d/web.yaml");
	rig_web(&rig, "colour: red\nsize: 3\n" PLAIN("1"));
	assert_has(rig_events(&rig), "+FileGone shop /d/api.yaml\n+FileGone unread "
				     "/d/unread.yaml\n");
	assert_has(rig_text, "-FileRefused web /d/web.yaml | 1:1: error[E010]: ");
	assert_has(rig_text, " (and 1 more)\n");
	assert_has(rig_text, "-ConditionChanged web Accepted | False, LastGoodKept: ");
	rig_web(&rig, "colour: red\n" PLAIN("1")); /* less is wrong now */
	assert_has(rig_events(&rig), "-FileRefused web /d/web.yaml | ");
	assert_null(strstr(rig_text, "ConditionChanged"));
	rig_close(&rig);
}

static void test_directories(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_dir(&rig, "/d", NULL);
	rig_dir(&rig, "/e", "No such file or directory");
	rig_web(&rig, PLAIN("1"));
	assert_has(rig_events(&rig), "-DirectoryFrozen /e | No such file or directory\n");
	assert_int_equal(rig.view.dirs.len, 2);
	assert_null(rig.view.dirs.items[0].problem);
	assert_string_equal(rig.view.dirs.items[1].problem, "No such file or directory");
	assert_false(rig.view.reload_ok);
	rig_dir(&rig, "/d", NULL);
	rig_dir(&rig, "/e", "Permission denied");
	rig_web(&rig, PLAIN("1"));
	assert_events(&rig, "+Reloaded | 1 file, 0 refused\n");
	assert_string_equal(rig.view.dirs.items[1].problem, "Permission denied");
	rig_dir(&rig, "/d", NULL);
	rig_dir(&rig, "/e", NULL);
	rig_web(&rig, PLAIN("1"));
	assert_events(&rig, "+DirectoryBack /e\n+Reloaded | 1 file, 0 refused\n");
	assert_true(rig.view.reload_ok);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_files_come_and_go),
		IN_TOP(test_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
