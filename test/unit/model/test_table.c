// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include <ezlb/table.h>
#include <ezlb/verdict.h>

static struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

/* Text NULL: none. */
static struct ezlb_addr_range range(const char *text)
{
	struct ezlb_addr_range out = { .first = { 0 } };

	assert_int_equal(text ? ezlb_range_parse(text, &out, NULL) : 0, 0);
	return out;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Sorted: protocol, listener; for dests and SNAT the second endpoint behind it. */
static const struct {
	enum ezlb_proto proto;
	const char *first, *second;
} keys[] = {
	{ EZLB_TCP, "10.0.0.1:80", "10.1.0.1:80" }, { EZLB_TCP, "10.0.0.1:80", "10.1.0.1:81" },
	{ EZLB_TCP, "10.0.0.1:80", "10.1.0.2:80" }, { EZLB_TCP, "10.0.0.1:443", "10.1.0.1:80" },
	{ EZLB_TCP, "10.0.0.2:80", "10.1.0.1:80" }, { EZLB_TCP, "[fd00::1]:80", "[fd00::2]:80" },
	{ EZLB_UDP, "10.0.0.1:80", "10.1.0.1:80" }, { EZLB_SCTP, "10.0.0.1:80", "10.1.0.1:80" },
};

static void check_order(ezlb_cmp_fn cmp, const void *rows, size_t size)
{
	const char *items = rows;

	for (int i = 0; i < (int)COUNT_OF(keys); i++)
		for (int k = 0; k < (int)COUNT_OF(keys); k++)
			assert_int_equal(
				sign(cmp(items + (size_t)i * size, items + (size_t)k * size)),
				sign(i - k));
}

static void test_dest_rows_are_in_total_order(void **state)
{
	struct ezlb_dest_row rows[COUNT_OF(keys)];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		rows[i] = (struct ezlb_dest_row){
			.service = { keys[i].proto, ep(keys[i].first) },
			.endpoint = ep(keys[i].second),
			.weight = (uint32_t)(100 - i), /* values have no say */
		};
	check_order(ezlb_dest_row_cmp, rows, sizeof(rows[0]));
}

static void test_service_and_snat_rows_order_by_key_alone(void **state)
{
	for (int i = 2; i < (int)COUNT_OF(keys); i++)
		for (int k = 2; k < (int)COUNT_OF(keys); k++) {
			struct ezlb_service_row a = { .key = { keys[i].proto, ep(keys[i].first) },
						      .timeout = (uint32_t)k };
			struct ezlb_service_row b = { .key = { keys[k].proto, ep(keys[k].first) },
						      .timeout = (uint32_t)i };
			struct ezlb_snat_row c = { .key.proto = keys[i].proto,
						   .key.endpoint = ep(keys[i].first) };
			struct ezlb_snat_row d = { .key.proto = keys[k].proto,
						   .key.endpoint = ep(keys[k].first),
						   .to = range("10.9.0.1") };

			assert_int_equal(sign(ezlb_service_row_cmp(&a, &b)), sign(i - k));
			assert_int_equal(sign(ezlb_service_key_cmp(&a.key, &b.key)), sign(i - k));
			assert_int_equal(sign(ezlb_snat_row_cmp(&c, &d)), sign(i - k));
		}
	(void)state;
}

static void test_setting_rows_order(void **state)
{
	static const struct ezlb_setting_row rows[] = {
		{ EZLB_VS_CONNTRACK, "", 3 },
		{ EZLB_IP_FORWARD, "", 2 },
		{ EZLB_ACCEPT_RA, "eth0", 1 },
		{ EZLB_ACCEPT_RA, "eth1", 0 },
	};

	(void)state;
	for (int i = 0; i < (int)COUNT_OF(rows); i++)
		for (int k = 0; k < (int)COUNT_OF(rows); k++) {
			struct ezlb_setting_row other = rows[k];

			other.value = 7; /* values have no say */
			assert_int_equal(sign(ezlb_setting_row_cmp(&rows[i], &other)), sign(i - k));
		}
}

static void test_accept_rows_order(void **state)
{
	const struct ezlb_accept_row rows[] = {
		{ EZLB_GATE_INPUT, { EZLB_TCP, ep("10.0.0.1:80"), 0 } },
		{ EZLB_GATE_INPUT, { EZLB_UDP, ep("10.0.0.1:80"), 0 } },
		{ EZLB_GATE_FORWARD, { EZLB_TCP, ep("10.0.0.1:80"), 0 } },
	};

	(void)state;
	for (int i = 0; i < (int)COUNT_OF(rows); i++)
		for (int k = 0; k < (int)COUNT_OF(rows); k++)
			assert_int_equal(sign(ezlb_accept_row_cmp(&rows[i], &rows[k])),
					 sign(i - k));
}

static void test_link_and_vip_rows_order(void **state)
{
	const struct ezlb_vip_row rows[] = {
		{ "a0", ep("10.0.0.1:1").addr },
		{ "a0", ep("[fd00::1]:1").addr },
		{ "b0", ep("10.0.0.1:1").addr },
	};
	const struct ezlb_link_row a = { "a0" }, b = { "b0" };

	(void)state;
	for (int i = 0; i < (int)COUNT_OF(rows); i++)
		for (int k = 0; k < (int)COUNT_OF(rows); k++)
			assert_int_equal(sign(ezlb_vip_row_cmp(&rows[i], &rows[k])), sign(i - k));
	assert_true(ezlb_link_row_cmp(&a, &b) < 0);
	assert_true(ezlb_link_row_cmp(&b, &a) > 0);
	assert_int_equal(ezlb_link_row_cmp(&a, &a), 0);
	assert_true(ezlb_addr_row_cmp(&rows[0].addr, &rows[1].addr) < 0);
	assert_int_equal(ezlb_addr_row_cmp(&rows[0].addr, &rows[2].addr), 0);
}

static void test_keys_with_marks(void **state)
{
	static const char *const texts[] = { "tcp 10.0.0.1:80", "udp [fd00::1]:53", "fwmark 7",
					     "fwmark 7 ipv6", "fwmark 4294967295" };
	static const char *const bad[] = { "",
					   "tcp",
					   "tcp 10.0.0.1",
					   "icmp 10.0.0.1:1",
					   "fwmark 0",
					   "fwmark",
					   "fwmark -1",
					   "fwmark 07",
					   "fwmark 7 ipv4",
					   "fwmark 7x",
					   "fwmark 4294967296" };
	struct ezlb_service_key read[COUNT_OF(texts)], key = { .fwmark = 5 };
	char buf[EZLB_SERVICE_KEY_STRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_int_equal(ezlb_service_key_parse(texts[i], &read[i]), 0);
		assert_string_equal(ezlb_service_key_format(&read[i], buf), texts[i]);
		for (size_t k = 0; k < i; k++)
			assert_true(ezlb_service_key_cmp(&read[k], &read[i]) != 0);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(ezlb_service_key_parse(bad[i], &key), -EINVAL);
		assert_int_equal(key.fwmark, 5);
	}
}

static void test_service_same_compares_each_value(void **state)
{
	const struct ezlb_service_row a = {
		.key = { .proto = EZLB_TCP, .listen = ep("10.0.0.1:80") },
		.scheduler = "wrr",
		.flags = 1,
		.timeout = 300,
		.netmask = ~0u,
	};
	struct ezlb_service_row b = a;

	(void)state;
	b.key = (struct ezlb_service_key){ EZLB_UDP, ep("10.0.0.2:80"), 0 };
	assert_true(ezlb_service_row_same(&a, &b)); /* the key is not for _same */
	ezlb_strcpy(b.scheduler, sizeof(b.scheduler), "wrx");
	assert_false(ezlb_service_row_same(&a, &b));
	b = a;
	b.flags = 2;
	assert_false(ezlb_service_row_same(&a, &b));
	b = a;
	b.timeout = 301;
	assert_false(ezlb_service_row_same(&a, &b));
	b = a;
	b.netmask = 128;
	assert_false(ezlb_service_row_same(&a, &b));
	b = a;
	ezlb_strcpy(b.engine, sizeof(b.engine), "sip");
	assert_false(ezlb_service_row_same(&a, &b));
}

static void test_dest_same_compares_each_value(void **state)
{
	const struct ezlb_dest_row a = {
		.service = { .proto = EZLB_TCP, .listen = ep("10.0.0.1:80") },
		.endpoint = ep("10.1.0.1:80"),
		.forward = EZLB_MASQ,
		.weight = 1,
		.upper = 20,
		.lower = 10,
		.full_nat = true,
	};
	struct ezlb_dest_row b = a;

	(void)state;
	b.full_nat = false; /* says what the row needs, is not in the kernel */
	b.active = 7;
	b.endpoint = ep("10.1.0.2:80");
	assert_true(ezlb_dest_row_same(&a, &b));
	b = a;
	b.forward = EZLB_DIRECT;
	assert_false(ezlb_dest_row_same(&a, &b));
	b = a;
	b.weight = 0;
	assert_false(ezlb_dest_row_same(&a, &b));
	b = a;
	b.upper = 0;
	assert_false(ezlb_dest_row_same(&a, &b));
	b = a;
	b.lower = 0;
	assert_false(ezlb_dest_row_same(&a, &b));
	b = a;
	b.tunnel.type = EZLB_TUNNEL_GUE;
	assert_false(ezlb_dest_row_same(&a, &b));
	b = a;
	b.tunnel.port = 6080;
	assert_false(ezlb_dest_row_same(&a, &b));
	b = a;
	b.tunnel.checksum = EZLB_TUNNEL_CSUM;
	assert_false(ezlb_dest_row_same(&a, &b));
}

static void test_snat_same_compares_the_source(void **state)
{
	static const char *const others[] = { "10.9.0.2", "10.9.0.1-10.9.0.2", "10.9.0.0-10.9.0.1",
					      NULL };
	const struct ezlb_snat_row a = { .key.proto = EZLB_TCP,
					 .key.endpoint = ep("10.1.0.1:80"),
					 .to = range("10.9.0.1") };
	struct ezlb_snat_row b = { .key.proto = EZLB_UDP,
				   .key.endpoint = ep("10.1.0.2:80"),
				   .to = range("10.9.0.1-10.9.0.1"),
				   .connections = 7 };

	(void)state;
	assert_true(ezlb_snat_row_same(&a, &b));
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		b.to = range(others[i]);
		assert_false(ezlb_snat_row_same(&a, &b));
	}
}

