// SPDX-License-Identifier: GPL-2.0-or-later
/* once, plan and cleanup as cmd calls them, on the in-memory data plane. */
#include "commands.h"

#include <errno.h>

#include "files.h"
#include "own_net.h"

typedef int (*command_fn)(struct ezlb_err *err);

static struct ezlb_print print;
static bool converged;
static size_t pending;

static int run(struct ezlb_err *err)
{
	options.sandbox_off = true; /* it would hold for the tests that follow */
	return ezlb_controller_run(&options, err);
}

static int once(struct ezlb_err *err)
{
	return ezlb_controller_once(&options, &print, &converged, err);
}

static int plan(struct ezlb_err *err)
{
	return ezlb_controller_plan(&options, &print, &pending, err);
}

static int cleanup(struct ezlb_err *err)
{
	return ezlb_controller_cleanup(&options, err);
}

/* Runs it; the result is what it printed on stdout, and the caller frees. */
static char *printed(command_fn command, int want, struct ezlb_err *err)
{
	struct capture out = capture_begin(STDOUT_FILENO);
	struct capture log = capture_begin(STDERR_FILENO);
	int rc = command(err);
	char *said;

	free(capture_end(log));
	said = capture_end(out);
	assert_int_equal(rc, want);
	return said;
}

static void test_no_config_dir(void **state)
{
	static const command_fn commands[] = { run, once, plan };

	(void)state;
	options.n_config_dirs = 2;
	dirs[1] = "/nonexistent/services.d";
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		struct ezlb_err err = { 0 };

		free(printed(commands[i], -ENOENT, &err));
		assert_has(err.msg, "cannot read the config directory /nonexistent/services.d: ");
	}
	free(printed(cleanup, 0, NULL)); /* needs none */
}

#define API_PREVIEW                                                 \
	"api  tcp 10.0.0.2:80\n"                                    \
	"  + listener tcp 10.0.0.2:80, scheduler wrr  api.yaml:1\n" \
	"  + backend 10.1.0.1:80, weight 1            api.yaml:4\n"
#define WEB_PREVIEW                                                 \
	"web  tcp 10.0.0.1:80\n"                                    \
	"  + listener tcp 10.0.0.1:80, scheduler wrr  web.yaml:1\n" \
	"  + backend 10.1.0.1:80, weight 1            web.yaml:4\n"
#define REFUSED_ONE(name)                                                           \
	"  ! " name ".yaml:1:9: error[E015]: 'nonsense' has no port: write IP:port" \
	"  the file is not applied\n"
#define REFUSED(name) "refused files\n" REFUSED_ONE(name)
#define PLAN_WARNS(n) "\nPlan: " n " to add, 0 to change, 0 to remove; 1 warning.\n"
#define DONE_WARNS(n) "\nDone: " n " added, 0 changed, 0 removed; 1 warning.\n"
#define PLAN(n)	      "\nPlan: " n " to add, 0 to change, 0 to remove.\n"
#define DONE(n)	      "\nDone: " n " added, 0 changed, 0 removed.\n"

static const struct {
	const char *name, *web, *api; /* NULL: no such file */
	const char *plan, *once;      /* what they print */
	int rc;			      /* of plan */
	size_t pending;
	bool converged; /* of once */
} oneshots[] = {
	{ "no files", NULL, NULL, "No changes: the kernel is as the files say.\n", "", 0, 0, true },
	{ "one service", WEB, NULL, WEB_PREVIEW PLAN("2"), WEB_PREVIEW DONE("2"), 0, 2, true },
	{ "two services", WEB, API, API_PREVIEW "\n" WEB_PREVIEW PLAN("4"),
	  API_PREVIEW "\n" WEB_PREVIEW DONE("4"), 0, 4, true },
	{ "one is bad", BAD, API, API_PREVIEW "\n" REFUSED("web") PLAN_WARNS("2"),
	  API_PREVIEW "\n" REFUSED("web") DONE_WARNS("2"), -EINVAL, 2, false },
	{ "all are bad", BAD, BAD, REFUSED("api") REFUSED_ONE("web"),
	  REFUSED("api") REFUSED_ONE("web"), -EINVAL, 0, false },
};

static void test_oneshots(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(oneshots); i++) {
		char *out;

		print_message("%s\n", oneshots[i].name);
		if (oneshots[i].web)
			put("config/web.yaml", oneshots[i].web);
		if (oneshots[i].api)
			put("config/api.yaml", oneshots[i].api);
		pending = 99;
		out = printed(plan, oneshots[i].rc, NULL);
		assert_string_equal(out, oneshots[i].plan);
		assert_int_equal(pending, oneshots[i].pending);
		free(out);
		converged = !oneshots[i].converged;
		out = printed(once, 0, NULL);
		assert_string_equal(out, oneshots[i].once);
		assert_int_equal(converged, oneshots[i].converged);
		free(out);
	}
}

