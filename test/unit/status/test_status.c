// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"
#include "listening.h"

#include <ezlb/status.h>

static struct ezlb_endpoint endpoint(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static struct ezlb_status_service *add_service(struct ezlb_status *status, const char *name,
					       const char *listen)
{
	struct ezlb_status_service *service = EZLB_PUSH(&status->services);

	ezlb_strcpy(service->name, sizeof(service->name), name);
	service->file = ezlb_asprintf("/etc/ezlb/%s.yaml", name);
	service->applied = listen != NULL;
	service->state = EZLB_STATE_OK;
	service->first = status->backends.len;
	service->snat_connections = -1;
	if (listen)
		listen_on(status, EZLB_TCP, listen);
	return service;
}

static void be_udp(struct ezlb_status *status, size_t service)
{
	size_t first = status->services.items[service].first_listener;
	struct ezlb_listener *listener = &status->listeners.items[first].of;

	listener->proto = listener->key.proto = EZLB_UDP;
}

static void add_backend(struct ezlb_status *status, const char *address)
{
	struct ezlb_status_backend *backend = EZLB_PUSH(&status->backends);

	backend->address = endpoint(address);
	backend->weight = 1;
	backend->kernel_weight = -1;
	status->services.items[status->services.len - 1].n_backends++;
}

/* --- words --------------------------------------------------------------------------------- */

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(EZLB_FILE_STATES, 3);
	assert_string_equal(ezlb_file_state_str(EZLB_FILE_OK), "ok");
	assert_string_equal(ezlb_file_state_str(EZLB_FILE_REFUSED), "refused");
	assert_string_equal(ezlb_file_state_str(EZLB_FILE_UNREADABLE), "unreadable");
	assert_string_equal(ezlb_file_state_str(EZLB_FILE_STATES), "?");
	assert_string_equal(ezlb_watch_mode_str(EZLB_WATCH_INOTIFY), "inotify");
	assert_string_equal(ezlb_watch_mode_str(EZLB_WATCH_POLL), "poll");
}

/* The wall clock has been set back by 300 ms: all times go with it, and nothing else. */
static void test_shift(void **state)
{
	struct ezlb_status status = { .now_ms = 1000,
				      .started_ms = 1000,
				      .last_reload_ms = 1000,
				      .last_reload_ok_ms = 1000,
				      .revision_ms = 1000,
				      .drain.since_ms = 1000,
				      .last_pass_ms = 1000,
				      .last_ok_ms = 1000,
				      .reloads = 1000,
				      .conntrack_max = 1000 };
	struct ezlb_status_service *service = add_service(&status, "web", NULL);

	(void)state;
	add_backend(&status, "10.0.0.1:80");
	add_backend(&status, "10.0.0.2:80");
	status.backends.items[1].since_ms = 1000;
	status.backends.items[1].until_ms = 1000;
	for (int i = 0; i < EZLB_CONDITIONS - 1; i++)
		service->conditions[i].since_ms = 1000;
	ezlb_status_shift(&status, -300);
	assert_int_equal(status.now_ms, 700);
	assert_int_equal(status.started_ms, 700);
	assert_int_equal(status.last_reload_ms, 700);
	assert_int_equal(status.last_reload_ok_ms, 700);
	assert_int_equal(status.revision_ms, 700);
	/* It is what the clock said, and may be from before a reboot. */
	assert_int_equal(status.drain.since_ms, 1000);
	assert_int_equal(status.last_pass_ms, 700);
	assert_int_equal(status.last_ok_ms, 700);
	assert_int_equal(status.failing_since_ms, 0);
	assert_int_equal(status.backends.items[0].since_ms, 0);
	assert_int_equal(status.backends.items[1].since_ms, 700);
	assert_int_equal(status.backends.items[1].until_ms, 700);
	for (int i = 0; i < EZLB_CONDITIONS; i++)
		assert_int_equal(service->conditions[i].since_ms,
				 i < EZLB_CONDITIONS - 1 ? 700 : 0);
	assert_int_equal(status.reloads, 1000);
	assert_int_equal(status.conntrack_max, 1000);
	status.failing_since_ms = 1000;
	ezlb_status_shift(&status, 300);
	assert_int_equal(status.failing_since_ms, 1300);
	ezlb_status_clear(&status);
}

/* --- counting ------------------------------------------------------------------------------ */

