// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts_world.h"

#include <errno.h>

static struct host_facts host;
static struct net_facts net;
static struct ezlb_spec *spec;
static struct ezlb_doctor doctor;
static struct ezlb_desired desired;

static int setup(void **state)
{
	(void)state;
	spec = spec_of("web.yaml", "web tcp 10.0.0.1:80 snat=masq 10.1.0.1:80");
	*EZLB_PUSH(&desired) = spec;
	doctor = (struct ezlb_doctor){ .root = "", .desired = &desired, .vip_device = "" };
	host = (struct host_facts){ .caps = UINT64_MAX,
				    .ip_vs = MODULE_LOADED,
				    .vs_conntrack = 1,
				    .ip_forward = 1,
				    .ip6_forwarding = 1,
				    .conntrack_count = 10,
				    .conntrack_max = 100 };
	net = (struct net_facts){ .route_arg = NULL };
	return 0;
}

static int teardown(void **state)
{
	ezlb_spec_free(spec);
	EZLB_VEC_CLEAR(&desired);
	net_facts_clear(&net);
	return clear_found(state);
}

static const char *ask(const char *check)
{
	check_host(&doctor, &host, &net, &found);
	return told(check);
}

static void test_all_well(void **state)
{
	(void)state;
	assert_string_equal(
		ask(NULL), "ok capabilities: CAP_NET_ADMIN and CAP_NET_RAW\n"
			   "ok ip-vs: ip_vs is loaded\n"
			   "ok vs-conntrack: net.ipv4.vs.conntrack = 1\n"
			   "ok forwarding: net.ipv4.ip_forward = 1\n"
			   "ok conntrack-table: 10 of 100 entries\n"
			   "ok tables-mixed: iptables-legacy and iptables-nft are not both in use\n"
			   "ok kube-proxy: not in ipvs mode here\n"
			   "ok xtables-lock: the iptables lock is free");
}

static void test_caps(void **state)
{
	(void)state;
	host.caps = UINT64_C(1) << 13;
	assert_string_equal(ask("capabilities"),
			    "fail capabilities: CAP_NET_ADMIN is missing: ezlb cannot change the "
			    "kernel; run it as root, in Kubernetes with "
			    "securityContext.capabilities.add NET_ADMIN");
	host.caps = UINT64_C(1) << 12;
	assert_non_null(strstr(ask("capabilities"), "CAP_NET_RAW is missing"));
}

static void test_ip_vs(void **state)
{
	(void)state;
	host.ip_vs = MODULE_LOADABLE;
	host.vs_conntrack = NUMBER_NONE;
	assert_string_equal(ask("ip-vs"), "ok ip-vs: ip_vs can be loaded");
	assert_string_equal(ask("vs-conntrack"), "");
	host.ip_vs = MODULE_UNKNOWN;
	assert_string_equal(
		ask("ip-vs"),
		"warn ip-vs: ip_vs is not loaded, and without /lib/modules it is unknown whether "
		"the host has it; load it on the host | modprobe ip_vs");
	host.ip_vs = MODULE_MISSING;
	assert_string_equal(ask("ip-vs"),
			    "fail ip-vs: ip_vs is not loaded, and not among the running kernel's "
			    "modules: no service works; install the kernel's module package | "
			    "modprobe ip_vs");
}

static void test_settings(void **state)
{
	(void)state;
	host.vs_conntrack = 0;
	host.ip_forward = 0;
	host.ip6_forwarding = 0; /* no service of that family */
	assert_string_equal(
		ask("vs-conntrack"),
		"fail vs-conntrack: net.ipv4.vs.conntrack = 0: packets from IPVS to backends get "
		"no source NAT | sysctl -w net.ipv4.vs.conntrack=1");
	assert_string_equal(ask("forwarding"),
			    "fail forwarding: net.ipv4.ip_forward = 0: answers of backends do not "
			    "reach clients | sysctl -w net.ipv4.ip_forward=1");
	host.vs_conntrack = NUMBER_NONE;
	assert_string_equal(
		ask("vs-conntrack"),
		"fail vs-conntrack: this kernel has no net.ipv4.vs.conntrack: packets from IPVS "
		"to backends get no source NAT");
	spec->listen.addr.family = AF_INET6;
	assert_string_equal(
		ask("forwarding"),
		"fail forwarding: net.ipv6.conf.all.forwarding = 0: answers of backends "
		"do not reach clients | sysctl -w net.ipv6.conf.all.forwarding=1");
	spec->full_nat = false;
	assert_string_equal(ask("forwarding"), "");
	assert_string_equal(ask("vs-conntrack"), "");
}