static void test_scope_has(void **state)
{
	struct ezlb_service_key tcp = { EZLB_TCP, ep("10.0.0.1:80"), 0 };
	struct ezlb_service_key udp = { EZLB_UDP, ep("10.0.0.1:80"), 0 };
	struct ezlb_scope scope = { 0 };

	(void)state;
	assert_false(ezlb_scope_has(&scope, &tcp));
	*EZLB_PUSH(&scope) = tcp;
	assert_true(ezlb_scope_has(&scope, &tcp));
	assert_false(ezlb_scope_has(&scope, &udp));
	EZLB_VEC_CLEAR(&scope);
}

/* Of each other kind two rows, the wrong way round. */
static void push_around(struct ezlb_table *t)
{
	EZLB_PUSH(&t->settings)->setting = EZLB_IP_FORWARD;
	EZLB_PUSH(&t->settings)->setting = EZLB_VS_CONNTRACK;
	EZLB_PUSH(&t->accepts)->gate = EZLB_GATE_FORWARD;
	EZLB_PUSH(&t->accepts)->gate = EZLB_GATE_INPUT;
	strcpy(EZLB_PUSH(&t->links)->device, "b0");
	strcpy(EZLB_PUSH(&t->links)->device, "a0");
	strcpy(EZLB_PUSH(&t->vips)->device, "b0");
	strcpy(EZLB_PUSH(&t->vips)->device, "a0");
	*EZLB_PUSH(&t->elsewhere) = ep("10.0.0.2:1").addr;
	*EZLB_PUSH(&t->elsewhere) = ep("10.0.0.1:1").addr;
}

