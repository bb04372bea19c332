// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <ezlb/config.h>
#include <ezlb/store.h>

#define WEB "/etc/ezlb/services.d/web.yaml"
#define API "/etc/ezlb/services.d/api.yaml"

static struct ezlb_lastgood store;
static bool disk_full;

/* In place of the C library's. */
ssize_t write(int fd, const void *bytes, size_t n)
{
	if (disk_full && fd > STDERR_FILENO) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_write, fd, bytes, n);
}

static int setup(void **state)
{
	int rc = setup_top(state);

	ezlb_lastgood_open(&store, at("state").s, true);
	return rc < 0 ? rc : mkdir(at("state").s, 0755);
}

static int teardown(void **state)
{
	ezlb_lastgood_close(&store);
	return teardown_top(state);
}

struct place {
	char s[300];
};

/* Where the version of a path lies. */
static struct place place_of(const char *path)
{
	struct place name;

	snprintf(name.s, sizeof(name.s), "state/lastgood/%016llx-%.238s",
		 (unsigned long long)ezlb_hash(path, strlen(path)), strrchr(path, '/') + 1);
	return name;
}

/* NULL: there must be none. Returns what was logged; the caller frees. */
static char *assert_reads(const char *path, const char *want)
{
	struct capture capture = capture_begin(STDERR_FILENO);
	size_t len = 0;
	char *got = ezlb_lastgood_read(&store, path, &len), *log = capture_end(capture);

	if (want) {
		assert_non_null(got);
		assert_int_equal(len, strlen(want));
		assert_string_equal(got, want);
		assert_string_equal(log, "");
	} else {
		assert_null(got);
	}
	free(got);
	return log;
}

/* Returns what was logged; the caller frees. */
static char *assert_writes(const char *path, const char *bytes, bool want)
{
	struct capture capture = capture_begin(STDERR_FILENO);
	bool ok = ezlb_lastgood_write(&store, path, bytes, strlen(bytes));
	char *log = capture_end(capture);

	assert_int_equal(ok, want);
	if (ok)
		assert_string_equal(log, "");
	return log;
}

static void prune(const char *const *paths, size_t n)
{
	ezlb_lastgood_prune(&store, paths, n);
}

static void test_absent(void **state)
{
	(void)state;
	free(assert_reads(WEB, NULL));
	prune(NULL, 0);
	ezlb_lastgood_forget(&store, WEB);
	assert_int_equal(access(at("state/lastgood").s, F_OK), -1);
	assert_false(store.warned);
}

static void test_round_trip(void **state)
{
	char name[300] = "/d/";
	const char *const paths[] = {
		WEB,  "/etc/ezlb/other.d/web.yaml", "/d/a b\t\"c\".yaml", "/d/\xc3\xa4\xff.yaml",
		name,
	};

	(void)state;
	memset(name + 3, 'x', 255);
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		free(assert_writes(paths[i], paths[i] + i, true));
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		free(assert_reads(paths[i], paths[i] + i));
		assert_int_equal(access(at(place_of(paths[i]).s).s, F_OK), 0);
	}
	free(assert_writes(WEB, "", true));
	free(assert_reads(WEB, ""));
	prune(paths, COUNT_OF(paths));
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

/* The line could not be told from the bytes. */
static void test_newline_in_the_path(void **state)
{
	(void)state;
	free(assert_writes("/d/a\nb.yaml", "x", true));
	free(assert_reads("/d/a\nb.yaml", NULL));
	ezlb_lastgood_forget(&store, "/d/a\nb.yaml");
	assert_int_equal(access(at("state/lastgood").s, F_OK), -1);
}