static void test_fill(void **state)
{
	static const struct {
		long count, max;
		const char *want;
	} cases[] = {
		{ 79, 100, "ok conntrack-table: 79 of 100 entries" },
		{ 80, 100,
		  "warn conntrack-table: 80 of 100 entries: when it is full, new connections are "
		  "dropped | sysctl -w net.netfilter.nf_conntrack_max=400" },
		{ 94, 100, "warn" },
		{ 95, 100, "fail" },
		{ NUMBER_NONE, NUMBER_NONE, "" },
		{ 5, 0, "" }, /* no limit */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		host.conntrack_count = cases[i].count;
		host.conntrack_max = cases[i].max;
		ask("conntrack-table");
		if (strlen(cases[i].want) == 4)
			lines[4] = '\0';
		assert_string_equal(lines, cases[i].want);
	}
}

static void test_mixed(void **state)
{
	(void)state;
	ezlb_strcpy(host.legacy[0], sizeof(host.legacy[0]), "nat filter");
	host.iptables_nft[1] = true; /* of the other family: no mix */
	assert_string_equal(
		ask("tables-mixed"),
		"ok tables-mixed: iptables-legacy and iptables-nft are not both in use");
	host.iptables_nft[0] = true;
	assert_string_equal(
		ask("tables-mixed"),
		"warn tables-mixed: both iptables-legacy (nat filter) and iptables-nft "
		"have rules: each tool shows only its own rules, and both apply (ezlb: "
		"--snat-backend nftables) | iptables-legacy-save | iptables-nft-restore "
		"-n && for t in nat filter; do iptables-legacy -t $t -F && "
		"iptables-legacy -t $t -X && modprobe -r iptable_$t; done");
	host.legacy[0][0] = '\0';
	ezlb_strcpy(host.legacy[1], sizeof(host.legacy[1]), "nat");
	assert_non_null(strstr(ask("tables-mixed"), "modprobe -r ip6table_$t"));
}

static void test_kube_proxy(void **state)
{
	struct link_fact *link = EZLB_PUSH(&net.links);

	(void)state;
	ezlb_strcpy(link->name, sizeof(link->name), "kube-ipvs0");
	*EZLB_PUSH(&desired) = spec; /* another service of the same address */
	assert_string_equal(
		ask("kube-proxy"),
		"warn kube-proxy: kube-proxy in ipvs mode (kube-ipvs0) deletes services that it "
		"does not know, unless its configuration has ipvs.excludeCIDRs: "
		"[\"10.0.0.1/32\"] | kubectl -n kube-system edit configmap kube-proxy && kubectl "
		"-n kube-system rollout restart daemonset kube-proxy");
}

static void test_lock(void **state)
{
	(void)state;
	ezlb_err_set(&host.lock_err, EAGAIN, "another program has held it for 0.2 s");
	assert_string_equal(
		ask("xtables-lock"),
		"warn xtables-lock: another program has held it for 0.2 s: iptables rules wait "
		"for it | lslocks | grep xtables.lock");
	ezlb_err_set(&host.lock_err, EISDIR, "it is a directory");
	assert_string_equal(
		ask("xtables-lock"),
		"fail xtables-lock: it is a directory: iptables rules wait for it | rmdir "
		"/run/xtables.lock");
	ezlb_err_set(&host.lock_err, EROFS, "cannot open it");
	assert_string_equal(ask("xtables-lock"),
			    "fail xtables-lock: cannot open it: iptables rules wait for it");
	doctor.nftables = doctor.firewall_never = true; /* nobody takes it */
	assert_string_equal(ask("xtables-lock"), "");
}

static void test_blind(void **state)
{
	(void)state;
	ezlb_err_set(&net.filter_err, EPERM, "not allowed");
	ezlb_err_set(&net.route_err, EPERM, "no socket");
	assert_string_equal(ask("filters"),
			    "warn filters: cannot read the packet filters: not allowed");
	assert_string_equal(ask("routes"),
			    "warn routes: addresses and routes are not checked: no socket");
	assert_string_equal(ask("kube-proxy"), "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_well),   TEST(test_caps), TEST(test_ip_vs),
		TEST(test_settings),   TEST(test_fill), TEST(test_mixed),
		TEST(test_kube_proxy), TEST(test_lock), TEST(test_blind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