static void test_sort_and_clear(void **state)
{
	struct ezlb_table t, none;

	(void)state;
	memset(&t, 0, sizeof(t));
	memset(&none, 0, sizeof(none));
	t.snat_wanted = t.snat_present = t.snat_sound = true;
	t.accepts_wanted = t.accepts_present = t.accepts_sound = t.gates[1][1] = true;
	ezlb_table_sort(&t); /* empty */
	for (size_t i = COUNT_OF(keys); i-- > 2;) {
		EZLB_PUSH(&t.services)->key = (struct ezlb_service_key){ keys[i].proto,
									 ep(keys[i].first), 0 };
		EZLB_PUSH(&t.dests)->service = t.services.items[t.services.len - 1].key;
		*EZLB_PUSH(&t.snats) = (struct ezlb_snat_row){ .key.proto = keys[i].proto,
							       .key.endpoint = ep(keys[i].second) };
	}
	push_around(&t);
	ezlb_table_sort(&t);
	for (size_t i = 1; i < t.services.len; i++) {
		assert_true(ezlb_service_row_cmp(&t.services.items[i - 1], &t.services.items[i]) <
			    0);
		assert_true(ezlb_dest_row_cmp(&t.dests.items[i - 1], &t.dests.items[i]) < 0);
		assert_true(ezlb_snat_row_cmp(&t.snats.items[i - 1], &t.snats.items[i]) <= 0);
	}
	assert_int_equal(t.settings.items[0].setting, EZLB_VS_CONNTRACK);
	assert_int_equal(t.accepts.items[0].gate, EZLB_GATE_INPUT);
	assert_string_equal(t.links.items[0].device, "a0");
	assert_string_equal(t.vips.items[0].device, "a0");
	assert_true(ezlb_addr_row_cmp(&t.elsewhere.items[0], &t.elsewhere.items[1]) < 0);
	ezlb_table_clear(&t);
	assert_memory_equal(&t, &none, sizeof(t));
}

