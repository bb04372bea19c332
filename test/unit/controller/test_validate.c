// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <ezlb/controller.h>

#include "files.h"

static const struct {
	const char *name;
	const char *paths[3]; /* below the temporary directory */
	int rc;
	size_t files;
	const char *diags; /* codes */
} checks[] = {
	{ "an empty directory", { "empty" }, 0, 0, "" },
	{ "a sound file", { "good/web.yaml" }, 0, 1, "" },
	{ "any name will do", { "good/web.txt" }, 0, 1, "" },
	{ "a directory", { "good" }, 0, 2, "" },
	{ "a bad file", { "bad/bad.yaml" }, 0, 1, " 15" },
	{ "a directory with a bad file", { "bad" }, 0, 2, " 15" },
	{ "two places, in conflict", { "good", "taken/web2.yaml" }, 0, 3, " 31" },
	{ "the same without the first", { "taken" }, 0, 1, "" },
	{ "a backend that is another's listener", { "good", "chain/chain.yaml" }, 0, 3, " 34w" },
	{ "the same without the other", { "chain" }, 0, 1, "" },
	{ "a timeout longer than the interval", { "slow/long.yaml" }, 0, 1, " 35w" },
	{ "by default", { "slow/default.yaml" }, 0, 1, " 35w" },
	{ "a timeout like the interval", { "slow/same.yaml" }, 0, 1, "" },
	{ "an absent file", { "good", "absent.yaml" }, -ENOENT, 0, "" },
	{ "a file that cannot be read", { "good/loop.txt" }, 0, 1, " 1" },
};

static void assert_diags(const struct ezlb_diags *diags, const char *want)
{
	struct text got = { "" };

	for (size_t i = 0; i < diags->len; i++)
		snprintf(got.s + strlen(got.s), 8, " %d%s", diags->items[i].code,
			 diags->items[i].warning ? "w" : "");
	assert_string_equal(got.s, want);
}

static void test_check(void **state)
{
	(void)state;
	make_dir("empty");
	make_dir("good");
	make_dir("bad");
	make_dir("taken");
	make_dir("chain");
	make_dir("slow");
	put("good/web.yaml", WEB);
	put("good/api.yaml", API);
	put("good/web.txt", "name: web\n" WEB);
	assert_int_equal(symlink("loop.txt", at("good/loop.txt").s), 0);
	put("bad/bad.yaml", BAD);
	put("bad/api.yaml", API);
	put("taken/web2.yaml", TAKEN);
	put("chain/chain.yaml", CHAIN);
	put("slow/long.yaml", SLOW("tcp", "  timeout: 1001ms\n"));
	put("slow/default.yaml", SLOW("tcp", ""));
	put("slow/same.yaml", SLOW("tcp", "  timeout: 1s\n"));
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		struct ezlb_diags diags = { 0 };
		struct ezlb_err err = { 0 };
		struct text full[3];
		const char *paths[3];
		size_t n = 0, files = 99;

		print_message("%s\n", checks[i].name);
		for (; n < 3 && checks[i].paths[n]; n++) {
			full[n] = at(checks[i].paths[n]);
			paths[n] = full[n].s;
		}
		assert_int_equal(
			ezlb_controller_validate(paths, n, EZLB_SNAT_AUTO, &diags, &files, &err),
			checks[i].rc);
		assert_int_equal(files, checks[i].files);
		assert_diags(&diags, checks[i].diags);
		if (checks[i].rc)
			assert_has(err.msg, paths[n - 1]);
		ezlb_diags_clear(&diags);
	}
}

