// SPDX-License-Identifier: GPL-2.0-or-later
#include "letters.h"

#include <inttypes.h>

struct revision {
	char s[16 + 1];
};

static struct revision of(const struct ezlb_catalog *catalog)
{
	struct revision out;

	snprintf(out.s, sizeof(out.s), "%016" PRIx64, ezlb_catalog_revision(catalog));
	return out;
}

static struct revision with(struct ezlb_catalog *catalog, const char *files)
{
	free(look(catalog, files));
	return of(catalog);
}

/* Balancers of different versions and architectures must agree. */
static void test_is_the_same_everywhere(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };

	(void)state;
	assert_string_equal(of(&catalog).s, "cbf29ce484222325");
	assert_string_equal(with(&catalog, "gg").s, "24b85a3e45d2bd06");
	ezlb_catalog_clear(&catalog);
}

/* The names of the services count, and not where their files are. */
static void test_does_not_know_the_directory(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true }, other = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };

	(void)state;
	add_file(&snapshot, 1, 'g');
	add_file(&snapshot, 2, 'g');
	for (size_t i = 0; i < 2; i++) {
		free(snapshot.files.items[i].path);
		/* In the other order. */
		snapshot.files.items[i].path = ezlb_strdup(i == 0 ? "/z/a.yaml" : "/e/b.yaml");
	}
	free(update(&other, &snapshot));
	assert_string_equal(with(&catalog, "gg").s, of(&other).s);
	ezlb_catalog_clear(&catalog);
	ezlb_catalog_clear(&other);
}

static void test_changes_with_what_is_applied(void **state)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct revision none, one, two, edited;

	(void)state;
	none = of(&catalog);
	one = with(&catalog, "g-");
	two = with(&catalog, "gg");
	edited = with(&catalog, "gh");
	assert_string_not_equal(none.s, one.s);
	assert_string_not_equal(one.s, two.s);
	assert_string_not_equal(two.s, edited.s);
	/* The last good version counts, and a file without one does not. */
	assert_string_equal(with(&catalog, "gb").s, edited.s);
	assert_string_equal(with(&catalog, "gu").s, edited.s);
	assert_string_equal(with(&catalog, "g-").s, one.s);
	assert_string_equal(with(&catalog, "gb").s, one.s);
	assert_string_equal(with(&catalog, "gg").s, two.s);
	/* A and B have changed places. */
	assert_string_not_equal(with(&catalog, "hg").s, edited.s);
	ezlb_catalog_clear(&catalog);
}

/* --- what a file says, and not how ---------------------------------------------------------- */

#define LISTEN	 "listen: 10.0.0.1:80\n"
#define BACKENDS "backends:\n  - address: 10.1.0.1:80\n"
#define FULL	 LISTEN "full_nat: true\n"

static struct revision of_text(const char *text)
{
	struct ezlb_catalog catalog = { .quiet = true };
	struct ezlb_snapshot snapshot = { 0 };
	struct ezlb_file *file = EZLB_PUSH(&snapshot.files);
	struct revision out;

	file->path = ezlb_strdup("/d/web.yaml");
	file->bytes = ezlb_strdup(text);
	file->len = strlen(text);
	file->hash = ezlb_hash(text, file->len);
	free(update(&catalog, &snapshot));
	assert_int_equal(catalog.desired.len, 1);
	out = of(&catalog);
	ezlb_catalog_clear(&catalog);
	return out;
}

static void assert_same(const char *a, const char *b)
{
	assert_string_equal(of_text(a).s, of_text(b).s);
}

static void assert_other(const char *a, const char *b)
{
	assert_string_not_equal(of_text(a).s, of_text(b).s);
}

static void test_comments_do_not_count(void **state)
{
	(void)state;
	assert_same(LISTEN BACKENDS, "# ours\n" BACKENDS "\n" LISTEN "name: web # as the file\n");
	assert_same(LISTEN BACKENDS, "listen: [\"10.0.0.1:80\"]\nscheduler: wrr\n"
				     "backends: [{address: 10.1.0.1:80, weight: 1}]\n");
}

/* Each balancer may have its own; the default source of the health checks follows it. */
static void test_snat_ip_does_not_count(void **state)
{
	(void)state;
	assert_same(FULL "snat_ip: 10.0.0.3\n" BACKENDS, FULL "snat_ip: 10.0.0.4\n" BACKENDS);
	assert_same(FULL "snat_ip: 10.0.0.3-10.0.0.6\n" BACKENDS, FULL BACKENDS);
	assert_other(FULL "snat_ip: 10.0.0.3\n" BACKENDS, LISTEN BACKENDS);
	assert_other(FULL "snat_ip: 10.0.0.3\n" BACKENDS,
		     FULL "snat_ip: 10.0.0.3\nhealth_check: {source: 10.0.0.9}\n" BACKENDS);
}

static void test_all_else_counts(void **state)
{
	static const char *const others[] = {
		LISTEN BACKENDS "    weight: 2\n",
		LISTEN BACKENDS "  - address: 10.1.0.2:80\n",
		LISTEN "name: other\n" BACKENDS,
		LISTEN "vip: serving\n" BACKENDS,
		LISTEN "health_check: {interval: 7s}\n" BACKENDS,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_other(LISTEN BACKENDS, others[i]);
}

static void test_survives_a_restart(void **state)
{
	struct ezlb_catalog catalog;
	struct ezlb_lastgood store;
	struct revision before;

	(void)state;
	start(&catalog, &store);
	before = with(&catalog, "gh");
	stop(&catalog);
	start(&catalog, &store);
	assert_string_equal(with(&catalog, "bh").s, before.s);
	stop(&catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_the_same_everywhere),
		cmocka_unit_test(test_does_not_know_the_directory),
		cmocka_unit_test(test_changes_with_what_is_applied),
		cmocka_unit_test(test_comments_do_not_count),
		cmocka_unit_test(test_snat_ip_does_not_count),
		cmocka_unit_test(test_all_else_counts),
		cmocka_unit_test_setup_teardown(test_survives_a_restart, setup_top, teardown_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
