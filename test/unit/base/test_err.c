// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include <ezlb/err.h>

static void test_set_returns_minus_code_and_says_why(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(ezlb_err_set(&err, EINVAL, "weight %d out of range", 70000), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.msg, "weight 70000 out of range");
}

static void test_set_replaces_what_was_there(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	ezlb_err_set(&err, EINVAL, "a long first message");
	ezlb_err_set(&err, EIO, "second");
	assert_int_equal(err.code, EIO);
	assert_string_equal(err.msg, "second");
}

static void test_sys_adds_the_text_of_the_errno(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(ezlb_err_sys(&err, ENOENT, "open %s", "/x"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.msg, "open /x: No such file or directory");
}

static void test_wrap_puts_context_before_and_keeps_rc(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	ezlb_err_set(&err, EPERM, "not permitted");
	assert_int_equal(ezlb_err_wrap(&err, -EPERM, "service %s", "web"), -EPERM);
	assert_int_equal(ezlb_err_wrap(&err, -EPERM, "apply"), -EPERM);
	assert_int_equal(err.code, EPERM);
	assert_string_equal(err.msg, "apply: service web: not permitted");
}

static void test_null_err_is_fine_everywhere(void **state)
{
	(void)state;
	assert_int_equal(ezlb_err_set(NULL, EINVAL, "x"), -EINVAL);
	assert_int_equal(ezlb_err_sys(NULL, EIO, "x"), -EIO);
	assert_int_equal(ezlb_err_wrap(NULL, -ENOMEM, "x"), -ENOMEM);
}

/* Lengths around the edge: the text is cut, ends in NUL, and nothing behind it is touched. */
static void test_long_text_is_cut_at_the_end_of_the_buffer(void **state)
{
	static const size_t lengths[] = { 1, 252, 253, 254, 255, 256, 257, 1000 };
	struct {
		struct ezlb_err err;
		char guard;
	} box;
	char text[1001];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		size_t len = lengths[i];

		memset(text, 'x', len);
		text[len] = '\0';
		box.guard = 'g';
		ezlb_err_set(&box.err, EIO, "%s", text);
		assert_int_equal(strlen(box.err.msg), len < 255 ? len : 255);
		ezlb_err_sys(&box.err, EIO, "%s", text);
		assert_int_equal(strlen(box.err.msg),
				 len == 1 ? strlen("x: Input/output error") : 255);
		ezlb_err_set(&box.err, EIO, "inner");
		ezlb_err_wrap(&box.err, -EIO, "%s", text);
		assert_memory_equal(box.err.msg, text, len < 255 ? len : 255);
		assert_true(strlen(box.err.msg) <= 255);
		ezlb_err_set(&box.err, EIO, "%s", text);
		ezlb_err_wrap(&box.err, -EIO, "outer");
		assert_memory_equal(box.err.msg, "outer: x", 8);
		assert_int_equal(strlen(box.err.msg), len + 7 < 255 ? len + 7 : 255);
		assert_int_equal(box.guard, 'g');
	}
}

static void test_errno_str_is_never_null(void **state)
{
	(void)state;
	assert_string_equal(ezlb_errno_str(EPERM), "Operation not permitted");
	assert_string_equal(ezlb_errno_str(99999), "unknown error");
	assert_string_equal(ezlb_errno_str(-1), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_returns_minus_code_and_says_why),
		cmocka_unit_test(test_set_replaces_what_was_there),
		cmocka_unit_test(test_sys_adds_the_text_of_the_errno),
		cmocka_unit_test(test_wrap_puts_context_before_and_keeps_rc),
		cmocka_unit_test(test_null_err_is_fine_everywhere),
		cmocka_unit_test(test_long_text_is_cut_at_the_end_of_the_buffer),
		cmocka_unit_test(test_errno_str_is_never_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
