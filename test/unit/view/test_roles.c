// SPDX-License-Identifier: GPL-2.0-or-later
/* The roles of backends: once for all listeners, and the events about their changes. */
#include "view_words.h"

#include "roles.h"
#include "specs.h"

/* The first two backends of the file, and one that is not there any more. */
#define A "10.1.0.1:80"
#define B "10.1.0.2:80"
#define C "10.1.0.3:80"

static struct ezlb_endpoint ep_of(const char *text)
{
	struct ezlb_endpoint ep;

	assert_int_equal(ezlb_endpoint_parse(text, &ep, NULL), 0);
	return ep;
}

static struct ezlb_roster_row *add_row(struct ezlb_roster *roster, const char *service,
				       const char *backend, enum ezlb_role role, uint32_t weight)
{
	struct ezlb_roster_row *row = EZLB_PUSH(&roster->rows);

	assert_int_equal(ezlb_service_key_parse(service, &row->service), 0);
	row->backend = ep_of(backend);
	row->index = EZLB_NOT_IN_FILE;
	if (strcmp(backend, A) == 0 || strcmp(backend, B) == 0)
		row->index = strcmp(backend, B) == 0;
	row->role = role;
	row->weight = weight;
	row->full = 10;
	return row;
}

static void add_drain(struct ezlb_roster *roster, const char *service, const char *backend,
		      enum ezlb_drain_cause cause, uint64_t until_ms, uint32_t active)
{
	struct ezlb_roster_row *row = add_row(roster, service, backend, EZLB_ROLE_DRAINING, 0);

	row->cause = cause;
	row->until_ms = until_ms;
	row->active = active;
}

/* --- once for all listeners ---------------------------------------------------------------- */

static void test_two_listeners(void **state)
{
	struct ezlb_spec *spec = spec_of("/d/web.yaml",
					 "web tcp 10.0.0.1:80 +udp/10.0.0.1:80 " A " " B);
	struct ezlb_roster roster = { 0 };
	struct ezlb_view_roles roles = { 0 };

	(void)state;
	add_row(&roster, "tcp 10.0.0.1:80", A, EZLB_ROLE_SERVING, 1);
	add_row(&roster, "tcp 10.0.0.1:80", B, EZLB_ROLE_OUT, 0);
	add_drain(&roster, "tcp 10.0.0.1:80", C, EZLB_DRAIN_REMOVED, 5000, 3);
	add_row(&roster, "tcp 10.0.0.9:80", A, EZLB_ROLE_FAIL_OPEN, 1); /* another service */
	add_row(&roster, "udp 10.0.0.1:80", A, EZLB_ROLE_SERVING, 1);
	add_drain(&roster, "udp 10.0.0.1:80", B, EZLB_DRAIN_DOWN, 7000, 2);
	add_drain(&roster, "udp 10.0.0.1:80", C, EZLB_DRAIN_REMOVED, 6000, 4);
	EZLB_SORT(&roster.rows, ezlb_roster_row_cmp);
	roles_take(&roster, spec, &roles);
	assert_int_equal(roles.len, 3);
	assert_int_equal(roles.items[0].role, EZLB_ROLE_SERVING);
	assert_false(roles.items[0].removed);
	/* The drain goes on at one listener. */
	assert_int_equal(roles.items[1].role, EZLB_ROLE_DRAINING);
	assert_int_equal(roles.items[1].cause, EZLB_DRAIN_DOWN);
	assert_int_equal(roles.items[1].active, 2);
	assert_int_equal(roles.items[1].until_ms, 7000);
	assert_true(roles.items[2].removed);
	assert_int_equal(roles.items[2].active, 7);
	assert_int_equal(roles.items[2].until_ms, 6000);
	assert_ptr_equal(roles_find(&roles, &roles.items[2].backend), &roles.items[2]);
	assert_int_equal(roles_count(&roles, EZLB_ROLE_DRAINING), 2);
	assert_true(roles_serves(&roles.items[0]));
	assert_false(roles_serves(&roles.items[1]));
	EZLB_VEC_CLEAR(&roles);
	roles_take(&roster, NULL, &roles);
	assert_int_equal(roles.len, 0);
	ezlb_roster_clear(&roster);
	ezlb_spec_free(spec);
}

