// SPDX-License-Identifier: GPL-2.0-or-later
#include "view_words.h"

static void add_good(struct view_rig *rig, unsigned i, bool checked)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("/d/s%04u.yaml", i);
	EZLB_AUTO_FREE char *text =
		ezlb_asprintf("listen: 10.0.%u.%u:80\n%sbackends:\n  - address: 10.1.0.1:80\n",
			      i / 250, i % 250 + 1, checked ? "" : NO_CHECK);

	rig_file(rig, path, text);
}

static void test_a_good_start_is_no_news(void **state)
{
	struct view_rig rig;
	char name[16];

	(void)state;
	rig_open(&rig);
	for (unsigned i = 0; i < 1000; i++)
		add_good(&rig, i, i % 2);
	rig_files(&rig);
	for (unsigned i = 1; i < 1000; i += 2) {
		snprintf(name, sizeof(name), "s%04u", i);
		rig_verdict(&rig, name, "10.1.0.1:80", EZLB_UNKNOWN);
	}
	rig_pass(&rig);
	for (unsigned i = 1; i < 1000; i += 2) {
		struct ezlb_health_change up = { .service = name, .to = EZLB_UP };

		snprintf(name, sizeof(name), "s%04u", i);
		rig_verdict(&rig, name, "10.1.0.1:80", EZLB_UP);
		ezlb_view_verdict(&rig.view, &up, rig.now);
	}
	rig_settle(&rig);
	assert_events(&rig, "+Reloaded | 1000 files, 0 refused\n"
			    "+Applied | 1500 operations, the first: service-add tcp 10.0.0.1:80 "
			    "scheduler wrr\n"
			    "+Applied | 500 operations, the first: dest-add tcp 10.0.0.2:80 -> "
			    "10.1.0.1:80 masq weight 1\n");
	assert_string_equal(rig_condition(&rig, 999, EZLB_PROGRAMMED),
			    "Programmed=True/Programmed");
	assert_string_equal(rig_condition(&rig, 999, EZLB_BACKENDS_READY),
			    "BackendsReady=True/AllUp");
	assert_int_equal(rig.view.passes, 3);
	assert_int_equal(ezlb_histogram_count(&rig.view.pass_duration), 3);
	rig_close(&rig);
}

static void test_only_transitions_are_told(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, CHECKED("1"));
	assert_string_equal(READY, "BackendsReady=Unknown/Pending");
	assert_string_equal(PROGRAMMED, "Programmed=Unknown/Pending");
	rig_settle(&rig);
	rig_events(&rig);
	rig_verdict(&rig, "web", "10.1.0.1:80", EZLB_UP);
	rig_verdict(&rig, "web", "10.1.0.2:80", EZLB_UP);
	rig_settle(&rig);
	assert_null(strstr(rig_events(&rig), "ConditionChanged"));
	rig.now += 1000;
	rig_verdict(&rig, "web", "10.1.0.2:80", EZLB_DOWN);
	rig_pass(&rig);
	assert_has(rig_events(&rig), "-ConditionChanged web BackendsReady | True, SomeDown: 1 of 2 "
				     "backends is down: 10.1.0.2:80 (connect_refused)\n");
	rig.now += 1000;
	rig_settle(&rig);
	assert_events(&rig, "");
	assert_int_equal(rig.view.services.items[0].conditions[EZLB_BACKENDS_READY].since_ms,
			 START_MS + 1000);
	rig_verdict(&rig, "web", "10.1.0.1:80", EZLB_DOWN);
	rig_pass(&rig);
	assert_has(rig_events(&rig), "-ConditionChanged web BackendsReady | False, NoneUp: ");
	rig_verdict(&rig, "web", "10.1.0.1:80", EZLB_UP);
	rig_verdict(&rig, "web", "10.1.0.2:80", EZLB_UP);
	rig_pass(&rig);
	assert_has(rig_events(&rig), "+ConditionChanged web BackendsReady | True, AllUp\n");
	rig_settle(&rig);
	assert_events(&rig, "");
	rig_close(&rig);
}

