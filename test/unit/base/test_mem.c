// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <fcntl.h>
#include <unistd.h>

#include <ezlb/mem.h>

struct pair {
	int key;
	int rest;
};

static int pair_cmp(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;

	return (a->key > b->key) - (a->key < b->key);
}

static void test_vector_grows_and_new_items_are_zero(void **state)
{
	struct EZLB_VEC(struct pair) v = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct pair *item = EZLB_PUSH(&v);

		assert_int_equal(item->key, 0);
		assert_int_equal(item->rest, 0);
		*item = (struct pair){ i, ~i };
	}
	assert_int_equal(v.len, 1000);
	assert_true(v.cap >= v.len);
	for (int i = 0; i < 1000; i++)
		assert_true(v.items[i].key == i && v.items[i].rest == ~i);
	/* A place that was used before comes back zeroed. */
	v.len = 10;
	assert_int_equal(EZLB_PUSH(&v)->key, 0);
	assert_int_equal(v.items[9].key, 9);
	EZLB_VEC_CLEAR(&v);
	assert_null(v.items);
	assert_int_equal(v.len, 0);
	assert_int_equal(v.cap, 0);
}

static void test_room_for_many(void **state)
{
	struct EZLB_VEC(char) v = { 0 };
	char *end;
	size_t cap;

	(void)state;
	for (size_t n = 1; n <= 5000; n += 7) {
		char *room = EZLB_ROOM(&v, n);

		assert_ptr_equal(room, v.items + v.len);
		assert_true(v.cap - v.len >= n);
		memset(room, (int)n, n);
		v.len += n;
	}
	cap = v.cap;
	for (size_t n = 1, at = 0; n <= 5000; at += n, n += 7)
		assert_true(v.items[at] == (char)n && v.items[at + n - 1] == (char)n);
	/* As much as there is: nothing grows. */
	end = EZLB_ROOM(&v, cap - v.len);
	assert_ptr_equal(end, v.items + v.len);
	assert_int_equal(v.cap, cap);
	EZLB_VEC_CLEAR(&v);
}

static void test_fit(void **state)
{
	struct EZLB_VEC(int) v = { 0 };

	(void)state;
	EZLB_VEC_FIT(&v);
	assert_null(v.items);
	for (int i = 0; i < 100; i++)
		*EZLB_PUSH(&v) = i;
	assert_true(v.cap > 100);
	EZLB_VEC_FIT(&v);
	assert_int_equal(v.cap, 100);
	assert_int_equal(v.len, 100);
	assert_int_equal(*EZLB_PUSH(&v), 0); /* it can still grow */
	for (int i = 0; i < 100; i++)
		assert_int_equal(v.items[i], i);
	v.len = 0;
	EZLB_VEC_FIT(&v);
	assert_null(v.items);
	assert_int_equal(v.cap, 0);
}

static void test_sort_and_find(void **state)
{
	struct EZLB_VEC(struct pair) v = { 0 };
	struct pair key = { .key = 3 };
	struct pair *found;

	(void)state;
	EZLB_SORT(&v, pair_cmp); /* an empty vector has no items pointer */
	assert_null(EZLB_FIND(&v, &key, pair_cmp));
	assert_int_equal(EZLB_FIRST(&v, &key, pair_cmp), 0);
	for (int i = 0; i < 7; i++)
		*EZLB_PUSH(&v) = (struct pair){ (i * 5) % 7, i };
	EZLB_SORT(&v, pair_cmp);
	for (int i = 0; i < 7; i++)
		assert_int_equal(v.items[i].key, i);
	found = EZLB_FIND(&v, &key, pair_cmp);
	assert_ptr_equal(found, &v.items[3]);
	key.key = 7;
	assert_null(EZLB_FIND(&v, &key, pair_cmp));
	for (int i = -1; i <= 7; i++) {
		key.key = i;
		assert_int_equal(EZLB_FIRST(&v, &key, pair_cmp), i < 0 ? 0 : i);
	}
	v.items[2].key = v.items[4].key = 3; /* 3 three times */
	key.key = 3;
	assert_int_equal(EZLB_FIRST(&v, &key, pair_cmp), 2);
	EZLB_VEC_CLEAR(&v);
}

static size_t n_compared;

static int counted_cmp(const void *a, const void *b)
{
	n_compared++;
	return pair_cmp(a, b);
}

/* Rows that are in order already cost one look at each; equal ones stay as they are. */
static void test_sorted_is_not_sorted_again(void **state)
{
	enum { N = 1000 };
	struct EZLB_VEC(struct pair) v = { 0 };

	(void)state;
	for (int i = 0; i < N; i++)
		*EZLB_PUSH(&v) = (struct pair){ i / 2, i };
	n_compared = 0;
	EZLB_SORT(&v, counted_cmp);
	assert_int_equal(n_compared, N - 1);
	for (int i = 0; i < N; i++)
		assert_int_equal(v.items[i].rest, i);
	v.items[N - 1].key = -1; /* only the last one is at the wrong place */
	EZLB_SORT(&v, counted_cmp);
	assert_int_equal(v.items[0].key, -1);
	assert_int_equal(v.items[1].key, 0);
	assert_int_equal(v.items[N - 1].key, (N - 2) / 2);
	EZLB_VEC_CLEAR(&v);
}

