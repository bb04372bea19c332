// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include "exposition.h"
#include "metrics_world.h"

/* What is rendered, having passed the checker; the caller frees. Clears the status. */
static char *rendered(struct ezlb_status *status)
{
	struct ezlb_text out = { 0 }, faults = { 0 };
	char *text;

	ezlb_status_metrics(status, &out);
	exposition_check(out.items, out.len, &faults);
	text = ezlb_text_take(&faults, NULL);
	assert_string_equal(text, "");
	free(text);
	ezlb_status_clear(status);
	return ezlb_text_take(&out, NULL);
}

/* The samples of one family, without its HELP and TYPE; the caller frees. */
static char *family(const char *text, const char *name)
{
	EZLB_AUTO_FREE char *head = ezlb_asprintf("# TYPE %s ", name);
	const char *start = strstr(text, head), *end;

	if (!start)
		return ezlb_strdup("(none)");
	start = strchr(start, '\n') + 1;
	end = strstr(start - 1, "\n# ");
	return ezlb_strndup(start, end ? (size_t)(end + 1 - start) : strlen(start));
}

/* --- the whole ----------------------------------------------------------------------------- */

static void test_a_small_world_is_the_golden_text(void **state)
{
	struct ezlb_status status = small_world();
	EZLB_AUTO_FREE char *got = rendered(&status);
	FILE *file = fopen(TEST_DATA "/metrics.txt", "r");
	const char *p = got;
	char line[512];

	(void)state;
	assert_non_null(file);
	/* Line by line: the whole is too long to be printed. */
	for (int n = 1; fgets(line, sizeof(line), file); n++) {
		if (strncmp(p, line, strlen(line)) != 0)
			fail_msg("metrics.txt:%d: %sgot %.*s", n, line, (int)strcspn(p, "\n"), p);
		p += strlen(line);
	}
	fclose(file);
	assert_string_equal(p, "");
}

static void test_an_empty_world_is_sound_and_has_what_it_can(void **state)
{
	static const struct {
		const char *family, *want;
	} rows[] = {
		{ "ezlb_ready", "ezlb_ready 0\n" },
		{ "ezlb_draining", "ezlb_draining 0\n" },
		{ "ezlb_config_revision_info", "(none)" },
		{ "ezlb_config_revision_timestamp_seconds", "(none)" },
		{ "ezlb_config_files", "ezlb_config_files{state=\"ok\"} 0\n"
				       "ezlb_config_files{state=\"refused\"} 0\n"
				       "ezlb_config_files{state=\"unreadable\"} 0\n" },
		{ "ezlb_config_source_available", "" },
		{ "ezlb_config_last_reload_timestamp_seconds",
		  "ezlb_config_last_reload_timestamp_seconds 0.000\n" },
		{ "ezlb_reconcile_last_success_timestamp_seconds",
		  "ezlb_reconcile_last_success_timestamp_seconds 0.000\n" },
		{ "ezlb_vip_announced", "(none)" },
		{ "ezlb_sync_running", "(none)" },
		{ "ezlb_service_state", "" },
		{ "ezlb_backend_connections_total", "" },
		{ "ezlb_conntrack_entries", "(none)" },
		{ "ezlb_conntrack_entries_limit", "(none)" },
	};
	struct ezlb_status status = nothing();
	EZLB_AUTO_FREE char *text = rendered(&status);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EZLB_AUTO_FREE char *got = family(text, rows[i].family);

		assert_string_equal(got, rows[i].want);
	}
}

/* --- single families ----------------------------------------------------------------------- */