static void test_texts(void **state)
{
	struct ezlb_service_key key = { EZLB_SCTP,
					ep("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"), 0 };
	char buf[EZLB_SERVICE_KEY_STRLEN];

	(void)state;
	assert_string_equal(ezlb_service_key_format(&key, buf),
			    "sctp [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
	assert_string_equal(ezlb_gate_str(EZLB_GATE_INPUT), "input");
	assert_string_equal(ezlb_gate_str(EZLB_GATE_FORWARD), "forward");
}

static void test_key_of_a_spec(void **state)
{
	struct ezlb_listener listeners[] = {
		{ .key = { .proto = EZLB_SCTP, .listen = ep("[fd00::1]:80") } },
		{ .key = { .proto = EZLB_UDP, .listen = ep("[fd00::1]:80") } },
	};
	const struct ezlb_spec spec = { .listeners = listeners, .n_listeners = 2 };
	const struct ezlb_service_key key = ezlb_spec_key(&spec);

	(void)state;
	assert_int_equal(ezlb_service_key_cmp(&key, &listeners[0].key), 0);
	assert_true(ezlb_spec_has(&spec, &listeners[1].key));
	listeners[1].key.fwmark = 1;
	assert_false(ezlb_spec_has(&spec, &(struct ezlb_service_key){ .proto = EZLB_UDP }));
}

static void test_verdict_of_a_backend(void **state)
{
	struct ezlb_verdict_row rows[] = { { .service = "api", .backend = ep("10.1.0.1:80") },
					   { .service = "web", .backend = ep("10.1.0.1:80") },
					   { .service = "web", .backend = ep("10.1.0.2:80") } };
	const struct ezlb_verdicts verdicts = { rows, COUNT_OF(rows), COUNT_OF(rows) };
	struct ezlb_spec spec = { .name = "web" };
	struct ezlb_endpoint backend = ep("10.1.0.1:80");

	(void)state;
	assert_ptr_equal(ezlb_verdict_find(&verdicts, &spec, &backend), &rows[1]);
	backend = ep("10.1.0.2:80");
	assert_ptr_equal(ezlb_verdict_find(&verdicts, &spec, &backend), &rows[2]);
	ezlb_strcpy(spec.name, sizeof(spec.name), "api");
	assert_null(ezlb_verdict_find(&verdicts, &spec, &backend));
}

static void test_snat_keys(void **state)
{
	const struct ezlb_service_key service = { EZLB_UDP, ep("10.0.0.1:53"), 0 };
	const struct ezlb_endpoint backend = ep("10.1.0.1:53");
	const struct ezlb_snat_key of_backend = ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, &service,
								 &backend);
	const struct ezlb_snat_key of_listener = ezlb_snat_key_of(EZLB_SNAT_KEY_LISTENER, &service,
								  &backend);
	struct ezlb_snat_key other = of_backend;

	(void)state;
	assert_int_equal(of_backend.kind, EZLB_SNAT_KEY_BACKEND);
	assert_int_equal(of_backend.proto, EZLB_UDP);
	assert_int_equal(ezlb_endpoint_cmp(&of_backend.endpoint, &backend), 0);
	assert_int_equal(of_listener.kind, EZLB_SNAT_KEY_LISTENER);
	assert_int_equal(of_listener.proto, EZLB_UDP);
	assert_int_equal(ezlb_endpoint_cmp(&of_listener.endpoint, &service.listen), 0);
	/* A backend may have the same address as a listener: they are two keys all the same. */
	other.kind = EZLB_SNAT_KEY_LISTENER;
	assert_true(ezlb_snat_key_cmp(&of_backend, &other) < 0);
	assert_true(ezlb_snat_key_cmp(&other, &of_backend) > 0);
	assert_int_equal(ezlb_snat_key_cmp(&of_backend, &of_backend), 0);
}