/* The view keeps a list that is as long as it must be, and the old one if it says the same. */
static void test_keep(void **state)
{
	struct ezlb_view_role rows[] = { { .weight = 1 }, { .weight = 2 }, { .weight = 3 } };
	struct ezlb_view_roles now = { rows, 3, 3 }, kept = { 0 };
	const struct ezlb_view_role *items;

	(void)state;
	roles_keep(&kept, &now);
	assert_int_equal(kept.len, 3);
	assert_int_equal(kept.cap, 3);
	items = kept.items;
	rows[1].until_ms = 7;
	roles_keep(&kept, &now);
	assert_ptr_equal(kept.items, items);
	assert_int_equal(kept.items[1].until_ms, 7);
	now.len = 2;
	roles_keep(&kept, &now);
	assert_int_equal(kept.len, 2);
	assert_int_equal(kept.cap, 2);
	assert_int_equal(kept.items[1].weight, 2);
	now.len = 0;
	roles_keep(&kept, &now);
	assert_int_equal(kept.len, 0);
	assert_null(kept.items);
}

/* A backend without a port has a dest with the port of each listener. */
static void test_without_a_port(void **state)
{
	struct ezlb_spec *spec = spec_of("/d/web.yaml",
					 "web tcp 10.0.0.1:80 +tcp/10.0.0.1:443 10.1.0.1");
	struct ezlb_roster roster = { 0 };
	struct ezlb_view_roles roles = { 0 };

	(void)state;
	add_row(&roster, "tcp 10.0.0.1:80", "10.1.0.1:80", EZLB_ROLE_SERVING, 1);
	add_row(&roster, "tcp 10.0.0.1:443", "10.1.0.1:443", EZLB_ROLE_SERVING, 1)->index = 0;
	add_drain(&roster, "tcp 10.0.0.1:443", "10.1.0.2:443", EZLB_DRAIN_REMOVED, 1, 1);
	EZLB_SORT(&roster.rows, ezlb_roster_row_cmp);
	roles_take(&roster, spec, &roles);
	assert_int_equal(roles.len, 2);
	assert_int_equal(roles.items[0].backend.port, 0);
	assert_false(roles.items[0].removed);
	assert_int_equal(roles.items[1].backend.port, 443);
	assert_true(roles.items[1].removed);
	EZLB_VEC_CLEAR(&roles);
	ezlb_roster_clear(&roster);
	ezlb_spec_free(spec);
}

/* --- events -------------------------------------------------------------------------------- */

#define WEB "tcp 10.0.0.1:80"

/* A pass, as the view is told of it; the roster and the kernel's dests are the test's. */
struct made {
	struct view_rig rig;
	struct ezlb_pass_result result;
};

static void made_open(struct made *made, const char *text)
{
	*made = (struct made){ .result = { .outcome = { .flows = 0 } } };
	rig_open(&made->rig);
	rig_web(&made->rig, text);
	rig_events(&made->rig);
}

static void made_close(struct made *made)
{
	ezlb_pass_result_clear(&made->result);
	rig_close(&made->rig);
}

static struct ezlb_roster *roster_of(struct made *made)
{
	return &made->result.plan.roster;
}

static void add_actual(struct made *made, const char *backend, uint32_t active)
{
	struct ezlb_dest_row *dest = EZLB_PUSH(&made->result.found.actual.dests);

	assert_int_equal(ezlb_service_key_parse(WEB, &dest->service), 0);
	dest->endpoint = ep_of(backend);
	dest->active = active;
}

/* Afterwards roster and kernel are empty again. */
static const char *pass_says(struct made *made)
{
	const struct ezlb_view_pass pass = { .catalog = &made->rig.catalog,
					     .verdicts = &made->rig.verdicts,
					     .pass = &made->rig.pass,
					     .result = &made->result,
					     .clock_ms = rig_clock(&made->rig) };

	EZLB_SORT(&roster_of(made)->rows, ezlb_roster_row_cmp);
	EZLB_SORT(&made->result.found.actual.dests, ezlb_dest_row_cmp);
	ezlb_view_pass(&made->rig.view, &pass, made->rig.now);
	ezlb_pass_result_clear(&made->result);
	made->result = (struct ezlb_pass_result){ .outcome = { .flows = 0 } };
	return rig_events(&made->rig);
}

static uint64_t in(const struct made *made, unsigned seconds)
{
	return rig_clock(&made->rig) + 1000 * seconds;
}

