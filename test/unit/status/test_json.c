// SPDX-License-Identifier: GPL-2.0-or-later
#include "json_fixture.h"
#include "listening.h"
#include "requests.h"

REQUEST(healthz, "/healthz", 200);

static void set(struct ezlb_status_service *service, enum ezlb_condition_type type,
		enum ezlb_reason reason, const char *message, int64_t ms)
{
	assert_true(ezlb_condition_set(&service->conditions[type], type, reason, message, ms));
	service->state = ezlb_state_of(service->conditions);
}

/* --- the world of the manual --------------------------------------------------------------- */

static const struct ezlb_counters web_counters = { 1200, 9000, 8000, 800000, 16000000,
						   5,	 40,   35,   4000,   90000 };

static void add_dns(struct ezlb_status *status)
{
	struct ezlb_status_service *dns = add_service(status, "dns");

	dns->observed_hash = 0x9a3c51d07be24f68;
	set(dns, EZLB_ACCEPTED, EZLB_REASON_REFUSED,
	    "dns.yaml:7:14: error[E014]: port 70000 is out of range: 1-65535", ONE);
	set(dns, EZLB_PROGRAMMED, EZLB_REASON_NOT_APPLIED, NULL, ONE);
	set(dns, EZLB_BACKENDS_READY, EZLB_REASON_NOT_APPLIED, NULL, ONE);
	set(dns, EZLB_CONFLICT, EZLB_REASON_NO_CONFLICT, NULL, ONE);
	set(dns, EZLB_DELIVERABLE, EZLB_REASON_NOT_APPLIED, NULL, ONE);
	set(dns, EZLB_CLIENT_ADDRESS, EZLB_REASON_NOT_APPLIED, NULL, ONE);
}

static void add_web_backends(struct ezlb_status *status)
{
	struct ezlb_status_backend *backend = add_backend(status, "192.168.10.11:80");

	backend->line = 5;
	backend->checked = backend->probed = true;
	backend->verdict = EZLB_UP;
	backend->latency_us = 1234;
	backend->since_ms = MIDNIGHT + 30;
	backend->weight = 1;
	backend->kernel_weight = 1;
	backend->counted = true;
	backend->active = 3;
	backend->inactive = 12;
	backend->counters = web_counters;
	backend->placed = true;
	backend->role = EZLB_ROLE_SERVING;
	backend->dest_weight = 1;

	backend = add_backend(status, "192.168.10.12:80");
	backend->line = 6;
	backend->checked = backend->probed = true;
	backend->verdict = EZLB_DOWN;
	backend->outcome = EZLB_PROBE_HTTP_STATUS;
	backend->code = 503;
	backend->latency_us = 210;
	backend->since_ms = ONE;
	backend->weight = 2;
	backend->placed = true;
	backend->role = EZLB_ROLE_DRAINING;
	backend->cause = EZLB_DRAIN_DOWN;
	backend->until_ms = ONE + 30 * 1000;
	backend->open = 12;
	backend->kernel_weight = 0;
}

static void add_web(struct ezlb_status *status)
{
	struct ezlb_status_service *web = add_service(status, "web");

	web->applied = web->full_nat = web->counted = true;
	listen_on(status, EZLB_TCP, "10.0.0.1:80")->vip = EZLB_VIP_ANNOUNCED;
	ezlb_strcpy(web->scheduler, sizeof(web->scheduler), "wrr");
	assert_int_equal(ezlb_range_parse("10.0.0.3", &web->snat_ip, NULL), 0);
	web->check = (struct ezlb_check){ .type = EZLB_CHECK_HTTP,
					  .interval_ms = 5000,
					  .timeout_ms = 3000,
					  .fail_count = 3,
					  .rise_count = 2,
					  .request = ezlb_request_ref(&healthz) };
	web->observed_hash = web->applied_hash = 0x08f4b6f3c2e0a1d7;
	set(web, EZLB_ACCEPTED, EZLB_REASON_VALID, NULL, MIDNIGHT);
	set(web, EZLB_PROGRAMMED, EZLB_REASON_PROGRAMMED, NULL, MIDNIGHT + 50);
	set(web, EZLB_BACKENDS_READY, EZLB_REASON_SOME_DOWN,
	    "1 of 2 backends is down: 192.168.10.12:80 (http_status 503, drains)", ONE);
	set(web, EZLB_CONFLICT, EZLB_REASON_NO_CONFLICT, NULL, MIDNIGHT);
	set(web, EZLB_DELIVERABLE, EZLB_REASON_NO_OBSTACLE, NULL, MIDNIGHT);
	set(web, EZLB_CLIENT_ADDRESS, EZLB_REASON_ADDED, NULL, MIDNIGHT + 50);
	web->client_address = EZLB_CLIENT_ADDRESS_TOA;
	web->connection_log = web->ports_known = true;
	web->ports = (struct ezlb_ports_row){ .source = web->snat_ip,
					      .backend = endpoint("192.168.10.11:80"),
					      .used = 15 };
	web->n_serving = 1;
	web->n_wanted = 2;
	web->snat_connections = 1200;
	web->active = 3;
	web->inactive = 12;
	web->counters = web_counters;
	add_web_backends(status);
}

