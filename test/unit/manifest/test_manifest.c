// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <stdio.h>

#include <ezlb/manifest.h>
#include <ezlb/text.h>

#include "base64.h"

#define OBJECT(kind) "apiVersion: v1\nkind: " kind "\n"
#define MAP(name)    OBJECT("ConfigMap") "metadata: {name: " name ", namespace: lb}\n"
#define SERVICE	     "data:\n  web.yaml: |\n    listen: 10.0.0.1:80\n"

static const struct {
	const char *name, *text;
	bool is;
} kinds[] = {
	{ "nothing", "", false },
	{ "a service file", "listen: 10.0.0.1:80\n", false },
	{ "one with the word", "x-apiVersion: 1\nlisten: 10.0.0.1:80\nkind: a\n", false },
	{ "an object", OBJECT("Service"), true },
	{ "keys in another order", "kind: Service\nmetadata: {}\napiVersion: v1\n", true },
	{ "a second document", "a: 1\n---\n" OBJECT("Service"), true },
	{ "empty documents", "---\n---\n" OBJECT("Service") "---\n", true },
	{ "JSON", "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": []}", true },
	{ "a list",
	  "- "
	  "a: 1\n- {apiVersion: v1, kind: Pod}\n",
	  true },
	{ "a list of others", "- {apiVersion: v1}\n", false },
	{ "a broken one", OBJECT("Service") "a: [\n", true },
	{ "broken, and no manifest", "a: [apiVersion: v1\n", false },
	{ "without a kind", "apiVersion: v1\n", false },
};

static void test_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (ezlb_manifest_is(kinds[i].text, strlen(kinds[i].text)) != kinds[i].is)
			fail_msg("%s", kinds[i].name);
}

/* "KEY LINE[ KEY LINE]...; passed over; ignored; others" of the whole. */
static const struct {
	const char *name, *text, *only[3], *want;
} rows[] = {
	{ "a ConfigMap", MAP("s") SERVICE, { NULL }, "web.yaml@5 |  |  | 0" },
	{ "a stream",
	  OBJECT("Namespace") "---\n" MAP("s") SERVICE "---\n" OBJECT("DaemonSet"),
	  { NULL },
	  "web.yaml@8 |  |  | 2" },
	{ "by key, not by place",
	  MAP("s") "data:\n  b.yaml: 'listen: 1'\n  c.yml: x\n  a.yaml: x\n",
	  { NULL },
	  "a.yaml@7 b.yaml@5 c.yml@6 |  |  | 0" },
	{ "names that run ignores",
	  MAP("s") SERVICE "  a.conf: x\n  .h.yaml: x\n  '#a.yaml': x\n  a.yaml.bak: x\n",
	  { NULL },
	  "web.yaml@5 |  | a.conf in lb/s, .h.yaml in lb/s, #a.yaml in lb/s, a.yaml.bak in lb/s | 0" },
	{ "of another program",
	  MAP("rules") "data:\n  rules.yaml: |\n    groups:\n    - listen: 1\n",
	  { NULL },
	  "| lb/rules |  | 0" },
	{ "the words in a deeper place, or in another key",
	  MAP("a") "data:\n  a.yaml: |\n    web:\n      listen: 1\n  b.conf: 'listen: 1'\n",
	  { NULL },
	  "| lb/a |  | 0" },
	{ "all of it is deeper than a comment",
	  MAP("a") "data: {a.yaml: \"# c\\n---\\n\\n  listen: 1\\n\"}\n",
	  { NULL },
	  "a.yaml@4 |  |  | 0" },
	{ "indented with a tab",
	  MAP("a") "data: {a.yaml: \"\\tlisten: 1\\n\"}\n",
	  { NULL },
	  "a.yaml@4 |  |  | 0" },
	{ "by fwmark", MAP("a") "data: {a.yaml: 'fwmark: 1'}\n", { NULL }, "a.yaml@4 |  |  | 0" },
	{ "by backends, in a broken file",
	  MAP("a") "data:\n  a.yaml: |\n    listn: [\n    backends :\n",
	  { NULL },
	  "a.yaml@5 |  |  | 0" },
	{ "JSON in it",
	  MAP("a") "data:\n  a.yaml: '{\"name\": \"a\",'\n  b.yaml: |\n    {\n      \"listen\": 1}\n",
	  { NULL },
	  "a.yaml@5 b.yaml@6 |  |  | 0" },
	{ "only the one that is named",
	  MAP("a") SERVICE "---\n" MAP("b") "data: {b.yaml: x}\n",
	  { "b" },
	  "b.yaml@11 | lb/a |  | 0" },
	{ "with its namespace",
	  MAP("a") SERVICE "---\n" MAP("b") "data: {b.yaml: x}\n",
	  { "lb/b", "other/a" },
	  "b.yaml@11 | lb/a |  | 0" },
	{ "a List",
	  OBJECT("List") "items:\n- kind: ConfigMap\n  metadata: {name: n}\n  data:\n"
			 "    a.yaml: 'listen: 1'\n- kind: Pod\n",
	  { NULL },
	  "a.yaml@7 |  |  | 1" },
	{ "a ConfigMapList, whose items need no kind",
	  OBJECT("ConfigMapList") "items:\n- data: {a.yaml: 'listen: 1'}\n- data: {x.yaml: 1}\n",
	  { NULL },
	  "a.yaml@4 | without a name |  | 0" },
	{ "a list of objects",
	  "- {apiVersion: v1, kind: ConfigMap, data: {a.yaml: 'listen: 1'}}\n- {kind: Pod}\n- 1\n",
	  { NULL },
	  "a.yaml@1 |  |  | 1" },
	{ "binaryData",
	  MAP("a") "binaryData: {a.yaml: bGlzdGVuOiAx}\n",
	  { NULL },
	  "a.yaml@4 |  |  | 0" },
	{ "without data", MAP("a"), { NULL }, "| lb/a |  | 0" },
	{ "with none", MAP("a") "data:\nbinaryData: null\n", { "a" }, "|  |  | 0" },
};

