// SPDX-License-Identifier: GPL-2.0-or-later
#include "view_words.h"

/* --- verdicts ------------------------------------------------------------------------------ */

static const struct {
	enum ezlb_verdict from, to;
	enum ezlb_outcome outcome;
	const char *event;
} changes[] = {
	{ EZLB_UNKNOWN, EZLB_UP, EZLB_PROBE_OK, "" },
	{ EZLB_UNKNOWN, EZLB_DOWN, EZLB_PROBE_TIMEOUT,
	  "-BackendDown web 10.1.0.1:80 | timeout after 12 ms\n" },
	{ EZLB_UP, EZLB_DOWN, EZLB_PROBE_HTTP_STATUS,
	  "-BackendDown web 10.1.0.1:80 | http_status 503 after 12 ms\n" },
	{ EZLB_DOWN, EZLB_UP, EZLB_PROBE_OK, "+BackendUp web 10.1.0.1:80 | ok after 12 ms\n" },
};

static void test_verdicts(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		const struct ezlb_health_change change = {
			.service = "web",
			.backend = key_of("tcp 10.1.0.1:80").listen,
			.from = changes[i].from,
			.to = changes[i].to,
			.outcome = changes[i].outcome,
			.code = changes[i].outcome == EZLB_PROBE_HTTP_STATUS ? 503 : 0,
			.ms = 12,
		};

		ezlb_view_verdict(&rig.view, &change, rig.now);
		assert_events(&rig, changes[i].event);
	}
	rig_close(&rig);
}

/* --- may it be relied on ------------------------------------------------------------------- */

static void test_ready(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	assert_has(why_not(&rig), "it has read no service files");
	rig_web(&rig, PLAIN("1"));
	assert_has(why_not(&rig), "ezlb has not read the kernel yet");
	rig_settle(&rig);
	assert_string_equal(why_not(&rig), "");
	rig_events(&rig);
	rig.now += 1000;
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EPERM);
	rig_pass(&rig);
	assert_has(rig_events(&rig), "-ReconcileFailing | ipvs: ");
	assert_string_equal(why_not(&rig), "");
	rig.now += 59000;
	rig_pass(&rig);
	assert_string_equal(why_not(&rig), "");
	rig.now += 999;
	assert_string_equal(why_not(&rig), "");
	rig.now += 1; /* time alone makes it so */
	assert_has(why_not(&rig), "reconcile runs have been failing for 60 s: ipvs: ");
	rig_pass(&rig);
	assert_events(&rig, "");
	assert_int_equal(rig.view.failing_since_ms, START_MS + 1000);
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	rig_pass(&rig);
	assert_string_equal(why_not(&rig), "");
	assert_has(rig_events(&rig), "+ReconcileRecovered | ipvs: ");
	assert_int_equal(rig.view.failing_since_ms, 0);
	assert_int_equal(rig.view.pass_ok_ms, rig.now);
	assert_string_equal(rig.view.pass_error, "");
	rig_close(&rig);
}

/* Whatever else is true: another balancer shall get the traffic. */
static void test_not_ready_while_it_drains(void **state)
{
	static const struct {
		enum ezlb_node_drain_kind kind;
		const char *why;
	} kinds[] = {
		{ EZLB_NODE_DRAINED, "this balancer drains: `ezlb undrain` puts it back" },
		{ EZLB_NODE_UNTIL_EXIT,
		  "this balancer drains: `ezlb undrain` puts it back, or the end" },
		{ EZLB_NODE_EXITING, "this balancer drains: ezlb ends when no connection" },
	};
	struct ezlb_node_drain drain = { .since_ms = START_MS };
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		drain.kind = kinds[i].kind;
		ezlb_view_drain(&rig.view, &drain, rig.now);
		assert_has(why_not(&rig), kinds[i].why);
	}
	drain = (struct ezlb_node_drain){ .kind = EZLB_NODE_SERVES };
	ezlb_view_drain(&rig.view, &drain, rig.now);
	assert_string_equal(why_not(&rig), "");
	rig_close(&rig);
}

static void report_drain(struct view_rig *rig, enum ezlb_node_drain_kind kind, int64_t since_ms)
{
	const struct ezlb_node_drain drain = { kind, since_ms };

	ezlb_view_drain(&rig->view, &drain, rig->now);
}