/* What row n counts: the members all differ. */
static struct ezlb_counters counters(uint64_t n)
{
	return (struct ezlb_counters){
		.connections = n,
		.packets_in = n + 1,
		.packets_out = n + 2,
		.bytes_in = n + 3,
		.bytes_out = n + 4,
		.connection_rate = n + 5,
		.packet_rate_in = n + 6,
		.packet_rate_out = n + 7,
		.byte_rate_in = n + 8,
		.byte_rate_out = n + 9,
	};
}

static void add_row(struct ezlb_traffic *traffic, enum ezlb_proto proto, const char *listen,
		    const char *backend, uint32_t n)
{
	struct ezlb_traffic_row *row = EZLB_PUSH(traffic);

	row->service = (struct ezlb_service_key){ proto, endpoint(listen), 0 };
	row->of_dest = backend != NULL;
	if (backend)
		row->backend = endpoint(backend);
	row->active = n + 100;
	row->inactive = n + 200;
	row->weight = n + 300;
	row->counters = counters(n);
}

static void assert_counters(const struct ezlb_counters *got, uint64_t n)
{
	struct ezlb_counters want = counters(n);

	assert_memory_equal(got, &want, sizeof(want));
}

static void assert_backend(const struct ezlb_status_backend *backend, uint32_t n)
{
	assert_true(backend->counted);
	assert_int_equal(backend->active, n + 100);
	assert_int_equal(backend->inactive, n + 200);
	assert_int_equal(backend->kernel_weight, n + 300);
	assert_int_equal(backend->weight, 1);
	assert_counters(&backend->counters, n);
}

static void add_snat_row(struct ezlb_snats *snats, enum ezlb_snat_key_kind kind, const char *key,
			 uint64_t connections)
{
	struct ezlb_snat_row *row = EZLB_PUSH(snats);

	row->key.kind = kind;
	row->key.endpoint = endpoint(key);
	row->connections = connections;
}

static void test_rows_go_to_their_services_and_backends(void **state)
{
	struct ezlb_status status = { 0 };
	struct ezlb_traffic traffic = { 0 };

	(void)state;
	add_service(&status, "api", "10.0.0.1:443");
	add_backend(&status, "10.1.0.2:80");
	add_backend(&status, "10.1.0.1:80");
	add_backend(&status, "10.1.0.9:80"); /* the kernel does not have it */
	add_service(&status, "gone", "10.0.0.9:80");
	add_backend(&status, "10.1.0.1:80");
	status.backends.items[2].kernel_weight = 1; /* it had, after the last pass */
	status.backends.items[3].kernel_weight = 1;
	add_service(&status, "refused", NULL);
	add_service(&status, "web", "10.0.0.1:443");
	be_udp(&status, 3);
	add_backend(&status, "10.1.0.1:80");
	add_row(&traffic, EZLB_UDP, "10.0.0.1:443", "10.1.0.1:80", 5000);
	add_row(&traffic, EZLB_UDP, "10.0.0.1:443", NULL, 4000);
	add_row(&traffic, EZLB_TCP, "10.0.0.1:443", "10.1.0.2:80", 3000);
	add_row(&traffic, EZLB_TCP, "10.0.0.1:443", "10.1.0.7:80", 6000); /* draining */
	add_row(&traffic, EZLB_TCP, "10.0.0.1:443", "10.1.0.1:80", 2000);
	add_row(&traffic, EZLB_TCP, "10.0.0.1:443", NULL, 1000);
	EZLB_SORT(&traffic, ezlb_traffic_row_cmp);

	ezlb_status_count(&status, &traffic);
	assert_true(status.services.items[0].counted);
	assert_int_equal(status.services.items[0].active, 1100);
	assert_int_equal(status.services.items[0].inactive, 1200);
	assert_counters(&status.services.items[0].counters, 1000);
	assert_backend(&status.backends.items[0], 3000);
	assert_backend(&status.backends.items[1], 2000);
	assert_false(status.backends.items[2].counted);
	assert_int_equal(status.backends.items[2].kernel_weight, -1);
	assert_false(status.services.items[1].counted);
	assert_false(status.backends.items[3].counted);
	assert_int_equal(status.backends.items[3].kernel_weight, -1);
	assert_false(status.services.items[2].counted);
	assert_counters(&status.services.items[3].counters, 4000);
	assert_backend(&status.backends.items[4], 5000);
	EZLB_VEC_CLEAR(&traffic);
	ezlb_status_clear(&status);
}

