// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include <ezlb/setting.h>

static const struct {
	struct ezlb_setting_row row;
	const char *text;
	int wanted;
	bool module;
} settings[] = {
	{ { .setting = EZLB_IP_TABLES }, "module ip_tables", 1, true },
	{ { .setting = EZLB_IP6_TABLES }, "module ip6_tables", 1, true },
	{ { .setting = EZLB_VS_CONNTRACK }, "net.ipv4.vs.conntrack", 1, false },
	{ { .setting = EZLB_VS_EXPIRE_NODEST }, "net.ipv4.vs.expire_nodest_conn", 1, false },
	{ { .setting = EZLB_TCP_LIBERAL }, "net.netfilter.nf_conntrack_tcp_be_liberal", 1, false },
	{ { .setting = EZLB_VS_EXPIRE_QUIESCENT },
	  "net.ipv4.vs.expire_quiescent_template",
	  1,
	  false },
	{ { .setting = EZLB_IP_FORWARD }, "net.ipv4.ip_forward", 1, false },
	{ { EZLB_ACCEPT_RA, "eth0", 0 }, "net.ipv6.conf.eth0.accept_ra", 2, false },
	{ { EZLB_ACCEPT_RA, "bond0.100", 0 }, "net.ipv6.conf.bond0.100.accept_ra", 2, false },
	{ { EZLB_ACCEPT_RA, "a.accept_ra", 0 }, "net.ipv6.conf.a.accept_ra.accept_ra", 2, false },
	{ { EZLB_ACCEPT_RA, "abcdefghijklmno", 0 },
	  "net.ipv6.conf.abcdefghijklmno.accept_ra",
	  2,
	  false },
	{ { .setting = EZLB_IP6_FORWARD }, "net.ipv6.conf.all.forwarding", 1, false },
	{ { .setting = EZLB_ARP_IGNORE }, "net.ipv4.conf.all.arp_ignore", 1, false },
	{ { .setting = EZLB_ARP_ANNOUNCE }, "net.ipv4.conf.all.arp_announce", 2, false },
	{ { .setting = EZLB_SLOPPY_TCP }, "net.ipv4.vs.sloppy_tcp", 1, false },
	{ { .setting = EZLB_SLOPPY_SCTP }, "net.ipv4.vs.sloppy_sctp", 1, false },
	{ { .setting = EZLB_CT_EVENTS }, "net.netfilter.nf_conntrack_events", 1, false },
	{ { .setting = EZLB_CT_ACCT }, "net.netfilter.nf_conntrack_acct", 1, false },
	{ { .setting = EZLB_CT_TIMESTAMP }, "net.netfilter.nf_conntrack_timestamp", 1, false },
};

static void test_settings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct ezlb_setting_row row;
		char buf[EZLB_SETTING_STRLEN];

		memset(&row, 0x55, sizeof(row));
		row.value = 7;
		assert_string_equal(ezlb_setting_format(&settings[i].row, buf), settings[i].text);
		assert_int_equal(ezlb_setting_parse(settings[i].text, &row), 0);
		assert_int_equal(ezlb_setting_row_cmp(&row, &settings[i].row), 0);
		assert_int_equal(row.value, 7);
		assert_int_equal(ezlb_setting_facts(row.setting)->wanted, settings[i].wanted);
		assert_int_equal(ezlb_setting_facts(row.setting)->module != NULL,
				 settings[i].module);
	}
	assert_true(COUNT_OF(settings) >= EZLB_SETTINGS);
}

static void test_settings_of_snat(void **state)
{
	static const bool serves[EZLB_SETTINGS] = {
		[EZLB_IP_TABLES] = true,  [EZLB_IP6_TABLES] = true,  [EZLB_VS_CONNTRACK] = true,
		[EZLB_IP_FORWARD] = true, [EZLB_IP6_FORWARD] = true,
	};

	(void)state;
	for (int i = 0; i < EZLB_SETTINGS; i++)
		assert_int_equal(ezlb_setting_facts((enum ezlb_setting)i)->serves_snat, serves[i]);
}

