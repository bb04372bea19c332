// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters; what else is read of these messages is in test_codec.c. */
#include "counted.h"

#include "codec.h"

/* What is left of them on a kernel before 4.1. */
static const struct ezlb_counters small = {
	.connections = 1,
	.packets_in = 2,
	.packets_out = 3,
	.bytes_in = 0x400000004,
	.bytes_out = 0x500000005,
	.connection_rate = 6,
	.packet_rate_in = 7,
	.packet_rate_out = 8,
	.byte_rate_in = 9,
	.byte_rate_out = 10,
};

static int read_service(const void *msg, size_t len, struct ezlb_traffic_row *out)
{
	return ezlb_ipvs_get_service_traffic(msg, len, out);
}

static int read_dest(const void *msg, size_t len, struct ezlb_traffic_row *out)
{
	struct ezlb_service_key of = key(EZLB_TCP, "10.0.0.1:80");

	return ezlb_ipvs_get_dest_traffic(msg, len, &of, out);
}

static int (*const readers[2])(const void *, size_t, struct ezlb_traffic_row *) = {
	read_service,
	read_dest,
};
static const int wide_nests[2] = { IPVS_SVC_ATTR_STATS64, IPVS_DEST_ATTR_STATS64 };
static const int narrow_nests[2] = { IPVS_SVC_ATTR_STATS, IPVS_DEST_ATTR_STATS };

static void both_messages(struct bytes out[2], enum stats stats)
{
	out[0].len = out[1].len = 0;
	add_counted_service(&out[0], 1, "10.0.0.1:80", stats);
	add_counted_dest(&out[1], 1, "192.168.10.11:8080", stats);
}

/* A copy of exactly the size, so that the sanitizer sees the first byte read beyond it. */
static int read_copy(int i, const unsigned char *msg, size_t len)
{
	unsigned char *copy = malloc(len ? len : 1);
	struct ezlb_traffic_row row;
	int rc;

	assert_non_null(copy);
	memcpy(copy, msg, len);
	rc = readers[i](copy, len, &row);
	free(copy);
	return rc;
}

static const struct {
	const char *name;
	enum stats in;
	const struct ezlb_counters *want; /* NULL: -EBADMSG */
} kernels[] = {
	{ "both, as since 4.1", BOTH, &large },
	{ "64 bits alone", WIDE, &large },
	{ "32 bits alone, as before 4.1", NARROW, &small },
	{ "neither", NO_STATS, NULL },
};

static void test_read(void **state)
{
	struct ezlb_service_key of = key(EZLB_TCP, "10.0.0.1:80");
	struct ezlb_endpoint backend = endpoint("192.168.10.11:8080");

	(void)state;
	for (size_t n = 0; n < 2 * COUNT_OF(kernels); n++) {
		const struct ezlb_counters *want = kernels[n / 2].want;
		struct ezlb_traffic_row row;
		struct bytes b[2];
		size_t i = n % 2;

		print_message("%s\n", kernels[n / 2].name);
		both_messages(b, kernels[n / 2].in);
		assert_int_equal(readers[i](b[i].data, b[i].len, &row), want ? 0 : -EBADMSG);
		if (!want)
			continue;
		assert_memory_equal(&row.counters, want, sizeof(*want));
		assert_int_equal(ezlb_service_key_cmp(&row.service, &of), 0);
		assert_int_equal(row.of_dest, i == 1);
		if (i == 1)
			assert_int_equal(ezlb_endpoint_cmp(&row.backend, &backend), 0);
		assert_int_equal(row.active, i == 0 ? 0 : 7);
		assert_int_equal(row.inactive, i == 0 ? 0 : 70);
		assert_int_equal(row.weight, i == 0 ? 0 : 1);
	}
}

static void test_foreign_service(void **state)
{
	struct ezlb_service_row row = service("10.0.0.1:80");
	struct bytes esp = { .len = 0 };

	(void)state;
	add_service(&esp, 1, &row, 0, 50);
	assert_int_equal(read_copy(0, esp.data, esp.len), -EPROTONOSUPPORT);
}

/* The last nest of a type counts: one in which attribute `type` has `len` bytes, or 0: is missing.
 */
static void add_odd_stats(struct bytes *b, int nest_type, bool wide, int type, size_t len)
{
	const char zeros[16] = { 0 };
	size_t nest = start_nest(b, nest_type);

	for (int t = IPVS_STATS_ATTR_CONNS; t <= IPVS_STATS_ATTR_OUTBPS; t++) {
		bool bytes = t == IPVS_STATS_ATTR_INBYTES || t == IPVS_STATS_ATTR_OUTBYTES;

		if (t != type)
			add_attr(b, t, zeros, wide || bytes ? 8 : 4);
		else if (len > 0)
			add_attr(b, t, zeros, len);
	}
	end_nest(b, nest);
	take_in(b, 0);
}