static void test_modes(void **state)
{
	mode_t was = umask(022);
	struct stat st;

	(void)state;
	free(assert_writes(WEB, "x", true));
	free(assert_writes(API, "x", true));
	umask(was);
	assert_int_equal(stat(at("state/lastgood").s, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(stat(at(place_of(WEB).s).s, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(stat(at(place_of(API).s).s, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

/* Readers see the old version or the new one, because the new one is another file. */
static void test_replaces_in_one_step(void **state)
{
	struct stat before, after;

	(void)state;
	free(assert_writes(WEB, "old", true));
	assert_int_equal(stat(at(place_of(WEB).s).s, &before), 0);
	put("state/lastgood/new", "what a kill in the middle of a write leaves behind");
	free(assert_reads(WEB, "old"));
	free(assert_writes(WEB, "n", true));
	assert_int_equal(stat(at(place_of(WEB).s).s, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	free(assert_reads(WEB, "n"));
	assert_int_equal(access(at("state/lastgood/new").s, F_OK), -1);
}

static void test_prune(void **state)
{
	const char *const all[] = { API, WEB }, *const one[] = { API };

	(void)state;
	free(assert_writes(WEB, "web", true));
	free(assert_writes(API, "api", true));
	put("state/lastgood/new", "left");
	put("state/lastgood/README", "not ours");
	put("state/lastgood/0123456789abcdef", "not ours");
	put("state/lastgood/0123456789abcdef0-x", "not ours");
	prune(all, 2);
	free(assert_reads(WEB, "web"));
	assert_int_equal(access(at("state/lastgood/new").s, F_OK), -1);
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
	assert_int_equal(access(at("state/lastgood/README").s, F_OK), 0);
	assert_int_equal(access(at("state/lastgood/0123456789abcdef").s, F_OK), 0);
	assert_int_equal(access(at("state/lastgood/0123456789abcdef0-x").s, F_OK), 0);
	assert_false(store.warned);
}

static void test_only_reads(void **state)
{
	(void)state;
	free(assert_writes(WEB, "web", true));
	put("state/lastgood/new", "left");
	store.writes = false;
	free(assert_writes(WEB, "other", true));
	free(assert_writes(API, "api", true));
	prune(NULL, 0);
	ezlb_lastgood_forget(&store, WEB);
	free(assert_reads(WEB, "web"));
	free(assert_reads(API, NULL));
	assert_int_equal(access(at("state/lastgood/new").s, F_OK), 0);
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

static void assert_damaged(const char *bytes, size_t len)
{
	char *log;

	put_bytes(place_of(WEB).s, bytes, len);
	log = assert_reads(WEB, NULL);
	assert_has(log,
		   "level=warn pkg=config msg=\"the saved last good version of a file is damaged: "
		   "ignored\" file=" WEB " stored=");
	free(log);
}

static void test_damaged(void **state)
{
	EZLB_AUTO_FREE char *good = NULL;
	size_t len;

	(void)state;
	free(assert_writes(WEB, "listen: 10.0.0.1:80\nbackends:\n- address: 10.1.0.1:80\n", true));
	good = slurp(place_of(WEB).s);
	len = strlen(good);
	for (size_t n = 0; n < len; n++)
		assert_damaged(good, n);
	for (size_t i = 0; i < len; i++) {
		good[i] ^= 1;
		assert_damaged(good, len);
		good[i] = '\0'; /* what a power cut leaves on some file systems */
		assert_damaged(good, len);
		free(good);
		free(assert_writes(WEB, "listen: 10.0.0.1:80\nbackends:\n- address: 10.1.0.1:80\n",
				   true));
		good = slurp(place_of(WEB).s);
	}
	free(assert_writes(WEB, "sound again", true));
	free(assert_reads(WEB, "sound again"));
}

/* As if the hashes of two paths were the same. */
static void test_of_another_path(void **state)
{
	EZLB_AUTO_FREE char *other = NULL;

	(void)state;
	free(assert_writes(API, "api", true));
	other = slurp(place_of(API).s);
	assert_damaged(other, strlen(other));
}

static void test_not_a_file(void **state)
{
	struct text place = at("");

	(void)state;
	free(assert_writes(WEB, "web", true));
	place = at(place_of(WEB).s);
	assert_int_equal(rename(place.s, at("elsewhere").s), 0);

	assert_int_equal(symlink(at("elsewhere").s, place.s), 0);
	free(assert_reads(WEB, NULL));
	free(assert_writes(WEB, "web", true));
	free(assert_reads(WEB, "web"));
	assert_int_equal(access(at("elsewhere").s, F_OK), 0);

	assert_int_equal(unlink(place.s), 0);
	assert_int_equal(mkfifo(place.s, 0600), 0);
	free(assert_reads(WEB, NULL));
	free(assert_writes(WEB, "web", true));
	free(assert_reads(WEB, "web"));

	assert_int_equal(unlink(place.s), 0);
	assert_int_equal(mkdir(place.s, 0755), 0);
	free(assert_reads(WEB, NULL));
}

/* A link that somebody has put where the new version is written first is not followed. */
static void test_a_link_in_the_way(void **state)
{
	EZLB_AUTO_FREE char *target = NULL;

	(void)state;
	free(assert_writes(WEB, "old", true));
	put("target", "precious");
	assert_int_equal(symlink(at("target").s, at("state/lastgood/new").s), 0);
	free(assert_writes(WEB, "web", true));
	free(assert_reads(WEB, "web"));
	target = slurp("target");
	assert_string_equal(target, "precious");
}

/* Told once, until it succeeds again; then the next failure is told. */
static void assert_fails_once(const char *reason)
{
	char *log = assert_writes(WEB, "new", false);

	assert_has(log, "level=warn pkg=config msg=\"cannot store the last good version of a file: "
			"if the file is broken when ezlb restarts, its service gets an older "
			"version or is lost\" file=" WEB " reason=");
	assert_has(log, reason);
	free(log);
}

static void test_full_disk(void **state)
{
	char *log;

	(void)state;
	free(assert_writes(WEB, "old", true));
	for (int i = 0; i < 3; i++) {
		disk_full = true;
		if (i == 1) {
			log = assert_writes(WEB, "new", false);
			assert_string_equal(log, "");
			free(log);
		} else {
			assert_fails_once("reason=\"No space left on device\"\n");
		}
		disk_full = false;
		free(assert_reads(WEB, "old"));
		/* What is left of the disk is given back. */
		assert_int_equal(access(at("state/lastgood/new").s, F_OK), -1);
		if (i == 1)
			free(assert_writes(WEB, "old", true));
	}
	free(assert_writes(WEB, "new", true));
	free(assert_reads(WEB, "new"));
}

/* Fails in the middle of the bytes, not with the first. */
static void test_quota(void **state)
{
	struct rlimit small = { 64, RLIM_INFINITY }, was;
	EZLB_AUTO_FREE char *log = NULL;
	struct capture capture;
	bool ok;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	free(assert_writes(WEB, "old", true));
	getrlimit(RLIMIT_FSIZE, &was);
	small.rlim_max = was.rlim_max;
	capture = capture_begin(STDERR_FILENO);
	setrlimit(RLIMIT_FSIZE, &small);
	ok = ezlb_lastgood_write(&store, WEB, "0123456789012345678901234567890123456789", 40);
	setrlimit(RLIMIT_FSIZE, &was);
	log = capture_end(capture);
	assert_false(ok);
	free(assert_reads(WEB, "old"));
	assert_int_equal(access(at("state/lastgood/new").s, F_OK), -1);
}

static void test_in_the_way(void **state)
{
	const char *const only_web[] = { WEB };

	(void)state;
	put("state/lastgood", "a file");
	ezlb_lastgood_forget(&store, WEB); /* there is none: no failure */
	assert_false(store.warned);
	assert_fails_once("reason=\"Not a directory\"\n");
	free(assert_reads(WEB, NULL));
	prune(NULL, 0);
	ezlb_lastgood_forget(&store, WEB);
	assert_int_equal(unlink(at("state/lastgood").s), 0);
	free(assert_writes(WEB, "web", true));

	make_dir("state/lastgood/new");
	assert_fails_once("reason=\"Is a directory\"\n");
	assert_int_equal(rmdir(at("state/lastgood/new").s), 0);
	free(assert_writes(WEB, "web", true));

	assert_int_equal(mkfifo(at("state/lastgood/new").s, 0600), 0);
	prune(only_web, 1);
	assert_int_equal(mkfifo(at("state/lastgood/new").s, 0600), 0);
	free(assert_writes(WEB, "web", true));
	free(assert_reads(WEB, "web"));

	make_dir(place_of(API).s);
	free(assert_writes(API, "api", false));
	assert_int_equal(access(at("state/lastgood/new").s, F_OK), -1);
	free(assert_reads(WEB, "web"));
}

/* A kernel would say that of a disk that is mounted read-only. */
static void test_cannot_forget(void **state)
{
	struct capture capture;
	char *log;

	(void)state;
	free(assert_writes(API, "api", true));
	make_dir(place_of(WEB).s);
	for (int i = 0; i < 4; i++) {
		capture = capture_begin(STDERR_FILENO);
		if (i % 2)
			prune(NULL, 0);
		else
			ezlb_lastgood_forget(&store, WEB);
		log = capture_end(capture);
		if (i == 0)
			assert_has(log, "level=warn pkg=config msg=\"cannot remove the last good "
					"version of a removed file: ");
		else
			assert_string_equal(log, "");
		free(log);
	}
	free(assert_reads(API, NULL)); /* the others are forgotten all the same */
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_absent),	   IN_TOP(test_round_trip),
		IN_TOP(test_bytes),	   IN_TOP(test_newline_in_the_path),
		IN_TOP(test_modes),	   IN_TOP(test_replaces_in_one_step),
		IN_TOP(test_prune),	   IN_TOP(test_only_reads),
		IN_TOP(test_none_is_kept), IN_TOP(test_state_dir_is_missing),
		IN_TOP(test_damaged),	   IN_TOP(test_of_another_path),
		IN_TOP(test_not_a_file),   IN_TOP(test_a_link_in_the_way),
		IN_TOP(test_full_disk),	   IN_TOP(test_quota),
		IN_TOP(test_in_the_way),   IN_TOP(test_cannot_forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
