// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <ezlb/answers.h>

static struct ezlb_answers answers;
static struct ezlb_listener listener;
static struct ezlb_spec spec;
static uint64_t now;

static int setup(void **state)
{
	(void)state;
	now = 1000;
	listener = (struct ezlb_listener){ .proto = EZLB_TCP };
	assert_int_equal(ezlb_endpoint_parse("10.0.0.1:80", &listener.listen, NULL), 0);
	listener.key.listen = listener.listen;
	spec = (struct ezlb_spec){ .listeners = &listener, .n_listeners = 1 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_answers_clear(&answers);
	return 0;
}

/* One sample after 10 s. */
static bool sample(uint64_t in, uint64_t out)
{
	struct ezlb_traffic_row rows[] = {
		{ .service = listener.key, .counters = { .packets_in = in, .packets_out = out } },
		{ .service = listener.key, .of_dest = true, .counters = { .packets_out = now } },
	};
	struct ezlb_traffic traffic = { rows, 2, 2 };

	now += 10000;
	return ezlb_answers_sample(&answers, &traffic, now);
}

static bool silent(void)
{
	return ezlb_answers_silent(&answers, &spec) != NULL;
}

static void test_packets_without_an_answer(void **state)
{
	(void)state;
	assert_false(sample(1000, 0)); /* what was before does not count */
	assert_false(sample(1009, 0));
	assert_false(silent()); /* two samples at least */
	assert_true(sample(1010, 0));
	assert_true(silent());
	assert_int_equal(ezlb_answers_silent(&answers, &spec)->asked, 10);
	assert_false(sample(1100, 0)); /* no change */
	assert_true(silent());
	assert_true(sample(1101, 1)); /* the first answer */
	assert_false(silent());
	assert_false(sample(1200, 1));
	assert_false(silent());
	assert_true(sample(1300, 1));
	assert_true(silent());
}

static void test_too_few_or_too_soon(void **state)
{
	(void)state;
	sample(0, 0);
	for (uint64_t i = 1; i < 10; i++) {
		assert_false(sample(i, 0));
		assert_false(silent());
	}
	assert_true(sample(10, 0));
	ezlb_answers_clear(&answers);
	sample(0, 0);
	now -= 9999; /* asked for a sample much sooner, twice */
	assert_false(sample(100, 0));
	now -= 9999;
	assert_false(sample(200, 0));
	assert_false(silent());
	assert_true(sample(201, 0));
}

static void test_normal_traffic(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 20; i++)
		assert_false(sample(i * 100, i / 2)); /* an answer in every second sample */
	assert_false(silent());
}

/* Nobody asks any more: after five minutes nothing is known. */
static void test_quiet(void **state)
{
	(void)state;
	sample(0, 0);
	sample(100, 0);
	assert_true(sample(200, 0));
	for (int i = 0; i < 29; i++)
		assert_false(sample(200, 0));
	assert_true(silent());
	assert_true(sample(200, 0));
	assert_false(silent());
	assert_false(sample(300, 0)); /* it begins again */
	assert_true(sample(400, 0));
}

static void test_counters_that_begin_again(void **state)
{
	const struct ezlb_traffic none = { 0 };

	(void)state;
	sample(0, 5);
	sample(100, 5);
	assert_true(sample(200, 5));
	assert_true(sample(50, 0)); /* the virtual service was created again */
	assert_false(silent());
	sample(60, 0);
	assert_true(sample(70, 0));
	ezlb_answers_sample(&answers, &none, now); /* deleted */
	assert_false(silent());
	assert_int_equal(answers.rows.len, 0);
}

static void test_one_way(void **state)
{
	(void)state;
	listener.proto = listener.key.proto = EZLB_UDP;
	sample(0, 0);
	sample(1000, 0);
	sample(2000, 0);
	assert_false(silent()); /* it has never answered: statsd */
	sample(3000, 1);	/* an ICMP error */
	sample(4000, 1);
	sample(5000, 1);
	assert_false(silent());
	ezlb_answers_clear(&answers);
	sample(1000, 500); /* a name server */
	sample(2000, 500);
	sample(3000, 500);
	assert_true(silent());
	/* A firewall mark has no protocol. */
	ezlb_answers_clear(&answers);
	listener = (struct ezlb_listener){ .listen.addr.family = AF_INET, .key.fwmark = 7 };
	sample(0, 0);
	sample(1000, 0);
	sample(2000, 0);
	assert_false(silent());
}

static void test_answers_that_do_not_pass_here(void **state)
{
	(void)state;
	sample(0, 0);
	sample(1000, 0);
	sample(2000, 0);
	assert_true(silent());
	spec.forward = EZLB_DIRECT;
	assert_false(silent());
	spec.forward = EZLB_TUNNEL;
	assert_false(silent());
	spec.forward = EZLB_MASQ;
	spec.flags = IP_VS_SVC_F_ONEPACKET;
	assert_false(silent());
	assert_false(ezlb_answers_pass(&spec));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

/* The short way gives the same as a sample with the counters of the last one. */
static void test_still(void **state)
{
	struct ezlb_answers by_still = { 0 }, by_sample = { 0 };
	struct ezlb_traffic_row row = { .service = listener.key };
	const struct ezlb_traffic traffic = { &row, 1, 1 };
	unsigned silent_rows = 0, recovered = 0;

	(void)state;
	assert_false(ezlb_answers_still(&by_still, now)); /* no sample yet */
	ezlb_answers_sample(&by_sample, &traffic, now);
	EZLB_VEC_COPY(&by_still.rows, &by_sample.rows);
	for (unsigned i = 0; i < 4000; i++) {
		bool was = by_sample.rows.items[0].silent, a, b;

		now += rand() % 50 ? (unsigned)(rand() % 20000) : 300000;
		if (rand() % 2) {
			row.counters.packets_in += (uint64_t)(rand() % 12);
			row.counters.packets_out += rand() % 8 == 0;
			a = ezlb_answers_sample(&by_still, &traffic, now);
		} else {
			a = ezlb_answers_still(&by_still, now);
		}
		b = ezlb_answers_sample(&by_sample, &traffic, now);
		silent_rows += by_sample.rows.items[0].silent;
		recovered += was && !by_sample.rows.items[0].silent;
		assert_int_equal(a, b);
		assert_memory_equal(by_still.rows.items, by_sample.rows.items,
				    sizeof(*by_sample.rows.items));
	}
	assert_true(silent_rows > 10 && recovered > 10);
	ezlb_answers_clear(&by_still);
	ezlb_answers_clear(&by_sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_packets_without_an_answer),
		TEST(test_too_few_or_too_soon),
		TEST(test_normal_traffic),
		TEST(test_quiet),
		TEST(test_counters_that_begin_again),
		TEST(test_one_way),
		TEST(test_answers_that_do_not_pass_here),
		TEST(test_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
