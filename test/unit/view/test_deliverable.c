// SPDX-License-Identifier: GPL-2.0-or-later
#include "view_words.h"

#include <ezlb/obstacle.h>

#define NAT(x, backends)                                                           \
	"listen: 10.0.0." x ":80\n" NO_CHECK "full_nat: true\nsnat_ip: 10.0.0.9\n" \
	"backends: [" backends "]\n"
#define B(x) "{address: '10.1.0." x ":80'}"

/* This host has the addresses, up to a NULL. */
static void here(struct view_rig *rig, const char *const *addrs)
{
	struct ezlb_local local = { .known = true };
	const struct ezlb_view_survey survey = { .local = &local };

	for (; *addrs; addrs++) {
		struct ezlb_addr addr;

		assert_int_equal(ezlb_addr_parse(*addrs, &addr, NULL), 0);
		ezlb_local_add(&local, &addr, 32);
	}
	ezlb_local_sort(&local);
	ezlb_view_survey(&rig->view, &rig->catalog, &survey, rig->now);
	ezlb_local_clear(&local);
}
#define HERE(rig, ...) here(rig, (const char *const[]){ __VA_ARGS__, NULL })

static void packets(struct view_rig *rig, uint64_t in, uint64_t out)
{
	struct ezlb_traffic_row row = { .counters = { .packets_in = in, .packets_out = out } };
	struct ezlb_traffic traffic = { &row, 1, 1 };
	struct ezlb_view_survey survey = { .traffic = &traffic };

	rig_events(rig); /* they are of the time before */
	rig->now += 10000;
	survey.clock_ms = rig_clock(rig);
	row.service = rig->catalog.desired.items[0]->listeners[0].key;
	ezlb_view_survey(&rig->view, &rig->catalog, &survey, rig->now);
}

/* The connections of the first service to its backend. */
static void ports(struct view_rig *rig, uint64_t used)
{
	const struct ezlb_spec *spec = rig->catalog.desired.items[0];
	struct ezlb_ports found = { 0 };
	const struct ezlb_view_survey survey = { .ports = &found };
	struct ezlb_ports_row *row = EZLB_PUSH(&found);

	row->service = ezlb_spec_key(spec);
	row->source = spec->snat_ip;
	row->backend = spec->backends[0].endpoint;
	row->used = used;
	ezlb_view_survey(&rig->view, &rig->catalog, &survey, rig->now);
	EZLB_VEC_CLEAR(&found);
}

static const struct ezlb_condition *condition(const struct view_rig *rig, size_t i)
{
	return &rig->view.services.items[i].conditions[EZLB_DELIVERABLE];
}

static void assert_is(const struct view_rig *rig, size_t i, const char *want, const char *state)
{
	assert_string_equal(rig_condition(rig, i, EZLB_DELIVERABLE) + strlen("Deliverable="), want);
	assert_string_equal(ezlb_state_str(ezlb_state_of(rig->view.services.items[i].conditions)),
			    state);
}

static void test_source_that_is_not_local(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, NAT("1", B("1")));
	rig_settle(&rig);
	assert_is(&rig, 0, "True/NoObstacle", "ok"); /* nothing is known yet */
	rig_events(&rig);
	HERE(&rig, "10.0.0.1");
	assert_is(&rig, 0, "False/SourceNotLocal", "degraded");
	assert_string_equal(condition(&rig, 0)->message,
			    "10.0.0.9 of snat_ip is not a local address: answers of backends to "
			    "it are lost, unless a route of theirs leads here (normal on a "
			    "standby)");
	assert_has(rig_events(&rig), "-ConditionChanged web Deliverable | False, SourceNotLocal: ");
	assert_string_equal(why_not(&rig), ""); /* a standby stays ready */
	rig_settle(&rig);
	HERE(&rig, "10.0.0.1");
	assert_events(&rig, "");
	HERE(&rig, "10.0.0.1", "10.0.0.9");
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	assert_events(&rig, "+ConditionChanged web Deliverable | True, NoObstacle\n");
	HERE(&rig, "172.17.0.1"); /* the standby of a pair, whose master has both addresses */
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	assert_events(&rig, "");
	rig_web(&rig, "full_nat: true\n" PLAIN("1")); /* MASQUERADE */
	rig_settle(&rig);
	HERE(&rig, "10.0.0.1");
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	rig_close(&rig);
}