static void test_since_stays_while_nothing_changes(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	for (int i = 0; i < 3; i++) {
		rig.now += 60000;
		rig_web(&rig, i == 1 ? "# a comment\n" PLAIN("1") : PLAIN("1"));
		rig_settle(&rig);
	}
	for (int i = 0; i < EZLB_CONDITIONS; i++)
		assert_int_equal(rig.view.services.items[0].conditions[i].since_ms, START_MS);
	assert_int_equal(rig.view.reloads, 4);
	assert_int_equal(rig.view.reload_ms, START_MS + 180000);
	rig_close(&rig);
}

/* Between two tries what has failed waits, and what waits is no better. */
static void test_failed_does_not_flap(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig.pass.paced = true;
	rig_web(&rig, PLAIN("1"));
	rig_events(&rig);
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 2, ENOMEM);
	assert_false(rig_pass(&rig));
	assert_string_equal(PROGRAMMED, "Programmed=False/Failed");
	assert_has(rig_events(&rig), "-ConditionChanged web Programmed | False, Failed: dest-add "
				     "tcp 10.0.0.1:80 -> 10.1.0.1:80 masq weight 1: ");
	for (int i = 0; i < 5; i++) {
		rig.now += 10; /* its next try is 160 ms off at least */
		assert_false(rig_pass(&rig));
		assert_string_equal(PROGRAMMED, "Programmed=False/Failed");
		assert_events(&rig, "");
	}
	assert_int_equal(rig.view.services.items[0].conditions[EZLB_PROGRAMMED].since_ms, START_MS);
	assert_int_equal(rig.view.pass_errors, 6);
	rig.now += 1000;
	assert_true(rig_pass(&rig));
	assert_string_equal(PROGRAMMED, "Programmed=True/Programmed");
	assert_has(rig_events(&rig), "+ConditionChanged web Programmed | True, Programmed\n");
	rig_close(&rig);
}

/* It waits for another's failure from the beginning. */
static void test_held(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig.pass.paced = true;
	rig_web(&rig, PLAIN("1"));
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 2, ENOMEM);
	rig_pass(&rig);
	rig_events(&rig);
	/* Another listener of the same file: its own condition starts from FAILED. */
	*EZLB_PUSH(&rig.pass.units) =
		(struct ezlb_unit){ .layer = EZLB_LAYER_IPVS, .due = UINT64_MAX, .waiting = true };
	rig_file(&rig, "/d/api.yaml", PLAIN("2"));
	rig_web(&rig, PLAIN("1"));
	rig_pass(&rig);
	assert_string_equal(rig_condition(&rig, 0, EZLB_PROGRAMMED), "Programmed=False/Held");
	assert_string_equal(rig_condition(&rig, 1, EZLB_PROGRAMMED), "Programmed=False/Failed");
	assert_has(rig_events(&rig), "-ConditionChanged api Programmed | False, Held: service-add "
				     "tcp 10.0.0.2:80 scheduler wrr: ");
	rig_close(&rig);
}

static void test_unreadable(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	rig_events(&rig);
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EPERM);
	rig_pass(&rig);
	assert_string_equal(PROGRAMMED, "Programmed=Unknown/Unreadable");
	assert_has(rig_events(&rig), "-ConditionChanged web Programmed | Unknown, Unreadable: ");
	assert_int_equal(rig.view.services.items[0].applied_hash, hash_of(PLAIN("1")));
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	rig_pass(&rig);
	assert_string_equal(PROGRAMMED, "Programmed=True/Programmed");
	rig_close(&rig);
}