static void test_listeners_are_summed_up(void **state)
{
	struct ezlb_status status = { 0 };
	struct ezlb_traffic traffic = { 0 };

	(void)state;
	add_service(&status, "dns", "10.0.0.1:53");
	listen_on(&status, EZLB_UDP, "10.0.0.1:54");
	listen_on(&status, EZLB_UDP, "10.0.0.1:55"); /* not in the kernel */
	add_backend(&status, "10.1.0.1:80");
	add_backend(&status, "10.1.0.2:80");
	status.backends.items[1].address.port = 0;
	add_row(&traffic, EZLB_TCP, "10.0.0.1:53", NULL, 1000);
	add_row(&traffic, EZLB_TCP, "10.0.0.1:53", "10.1.0.1:80", 2000);
	add_row(&traffic, EZLB_TCP, "10.0.0.1:53", "10.1.0.2:53", 10);
	add_row(&traffic, EZLB_UDP, "10.0.0.1:54", NULL, 3000);
	add_row(&traffic, EZLB_UDP, "10.0.0.1:54", "10.1.0.1:80", 4000);
	add_row(&traffic, EZLB_UDP, "10.0.0.1:54", "10.1.0.2:54", 20);
	EZLB_SORT(&traffic, ezlb_traffic_row_cmp);
	ezlb_status_count(&status, &traffic);
	assert_int_equal(status.services.items[0].active, 4200);
	assert_int_equal(status.services.items[0].counters.connections,
			 counters(1000).connections + counters(3000).connections);
	assert_int_equal(status.listeners.items[0].active, 1100);
	assert_int_equal(status.listeners.items[1].active, 3100);
	assert_false(status.listeners.items[2].counted);
	assert_int_equal(status.backends.items[0].inactive, 6400);
	assert_int_equal(status.backends.items[1].active, 230);
	assert_int_equal(status.backends.items[1].kernel_weight, -1); /* one listener lacks it */
	/* Its drain has ended there, and goes on at the others. */
	status.backends.items[1].placed = true;
	status.backends.items[1].role = EZLB_ROLE_DRAINING;
	ezlb_status_count(&status, &traffic);
	assert_int_equal(status.backends.items[1].kernel_weight, 320); /* the highest */
	status.backends.items[1].placed = false;
	status.services.items[0].n_listeners = 2;
	ezlb_status_count(&status, &traffic);
	assert_int_equal(status.backends.items[1].kernel_weight, 310); /* the lowest */
	EZLB_VEC_CLEAR(&traffic);
	ezlb_status_clear(&status);
}

/* A backend that two tcp listeners send to has one row. */
static void test_snat_of_listeners_is_counted_once(void **state)
{
	struct ezlb_status status = { 0 };
	struct ezlb_snats snats = { 0 };

	(void)state;
	add_service(&status, "web", "10.0.0.1:80")->full_nat = true;
	listen_on(&status, EZLB_TCP, "10.0.0.1:81");
	add_backend(&status, "10.1.0.1:8080");
	add_snat_row(&snats, EZLB_SNAT_KEY_BACKEND, "10.1.0.1:8080", 20);
	ezlb_status_count_snat(&status, &snats);
	assert_int_equal(status.services.items[0].snat_connections, 20);
	EZLB_VEC_CLEAR(&snats);
	add_snat_row(&snats, EZLB_SNAT_KEY_LISTENER, "10.0.0.1:80", 3);
	add_snat_row(&snats, EZLB_SNAT_KEY_LISTENER, "10.0.0.1:81", 4);
	ezlb_status_count_snat(&status, &snats);
	assert_int_equal(status.services.items[0].snat_connections, 7);
	EZLB_VEC_CLEAR(&snats);
	ezlb_status_clear(&status);
}

static void test_without_rows_nothing_is_counted(void **state)
{
	struct ezlb_status status = { 0 };
	struct ezlb_traffic traffic = { 0 };
	struct ezlb_snats snats = { 0 };

	(void)state;
	add_service(&status, "web", "10.0.0.1:80")->full_nat = true;
	add_backend(&status, "10.1.0.1:80");
	ezlb_status_count(&status, &traffic);
	ezlb_status_count_snat(&status, &snats);
	assert_false(status.services.items[0].counted);
	assert_false(status.backends.items[0].counted);
	assert_int_equal(status.services.items[0].snat_connections, -1);
	ezlb_status_clear(&status);
}

