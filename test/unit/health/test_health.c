// SPDX-License-Identifier: GPL-2.0-or-later
/* The wanted set: verdicts, sharing, reload, removal, close. */
#include "fixture.h"

static void test_rise_and_fall(void **state)
{
	struct fixture *fx = *state;

	add(fx, "web");
	set(fx);
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_UNKNOWN);
	assert_int_equal(ezlb_health_unknown(fx->health), 1);
	run_to(fx, "web", EZLB_UP);
	assert_int_equal(fx->answered[ANSWER_200], 1);
	assert_int_equal(ezlb_health_unknown(fx->health), 0);

	run_for(&fx->loop, 5 * INTERVAL_MS);
	assert_int_equal(fx->changes, 1);
	fx->server.mode = ANSWER_500;
	run_to(fx, "web", EZLB_DOWN);
	assert_int_equal(fx->answered[ANSWER_500], 3);
	assert_true(fx->answered[ANSWER_200] > 1);

	fx->server.answered[ANSWER_200] = 0;
	fx->server.mode = ANSWER_200;
	run_to(fx, "web", EZLB_UP);
	assert_int_equal(fx->answered[ANSWER_200], 2);
	assert_int_equal(fx->changes, 3);
}

static void test_refused_is_down(void **state)
{
	struct fixture *fx = *state;
	struct ezlb_health_row *row = add(fx, "web");

	row->backend = loopback(closed_port());
	row->check.type = EZLB_CHECK_TCP;
	set(fx);
	run_to(fx, "web", EZLB_DOWN);
}

static void test_services_share_a_probe(void **state)
{
	struct fixture *fx = *state;

	fx->server.mode = ANSWER_500;
	add(fx, "strict")->check.fail_count = 1;
	add(fx, "patient")->check.fail_count = 4;
	set(fx);
	run_to(fx, "strict", EZLB_DOWN);
	assert_int_equal(fx->answered[ANSWER_500], 1);
	assert_int_equal(verdict(fx, "patient", fx->server.port), EZLB_UNKNOWN);
	assert_int_equal(ezlb_health_unknown(fx->health), 1);
	run_to(fx, "patient", EZLB_DOWN);
	assert_int_equal(fx->answered[ANSWER_500], 4);
	assert_int_equal(fx->accepted, 4);
	assert_int_equal(fx->verdicts.len, 2);
	assert_string_equal(fx->verdicts.items[0].service, "patient");
}

REQUEST(root_500, "/", 500);

static void test_other_probes_are_not_shared(void **state)
{
	struct fixture *fx = *state;

	add(fx, "one")->check.fail_count = 1;
	add(fx, "two")->check.request = &root_500;
	fx->rows.items[1].check.fail_count = 1;
	set(fx);
	run_to(fx, "one", EZLB_UP);
	run_to_known(fx);
	assert_int_equal(verdict(fx, "two", fx->server.port), EZLB_DOWN);
	assert_int_equal(verdict(fx, "one", fx->server.port), EZLB_UP);
	/* One of two probes of the same backend goes; the other goes on. */
	fx->rows.len = 1;
	set(fx);
	fx->server.mode = ANSWER_500;
	run_to(fx, "one", EZLB_DOWN);
}

static void test_reload_keeps_state(void **state)
{
	struct fixture *fx = *state;

	add(fx, "web");
	set(fx);
	run_to(fx, "web", EZLB_UP);
	set(fx);
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_UP);

	fx->server.mode = ANSWER_500;
	run_to_count(fx, ANSWER_500, 2);
	fx->rows.items[0].check.fail_count = 5; /* of which two are there */
	set(fx);
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_UP);
	run_to(fx, "web", EZLB_DOWN);
	assert_int_equal(fx->answered[ANSWER_500], 5);
	set(fx);
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_DOWN);
}

static void test_changed_check_starts_anew(void **state)
{
	struct fixture *fx = *state;

	add(fx, "web");
	set(fx);
	run_to(fx, "web", EZLB_UP);
	fx->rows.items[0].check.interval_ms++;
	set(fx);
	assert_int_equal(verdict(fx, "web", fx->server.port), EZLB_UNKNOWN);
	assert_int_equal(fx->verdicts.len, 1);
	run_to(fx, "web", EZLB_UP);
}

/* A service that joins a backend with a long interval need not wait for it. */
static void test_joining_service_is_probed_at_once(void **state)
{
	struct fixture *fx = *state;

	add(fx, "old")->check.interval_ms = 3600 * 1000;
	set(fx);
	run_to(fx, "old", EZLB_UP);
	add(fx, "new")->check.interval_ms = 3600 * 1000;
	set(fx);
	assert_int_equal(verdict(fx, "new", fx->server.port), EZLB_UNKNOWN);
	run_to(fx, "new", EZLB_UP);
	assert_int_equal(fx->server.accepted, 2);
}

