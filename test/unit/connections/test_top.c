// SPDX-License-Identifier: GPL-2.0-or-later
#include <connections.h>

static struct ezlb_connections_service web = { .name = "web", .full_nat = true };

/* Its age and bytes are by `i` in different orders; every eighth has none. */
static struct ezlb_connections_row row(unsigned i)
{
	struct ezlb_connections_row out = { .service = &web };

	out.connection = connection_of("tcp 1.1.1.1:1 10.0.0.1:80 192.168.1.2:8080 10.0.0.3:1");
	out.connection.client.port = (uint16_t)(i + 1);
	out.connection.started_ms = i % 8 == 7 ? 0 : 1000 + (i * 7919) % 1009;
	out.connection.counted = i % 8 != 7;
	out.connection.bytes_in = out.connection.counted ? (i * 104729) % 997 : 0;
	out.connection.bytes_out = i % 3;
	return out;
}

static struct ezlb_connections_top top;

static void fill(enum ezlb_connections_sort sort, size_t limit, unsigned n)
{
	ezlb_connections_top_clear(&top);
	top = (struct ezlb_connections_top){ .sort = sort, .limit = limit };
	for (unsigned i = 0; i < n; i++) {
		const struct ezlb_connections_row one = row(i);

		ezlb_connections_top_add(&top, &one, 0);
		assert_true(top.rows.len <= limit);
	}
	ezlb_connections_top_finish(&top);
}

static int teardown(void **state)
{
	(void)state;
	ezlb_connections_top_clear(&top);
	return 0;
}

/* The first ones of all in order: whatever the limit, the same. */
static void test_limits(void **state)
{
	static const size_t limits[] = { 1, 2, 3, 50, 299, 300, 1000 };
	const unsigned n = 300;

	(void)state;
	for (enum ezlb_connections_sort sort = EZLB_CONNECTIONS_BY_AGE;
	     sort <= EZLB_CONNECTIONS_BY_BYTES; sort++) {
		struct ezlb_connections_rows all = { 0 };

		fill(sort, n, n);
		assert_int_equal(top.rows.len, n);
		EZLB_VEC_COPY(&all, &top.rows);
		for (size_t i = 0; i < COUNT_OF(limits); i++) {
			size_t want = limits[i] < n ? limits[i] : n;

			fill(sort, limits[i], n);
			assert_int_equal(top.total, n);
			assert_int_equal(top.rows.len, want);
			for (size_t k = 0; k < want; k++)
				assert_int_equal(ezlb_connection_cmp(&top.rows.items[k].connection,
								     &all.items[k].connection),
						 0);
		}
		EZLB_VEC_CLEAR(&all);
	}
}

static void test_age(void **state)
{
	bool known = true;

	(void)state;
	fill(EZLB_CONNECTIONS_BY_AGE, 100, 100);
	for (size_t i = 0; i + 1 < top.rows.len; i++) {
		int64_t a = top.rows.items[i].connection.started_ms;
		int64_t b = top.rows.items[i + 1].connection.started_ms;

		assert_true(b == 0 || (known && a > 0 && a <= b));
		known &= b != 0;
	}
	assert_false(known);
}

static void test_bytes(void **state)
{
	(void)state;
	fill(EZLB_CONNECTIONS_BY_BYTES, 100, 100);
	for (size_t i = 0; i + 1 < top.rows.len; i++) {
		const struct ezlb_connection *a = &top.rows.items[i].connection, *b = a;

		b = &top.rows.items[i + 1].connection;
		assert_true(a->counted >= b->counted);
		if (a->counted == b->counted)
			assert_true(a->bytes_in + a->bytes_out >= b->bytes_in + b->bytes_out);
	}
	assert_false(top.rows.items[99].connection.counted);
}

/* A dump of a table that changes may have an entry twice. */
static void test_twice(void **state)
{
	const struct ezlb_connections_row one = row(1);

	(void)state;
	fill(EZLB_CONNECTIONS_BY_AGE, 10, 3);
	ezlb_connections_top_add(&top, &one, 0);
	ezlb_connections_top_finish(&top);
	assert_int_equal(top.rows.len, 3);
	assert_int_equal(top.total, 3);
}

static void test_roles(void **state)
{
	const struct ezlb_connections_row one = row(1);

	(void)state;
	fill(EZLB_CONNECTIONS_BY_AGE, 1, 0);
	ezlb_connections_top_add(&top, &one, EZLB_ROLE_CLIENT);
	ezlb_connections_top_add(&top, &one, EZLB_ROLE_CLIENT | EZLB_ROLE_BACKEND);
	ezlb_connections_top_add(&top, &one, EZLB_ROLE_LISTENER);
	assert_int_equal(top.clients, 2);
	assert_int_equal(top.backends, 1);
	assert_int_equal(top.listeners, 1);
	ezlb_connections_top_clear(&top);
	assert_int_equal(top.total + top.clients + top.backends + top.listeners, 0);
	assert_int_equal(top.limit, 1);
}

static void test_words(void **state)
{
	enum ezlb_connections_sort sort;

	(void)state;
	assert_int_equal(ezlb_connections_sort_parse("bytes", &sort), 0);
	assert_string_equal(ezlb_connections_sort_str(sort), "bytes");
	assert_int_equal(ezlb_connections_sort_parse("age", &sort), 0);
	assert_string_equal(ezlb_connections_sort_str(sort), "age");
	assert_true(ezlb_connections_sort_parse("", &sort) < 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_limits), TEST(test_age),   TEST(test_bytes),
		TEST(test_twice),  TEST(test_roles), TEST(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
