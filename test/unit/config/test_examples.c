// SPDX-License-Identifier: GPL-2.0-or-later
/* examples/services.d is the first thing that a newcomer loads: all of it, and all at once. */
#include "slurp.h"

#include <dirent.h>

#define EXAMPLES SOURCE_DIR "/examples/services.d"

static struct ezlb_spec *example(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.yaml", EXAMPLES, name);
	return parse_path(path);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool same_listener(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	return a->proto == b->proto && ezlb_endpoint_cmp(&a->listen, &b->listen) == 0;
}

/* One iptables rule serves a backend, so two services cannot SNAT it differently. */
static bool share_backend(const struct ezlb_spec *a, const struct ezlb_spec *b)
{
	for (size_t i = 0; i < a->n_backends; i++)
		for (size_t j = 0; j < b->n_backends; j++)
			if (a->proto == b->proto &&
			    ezlb_endpoint_cmp(&a->backends[i].endpoint, &b->backends[j].endpoint) ==
				    0)
				return true;
	return false;
}

static void test_all(void **state)
{
	struct ezlb_spec *specs[16];
	struct dirent **entries;
	int n = scandir(EXAMPLES, &entries, is_visible, alphasort);

	(void)state;
	assert_int_equal(n, 4);
	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", EXAMPLES, entries[i]->d_name);
		specs[i] = parse_path(path);
		for (int j = 0; j < i; j++)
			if (same_listener(specs[i], specs[j]) ||
			    share_backend(specs[i], specs[j]) ||
			    strcmp(specs[i]->name, specs[j]->name) == 0)
				fail_msg("%s and %s collide", specs[i]->file, specs[j]->file);
	}
	for (int i = 0; i < n; i++) {
		ezlb_spec_free(specs[i]);
		free(entries[i]);
	}
	free(entries);
}

static const struct {
	const char *name, *listen;
	enum ezlb_proto proto;
	const char *scheduler;
	bool full_nat;
	const char *snat_ip;
	enum ezlb_check_type check;
	size_t n_backends;
	uint16_t backend_port;
} table[] = {
	{ "web", "10.0.0.1:80", EZLB_TCP, "wrr", true, "10.0.0.3", EZLB_CHECK_HTTP, 3, 80 },
	{ "api", "10.0.0.1:8080", EZLB_TCP, "wlc", true, "none", EZLB_CHECK_TCP, 3, 8080 },
	{ "internal", "10.0.0.2:9000", EZLB_TCP, "rr", false, "none", EZLB_CHECK_TCP, 2, 9000 },
	{ "dns", "10.0.0.1:53", EZLB_UDP, "wrr", true, "10.0.0.3", EZLB_CHECK_NONE, 2, 53 },
};

static void test_each(void **state)
{
	char buf[EZLB_RANGE_STRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct ezlb_spec *spec = example(table[i].name);

		assert_string_equal(spec->name, table[i].name);
		assert_string_equal(ezlb_endpoint_format(&spec->listen, buf), table[i].listen);
		assert_int_equal(spec->proto, table[i].proto);
		assert_string_equal(spec->scheduler, table[i].scheduler);
		assert_int_equal(spec->full_nat, table[i].full_nat);
		assert_string_equal(ezlb_range_format(&spec->snat_ip, buf), table[i].snat_ip);
		assert_int_equal(spec->check.type, table[i].check);
		assert_int_equal(spec->n_backends, table[i].n_backends);
		for (size_t j = 0; j < spec->n_backends; j++)
			assert_int_equal(spec->backends[j].endpoint.port, table[i].backend_port);
		ezlb_spec_free(spec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