static void test_what_names_no_setting(void **state)
{
	static const char *const rows[] = {
		"",
		"net.ipv4.ip_forwar",
		"net.ipv4.ip_forward ",
		"net.ipv4.ip_forward.x",
		"ip_tables",
		"module",
		"net.ipv6.conf.accept_ra",
		"net.ipv6.conf..accept_ra",
		"net.ipv6.conf.eth0.accept_r",
		"net.ipv6.conf.eth0.accept_rb",
		"net.ipv4.conf.eth0.accept_ra",
		"net.ipv6.conf.%s.accept_rax",
		"net.ipv6.conf.abcdefghijklmnop.accept_ra", /* longer than any name of a link */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_setting_row row;

		if (ezlb_setting_parse(rows[i], &row) != -EINVAL)
			fail_msg("'%s' names %d", rows[i], (int)row.setting);
	}
}

#define N4     (1u << EZLB_NEED_NAT4)
#define N6     (1u << EZLB_NEED_NAT6)
#define NT     (1u << EZLB_NEED_NAT_TCP)
#define UDP    (1u << EZLB_NEED_UDP)
#define STICKY (1u << EZLB_NEED_PERSISTENCE)
#define V4     (1u << EZLB_NEED_VIP4)
#define CLOG   (1u << EZLB_NEED_LOG)
#define MT     (1u << EZLB_NEED_MH_TCP)
#define MS     (1u << EZLB_NEED_MH_SCTP)

/* Written again here, so that no fact of the table changes by accident. */
static const struct {
	unsigned needed_by, stops;
	bool iptables_only, after_ra;
	const char *file, *module;
} facts[EZLB_SETTINGS] = {
	[EZLB_IP_TABLES] = { N4 | N6, N4, true, false, "net/ip_tables_names", "ip_tables" },
	[EZLB_IP6_TABLES] = { N6, N6, true, false, "net/ip6_tables_names", "ip6_tables" },
	[EZLB_VS_CONNTRACK] = { N4 | N6, N4 | N6, false, false, "sys/net/ipv4/vs/conntrack", NULL },
	[EZLB_VS_EXPIRE_NODEST] = { UDP, UDP, false, false, "sys/net/ipv4/vs/expire_nodest_conn",
				    NULL },
	[EZLB_TCP_LIBERAL] = { NT, 0, false, true, "sys/net/netfilter/nf_conntrack_tcp_be_liberal",
			       NULL },
	[EZLB_SLOPPY_TCP] = { MT, 0, false, true, "sys/net/ipv4/vs/sloppy_tcp", NULL },
	[EZLB_SLOPPY_SCTP] = { MS, 0, false, true, "sys/net/ipv4/vs/sloppy_sctp", NULL },
	[EZLB_CT_EVENTS] = { CLOG, 0, false, true, "sys/net/netfilter/nf_conntrack_events", NULL },
	[EZLB_CT_ACCT] = { CLOG, 0, false, true, "sys/net/netfilter/nf_conntrack_acct", NULL },
	[EZLB_CT_TIMESTAMP] = { CLOG, 0, false, true, "sys/net/netfilter/nf_conntrack_timestamp",
				NULL },
	[EZLB_VS_EXPIRE_QUIESCENT] = { STICKY, STICKY, false, false,
				       "sys/net/ipv4/vs/expire_quiescent_template", NULL },
	[EZLB_IP_FORWARD] = { N4, N4, false, false, "sys/net/ipv4/ip_forward", NULL },
	[EZLB_ACCEPT_RA] = { N6, N6, false, false, "sys/net/ipv6/conf/%s/accept_ra", NULL },
	[EZLB_IP6_FORWARD] = { N6, N6, false, true, "sys/net/ipv6/conf/all/forwarding", NULL },
	[EZLB_ARP_IGNORE] = { V4, V4, false, true, "sys/net/ipv4/conf/all/arp_ignore", NULL },
	[EZLB_ARP_ANNOUNCE] = { V4, V4, false, true, "sys/net/ipv4/conf/all/arp_announce", NULL },
};