static void add_files(struct ezlb_status *status)
{
	struct ezlb_status_file *file = EZLB_PUSH(&status->files);
	struct ezlb_diag *diag;

	file->path = ezlb_strdup("/etc/ezlb/services.d/dns.yaml");
	file->state = EZLB_FILE_REFUSED;
	file->n_diags = 1;
	diag = ezlb_diags_add(&status->diags, file->path, (struct ezlb_mark){ 7, 14 }, EZLB_E_RANGE,
			      "port 70000 is out of range: 1-65535");
	diag->source = ezlb_strdup("  - address: 192.168.10.11:70000");
	file = EZLB_PUSH(&status->files);
	file->path = ezlb_strdup("/etc/ezlb/services.d/web.yaml");
	file->applied = true;
	EZLB_PUSH(&status->dirs)->path = ezlb_strdup("/etc/ezlb/services.d");
}

static void make_example(struct ezlb_status *status)
{
	static const char *const results[] = { "added",	   "stripped", "no_room",
					       "too_long", "no_entry", "failed" };

	*status = (struct ezlb_status){
		.version = "0.1.0",
		.host = "lb-1",
		.pid = 4711,
		.now_ms = MIDNIGHT + 3723456,
		.started_ms = MIDNIGHT,
		.dataplane = "kernel",
		.snat_backend = "nftables",
		.sandbox = "on",
		.ready = true,
		.vip_device = "ezlb0",
		.revision = 0x0a3c51d07be24f68,
		.revision_ms = ONE,
		.reloads = 3,
		.last_reload_ms = ONE,
		.last_reload_ok_ms = MIDNIGHT,
		.passes = 7,
		.last_pass_ms = ONE + 100,
		.last_ok_ms = ONE + 100,
		.targets = 2,
		.conntrack_entries = 120,
		.conntrack_max = 262144,
		.connlog = { .on = true, .lines = 1190 },
	};
	for (size_t i = 0; i < COUNT_OF(results); i++)
		*EZLB_PUSH(&status->toa) = (struct ezlb_status_count){ results[i],
								       i == 0 ? 2400 : 0 };
	add_dns(status);
	add_web(status);
	add_files(status);
}

static void test_the_example_of_the_manual(void **state)
{
	EZLB_AUTO_FREE char *want = written(example("## /api/v1/status"));
	EZLB_AUTO_FREE char *got = NULL;
	struct ezlb_text out = { 0 };
	struct ezlb_status status;
	size_t len;

	(void)state;
	make_example(&status);
	ezlb_status_json(&status, &out);
	got = ezlb_text_take(&out, &len);
	assert_int_equal(got[len - 1], '\n');
	got[len - 1] = '\0';
	assert_string_equal(got, want);
	ezlb_status_clear(&status);
}

/* --- what the example does not have -------------------------------------------------------- */

