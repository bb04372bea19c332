// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/page.h>

#define PAGE_FILE SOURCE_DIR "/pkg/page/page.html"
#define PAGE_MAX  (60 * 1024) /* it is source that people read, and is sent in one piece */

static void test_is_the_file(void **state)
{
	FILE *file = fopen(PAGE_FILE, "r");
	char *bytes = malloc(PAGE_MAX);
	size_t len;

	(void)state;
	assert_non_null(file);
	assert_non_null(bytes);
	len = fread(bytes, 1, PAGE_MAX, file);
	assert_int_equal(ezlb_page_len, len);
	assert_memory_equal(ezlb_page, bytes, len);
	assert_in_range(ezlb_page_len, 1, PAGE_MAX - 1);
	assert_int_equal(ezlb_page[ezlb_page_len], 0);
	free(bytes);
	fclose(file);
}

/* What makes data to markup or code, and what would load something from elsewhere. */
static void test_has_no_way_out(void **state)
{
	static const char *const never[] = {
		"innerHTML", "outerHTML",    "insertAdjacentHTML", "document.write",
		"eval(",     "new Function", "<script src",	   "<link rel=\"stylesheet\"",
		"@import",   "url(",	     "https://",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(never); i++)
		if (strstr(ezlb_page, never[i]))
			fail_msg("page.html has '%s'", never[i]);
}

static void test_forbids_itself_the_rest(void **state)
{
	static const char *const always[] = {
		"<!doctype html>",
		"http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ",
		"connect-src 'self'; ",
		"</html>\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(always); i++)
		if (!strstr(ezlb_page, always[i]))
			fail_msg("page.html lacks '%s'", always[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_the_file),
		cmocka_unit_test(test_has_no_way_out),
		cmocka_unit_test(test_forbids_itself_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