static void test_append_and_unique(void **state)
{
	struct EZLB_VEC(struct pair) v = { 0 }, twice = { 0 };

	(void)state;
	EZLB_UNIQUE(&v, pair_cmp); /* an empty vector has no items pointer */
	assert_int_equal(v.len, 0);
	for (int i = 0; i < 7; i++)
		*EZLB_PUSH(&v) = (struct pair){ i / 3, i };
	EZLB_VEC_APPEND(&v, &twice); /* nothing */
	assert_int_equal(v.len, 7);
	EZLB_VEC_APPEND(&twice, &v);
	EZLB_VEC_APPEND(&twice, &v);
	assert_int_equal(twice.len, 14);
	assert_int_equal(twice.items[8].rest, 1);
	EZLB_UNIQUE(&v, pair_cmp);
	assert_int_equal(v.len, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(v.items[i].key, i);
		assert_int_equal(v.items[i].rest, 3 * i); /* the first of each */
	}
	EZLB_VEC_CLEAR(&v);
	EZLB_VEC_CLEAR(&twice);
}

static void test_strcpy_cuts_and_says_so(void **state)
{
	static const struct {
		const char *src, *want;
		bool fits;
	} cases[] = {
		{ "", "", true },
		{ "abc", "abc", true },
		{ "abcd", "abc", false },
		{ "abcdefghijk", "abc", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char dst[5] = "zzzz";

		assert_int_equal(ezlb_strcpy(dst, 4, cases[i].src), cases[i].fits);
		assert_string_equal(dst, cases[i].want);
		assert_int_equal(dst[4], 0);
	}
	for (size_t i = 0; i < 2; i++) {
		char dst[2] = "zz";

		assert_int_equal(ezlb_strcpy(dst, 1, i ? "a" : ""), i == 0);
		assert_int_equal(dst[0], 0);
		assert_int_equal(dst[1], 'z');
	}
}

static void test_allocations(void **state)
{
	EZLB_AUTO_FREE char *text = ezlb_asprintf("%s-%d", "a", 7);
	EZLB_AUTO_FREE char *copy = ezlb_strdup("copy");
	EZLB_AUTO_FREE char *part = ezlb_strndup("abcdef", 3);
	EZLB_AUTO_FREE char *none = ezlb_calloc(0, 8);
	EZLB_AUTO_FREE int *zeros = ezlb_calloc(4, sizeof(int));

	(void)state;
	assert_string_equal(text, "a-7");
	assert_string_equal(copy, "copy");
	assert_string_equal(part, "abc");
	assert_non_null(none);
	assert_true(zeros[0] == 0 && zeros[3] == 0);
	zeros[3] = 42;
	zeros = ezlb_realloc(zeros, 400, sizeof(int));
	assert_int_equal(zeros[3], 42);
}

static int open_and_leave(void)
{
	EZLB_AUTO_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	EZLB_AUTO_CLOSE int none = -1;

	assert_true(fd >= 0);
	assert_int_equal(none, -1);
	return fd;
}

static void test_auto_close(void **state)
{
	int fd = open_and_leave();

	(void)state;
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* Published FNV-1a vectors, so that a stored hash means the same in every version. */
static void test_hash_is_fnv1a(void **state)
{
	(void)state;
	assert_true(ezlb_hash("", 0) == 0xcbf29ce484222325u);
	assert_true(ezlb_hash("a", 1) == 0xaf63dc4c8601ec8cu);
	assert_true(ezlb_hash("foobar", 6) == 0x85944171f73967e8u);
	assert_true(ezlb_hash("a\0b", 3) != ezlb_hash("a\0c", 3));
}

static void test_strcatf_appends_and_cuts(void **state)
{
	char buf[8] = "";

	(void)state;
	ezlb_strcatf(buf, sizeof(buf), "%d", 12);
	ezlb_strcatf(buf, sizeof(buf), "-%s", "abc");
	assert_string_equal(buf, "12-abc");
	ezlb_strcatf(buf, sizeof(buf), "%s", "defg");
	assert_string_equal(buf, "12-abcd");
	ezlb_strcatf(buf, sizeof(buf), "%s", "h"); /* full */
	assert_string_equal(buf, "12-abcd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vector_grows_and_new_items_are_zero),
		cmocka_unit_test(test_room_for_many),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_sort_and_find),
		cmocka_unit_test(test_sorted_is_not_sorted_again),
		cmocka_unit_test(test_append_and_unique),
		cmocka_unit_test(test_strcpy_cuts_and_says_so),
		cmocka_unit_test(test_allocations),
		cmocka_unit_test(test_auto_close),
		cmocka_unit_test(test_hash_is_fnv1a),
		cmocka_unit_test(test_strcatf_appends_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