static void test_an_empty_world(void **state)
{
	struct ezlb_status status = { .conntrack_entries = -1, .conntrack_max = -1 };
	json_t *doc = rendered(&status);

	(void)state;
	assert_written(
		"empty", doc,
		"{\"version\":null,\"host\":\"\",\"pid\":0,\"now\":null,\"started\":null,"
		"\"dataplane\":null,\"snat_backend\":null,\"sandbox\":null,\"summary\":\"not ready: ; 0 services\","
		"\"ready\":false,\"not_ready\":\"\",\"degraded\":false,"
		"\"vip_device\":null,\"draining\":null,\"revision\":null,\"revision_since\":null,"
		"\"config\":{\"watch\":\"inotify\",\"dirs\":[],\"reloads\":0,"
		"\"last_reload_ok\":false,\"last_reload\":null,\"last_reload_success\":null},"
		"\"reconcile\":{\"passes\":0,\"errors\":0,\"last\":null,\"last_success\":null,"
		"\"failing_since\":null,\"error\":\"\",\"repairs\":0},"
		"\"probes\":{\"targets\":0,\"overdue\":0},"
		"\"conntrack\":{\"entries\":null,\"max\":null,\"full\":false},\"toa\":null,"
		"\"connection_log\":null,\"sync\":null,\"traffic_error\":\"\","
		"\"services\":[],\"files\":[]}");
	json_decref(doc);
}

static void test_what_is_wrong_is_told(void **state)
{
	struct ezlb_status status = {
		.watch = EZLB_WATCH_POLL,
		.last_reload_ok = true,
		.pass_errors = 2,
		.failing_since_ms = 1,
		.pass_error = "ip_vs: no such module",
		.not_ready = "the first pass failed",
		.traffic_error = "no answer",
		.persist_error = "no room",
		.sandbox = "partial",
		.sandbox_error = "no seccomp",
		.vip_device = "ezlb0",
		.drain = { .kind = EZLB_NODE_UNTIL_EXIT, .since_ms = ONE },
		.repairs = { [EZLB_OP_HOST_SET] = 1, [EZLB_OP_DEST_ADD] = 2, [EZLB_OPS - 1] = 4 },
		.overdue = 5,
		.blocked = 3,
		.blocked_why = "no library",
		.sync = { .device = "eth1",
			  .id = 7,
			  .running = { [EZLB_SYNC_BACKUP] = true },
			  .problem = "why" },
	};
	struct ezlb_status_dir *dir = EZLB_PUSH(&status.dirs);
	json_t *doc;

	(void)state;
	dir->path = ezlb_strdup("/etc/ezlb");
	dir->problem = ezlb_strdup("it is not there");
	dir->configmap = true;
	doc = rendered(&status);
	assert_written("config", json_object_get(doc, "config"),
		       "{\"watch\":\"poll\",\"dirs\":[{\"path\":\"/etc/ezlb\",\"configmap\":true,"
		       "\"problem\":\"it is not there\"}],\"reloads\":0,\"last_reload_ok\":true,"
		       "\"last_reload\":null,\"last_reload_success\":null}");
	assert_written("reconcile", json_object_get(doc, "reconcile"),
		       "{\"passes\":0,\"errors\":2,\"last\":null,\"last_success\":null,"
		       "\"failing_since\":\"1970-01-01T00:00:00.001Z\","
		       "\"error\":\"ip_vs: no such module\",\"repairs\":7}");
	assert_written(
		"draining", json_object_get(doc, "draining"),
		"{\"kind\":\"until_exit\",\"since\":\"2026-11-23T01:00:00.000Z\","
		"\"device\":\"ezlb0-drain\",\"where\":\"its addresses are on ezlb0-drain, and "
		"open connections go on\"}");
	assert_written("sync", json_object_get(doc, "sync"),
		       "{\"interface\":\"eth1\",\"id\":7,\"master\":false,\"backup\":true,"
		       "\"problem\":\"why\"}");
	assert_written("probes", json_object_get(doc, "probes"),
		       "{\"targets\":0,\"overdue\":5,"
		       "\"blocked\":3,\"blocked_why\":\"no library\"}");
	assert_written("not_ready", json_object_get(doc, "not_ready"), "\"the first pass failed\"");
	assert_written("traffic_error", json_object_get(doc, "traffic_error"), "\"no answer\"");
	assert_written("persist_error", json_object_get(doc, "persist_error"), "\"no room\"");
	assert_written("sandbox_error", json_object_get(doc, "sandbox_error"), "\"no seccomp\"");
	json_decref(doc);
	ezlb_status_clear(&status);
}

