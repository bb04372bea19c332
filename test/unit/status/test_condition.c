// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/status.h>

#define A EZLB_ACCEPTED
#define P EZLB_PROGRAMMED
#define B EZLB_BACKENDS_READY
#define C EZLB_CONFLICT
#define D EZLB_DELIVERABLE
#define T EZLB_CLIENT_ADDRESS

/* A reason of two conditions is there twice. */
static const struct {
	enum ezlb_reason reason;
	enum ezlb_condition_type type;
	const char *name, *truth;
} reasons[] = {
	{ EZLB_REASON_VALID, A, "Valid", "True" },
	{ EZLB_REASON_REFUSED, A, "Refused", "False" },
	{ EZLB_REASON_LAST_GOOD_KEPT, A, "LastGoodKept", "False" },
	{ EZLB_REASON_PROGRAMMED, P, "Programmed", "True" },
	{ EZLB_REASON_PENDING, P, "Pending", "Unknown" },
	{ EZLB_REASON_PENDING, B, "Pending", "Unknown" },
	{ EZLB_REASON_NOT_APPLIED, P, "NotInForce", "False" },
	{ EZLB_REASON_NOT_APPLIED, B, "NotInForce", "False" },
	{ EZLB_REASON_FAILED, P, "Failed", "False" },
	{ EZLB_REASON_HELD, P, "Held", "False" },
	{ EZLB_REASON_UNREADABLE, P, "Unreadable", "Unknown" },
	{ EZLB_REASON_FIGHT, P, "Fight", "False" },
	{ EZLB_REASON_ALL_UP, B, "AllUp", "True" },
	{ EZLB_REASON_SOME_DOWN, B, "SomeDown", "True" },
	{ EZLB_REASON_SOME_UNKNOWN, B, "SomeUnknown", "True" },
	{ EZLB_REASON_FAIL_OPEN, B, "FailOpen", "True" },
	{ EZLB_REASON_FALLBACK_SERVES, B, "FallbackServes", "True" },
	{ EZLB_REASON_NONE_UP, B, "NoneUp", "False" },
	{ EZLB_REASON_NONE_SERVING, B, "NoneServing", "False" },
	{ EZLB_REASON_NO_CONFLICT, C, "NoConflict", "False" },
	{ EZLB_REASON_NAME_TAKEN, C, "NameTaken", "True" },
	{ EZLB_REASON_LISTENER_TAKEN, C, "ListenerTaken", "True" },
	{ EZLB_REASON_SNAT_CONFLICT, C, "SnatConflict", "True" },
	{ EZLB_REASON_FOREIGN, C, "Foreign", "True" },
	{ EZLB_REASON_NOT_APPLIED, D, "NotInForce", "False" },
	{ EZLB_REASON_NO_OBSTACLE, D, "NoObstacle", "True" },
	{ EZLB_REASON_LOCAL_BACKEND, D, "LocalBackend", "True" },
	{ EZLB_REASON_NO_REAL_BACKEND, D, "NoRealBackend", "False" },
	{ EZLB_REASON_BACKEND_IS_LISTENER, D, "BackendIsListener", "False" },
	{ EZLB_REASON_NO_ANSWERS, D, "NoAnswers", "False" },
	{ EZLB_REASON_CONNTRACK_FULL, D, "ConntrackFull", "False" },
	{ EZLB_REASON_SOURCE_NOT_LOCAL, D, "SourceNotLocal", "False" },
	{ EZLB_REASON_SOURCE_PORTS_LOW, D, "SourcePortsLow", "True" },
	{ EZLB_REASON_NOT_APPLIED, T, "NotInForce", "False" },
	{ EZLB_REASON_PENDING, T, "Pending", "Unknown" },
	{ EZLB_REASON_NOT_ASKED, T, "NotAsked", "True" },
	{ EZLB_REASON_ADDED, T, "Added", "True" },
	{ EZLB_REASON_UNSUPPORTED, T, "Unsupported", "False" },
	{ EZLB_REASON_FAILED, T, "Failed", "False" },
	{ EZLB_REASON_HELD, T, "Held", "False" },
	{ EZLB_REASON_UNREADABLE, T, "Unreadable", "Unknown" },
};

static const char *wanted_truth(enum ezlb_reason reason, enum ezlb_condition_type type)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (reasons[i].reason == reason && reasons[i].type == type)
			return reasons[i].truth;
	return "Unknown";
}

