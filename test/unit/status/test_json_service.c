// SPDX-License-Identifier: GPL-2.0-or-later
#include "json_fixture.h"
#include "listening.h"
#include "requests.h"

/* The value of a key of the only service. */
static void assert_service(const char *name, const struct ezlb_status *status, const char *key,
			   const char *want)
{
	json_t *doc = rendered(status);
	json_t *service = json_array_get(json_object_get(doc, "services"), 0);

	assert_written(name, json_object_get(service, key), want);
	json_decref(doc);
}

REQUEST(quoted, "/a\"b", 204);

static void test_checks(void **state)
{
	static const struct {
		const char *name;
		struct ezlb_check check;
		const char *want;
	} cases[] = {
		{ "none", { .type = EZLB_CHECK_NONE, .interval_ms = 1 }, "null" },
		{ "tcp",
		  { .type = EZLB_CHECK_TCP,
		    .interval_ms = 1000,
		    .timeout_ms = 500,
		    .fail_count = 1,
		    .rise_count = 4 },
		  "{\"type\":\"tcp\",\"interval_ms\":1000,\"timeout_ms\":500,\"fail_count\":1,"
		  "\"rise_count\":4}" },
		{ "https",
		  { .type = EZLB_CHECK_HTTPS,
		    .interval_ms = 1000,
		    .timeout_ms = 500,
		    .fail_count = 1,
		    .rise_count = 4,
		    .request = &quoted },
		  "{\"type\":\"https\",\"interval_ms\":1000,\"timeout_ms\":500,\"fail_count\":1,"
		  "\"rise_count\":4,\"path\":\"/a\\\"b\",\"expected_status\":\"204\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_status status = { 0 };
		struct ezlb_status_service *service = add_service(&status, "a");

		service->applied = true;
		service->check = ezlb_check_copy(&cases[i].check);
		assert_service(cases[i].name, &status, "check", cases[i].want);
		service->applied = false;
		assert_service("not in force", &status, "check", "null");
		ezlb_status_clear(&status);
	}
}

static void test_kinds_of_snat(void **state)
{
	static const struct {
		const char *name, *range;
		bool applied, full_nat;
		const char *want;
	} cases[] = {
		{ "none", NULL, true, false, "null" },
		{ "not in force", "10.0.0.3", false, true, "null" },
		{ "masquerade", NULL, true, true, "\"masquerade\"" },
		{ "an address", "2001:db8::1", true, true, "\"2001:db8::1\"" },
		{ "a range", "10.0.0.3-10.0.0.6", true, true, "\"10.0.0.3-10.0.0.6\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_status status = { 0 };
		struct ezlb_status_service *service = add_service(&status, "a");

		service->applied = cases[i].applied;
		service->full_nat = cases[i].full_nat;
		if (cases[i].range)
			assert_int_equal(ezlb_range_parse(cases[i].range, &service->snat_ip, NULL),
					 0);
		assert_service(cases[i].name, &status, "snat", cases[i].want);
		ezlb_status_clear(&status);
	}
}

#define ROLE(role, weight, drain, start, fallback, removed)                                      \
	"\"dest_weight\":" weight ",\"role\":" role ",\"drain\":" drain ",\"slow_start\":" start \
	",\"fallback\":" fallback ",\"removed\":" removed ","
#define HEAD	"\"since\":null,\"weight\":0,\"kernel_weight\":null,"
#define NO_ROLE ROLE("null", "null", "null", "null", "false", "false")
#define END	"\"traffic\":null}]"
#define TAIL	HEAD NO_ROLE END
#define DOWN	"\"verdict\":\"down\",\"reason\":null,\"code\":0,\"latency_ms\":null,"
#define OUTSIDE "\"verdict\":\"unchecked\",\"reason\":null,\"code\":0,\"latency_ms\":null,"

static void test_backends(void **state)
{
	static const struct {
		const char *name;
		struct ezlb_status_backend backend;
		const char *want;
	} cases[] = {
		{ "unchecked",
		  { .verdict = EZLB_UP, .code = 404, .kernel_weight = -1 },
		  "\"verdict\":\"unchecked\",\"reason\":null,\"code\":0,\"latency_ms\":null," TAIL },
		{ "no verdict",
		  { .checked = true, .kernel_weight = -1 },
		  "\"verdict\":\"unknown\",\"reason\":null,\"code\":0,\"latency_ms\":null," TAIL },
		{ "a status",
		  { .checked = true,
		    .probed = true,
		    .verdict = EZLB_DOWN,
		    .outcome = EZLB_PROBE_HTTP_STATUS,
		    .code = 503,
		    .latency_us = 2000,
		    .kernel_weight = -1 },
		  "\"verdict\":\"down\",\"reason\":\"http_status\",\"code\":503,\"latency_ms\":2.0," TAIL },
		{ "the longest latency",
		  { .checked = true,
		    .probed = true,
		    .latency_us = UINT32_MAX,
		    .kernel_weight = -1 },
		  "\"verdict\":\"unknown\",\"reason\":\"ok\",\"code\":0,\"latency_ms\":4294967.295," TAIL },
		{ "weight 0 in the kernel, and the largest numbers",
		  { .checked = true,
		    .weight = 65535,
		    .counted = true,
		    .active = UINT32_MAX,
		    .counters = { .connections = INT64_MAX, .bytes_out = UINT64_MAX } },
		  "\"verdict\":\"unknown\",\"reason\":null,\"code\":0,\"latency_ms\":null,"
		  "\"since\":null,\"weight\":65535,\"kernel_weight\":0," NO_ROLE "\"traffic\":{"
		  "\"active\":4294967295,\"inactive\":0,\"connections\":9223372036854775807,"
		  "\"packets_in\":0,\"packets_out\":0,\"bytes_in\":0,"
		  "\"bytes_out\":9223372036854775807,\"connection_rate\":0,\"packet_rate_in\":0,"
		  "\"packet_rate_out\":0,\"byte_rate_in\":0,\"byte_rate_out\":0}}]" },
		{ "fail open",
		  { .checked = true,
		    .verdict = EZLB_DOWN,
		    .kernel_weight = -1,
		    .placed = true,
		    .role = EZLB_ROLE_FAIL_OPEN,
		    .dest_weight = 7 },
		  DOWN HEAD ROLE("\"fail_open\"", "7", "null", "null", "false", "false") END },
		{ "it drains, and the kernel has not been read since the pass",
		  { .kernel_weight = -1,
		    .removed = true,
		    .placed = true,
		    .role = EZLB_ROLE_DRAINING,
		    .cause = EZLB_DRAIN_REMOVED,
		    .until_ms = MIDNIGHT,
		    .open = 12 },
		  OUTSIDE HEAD ROLE("\"draining\"", "0",
				    "{\"cause\":\"removed\",\"until\":"
				    "\"2026-11-23T00:00:00.000Z\",\"active\":12}",
				    "null", "false", "true") END },
		{ "slow start of a fallback",
		  { .kernel_weight = -1,
		    .fallback = true,
		    .placed = true,
		    .role = EZLB_ROLE_STARTING,
		    .dest_weight = 3,
		    .dest_full = 10,
		    .until_ms = MIDNIGHT },
		  OUTSIDE HEAD ROLE("\"starting\"", "3", "null",
				    "{\"until\":\"2026-11-23T00:00:00.000Z\",\"full_weight\":10}",
				    "true", "false") END },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_status status = { 0 };
		EZLB_AUTO_FREE char *want = ezlb_asprintf(
			"[{\"address\":\"[2001:db8::1]:80\",\"line\":0,%s", cases[i].want);

		add_service(&status, "a");
		*add_backend(&status, "10.0.0.1:80") = cases[i].backend;
		status.backends.items[0].address = endpoint("[2001:db8::1]:80");
		assert_service(cases[i].name, &status, "backends", want);
		ezlb_status_clear(&status);
	}
}

/* The kernel's counters are newer than the pass. */
static void test_connections_of_a_drain(void **state)
{
	struct ezlb_status status = { 0 };
	json_t *doc, *drain;

	(void)state;
	add_service(&status, "a");
	*add_backend(&status, "10.0.0.1:80") = (struct ezlb_status_backend){
		.placed = true,
		.role = EZLB_ROLE_DRAINING,
		.cause = EZLB_DRAIN_STANDBY,
		.open = 12,
		.counted = true,
		.active = 5,
	};
	doc = rendered(&status);
	drain = json_array_get(json_object_get(doc, "services"), 0);
	drain = json_array_get(json_object_get(drain, "backends"), 0);
	assert_written("drain", json_object_get(drain, "drain"),
		       "{\"cause\":\"standby\",\"until\":null,\"active\":5}");
	json_decref(doc);
	ezlb_status_clear(&status);
}

static void test_what_is_not_applied_says_nothing(void **state)
{
	static const char *const nulls[] = { "protocol", "listen", "scheduler",	   "forward",
					     "snat",	 "check",  "applied_hash", "traffic" };
	struct ezlb_status status = { 0 };
	struct ezlb_status_service *service = add_service(&status, "a");

	(void)state;
	listen_on(&status, EZLB_TCP, "10.0.0.1:80");
	service->full_nat = service->traffic_log = true;
	service->check.type = EZLB_CHECK_TCP;
	service->applied_hash = 1;
	for (size_t i = 0; i < COUNT_OF(nulls); i++)
		assert_service(nulls[i], &status, nulls[i], "null");
	assert_service("full_nat", &status, "full_nat", "false");
	assert_service("traffic_log", &status, "traffic_log", "false");
	ezlb_status_clear(&status);
}

static void test_listeners(void **state)
{
	struct ezlb_status status = { 0 };
	struct ezlb_status_service *service = add_service(&status, "a");
	struct ezlb_listener *listener;

	(void)state;
	service->applied = true;
	listen_on(&status, EZLB_UDP, "10.0.0.1:53");
	listener = &listen_on(&status, EZLB_TCP, "10.0.0.1:5000")->of;
	listener->last_port = 5100;
	listener->key.fwmark = 9;
	listener = &listen_on(&status, EZLB_TCP, "10.0.0.1:80")->of;
	*listener = (struct ezlb_listener){ .key = { .listen.addr.family = 2, .fwmark = 7 } };
	assert_service("first", &status, "protocol", "\"udp\"");
	assert_service("first", &status, "listen", "\"10.0.0.1:53\"");
	assert_service("all", &status, "listeners",
		       "[{\"protocol\":\"udp\",\"listen\":\"10.0.0.1:53\"},"
		       "{\"protocol\":\"tcp\",\"listen\":\"10.0.0.1:5000-5100\",\"fwmark\":9},"
		       "{\"fwmark\":7}]");
	status.services.items[0].first_listener = 2;
	status.services.items[0].n_listeners = 1;
	assert_service("a mark", &status, "listen", "null");
	assert_service("a mark", &status, "protocol", "null");
	ezlb_status_clear(&status);
}

static void test_each_has_its_own(void **state)
{
	struct ezlb_status status = { 0 };
	json_t *doc, *of;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct ezlb_status_file *file = EZLB_PUSH(&status.files);

		add_service(&status, i ? "b" : "a");
		add_backend(&status, "10.1.0.1:80")->line = 10 + i;
		file->path = ezlb_strdup(i ? "b.yaml" : "a.yaml");
		file->first = (size_t)i;
		file->n_diags = 1;
		ezlb_diags_add(&status.diags, file->path, (struct ezlb_mark){ 20 + i, 1 },
			       EZLB_E_VALUE, "m");
	}
	doc = rendered(&status);
	for (int i = 0; i < 2; i++) {
		of = json_array_get(json_object_get(doc, "services"), (size_t)i);
		of = json_array_get(json_object_get(of, "backends"), 0);
		assert_int_equal(json_integer_value(json_object_get(of, "line")), 10 + i);
		of = json_array_get(json_object_get(doc, "files"), (size_t)i);
		of = json_array_get(json_object_get(of, "diagnostics"), 0);
		assert_int_equal(json_integer_value(json_object_get(of, "line")), 20 + i);
	}
	json_decref(doc);
	ezlb_status_clear(&status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_kinds_of_snat),
		cmocka_unit_test(test_backends),
		cmocka_unit_test(test_connections_of_a_drain),
		cmocka_unit_test(test_what_is_not_applied_says_nothing),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_each_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