/* What is not in force has no listener; a row of the kernel's with that key is not its. */
static void test_what_is_not_applied_is_not_counted(void **state)
{
	struct ezlb_status status = { 0 };
	struct ezlb_traffic traffic = { 0 };
	struct ezlb_snats snats = { 0 };
	struct ezlb_snat_row *row = EZLB_PUSH(&snats);

	(void)state;
	add_service(&status, "web", "10.0.0.1:80")->full_nat = true;
	status.services.items[0].applied = false;
	add_row(&traffic, EZLB_TCP, "10.0.0.1:80", NULL, 1);
	row->key = (struct ezlb_snat_key){ .kind = EZLB_SNAT_KEY_LISTENER,
					   .endpoint = endpoint("10.0.0.1:80") };
	ezlb_status_count(&status, &traffic);
	ezlb_status_count_snat(&status, &snats);
	assert_false(status.services.items[0].counted);
	assert_int_equal(status.services.items[0].snat_connections, -1);
	EZLB_VEC_CLEAR(&traffic);
	EZLB_VEC_CLEAR(&snats);
	ezlb_status_clear(&status);
}

static void test_snat_rows_are_for_listeners_or_backends(void **state)
{
	static const struct {
		const char *name;
		enum ezlb_snat_key_kind kind;
		int64_t want[4];
	} cases[] = {
		{ "for listeners", EZLB_SNAT_KEY_LISTENER, { 7, -1, -1, -1 } },
		{ "for backends", EZLB_SNAT_KEY_BACKEND, { 30, 20, -1, -1 } },
	};
	struct ezlb_status status = { 0 };
	struct ezlb_snats snats = { 0 };

	(void)state;
	add_service(&status, "a", "10.0.0.1:80")->full_nat = true;
	add_backend(&status, "10.1.0.1:80");
	add_backend(&status, "10.1.0.2:80");
	add_service(&status, "b", "10.0.0.2:80")->full_nat = true;
	add_backend(&status, "10.1.0.2:80");
	add_service(&status, "plain", "10.0.0.3:80");
	add_backend(&status, "10.1.0.1:80");
	add_service(&status, "udp", "10.0.0.1:80")->full_nat = true;
	be_udp(&status, 3);
	add_backend(&status, "10.1.0.1:80");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		add_snat_row(&snats, cases[i].kind, "10.1.0.2:80", 20);
		add_snat_row(&snats, cases[i].kind, "10.1.0.1:80", 10);
		add_snat_row(&snats, cases[i].kind, "10.0.0.3:80", 99);
		add_snat_row(&snats, cases[i].kind, "10.0.0.1:80", 7);
		EZLB_SORT(&snats, ezlb_snat_row_cmp);
		ezlb_status_count_snat(&status, &snats);
		for (size_t k = 0; k < 4; k++)
			if (status.services.items[k].snat_connections != cases[i].want[k])
				fail_msg("%s, %s: %d", cases[i].name, status.services.items[k].name,
					 (int)status.services.items[k].snat_connections);
		EZLB_VEC_CLEAR(&snats);
	}
	ezlb_status_clear(&status);
}

/* --- the summary --------------------------------------------------------------------------- */

static void add_file(struct ezlb_status *status, const char *path, enum ezlb_file_state state,
		     int line)
{
	struct ezlb_status_file *file = EZLB_PUSH(&status->files);

	file->path = ezlb_strdup(path);
	file->state = state;
	file->first = status->diags.len;
	if (line < 0)
		return;
	file->n_diags = 2;
	for (int i = 0; i < 2; i++)
		ezlb_diags_add(&status->diags, path, (struct ezlb_mark){ line + i, 1 },
			       EZLB_E_VALUE, "m");
}

#define OK	   EZLB_FILE_OK
#define REFUSED	   EZLB_FILE_REFUSED
#define UNREADABLE EZLB_FILE_UNREADABLE