static void test_drains_are_events(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	report_drain(&rig, EZLB_NODE_SERVES, 0);
	assert_events(&rig, "");
	report_drain(&rig, EZLB_NODE_UNTIL_EXIT, START_MS);
	assert_events(&rig, "+BalancerDrained | by `ezlb drain --until-exit`, until ezlb ends\n");
	report_drain(&rig, EZLB_NODE_DRAINED, START_MS);
	report_drain(&rig, EZLB_NODE_DRAINED, START_MS); /* again */
	assert_events(&rig, "+BalancerDrained | by `ezlb drain`, until `ezlb undrain`\n");
	report_drain(&rig, EZLB_NODE_SERVES, 0);
	assert_events(&rig, "+BalancerUndrained\n");
	report_drain(&rig, EZLB_NODE_EXITING, START_MS);
	assert_events(&rig, "+BalancerDrained | by --drain-on-exit: ezlb has got SIGTERM\n");
	rig_close(&rig);
}

static void test_a_drain_from_before_the_start(void **state)
{
	struct ezlb_status status;
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	report_drain(&rig, EZLB_NODE_DRAINED, START_MS - 1);
	assert_events(&rig,
		      "+BalancerDrained | by `ezlb drain`, until `ezlb undrain`; since before "
		      "ezlb started\n");
	rig_status(&rig, &status);
	assert_int_equal(status.drain.kind, EZLB_NODE_DRAINED);
	assert_int_equal(status.drain.since_ms, START_MS - 1);
	assert_false(status.ready);
	/* Which link it is, only a pass tells. */
	assert_string_equal(status.vip_device, "");
	ezlb_status_clear(&status);
	ezlb_strcpy(rig.pass.policy.vip_device, sizeof(rig.pass.policy.vip_device), "ezlb0");
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	rig_status(&rig, &status);
	assert_string_equal(status.vip_device, "ezlb0");
	ezlb_status_clear(&status);
	rig_close(&rig);
}

/* A host that has just started is told the time: that is not how long anything has been failing. */
static void test_ready_by_a_clock_that_nobody_sets(void **state)
{
	static const int64_t steps[] = { 3600000, -3600000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct view_rig rig;

		rig_open(&rig);
		faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EPERM);
		rig_web(&rig, PLAIN("1"));
		rig_pass(&rig);
		rig.now += steps[i];
		rig.ahead += steps[i];
		rig_pass(&rig);
		assert_string_equal(why_not(&rig), "");
		rig.now += 59999;
		assert_string_equal(why_not(&rig), "");
		rig.now += 1;
		assert_has(why_not(&rig), "reconcile runs have been failing for 60 s: ");
		rig_close(&rig);
	}
}

/* Refused files and backends that are down are nothing that another daemon could do better. */
static void test_ready_all_the_same(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_file(&rig, "/d/bad.yaml", BROKEN);
	rig_web(&rig, CHECKED("1"));
	rig_verdict(&rig, "web", "10.1.0.1:80", EZLB_DOWN);
	rig_verdict(&rig, "web", "10.1.0.2:80", EZLB_DOWN);
	rig_settle(&rig);
	rig.now += 3600000;
	assert_string_equal(why_not(&rig), "");
	rig_close(&rig);
}

/* Clients are served while TOA fails. The error is told, and ends what failed before. */
static void test_ready_without_toa(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, "client_address: toa\n" NATTED("1"));
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EPERM);
	rig_pass(&rig);
	assert_has(rig_events(&rig), "-ReconcileFailing | ipvs: ");
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	faulty_list_fault(rig.memory, EZLB_LAYER_TOA, EPERM);
	assert_false(rig_pass(&rig));
	assert_has(rig_events(&rig), "+ReconcileRecovered | ipvs: ");
	assert_has(rig.view.pass_error, "toa: ");
	assert_int_equal(rig.view.pass_errors, 2);
	assert_int_equal(rig.view.pass_ok_ms, 0);
	rig.now += 3600000;
	assert_false(rig_pass(&rig));
	assert_string_equal(why_not(&rig), "");
	assert_int_equal(rig.view.failing_since_ms, 0);
	faulty_list_fault(rig.memory, EZLB_LAYER_TOA, 0);
	faulty_table(rig.memory)->toas.len = 0;
	faulty_fault(rig.memory, EZLB_LAYER_TOA, 1, EPERM);
	assert_false(rig_pass(&rig));
	assert_string_equal(why_not(&rig), "");
	assert_true(rig_pass(&rig));
	assert_string_equal(rig.view.pass_error, "");
	rig_close(&rig);
}

