// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever the bytes: a spec or a reason, soon, and a spec that keeps its promises. */
#include "slurp.h"

#include <time.h>

#include <ezlb/text.h>

#define GOOD	  TEST_DATA "/config/good/"
#define FULL	  GOOD "full.yaml"
#define MUTATIONS 3000 /* of each file */

static uint32_t seed;

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void check_spec(const struct ezlb_spec *spec)
{
	assert_true(spec->name[0] != '\0');
	assert_true(spec->listen.addr.family != 0 && spec->n_listeners > 0);
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_listener *listener = &spec->listeners[i];

		assert_int_equal(listener->listen.addr.family, spec->listen.addr.family);
		assert_int_equal(listener->key.listen.addr.family, spec->listen.addr.family);
		assert_true(listener->listen.port > 0 || listener->key.fwmark > 0);
	}
	assert_true(spec->n_backends > 0);
	for (size_t i = 0; i < spec->n_backends; i++) {
		assert_int_equal(spec->backends[i].endpoint.addr.family, spec->listen.addr.family);
		assert_true(spec->backends[i].lower <= spec->backends[i].upper);
		assert_true(spec->backends[i].weight <= 65535);
	}
	assert_true(spec->full_nat || spec->snat_ip.first.family == 0);
	assert_true(!spec->full_nat || spec->forward == EZLB_MASQ);
	assert_true(spec->check.fast_interval_ms <= spec->check.interval_ms);
	if (spec->check.request) {
		assert_int_equal(spec->check.request->path[0], '/');
		assert_true(spec->check.request->statuses.len > 0 && spec->check.request->rcodes);
	}
}

static bool is_clean(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

/* True where it was accepted. */
static bool try(const char *text, size_t len)
{
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *spec = parse_bytes("web.yaml", text, len, &diags);
	bool ok = spec;

	assert_int_equal(!spec, diags.len > 0);
	assert_true(diags.len <= 20);
	for (size_t i = 0; i < diags.len; i++) {
		assert_true(diags.items[i].at.line >= 1 && diags.items[i].at.col >= 1);
		assert_true(is_clean(diags.items[i].message));
		if (diags.items[i].source)
			assert_true(is_clean(diags.items[i].source));
		free(ezlb_diag_text(&diags.items[i]));
	}
	if (spec)
		check_spec(spec);
	ezlb_spec_free(spec);
	ezlb_diags_clear(&diags);
	return ok;
}

static void test_prefixes(void **state)
{
	size_t len, accepted = 0;
	char *text = slurp_bytes(FULL, &len);

	(void)state;
	for (size_t n = 0; n <= len; n++)
		accepted += try(text, n);
	assert_true(accepted > 0 && accepted < len);
	free(text);
}

static void test_mutations(void **state)
{
	static const char spice[] = "\0\t\n\r :-#[]{}\"'&*!|>%@,~?0129aA/\\\x80\xff\xc2\x85";
	static const char *const files[] = { FULL, GOOD "full-udp.yaml", GOOD "full-dns.yaml" };

	(void)state;
	seed = 20221112;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		size_t len, accepted = 0;
		char *text = slurp_bytes(files[i], &len), *work = malloc(len + 8);

		for (int k = 0; k < MUTATIONS; k++) {
			memcpy(work, text, len);
			accepted += try(work, mutate(&seed, work, len, spice, sizeof(spice)));
		}
		assert_true(accepted > MUTATIONS / 100 && accepted < MUTATIONS / 2);
		free(work);
		free(text);
	}
}

/* What makes libyaml, or a careless reader of it, slow. Nested '[' took it 12 s for 80 KB. */
static void test_time(void **state)
{
	static const struct {
		const char *head, *unit;
	} cases[] = {
		{ "", "[" },	     { "", "{" },
		{ "", "[\n" },	     { "", "- " },
		{ "", "? " },	     { "", "a: " },
		{ "x-a: [", "a," },  { "x-a: {", "a: b," },
		{ "", "a: 1\n" },    { "x-a: ", "!" },
		{ "x-a: &", "x" },   { "x-a: \"", "x\n" },
		{ "", "# x\n" },     { "", "\n" },
		{ "", "---\n" },     { "x-a: [", "&a b," },
		{ "x-a: [", "*a," }, { "", "%TAG !a! b\n" },
		{ "", "\"a\" " },    { "", "\t" },
		{ "", ":" },	     { "backends:\n", "- address: 10.0.0.1:80\n" },
		{ "a: [", "\n" },    { "a: [", "\n\n# x\n" },
		{ "a: {", "\n" },    { "a: \"", "\n" },
	};
	const size_t size = EZLB_FILE_MAX;
	char *text = malloc(size);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t head = strlen(cases[i].head), unit = strlen(cases[i].unit);
		double begin = cpu_seconds();

		memcpy(text, cases[i].head, head);
		for (size_t n = head; n < size; n++)
			text[n] = cases[i].unit[(n - head) % unit];
		assert_false(try(text, size));
		if (cpu_seconds() - begin > 0.5)
			fail_msg("'%s' took %.3f s", cases[i].unit, cpu_seconds() - begin);
	}
	free(text);
}

/*
 * The rules look at each backend for each listener, so both limits together are the worst. These
 * are too many together, but each rule runs all the same.
 */
static void test_time_of_rules(void **state)
{
	struct ezlb_text text = { 0 };
	double begin;
	size_t len;
	char *file;

	(void)state;
	ezlb_text_puts(&text, "protocol: [tcp, udp, sctp]\nforward: direct\nlisten:\n");
	for (int i = 0; i < 64; i++)
		ezlb_text_printf(&text, "- 10.0.0.1:%d\n", i + 1);
	ezlb_text_puts(&text, "backends:\n");
	for (int i = 0; i < 5000; i++)
		ezlb_text_printf(&text, "- address: 10.1.%d.%d\n", i / 250, i % 250 + 1);
	file = ezlb_text_take(&text, &len);
	begin = cpu_seconds();
	assert_false(try(file, len));
	assert_true(cpu_seconds() - begin < 1.0);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_time_of_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
