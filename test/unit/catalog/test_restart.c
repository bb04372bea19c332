// SPDX-License-Identifier: GPL-2.0-or-later
/* What a catalog makes of the last good versions that another process has left. */
#include "letters.h"

#include <dirent.h>
#include <sys/syscall.h>

static bool disk_full;

/* In place of the C library's. */
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at_byte)
{
	if (!disk_full)
		return syscall(SYS_pwrite64, fd, bytes, n, at_byte);
	errno = ENOSPC;
	return -1;
}

static const struct scenario scenarios[] = {
	{ "beside a broken file",
	  { { "gg", "a:80 b:80", "", "", 0 },
	    { "!bg", "a:80 b:80", "a13", "a13*", 0 },
	    { "!dg", "a:80 b:80", "a10", "a10*", 0 },
	    { "hg", "a:81 b:80", "", "a=", 0 },
	    { "bg", "a:81 b:80", "a13", "a13+", 0 },
	    { "!bg", "a:81 b:80", "a13", "a13*", 0 } } },
	{ "beside an unreadable file",
	  { { "h-", "a:81", "", "", 0 },
	    { "!u-", "a:81", "a1", "a1*", 0 },
	    { "h-", "a:81", "", "a=", 0 },
	    { "v-", "a:81", "a1", "a1+", 0 } } },
	{ "beside a file that was broken from the start",
	  { { "b-", "", "a13", "a13-", 1 }, { "!b-", "", "a13", "a13-", 1 } } },
	{ "beside files that have not changed",
	  { { "gh", "a:80 b:81", "", "", 0 },
	    { "!gh", "a:80 b:81", "", "", 0 },
	    { "bh", "a:80 b:81", "a13", "a13+", 0 } } },
	{ "beside files that were edited",
	  { { "gh", "a:80 b:81", "", "", 0 },
	    { "!hg", "a:81 b:80", "", "", 0 },
	    { "!bb", "a:81 b:80", "a13 b13", "a13* b13*", 0 } } },
	{ "beside a file that is shorter now",
	  { { "s-", "a:80", "", "", 0 },
	    { "!g-", "a:80", "", "", 0 },
	    { "!b-", "a:80", "a13", "a13*", 0 } } },
	{ "the listener stays with its holder, which sorts last",
	  { { "-c", "b:9", "", "", 0 },
	    { "!cc", "b:9", "a31", "a31-", 1 },
	    { "!cc", "b:9", "a31", "a31-", 1 },
	    { "c-", "a:9", "", "b! a=", 0 },
	    { "!cc", "a:9", "b31", "b31-", 1 } } },
	{ "the name stays with its holder",
	  { { "gn", "a:80 same:80", "", "", 0 },
	    { "!nn", "a:80 same:80", "a30", "a30*", 0 },
	    { "!nn", "a:80 same:80", "a30", "a30*", 0 } } },
	{ "the SNAT of a backend stays with its holder",
	  { { "-s", "b:80", "", "", 0 }, { "!ss", "b:80", "a32", "a32-", 1 } } },
	{ "a holder whose file is broken still holds",
	  { { "-c", "b:9", "", "", 0 },
	    { "!cb", "b:9", "a31 b13", "a31- b13*", 1 },
	    { "cg", "b:80 a:9", "", "a= b=", 0 },
	    { "!cb", "b:80 a:9", "b13", "b13*", 0 } } },
	{ "gone in between, and a broken one put there later",
	  { { "gg", "a:80 b:80", "", "", 0 },
	    { "!-g", "b:80", "", "", 0 },
	    { "bg", "b:80", "a13", "a13-", 1 },
	    { "!bg", "b:80", "a13", "a13-", 1 } } },
	{ "gone before, and a broken one put there meanwhile",
	  { { "gg", "a:80 b:80", "", "", 0 },
	    { "-g", "b:80", "", "a!", 0 },
	    { "!bg", "b:80", "a13", "a13-", 1 } } },
};