/* What the last error was: of a layer, of the ledger, of one operation. */
static void test_the_error_of_a_pass(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig.pass.paced = true;
	rig_web(&rig, PLAIN("1"));
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 2, ENOMEM);
	rig_pass(&rig);
	assert_has(rig.view.pass_error, "dest-add tcp 10.0.0.1:80 -> 10.1.0.1:80 ");
	rig_pass(&rig); /* all waits: what it waits for is what is wrong */
	assert_has(rig.view.pass_error, "dest-add tcp 10.0.0.1:80 -> 10.1.0.1:80 ");
	rig.now += 1000;
	rig_pass(&rig);
	assert_string_equal(rig.view.pass_error, "");
	make_dir("ledger.new");
	rig_web(&rig, PLAIN("2"));
	rig_pass(&rig);
	assert_has(rig.view.pass_error, "ledger");
	assert_string_equal(PROGRAMMED, "Programmed=False/Failed");
	rig_close(&rig);
}

/* The old source NAT rules stay. */
static void test_the_error_of_a_handover(void **state)
{
	struct ezlb_pass_result result = { .outcome = { .flows = 0 } };
	struct view_rig rig;
	struct ezlb_view_pass pass = { .catalog = &rig.catalog,
				       .verdicts = &rig.verdicts,
				       .pass = &rig.pass,
				       .result = &result };

	(void)state;
	rig_open(&rig);
	ezlb_plan_add(&result.plan.old, EZLB_OP_SNAT_TEARDOWN)->rc =
		ezlb_err_set(&result.outcome.old_err, EAGAIN, "the lock is held");
	ezlb_view_pass(&rig.view, &pass, rig.now);
	assert_string_equal(rig.view.pass_error, "the lock is held");
	assert_events(&rig, "-ReconcileFailing | the lock is held\n");
	ezlb_pass_result_clear(&result);
	rig_close(&rig);
}

/* --- what run.c tells ---------------------------------------------------------------------- */

static void test_start_and_words_without_more(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig.told = 0;
	ezlb_view_event(&rig.view, EZLB_EVENT_FIGHT, "dest-del tcp", "kube-proxy", rig.now);
	ezlb_view_event(&rig.view, EZLB_EVENT_FIGHT_OVER, NULL, NULL, rig.now);
	assert_events(&rig, "+Started | version " EZLB_VERSION "\n"
			    "-Fight dest-del tcp | kube-proxy\n"
			    "+FightOver\n");
	assert_int_equal(rig.view.started_ms, START_MS);
	rig_close(&rig);
}

/* --- the conntrack table ------------------------------------------------------------------- */

#define FULL(n)                                                                                \
	"-ConntrackFull | " n " of 1000 entries: when the table is full, new connections are " \
	"dropped; raise net.netfilter.nf_conntrack_max\n"

static const struct {
	int64_t entries, max;
	bool full;
	const char *events;
} fillings[] = {
	{ -1, -1, false, "" }, /* the module is not loaded */
	{ 0, 0, false, "" },
	{ 949, 1000, false, "" },
	{ 950, 1000, true, FULL("950") },
	{ 1000, 1000, true, "" },
	{ 900, 1000, true, "" },
	{ 899, 1000, false, "+ConntrackRecovered | 899 of 1000 entries\n" },
	{ 949, 1000, false, "" },
	{ 1001, 1000, true, FULL("1001") },
	{ 1001, 2000, false, "+ConntrackRecovered | 1001 of 2000 entries\n" },
};

/* Full from 95 % on, until it is below 90 %: told when it begins and when it ends. */
static void test_conntrack(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	rig_events(&rig);
	for (size_t i = 0; i < COUNT_OF(fillings); i++) {
		bool changed = ezlb_view_conntrack(&rig.view, fillings[i].entries, fillings[i].max,
						   rig.now);

		assert_events(&rig, fillings[i].events);
		assert_int_equal(changed, fillings[i].events[0] != '\0');
		assert_int_equal(rig.view.conntrack_full, fillings[i].full);
		assert_int_equal(rig.view.conntrack_entries, fillings[i].entries);
		/* Another ezlb on another host would not do better. */
		assert_string_equal(why_not(&rig), "");
	}
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_verdicts),
		IN_TOP(test_ready),
		IN_TOP(test_not_ready_while_it_drains),
		IN_TOP(test_drains_are_events),
		IN_TOP(test_a_drain_from_before_the_start),
		IN_TOP(test_ready_by_a_clock_that_nobody_sets),
		IN_TOP(test_ready_all_the_same),
		IN_TOP(test_ready_without_toa),
		IN_TOP(test_the_error_of_a_pass),
		IN_TOP(test_the_error_of_a_handover),
		IN_TOP(test_conntrack),
		IN_TOP(test_start_and_words_without_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
