// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/text.h>

static void test_grows_and_is_taken(void **state)
{
	struct ezlb_text text = { 0 };
	size_t len;
	char *bytes;

	(void)state;
	ezlb_text_puts(&text, "");
	ezlb_text_put(&text, "ab\0cd", 4);
	ezlb_text_printf(&text, "%s-%d", "xyz", 7);
	ezlb_text_printf(&text, "%s", "");
	bytes = ezlb_text_take(&text, &len);
	assert_int_equal(len, 9);
	assert_memory_equal(bytes, "ab\0cxyz-7", 10); /* with the NUL behind it */
	assert_null(text.items);
	assert_int_equal(text.len, 0);
	free(bytes);
}

static void test_empty_is_a_string_too(void **state)
{
	struct ezlb_text text = { 0 };
	char *bytes = ezlb_text_take(&text, NULL);

	(void)state;
	assert_string_equal(bytes, "");
	free(bytes);
}

static void test_printf_longer_than_any_room(void **state)
{
	struct ezlb_text text = { 0 };
	size_t len;
	char *bytes;

	(void)state;
	for (int i = 0; i < 1000; i++)
		ezlb_text_printf(&text, "%0200d", i);
	bytes = ezlb_text_take(&text, &len);
	assert_int_equal(len, 200000);
	assert_string_equal(bytes + 199997, "999");
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_is_taken),
		cmocka_unit_test(test_empty_is_a_string_too),
		cmocka_unit_test(test_printf_longer_than_any_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
