// SPDX-License-Identifier: GPL-2.0-or-later
#include <connections.h>

static void test_order(void **state)
{
	/* Each is smaller than the next one. */
	static const char *const sorted[] = {
		"tcp 1.1.1.1:9 10.0.0.1:80 1.0.0.2:80 10.0.0.3:5",
		"tcp 1.1.1.1:9 10.0.0.1:80 1.0.0.3:80 10.0.0.3:5",
		"tcp 1.1.1.1:9 10.0.0.1:80 1.0.0.2:80 10.0.0.3:6",
		"udp 1.1.1.1:9 10.0.0.1:80 1.0.0.2:80 10.0.0.3:5",
		"tcp 1.1.1.1:9 10.0.0.1:81 1.0.0.2:80 10.0.0.3:5",
		"tcp 1.1.1.2:8 10.0.0.1:80 1.0.0.2:80 10.0.0.3:5",
	};
	struct ezlb_connection a = connection_of(sorted[0]), b = a;

	(void)state;
	for (size_t i = 0; i + 1 < COUNT_OF(sorted); i++) {
		a = connection_of(sorted[i]);
		b = connection_of(sorted[i + 1]);
		assert_true(ezlb_connection_cmp(&a, &b) < 0);
		assert_true(ezlb_connection_cmp(&b, &a) > 0);
		assert_int_equal(ezlb_connection_cmp(&a, &a), 0);
	}
	b = a;
	b.id = 1;
	assert_true(ezlb_connection_cmp(&a, &b) < 0);
	a.zone = 1;
	assert_true(ezlb_connection_cmp(&a, &b) > 0);
}

static struct ezlb_endpoint at(const char *text)
{
	struct ezlb_endpoint out = { .port = 0 };

	if (ezlb_addr_parse(text, &out.addr, NULL) < 0)
		assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static void test_answer(void **state)
{
	const struct ezlb_connection_answer a = { EZLB_UDP, at("1.0.0.2:80"), at("10.0.0.3:5") };
	struct ezlb_connection_answer b = a;

	(void)state;
	assert_int_equal(ezlb_connection_answer_cmp(&a, &b), 0);
	b.source.port = 6;
	assert_true(ezlb_connection_answer_cmp(&a, &b) < 0);
	b.backend.port = 79;
	assert_true(ezlb_connection_answer_cmp(&a, &b) > 0);
	b.proto = EZLB_SCTP;
	assert_int_equal(ezlb_connection_answer_cmp(&a, &b) < 0, EZLB_UDP < EZLB_SCTP);
}

static void test_select(void **state)
{
	const struct ezlb_connection c =
		connection_of("tcp 1.1.1.1:9 10.0.0.1:80 1.0.0.2:8080 10.0.0.3:5");
	struct ezlb_connection_select all = { .proto = EZLB_UDP }, select = all;
	struct ezlb_endpoint *const parts[] = { &select.client, &select.listen, &select.backend,
						&select.source };
	static const char *const same[] = { "1.1.1.1:9", "10.0.0.1:80", "1.0.0.2:8080",
					    "10.0.0.3:5" };
	static const char *const host[] = { "1.1.1.1", "10.0.0.1", "1.0.0.2", "10.0.0.3" };
	static const char *const port[] = { "1.1.1.1:8", "10.0.0.1:81", "1.0.0.2:80",
					    "10.0.0.3:6" };

	(void)state;
	assert_true(ezlb_connection_select_has(&all, &c));
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		select = all;
		*parts[i] = at(same[i]);
		assert_true(ezlb_connection_select_has(&select, &c));
		*parts[i] = at(host[i]);
		assert_true(ezlb_connection_select_has(&select, &c));
		*parts[i] = at(port[i]);
		assert_false(ezlb_connection_select_has(&select, &c));
		*parts[i] = at("9.9.9.9");
		assert_false(ezlb_connection_select_has(&select, &c));
	}
	select = all;
	select.has_proto = true;
	assert_false(ezlb_connection_select_has(&select, &c));
	select.proto = EZLB_TCP;
	assert_true(ezlb_connection_select_has(&select, &c));
	select.listen = at("10.0.0.1:79");
	select.last_port = 80;
	assert_true(ezlb_connection_select_has(&select, &c));
	select.last_port = 79;
	assert_false(ezlb_connection_select_has(&select, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_select),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