static void test_source_ports(void **state)
{
	char line[256];
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, NAT("1", B("1")));
	rig_settle(&rig);
	rig_events(&rig);
	ports(&rig, 51609);
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	assert_events(&rig, "");
	ports(&rig, 51610);
	assert_is(&rig, 0, "True/SourcePortsLow", "degraded");
	assert_string_equal(condition(&rig, 0)->message,
			    "51610 of 64512 source ports to 10.1.0.1:80 are used: snat_ip needs 2 "
			    "addresses: write 10.0.0.9-10.0.0.10");
	assert_has(rig_events(&rig), "-ConditionChanged web Deliverable | True, SourcePortsLow: ");
	ezlb_view_summary(&rig.view, rig_clock(&rig), line, sizeof(line));
	assert_string_equal(line, "1 service, 1 short of source ports (web)");
	/* The message follows the number, without an event. */
	ports(&rig, 64000);
	assert_has(condition(&rig, 0)->message, "64000 of 64512");
	rig_settle(&rig);
	ports(&rig, 45159);
	assert_is(&rig, 0, "True/SourcePortsLow", "degraded");
	assert_events(&rig, "");
	ports(&rig, 45158);
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	assert_events(&rig, "+ConditionChanged web Deliverable | True, NoObstacle\n");
	/* Without full_nat the number says nothing. */
	ports(&rig, 64000);
	rig_web(&rig, PLAIN("1"));
	rig_settle(&rig);
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	rig_close(&rig);
}

static void test_backend_that_is_this_host(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, NAT("1", B("1") "," B("2") "," B("3")));
	rig_settle(&rig);
	rig_events(&rig);
	HERE(&rig, "10.0.0.9", "10.1.0.2", "10.1.0.3");
	assert_is(&rig, 0, "True/LocalBackend", "ok");
	assert_string_equal(condition(&rig, 0)->message,
			    "the backend 10.1.0.2:80 (and 1 more) is this host itself: its packets "
			    "get no source NAT, and it sees the addresses of the clients");
	assert_events(&rig, "");
	rig_web(&rig, PLAIN("1")); /* which wants no source NAT */
	rig_settle(&rig);
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	rig_close(&rig);
}

static void test_backend_that_is_a_listener(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_file(&rig, "/d/api.yaml", HEAD("2") NO_CHECK BACKENDS);
	rig_file(&rig, "/d/web.yaml", NAT("1", "{address: '10.0.0.2:80'}," B("1")));
	rig_files(&rig);
	rig_settle(&rig);
	HERE(&rig, "10.0.0.9"); /* the other listener is on another host: that may work */
	assert_is(&rig, 1, "True/NoObstacle", "ok");
	rig_events(&rig);
	HERE(&rig, "10.0.0.2", "10.0.0.9");
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	assert_is(&rig, 1, "False/BackendIsListener", "degraded");
	assert_string_equal(condition(&rig, 1)->message,
			    "the backend 10.0.0.2:80 is a listener of service api: IPVS does not "
			    "forward a packet twice, so clients are refused; list the backends of "
			    "api");
	rig_file(&rig, "/d/api.yaml", HEAD("2") NO_CHECK BACKENDS);
	rig_file(&rig, "/d/web.yaml", NAT("1", "{address: '10.0.0.2:80'}"));
	rig_files(&rig);
	rig_settle(&rig);
	assert_is(&rig, 1, "False/NoRealBackend", "down"); /* no backend is left */
	rig_file(&rig, "/d/web.yaml", NAT("1", "{address: '10.0.0.2:80'}"));
	rig_files(&rig); /* api has gone: now it is a program here that has the port, if any */
	rig_settle(&rig);
	assert_is(&rig, 0, "True/LocalBackend", "ok");
	rig_close(&rig);
}