static void test_restarts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
		struct ezlb_lastgood store;
		struct ezlb_catalog catalog;

		print_message("%s\n", scenarios[i].name);
		start(&catalog, &store);
		for (size_t k = 0; k < STEPS && scenarios[i].steps[k].files; k++)
			run_step(&catalog, &scenarios[i].steps[k]);
		free(look(&catalog, "--")); /* forgets them all, for the next scenario */
		stop(&catalog);
	}
}

/* Everything in the state directory, with what a write would change. */
static struct text inventory(void)
{
	struct text out = { "" };
	size_t len = 0;
	DIR *dir = opendir(at("").s);
	struct dirent *entry;
	struct stat st;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, "..") == 0)
			continue;
		assert_int_equal(fstatat(dirfd(dir), entry->d_name, &st, 0), 0);
		len += (size_t)snprintf(out.s + len, sizeof(out.s) - len, "%s %llu %ld.%09ld\n",
					entry->d_name, (unsigned long long)st.st_ino,
					(long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	}
	closedir(dir);
	return out;
}

/* One process: takes the files in once, and ends. Returns what it logged; the caller frees. */
static char *process(const char *files, struct text *in_force_then)
{
	struct capture capture = capture_begin(STDERR_FILENO);
	EZLB_AUTO_FREE char *opening = NULL, *looking = NULL;
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;
	char *log;

	start(&catalog, &store);
	opening = capture_end(capture);
	looking = look(&catalog, files);
	log = ezlb_asprintf("%s%s", opening, looking);
	*in_force_then = in_force(&catalog);
	stop(&catalog);
	return log;
}

static void run_process(const char *files, const char *want)
{
	struct text got;

	free(process(files, &got));
	assert_string_equal(got.s, want);
}

static void test_writes_only_what_is_new(void **state)
{
	struct ezlb_lastgood store;
	struct text before, after;
	struct ezlb_catalog catalog;

	(void)state;
	run_process("gg", "a:80 b:80");
	before = inventory();
	start(&catalog, &store);
	free(look(&catalog, "gg"));
	free(look(&catalog, "bg"));
	free(look(&catalog, "ug"));
	free(look(&catalog, "gg"));
	stop(&catalog);
	after = inventory();
	assert_string_equal(before.s, after.s);
	run_process("hg", "a:81 b:80");
	after = inventory();
	assert_string_not_equal(before.s, after.s);
}

/* `plan` says what `once` would do, and changes nothing. */
static void test_only_reads(void **state)
{
	struct ezlb_lastgood store;
	struct text before, after;
	struct ezlb_catalog catalog;

	(void)state;
	run_process("gh", "a:80 b:81");
	before = inventory();
	ezlb_lastgood_open(&store, top, false);
	catalog = (struct ezlb_catalog){ .lastgood = &store };
	free(look(&catalog, "b-"));
	assert_string_equal(in_force(&catalog).s, "a:80");
	free(look(&catalog, "h-"));
	stop(&catalog);
	after = inventory();
	assert_string_equal(before.s, after.s);
	run_process("bb", "a:80 b:81");
}

static void test_full_disk(void **state)
{
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;
	char *log;

	(void)state;
	run_process("g-", "a:80");
	start(&catalog, &store);
	disk_full = true;
	log = look(&catalog, "hh");
	assert_string_equal(in_force(&catalog).s, "a:81 b:81");
	assert_int_equal(count(log, "cannot store the last good version"), 1);
	free(log);
	log = look(&catalog, "hh"); /* tries again, and is silent */
	assert_string_equal(log, "");
	free(log);
	run_process("bb", "a:80"); /* the older version is better than none */
	disk_full = false;
	log = look(&catalog, "hh");
	assert_string_equal(log, "");
	free(log);
	stop(&catalog);
	run_process("bb", "a:81 b:81");
}