static void test_every_reason_has_its_word_and_its_status(void **state)
{
	bool seen[EZLB_REASONS] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		assert_string_equal(ezlb_reason_str(reasons[i].reason), reasons[i].name);
		seen[reasons[i].reason] = true;
	}
	for (int r = 0; r < EZLB_REASONS; r++) {
		assert_true(seen[r]);
		for (int t = 0; t < EZLB_CONDITIONS; t++) {
			enum ezlb_reason reason = (enum ezlb_reason)r;
			enum ezlb_condition_type type = (enum ezlb_condition_type)t;

			assert_string_equal(ezlb_truth_str(ezlb_reason_truth(reason, type)),
					    wanted_truth(reason, type));
		}
	}
	assert_string_equal(ezlb_reason_str(EZLB_REASONS), "?");
	assert_int_equal(ezlb_reason_truth(EZLB_REASONS, A), EZLB_DONT_KNOW);
}

static void test_conditions_have_names(void **state)
{
	(void)state;
	assert_int_equal(EZLB_CONDITIONS, 6);
	assert_string_equal(ezlb_condition_type_str(A), "Accepted");
	assert_string_equal(ezlb_condition_type_str(P), "Programmed");
	assert_string_equal(ezlb_condition_type_str(B), "BackendsReady");
	assert_string_equal(ezlb_condition_type_str(C), "Conflict");
	assert_string_equal(ezlb_condition_type_str(D), "Deliverable");
	assert_string_equal(ezlb_condition_type_str(T), "ClientAddress");
	assert_string_equal(ezlb_condition_type_str(EZLB_CONDITIONS), "?");
}

static void test_a_transition_is_of_status_or_reason(void **state)
{
	static const struct {
		const char *name;
		enum ezlb_reason reason;
		const char *message;
		bool changed;
		enum ezlb_truth status;
	} steps[] = {
		/* The zero value has this reason, but has never been set. */
		{ "the first one", EZLB_REASON_VALID, NULL, true, EZLB_TRUE },
		{ "the same", EZLB_REASON_VALID, NULL, false, EZLB_TRUE },
		{ "another message", EZLB_REASON_VALID, "m", false, EZLB_TRUE },
		{ "another status", EZLB_REASON_REFUSED, "m", true, EZLB_FALSE },
		{ "another reason", EZLB_REASON_LAST_GOOD_KEPT, "m", true, EZLB_FALSE },
		{ "and no message", EZLB_REASON_LAST_GOOD_KEPT, NULL, false, EZLB_FALSE },
		{ "back", EZLB_REASON_VALID, "n", true, EZLB_TRUE },
	};
	struct ezlb_condition condition = { 0 };
	int64_t since = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		int64_t now = 1000 + (int64_t)i;
		bool changed = ezlb_condition_set(&condition, A, steps[i].reason, steps[i].message,
						  now);

		since = steps[i].changed ? now : since;
		if (changed != steps[i].changed || condition.since_ms != since ||
		    condition.status != steps[i].status || condition.reason != steps[i].reason ||
		    strcmp(ezlb_condition_message(&condition),
			   steps[i].message ? steps[i].message : "") != 0)
			fail_msg("%s: %d since %d, %s", steps[i].name, changed,
				 (int)condition.since_ms, ezlb_condition_message(&condition));
	}
	free(condition.message);
}

static void test_what_was_never_set_has_no_time(void **state)
{
	struct ezlb_condition condition = { .status = EZLB_TRUE, .reason = EZLB_REASON_VALID };

	(void)state;
	assert_true(ezlb_condition_set(&condition, A, EZLB_REASON_VALID, NULL, 5));
	assert_int_equal(condition.since_ms, 5);
}

static void test_a_long_message_is_cut(void **state)
{
	char text[2 * EZLB_MESSAGE_STRLEN];
	struct ezlb_condition condition = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ezlb_condition_set(&condition, A, EZLB_REASON_VALID, text, 1);
	assert_int_equal(strlen(ezlb_condition_message(&condition)), EZLB_MESSAGE_STRLEN - 1);
	free(condition.message);
}

static void test_a_copy_has_its_own_messages(void **state)
{
	struct ezlb_condition from[EZLB_CONDITIONS] = { 0 }, to[EZLB_CONDITIONS];

	(void)state;
	ezlb_condition_set(&from[A], A, EZLB_REASON_REFUSED, "why", 1);
	ezlb_condition_set(&from[P], P, EZLB_REASON_PROGRAMMED, "", 2);
	assert_null(from[P].message); /* most have none */
	ezlb_conditions_copy(to, from);
	ezlb_conditions_clear(from);
	assert_string_equal(ezlb_condition_message(&to[A]), "why");
	assert_string_equal(ezlb_condition_message(&to[P]), "");
	assert_int_equal(to[P].since_ms, 2);
	ezlb_conditions_clear(to);
	assert_string_equal(ezlb_condition_message(&to[A]), "");
}