static void test_facts(void **state)
{
	(void)state;
	for (int i = 0; i < EZLB_SETTINGS; i++) {
		const struct ezlb_setting_facts *have = ezlb_setting_facts((enum ezlb_setting)i);

		assert_int_equal(have->needed_by, facts[i].needed_by);
		assert_int_equal(have->stops, facts[i].stops);
		assert_int_equal(have->iptables_only, facts[i].iptables_only);
		assert_int_equal(have->after_ra, facts[i].after_ra);
		assert_int_equal(have->put_back, i == EZLB_VS_EXPIRE_NODEST);
		assert_string_equal(have->file, facts[i].file);
		assert_int_equal(have->module == NULL, facts[i].module == NULL);
		if (have->module)
			assert_string_equal(have->module, facts[i].module);
	}
}

static const struct {
	const char *listen;
	enum ezlb_proto proto;
	bool full_nat;
	unsigned needs;
	uint32_t persistence;
} specs[] = {
	{ "10.0.0.1:80", EZLB_TCP, false, V4 | STICKY, 300 },
	{ "10.0.0.1:80", EZLB_TCP, false, V4, 0 },
	{ "10.0.0.1:80", EZLB_TCP, true, V4 | N4 | NT, 0 },
	{ "10.0.0.1:80", EZLB_UDP, false, V4 | UDP, 0 },
	{ "[fd00::1]:80", EZLB_TCP, false, 0, 0 },
	{ "[fd00::1]:80", EZLB_SCTP, true, N6, 0 },
	{ "[fd00::1]:80", EZLB_UDP, true, N6 | UDP, 0 },
};

static void test_needs_of_a_service(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(specs); i++) {
		struct ezlb_listener listener = { .proto = specs[i].proto };
		struct ezlb_spec spec = { .listeners = &listener,
					  .n_listeners = 1,
					  .full_nat = specs[i].full_nat };

		spec.persistence.timeout_s = specs[i].persistence;
		assert_int_equal(ezlb_endpoint_parse(specs[i].listen, &listener.listen, NULL), 0);
		spec.listen = listener.listen;
		assert_int_equal(ezlb_spec_needs(&spec), specs[i].needs);
	}
}

static const struct {
	const char *scheduler;
	enum ezlb_proto proto;
	uint32_t fwmark;
	unsigned needs;
} schedulers[] = {
	{ "mh", EZLB_TCP, 0, V4 | MT },	 { "mh", EZLB_SCTP, 0, V4 | MS },
	{ "mh", EZLB_UDP, 0, V4 | UDP }, { "mh", EZLB_TCP, 7, UDP | MT | MS },
	{ "sh", EZLB_TCP, 0, V4 },
};

/* Only mh finds the backend of a connection that this balancer has not seen. */
static void test_needs_of_a_scheduler(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(schedulers); i++) {
		struct ezlb_listener listener = { .proto = schedulers[i].proto,
						  .listen.port = 80,
						  .key.fwmark = schedulers[i].fwmark };
		struct ezlb_spec spec = { .listeners = &listener, .n_listeners = 1 };

		if (listener.key.fwmark)
			listener.listen.port = 0;
		strcpy(spec.scheduler, schedulers[i].scheduler);
		assert_int_equal(ezlb_spec_needs(&spec), schedulers[i].needs);
	}
}

/* A mark has no address, and takes udp too. */
static void test_needs_of_several_listeners(void **state)
{
	struct ezlb_listener listeners[] = {
		{ .key = { .fwmark = 7 } },
		{ .proto = EZLB_TCP, .listen.port = 80 },
	};
	struct ezlb_spec spec = { .listeners = listeners, .n_listeners = 1 };

	(void)state;
	assert_int_equal(ezlb_spec_needs(&spec), UDP);
	spec.n_listeners = 2;
	assert_int_equal(ezlb_spec_needs(&spec), UDP | V4);
	listeners[0] = listeners[1];
	assert_int_equal(ezlb_spec_needs(&spec), V4);
	listeners[1].proto = EZLB_UDP;
	assert_int_equal(ezlb_spec_needs(&spec), UDP | V4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_settings_of_snat),
		cmocka_unit_test(test_what_names_no_setting),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_needs_of_a_service),
		cmocka_unit_test(test_needs_of_a_scheduler),
		cmocka_unit_test(test_needs_of_several_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
