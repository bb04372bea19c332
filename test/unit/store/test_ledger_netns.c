// SPDX-License-Identifier: GPL-2.0-or-later
/* Of which network namespace is a ledger? The kernel gives inode numbers again, but no cookies. */
#include "ledger_text.h"

#include <sys/socket.h>
#include <sys/syscall.h>

/* In place of the C library's. */
static uint64_t cookie; /* 0: a kernel before 5.14 */

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
	if (name != 71) /* SO_NETNS_COOKIE */
		return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
	errno = ENOPROTOOPT;
	if (!cookie)
		return -1;
	memcpy(value, &cookie, sizeof(cookie));
	return 0;
}

static bool has_line(const char *line)
{
	EZLB_AUTO_FREE char *text = slurp("ledger");

	return strstr(text, line);
}

static void test_the_same_namespace(void **state)
{
	(void)state;
	cookie = 4711;
	write_ledger(ALL);
	assert_true(has_line("\ncookie 4711\n"));
	assert_reads(ALL);
}

/* Same boot, same inode number: only the cookie tells that it is another one. */
static void test_another_namespace(void **state)
{
	struct ezlb_ledger ledger;

	(void)state;
	cookie = 4711;
	write_ledger(ALL);
	cookie = 4712;
	assert_reads("");
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(set(&ledger, TWO, NULL), 0);
	ezlb_ledger_close(&ledger);
	assert_true(has_line("\ncookie 4712\n"));
	assert_reads(TWO);
	cookie = 471;
	assert_reads("");
	cookie = UINT64_MAX;
	write_ledger(TWO);
	assert_true(has_line("\ncookie 18446744073709551615\n"));
	assert_reads(TWO);
}

/* The ledger of an older ezlb counts, and gets the cookie although its content stays. */
static void test_an_older_ledger(void **state)
{
	struct ezlb_ledger ledger;
	struct stat before, after;

	(void)state;
	cookie = 0;
	write_ledger(ALL);
	assert_false(has_line("cookie"));
	assert_reads(ALL);
	cookie = 4711;
	assert_reads(ALL);
	assert_int_equal(ezlb_ledger_open(&ledger, top, NULL), 0);
	assert_int_equal(set(&ledger, ALL, NULL), 0);
	assert_true(has_line("\ncookie 4711\n"));
	assert_int_equal(stat(at("ledger").s, &before), 0);
	assert_int_equal(set(&ledger, ALL, NULL), 0); /* once */
	assert_int_equal(stat(at("ledger").s, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	ezlb_ledger_close(&ledger);
	assert_reads(ALL);
	cookie = 4712;
	assert_reads("");
}

/* An older kernel is another boot. But whatever hides the cookie must not make a ledger useless. */
static void test_no_cookie_any_more(void **state)
{
	(void)state;
	cookie = 4711;
	write_ledger(ALL);
	cookie = 0;
	assert_reads(ALL);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_the_same_namespace),
		IN_TOP(test_another_namespace),
		IN_TOP(test_an_older_ledger),
		IN_TOP(test_no_cookie_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
