// SPDX-License-Identifier: GPL-2.0-or-later
/* What an update says that it has changed: nothing, rows of one service, or more. */
#include "letters.h"

#include <ezlb/config.h>

static void add_text(struct ezlb_snapshot *snapshot, const char *path, const char *text)
{
	struct ezlb_file *file = EZLB_PUSH(&snapshot->files);

	file->path = ezlb_strdup(path);
	file->bytes = ezlb_strdup(text);
	file->len = strlen(text);
	file->hash = ezlb_hash(text, file->len);
}

/* "none", "all", or the names of the services. */
static struct text said(const struct ezlb_catalog *catalog)
{
	const struct ezlb_desired *services = &catalog->change.services;
	struct text out = { "" };

	if (catalog->change.all) {
		assert_int_equal(services->len, 0);
		ezlb_strcpy(out.s, sizeof(out.s), "all");
	}
	for (size_t i = 0; i < services->len; i++)
		ezlb_strcatf(out.s, sizeof(out.s), "%s%s", i ? " " : "", services->items[i]->name);
	if (!out.s[0])
		ezlb_strcpy(out.s, sizeof(out.s), "none");
	return out;
}

static void take(struct ezlb_catalog *catalog, const char *a, const char *b)
{
	struct ezlb_snapshot snapshot = { 0 };

	if (a)
		add_text(&snapshot, "/d/a.yaml", a);
	if (b)
		add_text(&snapshot, "/d/b.yaml", b);
	free(update(catalog, &snapshot));
}

static const char other[] = "listen: 10.0.0.2:80\nbackends: [{address: 10.1.0.3:80}]\n";

/* How far it reaches when `from` in the file becomes `to`. */
static const struct {
	const char *from, *to, *said;
} edits[] = {
	{ "", "# a comment\n\n", "none" },
	{ "", "scheduler: wrr\n", "none" }, /* the default */
	{ "", "scheduler: wlc\n", "a" },
	{ "", "scheduler: mh\n", "all" }, /* a setting of the host */
	{ "scheduler: sh\n", "scheduler: sh\nscheduler_flags: [sh-port]\n", "a" },
	{ "", "persistence: {timeout: 5m}\n", "all" }, /* a setting of the host */
	{ "persistence: {timeout: 5m}\n", "persistence: {timeout: 6m}\n", "a" },
	{ "", "drain_timeout: 7s\n", "a" },
	{ "", "slow_start: 7s\n", "a" },
	{ "", "on_failure: drain\n", "a" },
	{ "", "min_healthy: 1\n", "a" },
	{ "", "fallback: [{address: 10.1.0.9:80}]\n", "a" },
	{ "", "health_check: {type: tcp}\n", "none" },
	{ "", "health_check: {type: tcp, interval: 7s}\n", "a" },
	{ "", "health_check: {enabled: false}\n", "a" },
	{ "", "health_check: {type: http, http_path: /x}\n", "a" },
	{ "health_check: {type: http, http_path: /x}\n",
	  "health_check: {type: http, http_path: /y}\n", "a" },
	{ "", "full_nat: true\n", "all" },
	{ "full_nat: true\n", "full_nat: true\nsnat_ip: 10.0.0.9\n", "all" },
	{ "", "forward: direct\n", "all" },
	{ "", "vip: serving\n", "all" },
	{ "full_nat: true\n", "full_nat: true\nconnection_log: true\n", "all" },
	{ "", "traffic_log: true\n", "all" },
	{ "", "name: c\n", "all" },
	{ "", "protocol: [tcp, udp]\n", "all" },
	{ "", "colour: red\n", "none" }, /* refused */
};

/* The same for the backends. */
static const struct {
	const char *head, *to, *said;
} backends[] = {
	{ "", "[{address: 10.1.0.1:80, weight: 1}, {address: 10.1.0.2:80}]", "none" },
	{ "", "[{address: 10.1.0.1:80, weight: 2}, {address: 10.1.0.2:80}]", "a" },
	{ "", "[{address: 10.1.0.1:80, upper_threshold: 9}, {address: 10.1.0.2:80}]", "a" },
	{ "", "[{address: 10.1.0.1:80}]", "a" },
	{ "", "[{address: 10.1.0.1:80}, {address: 10.1.0.2:80}, {address: 10.1.0.3:80}]", "a" },
	{ "full_nat: true\nclient_address: toa\n", "[{address: 10.1.0.1:80}]", "all" },
};

static const char plain[] = "[{address: 10.1.0.1:80}, {address: 10.1.0.2:80}]";

/* Edits a.yaml, beside another file. */
static void edit(const char *head, const char *next_head, const char *list, const char *expected)
{
	static const char form[] = "%slisten: 10.0.0.1:80\nbackends: %s\n";
	EZLB_AUTO_FREE char *before = ezlb_asprintf(form, head, plain);
	EZLB_AUTO_FREE char *after = ezlb_asprintf(form, next_head, list);
	struct ezlb_catalog catalog = { .lastgood = NULL };

	print_message("%s%s\n", next_head, list);
	take(&catalog, before, other);
	assert_string_equal(said(&catalog).s, "all");
	assert_int_equal(catalog.diags.len, 0);
	take(&catalog, before, other);
	assert_string_equal(said(&catalog).s, "none");
	take(&catalog, after, other);
	assert_string_equal(said(&catalog).s, expected);
	assert_false(catalog.merged);
	take(&catalog, NULL, other);
	assert_string_equal(said(&catalog).s, "all");
	assert_false(catalog.merged);
	ezlb_catalog_clear(&catalog);
}

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		edit(edits[i].from, edits[i].to, plain, edits[i].said);
}

static void test_backends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		edit(backends[i].head, backends[i].head, backends[i].to, backends[i].said);
}

/* A broken file beside it has no conflict with anything, so it does not make an edit dearer. */
static void test_beside_a_broken_file(void **state)
{
	static const char before[] = "listen: 10.0.0.1:80\nbackends: [{address: 10.1.0.1:80}]\n";
	static const char after[] = "listen: 10.0.0.1:80\nbackends: [{address: 10.1.0.2:80}]\n";
	struct ezlb_catalog catalog = { .lastgood = NULL };

	(void)state;
	take(&catalog, before, "colour: red\n");
	take(&catalog, after, "colour: red\n");
	assert_string_equal(said(&catalog).s, "a");
	assert_false(catalog.merged);
	assert_int_not_equal(catalog.diags.len, 0);
	ezlb_catalog_clear(&catalog);
}

/* While a directory is frozen, ezlb does not know who asks for what is left: that concerns all. */
static void test_a_directory_freezes(void **state)
{
	static const bool frozen[] = { false, true, true, false, false };
	static const char *const expected[] = { "all", "all", "none", "all", "none" };
	struct ezlb_catalog catalog = { .lastgood = NULL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(frozen); i++) {
		struct ezlb_snapshot snapshot = { 0 };
		struct ezlb_dir *dir = EZLB_PUSH(&snapshot.dirs);

		dir->path = ezlb_strdup("/d");
		dir->frozen = frozen[i];
		dir->problem = frozen[i] ? ezlb_strdup("Stale file handle") : NULL;
		add_text(&snapshot, "/d/b.yaml", other);
		free(update(&catalog, &snapshot));
		assert_string_equal(said(&catalog).s, expected[i]);
	}
	ezlb_catalog_clear(&catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_backends),
		cmocka_unit_test(test_beside_a_broken_file),
		cmocka_unit_test(test_a_directory_freezes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
