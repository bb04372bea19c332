// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each test/data/config/bad/NAME.yaml is refused with the text of NAME.txt, word for word. To write
 * the texts anew after a wording change: EZLB_GOLDEN=write, then read the difference.
 */
#include "slurp.h"

#include <dirent.h>

#define BAD TEST_DATA "/config/bad/"

static int is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".yaml") == 0;
}

/* All diagnostics, sorted; the caller frees. */
static char *diags_text(struct ezlb_diags *diags, unsigned *codes_seen)
{
	char *all = ezlb_strdup("");

	ezlb_diags_sort(diags);
	for (size_t i = 0; i < diags->len; i++) {
		char *text = ezlb_diag_text(&diags->items[i]), *longer;

		*codes_seen |= 1u << diags->items[i].code;
		assert_true(diags->items[i].at.line >= 1 && diags->items[i].at.col >= 1);
		longer = ezlb_asprintf("%s%s", all, text);
		free(text);
		free(all);
		all = longer;
	}
	return all;
}

static void compare(const char *name, const char *got)
{
	char path[512];

	snprintf(path, sizeof(path), BAD "%.*s.txt", (int)strlen(name) - 5, name);
	golden_compare(path, got);
}

static void check_file(const char *name, unsigned *codes_seen)
{
	struct ezlb_diags diags = { 0 };
	char path[512];
	size_t len;
	char *text, *got;

	snprintf(path, sizeof(path), BAD "%s", name);
	text = slurp_bytes(path, &len);
	if (parse_bytes(name, text, len, &diags) || diags.len == 0)
		fail_msg("%s was not refused", name);
	got = diags_text(&diags, codes_seen);
	compare(name, got);
	free(got);
	free(text);
	ezlb_diags_clear(&diags);
}

static void test_golden(void **state)
{
	static const enum ezlb_diag_code codes[] = {
		EZLB_E_SIZE,	    EZLB_E_SYNTAX,	  EZLB_E_FEATURE,	 EZLB_E_DUPLICATE,
		EZLB_E_UNKNOWN_KEY, EZLB_E_MISSING,	  EZLB_E_TYPE,		 EZLB_E_VALUE,
		EZLB_E_RANGE,	    EZLB_E_ADDRESS,	  EZLB_E_FAMILY,	 EZLB_E_SNAT_ALONE,
		EZLB_E_FORWARD,	    EZLB_E_BACKEND_TWICE, EZLB_E_LISTENER_TWICE, EZLB_E_LOOP,
		EZLB_E_COMBINATION, EZLB_E_OTHER,
	};
	struct dirent **entries;
	unsigned codes_seen = 0;
	int n = scandir(BAD, &entries, is_yaml, alphasort);

	(void)state;
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		check_file(entries[i]->d_name, &codes_seen);
		free(entries[i]);
	}
	free(entries);
	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (!(codes_seen & 1u << codes[i]))
			fail_msg("no file in %s shows code %d", BAD, (int)codes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