static const struct {
	const char *name;
	int applied, down;
	const char *not_ready; /* NULL: it is ready */
	struct {
		const char *path;
		enum ezlb_file_state state;
		int line; /* of its first diagnostic; -1: it has none */
	} files[3];
	const char *want;
} summaries[] = {
	{ "nothing", 0, 0, NULL, { { NULL, OK, -1 } }, "0 services" },
	{ "one", 1, 0, NULL, { { "/e/web.yaml", OK, -1 } }, "1 service" },
	{ "many", 12, 0, NULL, { { "/e/web.yaml", OK, -1 } }, "12 services" },
	{ "one refused",
	  12,
	  0,
	  NULL,
	  { { "/e/a.yaml", OK, -1 }, { "/e/web.yaml", REFUSED, 7 } },
	  "12 services, 1 file refused (web.yaml:7)" },
	{ "two refused",
	  12,
	  0,
	  NULL,
	  { { "/e/a.yaml", REFUSED, 7 }, { "/e/b.yaml", OK, -1 }, { "/e/web.yaml", REFUSED, 1 } },
	  "12 services, 2 files refused (a.yaml:7 and 1 more)" },
	{ "unreadable, with a place and without",
	  1,
	  0,
	  NULL,
	  { { "a.yaml", UNREADABLE, 0 }, { "/e/b.yaml", REFUSED, 2 }, { "c", UNREADABLE, -1 } },
	  "1 service, 3 files refused (a.yaml and 2 more)" },
	{ "without a diagnostic",
	  1,
	  0,
	  NULL,
	  { { "/e/c.yaml", UNREADABLE, -1 } },
	  "1 service, 1 file refused (c.yaml)" },
	{ "down", 2, 1, NULL, { { NULL, OK, -1 } }, "2 services, 1 down (s0)" },
	{ "more are down",
	  3,
	  3,
	  NULL,
	  { { "/e/a.yaml", REFUSED, 7 } },
	  "3 services, 1 file refused (a.yaml:7), 3 down (s0 and 2 more)" },
	{ "not ready",
	  1,
	  0,
	  "the first pass is not done",
	  { { "/e/a.yaml", REFUSED, 7 } },
	  "not ready: the first pass is not done; 1 service, 1 file refused (a.yaml:7)" },
	{ "a name that would command",
	  1,
	  0,
	  "a\tb",
	  { { "/e/a\nREADY=1\x1b[2J\x7f.yaml", REFUSED, 7 } },
	  "not ready: a b; 1 service, 1 file refused (a?READY=1?[2J?.yaml:7)" },
	{ "a name in Latin 1",
	  1,
	  0,
	  NULL,
	  { { "/e/\xfc.yaml", REFUSED, 7 } },
	  "1 service, 1 file refused (?.yaml:7)" },
};

static void make_summary(size_t i, struct ezlb_status *status)
{
	char name[16];

	status->ready = summaries[i].not_ready == NULL;
	ezlb_strcpy(status->not_ready, sizeof(status->not_ready),
		    summaries[i].not_ready ? summaries[i].not_ready : "");
	add_service(status, "not-in-force", NULL)->state = EZLB_STATE_REFUSED;
	for (int k = 0; k < summaries[i].applied; k++) {
		snprintf(name, sizeof(name), "s%d", k);
		add_service(status, name, "10.0.0.1:80")->state = k < summaries[i].down
									  ? EZLB_STATE_DOWN
									  : EZLB_STATE_DEGRADED;
	}
	for (size_t k = 0; k < COUNT_OF(summaries[i].files) && summaries[i].files[k].path; k++)
		add_file(status, summaries[i].files[k].path, summaries[i].files[k].state,
			 summaries[i].files[k].line);
}

static void test_the_summary_is_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(summaries); i++) {
		struct ezlb_status status = { 0 };
		char got[512];

		make_summary(i, &status);
		ezlb_status_summary(&status, got, sizeof(got));
		if (strcmp(got, summaries[i].want) != 0)
			fail_msg("%s: %s", summaries[i].name, got);
		ezlb_status_clear(&status);
	}
}