static void put_names(struct ezlb_text *out, const struct ezlb_manifest_names *names)
{
	ezlb_text_puts(out, "| ");
	for (size_t i = 0; i < names->len; i++)
		ezlb_text_printf(out, "%s%s", i > 0 ? ", " : "", names->items[i]);
	ezlb_text_puts(out, " ");
}

static char *summary(const struct ezlb_manifest *manifest)
{
	struct ezlb_text out = { 0 };

	for (size_t i = 0; i < manifest->files.len; i++)
		ezlb_text_printf(&out, "%s@%d ", manifest->files.items[i].name,
				 manifest->files.items[i].value->at.line);
	put_names(&out, &manifest->passed);
	put_names(&out, &manifest->ignored);
	ezlb_text_printf(&out, "| %zu", manifest->n_others);
	return ezlb_text_take(&out, NULL);
}

static void test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_diags diags = { 0 };
		struct ezlb_manifest manifest;
		EZLB_AUTO_FREE char *got = NULL;
		size_t n = 0;

		while (rows[i].only[n])
			n++;
		print_message("%s\n", rows[i].name);
		assert_true(ezlb_manifest_read(&manifest, "m.yaml", rows[i].text,
					       strlen(rows[i].text), rows[i].only, n, &diags));
		got = summary(&manifest);
		assert_string_equal(got, rows[i].want);
		ezlb_manifest_clear(&manifest);
		ezlb_diags_clear(&diags);
	}
}

static const struct {
	const char *text, *want;
} bad[] = {
	{ MAP("s") "data: {web.yaml: {listen: 1}, a.yaml: 'listen: 1'}\n",
	  "m.yaml:4:18: error[E012]: a key of a ConfigMap must be a text, not a list or a mapping" },
	{ MAP("s") SERVICE "binaryData: {a.yaml: '*'}\n",
	  "m.yaml:7:22: error[E013]: binaryData: this is not base64" },
	{ MAP("s") SERVICE "binaryData: [a]\n",
	  "m.yaml:7:13: error[E012]: binaryData of a ConfigMap must be a mapping" },
	{ MAP("s") SERVICE "  web.yaml: x\n",
	  "m.yaml:7:3: error[E005]: 'web.yaml' is given twice, first on line 5" },
	{ MAP("s") "data:\n  web.yaml: |\n   listen: 1\n  x\n",
	  "m.yaml:7:3: error[E003]: this line has no 'key: value'" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct ezlb_diags diags = { 0 };
		struct ezlb_manifest manifest;
		EZLB_AUTO_FREE char *line = NULL;

		assert_false(ezlb_manifest_read(&manifest, "m.yaml", bad[i].text,
						strlen(bad[i].text), NULL, 0, &diags));
		assert_int_equal(diags.len, 1);
		line = ezlb_diag_line(&diags.items[0]);
		assert_string_equal(line, bad[i].want);
		ezlb_manifest_clear(&manifest);
		ezlb_diags_clear(&diags);
	}
}

