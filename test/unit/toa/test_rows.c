// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows as entries of the map: byte by byte, because the BPF program compares them so. */
#include "cm.h"

#include <stddef.h>
#include <sys/socket.h>

#include "rows.h"

static void test_listener(void **state)
{
	const struct ezlb_toa_service_key want = { .address = { 10, 0, 0, 1 },
						   .port = 0x5000, /* 80, on a little-endian CPU */
						   .family = AF_INET };
	struct ezlb_service_key service = { .proto = EZLB_TCP };
	struct ezlb_toa_service_key got;

	(void)state;
	assert_int_equal(ezlb_endpoint_parse("10.0.0.1:80", &service.listen, NULL), 0);
	memset(&got, 0xff, sizeof(got));
	ezlb_toa_key_encode(&service, &got);
	assert_memory_equal(got.address, want.address, 16);
	assert_memory_equal(&got.port, "\0\120", 2);
	assert_int_equal(got.family, AF_INET);
	assert_int_equal(got.zero, 0);
	assert_int_equal(got.mark, 0);
}

static void test_there_and_back(void **state)
{
	static const char *const listeners[] = { "10.0.0.1:80", "[fd00:10::1]:65535", NULL };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct ezlb_toa_row row = { .mode = i % 2 ? EZLB_TOA_ADD : EZLB_TOA_STRIP,
					    .ipv6_kind = 253 },
				    got;
		struct ezlb_toa_service value = { .mode = (uint8_t)row.mode, .ipv6_kind = 253 };
		struct ezlb_toa_service_key key;

		if (listeners[i])
			assert_int_equal(
				ezlb_endpoint_parse(listeners[i], &row.service.listen, NULL), 0);
		else
			row.service = (struct ezlb_service_key){ .listen.addr.family = AF_INET6,
								 .fwmark = 0x80000007 };
		ezlb_toa_key_encode(&row.service, &key);
		memset(&got, 0xff, sizeof(got));
		ezlb_toa_row_decode(&key, &value, &got);
		assert_int_equal(ezlb_toa_row_cmp(&row, &got), 0);
		assert_true(ezlb_toa_row_same(&row, &got));
		assert_int_equal(got.service.fwmark, row.service.fwmark);
	}
}

/* What decoding ignores makes another entry of the same row, which nobody could delete. */
static void test_odd(void **state)
{
	static const struct {
		struct ezlb_toa_service_key key;
		uint8_t mode;
		bool odd;
	} rows[] = {
		{ { .address = { 10, 0, 0, 1 }, .port = 0x5000, .family = AF_INET }, 1, false },
		{ { .address = { 10, 0, 0, 1 }, .port = 0x5000, .family = AF_INET6 }, 0, false },
		{ { .family = AF_INET, .mark = 7 }, 1, false },
		{ { .port = 0x5000, .family = AF_INET, .mark = 7 }, 1, false },
		{ { .address = { 10 }, .family = AF_INET, .mark = 7 }, 1, false },
		{ { .port = 0x5000, .family = AF_INET, .zero = 1 }, 1, true },
		{ { .port = 0x5000, .family = AF_INET }, 2, true },
		{ { .port = 0x5000, .family = 0 }, 1, true },
		{ { .port = 0x5000, .family = 99 }, 1, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ezlb_toa_service value = { .mode = rows[i].mode, .ipv6_kind = 254 };

		if (ezlb_toa_is_odd(&rows[i].key, &value) != rows[i].odd)
			fail_msg("row %zu", i);
	}
}

/* The kernel compares all bytes, so there may be none that nobody sets. */
static void test_no_holes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct ezlb_toa_service_key), 16 + 2 + 1 + 1 + 4);
	assert_int_equal(sizeof(struct ezlb_toa_connection_key), 32 + 2 * 2 + 4);
	assert_int_equal(offsetof(struct ezlb_toa_connection, zero) + 1,
			 sizeof(struct ezlb_toa_connection));
	assert_int_equal(EZLB_TOA_MODE_STRIP, EZLB_TOA_STRIP);
	assert_int_equal(EZLB_TOA_MODE_ADD, EZLB_TOA_ADD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_no_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
