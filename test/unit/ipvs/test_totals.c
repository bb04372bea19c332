// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "totals.h"

#define HEADINGS                                                         \
	"   Total Incoming Outgoing         Incoming         Outgoing\n" \
	"   Conns  Packets  Packets            Bytes            Bytes\n"
#define RATES                                                              \
	"\n Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n" \
	"       1        2        3                4                5\n"

static int totals_of(const char *text, struct ezlb_ipvs_totals *out)
{
	int fd = memfd_create("ip_vs_stats", MFD_CLOEXEC), rc;
	char path[32];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = ezlb_ipvs_totals_of(path, out);
	close(fd);
	return rc;
}

static void test_numbers(void **state)
{
	static const char text[] = HEADINGS
		"      2A       1f        0              7A4 FEDCBA9876543210\n" RATES;
	static const char upper[] = HEADINGS
		"      2A       1F        0              7A4 FEDCBA9876543210\n" RATES;
	struct ezlb_ipvs_totals totals = { 0 };

	(void)state;
	assert_int_equal(totals_of(text, &totals), -EPROTO); /* the kernel writes capitals */
	assert_int_equal(totals_of(upper, &totals), 0);
	assert_int_equal(totals.connections, 42);
	assert_int_equal(totals.packets_in, 31);
	assert_int_equal(totals.packets_out, 0);
	assert_int_equal(totals.bytes_in, 0x7a4);
	assert_true(totals.bytes_out == 0xfedcba9876543210);
}

static void test_other_texts(void **state)
{
	static const char *const texts[] = {
		"",
		HEADINGS,
		HEADINGS "\n",
		HEADINGS "1 2 3 4\n",
		HEADINGS "1 2 3 4 x\n",
		HEADINGS "1 2 3 4 10000000000000000\n",
		HEADINGS "-1 2 3 4 5\n",
	};
	struct ezlb_ipvs_totals totals = { .connections = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(totals_of(texts[i], &totals), -EPROTO);
	assert_int_equal(ezlb_ipvs_totals_of("/no/such/file", &totals), -ENOENT);
	assert_int_equal(totals.connections, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_other_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