static void test_names_are_escaped(void **state)
{
	static const struct {
		const char *name, *path, *want;
	} rows[] = {
		{ "plain", "a b.yaml", "a b.yaml" },
		{ "quote", "a\"} 1.yaml", "a\\\"} 1.yaml" },
		{ "backslash", "a\\n.yaml", "a\\\\n.yaml" },
		{ "newline", "a\nezlb_ready 1\n.yaml", "a\\nezlb_ready 1\\n.yaml" },
		{ "UTF-8", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "latin-1", "\xe4.yaml", "\\\\xe4.yaml" },
		{ "cut", "a\xe2\x82", "a\\\\xe2\\\\x82" },
		{ "overlong", "\xc0\xaf\xe0\x80\xaf", "\\\\xc0\\\\xaf\\\\xe0\\\\x80\\\\xaf" },
		{ "surrogate", "\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80" },
		{ "beyond", "\xf4\x90\x80\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80" },
		{ "no first byte", "\xff\xf5", "\\\\xff\\\\xf5" },
		{ "return", "a\r\t", "a\\\\x0d\\\\x09" },
		{ "for a terminal", "\x1b]0;x\x07\x7f", "\\\\x1b]0;x\\\\x07\\\\x7f" },
		{ "C1",
		  "\xc2\x9b"
		  "2J",
		  "\\\\xc2\\\\x9b2J" },
		{ "direction", "a\u202e.yaml", "a\\\\xe2\\\\x80\\\\xae.yaml" },
		{ "invisible", "a\u200b.yaml", "a\\\\xe2\\\\x80\\\\x8b.yaml" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_status status = nothing();
		EZLB_AUTO_FREE char *text = NULL, *got = NULL, *want = NULL;

		add_service(&status, rows[i].path, rows[i].path, NULL);
		add_dir(&status, rows[i].path, NULL);
		text = rendered(&status);
		got = family(text, "ezlb_service_state");
		want = ezlb_asprintf(
			"ezlb_service_state{service=\"%s\",file=\"%s\",state=\"refused\"} 1\n",
			rows[i].want, rows[i].want);
		assert_string_equal(got, want);
	}
}

/* They would be one series twice if each bad byte became the same character. */
static void test_files_that_are_not_utf8_stay_apart(void **state)
{
	struct ezlb_status status = nothing();
	EZLB_AUTO_FREE char *text = NULL;

	(void)state;
	add_service(&status, "web", "\xe4.yaml", NULL);
	add_service(&status, "web", "\xf6.yaml", NULL);
	text = rendered(&status);
	assert_non_null(strstr(text, "\\\\xe4.yaml"));
	assert_non_null(strstr(text, "\\\\xf6.yaml"));
}

static void test_health_is_1_for_up_and_for_unchecked(void **state)
{
	static const struct {
		bool checked;
		enum ezlb_verdict verdict;
		const char *want;
	} rows[] = {
		{ true, EZLB_UP, "1" },	     { true, EZLB_DOWN, "0" },
		{ true, EZLB_UNKNOWN, "0" }, { false, EZLB_UNKNOWN, "1" },
		{ false, EZLB_DOWN, "1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_status status = nothing();
		EZLB_AUTO_FREE char *text = NULL, *got = NULL, *want = NULL;
		struct ezlb_status_backend *backend;

		add_service(&status, "web", "web.yaml", "10.0.0.1:80");
		backend = add_backend(&status, "10.1.0.1:80");
		backend->checked = rows[i].checked;
		backend->verdict = rows[i].verdict;
		text = rendered(&status);
		got = family(text, "ezlb_backend_health_status");
		want = ezlb_asprintf("ezlb_backend_health_status{service=\"web\","
				     "backend=\"10.1.0.1:80\"} %s\n",
				     rows[i].want);
		assert_string_equal(got, want);
	}
}

static void test_each_address_has_one_series(void **state)
{
	static const enum ezlb_vip_state states[] = { EZLB_VIP_ANNOUNCED, EZLB_VIP_WITHDRAWN,
						      EZLB_VIP_HELD,	  EZLB_VIP_DRAINED,
						      EZLB_VIP_ELSEWHERE, EZLB_VIP_MISSING,
						      EZLB_VIP_UNKNOWN };
	struct ezlb_status status = nothing();
	EZLB_AUTO_FREE char *text = NULL, *got = NULL;
	char listen[EZLB_ENDPOINT_STRLEN];

	(void)state;
	ezlb_strcpy(status.vip_device, sizeof(status.vip_device), "ezlb0");
	add_service(&status, "web", "web.yaml", "10.0.0.1:80");
	listen_on(&status, EZLB_UDP, "10.0.0.1:80");
	for (unsigned i = 1; i < COUNT_OF(states); i++) {
		snprintf(listen, sizeof(listen), "10.0.0.%u:80", i + 1);
		listen_on(&status, EZLB_TCP, listen)->vip = states[i];
	}
	status.listeners.items[0].vip = status.listeners.items[1].vip = states[0];
	text = rendered(&status);
	got = family(text, "ezlb_vip_announced");
	assert_string_equal(got, "ezlb_vip_announced{service=\"web\",address=\"10.0.0.1\"} 1\n"
				 "ezlb_vip_announced{service=\"web\",address=\"10.0.0.2\"} 0\n"
				 "ezlb_vip_announced{service=\"web\",address=\"10.0.0.3\"} 0\n"
				 "ezlb_vip_announced{service=\"web\",address=\"10.0.0.4\"} 0\n"
				 "ezlb_vip_announced{service=\"web\",address=\"10.0.0.6\"} 0\n");
}

static void test_each_listener_has_its_series(void **state)
{
	struct ezlb_status status = nothing();
	EZLB_AUTO_FREE char *text = NULL, *info = NULL, *active = NULL, *weight = NULL;
	struct ezlb_listener *listener;

	(void)state;
	add_service(&status, "dns", "dns.yaml", "10.0.0.1:53")->snat_connections = 3;
	listen_on(&status, EZLB_UDP, "10.0.0.1:5000")->counted = true;
	listener = &listen_on(&status, EZLB_TCP, "10.0.0.1:5000")->of;
	listener->last_port = 5100;
	listener->key.fwmark = 9;
	listener = &listen_on(&status, EZLB_TCP, "10.0.0.1:80")->of;
	*listener = (struct ezlb_listener){ .key = { .listen.addr.family = 2, .fwmark = 7 } };
	add_backend(&status, "10.1.0.1:53");
	text = rendered(&status);
	info = family(text, "ezlb_service_info");
	assert_string_equal(
		info,
		"ezlb_service_info{service=\"dns\",listen=\"10.0.0.1:53\",protocol=\"tcp\","
		"scheduler=\"wrr\",full_nat=\"false\"} 1\n"
		"ezlb_service_info{service=\"dns\",listen=\"10.0.0.1:5000\",protocol=\"udp\","
		"scheduler=\"wrr\",full_nat=\"false\"} 1\n"
		"ezlb_service_info{service=\"dns\",listen=\"10.0.0.1:5000-5100\",protocol=\"tcp\","
		"scheduler=\"wrr\",full_nat=\"false\"} 1\n"
		"ezlb_service_info{service=\"dns\",listen=\"fwmark 7\",protocol=\"any\","
		"scheduler=\"wrr\",full_nat=\"false\"} 1\n");
	active = family(text, "ezlb_service_active_connections");
	assert_string_equal(active, "ezlb_service_active_connections{service=\"dns\","
				    "listen=\"10.0.0.1:5000\",protocol=\"udp\"} 0\n");
	assert_non_null(strstr(text, "\nezlb_snat_connections_total{service=\"dns\"} 3\n#"));
	weight = family(text, "ezlb_backend_weight");
	assert_string_equal(weight, "ezlb_backend_weight{service=\"dns\",backend=\"10.1.0.1:53\","
				    "protocol=\"tcp,udp,any\"} 1\n");
}

static void test_states_and_conditions_of_each_kind(void **state)
{
	(void)state;
	for (int i = 0; i < EZLB_STATES; i++) {
		struct ezlb_status status = nothing();
		EZLB_AUTO_FREE char *text = NULL, *want = NULL;
		struct ezlb_status_service *service = add_service(&status, "a", "a.yaml", NULL);

		service->state = (enum ezlb_state)i;
		for (int k = 0; k < EZLB_CONDITIONS; k++)
			service->conditions[k].status = EZLB_DONT_KNOW;
		service->conditions[i % EZLB_CONDITIONS].status = i < 4 ? EZLB_FALSE : EZLB_TRUE;
		text = rendered(&status);
		want = ezlb_asprintf(
			"ezlb_service_state{service=\"a\",file=\"a.yaml\",state=\"%s\"} 1\n"
			"# HELP ezlb_service_condition 1: true, 0: false. Unknown conditions are left out.\n"
			"# TYPE ezlb_service_condition gauge\n"
			"ezlb_service_condition{service=\"a\",file=\"a.yaml\",condition=\"%s\"} %d\n#",
			ezlb_state_str((enum ezlb_state)i),
			ezlb_condition_type_str((enum ezlb_condition_type)(i % EZLB_CONDITIONS)),
			i >= 4);
		assert_non_null(strstr(text, want));
	}
}

static void test_traffic_that_could_not_be_read_is_left_out(void **state)
{
	struct ezlb_status status = small_world();
	EZLB_AUTO_FREE char *text = NULL, *ok = NULL, *web = NULL, *backends = NULL;

	(void)state;
	ezlb_strcpy(status.traffic_error, sizeof(status.traffic_error), "no ip_vs");
	for (size_t i = 0; i < status.listeners.len; i++)
		status.listeners.items[i].counted = false;
	for (size_t i = 0; i < status.backends.len; i++)
		status.backends.items[i].counted = false;
	text = rendered(&status);
	ok = family(text, "ezlb_traffic_read_ok");
	assert_string_equal(ok, "ezlb_traffic_read_ok 0\n");
	web = family(text, "ezlb_service_connections_total");
	assert_string_equal(web, "");
	backends = family(text, "ezlb_backend_active_connections");
	assert_string_equal(backends, "");
}

static void test_watch_mode_says_which(void **state)
{
	struct ezlb_status status = nothing();
	EZLB_AUTO_FREE char *text = NULL, *got = NULL;

	(void)state;
	status.watch = EZLB_WATCH_POLL;
	text = rendered(&status);
	got = family(text, "ezlb_config_watch_mode");
	assert_string_equal(got, "ezlb_config_watch_mode{mode=\"inotify\"} 0\n"
				 "ezlb_config_watch_mode{mode=\"poll\"} 1\n");
}

static void test_what_is_removed_has_no_series(void **state)
{
	struct ezlb_status with = small_world(), without = nothing();
	EZLB_AUTO_FREE char *before = rendered(&with), *after = NULL;

	(void)state;
	assert_non_null(strstr(before, "service=\"dns\""));
	add_web(&without);
	after = rendered(&without);
	assert_null(strstr(after, "\"dns\""));
	assert_null(strstr(after, "fd00"));
	assert_non_null(strstr(after, "service=\"web\""));
}

/* --- size ---------------------------------------------------------------------------------- */

static void test_1000_services_of_10_pass(void **state)
{
	struct ezlb_status status = nothing();
	EZLB_AUTO_FREE char *text = NULL, *got = NULL;
	size_t lines = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		add_large(&status, i);
	text = rendered(&status);
	got = family(text, "ezlb_backend_bytes_out_total");
	for (const char *p = got; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_small_world_is_the_golden_text),
		cmocka_unit_test(test_an_empty_world_is_sound_and_has_what_it_can),
		cmocka_unit_test(test_names_are_escaped),
		cmocka_unit_test(test_files_that_are_not_utf8_stay_apart),
		cmocka_unit_test(test_health_is_1_for_up_and_for_unchecked),
		cmocka_unit_test(test_each_address_has_one_series),
		cmocka_unit_test(test_each_listener_has_its_series),
		cmocka_unit_test(test_states_and_conditions_of_each_kind),
		cmocka_unit_test(test_traffic_that_could_not_be_read_is_left_out),
		cmocka_unit_test(test_watch_mode_says_which),
		cmocka_unit_test(test_what_is_removed_has_no_series),
		cmocka_unit_test(test_1000_services_of_10_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