static void test_what_the_kernel_holds(void **state)
{
	struct view_rig rig;
	const struct ezlb_view_service *web;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	web = &rig.view.services.items[0];
	assert_int_equal(web->applied_hash, 0);
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 2, ENOMEM);
	rig_pass(&rig);
	assert_int_equal(web->applied_hash, 0);
	rig_pass(&rig);
	assert_int_equal(web->applied_hash, hash_of(PLAIN("1")));
	rig_web(&rig, CHECKED("1"));
	assert_int_equal(rig.view.services.items[0].applied_hash, hash_of(PLAIN("1")));
	rig_pass(&rig);
	assert_int_equal(rig.view.services.items[0].applied_hash, hash_of(CHECKED("1")));
	rig_web(&rig, BROKEN); /* the version before it stays */
	rig_settle(&rig);
	assert_int_equal(rig.view.services.items[0].applied_hash, hash_of(CHECKED("1")));
	rig_web(&rig, PLAIN("2"));
	rig_settle(&rig);
	assert_int_equal(rig.view.services.items[0].applied_hash, hash_of(PLAIN("2")));
	rig_close(&rig);
}

/* The version in force is of an earlier process, and not what the file says. */
static void test_what_the_kernel_holds_after_a_restart(void **state)
{
	struct ezlb_lastgood store;
	struct view_rig rig;

	(void)state;
	for (int i = 0; i < 2; i++) {
		rig_open(&rig);
		ezlb_lastgood_open(&store, top, true);
		rig.catalog.lastgood = &store;
		rig_web(&rig, i == 0 ? PLAIN("1") : BROKEN);
		rig_settle(&rig);
		assert_int_equal(rig.view.services.items[0].applied_hash, hash_of(PLAIN("1")));
		assert_string_equal(ACCEPTED(0),
				    i == 0 ? "Accepted=True/Valid" : "Accepted=False/LastGoodKept");
		assert_string_equal(rig.view.services.items[0].name, "web");
		rig_close(&rig);
		ezlb_lastgood_close(&store);
	}
}

/* A file that is refused, and has no version in force. */
static void test_refused_without_a_version(void **state)
{
	struct view_rig rig;
	const char *text;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, BROKEN);
	text = rig_events(&rig);
	assert_has(text, "-FileRefused web /d/web.yaml | 1:9: error[E015]: ");
	assert_has(text, "-ConditionChanged web Accepted | False, Refused: ");
	assert_has(text, "-ConditionChanged web Programmed | False, NotInForce: no version of ");
	assert_has(text, "-ConditionChanged web BackendsReady | False, NotInForce: ");
	assert_has(text, "+Reloaded | 1 file, 1 refused\n");
	assert_int_equal(count(text, "\n"), 5);
	assert_int_equal(rig.view.services.items[0].applied_hash, 0);
	assert_false(rig.view.reload_ok);
	assert_int_equal(rig.view.reload_ok_ms, 0);
	rig_settle(&rig);
	rig_web(&rig, BROKEN);
	assert_events(&rig, "+Reloaded | 1 file, 1 refused\n"); /* it goes on being so */
	rig_web(&rig, PLAIN("1"));
	assert_has(rig_events(&rig), "+FileAccepted web /d/web.yaml\n");
	assert_true(rig.view.reload_ok);
	rig_settle(&rig);
	assert_has(rig_events(&rig), "+ConditionChanged web Programmed | True, Programmed\n");
	rig_close(&rig);
}

static void test_name_conflict(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_file(&rig, "/d/a.yaml", "name: web\n" PLAIN("1"));
	rig_web(&rig, PLAIN("2"));
	assert_int_equal(rig.view.services.len, 2);
	assert_string_equal(rig.view.services.items[0].name, "web");
	assert_string_equal(rig.view.services.items[1].name, "web");
	rig_settle(&rig);
	assert_string_equal(CONFLICT(0), "Conflict=False/NoConflict");
	assert_string_equal(CONFLICT(1), "Conflict=True/NameTaken");
	assert_string_equal(ACCEPTED(0), "Accepted=True/Valid");
	assert_string_equal(ACCEPTED(1), "Accepted=False/Refused");
	assert_string_equal(PROGRAMMED, "Programmed=True/Programmed");
	assert_string_equal(rig_condition(&rig, 1, EZLB_PROGRAMMED), "Programmed=False/NotInForce");
	assert_int_equal(rig.view.services.items[1].applied_hash, 0);
	rig_close(&rig);
}

