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
static bool disk_full, read_only, cannot_read;

static size_t room; /* bytes that are written before the disk is full */

/* In place of the C library's. A byte over another one needs no room. */
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	if (read_only) {
		errno = EROFS;
		return -1;
	}
	if (disk_full && n > 1 && room == 0) {
		errno = ENOSPC;
		return -1;
	}
	if (disk_full && n > 1) {
		n = n < room ? n : room;
		room -= n;
	}
	return syscall(SYS_pwrite64, fd, bytes, n, at);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
	if (!cannot_read)
		return syscall(SYS_pread64, fd, bytes, n, at);
	errno = EIO;
	return -1;
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

#define FILE_NAME "state/versions"

/* As another process does after this one was killed. */
static void open_again(void)
{
	ezlb_lastgood_close(&store);
	ezlb_lastgood_open(&store, at("state").s, true);
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

static void open_again_quietly(void)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	open_again();
	free(capture_end(capture));
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
	assert_int_equal(access(at(FILE_NAME).s, F_OK), -1);
	assert_false(store.warned);
}

static void test_round_trip(void **state)
{
	char name[300] = "/d/";
	const char *const paths[] = {
		WEB,
		"/etc/ezlb/other.d/web.yaml",
		"/d/a b\t\"c\".yaml",
		"/d/\xc3\xa4\xff.yaml",
		name,
		"/d/a\nb.yaml",
	};

	(void)state;
	memset(name + 3, 'x', 255);
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		free(assert_writes(paths[i], paths[i] + i, true));
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		free(assert_reads(paths[i], paths[i] + i));
	free(assert_writes(WEB, "", true));
	free(assert_reads(WEB, ""));
	open_again();
	prune(paths, COUNT_OF(paths));
	free(assert_reads(WEB, ""));
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

static void test_modes(void **state)
{
	mode_t was = umask(022);
	struct stat st;

	(void)state;
	free(assert_writes(WEB, "x", true));
	free(assert_writes(API, "x", true));
	umask(was);
	assert_int_equal(stat(at(FILE_NAME).s, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
}

static uint64_t file_size(void)
{
	struct stat st = { .st_size = 0 };

	stat(at(FILE_NAME).s, &st);
	return (uint64_t)st.st_size;
}

/* What is stored already is not written again, also by the next process. */
static void test_appends_what_is_new(void **state)
{
	uint64_t size;

	(void)state;
	free(assert_writes(WEB, "old", true));
	size = file_size();
	free(assert_writes(WEB, "old", true));
	open_again();
	free(assert_writes(WEB, "old", true));
	assert_int_equal(file_size(), size);
	free(assert_writes(WEB, "new", true));
	assert_int_equal(file_size(), size + size - strlen("ezlb-versions 1\n"));
	open_again();
	free(assert_reads(WEB, "new"));
}

/* So that what ezlb stores now can be read by every later version. */
static void test_format(void **state)
{
	EZLB_AUTO_FREE char *text = NULL;

	(void)state;
	free(assert_writes("/d/a.yaml", "listen: 1\n", true));
	free(assert_writes("/d/b.yaml", "x", true));
	ezlb_lastgood_forget(&store, "/d/b.yaml");
	text = slurp(FILE_NAME);
	assert_string_equal(text, "ezlb-versions 1\n"
				  "@+ 8cdb0a377768c658 ee15f4c481a15527 0009 0000000a\n"
				  "/d/a.yaml\nlisten: 1\n\n"
				  "@+ f64defc87c5c37bf af63f54c86021707 0009 00000001\n"
				  "/d/b.yaml\nx\n"
				  "@- 713429a479988616 0000000000000000 0009 00000000\n"
				  "/d/b.yaml\n\n");
}

static void test_prune(void **state)
{
	const char *const all[] = { API, WEB }, *const one[] = { API };

	(void)state;
	free(assert_writes(WEB, "web", true));
	free(assert_writes(API, "api", true));
	prune(all, 2);
	free(assert_reads(WEB, "web"));
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
	assert_int_equal(access(at(FILE_NAME).s, F_OK), -1); /* as `cleanup` leaves it */
	assert_false(store.warned);
}

/* The last word of a batch counts, also against what is stored. */
static void test_several_times_in_a_batch(void **state)
{
	(void)state;
	free(assert_writes(WEB, "web", true));
	ezlb_lastgood_begin(&store);
	assert_true(ezlb_lastgood_write(&store, WEB, "new", 3));
	assert_true(ezlb_lastgood_write(&store, WEB, "web", 3));
	assert_true(ezlb_lastgood_write(&store, API, "api", 3));
	ezlb_lastgood_forget(&store, API);
	free(assert_reads(API, NULL));
	assert_true(ezlb_lastgood_commit(&store));
	for (int i = 0; i < 2; i++) {
		free(assert_reads(WEB, "web"));
		free(assert_reads(API, NULL));
		open_again();
	}
}

static void test_only_reads(void **state)
{
	EZLB_AUTO_FREE char *before = NULL, *after = NULL;

	(void)state;
	free(assert_writes(WEB, "web", true));
	before = slurp(FILE_NAME);
	ezlb_lastgood_close(&store);
	ezlb_lastgood_open(&store, at("state").s, false);
	free(assert_writes(WEB, "other", true));
	free(assert_writes(API, "api", true));
	prune(NULL, 0);
	ezlb_lastgood_forget(&store, WEB);
	free(assert_reads(WEB, "web"));
	free(assert_reads(API, NULL));
	after = slurp(FILE_NAME);
	assert_string_equal(before, after);
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

#define SERVICE "listen: 10.0.0.1:80\nbackends:\n- address: 10.1.0.1:80\n"

/* What the next process finds: that version, or none. It can go on. */
static void assert_finds(const char *bytes, size_t len, const char *web, const char *api,
			 const char *says)
{
	struct capture capture;
	char *log;

	ezlb_lastgood_close(&store);
	put_bytes(FILE_NAME, bytes, len);
	capture = capture_begin(STDERR_FILENO);
	ezlb_lastgood_open(&store, at("state").s, true);
	log = capture_end(capture);
	if (says)
		assert_has(log, says);
	else
		assert_string_equal(log, "");
	free(log);
	free(assert_reads(WEB, web));
	free(assert_reads(API, api));
	free(assert_writes(API, "later", true));
	capture = capture_begin(STDERR_FILENO);
	open_again();
	log = capture_end(capture);
	assert_string_equal(log, "");
	free(log);
	free(assert_reads(WEB, web));
	free(assert_reads(API, "later"));
}

#define INCOMPLETE "the end of the saved last good versions is incomplete or damaged"
#define DAMAGED	   "a part of the saved last good versions is damaged: ignored"

/* A kill or a power cut in the middle of a write, at each byte. */
static void test_torn(void **state)
{
	EZLB_AUTO_FREE char *good = NULL;
	size_t old, first = strlen("ezlb-versions 1\n"), len;

	(void)state;
	free(assert_writes(WEB, "old", true));
	old = file_size();
	free(assert_writes(WEB, SERVICE, true));
	good = slurp(FILE_NAME);
	len = strlen(good);
	for (size_t n = 0; n <= len; n++)
		assert_finds(good, n,
			     n == len	? SERVICE
			     : n >= old ? "old"
					: NULL,
			     NULL,
			     n == 0 || n == first || n == old || n == len ? NULL : INCOMPLETE);
	for (size_t n = old; n < len; n++) { /* as a power cut leaves it on some file systems */
		EZLB_AUTO_FREE char *text = ezlb_strndup(good, len);

		memset(text + n, 0, len - n);
		assert_finds(text, len, "old", NULL, INCOMPLETE);
	}
}

/* Each byte in turn; the first line is not necessary to read the rest. */
static void test_damaged(void **state)
{
	EZLB_AUTO_FREE char *good = NULL;
	size_t first = strlen("ezlb-versions 1\n"), web, len;

	(void)state;
	free(assert_writes(WEB, SERVICE, true));
	web = file_size();
	free(assert_writes(API, "api", true));
	good = slurp(FILE_NAME);
	len = strlen(good);
	for (size_t i = 0; i < 2 * len; i++) {
		char was = good[i / 2];

		good[i / 2] = i % 2 ? '\0' : (char)(was ^ 1 << i / 2 % 8);
		assert_finds(good, len, i / 2 >= first && i / 2 < web ? NULL : SERVICE,
			     i / 2 >= web ? NULL : "api", i / 2 >= web ? INCOMPLETE : DAMAGED);
		good[i / 2] = was;
	}
}

/* The log says which version is lost where that can be known. */
static void test_damaged_bytes(void **state)
{
	EZLB_AUTO_FREE char *good = NULL;

	(void)state;
	free(assert_writes(WEB, SERVICE, true));
	free(assert_writes(API, "api", true));
	good = slurp(FILE_NAME);
	*strstr(good, "backends") = 'B';
	assert_finds(good, strlen(good), NULL, "api", " file=" WEB);
}

/* After it was read. */
static void test_damaged_under_a_running_ezlb(void **state)
{
	EZLB_AUTO_FREE char *good = NULL, *log = NULL;
	int fd;

	(void)state;
	free(assert_writes(WEB, SERVICE, true));
	good = slurp(FILE_NAME);
	fd = open(at(FILE_NAME).s, O_WRONLY | O_CLOEXEC);
	assert_int_equal(syscall(SYS_pwrite64, fd, "B", 1, strstr(good, "backends") - good), 1);
	close(fd);
	log = assert_reads(WEB, NULL);
	assert_has(log,
		   "level=warn pkg=config msg=\"the saved last good version of a file is damaged: "
		   "ignored\" file=" WEB " stored=");
}

/* Lengths that no version has, with a right check. */
static void test_strange_lengths(void **state)
{
	static const char *const heads[] = { "ffff 00000003", "0000 00000003", "001d ffffffff",
					     "001d 00040001", "001d 00000004" };
	EZLB_AUTO_FREE char *good = NULL;

	(void)state;
	free(assert_writes(WEB, "web", true));
	good = slurp(FILE_NAME);
	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		EZLB_AUTO_FREE char *text = ezlb_strdup(good);
		char *head = strchr(text, '@'), check[17];

		assert_non_null(strstr(text, " 001d 00000003\n"));
		memcpy(head + 37, heads[i], 13);
		snprintf(check, sizeof(check), "%016llx",
			 (unsigned long long)ezlb_hash(head + 20, 51 - 20 + strlen(WEB)));
		memcpy(head + 3, check, 16);
		assert_finds(text, strlen(text), NULL, NULL, INCOMPLETE);
	}
}

static void test_not_a_file(void **state)
{
	struct text place = at(FILE_NAME);

	(void)state;
	free(assert_writes(WEB, "web", true));
	assert_int_equal(rename(place.s, at("elsewhere").s), 0);

	assert_int_equal(symlink(at("elsewhere").s, place.s), 0);
	open_again_quietly();
	free(assert_reads(WEB, NULL));
	free(assert_writes(WEB, "web 2", true));
	free(assert_reads(WEB, "web 2"));
	assert_int_equal(access(at("elsewhere").s, F_OK), 0);

	assert_int_equal(unlink(place.s), 0);
	assert_int_equal(mkfifo(place.s, 0600), 0);
	open_again_quietly();
	free(assert_reads(WEB, NULL));
	free(assert_writes(WEB, "web", true));
	free(assert_reads(WEB, "web"));
}

/* A link that somebody has put where a new file is written first is not followed. */
static void test_a_link_in_the_way(void **state)
{
	EZLB_AUTO_FREE char *target = NULL, *big = NULL;

	(void)state;
	put("target", "precious");
	assert_int_equal(symlink(at("target").s, at("state/versions.new").s), 0);
	big = ezlb_calloc(1, 100000);
	memset(big, 'x', 99999);
	for (int i = 0; i < 3; i++) { /* until the file is written again */
		big[0] = (char)('0' + i);
		free(assert_writes(WEB, big, true));
	}
	assert_true(file_size() < 200000);
	free(assert_reads(WEB, big));
	target = slurp("target");
	assert_string_equal(target, "precious");
	assert_int_equal(access(at("state/versions.new").s, F_OK), -1);
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

/* What could be written of it is taken back. */
static void test_full_disk(void **state)
{
	uint64_t size;
	char *log;

	(void)state;
	free(assert_writes(WEB, "old", true));
	for (int i = 0; i < 3; i++) {
		size = file_size();
		disk_full = true;
		room = (size_t)i * 40;
		if (i == 1) {
			log = assert_writes(WEB, "new", false);
			assert_string_equal(log, "");
			free(log);
		} else {
			assert_fails_once("reason=\"No space left on device\"\n");
		}
		disk_full = false;
		free(assert_reads(WEB, "old"));
		assert_int_equal(file_size(), size);
		open_again();
		free(assert_reads(WEB, "old"));
		store.warned = i == 0; /* as without the new start */
		if (i == 1)
			free(assert_writes(WEB, "older", true));
		if (i == 1)
			free(assert_writes(WEB, "old", true));
	}
	free(assert_writes(WEB, "new", true));
	free(assert_reads(WEB, "new"));
}

/* To forget a version needs no room. */
static void test_forgets_on_a_full_disk(void **state)
{
	static const char *const api[] = { API };

	(void)state;
	free(assert_writes(WEB, "older", true));
	free(assert_writes(WEB, "web", true));
	free(assert_writes(API, "api", true));
	disk_full = true;
	room = 0;
	prune(api, 1);
	disk_full = false;
	assert_false(store.warned);
	for (int i = 0; i < 2; i++) {
		free(assert_reads(WEB, NULL));
		free(assert_reads(API, "api"));
		open_again();
	}
	free(assert_writes(WEB, "web", true));
	free(assert_reads(WEB, "web"));
}

/* Fails in the middle of the bytes, not with the first. */
static void test_quota(void **state)
{
	struct rlimit small = { 64, RLIM_INFINITY }, was;
	EZLB_AUTO_FREE char *log = NULL;
	struct capture capture;
	uint64_t size;
	bool ok;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	free(assert_writes(WEB, "old", true));
	size = file_size();
	getrlimit(RLIMIT_FSIZE, &was);
	small.rlim_cur = size + 60;
	small.rlim_max = was.rlim_max;
	capture = capture_begin(STDERR_FILENO);
	setrlimit(RLIMIT_FSIZE, &small);
	ok = ezlb_lastgood_write(&store, WEB, "0123456789012345678901234567890123456789", 40);
	setrlimit(RLIMIT_FSIZE, &was);
	log = capture_end(capture);
	assert_false(ok);
	free(assert_reads(WEB, "old"));
	assert_int_equal(file_size(), size);
}

static void test_in_the_way(void **state)
{
	(void)state;
	assert_int_equal(rmdir(at("state").s), 0);
	put("state", "a file");
	ezlb_lastgood_forget(&store, WEB); /* there is none: no failure */
	assert_false(store.warned);
	assert_fails_once("reason=\"Not a directory\"\n");
	free(assert_reads(WEB, NULL));
	prune(NULL, 0);
	ezlb_lastgood_forget(&store, WEB);
	assert_int_equal(unlink(at("state").s), 0);
	free(assert_writes(WEB, "web", true));

	assert_int_equal(unlink(at(FILE_NAME).s), 0);
	make_dir(FILE_NAME);
	open_again_quietly();
	assert_fails_once("reason=\"Is a directory\"\n");
	assert_int_equal(rmdir(at(FILE_NAME).s), 0);
	free(assert_writes(WEB, "web", true));
	free(assert_reads(WEB, "web"));
}

/* A kernel would say that of a disk that is mounted read-only. */
static void test_cannot_forget(void **state)
{
	static const char *const api[] = { API };
	struct capture capture;
	char *log;

	(void)state;
	free(assert_writes(API, "api", true));
	free(assert_writes(WEB, "web", true));
	read_only = true;
	for (int i = 0; i < 4; i++) {
		capture = capture_begin(STDERR_FILENO);
		if (i % 2)
			prune(api, 1);
		else
			ezlb_lastgood_forget(&store, WEB);
		log = capture_end(capture);
		if (i == 0)
			assert_has(log, "level=warn pkg=config msg=\"cannot remove the last good "
					"version of a removed file: ");
		else
			assert_string_equal(log, "");
		free(log);
		assert_true(ezlb_lastgood_may_have_more(&store));
	}
	read_only = false;
	prune(api, 1);
	free(assert_reads(WEB, NULL));
	free(assert_reads(API, "api"));
}

/* "Cannot read" is not "empty": the file stays as it is, until it can be read. */
static void test_cannot_read(void **state)
{
	EZLB_AUTO_FREE char *before = NULL, *after = NULL;

	(void)state;
	free(assert_writes(WEB, "web", true));
	before = slurp(FILE_NAME);
	cannot_read = true;
	open_again_quietly();
	assert_true(ezlb_lastgood_any(&store));
	assert_true(ezlb_lastgood_any_of(&store, "/d"));
	free(assert_reads(WEB, NULL));
	assert_fails_once("reason=\"Input/output error\"\n");
	assert_false(ezlb_lastgood_keep(&store));
	after = slurp(FILE_NAME);
	assert_string_equal(before, after);
	cannot_read = false;
	assert_true(ezlb_lastgood_keep(&store));
	assert_false(ezlb_lastgood_keep(&store));
	free(assert_reads(WEB, "web"));
	assert_false(ezlb_lastgood_any_of(&store, "/d"));
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_several_times_in_a_batch),
		IN_TOP(test_absent),
		IN_TOP(test_round_trip),
		IN_TOP(test_bytes),
		IN_TOP(test_modes),
		IN_TOP(test_appends_what_is_new),
		IN_TOP(test_format),
		IN_TOP(test_prune),
		IN_TOP(test_only_reads),
		IN_TOP(test_none_is_kept),
		IN_TOP(test_state_dir_is_missing),
		IN_TOP(test_torn),
		IN_TOP(test_damaged),
		IN_TOP(test_damaged_bytes),
		IN_TOP(test_damaged_under_a_running_ezlb),
		IN_TOP(test_strange_lengths),
		IN_TOP(test_not_a_file),
		IN_TOP(test_a_link_in_the_way),
		IN_TOP(test_full_disk),
		IN_TOP(test_forgets_on_a_full_disk),
		IN_TOP(test_quota),
		IN_TOP(test_in_the_way),
		IN_TOP(test_cannot_forget),
		IN_TOP(test_cannot_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