static void test_json(void **state)
{
	char *out;

	(void)state;
	print.json = true;
	out = printed(plan, 0, NULL);
	assert_string_equal(
		out,
		"{\n  \"summary\": {\n    \"add\": 0,\n    \"change\": 0,\n"
		"    \"remove\": 0,\n    \"failed\": 0\n  },\n  \"ops\": [],\n  \"warnings\": []\n}\n");
	free(out);
	put("config/web.yaml", WEB);
	out = printed(plan, 0, NULL);
	assert_has(out, "\"text\": \"service-add tcp 10.0.0.1:80 scheduler wrr\",");
	assert_has(out, "\"outcome\": null");
	free(out);
	out = printed(once, 0, NULL);
	assert_has(out, "\"outcome\": \"done\"");
	free(out);
	print.json = false;
}

static void test_colour(void **state)
{
	char *out;

	(void)state;
	print.colour = true;
	put("config/web.yaml", WEB);
	out = printed(plan, 0, NULL);
	assert_has(out, "\033[1mweb\033[0m  tcp 10.0.0.1:80\n");
	free(out);
	print.colour = false;
}

/* Whoever looks at files before they are in force sees the line that is wrong. */
static void test_plan_shows_errors(void **state)
{
	struct capture out = capture_begin(STDOUT_FILENO);
	struct capture err;
	char *said;
	int rc;

	(void)state;
	put("config/web.yaml", BAD);
	err = capture_begin(STDERR_FILENO);
	rc = plan(NULL);
	said = capture_end(err);
	free(capture_end(out));
	assert_int_equal(rc, -EINVAL);
	assert_has(said,
		   "config/web.yaml:1:9: error[E015]: 'nonsense' has no port: write IP:port\n");
	assert_has(said, "\n    1 | listen: nonsense\n");
	assert_has(said, "\n      |         ^\n");
	free(said);
}

/* A backend that refuses connections is down at once, so that `once` need not wait for it. */
static void test_once_probes(void **state)
{
	char *out;

	(void)state;
	put("config/web.yaml", "listen: 10.0.0.1:80\n"
			       "health_check: {interval: 1s, timeout: 1s, fail_count: 1}\n"
			       "backends:\n  - address: " OWN_ADDRESS ":1\n");
	out = printed(once, 0, NULL);
	assert_string_equal(out, "web  tcp 10.0.0.1:80\n"
				 "  + listener tcp 10.0.0.1:80, scheduler wrr  web.yaml:1\n"
				 "  ! backend " OWN_ADDRESS ":1, not added: down (connect_refused)"
				 "  web.yaml:4\n" DONE_WARNS("1"));
	assert_true(converged);
	free(out);
	out = printed(plan, 0, NULL);
	assert_string_equal(out, "web  tcp 10.0.0.1:80\n"
				 "  + listener tcp 10.0.0.1:80, scheduler wrr  web.yaml:1\n"
				 "  ! backend " OWN_ADDRESS ":1, not added: down (connect_refused)"
				 "  web.yaml:4\n" PLAN_WARNS("1"));
	free(out);
}

static void test_cleanup_of_nothing(void **state)
{
	char *out = printed(cleanup, 0, NULL);

	(void)state;
	assert_string_equal(out, "");
	free(out);
}

/* The same files, by listener and by backend. */
static void test_backend_in_memory(void **state)
{
	static const struct {
		enum ezlb_snat_driver backend;
		const char *says;
		size_t rules;
		const char *rule;
	} rows[] = {
		{ EZLB_SNAT_NFTABLES, "", 2, "  + snat 10.0.0.4  " },
		{ EZLB_SNAT_IPTABLES, "error[E032]", 1, "  + snat 10.0.0.3 for 10.1.0.1:80  " },
		{ EZLB_SNAT_AUTO, "error[E032]", 1, "  + snat 10.0.0.3 for 10.1.0.1:80  " },
	};

	(void)state;
	put("config/a.yaml", SNAT("3"));
	put("config/b.yaml", SNAT("4"));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct capture err = capture_begin(STDERR_FILENO);
		struct capture out = capture_begin(STDOUT_FILENO);
		EZLB_AUTO_FREE char *said = NULL, *done = NULL;
		int rc;

		options.snat_driver = rows[i].backend;
		rc = ezlb_controller_once(&options, &print, &converged, NULL);
		done = capture_end(out);
		said = capture_end(err);
		assert_int_equal(rc, 0);
		assert_int_equal(converged, rows[i].rules == 2);
		assert_int_equal(count(done, "  + snat "), rows[i].rules);
		assert_has(done, rows[i].rule);
		assert_has(said, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_no_config_dir),
		IN_TOP(test_oneshots),
		IN_TOP(test_json),
		IN_TOP(test_colour),
		IN_TOP(test_plan_shows_errors),
		IN_TOP(test_once_probes),
		IN_TOP(test_cleanup_of_nothing),
		IN_TOP(test_backend_in_memory),
	};

	if (!own_net()) {
		perror("a network namespace of its own");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
