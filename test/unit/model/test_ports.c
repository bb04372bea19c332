// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/ports.h>

static struct ezlb_ports_uses uses;
static struct ezlb_traffic traffic;
static struct ezlb_ports ports, before;

static int teardown(void **state)
{
	(void)state;
	EZLB_VEC_CLEAR(&uses);
	EZLB_VEC_CLEAR(&traffic);
	EZLB_VEC_CLEAR(&ports);
	EZLB_VEC_CLEAR(&before);
	return 0;
}

static struct ezlb_service_key key(const char *text)
{
	struct ezlb_service_key out;

	assert_int_equal(ezlb_service_key_parse(text, &out), 0);
	return out;
}

static struct ezlb_addr_range range(const char *text)
{
	struct ezlb_addr_range out = { 0 };

	if (text)
		assert_int_equal(ezlb_range_parse(text, &out, NULL), 0);
	return out;
}

static struct ezlb_endpoint endpoint(const char *text)
{
	struct ezlb_endpoint out = { 0 };

	if (ezlb_endpoint_parse(text, &out, NULL) < 0)
		assert_int_equal(ezlb_addr_parse(text, &out.addr, NULL), 0);
	return out;
}

/* A full_nat service with these listeners, the second may be NULL. */
static void add_service(const char *first, const char *second, const char *source)
{
	struct ezlb_listener listeners[2] = { { .key = key(first) } };
	struct ezlb_spec spec = { .listeners = listeners,
				  .n_listeners = second ? 2 : 1,
				  .full_nat = true,
				  .snat_ip = range(source) };

	if (second)
		listeners[1].key = key(second);
	for (size_t i = 0; i < spec.n_listeners; i++)
		listeners[i].proto = listeners[i].key.proto;
	ezlb_ports_want(&spec, &uses);
}

static void add_dest(const char *service, const char *backend, uint32_t active, uint32_t inactive)
{
	*EZLB_PUSH(&traffic) = (struct ezlb_traffic_row){ .service = key(service),
							  .of_dest = true,
							  .backend = endpoint(backend),
							  .active = active,
							  .inactive = inactive };
}

static void count(void)
{
	ezlb_ports_sort(&uses);
	EZLB_SORT(&traffic, ezlb_traffic_row_cmp);
	ezlb_ports_count(&uses, &traffic, &ports);
}

static void is(const char *service, const char *backend, uint64_t used)
{
	const struct ezlb_service_key at = key(service);
	const struct ezlb_ports_row *row = ezlb_ports_find(&ports, &at);
	char text[EZLB_ENDPOINT_STRLEN];

	assert_non_null(row);
	if (backend)
		assert_string_equal(ezlb_endpoint_format(&row->backend, text), backend);
	else
		assert_int_equal(row->backend.addr.family, 0);
	assert_int_equal(row->used, used);
}

static void test_the_fullest_backend(void **state)
{
	(void)state;
	add_service("tcp 10.0.0.1:80", "tcp 10.0.0.1:81", "10.0.0.3");
	add_dest("tcp 10.0.0.1:80", "192.168.0.1:80", 100, 1);
	add_dest("tcp 10.0.0.1:80", "192.168.0.2:80", 90, 2);
	add_dest("tcp 10.0.0.1:81", "192.168.0.2:80", 10, 0);
	*EZLB_PUSH(&traffic) = (struct ezlb_traffic_row){ .service = key("tcp 10.0.0.1:80"),
							  .active = 100000 };
	count();
	assert_int_equal(ports.len, 1);
	is("tcp 10.0.0.1:80", "192.168.0.2:80", 102);
}