static void test_joining_service_shares_the_running_probe(void **state)
{
	struct fixture *fx = *state;

	fx->server.mode = ANSWER_HELD;
	add(fx, "old")->check.interval_ms = 3600 * 1000;
	set(fx);
	run_to_count(fx, ANSWER_HELD, 1);
	assert_int_equal(fx->health->here.running, 1);
	add(fx, "new")->check.interval_ms = 3600 * 1000;
	set(fx);
	server_let_go(&fx->server);
	run_to(fx, "new", EZLB_UP);
	run_for(&fx->loop, 3 * INTERVAL_MS);
	assert_int_equal(verdict(fx, "old", fx->server.port), EZLB_UP);
	assert_int_equal(fx->server.accepted, 1);
}

static void test_removal_stops_probes(void **state)
{
	struct fixture *fx = *state;
	int accepted;

	add(fx, "web");
	add(fx, "web2");
	set(fx);
	run_to(fx, "web", EZLB_UP);
	fx->rows.len = 0;
	set(fx);
	assert_int_equal(ezlb_health_unknown(fx->health), 0);
	ezlb_health_verdicts(fx->health, &fx->verdicts);
	assert_int_equal(fx->verdicts.len, 0);
	server_catch_up(&fx->server);
	accepted = fx->server.accepted;
	run_for(&fx->loop, 10 * INTERVAL_MS);
	server_catch_up(&fx->server); /* one connection of its own */
	assert_int_equal(fx->server.accepted, accepted + 1);
}

static void test_removal_in_mid_probe(void **state)
{
	struct fixture *fx = *state;

	fx->server.mode = ANSWER_NEVER;
	add(fx, "web");
	set(fx);
	run_to_count(fx, ANSWER_NEVER, 1);
	fx->rows.len = 0;
	set(fx);
	assert_int_equal(fx->health->here.running, 0);
	assert_int_equal(ezlb_health_unknown(fx->health), 0);
	run_for(&fx->loop, 5);
	assert_int_equal(fx->changes, 0);
}

static void test_close_in_mid_probe(void **state)
{
	struct fixture *fx = *state;
	struct black_hole hole;

	black_hole_open(&hole);
	fx->server.mode = ANSWER_NEVER;
	add(fx, "http");
	*add(fx, "https") = fx->rows.items[0];
	fx->rows.items[1].check.type = EZLB_CHECK_HTTPS;
	add(fx, "tcp")->check.type = EZLB_CHECK_TCP;
	fx->rows.items[2].backend = loopback(hole.port);
	set(fx);
	run_to_count(fx, ANSWER_NEVER, 1); /* the other is in its handshake */
	run_for(&fx->loop, 3 * INTERVAL_MS);
	assert_int_equal(fx->health->here.running, 3);
	stop(fx);
	black_hole_close(&hole);
}

static void close_it(struct fixture *fx)
{
	ezlb_health_close(fx->health, on_closed, &fx->closed);
	fx->health = NULL;
}

static void test_close_from_on_change(void **state)
{
	static const enum ezlb_check_type types[] = { EZLB_CHECK_HTTP, EZLB_CHECK_TCP };
	struct fixture *fx = *state;

	for (size_t i = 0; i < 2; i++) {
		fx->rows.len = 0;
		add(fx, "a")->check.type = types[i];
		add(fx, "b")->check.type = types[i];
		fx->rows.items[1].check.timeout_ms++;
		fx->react = close_it;
		fx->closed = false;
		set(fx);
		run_until(&fx->loop, &fx->closed);
		start(fx, 0);
	}
}

static void want_nothing(struct fixture *fx)
{
	fx->rows.len = 0;
	set(fx);
	fx->reached = true;
}

static void test_set_from_on_change(void **state)
{
	struct fixture *fx = *state;

	add(fx, "a");
	add(fx, "b")->check.timeout_ms++;
	fx->react = want_nothing;
	set(fx);
	run_until(&fx->loop, &fx->reached);
	run_for(&fx->loop, 3 * INTERVAL_MS);
	assert_int_equal(fx->changes, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rise_and_fall),
		T(test_refused_is_down),
		T(test_services_share_a_probe),
		T(test_other_probes_are_not_shared),
		T(test_reload_keeps_state),
		T(test_changed_check_starts_anew),
		T(test_joining_service_is_probed_at_once),
		T(test_joining_service_shares_the_running_probe),
		T(test_removal_stops_probes),
		T(test_removal_in_mid_probe),
		T(test_close_in_mid_probe),
		T(test_close_from_on_change),
		T(test_set_from_on_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
