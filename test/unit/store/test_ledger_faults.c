// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger_text.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/resource.h>

enum fault { NONE, FSYNC, FSTAT, FCLOSE, TOO_LARGE, NO_DESCRIPTOR, DIRECTORY, READ };

/* In place of the C library's: a disk can be full, and a quota used up, as late as this. */
static enum fault fault;

static int fails(enum fault here, int code)
{
	errno = code;
	return fault == here ? -1 : 0;
}

int fsync(int fd)
{
	(void)fd;
	return fails(FSYNC, ENOSPC);
}

int fstat(int fd, struct stat *st)
{
	return fails(FSTAT, EIO) ? -1 : fstatat(fd, "", st, AT_EMPTY_PATH);
}

int fclose(FILE *f)
{
	int (*real)(FILE *);
	void *symbol = dlsym(RTLD_NEXT, "fclose");

	memcpy(&real, &symbol, sizeof(real));
	return real(f) == 0 ? fails(FCLOSE, EDQUOT) : -1;
}

/* A regular file whose first bytes nobody can read. */
FILE *fdopen(int fd, const char *mode)
{
	FILE *(*real)(int, const char *);
	void *symbol = dlsym(RTLD_NEXT, "fdopen");

	memcpy(&real, &symbol, sizeof(real));
	if (fault != READ)
		return real(fd, mode);
	close(fd);
	return fopen("/proc/self/mem", "re");
}

static void limit(int what, rlim_t value, struct rlimit *was)
{
	struct rlimit small;

	getrlimit((__rlimit_resource_t)what, was);
	small = *was;
	small.rlim_cur = value;
	setrlimit((__rlimit_resource_t)what, &small);
}

static int set_with(enum fault with, struct ezlb_ledger *ledger, const char *text,
		    struct ezlb_err *err)
{
	struct rlimit files, size;
	int rc;

	limit(RLIMIT_NOFILE, with == NO_DESCRIPTOR ? 0 : 256, &files);
	limit(RLIMIT_FSIZE, with == TOO_LARGE ? 64 : 1 << 20, &size);
	if (with == DIRECTORY)
		make_dir("ledger.new");
	fault = with;
	rc = set(ledger, text, err);
	fault = NONE;
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_FSIZE, &size);
	if (with == DIRECTORY)
		rmdir(at("ledger.new").s);
	return rc;
}

/* A write that fails changes nothing, on disk or in memory, and the next one succeeds. */
static void test_write_fails(void **state)
{
	static const struct {
		enum fault with;
		int want;
	} rows[] = {
		{ FSYNC, -ENOSPC },	    { FSTAT, -EIO },
		{ FCLOSE, -EDQUOT },	    { TOO_LARGE, -EFBIG },
		{ NO_DESCRIPTOR, -EMFILE }, { DIRECTORY, -EISDIR },
	};

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EZLB_AUTO_FREE char *before = NULL, *after = NULL;
		struct ezlb_err err = { 0 };
		struct ezlb_ledger ledger;

		write_ledger(ALL);
		before = slurp("ledger");
		assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
		assert_int_equal(set_with(rows[i].with, &ledger, "tcp 10.0.0.1:80", &err),
				 rows[i].want);
		assert_int_equal(err.code, -rows[i].want);
		assert_has(err.msg, at("ledger").s);
		assert_content(&ledger, ALL);
		assert_false(ezlb_ledger_lost(&ledger));
		after = slurp("ledger");
		assert_string_equal(before, after);
		assert_int_equal(access(at("ledger.new").s, F_OK), -1);
		assert_int_equal(set(&ledger, "tcp 10.0.0.1:80", &err), 0);
		ezlb_ledger_close(&ledger);
		assert_reads("tcp 10.0.0.1:80");
	}
}

/* More than stdio keeps back, so that the failure comes in the midst of it. */
static void test_write_fails_in_the_midst(void **state)
{
	struct ezlb_ledger_content content = { .chain = false };
	struct ezlb_err err = { 0 };
	struct rlimit size;
	struct ezlb_ledger ledger;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (uint16_t i = 1; i <= 5000; i++) {
		struct ezlb_service_key *key = EZLB_PUSH(&content.services);

		*key = key_of("tcp 10.0.0.1:1");
		key->listen.port = i;
	}
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
	limit(RLIMIT_FSIZE, 10000, &size);
	assert_int_equal(ezlb_ledger_set(&ledger, &content, &err), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &size);
	assert_content(&ledger, "");
	assert_null(slurp("ledger"));
	assert_null(slurp("ledger.new"));
	assert_false(ezlb_ledger_lost(&ledger)); /* there never was one */
	ezlb_ledger_close(&ledger);
	ezlb_ledger_content_clear(&content);
}

static void test_read_fails(void **state)
{
	struct ezlb_err err = { 0 };
	struct ezlb_ledger ledger;

	(void)state;
	write_ledger(ALL);
	fault = READ;
	assert_int_equal(ezlb_ledger_open(&ledger, top, &err), -EBADMSG);
	fault = NONE;
	assert_has(err.msg, "Input/output error: ezlb does not know what it owns");
	assert_content(&ledger, "");
	ezlb_ledger_close(&ledger);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_write_fails),
		IN_TOP(test_write_fails_in_the_midst),
		IN_TOP(test_read_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
