// SPDX-License-Identifier: GPL-2.0-or-later
#include <cm.h>

#include <sys/socket.h>

#include "entries.h"

static struct ezlb_flows flows;

static void add(enum ezlb_proto proto, const char *listen, const char *backend)
{
	*EZLB_PUSH(&flows) = flow(proto, listen, backend);
}

static int teardown(void **state)
{
	(void)state;
	EZLB_VEC_CLEAR(&flows);
	return 0;
}

static void test_find(void **state)
{
	static const struct {
		const char *name;
		enum ezlb_proto proto;
		const char *listen, *backend;
		bool want;
	} cases[] = {
		{ "the flow", EZLB_UDP, "10.0.0.1:53", "10.1.0.2:5353", true },
		{ "the other backend", EZLB_UDP, "10.0.0.1:53", "10.1.0.3:5353", true },
		{ "a backend that is not named", EZLB_UDP, "10.0.0.1:53", "10.1.0.4:5353", false },
		{ "another port of the backend", EZLB_UDP, "10.0.0.1:53", "10.1.0.2:53", false },
		{ "another protocol", EZLB_TCP, "10.0.0.1:53", "10.1.0.2:5353", false },
		{ "another port", EZLB_UDP, "10.0.0.1:54", "10.1.0.2:5353", false },
		{ "another address", EZLB_UDP, "10.0.0.3:53", "10.1.0.2:5353", false },
		{ "another flow of that backend", EZLB_UDP, "10.0.0.2:53", "10.1.0.2:5353", true },
		{ "of another protocol", EZLB_SCTP, "10.0.0.2:53", "10.1.0.2:5353", false },
		{ "IPv6", EZLB_TCP, "[fd00::1]:80", "[fd01::2]:8080", true },
		{ "IPv6, another backend", EZLB_TCP, "[fd00::1]:80", "[fd01::3]:8080", false },
	};
	struct ezlb_flow_index index;

	(void)state;
	add(EZLB_UDP, "10.0.0.2:53", "10.1.0.2:5353");
	add(EZLB_TCP, "[fd00::1]:80", "[fd01::2]:8080");
	add(EZLB_UDP, "10.0.0.1:53", "10.1.0.3:5353");
	add(EZLB_UDP, "10.0.0.1:53", "10.1.0.2:5353");
	ezlb_flow_index_make(&flows, &index);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_ct_entry e = entry(cases[i].proto, "172.16.0.2:9", cases[i].listen,
					       cases[i].backend, 1);

		if ((ezlb_flow_index_find(&index, &e) != NULL) != cases[i].want)
			fail_msg("%s: %s", cases[i].name, cases[i].want ? "missed" : "found");
	}
	ezlb_flow_index_clear(&index);
}

static void test_find_in_none(void **state)
{
	struct ezlb_ct_entry e = entry(EZLB_UDP, "172.16.0.2:9", "10.0.0.1:53", "10.1.0.2:53", 1);

	const struct ezlb_flow_index index = { .flows = { 0 } };

	(void)state;
	assert_null(ezlb_flow_index_find(&index, &e));
}

