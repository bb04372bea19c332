// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "own.h"

#define HEADING "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires\n"
#define WEB	"TCP AC100002 D431 0A000001 0050 C0A80A0B 1F90 ESTABLISHED LOCAL      899\n"
#define LEARNED "TCP AC100002 D432 0A000001 0050 C0A80A0B 1F90 ESTABLISHED SYNC       899\n"
#define SIX_ADDR                                   \
	"fd00:0172:0000:0000:0000:0000:0000:0002 " \
	"D433 fd00:0010:0000:0000:0000:0000:0000:0001 01BB "
#define SIX \
	"TCP " SIX_ADDR "fd00:0192:0000:0000:0000:0000:0000:0011 01BB ESTABLISHED LOCAL      12\n"

struct seen {
	size_t n;
	struct ezlb_service_key last;
};

static void on_conn(void *arg, const struct ezlb_service_key *to)
{
	struct seen *seen = arg;

	seen->n++;
	seen->last = *to;
}

/* The text of each key as it is told, without those that do not count: "tcp 10.0.0.1:80". */
static const char *parsed(const char *line)
{
	static char buf[EZLB_SERVICE_KEY_STRLEN];
	EZLB_AUTO_FREE char *copy = ezlb_strdup(line); /* a read beyond the end is seen */
	struct ezlb_service_key key;

	if (!own_parse((struct words){ copy, copy + strlen(copy) }, &key))
		return "";
	return ezlb_service_key_format(&key, buf);
}

static void test_lines(void **state)
{
	static const struct {
		const char *line, *want;
	} cases[] = {
		{ WEB, "tcp 10.0.0.1:80" },
		{ SIX, "tcp [fd00:10::1]:443" },
		/* A backend of the other family, with a tunnel. */
		{ "TCP " SIX_ADDR "C0A80A0B 01BB ESTABLISHED LOCAL  12\n", "tcp [fd00:10::1]:443" },
		{ "SCTP AC100002 D431 0A000001 0050 C0A80A0B 0050 ESTABLISHED LOCAL  9\n",
		  "sctp 10.0.0.1:80" },
		/* The line may have more, as ip_vs_conn has with a persistence engine, or end. */
		{ "TCP AC100002 D431 0A000001 0050 C0A80A0B 1F90 ESTABLISHED LOCAL 899 sip call@x\n",
		  "tcp 10.0.0.1:80" },
		{ "TCP AC100002 D431 0A000001 0050 C0A80A0B 1F90 ESTABLISHED LOCAL",
		  "tcp 10.0.0.1:80" },
		{ LEARNED, "" },
		{ HEADING, "" },
		{ "TCP AC100002 D431 0A000001 0050 C0A80A0B 1F90 FIN_WAIT    LOCAL  119\n", "" },
		{ "TCP AC100002 D431 0A000001 0050 C0A80A0B 1F90 SYN_RECV    LOCAL  59\n", "" },
		{ "UDP AC100002 D431 0A000001 0035 C0A80A0B 0035 UDP         LOCAL  299\n", "" },
		/* Persistence. */
		{ "TCP AC100002 0000 0A000001 0050 C0A80A0B 1F90 NONE        LOCAL  299\n", "" },
		{ "IP  AC100002 0000 00000007 0000 C0A80A0B 0000 NONE        LOCAL  299\n", "" },
		{ "TCP AC100002 D431 0A000001 0050 C0A80A0B 1F90 ESTABLISHED\n", "" },
		{ "TCP AC100002 D431 0A000001\n", "" },
		{ "TCP AC100002 D431 0A00000Z 0050 C0A80A0B 1F90 ESTABLISHED LOCAL  1\n", "" },
		{ "TCP AC100002 D431 0A000001 005 C0A80A0B 1F90 ESTABLISHED LOCAL  1\n", "" },
		{ "TCP AC100002 D431 0A000001 00500 C0A80A0B 1F90 ESTABLISHED LOCAL  1\n", "" },
		{ "TCP AC100002 D431 fd00:0010: 0050 C0A80A0B 1F90 ESTABLISHED LOCAL  1\n", "" },
		{ "\n", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(parsed(cases[i].line), cases[i].want);
}

/* A file of `times` times the text. */
static int file_of(const char *text, size_t times)
{
	int fd = memfd_create("conns", 0);
	size_t len = strlen(text);

	assert_true(fd >= 0);
	for (size_t i = 0; i < times; i++)
		assert_int_equal(write(fd, text, len), len);
	return fd;
}

static int count(int fd, uint32_t most_ms, struct seen *seen)
{
	char path[64];
	int rc;

	memset(seen, 0, sizeof(*seen));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = ezlb_ipvs_own_connections_of(path, most_ms, on_conn, seen);
	close(fd);
	return rc;
}

/* Longer than the buffer, whose end is in the middle of a line. */
static void test_a_long_table(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(count(file_of(HEADING WEB LEARNED SIX, 1000), 600000, &seen), 0);
	assert_int_equal(seen.n, 2000);
	assert_int_equal(seen.last.listen.port, 443);
	assert_int_equal(count(file_of(HEADING, 1), 600000, &seen), 0);
	assert_int_equal(seen.n, 0);
}

static void test_time_is_up(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(count(file_of(WEB, 1000), 0, &seen), -ETIMEDOUT);
	assert_in_range(seen.n, 1, 999);
}

static void test_errors(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(ezlb_ipvs_own_connections_of("/no/such/file", 1000, on_conn, &seen),
			 -ENOENT);
	assert_int_equal(ezlb_ipvs_own_connections_of("/", 1000, on_conn, &seen), -EISDIR);
	assert_int_equal(seen.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_a_long_table),
		cmocka_unit_test(test_time_is_up),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