static void test_what_counts_as_degraded(void **state)
{
	static const struct {
		const char *name;
		enum ezlb_file_state file;
		enum ezlb_state service;
		const char *problem;
		bool want;
	} cases[] = {
		{ "nothing", EZLB_FILE_OK, EZLB_STATE_OK, NULL, false },
		{ "pending", EZLB_FILE_OK, EZLB_STATE_PENDING, NULL, false },
		{ "one backend", EZLB_FILE_OK, EZLB_STATE_DEGRADED, NULL, true },
		{ "a service", EZLB_FILE_OK, EZLB_STATE_DOWN, NULL, true },
		{ "a directory", EZLB_FILE_OK, EZLB_STATE_OK, "gone", true },
		{ "a file", EZLB_FILE_REFUSED, EZLB_STATE_OK, NULL, true },
		{ "an unreadable file", EZLB_FILE_UNREADABLE, EZLB_STATE_OK, NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_status status;
		json_t *doc;

		make_example(&status);
		status.files.items[0].state = cases[i].file;
		status.services.items[0].state = EZLB_STATE_OK;
		status.services.items[1].state = cases[i].service;
		status.dirs.items[0].problem = cases[i].problem ? ezlb_strdup(cases[i].problem)
								: NULL;
		doc = rendered(&status);
		if (json_boolean_value(json_object_get(doc, "degraded")) != cases[i].want)
			fail_msg("%s", cases[i].name);
		json_decref(doc);
		ezlb_status_clear(&status);
	}
}

/* --- hostile names ------------------------------------------------------------------------- */

#define HOSTILE	 "</script>\"\\\n\t\x1b[2J\xfc\xe2\x82"
#define TAMED	 "</script>\"\\\n\t\x1b[2J\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
#define ONE_LINE "</script>\"\\? ?[2J???" /* a path in the text for people */

static void make_hostile(struct ezlb_status *status)
{
	struct ezlb_status_service *service = add_service(status, HOSTILE);
	struct ezlb_status_file *file = EZLB_PUSH(&status->files);
	struct ezlb_diag *diag;

	free(service->file);
	service->file = ezlb_strdup(HOSTILE);
	set(service, EZLB_ACCEPTED, EZLB_REASON_REFUSED, HOSTILE, 1);
	file->path = ezlb_strdup(HOSTILE);
	file->state = EZLB_FILE_REFUSED;
	file->n_diags = 1;
	diag = ezlb_diags_add(&status->diags, HOSTILE, (struct ezlb_mark){ 0, 0 }, EZLB_E_READ,
			      "%s", HOSTILE);
	diag->source = ezlb_strdup(HOSTILE);
	diag->help = ezlb_strdup(HOSTILE);
	ezlb_strcpy(status->pass_error, sizeof(status->pass_error), HOSTILE);
}

static void test_hostile_names_stay_text(void **state)
{
	struct ezlb_status status = { .ready = true };
	json_t *doc, *service, *file, *diag;

	(void)state;
	make_hostile(&status);
	doc = rendered(&status);
	service = json_array_get(json_object_get(doc, "services"), 0);
	file = json_array_get(json_object_get(doc, "files"), 0);
	diag = json_array_get(json_object_get(file, "diagnostics"), 0);
	assert_string_equal(text_at(service, "name"), TAMED);
	assert_string_equal(text_at(service, "file"), TAMED);
	assert_string_equal(
		text_at(json_array_get(json_object_get(service, "conditions"), 0), "message"),
		TAMED);
	assert_string_equal(text_at(file, "path"), TAMED);
	assert_string_equal(text_at(diag, "message"), TAMED);
	assert_string_equal(text_at(diag, "source"), TAMED);
	assert_string_equal(text_at(diag, "help"), TAMED);
	assert_int_equal(json_integer_value(json_object_get(diag, "line")), 0);
	assert_string_equal(text_at(diag, "code"), "E001");
	assert_string_equal(text_at(diag, "text"),
			    ONE_LINE ": error[E001]: " TAMED "\n  help: " TAMED "\n");
	assert_string_equal(text_at(json_object_get(doc, "reconcile"), "error"), TAMED);
	json_decref(doc);
	ezlb_status_clear(&status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_example_of_the_manual),
		cmocka_unit_test(test_an_empty_world),
		cmocka_unit_test(test_what_is_wrong_is_told),
		cmocka_unit_test(test_what_counts_as_degraded),
		cmocka_unit_test(test_hostile_names_stay_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
