// SPDX-License-Identifier: GPL-2.0-or-later
/* What the plan leaves out. */
#include "plans.h"

#define A "10.1.0.1:80"
#define B "10.1.0.2:80"

static const struct {
	const char *name;
	bool checked; /* there is a verdict */
	enum ezlb_verdict verdict;
	bool probed;
	enum ezlb_outcome outcome;
	int code;
	const char *want;
} backends[] = {
	{ "without a health check", false, EZLB_UP, false, 0, 0, "" },
	{ "up", true, EZLB_UP, true, 0, 0, "" },
	{ "refuses", true, EZLB_DOWN, true, EZLB_PROBE_CONNECT_REFUSED, 0,
	  "web  tcp 10.0.0.1:80\n"
	  "  ! backend " B ", not added: down (connect_refused)  web.yaml:12\n" },
	{ "another status", true, EZLB_DOWN, true, EZLB_PROBE_HTTP_STATUS, 404,
	  "web  tcp 10.0.0.1:80\n"
	  "  ! backend " B ", not added: down (http_status 404)  web.yaml:12\n" },
	{ "down, nobody knows why", true, EZLB_DOWN, false, 0, 0,
	  "web  tcp 10.0.0.1:80\n"
	  "  ! backend " B ", not added: down  web.yaml:12\n" },
	{ "no result yet", true, EZLB_UNKNOWN, false, 0, 0,
	  "web  tcp 10.0.0.1:80\n"
	  "  ! backend " B ", left unchanged: its health check has no result yet  web.yaml:12\n" },
};

static void test_backends(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(backends); i++) {
		struct scene *scene = scene_open();

		print_message("%s\n", backends[i].name);
		add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 " A " " B);
		if (backends[i].checked) {
			struct ezlb_verdict_row *row = add_verdict(scene, "web", B,
								   backends[i].verdict);

			row->probed = backends[i].probed;
			row->outcome = backends[i].outcome;
			row->code = backends[i].code;
		}
		assert_text(scene, backends[i].want);
		scene_close(scene);
	}
}

/* Warnings come after the operations of their service, and are counted. */
static void test_beside_ops(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 " A " " B);
	add_spec(scene, "/d/api.yaml", "api tcp 10.0.0.2:80 " A);
	add_down(scene, "api", A, EZLB_PROBE_TIMEOUT, 0);
	add_down(scene, "web", B, EZLB_PROBE_TLS, 0);
	add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.1:80");
	add_diag(scene, "/d/bad.yaml", 3);
	add_diag(scene, "/d/bad.yaml", 4);
	add_diag(scene, "/d/web.yaml", 7);
	assert_text(scene,
		    "api  tcp 10.0.0.2:80\n"
		    "  ! backend " A ", not added: down (timeout)  api.yaml:11\n"
		    "\n"
		    "web  tcp 10.0.0.1:80\n"
		    "  + listener tcp 10.0.0.1:80, scheduler wrr  web.yaml:2\n"
		    "  ! backend " B ", not added: down (tls)  web.yaml:12\n"
		    "\n"
		    "refused files\n"
		    "  ! bad.yaml:3:9: error[E015]: this is wrong (and 1 more)"
		    "  the file is not applied\n"
		    "  ! web.yaml:7:9: error[E015]: this is wrong  its last good version stays\n"
		    "\n"
		    "Plan: 1 to add, 0 to change, 0 to remove; 4 warnings.\n");
	scene_close(scene);
}

/* The operation that takes it out says why, unless it is another service's. */
static void test_taken_out(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 " A);
	add_spec(scene, "/d/api.yaml", "api tcp 10.0.0.2:80 " A);
	add_down(scene, "api", A, EZLB_PROBE_TIMEOUT, 0);
	add_down(scene, "web", A, EZLB_PROBE_TIMEOUT, 0);
	add_dest(scene, EZLB_OP_DEST_DEL, "10.0.0.1:80", A);
	assert_text(scene, "api  tcp 10.0.0.2:80\n"
			   "  ! backend " A ", not added: down (timeout)  api.yaml:11\n"
			   "\n"
			   "web  tcp 10.0.0.1:80\n"
			   "  - backend " A "  web.yaml:11, backend is down: timeout\n"
			   "\n"
			   "Plan: 0 to add, 0 to change, 1 to remove; 1 warning.\n");
	scene_close(scene);
}

/* Of a service whose listener is foreign only that is told. */
/* The service works, but not as the file asks. */
static void test_no_client_addresses(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/api.yaml", "api tcp 10.0.0.2:80 snat=masq 10.1.0.1:80");
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 snat=masq toa 10.1.0.1:80");
	scene->preview.toa_problem = "";
	assert_text(scene, "");
	scene->preview.toa_problem = "the kernel has no BPF";
	assert_text(scene, "web  tcp 10.0.0.1:80\n"
			   "  ! TOA option, not added: the kernel has no BPF; the service works "
			   "without it  web.yaml:7\n");
	scene_close(scene);
}

static void test_foreign_syncs(void **state)
{
	struct ezlb_sync_row rows[] = { { EZLB_SYNC_BACKUP, "eth2", 7, false } };
	const struct ezlb_syncs foreign = { rows, COUNT_OF(rows), COUNT_OF(rows) };
	struct scene *scene = scene_open();

	(void)state;
	scene->preview.foreign_syncs = &foreign;
	assert_text(scene,
		    "host\n"
		    "  ! ipvs sync daemon backup on eth2, id 7, not changed: another program "
		    "started it  --sync-interface\n");
	scene_close(scene);
}

static void test_foreign(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 " A);
	add_down(scene, "web", A, EZLB_PROBE_TIMEOUT, 0);
	add_foreign(scene, "10.0.0.1:80");
	assert_text(scene, "web  tcp 10.0.0.1:80\n"
			   "  ! listener tcp 10.0.0.1:80, not added: it belongs to a virtual "
			   "service that ezlb did not create (--adopt never)  web.yaml:2\n");
	scene->preview.foreign = NULL;
	scene->preview.diags = NULL;
	assert_says(scene, "not added: down (timeout)");
	scene_close(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backends),      cmocka_unit_test(test_beside_ops),
		cmocka_unit_test(test_taken_out),     cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_foreign_syncs), cmocka_unit_test(test_no_client_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
