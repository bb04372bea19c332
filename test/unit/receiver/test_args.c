// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include "args.h"

#define WORDS 8

struct line {
	char *argv[WORDS + 1];
	int argc;
};

/* getopt changes the order of the words, so each line gets its own. */
static struct line split(const char *text, char *buf, size_t size)
{
	struct line line = { .argv = { "ezlb-toa" }, .argc = 1 };

	ezlb_strcpy(buf, size, text);
	for (char *save = NULL, *word = strtok_r(buf, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		line.argv[line.argc++] = word;
	return line;
}

static int parse(const char *text, const struct args_env *env, struct args *args, char *buf,
		 size_t size, struct ezlb_err *err)
{
	struct line line = split(text, buf, size);

	return args_parse(line.argc, line.argv, env, args, err);
}

static const struct {
	const char *in, *env_from, *env_cgroup;
	enum command command;
	size_t n_from;
	const char *cgroup;
	bool pin, json;
} good[] = {
	{ "run --from=10.0.0.3", NULL, NULL, COMMAND_RUN, 1, NULL, false, false },
	{ "run --from 10.0.0.3 --from fd00::3", "", "", COMMAND_RUN, 2, NULL, false, false },
	{ "run --pin --cgroup /c --from=10.0.0.3", NULL, NULL, COMMAND_RUN, 1, "/c", true, false },
	{ "run", "10.0.0.3 10.0.0.4", "/c", COMMAND_RUN, 2, "/c", false, false },
	{ "attach --from=10.0.0.3", "10.0.0.4,10.0.0.5", NULL, COMMAND_ATTACH, 1, NULL, false,
	  false },
	{ "attach --cgroup=/d", "10.0.0.4", "/c", COMMAND_ATTACH, 1, "/d", false, false },
	{ "detach", "nonsense", "/c", COMMAND_DETACH, 0, NULL, false, false },
	{ "status", NULL, NULL, COMMAND_STATUS, 0, NULL, false, false },
	{ "status -o json", NULL, NULL, COMMAND_STATUS, 0, NULL, false, true },
	{ "status --output=text", NULL, NULL, COMMAND_STATUS, 0, NULL, false, false },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		const struct args_env env = { good[i].env_from, good[i].env_cgroup };
		struct ezlb_err err = { 0 };
		struct args args;
		char buf[256];

		if (parse(good[i].in, &env, &args, buf, sizeof(buf), &err) < 0)
			fail_msg("'%s': %s", good[i].in, err.msg);
		assert_int_equal(args.command, good[i].command);
		assert_int_equal(args.from.len, good[i].n_from);
		assert_int_equal(args.pin, good[i].pin);
		assert_int_equal(args.json, good[i].json);
		assert_int_equal(!args.cgroup, !good[i].cgroup);
		if (args.cgroup)
			assert_string_equal(args.cgroup, good[i].cgroup);
		args_clear(&args);
	}
}

static const struct {
	const char *in, *env_from, *want;
} bad[] = {
	{ "", NULL, "which command? `ezlb-toa --help` lists them" },
	{ "atach", NULL, "unknown command 'atach'; did you mean 'attach'?" },
	{ "fly", NULL, "unknown command 'fly'; `ezlb-toa --help` lists them" },
	{ "run --form=10.0.0.3", NULL, "run: no flag --form; did you mean --from?" },
	{ "run -x", NULL, "run: no flag -x; see `ezlb-toa run --help`" },
	{ "run --from", NULL, "run: --from needs a value: ADDRESS[/PREFIX][,...]" },
	{ "run --pin=yes", NULL, "run: --pin takes no value" },
	{ "run --from=10.0.0.3 again", NULL, "run takes no arguments, got 'again'" },
	{ "run --from=10.0.0.300", NULL, "--from: " },
	{ "run", NULL, "run: --from is missing: anybody" },
	{ "attach", "", "attach: --from is missing: anybody" },
	{ "attach --from=", NULL, "attach: --from is missing: anybody" },
	{ "attach", "10.0.0.300", "EZLB_TOA_FROM: " },
	{ "attach --pin --from=10.0.0.3", NULL, "attach: no flag --pin" },
	{ "attach --cgroup= --from=10.0.0.3", NULL, "--cgroup=: expected PATH" },
	{ "run -o json", NULL, "run: no flag --output; see `ezlb-toa run --help`" },
	{ "detach --from=10.0.0.3", NULL, "detach: no flag --from" },
	{ "status -o yaml", NULL, "--output=yaml: expected text|json" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		const struct args_env env = { .from = bad[i].env_from };
		struct ezlb_err err = { 0 };
		struct args args;
		char buf[256];

		if (parse(bad[i].in, &env, &args, buf, sizeof(buf), &err) != -EINVAL ||
		    strncmp(err.msg, bad[i].want, strlen(bad[i].want)) != 0)
			fail_msg("'%s': '%s', want '%s'", bad[i].in, err.msg, bad[i].want);
		args_clear(&args);
	}
}

/* Help wants no --from. */
static void test_help(void **state)
{
	const struct args_env env = { 0 };
	struct ezlb_text text = { 0 };
	EZLB_AUTO_FREE char *help = NULL;
	struct args args;
	char buf[256];

	(void)state;
	assert_int_equal(parse("--help", &env, &args, buf, sizeof(buf), NULL), 0);
	assert_true(args.help && !args.of_command);
	assert_int_equal(parse("--version", &env, &args, buf, sizeof(buf), NULL), 0);
	assert_true(args.version);
	assert_int_equal(parse("attach --help", &env, &args, buf, sizeof(buf), NULL), 0);
	assert_true(args.help && args.of_command);
	args_help(args.command, &text);
	help = ezlb_text_take(&text, &(size_t){ 0 });
	assert_non_null(strstr(help, "usage: ezlb-toa attach"));
	assert_non_null(strstr(help, "EZLB_TOA_FROM"));
	assert_null(strstr(help, "--pin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