static void test_no_answers(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, NAT("1", B("1")));
	rig_settle(&rig);
	packets(&rig, 0, 0);
	packets(&rig, 20, 0);
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	rig_events(&rig);
	packets(&rig, 40, 0);
	assert_is(&rig, 0, "False/NoAnswers", "degraded");
	assert_string_equal(condition(&rig, 0)->message,
			    "40 packets went in, and no answer came out: a firewall drops them, or "
			    "the backends have no route to snat_ip (see `ezlb doctor`)");
	assert_has(rig_events(&rig), "-ConditionChanged web Deliverable | False, NoAnswers: ");
	rig_settle(&rig);
	assert_events(&rig, "");
	packets(&rig, 41, 1);
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	assert_events(&rig, "+ConditionChanged web Deliverable | True, NoObstacle\n");
	rig_close(&rig);
}

/* The kernel drops the connections of every service; one event is enough for all. */
static void test_conntrack(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_file(&rig, "/d/api.yaml", PLAIN("2"));
	rig_file(&rig, "/d/web.yaml", NAT("1", B("1")));
	rig_files(&rig);
	rig_settle(&rig);
	rig_events(&rig);
	assert_true(ezlb_view_conntrack(&rig.view, 96, 100, rig.now));
	ezlb_view_recheck(&rig.view, &rig.catalog, rig.now);
	assert_is(&rig, 0, "False/ConntrackFull", "degraded");
	assert_is(&rig, 1, "False/ConntrackFull", "degraded");
	assert_string_equal(condition(&rig, 1)->message,
			    "the conntrack table has 96 of 100 entries: when it is full, new "
			    "connections are dropped; raise net.netfilter.nf_conntrack_max");
	assert_null(strstr(rig_events(&rig), "ConditionChanged"));
	assert_true(ezlb_view_conntrack(&rig.view, 80, 100, rig.now));
	ezlb_view_recheck(&rig.view, &rig.catalog, rig.now);
	assert_is(&rig, 0, "True/NoObstacle", "ok");
	assert_null(strstr(rig_events(&rig), "ConditionChanged"));
	rig_close(&rig);
}

/* The worst is the reason, and the message has all. */
static void test_several(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, NAT("1", B("1")));
	rig_settle(&rig);
	HERE(&rig, "10.0.0.1", "10.1.0.1");
	assert_is(&rig, 0, "False/SourceNotLocal", "degraded");
	assert_non_null(strstr(condition(&rig, 0)->message, "(normal on a standby); the backend "));
	ezlb_view_conntrack(&rig.view, 96, 100, rig.now);
	ezlb_view_recheck(&rig.view, &rig.catalog, rig.now);
	assert_is(&rig, 0, "False/ConntrackFull", "degraded");
	assert_non_null(strstr(condition(&rig, 0)->message, "nf_conntrack_max; 10.0.0.9 of "));
	packets(&rig, 0, 0);
	packets(&rig, 20, 0);
	packets(&rig, 40, 0);
	assert_is(&rig, 0, "False/NoAnswers", "degraded");
	rig_web(&rig, BROKEN);
	assert_is(&rig, 0, "False/NoAnswers", "stale"); /* of the version that serves */
	rig_close(&rig);
}

static void test_nothing_applied(void **state)
{
	struct view_rig rig;

	(void)state;
	rig_open(&rig);
	rig_web(&rig, BROKEN);
	rig_settle(&rig);
	assert_is(&rig, 0, "False/NotInForce", "refused");
	assert_null(strstr(rig_events(&rig), "Deliverable"));
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_source_that_is_not_local),
		IN_TOP(test_source_ports),
		IN_TOP(test_backend_that_is_this_host),
		IN_TOP(test_backend_that_is_a_listener),
		IN_TOP(test_no_answers),
		IN_TOP(test_conntrack),
		IN_TOP(test_several),
		IN_TOP(test_nothing_applied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