/* Ports are shared by what has the same source, backend and protocol, and by nothing else. */
static void test_services_that_share_a_backend(void **state)
{
	(void)state;
	add_service("tcp 10.0.0.1:80", NULL, "10.0.0.3");
	add_service("tcp 10.0.0.2:80", NULL, "10.0.0.3");
	add_service("tcp 10.0.0.4:80", NULL, "10.0.0.5");
	add_service("udp 10.0.0.1:80", NULL, "10.0.0.3");
	add_service("tcp 10.0.0.6:80", NULL, NULL);
	add_service("tcp 10.0.0.7:80", NULL, NULL);
	add_service("tcp 10.0.0.8:80", NULL, "10.0.0.3");
	add_dest("tcp 10.0.0.1:80", "192.168.0.1:80", 1000, 0);
	add_dest("tcp 10.0.0.2:80", "192.168.0.1:80", 200, 0);
	add_dest("tcp 10.0.0.4:80", "192.168.0.1:80", 30, 0);
	add_dest("udp 10.0.0.1:80", "192.168.0.1:80", 0, 4);
	add_dest("tcp 10.0.0.6:80", "192.168.0.1:80", 50, 0);
	add_dest("tcp 10.0.0.7:80", "192.168.0.1:80", 5, 0);
	add_dest("tcp 10.0.0.9:80", "192.168.0.1:80", 7777, 0); /* not of a full_nat service */
	count();
	assert_int_equal(ports.len, 7);
	is("tcp 10.0.0.1:80", "192.168.0.1:80", 1200);
	is("tcp 10.0.0.2:80", "192.168.0.1:80", 1200);
	is("tcp 10.0.0.4:80", "192.168.0.1:80", 30);
	is("udp 10.0.0.1:80", "192.168.0.1:80", 4);
	is("tcp 10.0.0.6:80", "192.168.0.1:80", 55);
	is("tcp 10.0.0.7:80", "192.168.0.1:80", 55);
	is("tcp 10.0.0.8:80", NULL, 0);
}

/* With a mark IPVS keeps the port of the packet: the dest has none, and its number is a sum. */
static void test_marks(void **state)
{
	(void)state;
	add_service("fwmark 7", NULL, "10.0.0.3-10.0.0.4");
	add_dest("fwmark 7", "192.168.0.1", 300, 3);
	add_dest("fwmark 7", "192.168.0.2", 1, 0);
	count();
	is("fwmark 7", "192.168.0.1", 303);
}

static void test_only_full_nat(void **state)
{
	struct ezlb_listener listener = { .key = key("tcp 10.0.0.1:80") };
	struct ezlb_spec spec = { .listeners = &listener, .n_listeners = 1 };

	(void)state;
	ezlb_ports_want(&spec, &uses);
	assert_int_equal(uses.len, 0);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *name, *source;
		uint64_t used, fullest; /* fullest 0: not exact */
		uint64_t available, needed;
		unsigned percent;
	} cases[] = {
		{ "idle", "10.0.0.3", 0, 0, 64512, 1, 0 },
		{ "half", "10.0.0.3", 32256, 0, 64512, 1, 50 },
		{ "a little more", "10.0.0.3", 32257, 0, 64512, 2, 50 },
		{ "below the limit", "10.0.0.3", 51609, 0, 64512, 2, 79 },
		{ "the limit", "10.0.0.3", 51610, 0, 64512, 2, 80 },
		{ "full", "10.0.0.3", 64512, 0, 64512, 2, 100 },
		{ "masquerade", NULL, 64512, 0, 64512, 2, 100 },
		{ "udp, counted by ipvs", "10.0.0.3", 129024, 0, 64512, 4, 200 },
		{ "four addresses", "10.0.0.3-10.0.0.6", 129024, 0, 258048, 4, 50 },
		{ "of which one is full", "10.0.0.3-10.0.0.6", 129024, 64512, 258048, 8, 100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ezlb_ports_row row = { .source = range(cases[i].source),
						    .used = cases[i].used,
						    .exact = cases[i].fullest > 0,
						    .fullest_used = cases[i].fullest };

		if (ezlb_ports_available(&row) != cases[i].available ||
		    ezlb_ports_needed(&row) != cases[i].needed ||
		    ezlb_ports_percent(&row) != cases[i].percent)
			fail_msg("%s: %d available, %d needed, %u %%", cases[i].name,
				 (int)ezlb_ports_available(&row), (int)ezlb_ports_needed(&row),
				 ezlb_ports_percent(&row));
	}
}