/* Warnings of what is passed over; NULL: none. */
#define LOOKS "none of its files looks like a service file"
static const struct {
	const char *text, *only, *want;
} passed[] = {
	{ MAP("s") "data: {web.yaml: 'lisen: 1'}\n", NULL,
	  "m.yaml:3:18: warning[E037]: ConfigMap lb/s: " LOOKS },
	{ MAP("s") "data: {web.yaml: ''}\n", NULL,
	  "m.yaml:3:18: warning[E037]: ConfigMap lb/s: " LOOKS },
	{ MAP("s") "binaryData: {web.yml: '*'}\n", NULL,
	  "m.yaml:3:18: warning[E037]: ConfigMap lb/s: " LOOKS },
	{ "apiVersion: v1\nkind: ConfigMap\ndata: {web.yaml: [a]}\n", NULL,
	  "m.yaml:1:1: warning[E037]: ConfigMap without a name: " LOOKS },
	{ MAP("s") "data: {web.yaml: 'lisen: 1'}\n", "other", NULL },
	{ MAP("s") "data: {web.conf: 'lisen: 1', .a.yaml: x}\n", NULL, NULL },
	{ MAP("s") SERVICE, NULL, NULL },
	{ OBJECT("Configmap") SERVICE, NULL,
	  "m.yaml:1:1: warning[E037]: Configmap without a name: Kubernetes has no such kind" },
	{ OBJECT("Secret") "data: {a.yaml: bGlzdGVuOiAx}\n", NULL,
	  "m.yaml:1:1: warning[E037]: Secret without a name: its service files are not checked: "
	  "only ConfigMaps are read" },
	{ OBJECT("Secret") "stringData: {a.yaml: 'fwmark: 1'}\n", NULL,
	  "m.yaml:1:1: warning[E037]: Secret without a name: its service files are not checked: "
	  "only ConfigMaps are read" },
	{ OBJECT("Secret") "stringData: {a.yaml: 'password: 1'}\n", NULL, NULL },
	{ OBJECT("SecretList") "items:\n- metadata: {name: n}\n  stringData: {a.yaml: 'listen: 1'}\n",
	  NULL,
	  "m.yaml:4:20: warning[E037]: Secret n: its service files are not checked: only "
	  "ConfigMaps are read" },
	{ OBJECT("Pod") "---\nlisten: 10.0.0.1:80\n", NULL,
	  "m.yaml:4:1: warning[E037]: this is a service file among manifests: it is not checked" },
};

static void test_passed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(passed); i++) {
		struct ezlb_diags diags = { 0 };
		struct ezlb_manifest manifest;
		EZLB_AUTO_FREE char *line = NULL;

		print_message("%s\n", passed[i].text);
		assert_true(ezlb_manifest_read(&manifest, "m.yaml", passed[i].text,
					       strlen(passed[i].text), &passed[i].only,
					       passed[i].only != NULL, &diags));
		assert_int_equal(diags.len, passed[i].want != NULL);
		if (passed[i].want) {
			line = ezlb_diag_line(&diags.items[0]);
			assert_string_equal(line, passed[i].want);
			assert_non_null(diags.items[0].help);
		}
		ezlb_manifest_clear(&manifest);
		ezlb_diags_clear(&diags);
	}
}

static const struct {
	const char *in, *want;
} codes[] = {
	{ "", "" },
	{ "YQ==", "a" },
	{ "YWI=", "ab" },
	{ "YWJj", "abc" },
	{ "YWJj\nZA==\n", "abcd" },
	{ "+/+/", "\xfb\xff\xbf" },
	{ "YQ", NULL },
	{ "YQ=", NULL },
	{ "Y", NULL },
	{ "YQ==YQ==", NULL },
	{ "a-b_", NULL },
	{ "=", NULL },
	{ "YWJj====", NULL },
};

static void test_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		size_t len = 99;
		EZLB_AUTO_FREE char *got = base64_decode(codes[i].in, &len);

		if (!codes[i].want) {
			assert_null(got);
			continue;
		}
		assert_non_null(got);
		assert_int_equal(len, strlen(codes[i].want));
		assert_memory_equal(got, codes[i].want, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is),     cmocka_unit_test(test_read),
		cmocka_unit_test(test_bad),    cmocka_unit_test(test_passed),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
