// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <ezlb/controller.h>
#include <ezlb/text.h>

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
	{ "a name that run ignores", { "good/web.txt" }, 0, 1, " 6" },
	{ "one that begins with a point", { "good/.web.yaml" }, 0, 1, " 6" },
	{ "a file for another program, with its own name", { "other.conf" }, 0, 1, " 7" },
	{ "one file twice", { "good/web.yaml", "good/../good/web.yaml" }, 0, 1, "" },
	{ "one directory twice", { "good", "good/" }, 0, 2, "" },
	{ "a file and its directory", { "good/web.yaml", "good" }, 0, 2, "" },
	{ "two names of one file", { "good/web.yaml", "link.yaml" }, 0, 2, " 31" },
	{ "a manifest", { "manifest.yaml" }, 0, 2, " 31" },
	{ "a manifest with any name", { "manifest" }, 0, 2, " 31" },
	{ "a manifest and a file", { "manifest.yaml", "good/web.yaml" }, 0, 3, " 31 31" },
	{ "a directory of manifests", { "manifests" }, 0, 2, " 31" },
	{ "a manifest beside a service file", { "mixed" }, 0, 2, " 7" },
	{ "a manifest without service files", { "nothing.yaml" }, 0, 0, "" },
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
	{ "a file that cannot be read", { "loop.yaml" }, 0, 1, " 1" },
};

#define OBJECT "apiVersion: v1\nkind: Namespace\nmetadata: {name: lb}\n"
/* One listener twice: of two keys the one that sorts first has it, as in a mounted volume. */
#define MANIFEST                                                                            \
	OBJECT "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: s, namespace: lb}\n" \
	       "data:\n  z.yaml: |\n    listen: 10.0.0.1:80\n"                              \
	       "    backends: [{address: 10.1.0.1:80}]\n  other.conf: x\n  a.yaml: |\n"     \
	       "    listen: 10.0.0.1:80\n    backends: [{address: 10.1.0.2:80}]\n"

/* Checks with defaults; the caller clears *out. */
static int validate(const char *const *paths, size_t n, enum ezlb_snat_driver driver,
		    struct ezlb_validated *out, struct ezlb_err *err)
{
	const struct ezlb_validate_options options = { .paths = paths, .n = n, .driver = driver };

	return ezlb_controller_validate(&options, out, err);
}

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
	put("good/.web.yaml", WEB);
	put("other.conf", "virtual_server 10.0.0.1 80 {\n}\n");
	assert_int_equal(symlink("loop.yaml", at("loop.yaml").s), 0);
	assert_int_equal(symlink("good/web.yaml", at("link.yaml").s), 0);
	make_dir("manifests");
	make_dir("mixed");
	put("manifest.yaml", MANIFEST);
	put("manifest", MANIFEST);
	put("manifests/all.yaml", MANIFEST);
	put("manifests/other.yaml", OBJECT);
	put("mixed/all.yaml", MANIFEST);
	put("mixed/web.yaml", WEB);
	put("nothing.yaml", OBJECT);
	put("bad/bad.yaml", BAD);
	put("bad/api.yaml", API);
	put("taken/web2.yaml", TAKEN);
	put("chain/chain.yaml", CHAIN);
	put("slow/long.yaml", SLOW("tcp", "  timeout: 1001ms\n"));
	put("slow/default.yaml", SLOW("tcp", ""));
	put("slow/same.yaml", SLOW("tcp", "  timeout: 1s\n"));
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		struct ezlb_validated found;
		struct ezlb_err err = { 0 };
		struct text full[3];
		const char *paths[3];
		size_t n = 0;

		print_message("%s\n", checks[i].name);
		for (; n < 3 && checks[i].paths[n]; n++) {
			full[n] = at(checks[i].paths[n]);
			paths[n] = full[n].s;
		}
		assert_int_equal(validate(paths, n, EZLB_SNAT_AUTO, &found, &err), checks[i].rc);
		assert_int_equal(found.n_files, checks[i].files);
		assert_diags(&found.diags, checks[i].diags);
		if (checks[i].rc)
			assert_has(err.msg, paths[n - 1]);
		ezlb_validated_clear(&found);
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
		struct ezlb_validated found;

		put("slow.yaml", rows[i].file);
		assert_int_equal(validate(&path, 1, EZLB_SNAT_AUTO, &found, NULL), 0);
		assert_int_equal(found.diags.len, 1);
		text = ezlb_diag_text(&found.diags.items[0]);
		assert_string_equal(text + strlen(found.diags.items[0].file), rows[i].want);
		ezlb_validated_clear(&found);
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
		struct ezlb_validated found;

		put("syslog.yaml", content);
		assert_int_equal(validate(&path, 1, EZLB_SNAT_AUTO, &found, NULL), 0);
		assert_int_equal(found.diags.len, rows[i].want ? 1 : 0);
		if (rows[i].want) {
			text = ezlb_diag_text(&found.diags.items[0]);
			assert_string_equal(text + strlen(found.diags.items[0].file), rows[i].want);
		}
		ezlb_validated_clear(&found);
	}
}