static void test_foreign(void **state)
{
	struct view_rig rig;
	struct ezlb_service_row *row;

	(void)state;
	rig_open(&rig);
	rig.pass.adopt = EZLB_ADOPT_NEVER;
	row = EZLB_PUSH(&faulty_table(rig.memory)->services);
	row->key = key_of("tcp 10.0.0.1:80");
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	assert_string_equal(CONFLICT(0), "Conflict=True/Foreign");
	assert_string_equal(PROGRAMMED, "Programmed=False/NotInForce");
	assert_int_equal(rig.view.services.items[0].applied_hash, 0);
	assert_has(rig_events(&rig), "-ConditionChanged web Conflict | True, Foreign: a virtual "
				     "service that ezlb does not own has tcp 10.0.0.1:80 ");
	rig_web(&rig, PLAIN("2"));
	rig_settle(&rig);
	assert_int_equal(rig.view.services.items[0].applied_hash, hash_of(PLAIN("2")));
	assert_has(rig_events(&rig), "+ConditionChanged web Conflict | False, NoConflict\n");
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig); /* now the kernel holds nothing of it */
	assert_int_equal(rig.view.services.items[0].applied_hash, 0);
	rig_close(&rig);
}

static void test_adopted(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	for (unsigned i = 0; i < 12; i++) {
		EZLB_AUTO_FREE char *key = ezlb_asprintf("tcp 10.0.0.%u:80", i + 1);

		EZLB_PUSH(&faulty_table(rig.memory)->services)->key = key_of(key);
		add_good(&rig, i, false);
	}
	rig_files(&rig);
	rig_events(&rig);
	rig_settle(&rig);
	assert_has(rig_events(&rig), "+Adopted tcp 10.0.0.1:80\n+Adopted tcp 10.0.0.2:80\n");
	assert_int_equal(count(rig_text, "+Adopted"), 10);
	rig_close(&rig);
}

static void test_repairs_and_a_fight(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig.pass.paced = true;
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	rig_events(&rig);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(PROGRAMMED, "Programmed=True/Programmed");
		rig.now += 6000;
		take_away(&rig);
		rig_pass(&rig);
		assert_has(rig_events(&rig),
			   "-Repaired | 1 change, the first: dest-del tcp 10.0.0.1:80 -> "
			   "10.1.0.2:80");
		assert_has(rig_text, "+Applied | 1 operation, the first: dest-add ");
		rig_pass(&rig);
	}
	assert_string_equal(PROGRAMMED, "Programmed=False/Fight");
	assert_has(rig_text, "-ConditionChanged web Programmed | False, Fight: another program ");
	assert_int_equal(rig.view.repairs[EZLB_OP_DEST_DEL], 3);
	rig.now += EZLB_UNIT_WINDOW + 1;
	rig_events(&rig);
	assert_int_equal(ezlb_pass_calm(&rig.pass, (uint64_t)(rig.now - START_MS) + 1000), 1);
	rig_pass(&rig);
	assert_events(&rig, "+ConditionChanged web Programmed | True, Programmed\n");
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_a_good_start_is_no_news),
		IN_TOP(test_only_transitions_are_told),
		IN_TOP(test_since_stays_while_nothing_changes),
		IN_TOP(test_failed_does_not_flap),
		IN_TOP(test_held),
		IN_TOP(test_unreadable),
		IN_TOP(test_what_the_kernel_holds),
		IN_TOP(test_what_the_kernel_holds_after_a_restart),
		IN_TOP(test_refused_without_a_version),
		IN_TOP(test_name_conflict),
		IN_TOP(test_foreign),
		IN_TOP(test_adopted),
		IN_TOP(test_repairs_and_a_fight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