static void store_again(struct ezlb_catalog *catalog, const char *files, bool all)
{
	struct ezlb_snapshot snapshot = { 0 };

	add_file(&snapshot, 1, files[0]);
	add_file(&snapshot, 2, files[1]);
	ezlb_catalog_store(catalog, &snapshot, all);
	ezlb_snapshot_clear(&snapshot);
}

/* No file changes meanwhile. */
static void test_stores_again(void **state)
{
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;

	(void)state;
	start(&catalog, &store);
	disk_full = true;
	free(look(&catalog, "gg"));
	assert_true(catalog.unsaved);
	disk_full = false;
	store_again(&catalog, "gg", false);
	assert_false(catalog.unsaved);
	run_process("bb", "a:80 b:80");
	unlink(at("versions").s);
	store_again(&catalog, "gg", false);
	run_process("bb", "");
	assert_true(ezlb_lastgood_keep(&store));
	store_again(&catalog, "gg", true);
	run_process("bb", "a:80 b:80");
	free(look(&catalog, "gb"));
	unlink(at("versions").s);
	assert_true(ezlb_lastgood_keep(&store));
	store_again(&catalog, "gb", true); /* the bytes of b's last good version are lost */
	stop(&catalog);
	run_process("bb", "a:80");
}

static void test_damaged(void **state)
{
	EZLB_AUTO_FREE char *stored = NULL;
	struct text got;
	char *log;

	(void)state;
	run_process("gg", "a:80 b:80");
	stored = slurp("versions");
	*strstr(stored, "listen") = 'L';
	put("versions", stored);
	log = process("bg", &got);
	assert_string_equal(got.s, "b:80");
	assert_int_equal(count(log, "is damaged: ignored\" stored="), 1);
	assert_has(log, " file=/d/a.yaml\n");
	free(log);
	run_process("gg", "a:80 b:80"); /* and it is replaced */
	run_process("bg", "a:80 b:80");
}

/* By another version of ezlb: this one finds it wrong, and says so once. */
static void test_unsound(void **state)
{
	static const char old[] =
		"listen: 10.0.0.1:80\nfuture: 1\nbackends:\n- address: 10.1.0.1:80\n";
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;
	char *log;

	(void)state;
	run_process("gg", "a:80 b:80");
	start(&catalog, &store);
	assert_true(ezlb_lastgood_write(&store, "/d/a.yaml", old, strlen(old)));
	log = look(&catalog, "bg");
	assert_has(log,
		   "level=warn pkg=config msg=\"the saved last good version of a file is not valid "
		   "for this version of ezlb: ignored\" file=/d/a.yaml "
		   "reason=\"unknown key 'future'\"\n");
	assert_has(log, "effect=\"the file is not applied\"");
	assert_string_equal(in_force(&catalog).s, "b:80");
	assert_int_equal(catalog.n_without, 1);
	free(log);
	log = look(&catalog, "bg");
	assert_string_equal(log, "");
	free(log);
	free(look(&catalog, "gg"));
	stop(&catalog);
	run_process("bg", "a:80 b:80");
}

static char *look_frozen(struct ezlb_catalog *catalog, const char *files)
{
	struct ezlb_snapshot snapshot = { 0 };
	struct ezlb_dir *dir = EZLB_PUSH(&snapshot.dirs);

	dir->path = ezlb_strdup("/e");
	dir->problem = ezlb_strdup("Stale file handle");
	dir->frozen = true;
	add_file(&snapshot, 1, files[0]);
	add_file(&snapshot, 2, files[1]);
	return update(catalog, &snapshot);
}

/* What is not seen at the start is not gone; what was seen and is not there any more is. */
static void test_frozen(void **state)
{
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;

	(void)state;
	run_process("gg", "a:80 b:80");
	start(&catalog, &store);
	free(look_frozen(&catalog, "-g"));
	free(look_frozen(&catalog, "--"));
	free(look_frozen(&catalog, "bb"));
	assert_string_equal(in_force(&catalog).s, "a:80");
	stop(&catalog);
	run_process("bb", "a:80");
}

