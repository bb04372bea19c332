// SPDX-License-Identifier: GPL-2.0-or-later
/* ezlb_mem_trim: what stays in memory, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include <ezlb/mem.h>

/* The value in kB of a line of /proc/self/status. */
static long resident(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[128];
	long kb = -1;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			kb = strtol(line + strlen(name) + 1, NULL, 10);
	fclose(file);
	assert_true(kb >= 0);
	return kb;
}

static int written = 42; /* in a segment with data */
static int (*const relocated)(const char *) = puts;

static void test_files(void **state)
{
	int (*volatile call)(const char *) = relocated;
	long before;

	(void)state;
	written = 43;
	before = resident("RssFile");
	ezlb_mem_trim();
	assert_true(resident("RssFile") < before);
	assert_int_equal(written, 43);
	assert_true(call("still there") >= 0);
}

#define CHUNKS 8192 /* of 1 KiB */

/* A sanitizer has its own allocator, which keeps what is freed. */
#ifndef __SANITIZE_ADDRESS__
static void test_heap(void **state)
{
	char **chunks = ezlb_calloc(CHUNKS, sizeof(*chunks));
	char *last;
	long full;

	(void)state;
	for (size_t i = 0; i < CHUNKS; i++)
		chunks[i] = memset(ezlb_calloc(1, 1024), 1, 1024);
	last = ezlb_strdup("what is below cannot just be cut off");
	full = resident("RssAnon");
	for (size_t i = 0; i < CHUNKS; i++)
		free(chunks[i]);
	ezlb_mem_trim();
	assert_true(resident("RssAnon") < full - CHUNKS / 2);
	assert_string_equal(last, "what is below cannot just be cut off");
	free(last);
	free(chunks);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(test_heap),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