#define R(word) EZLB_REASON_##word

static const struct {
	const char *name;
	enum ezlb_reason accepted, programmed, ready, conflict;
	const char *want;
} worlds[] = {
	{ "all is well", R(VALID), R(PROGRAMMED), R(ALL_UP), R(NO_CONFLICT), "ok" },
	{ "no pass yet", R(VALID), R(PENDING), R(ALL_UP), R(NO_CONFLICT), "pending" },
	{ "no verdict yet", R(VALID), R(PROGRAMMED), R(PENDING), R(NO_CONFLICT), "pending" },
	{ "one is down", R(VALID), R(PROGRAMMED), R(SOME_DOWN), R(NO_CONFLICT), "degraded" },
	{ "fail open", R(VALID), R(PROGRAMMED), R(FAIL_OPEN), R(NO_CONFLICT), "degraded" },
	{ "the fallback serves", R(VALID), R(PROGRAMMED), R(FALLBACK_SERVES), R(NO_CONFLICT),
	  "degraded" },
	{ "one is down, no pass", R(VALID), R(PENDING), R(SOME_DOWN), R(NO_CONFLICT), "degraded" },
	{ "the older serves", R(LAST_GOOD_KEPT), R(PROGRAMMED), R(ALL_UP), R(NO_CONFLICT),
	  "stale" },
	{ "and one of it is down", R(LAST_GOOD_KEPT), R(PROGRAMMED), R(SOME_DOWN), R(NO_CONFLICT),
	  "stale" },
	{ "the older serves beside a name that is taken", R(LAST_GOOD_KEPT), R(PROGRAMMED),
	  R(ALL_UP), R(NAME_TAKEN), "stale" },
	{ "somebody has its name beside it", R(VALID), R(PROGRAMMED), R(ALL_UP), R(NAME_TAKEN),
	  "stale" },
	{ "refused", R(REFUSED), R(NOT_APPLIED), R(NOT_APPLIED), R(NO_CONFLICT), "refused" },
	{ "refused, no pass yet", R(REFUSED), R(PENDING), R(PENDING), R(NO_CONFLICT), "refused" },
	{ "not in force", R(VALID), R(NOT_APPLIED), R(NOT_APPLIED), R(NO_CONFLICT), "refused" },
	{ "name", R(REFUSED), R(NOT_APPLIED), R(NOT_APPLIED), R(NAME_TAKEN), "conflict" },
	{ "listener", R(REFUSED), R(NOT_APPLIED), R(NOT_APPLIED), R(LISTENER_TAKEN), "conflict" },
	{ "SNAT", R(REFUSED), R(NOT_APPLIED), R(NOT_APPLIED), R(SNAT_CONFLICT), "conflict" },
	{ "foreign", R(VALID), R(NOT_APPLIED), R(NOT_APPLIED), R(FOREIGN), "conflict" },
	{ "foreign, no pass yet", R(VALID), R(PENDING), R(ALL_UP), R(FOREIGN), "conflict" },
	{ "cannot read or change a part of the kernel", R(VALID), R(FAILED), R(ALL_UP),
	  R(NO_CONFLICT), "failed" },
	{ "it is held", R(VALID), R(HELD), R(ALL_UP), R(NO_CONFLICT), "failed" },
	{ "a fight", R(VALID), R(FIGHT), R(SOME_DOWN), R(NO_CONFLICT), "failed" },
	{ "unreadable", R(LAST_GOOD_KEPT), R(UNREADABLE), R(ALL_UP), R(NO_CONFLICT), "failed" },
	{ "some are unknown", R(VALID), R(PROGRAMMED), R(SOME_UNKNOWN), R(NO_CONFLICT), "pending" },
	{ "none is up", R(VALID), R(PROGRAMMED), R(NONE_UP), R(NO_CONFLICT), "down" },
	{ "none that is up has a weight", R(VALID), R(PROGRAMMED), R(NONE_SERVING), R(NO_CONFLICT),
	  "down" },
	{ "and all else is wrong, too", R(LAST_GOOD_KEPT), R(FAILED), R(NONE_UP), R(NAME_TAKEN),
	  "down" },
};