static void test_timeout(void **state)
{
	static const struct {
		const char *file, *want;
	} rows[] = {
		{ SLOW("tcp", "  timeout: 2s\n"),
		  ":6:12: warning[E035]: health_check.timeout 2s is longer than interval 1s: the "
		  "next probe waits for one that gets no answer\n"
		  "  help: set timeout to 1s or less, or interval to 2s or more\n" },
		{ SLOW("udp", ""),
		  ":5:13: warning[E035]: health_check.timeout 3s is longer than interval 1s: without "
		  "udp_expected each probe takes the whole timeout, and the next one waits for it\n"
		  "  help: set timeout to 1s or less, or interval to 3s or more\n" },
		{ SLOW("udp", "  udp_expected: ok\n"),
		  ":5:13: warning[E035]: health_check.timeout 3s is longer than interval 1s: the next "
		  "probe waits for one that gets no answer\n"
		  "  help: set timeout to 1s or less, or interval to 3s or more\n" },
	};
	const struct text file = at("slow.yaml");
	const char *path = file.s;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EZLB_AUTO_FREE char *text = NULL;
		struct ezlb_diags diags = { 0 };
		size_t files = 0;

		put("slow.yaml", rows[i].file);
		assert_int_equal(
			ezlb_controller_validate(&path, 1, EZLB_SNAT_AUTO, &diags, &files, NULL),
			0);
		assert_int_equal(diags.len, 1);
		text = ezlb_diag_text(&diags.items[0]);
		assert_string_equal(text + strlen(diags.items[0].file), rows[i].want);
		ezlb_diags_clear(&diags);
	}
}

static void test_one_packet(void **state)
{
	static const struct {
		const char *more, *want;
	} rows[] = {
		{ "one_packet: true\nfull_nat: true\n",
		  ":1:9: warning[E036]: with one_packet answers are not translated: with full_nat they "
		  "do not reach the client\n"
		  "  help: this is right for protocols without answers, such as syslog; else remove "
		  "one_packet\n" },
		{ "one_packet: true\n",
		  ":1:9: warning[E036]: with one_packet answers are not translated: they come from the "
		  "address of the backend\n"
		  "  help: this is right for protocols without answers, such as syslog; else remove "
		  "one_packet\n" },
		{ "one_packet: true\nforward: direct\n", NULL },
		{ "full_nat: true\n", NULL },
	};
	const struct text file = at("syslog.yaml");
	const char *path = file.s;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EZLB_AUTO_FREE char *content =
			ezlb_asprintf("listen: 10.0.0.1:514\nprotocol: udp\n"
				      "backends: [{address: 192.0.2.1:514}]\n%s",
				      rows[i].more);
		EZLB_AUTO_FREE char *text = NULL;
		struct ezlb_diags diags = { 0 };
		size_t files = 0;

		put("syslog.yaml", content);
		assert_int_equal(
			ezlb_controller_validate(&path, 1, EZLB_SNAT_AUTO, &diags, &files, NULL),
			0);
		assert_int_equal(diags.len, rows[i].want ? 1 : 0);
		if (rows[i].want) {
			text = ezlb_diag_text(&diags.items[0]);
			assert_string_equal(text + strlen(diags.items[0].file), rows[i].want);
		}
		ezlb_diags_clear(&diags);
	}
}

/* Two sources for one backend are wrong only where it is known that iptables is to do it. */
static void test_check_for_a_backend(void **state)
{
	static const struct {
		enum ezlb_snat_driver backend;
		const char *diags;
	} rows[] = { { EZLB_SNAT_IPTABLES, " 32" },
		     { EZLB_SNAT_NFTABLES, "" },
		     { EZLB_SNAT_AUTO, "" } };
	struct text dir = at("config");
	const char *path = dir.s;

	(void)state;
	make_dir("config");
	put("config/a.yaml", SNAT("3"));
	put("config/b.yaml", SNAT("4"));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_diags diags = { 0 };
		size_t files = 0;

		assert_int_equal(
			ezlb_controller_validate(&path, 1, rows[i].backend, &diags, &files, NULL),
			0);
		assert_int_equal(files, 2);
		assert_diags(&diags, rows[i].diags);
		ezlb_diags_clear(&diags);
	}
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_check),
		IN_TOP(test_timeout),
		IN_TOP(test_one_packet),
		IN_TOP(test_check_for_a_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
