// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"
#include "specs.h"

#include <errno.h>

#include <ezlb/conntrack.h>

#include "portcount.h"

static unsigned asked;
static int rc;

/* One address with 100 ports more for each call. */
int ezlb_conntrack_sources(enum ezlb_proto proto, const struct ezlb_endpoint *backend,
			   struct ezlb_ports_sources *out, struct ezlb_err *err)
{
	struct ezlb_ports_source *source;

	(void)proto, (void)err;
	asked++;
	if (rc < 0)
		return rc;
	source = EZLB_PUSH(out);
	source->port = backend->port;
	assert_int_equal(ezlb_addr_parse("10.0.0.3", &source->addr, NULL), 0);
	source->used = 100 * asked;
	return 0;
}

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
	asked = 0;
	rc = 0;
	return 0;
}

/* The service 10.0.0.1:N with one backend. */
static void add(unsigned n, const char *backend, uint32_t connections)
{
	char spec[80];
	struct ezlb_spec *web;

	snprintf(spec, sizeof(spec), "web tcp 10.0.0.1:%u snat=10.0.0.3 %s", n, backend);
	web = spec_of("/d/web.yaml", spec);
	ezlb_ports_want(web, &uses);
	*EZLB_PUSH(&traffic) = (struct ezlb_traffic_row){ .service = web->listeners[0].key,
							  .of_dest = true,
							  .backend = web->backends[0].endpoint,
							  .active = connections };
	ezlb_spec_free(web);
	ezlb_ports_sort(&uses);
	EZLB_SORT(&traffic, ezlb_traffic_row_cmp);
}

static void test_few_connections(void **state)
{
	(void)state;
	add(80, "10.1.0.1:80", 32255);
	portcount_take(&uses, &traffic, &before, 0, &ports);
	assert_int_equal(asked, 0);
	assert_int_equal(ports.items[0].used, 32255);
	assert_false(ports.items[0].exact);
}

/* Services with the same connections are asked for once. */
static void test_many(void **state)
{
	(void)state;
	add(80, "10.1.0.1:80", 30000);
	add(81, "10.1.0.1:80", 30000);
	add(82, "10.1.0.2:80", 40000);
	portcount_take(&uses, &traffic, &before, 0, &ports);
	assert_int_equal(asked, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(ports.items[i].exact);
		assert_int_equal(ports.items[i].used, 100);
		assert_int_equal(ports.items[i].fullest_used, 100);
	}
	assert_int_equal(ports.items[2].used, 200);
}

static void test_no_more_than_four(void **state)
{
	char backend[16];

	(void)state;
	for (unsigned i = 1; i <= 6; i++) {
		snprintf(backend, sizeof(backend), "10.1.0.%u:80", i);
		add(80 + i, backend, 50000 + i);
	}
	portcount_take(&uses, &traffic, &before, 0, &ports);
	assert_int_equal(asked, 4);
	assert_true(ports.items[3].exact);
	assert_false(ports.items[4].exact);
	assert_int_equal(ports.items[4].used, 50005);
}

/* Nobody waits for ever, and what was exact once does not become an estimate again. */
static void test_each_has_its_turn(void **state)
{
	char backend[16];

	(void)state;
	for (unsigned i = 1; i <= 6; i++) {
		snprintf(backend, sizeof(backend), "10.1.0.%u:80", i);
		add(80 + i, backend, 50000 + i);
	}
	for (unsigned turn = 0; turn < 4; turn++) {
		EZLB_VEC_COPY(&before, &ports);
		EZLB_VEC_CLEAR(&ports);
		portcount_take(&uses, &traffic, &before, turn, &ports);
		assert_int_equal(asked, 4 * (turn + 1));
		for (size_t i = 0; i < 6; i++)
			assert_true(ports.items[i].exact == (turn > 0 || i < 4));
	}
	/* 0-3, then 4 5 0 1, then 2-5, then 0-3 */
	assert_int_equal(ports.items[3].used, 1600);
	assert_int_equal(ports.items[4].used, 1100);
}

static void test_conntrack_does_not_say(void **state)
{
	(void)state;
	rc = -EPERM;
	add(80, "10.1.0.1:80", 60000);
	portcount_take(&uses, &traffic, &before, 0, &ports);
	assert_int_equal(asked, 1);
	assert_false(ports.items[0].exact);
	assert_int_equal(ports.items[0].used, 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_few_connections, teardown),
		cmocka_unit_test_teardown(test_many, teardown),
		cmocka_unit_test_teardown(test_no_more_than_four, teardown),
		cmocka_unit_test_teardown(test_each_has_its_turn, teardown),
		cmocka_unit_test_teardown(test_conntrack_does_not_say, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