/* What is said of a key of a ConfigMap, and of the whole. */
static void test_manifest(void **state)
{
	const struct text file = at("m.yaml");
	const char *path = file.s, *names[] = { "lb/s", "absent" };
	struct ezlb_validate_options options = { .paths = &path, .n = 1 };
	struct ezlb_validated found;
	struct ezlb_err err = { 0 };
	EZLB_AUTO_FREE char *text = NULL, *want = NULL;

	(void)state;
	put("m.yaml", MANIFEST);
	assert_int_equal(ezlb_controller_validate(&options, &found, NULL), 0);
	text = ezlb_diag_text(&found.diags.items[0]);
	want = ezlb_asprintf("%s:10:13: error[E031]: the listener tcp 10.0.0.1:80 is already used "
			     "by service 'a' at %s:14:13\n  in: ConfigMap lb/s, key z.yaml\n"
			     "  help: use another address or port, or write all backends of the "
			     "listener into one file\n",
			     path, path);
	assert_string_equal(text, want);
	assert_string_equal(found.diags.items[0].service, "z");
	assert_int_equal(found.n_objects, 1);
	assert_int_equal(found.ignored.len, 1);
	assert_string_equal(found.ignored.items[0], "other.conf in lb/s");
	ezlb_validated_clear(&found);

	options.configmaps = names;
	options.n_configmaps = 1;
	assert_int_equal(ezlb_controller_validate(&options, &found, &err), 0);
	assert_int_equal(found.n_files, 2);
	ezlb_validated_clear(&found);
	options.n_configmaps = 2;
	assert_int_equal(ezlb_controller_validate(&options, &found, &err), -ENOENT);
	assert_has(err.msg, "there is no ConfigMap absent");
	ezlb_validated_clear(&found);
}

/* As for --config-dir: what `ezlb run` would refuse there is refused. */
static void test_as_run(void **state)
{
	const struct text dir = at("asrun");
	const char *path = dir.s;
	struct ezlb_validate_options options = { .paths = &path, .n = 1, .as_run = true };
	struct ezlb_validated found;

	(void)state;
	make_dir("asrun");
	put("asrun/m.yaml", MANIFEST);
	assert_int_equal(ezlb_controller_validate(&options, &found, NULL), 0);
	assert_diags(&found.diags, " 7");
	ezlb_validated_clear(&found);
}

/* No input has more errors than somebody reads. */
static void test_many(void **state)
{
	struct ezlb_text text = { 0 };
	EZLB_AUTO_FREE char *bytes = NULL;
	const struct text file = at("many.yaml");
	const char *path = file.s;
	struct ezlb_validated found;

	(void)state;
	ezlb_text_puts(&text, "apiVersion: v1\nkind: ConfigMap\ndata:\n");
	for (int i = 0; i < 1000; i++) {
		ezlb_text_printf(&text, "  s%d.yaml: |\n    backends:\n", i);
		for (int k = 0; k < 12; k++)
			ezlb_text_puts(&text, "    - {address: x}\n");
	}
	bytes = ezlb_text_take(&text, NULL);
	put("many.yaml", bytes);
	assert_int_equal(validate(&path, 1, EZLB_SNAT_AUTO, &found, NULL), 0);
	assert_true(found.stopped);
	assert_in_range(found.diags.len, EZLB_VALIDATE_MAX, EZLB_VALIDATE_MAX + 20);
	ezlb_validated_clear(&found);
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
		struct ezlb_validated found;

		assert_int_equal(validate(&path, 1, rows[i].backend, &found, NULL), 0);
		assert_int_equal(found.n_files, 2);
		assert_diags(&found.diags, rows[i].diags);
		ezlb_validated_clear(&found);
	}
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_check),	 IN_TOP(test_timeout),
		IN_TOP(test_one_packet), IN_TOP(test_check_for_a_backend),
		IN_TOP(test_manifest),	 IN_TOP(test_as_run),
		IN_TOP(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