/* An operator must see at once that users get a fallback, or backends that may be down. */
static void test_the_summary_tells_of_mass_failures(void **state)
{
	static const struct {
		const char *name;
		enum ezlb_state state;
		enum ezlb_reason ready;
	} services[] = {
		{ "a", EZLB_STATE_DOWN, EZLB_REASON_NONE_UP },
		{ "b", EZLB_STATE_DEGRADED, EZLB_REASON_SOME_DOWN },
		{ "c", EZLB_STATE_DEGRADED, EZLB_REASON_FAIL_OPEN },
		{ "d", EZLB_STATE_FAILED, EZLB_REASON_FAIL_OPEN },
		{ "e", EZLB_STATE_DEGRADED, EZLB_REASON_FALLBACK_SERVES },
	};
	struct ezlb_status status = { .ready = true };
	char got[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(services); i++) {
		struct ezlb_status_service *service = add_service(&status, services[i].name,
								  "10.0.0.1:80");

		service->state = services[i].state;
		service->conditions[EZLB_BACKENDS_READY].reason = services[i].ready;
	}
	ezlb_status_summary(&status, got, sizeof(got));
	assert_string_equal(got, "5 services, 1 down (a), 2 failing open (c and 1 more), "
				 "1 served by the fallback (e)");
	ezlb_status_clear(&status);
}

/* It concerns every service, so it is in the summary; what is not known is not told. */
static void test_the_summary_tells_of_a_full_conntrack_table(void **state)
{
	static const struct {
		int64_t entries, max;
		bool full;
		const char *want;
	} cases[] = {
		{ 100, 100, true, "conntrack table full: new connections are dropped; 0 services" },
		{ 99, 100, true, "conntrack table full: new connections are dropped; 0 services" },
		{ 98, 100, true, "conntrack table 98% full; 0 services" },
		{ 91, 100, true, "conntrack table 91% full; 0 services" },
		{ 94, 100, false, "0 services" },
		{ -1, -1, false, "0 services" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct ezlb_status status = { .ready = true,
						    .conntrack_entries = cases[i].entries,
						    .conntrack_max = cases[i].max,
						    .conntrack_full = cases[i].full };
		char got[128];

		ezlb_status_summary(&status, got, sizeof(got));
		assert_string_equal(got, cases[i].want);
	}
}

static void test_the_summary_is_cut_between_characters(void **state)
{
	static const struct {
		size_t size;
		const char *want;
	} cases[] = {
		{ 1, "" },
		{ 2, "1" },
		{ 30, "1 service, 1 file refused (gr" },
		{ 31, "1 service, 1 file refused (gr" },
		{ 32, "1 service, 1 file refused (gr\xc3\xbc" },
		{ 41, "1 service, 1 file refused (gr\xc3\xbcn.yaml:7)" },
	};
	struct ezlb_status status = { .ready = true };

	(void)state;
	add_service(&status, "a", "10.0.0.1:80");
	add_file(&status, "/e/gr\xc3\xbcn.yaml", REFUSED, 7);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char got[64];

		memset(got, 'x', sizeof(got));
		ezlb_status_summary(&status, got, cases[i].size);
		assert_string_equal(got, cases[i].want);
		assert_int_equal(got[cases[i].size], 'x');
	}
	ezlb_status_clear(&status);
}

static void test_clear_leaves_the_zero_value(void **state)
{
	static const struct ezlb_status zero;
	struct ezlb_status status = { .ready = true, .pid = 1 };
	struct ezlb_status_dir *dir = EZLB_PUSH(&status.dirs);

	(void)state;
	dir->path = ezlb_strdup("/etc/ezlb");
	dir->problem = ezlb_strdup("it is not there");
	add_service(&status, "a", "10.0.0.1:80");
	add_backend(&status, "10.1.0.1:80");
	add_file(&status, "/e/a.yaml", REFUSED, 7);
	ezlb_status_clear(&status);
	assert_memory_equal(&status, &zero, sizeof(zero));
	ezlb_status_clear(&status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_shift),
		cmocka_unit_test(test_rows_go_to_their_services_and_backends),
		cmocka_unit_test(test_listeners_are_summed_up),
		cmocka_unit_test(test_snat_of_listeners_is_counted_once),
		cmocka_unit_test(test_without_rows_nothing_is_counted),
		cmocka_unit_test(test_what_is_not_applied_is_not_counted),
		cmocka_unit_test(test_snat_rows_are_for_listeners_or_backends),
		cmocka_unit_test(test_the_summary_is_one_line),
		cmocka_unit_test(test_the_summary_tells_of_mass_failures),
		cmocka_unit_test(test_the_summary_tells_of_a_full_conntrack_table),
		cmocka_unit_test(test_the_summary_is_cut_between_characters),
		cmocka_unit_test(test_clear_leaves_the_zero_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