/* Each count with each length: only the right one is read. */
static void test_count_lengths(void **state)
{
	(void)state;
	for (int n = 0; n < 4 * IPVS_STATS_ATTR_OUTBPS; n++) {
		int i = n % 2, type = n / 4 + IPVS_STATS_ATTR_CONNS;
		bool wide = n & 2;
		bool bytes = type == IPVS_STATS_ATTR_INBYTES || type == IPVS_STATS_ATTR_OUTBYTES;

		for (size_t len = 0; len <= 16; len++) {
			bool right = len == (wide || bytes ? 8 : 4);
			struct bytes b[2];

			both_messages(b, NO_STATS);
			add_odd_stats(&b[i], wide ? wide_nests[i] : narrow_nests[i], wide, type,
				      len);
			assert_int_equal(read_copy(i, b[i].data, b[i].len), right ? 0 : -EBADMSG);
		}
	}
}

/* All the counts are there, and then half an attribute more. */
static void test_garbage_behind_the_counts(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bytes b[2];
		size_t nest;

		both_messages(b, NO_STATS);
		nest = b[i].len;
		add_wide(&b[i], wide_nests[i], &large);
		add(&b[i], "\3", 1);
		end_nest(&b[i], nest);
		take_in(&b[i], 0);
		assert_int_equal(read_copy(i, b[i].data, b[i].len), -EBADMSG);
	}
}

static const struct {
	const char *name;
	int i, attr;
	size_t len;
} bad_attrs[] = {
	{ "empty counters of a service", 0, IPVS_SVC_ATTR_STATS64, 0 },
	{ "no attributes in the counters", 0, IPVS_SVC_ATTR_STATS64, 3 },
	{ "long protocol", 0, IPVS_SVC_ATTR_PROTOCOL, 4 },
	{ "short port", 0, IPVS_SVC_ATTR_PORT, 1 },
	{ "empty counters of a dest", 1, IPVS_DEST_ATTR_STATS64, 0 },
	{ "short active connections", 1, IPVS_DEST_ATTR_ACTIVE_CONNS, 2 },
	{ "long inactive connections", 1, IPVS_DEST_ATTR_INACT_CONNS, 8 },
	{ "long weight", 1, IPVS_DEST_ATTR_WEIGHT, 8 },
	{ "short address", 1, IPVS_DEST_ATTR_ADDR, 4 },
	{ "long family", 1, IPVS_DEST_ATTR_ADDR_FAMILY, 4 },
};

static void test_bad_attrs(void **state)
{
	const char zeros[16] = { 0 };

	(void)state;
	for (size_t n = 0; n < COUNT_OF(bad_attrs); n++) {
		int i = bad_attrs[n].i;
		struct bytes b[2];

		print_message("%s\n", bad_attrs[n].name);
		both_messages(b, BOTH);
		add_attr(&b[i], bad_attrs[n].attr, zeros, bad_attrs[n].len);
		take_in(&b[i], 0);
		assert_int_equal(read_copy(i, b[i].data, b[i].len), -EBADMSG);
	}
}

/* Cut anywhere, and every length in it a lie: refused or read, never beyond the end. */
static void test_hostile(void **state)
{
	struct bytes b[2];
	int refused = 0;

	(void)state;
	both_messages(b, BOTH);
	for (int i = 0; i < 2; i++) {
		for (size_t len = 0; len < b[i].len; len++)
			assert_int_equal(read_copy(i, b[i].data, len), -EBADMSG);
		for (size_t at = NEST; at + 2 <= b[i].len; at += 4) {
			uint16_t was;

			memcpy(&was, b[i].data + at, sizeof(was));
			for (uint16_t lie = 0; lie < 400; lie++) {
				memcpy(b[i].data + at, &lie, sizeof(lie));
				refused += read_copy(i, b[i].data, b[i].len) == -EBADMSG;
			}
			memcpy(b[i].data + at, &was, sizeof(was));
		}
		assert_int_equal(read_copy(i, b[i].data, b[i].len), 0);
	}
	assert_true(refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_foreign_service),
		cmocka_unit_test(test_count_lengths),
		cmocka_unit_test(test_garbage_behind_the_counts),
		cmocka_unit_test(test_bad_attrs),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
