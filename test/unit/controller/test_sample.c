// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"
#include "listening.h"

#include "sample.h"

static void make_proc(void)
{
	make_dir("proc");
	make_dir("proc/sys");
	make_dir("proc/sys/net");
	make_dir("proc/sys/net/netfilter");
}

static const struct {
	const char *name, *count, *max; /* NULL: there is no such file */
	int64_t entries, limit;
} rows[] = {
	{ "as the kernel writes it", "120\n", "262144\n", 120, 262144 },
	{ "none", "0\n", "1\n", 0, 1 },
	{ "conntrack is not loaded", NULL, NULL, -1, -1 },
	{ "one of them", "7\n", NULL, 7, -1 },
	{ "nothing in it", "", "\n", -1, -1 },
	{ "no number", "many\n", "3\n", -1, 3 },
	{ "more than 32 bits", "1\n", "8589934592\n", 1, 8589934592 },
};

static void put_or_remove(const char *name, const char *text)
{
	if (text)
		put(name, text);
	else
		unlink(at(name).s);
}

static void test_conntrack(void **state)
{
	struct text proc = at("proc");

	(void)state;
	make_proc();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sample sample = { .proc = proc.s };
		struct ezlb_status status = { .conntrack_entries = 5 };

		put_or_remove("proc/sys/net/netfilter/nf_conntrack_count", rows[i].count);
		put_or_remove("proc/sys/net/netfilter/nf_conntrack_max", rows[i].max);
		sample_take(&sample);
		sample_put(&sample, &status);
		if (status.conntrack_entries != rows[i].entries ||
		    status.conntrack_max != rows[i].limit)
			fail_msg("%s: %lld of %lld", rows[i].name,
				 (long long)status.conntrack_entries,
				 (long long)status.conntrack_max);
		assert_string_equal(status.traffic_error, "");
		sample_clear(&sample);
	}
}

/* web with two backends, of which the kernel knows one. */
static void make_status(struct ezlb_status *status)
{
	static const char *const addresses[] = { "tcp 10.1.0.1:80", "tcp 10.1.0.2:80" };
	struct ezlb_status_service *web = EZLB_PUSH(&status->services);

	listen_on(status, EZLB_TCP, "10.0.0.1:80");
	web->applied = web->full_nat = true;
	web->n_backends = COUNT_OF(addresses);
	web->snat_connections = -1;
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct ezlb_status_backend *backend = EZLB_PUSH(&status->backends);

		backend->address = key_of(addresses[i]).listen;
		backend->kernel_weight = -1;
	}
}

static void make_sample(struct sample *sample)
{
	struct ezlb_traffic_row *row = EZLB_PUSH(&sample->traffic);
	struct ezlb_snat_row *snat = EZLB_PUSH(&sample->snats.snats);

	row->service = key_of("tcp 10.0.0.1:80");
	row->counters.connections = 12;
	row->active = 3;
	row = EZLB_PUSH(&sample->traffic);
	row->service = key_of("tcp 10.0.0.1:80");
	row->of_dest = true;
	row->backend = key_of("tcp 10.1.0.1:80").listen;
	row->weight = 4;
	snat->connections = 8;
	snat->key.kind = ezlb_snat_driver_key(sample->snat);
	snat->key.endpoint = key_of(sample->snat == EZLB_SNAT_NFTABLES ? "tcp 10.0.0.1:80"
								       : "tcp 10.1.0.1:80")
				     .listen;
}

static void test_what_the_kernel_counts(void **state)
{
	static const enum ezlb_snat_driver snats[] = { EZLB_SNAT_IPTABLES, EZLB_SNAT_NFTABLES };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(snats); i++) {
		struct sample sample = { .kernel = true, .snat = snats[i], .snats_known = true };
		struct ezlb_status status = { .now_ms = 1 };

		make_sample(&sample);
		make_status(&status);
		sample_put(&sample, &status);
		assert_true(status.services.items[0].counted);
		assert_int_equal(status.services.items[0].active, 3);
		assert_int_equal(status.services.items[0].counters.connections, 12);
		assert_int_equal(status.services.items[0].snat_connections, 8);
		assert_int_equal(status.backends.items[0].kernel_weight, 4);
		assert_false(status.backends.items[1].counted);
		ezlb_status_clear(&status);
		sample_clear(&sample);
	}
}

static void test_other_counters(void **state)
{
	struct sample sample = { .kernel = true,
				 .toa_known = true,
				 .connlog = { .on = true,
					      .lines = 5,
					      .missed = 3,
					      .unwritten = 4,
					      .problem = "no space" } };
	struct ezlb_status status = { .now_ms = 1 };

	(void)state;
	sample.toa[EZLB_TOA_FAILED] = 9;
	sample_put(&sample, &status);
	assert_true(status.connlog.on);
	assert_int_equal(status.connlog.lines, 5);
	assert_int_equal(status.connlog.lost, 7);
	assert_string_equal(status.connlog.problem, "no space");
	assert_int_equal(status.toa.len, EZLB_TOA_COUNTS);
	assert_string_equal(status.toa.items[EZLB_TOA_FAILED].what, "failed");
	assert_int_equal(status.toa.items[EZLB_TOA_FAILED].n, 9);
	ezlb_status_clear(&status);
	sample.toa_known = false; /* the program is not loaded */
	sample_put(&sample, &status);
	assert_int_equal(status.toa.len, 0);
	ezlb_status_clear(&status);
}

/* A kernel that could not be asked has said nothing. */
static void test_what_it_does_not(void **state)
{
	struct sample sample = { .kernel = true, .snat = EZLB_SNAT_IPTABLES };
	struct ezlb_status status = { .now_ms = 1 };

	(void)state;
	make_sample(&sample);
	make_status(&status);
	ezlb_err_set(&sample.traffic_err, EPERM, "IPVS cannot be asked");
	sample_put(&sample, &status);
	assert_string_equal(status.traffic_error, "IPVS cannot be asked");
	assert_false(status.services.items[0].counted);
	assert_int_equal(status.services.items[0].snat_connections, -1);
	sample.traffic_err.code = 0;
	sample.kernel = false;
	ezlb_status_clear(&status);
	make_status(&status);
	sample_put(&sample, &status);
	assert_string_equal(status.traffic_error, "");
	assert_false(status.services.items[0].counted);
	ezlb_status_clear(&status);
	sample_clear(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_conntrack, setup_top, teardown_top),
		cmocka_unit_test(test_what_the_kernel_counts),
		cmocka_unit_test(test_other_counters),
		cmocka_unit_test(test_what_it_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