static void test_drain(void **state)
{
	struct made made;
	uint64_t until;

	(void)state;
	made_open(&made, PLAIN("1"));
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_SERVING, 1);
	assert_string_equal(pass_says(&made), "");
	until = in(&made, 30);
	add_drain(roster_of(&made), WEB, C, EZLB_DRAIN_REMOVED, until, 3);
	assert_string_equal(pass_says(&made),
			    "+DrainStarted web " C
			    " | it left the file; it will be removed in 30 s at the latest\n");
	/* What lasts is no event. */
	add_drain(roster_of(&made), WEB, C, EZLB_DRAIN_REMOVED, until, 1);
	assert_string_equal(pass_says(&made), "");
	add_actual(&made, C, 0);
	assert_string_equal(pass_says(&made), "+DrainEnded web " C " | no connections are left\n");
	add_drain(roster_of(&made), WEB, A, EZLB_DRAIN_DOWN, until, 3);
	add_drain(roster_of(&made), WEB, B, EZLB_DRAIN_STANDBY, until, 3);
	assert_string_equal(pass_says(&made),
			    "+DrainStarted web " A
			    " | it is down; it will be removed in 30 s at the latest\n"
			    "+DrainStarted web " B " | the fallback is not needed any more; "
			    "it will be removed in 30 s at the latest\n");
	/* Killed before the time, and one whose dest somebody else has removed. */
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_OUT, 0);
	add_actual(&made, A, 12);
	assert_string_equal(pass_says(&made),
			    "+DrainEnded web " A
			    " | it is removed before the time is up: 12 connections cut\n"
			    "+DrainEnded web " B " | the kernel does not have it any more\n");
	made_close(&made);
}

static void test_drain_until_the_time_is_up(void **state)
{
	struct made made;

	(void)state;
	made_open(&made, PLAIN("1"));
	add_drain(roster_of(&made), WEB, A, EZLB_DRAIN_DOWN, in(&made, 30), 3);
	add_drain(roster_of(&made), WEB, B, EZLB_DRAIN_DOWN, in(&made, 30), 3);
	pass_says(&made);
	made.rig.now += 30000;
	add_actual(&made, A, 1);
	add_row(roster_of(&made), WEB, B, EZLB_ROLE_SERVING, 1);
	assert_string_equal(pass_says(&made),
			    "+DrainEnded web " A " | the time is up: 1 connection cut\n"
			    "+DrainEnded web " B " | it is back: it takes new connections again\n");
	made_close(&made);
}

static void test_slow_start(void **state)
{
	struct made made;

	(void)state;
	made_open(&made, HEAD("1") NO_CHECK "backends:\n  - {address: " A ", weight: 10}\n");
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_STARTING, 1)->until_ms = in(&made, 20);
	assert_string_equal(pass_says(&made), "+SlowStartStarted web " A
					      " | its weight grows from 10% to all within 20 s\n");
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_STARTING, 5)->until_ms = in(&made, 10);
	assert_string_equal(pass_says(&made), "");
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_SERVING, 10);
	assert_string_equal(pass_says(&made),
			    "+SlowStartEnded web " A " | it has its full weight\n");
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_STARTING, 1);
	pass_says(&made);
	add_drain(roster_of(&made), WEB, A, EZLB_DRAIN_DOWN, in(&made, 1), 1);
	assert_string_equal(pass_says(&made),
			    "+SlowStartEnded web " A " | it drains before it has its full weight\n"
			    "+DrainStarted web " A
			    " | it is down; it will be removed in 1 s at the latest\n");
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_STARTING, 1);
	pass_says(&made);
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_OUT, 0);
	assert_string_equal(pass_says(&made), "+SlowStartEnded web " A
					      " | it is removed before it has its full weight\n");
	made_close(&made);
}

/* 500 backends at once must not push all other events out. */
static void test_many(void **state)
{
	struct made made;
	char backend[32];

	(void)state;
	made_open(&made, PLAIN("1"));
	for (unsigned n = 5; n <= 6; n++) {
		unsigned events = 0;

		for (unsigned i = 0; i < n; i++) {
			snprintf(backend, sizeof(backend), "10.9.%u.%u:80", n, i + 1);
			add_drain(roster_of(&made), WEB, backend, EZLB_DRAIN_REMOVED, in(&made, 30),
				  3);
		}
		for (const char *p = pass_says(&made); (p = strstr(p, "+DrainStarted")); p++)
			events++;
		assert_int_equal(events, n == 5 ? 5 : 1);
	}
	for (unsigned i = 0; i < 6; i++) {
		snprintf(backend, sizeof(backend), "10.9.6.%u:80", i + 1);
		add_actual(&made, backend, 2);
	}
	made.rig.now += 30000;
	assert_string_equal(pass_says(&made), "+DrainEnded web | 6 backends, the first: "
					      "10.9.6.1:80: the time is up: 2 connections cut\n");
	made_close(&made);
}

