// SPDX-License-Identifier: GPL-2.0-or-later
/* A file of last good versions that is damaged, in the way, or on a disk that fails. */
#include "versions.h"

#include <signal.h>
#include <sys/resource.h>

#include <ezlb/config.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