static void test_what_conntrack_says(void **state)
{
	struct ezlb_ports_source counts[] = { { 80, range("10.0.0.2").first, 7 },
					      { 80, range("10.0.0.3").first, 100 },
					      { 80, range("10.0.0.5").first, 60000 },
					      { 80, range("10.0.0.6").first, 300 },
					      { 80, range("10.0.0.7").first, 64000 } };
	const struct ezlb_ports_sources sources = { counts, 5, 5 };
	struct ezlb_ports_row row = { .source = range("10.0.0.3-10.0.0.6"),
				      .backend = endpoint("192.168.0.1:80"),
				      .used = 32255 };

	(void)state;
	assert_false(ezlb_ports_doubtful(&row));
	row.used++;
	assert_true(ezlb_ports_doubtful(&row));
	ezlb_ports_refine(&row, &sources);
	assert_true(row.exact);
	assert_int_equal(row.used, 60400);
	assert_int_equal(row.fullest_used, 60000);
	assert_int_equal(ezlb_addr_cmp(&row.fullest, &counts[2].addr), 0);
	assert_int_equal(ezlb_ports_percent(&row), 93);
	/* Whatever the interface's address is, it has the most. */
	row.source = range(NULL);
	ezlb_ports_refine(&row, &sources);
	assert_int_equal(row.used, 64000);
	assert_int_equal(ezlb_addr_cmp(&row.fullest, &counts[4].addr), 0);
	/* None at all. */
	row.source = range("10.0.0.8");
	ezlb_ports_refine(&row, &sources);
	assert_int_equal(row.used, 0);
	assert_int_equal(ezlb_ports_percent(&row), 0);
}

/* Each port of the backend has source ports of its own: the fullest one counts. */
static void test_a_backend_without_a_port(void **state)
{
	struct ezlb_ports_source counts[] = { { 5000, range("10.0.0.3").first, 20000 },
					      { 5000, range("10.0.0.4").first, 20000 },
					      { 5001, range("10.0.0.3").first, 30000 },
					      { 5002, range("10.0.0.9").first, 50000 } };
	const struct ezlb_ports_sources sources = { counts, 4, 4 };
	struct ezlb_ports_row row = { .source = range("10.0.0.3-10.0.0.4"),
				      .backend = endpoint("192.168.0.1"),
				      .used = 120000 };

	(void)state;
	assert_true(ezlb_ports_doubtful(&row));
	ezlb_ports_refine(&row, &sources);
	assert_int_equal(row.backend.port, 5001);
	assert_int_equal(row.used, 30000);
	assert_int_equal(ezlb_ports_percent(&row), 46);
}

static void test_rows_of_the_same_connections(void **state)
{
	const struct ezlb_ports_row row = { .service = key("tcp 10.0.0.1:80"),
					    .source = range("10.0.0.3"),
					    .backend = endpoint("192.168.0.1:80") };
	struct ezlb_ports_row other = row;

	(void)state;
	other.service = key("tcp 10.0.0.2:80");
	other.used = 7;
	assert_true(ezlb_ports_same(&row, &other));
	other.proto = EZLB_UDP;
	assert_false(ezlb_ports_same(&row, &other));
	other = row;
	other.source = range(NULL);
	assert_false(ezlb_ports_same(&row, &other));
	other = row;
	other.backend.port++;
	assert_false(ezlb_ports_same(&row, &other));
}