/* When IPVS cannot be read, nobody knows what drains: the roles stay. */
static void test_unreadable(void **state)
{
	struct made made;

	(void)state;
	made_open(&made, PLAIN("1"));
	add_drain(roster_of(&made), WEB, C, EZLB_DRAIN_REMOVED, in(&made, 30), 3);
	assert_non_null(strstr(pass_says(&made), "+DrainStarted"));
	ezlb_err_set(&made.result.found.errs.layer[EZLB_LAYER_IPVS], EPERM, "cannot list IPVS");
	assert_null(strstr(pass_says(&made), "Drain"));
	add_actual(&made, C, 0);
	assert_non_null(strstr(pass_says(&made), "+DrainEnded"));
	made_close(&made);
}

/* --- fail open and fallback ---------------------------------------------------------------- */

static void verdicts(struct made *made, enum ezlb_verdict a, enum ezlb_verdict b)
{
	rig_verdict(&made->rig, "web", A, a);
	rig_verdict(&made->rig, "web", B, b);
}

static void test_fail_open(void **state)
{
	const struct view_rig *rig;
	struct made made;

	(void)state;
	made_open(&made, CHECKED("1"));
	rig = &made.rig;
	verdicts(&made, EZLB_UP, EZLB_UP);
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_SERVING, 1);
	add_row(roster_of(&made), WEB, B, EZLB_ROLE_SERVING, 1);
	assert_string_equal(pass_says(&made), "");
	verdicts(&made, EZLB_UP, EZLB_DOWN);
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_SERVING, 1);
	add_row(roster_of(&made), WEB, B, EZLB_ROLE_FAIL_OPEN, 1);
	assert_string_equal(
		pass_says(&made),
		"-ConditionChanged web BackendsReady | True, FailOpen: fewer than min_healthy (0): "
		"1 of 2 backends is up; all 2 are scheduled; down: " B " (connect_refused)\n"
		"-FailOpenStarted web | fewer than min_healthy (0): "
		"1 of 2 backends is up; all 2 are scheduled; down: " B " (connect_refused)\n");
	assert_string_equal(rig_condition(rig, 0, EZLB_BACKENDS_READY),
			    "BackendsReady=True/FailOpen");
	verdicts(&made, EZLB_DOWN, EZLB_DOWN);
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_FAIL_OPEN, 1);
	add_row(roster_of(&made), WEB, B, EZLB_ROLE_FAIL_OPEN, 1);
	assert_string_equal(pass_says(&made), "");
	verdicts(&made, EZLB_UP, EZLB_UP);
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_SERVING, 1);
	add_row(roster_of(&made), WEB, B, EZLB_ROLE_SERVING, 1);
	assert_string_equal(pass_says(&made), "+ConditionChanged web BackendsReady | True, AllUp\n"
					      "+FailOpenEnded web | now: AllUp\n");
	made_close(&made);
}

static void test_fallback(void **state)
{
	struct made made;

	(void)state;
	made_open(&made, CHECKED("1"));
	made.rig.catalog.entries.items[0].last->backends[1].fallback = true;
	verdicts(&made, EZLB_DOWN, EZLB_UP);
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_OUT, 0);
	add_row(roster_of(&made), WEB, B, EZLB_ROLE_FALLBACK, 1);
	assert_string_equal(
		pass_says(&made),
		"-ConditionChanged web BackendsReady | True, FallbackServes: no backend is up: the "
		"fallback serves (" B "); " A " (connect_refused)\n"
		"-FallbackStarted web | no backend is up: the fallback serves (" B "); " A
		" (connect_refused)\n");
	verdicts(&made, EZLB_UP, EZLB_UP);
	add_row(roster_of(&made), WEB, A, EZLB_ROLE_SERVING, 1);
	add_drain(roster_of(&made), WEB, B, EZLB_DRAIN_STANDBY, in(&made, 30), 4);
	assert_string_equal(pass_says(&made),
			    "+DrainStarted web " B " | the fallback is not needed any more; it "
			    "will be removed in 30 s at the latest\n"
			    "+ConditionChanged web BackendsReady | True, AllUp: 1 backend drains\n"
			    "+FallbackEnded web | now: AllUp: 1 backend drains\n");
	made_close(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_listeners),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_without_a_port),
		IN_TOP(test_drain),
		IN_TOP(test_drain_until_the_time_is_up),
		IN_TOP(test_slow_start),
		IN_TOP(test_many),
		IN_TOP(test_unreadable),
		IN_TOP(test_fail_open),
		IN_TOP(test_fallback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