static void test_copy(void **state)
{
	struct ezlb_table from = { .snat_wanted = true, .gates = { { true, false } } };
	struct ezlb_table to = { .accepts_sound = true };

	(void)state;
	EZLB_PUSH(&from.services)->flags = 1;
	EZLB_PUSH(&from.dests)->weight = 2;
	EZLB_PUSH(&from.snats)->connections = 3;
	EZLB_PUSH(&from.settings)->value = 4;
	EZLB_PUSH(&from.accepts)->gate = EZLB_GATE_FORWARD;
	EZLB_PUSH(&from.links)->device[0] = 'a';
	EZLB_PUSH(&from.vips)->device[0] = 'b';
	EZLB_PUSH(&from.elsewhere)->family = 5;
	for (int i = 0; i < 3; i++)
		EZLB_PUSH(&to.dests);
	ezlb_table_copy(&to, &from);
	ezlb_table_clear(&from);
	assert_true(to.snat_wanted && to.gates[0][0] && !to.accepts_sound);
	assert_int_equal(to.services.items[0].flags, 1);
	assert_int_equal(to.dests.len, 1);
	assert_int_equal(to.dests.items[0].weight, 2);
	assert_int_equal(to.snats.items[0].connections, 3);
	assert_int_equal(to.settings.items[0].value, 4);
	assert_int_equal(to.accepts.items[0].gate, EZLB_GATE_FORWARD);
	assert_int_equal(to.links.items[0].device[0], 'a');
	assert_int_equal(to.vips.items[0].device[0], 'b');
	assert_int_equal(to.elsewhere.items[0].family, 5);
	ezlb_table_clear(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_dest_rows_are_in_total_order),
		cmocka_unit_test(test_service_and_snat_rows_order_by_key_alone),
		cmocka_unit_test(test_setting_rows_order),
		cmocka_unit_test(test_accept_rows_order),
		cmocka_unit_test(test_link_and_vip_rows_order),
		cmocka_unit_test(test_keys_with_marks),
		cmocka_unit_test(test_service_same_compares_each_value),
		cmocka_unit_test(test_dest_same_compares_each_value),
		cmocka_unit_test(test_snat_same_compares_the_source),
		cmocka_unit_test(test_scope_has),
		cmocka_unit_test(test_sort_and_clear),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_key_of_a_spec),
		cmocka_unit_test(test_snat_keys),
		cmocka_unit_test(test_verdict_of_a_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