static void test_the_state_is_the_worst_that_is_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(worlds); i++) {
		struct ezlb_condition c[EZLB_CONDITIONS] = { 0 };
		const char *got;

		ezlb_condition_set(&c[A], A, worlds[i].accepted, "", 1);
		ezlb_condition_set(&c[P], P, worlds[i].programmed, "", 1);
		ezlb_condition_set(&c[B], B, worlds[i].ready, "", 1);
		ezlb_condition_set(&c[C], C, worlds[i].conflict, "", 1);
		got = ezlb_state_str(ezlb_state_of(c));
		if (strcmp(got, worlds[i].want) != 0)
			fail_msg("%s: %s instead of %s", worlds[i].name, got, worlds[i].want);
	}
}

/* Beside conditions that are all good, and beside the worse ones. */
static void test_what_cannot_be_delivered_is_degraded_or_down(void **state)
{
	static const struct {
		enum ezlb_reason deliverable, ready, accepted;
		const char *want;
	} rows[] = {
		{ R(NO_OBSTACLE), R(ALL_UP), R(VALID), "ok" },
		{ R(LOCAL_BACKEND), R(ALL_UP), R(VALID), "ok" },
		{ R(NOT_APPLIED), R(NOT_APPLIED), R(REFUSED), "refused" },
		{ R(NO_REAL_BACKEND), R(ALL_UP), R(VALID), "down" },
		{ R(BACKEND_IS_LISTENER), R(ALL_UP), R(VALID), "degraded" },
		{ R(NO_ANSWERS), R(ALL_UP), R(VALID), "degraded" },
		{ R(CONNTRACK_FULL), R(SOME_UNKNOWN), R(VALID), "degraded" },
		{ R(SOURCE_NOT_LOCAL), R(ALL_UP), R(VALID), "degraded" },
		{ R(SOURCE_NOT_LOCAL), R(ALL_UP), R(LAST_GOOD_KEPT), "stale" },
		{ R(SOURCE_NOT_LOCAL), R(NONE_UP), R(VALID), "down" },
		{ R(SOURCE_PORTS_LOW), R(ALL_UP), R(VALID), "degraded" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_condition c[EZLB_CONDITIONS] = { 0 };

		ezlb_condition_set(&c[A], A, rows[i].accepted, "", 1);
		ezlb_condition_set(&c[P], P, R(PROGRAMMED), "", 1);
		ezlb_condition_set(&c[B], B, rows[i].ready, "", 1);
		ezlb_condition_set(&c[C], C, R(NO_CONFLICT), "", 1);
		ezlb_condition_set(&c[D], D, rows[i].deliverable, "", 1);
		assert_string_equal(ezlb_state_str(ezlb_state_of(c)), rows[i].want);
	}
}

/* Nothing about the address of the client makes a service less than ok. */
static void test_client_address_makes_no_state(void **state)
{
	static const enum ezlb_reason said[] = { R(NOT_ASKED), R(ADDED), R(UNSUPPORTED),
						 R(FAILED),    R(HELD),	 R(PENDING),
						 R(UNREADABLE) };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		struct ezlb_condition c[EZLB_CONDITIONS] = { 0 };

		ezlb_condition_set(&c[A], A, R(VALID), "", 1);
		ezlb_condition_set(&c[P], P, R(PROGRAMMED), "", 1);
		ezlb_condition_set(&c[B], B, R(ALL_UP), "", 1);
		ezlb_condition_set(&c[C], C, R(NO_CONFLICT), "", 1);
		ezlb_condition_set(&c[D], D, R(NO_OBSTACLE), "", 1);
		ezlb_condition_set(&c[T], T, said[i], "", 1);
		assert_string_equal(ezlb_state_str(ezlb_state_of(c)), "ok");
	}
}

static void test_states_are_in_the_order_of_urgency(void **state)
{
	static const char *const names[] = { "down",  "failed",	  "conflict", "refused",
					     "stale", "degraded", "pending",  "ok" };

	(void)state;
	assert_int_equal(COUNT_OF(names), EZLB_STATES);
	for (int i = 0; i < EZLB_STATES; i++)
		assert_string_equal(ezlb_state_str((enum ezlb_state)i), names[i]);
	assert_string_equal(ezlb_state_str(EZLB_STATES), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_reason_has_its_word_and_its_status),
		cmocka_unit_test(test_conditions_have_names),
		cmocka_unit_test(test_a_transition_is_of_status_or_reason),
		cmocka_unit_test(test_what_was_never_set_has_no_time),
		cmocka_unit_test(test_a_long_message_is_cut),
		cmocka_unit_test(test_a_copy_has_its_own_messages),
		cmocka_unit_test(test_the_state_is_the_worst_that_is_so),
		cmocka_unit_test(test_what_cannot_be_delivered_is_degraded_or_down),
		cmocka_unit_test(test_client_address_makes_no_state),
		cmocka_unit_test(test_states_are_in_the_order_of_urgency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