/* Clients 172.16.0.2:9 and [fd00::9]:9. */
static void test_find_untranslated(void **state)
{
	static const struct {
		const char *name;
		enum ezlb_proto proto;
		const char *listen, *backend, *source;
		bool want;
	} cases[] = {
		{ "as it should be", EZLB_UDP, "10.0.0.1:53", "10.1.0.2:53", "10.0.0.3:9", false },
		{ "from another port", EZLB_UDP, "10.0.0.1:53", "10.1.0.2:53", "10.0.0.3:777",
		  false },
		{ "to any backend", EZLB_UDP, "10.0.0.1:53", "10.1.0.7:53", "10.0.0.3:9", false },
		{ "the client's address", EZLB_UDP, "10.0.0.1:53", "10.1.0.2:53", "172.16.0.2:9",
		  true },
		{ "an earlier snat_ip", EZLB_UDP, "10.0.0.1:53", "10.1.0.2:53", "10.0.0.4:9",
		  true },
		{ "to the host itself", EZLB_UDP, "10.0.0.1:53", "10.0.0.1:53", "172.16.0.2:9",
		  true },
		{ "to the host itself, from snat_ip", EZLB_UDP, "10.0.0.1:53", "10.0.0.1:53",
		  "10.0.0.3:9", true },
		{ "another protocol", EZLB_TCP, "10.0.0.1:53", "10.1.0.2:53", "172.16.0.2:9",
		  false },
		{ "another port", EZLB_UDP, "10.0.0.1:54", "10.1.0.2:53", "172.16.0.2:9", false },
		{ "another listener", EZLB_UDP, "10.0.0.9:53", "10.1.0.2:53", "172.16.0.2:9",
		  false },
		{ "first of a range", EZLB_UDP, "10.0.0.2:53", "10.1.0.2:53", "10.0.1.3:9", false },
		{ "within a range", EZLB_UDP, "10.0.0.2:53", "10.1.0.2:53", "10.0.1.4:9", false },
		{ "last of a range", EZLB_UDP, "10.0.0.2:53", "10.1.0.2:53", "10.0.1.5:9", false },
		{ "below a range", EZLB_UDP, "10.0.0.2:53", "10.1.0.2:53", "10.0.1.2:9", true },
		{ "above a range", EZLB_UDP, "10.0.0.2:53", "10.1.0.2:53", "10.0.1.6:9", true },
		{ "masqueraded", EZLB_UDP, "10.0.0.3:53", "10.1.0.2:53", "192.168.1.1:9", false },
		{ "not masqueraded", EZLB_UDP, "10.0.0.3:53", "10.1.0.2:53", "172.16.0.2:9", true },
		{ "not masqueraded, another port", EZLB_UDP, "10.0.0.3:53", "10.1.0.2:53",
		  "172.16.0.2:10", true },
		{ "IPv6", EZLB_UDP, "[fd00::1]:53", "[fd01::2]:53", "[fd00::3]:9", false },
		{ "IPv6, the client's", EZLB_UDP, "[fd00::1]:53", "[fd01::2]:53", "[fd00::9]:9",
		  true },
		{ "tcp of another service", EZLB_TCP, "10.0.0.4:53", "10.1.0.2:53", "172.16.0.2:9",
		  true },
	};
	struct ezlb_flow_index index;

	(void)state;
	*EZLB_PUSH(&flows) = untranslated(EZLB_TCP, "10.0.0.4:53", "10.0.0.3");
	*EZLB_PUSH(&flows) = untranslated(EZLB_UDP, "10.0.0.3:53", "");
	*EZLB_PUSH(&flows) = untranslated(EZLB_UDP, "[fd00::1]:53", "fd00::3");
	*EZLB_PUSH(&flows) = untranslated(EZLB_UDP, "10.0.0.2:53", "10.0.1.3-10.0.1.5");
	*EZLB_PUSH(&flows) = untranslated(EZLB_UDP, "10.0.0.1:53", "10.0.0.3");
	ezlb_flow_index_make(&flows, &index);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		bool v4 = cases[i].listen[0] != '[';
		struct ezlb_ct_entry e = entry(cases[i].proto, v4 ? "172.16.0.2:9" : "[fd00::9]:9",
					       cases[i].listen, cases[i].backend, 1);

		e.source = endpoint(cases[i].source);
		if ((ezlb_flow_index_find(&index, &e) != NULL) != cases[i].want)
			fail_msg("%s: %s", cases[i].name, cases[i].want ? "missed" : "found");
	}
	ezlb_flow_index_clear(&index);
}

/* A deleted backend, and a service whose flows are looked at, in one call. */
static void test_find_both(void **state)
{
	struct ezlb_ct_entry e = entry(EZLB_UDP, "172.16.0.2:9", "10.0.0.1:53", "10.1.0.2:53", 1);
	struct ezlb_flow_index index;

	(void)state;
	add(EZLB_UDP, "10.0.0.1:53", "10.1.0.2:53");
	*EZLB_PUSH(&flows) = untranslated(EZLB_UDP, "10.0.0.1:53", "10.0.0.3");
	ezlb_flow_index_make(&flows, &index);
	e.source = endpoint("10.0.0.3:9");
	assert_non_null(ezlb_flow_index_find(&index, &e));
	e.backend = endpoint("10.1.0.3:53");
	assert_null(ezlb_flow_index_find(&index, &e));
	e.source = e.client;
	assert_non_null(ezlb_flow_index_find(&index, &e));
	ezlb_flow_index_clear(&index);
}

