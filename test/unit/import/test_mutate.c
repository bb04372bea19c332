// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever the bytes: specs that are valid, or reasons, soon. */
#include "imported.h"

#include <time.h>

#define MUTATIONS 150 /* of each file */

static uint32_t seed = 20240229;

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void try(enum ezlb_import_format format, const char *text, size_t len)
{
	struct ezlb_import import = { .include = NULL };
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	ezlb_import_read(&import, format, "input", copy, len);
	free(copy);
	free(import_result(&import));
	import_check_specs(&import);
	ezlb_import_clear(&import);
}

static void mutations_of(enum ezlb_import_format format, const char *path)
{
	static const char spice[] = "\0\t\n\r :-#!{}\"'\\$@~=.,/019aA*\x80\xff\xc2\x85";
	size_t len;
	char *text = slurp_bytes(path, &len), *work = malloc(len + 8);
	const char *more = getenv("EZLB_FUZZ");
	int n = MUTATIONS * (more ? atoi(more) : 1);

	for (int i = 0; i < n; i++) {
		memcpy(work, text, len);
		try(format, work, mutate(&seed, work, len, spice, sizeof(spice)));
	}
	free(work);
	free(text);
}

static void test_mutations(void **state)
{
	static const struct {
		enum ezlb_import_format format;
		const char *dir;
	} dirs[] = {
		{ EZLB_IMPORT_KEEPALIVED, "keepalived/good" },
		{ EZLB_IMPORT_KEEPALIVED, "keepalived/bad" },
		{ EZLB_IMPORT_KUBERNETES, "kubernetes/good" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(dirs); i++) {
		struct dirent **entries;
		char path[1024];
		int n;

		snprintf(path, sizeof(path), IMPORT_DATA "%s", dirs[i].dir);
		n = scandir(path, &entries, import_is_input, alphasort);
		assert_true(n > 0);
		for (int k = 0; k < n; k++) {
			snprintf(path, sizeof(path), IMPORT_DATA "%s/%s", dirs[i].dir,
				 entries[k]->d_name);
			mutations_of(dirs[i].format, path);
			free(entries[k]);
		}
		free(entries);
	}
}

/* Repetitions that make a careless reader slow, or its memory full. */
static void test_time(void **state)
{
	static const struct {
		enum ezlb_import_format format;
		const char *head, *unit;
	} cases[] = {
		{ EZLB_IMPORT_KEEPALIVED, "", "a {\n" },
		{ EZLB_IMPORT_KEEPALIVED, "", "a\n" },
		{ EZLB_IMPORT_KEEPALIVED, "", "a {\n}\n" },
		{ EZLB_IMPORT_KEEPALIVED, "", "\\\n" },
		{ EZLB_IMPORT_KEEPALIVED, "", "a \\\n" },
		{ EZLB_IMPORT_KEEPALIVED, "", "$A=$A$A \n" },
		{ EZLB_IMPORT_KEEPALIVED, "$A=a\n", "$A " },
		{ EZLB_IMPORT_KEEPALIVED, "$A=a \\\n b\n", "$A " },
		{ EZLB_IMPORT_KEEPALIVED, "x ", "${A}" },
		{ EZLB_IMPORT_KEEPALIVED, "", "@a b\n" },
		{ EZLB_IMPORT_KEEPALIVED, "", "virtual_server 10.0.0.1 80 { real_server " },
		{ EZLB_IMPORT_KEEPALIVED, "virtual_server 10.0.0.1 80 {\n",
		  "real_server 10.0.0.2 80\n" },
		{ EZLB_IMPORT_KEEPALIVED, "virtual_server_group G {\n", "fd00::-fe00:: 80\n" },
		{ EZLB_IMPORT_KUBERNETES, "", "kind: Service\n---\n" },
		{ EZLB_IMPORT_KUBERNETES, "",
		  "{kind: Service, metadata: {name: a}, spec: {externalIPs: [10.0.0.1], ports: [{port: "
		  "1}]}}\n---\n{kind: Endpoints, metadata: {name: a}}\n---\n" },
		{ EZLB_IMPORT_KUBERNETES,
		  "kind: Service\nmetadata: {name: a}\nspec:\n  externalIPs: [10.0.0.1]\n  ports:\n",
		  "  - port: 1\n" },
	};
	const size_t size = 256 * 1024;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t unit = strlen(cases[i].unit), len = strlen(cases[i].head);
		char *text = malloc(size + unit);
		double start = cpu_seconds(), took;

		memcpy(text, cases[i].head, len);
		for (; len + unit < size; len += unit)
			memcpy(text + len, cases[i].unit, unit);
		try(cases[i].format, text, len);
		took = cpu_seconds() - start;
		free(text);
		if (took > 5)
			fail_msg("'%s' took %.1f s", cases[i].unit, took);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_mutations),
					    cmocka_unit_test(test_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
