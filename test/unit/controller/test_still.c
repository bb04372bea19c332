// SPDX-License-Identifier: GPL-2.0-or-later
/* When the counters of services are read, every 10 s if nothing else is said. */
#include "cm.h"

#include "still.h"

static struct still still;
static struct ezlb_ipvs_totals totals;
static uint64_t now;

static int setup(void **state)
{
	(void)state;
	still = (struct still){ .known = false };
	totals = (struct ezlb_ipvs_totals){ .packets_in = 7 };
	now = 50000;
	return 0;
}

/* The next survey after so many ms: does it read the counters? */
static bool reads_after(uint64_t ms, const struct ezlb_ipvs_totals *found)
{
	now += ms;
	if (still_take(&still, found, now))
		return false;
	still_read(&still, now);
	return true;
}

/* What the kernel counted before the totals were read can be published after the read. */
static void test_twice_and_then_no_more(void **state)
{
	(void)state;
	assert_true(reads_after(10000, &totals));
	assert_true(reads_after(10000, &totals));
	for (int i = 0; i < 100; i++)
		assert_false(reads_after(10000, &totals));
}

static void test_each_packet_leads_to_two_reads(void **state)
{
	uint64_t *const counters[] = { &totals.connections, &totals.packets_in, &totals.packets_out,
				       &totals.bytes_in, &totals.bytes_out };

	(void)state;
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		(*counters[i])++;
		assert_true(reads_after(10000, &totals));
		assert_true(reads_after(10000, &totals));
		assert_false(reads_after(10000, &totals));
	}
	for (int i = 0; i < 100; i++) {
		totals.packets_in++;
		assert_true(reads_after(10000, &totals));
	}
	totals.packets_in = 0; /* somebody has set them to zero */
	assert_true(reads_after(10000, &totals));
}

/* An address or a file has changed: surveys follow each other. */
static void test_reads_too_close(void **state)
{
	(void)state;
	assert_true(reads_after(10000, &totals));
	assert_true(reads_after(100, &totals));
	assert_true(reads_after(7800, &totals));
	assert_true(reads_after(100, &totals));
	assert_false(reads_after(1, &totals));
}

static void test_a_read_that_fails_does_not_count(void **state)
{
	(void)state;
	assert_true(reads_after(10000, &totals));
	for (int i = 0; i < 10; i++) {
		now += 10000;
		assert_false(still_take(&still, &totals, now)); /* and no still_read */
	}
	assert_true(reads_after(10000, &totals));
	assert_false(reads_after(10000, &totals));
}

static void test_without_totals(void **state)
{
	(void)state;
	assert_true(reads_after(10000, &totals));
	for (int i = 0; i < 10; i++)
		assert_true(reads_after(10000, NULL));
	assert_true(reads_after(10000, &totals));
	assert_true(reads_after(10000, &totals));
	assert_false(reads_after(10000, &totals));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_twice_and_then_no_more), TEST(test_each_packet_leads_to_two_reads),
		TEST(test_reads_too_close),	   TEST(test_a_read_that_fails_does_not_count),
		TEST(test_without_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