/* A file that has gone while its directory was frozen is forgotten when that can be read again. */
static void test_gone_while_frozen(void **state)
{
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;

	(void)state;
	run_process("-g", "b:80");
	start(&catalog, &store);
	free(look_frozen(&catalog, "--"));
	free(look(&catalog, "g-")); /* a new file, which makes no merge necessary */
	assert_string_equal(in_force(&catalog).s, "a:80");
	stop(&catalog);
	run_process("gb", "a:80");
}

/* A broken file that appears later gets its version from before the start, and is in force. */
static void test_broken_after_frozen(void **state)
{
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;

	(void)state;
	run_process("gg", "a:80 b:80");
	start(&catalog, &store);
	free(look_frozen(&catalog, "g-"));
	free(look_frozen(&catalog, "gb"));
	assert_string_equal(in_force(&catalog).s, "a:80 b:80");
	stop(&catalog);
}

/* The files of the directory /e are there, and those of /d are not. */
static char *look_other(struct ezlb_catalog *catalog)
{
	static const char *const dirs[] = { "/d", "/e" };
	struct ezlb_snapshot snapshot = { 0 };
	struct capture capture = capture_begin(STDERR_FILENO);

	for (size_t i = 0; i < COUNT_OF(dirs); i++)
		EZLB_PUSH(&snapshot.dirs)->path = ezlb_strdup(dirs[i]);
	add_file(&snapshot, 2, 'g');
	snapshot.files.items[0].path[1] = 'e';
	ezlb_catalog_hold(catalog, &snapshot);
	ezlb_catalog_update(catalog, &snapshot);
	ezlb_snapshot_clear(&snapshot);
	return capture_end(capture);
}

/* One directory of two is not mounted yet: the other one is applied, and nothing is forgotten. */
static void test_one_of_two_directories_is_empty(void **state)
{
	struct ezlb_lastgood store;
	struct ezlb_catalog catalog;
	char *log;

	(void)state;
	run_process("gg", "a:80 b:80");
	start(&catalog, &store);
	log = look_other(&catalog);
	assert_int_equal(count(log, "the directory is empty, but it had service files"), 1);
	assert_has(log, " dir=/d\n");
	free(log);
	assert_string_equal(in_force(&catalog).s, "b:80");
	assert_int_equal(catalog.held, 1);
	assert_int_equal(catalog.n_without, 1);
	stop(&catalog);
	run_process("bb", "a:80 b:80");
	start(&catalog, &store);
	free(look_other(&catalog));
	ezlb_catalog_release(&catalog);
	assert_int_equal(catalog.n_without, 0);
	log = look_other(&catalog); /* nothing is stored any more, so there is nothing to hold */
	assert_string_equal(log, "");
	free(log);
	stop(&catalog);
	run_process("bb", "");
}

static void test_log_lines(void **state)
{
	struct text got;
	char *log;

	(void)state;
	run_process("g-", "a:80");
	log = process("b-", &got);
	assert_has(log, "level=error pkg=config msg=\"/d/a.yaml:1:12: error[E013]: ");
	assert_has(log, " svc=a effect=\"its last good version stays, from before the restart\"\n");
	free(log);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_restarts),
		IN_TOP(test_writes_only_what_is_new),
		IN_TOP(test_only_reads),
		IN_TOP(test_full_disk),
		IN_TOP(test_damaged),
		IN_TOP(test_unsound),
		IN_TOP(test_frozen),
		IN_TOP(test_one_of_two_directories_is_empty),
		IN_TOP(test_log_lines),
		IN_TOP(test_stores_again),
		IN_TOP(test_gone_while_frozen),
		IN_TOP(test_broken_after_frozen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