static void test_low_has_two_limits(void **state)
{
	static const struct {
		uint64_t used;
		bool low, changed;
	} steps[] = {
		{ 51609, false, false }, { 51610, true, true },	 { 64512, true, false },
		{ 51609, true, false },	 { 45159, true, false }, { 45158, false, true },
		{ 51609, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		bool changed;

		ports.len = 0;
		*EZLB_PUSH(&ports) = (struct ezlb_ports_row){ .service = key("tcp 10.0.0.1:80"),
							      .source = range("10.0.0.3"),
							      .used = steps[i].used };
		changed = ezlb_ports_judge(&ports, &before);
		if (ports.items[0].low != steps[i].low || changed != steps[i].changed)
			fail_msg("step %zu: low %d, changed %d", i, ports.items[0].low, changed);
		EZLB_VEC_COPY(&before, &ports);
	}
}

static void test_words(void **state)
{
	static const struct {
		const char *source;
		uint64_t used, fullest;
		const char *want;
	} cases[] = {
		{ "10.0.0.3", 100, 0, "100 of 64512 source ports to 192.168.0.1:80 are used" },
		{ "10.0.0.3", 52000, 0,
		  "52000 of 64512 source ports to 192.168.0.1:80 are used: snat_ip needs 2 "
		  "addresses: write 10.0.0.3-10.0.0.4" },
		{ "10.0.0.3", 64000, 0,
		  "64000 of 64512 source ports to 192.168.0.1:80 are used, and some new connections "
		  "are dropped: snat_ip needs 2 addresses: write 10.0.0.3-10.0.0.4" },
		{ "10.0.0.254-10.0.0.255", 128000, 0,
		  "128000 of 129024 source ports to 192.168.0.1:80 are used, and some new connections "
		  "are dropped: snat_ip needs 4 addresses: write 10.0.0.254-10.0.1.1" },
		{ "10.0.0.3-10.0.0.4", 90000, 59000,
		  "10.0.0.3 uses 59000 of 64512 source ports to 192.168.0.1:80: snat_ip needs 4 "
		  "addresses: write 10.0.0.3-10.0.0.6" },
		{ "10.0.0.3-10.0.0.6", 61000, 59000,
		  "10.0.0.3 uses 59000 of 64512 source ports to 192.168.0.1:80, most of them by "
		  "few clients, which keep their address: add backends" },
		{ NULL, 52000, 0,
		  "52000 of 64512 source ports to 192.168.0.1:80 are used: give the service a "
		  "snat_ip of 2 addresses" },
		{ "255.255.255.254", 120000, 0,
		  "120000 of 64512 source ports to 192.168.0.1:80 are used, and some new connections "
		  "are dropped: snat_ip needs 4 addresses, or the service more backends" },
		{ "fd00::ffff", 64512, 0,
		  "64512 of 64512 source ports to 192.168.0.1:80 are used, and some new connections "
		  "are dropped: snat_ip needs 2 addresses: write fd00::ffff-fd00::1:0" },
	};
	char text[EZLB_PORTS_STRLEN], source[EZLB_RANGE_STRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ezlb_ports_row row = { .source = range(cases[i].source),
						    .backend = endpoint("192.168.0.1:80"),
						    .used = cases[i].used,
						    .exact = cases[i].fullest > 0,
						    .fullest = range("10.0.0.3").first,
						    .fullest_used = cases[i].fullest };

		assert_string_equal(ezlb_ports_explain(&row, text), cases[i].want);
		assert_string_equal(ezlb_ports_source(&row, source),
				    cases[i].source ? cases[i].source : "masquerade");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_the_fullest_backend, teardown),
		cmocka_unit_test_teardown(test_services_that_share_a_backend, teardown),
		cmocka_unit_test_teardown(test_marks, teardown),
		cmocka_unit_test_teardown(test_only_full_nat, teardown),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_what_conntrack_says),
		cmocka_unit_test(test_rows_of_the_same_connections),
		cmocka_unit_test(test_a_backend_without_a_port),
		cmocka_unit_test_teardown(test_low_has_two_limits, teardown),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