/*
 * Ports 5000-5100 have a deleted backend with a port, one without, and a service; a port within
 * them has a deleted backend of its own. Ports 6000-6100 of another address have one more backend.
 */
static void add_ranges(void)
{
	add(EZLB_UDP, "10.0.0.1:5000", "10.1.0.2:53");
	add(EZLB_UDP, "10.0.0.1:5000", "10.1.0.3:1");
	flows.items[1].backend.port = 0;
	*EZLB_PUSH(&flows) = untranslated(EZLB_UDP, "10.0.0.1:5000", "10.0.0.3");
	for (size_t i = 0; i < flows.len; i++)
		flows.items[i].last_port = 5100;
	add(EZLB_UDP, "10.0.0.2:6000", "10.1.0.5:53");
	flows.items[3].last_port = 6100;
	add(EZLB_UDP, "10.0.0.1:5050", "10.1.0.4:53");
}

static void test_find_in_ranges(void **state)
{
	static const struct {
		const char *name;
		enum ezlb_proto proto;
		const char *listen, *backend, *source;
		bool want;
	} cases[] = {
		{ "first port", EZLB_UDP, "10.0.0.1:5000", "10.1.0.2:53", "10.0.0.3:9", true },
		{ "within", EZLB_UDP, "10.0.0.1:5050", "10.1.0.2:53", "10.0.0.3:9", true },
		{ "last port", EZLB_UDP, "10.0.0.1:5100", "10.1.0.2:53", "10.0.0.3:9", true },
		{ "below", EZLB_UDP, "10.0.0.1:4999", "10.1.0.2:53", "172.16.0.2:9", false },
		{ "above", EZLB_UDP, "10.0.0.1:5101", "10.1.0.2:53", "172.16.0.2:9", false },
		{ "tcp", EZLB_TCP, "10.0.0.1:5000", "10.1.0.2:53", "172.16.0.2:9", false },
		{ "another address", EZLB_UDP, "10.0.0.2:5000", "10.1.0.2:53", "10.0.0.3:9",
		  false },
		{ "another range", EZLB_UDP, "10.0.0.2:6050", "10.1.0.5:53", "10.0.0.3:9", true },
		{ "backend of another range", EZLB_UDP, "10.0.0.1:5050", "10.1.0.5:53",
		  "10.0.0.3:9", false },
		{ "the client's port", EZLB_UDP, "10.0.0.1:5060", "10.1.0.3:5060", "10.0.0.3:9",
		  true },
		{ "not the client's port", EZLB_UDP, "10.0.0.1:5060", "10.1.0.3:5061", "10.0.0.3:9",
		  false },
		{ "the client's port of another backend", EZLB_UDP, "10.0.0.1:5060",
		  "10.1.0.2:5060", "10.0.0.3:9", false },
		{ "translated", EZLB_UDP, "10.0.0.1:5060", "10.1.0.7:53", "10.0.0.3:9", false },
		{ "untranslated", EZLB_UDP, "10.0.0.1:5060", "10.1.0.7:53", "172.16.0.2:9", true },
		{ "to the host itself", EZLB_UDP, "10.0.0.1:5060", "10.0.0.1:5060", "172.16.0.2:9",
		  true },
		{ "a port of its own", EZLB_UDP, "10.0.0.1:5050", "10.1.0.4:53", "10.0.0.3:9",
		  true },
		{ "not another port", EZLB_UDP, "10.0.0.1:5051", "10.1.0.4:53", "10.0.0.3:9",
		  false },
	};
	struct ezlb_flow_index index;

	(void)state;
	add_ranges();
	ezlb_flow_index_make(&flows, &index);
	assert_int_equal(index.ranges.len, 2);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_ct_entry e = entry(cases[i].proto, "172.16.0.2:9", cases[i].listen,
					       cases[i].backend, 1);

		e.source = endpoint(cases[i].source);
		if ((ezlb_flow_index_find(&index, &e) != NULL) != cases[i].want)
			fail_msg("%s: %s", cases[i].name, cases[i].want ? "missed" : "found");
	}
	ezlb_flow_index_clear(&index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_find, teardown),
		cmocka_unit_test_teardown(test_find_in_none, teardown),
		cmocka_unit_test_teardown(test_find_untranslated, teardown),
		cmocka_unit_test_teardown(test_find_both, teardown),
		cmocka_unit_test_teardown(test_find_in_ranges, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
