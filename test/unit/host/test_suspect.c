// SPDX-License-Identifier: GPL-2.0-or-later
#include "tmpdir.h"

#include <netinet/in.h>

#include <ezlb/host.h>

#define NET_DEV_HEAD                                            \
	"Inter-|   Receive                          |  Trans\n" \
	" face |bytes    packets errs drop fifo     |bytes\n"
#define NET_DEV(name) NET_DEV_HEAD "    lo:  1234 5\n" name ":       0 0\n"

static const struct ezlb_addr v4 = { AF_INET, { 10, 0, 0, 1 } };
static struct ezlb_addr v6;

static char said[EZLB_SUSPECT_STRLEN];

static bool ask(enum ezlb_layer_kind layer, const struct ezlb_addr *listen)
{
	memset(said, '#', sizeof(said));
	return ezlb_host_suspect(top, layer, listen, said);
}

static void process(const char *pid, const char *comm)
{
	char name[64];

	make_dir(pid);
	snprintf(name, sizeof(name), "%.20s/comm", pid);
	put(name, comm);
}

static void netns(const char *pid, const char *ns)
{
	char name[64];

	snprintf(name, sizeof(name), "%.20s/ns", pid);
	make_dir(name);
	snprintf(name, sizeof(name), "%.20s/ns/net", pid);
	assert_int_equal(symlink(ns, at(name).s), 0);
}

static int setup(void **state)
{
	if (setup_top(state))
		return -1;
	make_dir("net");
	put("net/dev", NET_DEV("eth0"));
	process("1", "systemd\n");
	process("2", "kthreadd\n");
	return ezlb_addr_parse("fd00:1111:2222:3333:4444:5555:6666:7777", &v6, NULL);
}

static const struct {
	enum ezlb_layer_kind layer;
	const char *comm, *want;
} cases[] = {
	{ EZLB_LAYER_IPVS, "keepalived\n",
	  "keepalived (pid 71) manages IPVS as well: its configuration must have no lvs_flush, and "
	  "no virtual_server in 10.0.0.1/32" },
	{ EZLB_LAYER_IPVS, "kube-router\n",
	  "kube-router (pid 71) deletes IPVS services that it does not know: start it with "
	  "--excluded-cidrs=10.0.0.1/32" },
	{ EZLB_LAYER_IPVS, "ldirectord\n",
	  "ldirectord (pid 71) manages IPVS as well: its configuration must have no virtual "
	  "service in 10.0.0.1/32" },
	{ EZLB_LAYER_IPVS, "ldirectord tcp:\n",
	  "ldirectord (pid 71) manages IPVS as well: its configuration must have no virtual "
	  "service in 10.0.0.1/32" },
	{ EZLB_LAYER_IPVS, "kube-proxy\n",
	  "kube-proxy (pid 71) in ipvs mode deletes IPVS services that it does not know: add "
	  "10.0.0.1/32 to ipvs.excludeCIDRs of kube-proxy's configuration and restart it" },
	{ EZLB_LAYER_SNAT, "firewalld\n",
	  "firewalld (pid 71) flushes iptables when it is reloaded, except firewalld 2.0 or later "
	  "with FirewallBackend=nftables and without direct rules" },
	{ EZLB_LAYER_SNAT, "kube-proxy\n",
	  "kube-proxy (pid 71) rewrites the nat table and can undo changes by other programs, "
	  "unless its container mounts /run/xtables.lock of the host (hostPath, type "
	  "FileOrCreate)" },
	{ EZLB_LAYER_SNAT, "kube-router\n",
	  "kube-router (pid 71) rewrites the nat table and can undo changes by other programs, "
	  "unless its container mounts /run/xtables.lock of the host (hostPath, type "
	  "FileOrCreate)" },
	{ EZLB_LAYER_HOST, "tuned\n",
	  "tuned (pid 71) applies the sysctls of its profile: remove net.ipv4.ip_forward and "
	  "net.ipv4.vs.conntrack from the profile" },
	/* Of another layer, of no layer, or only alike. */
	{ EZLB_LAYER_SNAT, "keepalived\n", NULL },
	{ EZLB_LAYER_IPVS, "firewalld\n", NULL },
	{ EZLB_LAYER_HOST, "kube-proxy\n", NULL },
	{ EZLB_LAYER_IPVS, "tuned\n", NULL },
	{ EZLB_LAYER_SNAT, "dockerd\n", NULL },
	{ EZLB_LAYER_IPVS, "keepalived-exp\n", NULL },
	{ EZLB_LAYER_IPVS, "xkeepalived\n", NULL },
	{ EZLB_LAYER_IPVS, "\n", NULL },
	{ EZLB_LAYER_IPVS, "", NULL },
};

static void test_processes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		process("71", cases[i].comm);
		if (ask(cases[i].layer, &v4) != (cases[i].want != NULL))
			fail_msg("%s: '%s'", cases[i].comm, said);
		if (cases[i].want)
			assert_string_equal(said, cases[i].want);
		remove_tree(at("71").s);
	}
}

static void test_interfaces(void **state)
{
	static const struct {
		const char *dev, *want;
	} devs[] = {
		{ NET_DEV("kube-ipvs0"),
		  "kube-proxy (interface kube-ipvs0) in ipvs mode deletes IPVS services that it "
		  "does not know: add 10.0.0.1/32 to ipvs.excludeCIDRs of kube-proxy's "
		  "configuration and restart it" },
		{ NET_DEV("  kube-dummy-if"),
		  "kube-router (interface kube-dummy-if) deletes IPVS services that it does not "
		  "know: start it with --excluded-cidrs=10.0.0.1/32" },
		{ NET_DEV("kube-ipvs01"), NULL },
		{ NET_DEV("xkube-ipvs0"), NULL },
		{ NET_DEV_HEAD, NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(devs); i++) {
		put("net/dev", devs[i].dev);
		assert_int_equal(ask(EZLB_LAYER_IPVS, &v4), devs[i].want != NULL);
		if (devs[i].want)
			assert_string_equal(said, devs[i].want);
		assert_false(ask(EZLB_LAYER_SNAT, NULL));
		assert_false(ask(EZLB_LAYER_HOST, NULL));
	}
}

static void test_ipv6(void **state)
{
	(void)state;
	put("net/dev", NET_DEV("kube-ipvs0"));
	assert_true(ask(EZLB_LAYER_IPVS, &v6));
	assert_non_null(strstr(said, ": add fd00:1111:2222:3333:4444:5555:6666:7777/128 to "
				     "ipvs.excludeCIDRs of kube-proxy's configuration"));
}

static void test_likeliest(void **state)
{
	(void)state;
	process("300", "kube-proxy\n");
	process("40", "ldirectord\n");
	process("1000", "keepalived\n");
	process("999", "keepalived\n");
	process("1001", "keepalived\n");
	process("self", "keepalived\n"); /* not a process */
	assert_true(ask(EZLB_LAYER_IPVS, &v4));
	assert_non_null(strstr(said, "keepalived (pid 999) "));
	/* What only one program makes is stronger than a name. */
	put("net/dev", NET_DEV("kube-ipvs0"));
	assert_true(ask(EZLB_LAYER_IPVS, &v4));
	assert_non_null(strstr(said, "kube-proxy (interface kube-ipvs0)"));
}

static void test_other_netns(void **state)
{
	(void)state;
	process("71", "keepalived\n");
	process("72", "keepalived\n");
	make_dir("self");
	netns("71", "net:[2]");
	assert_true(ask(EZLB_LAYER_IPVS, &v4)); /* our own is not known */
	assert_non_null(strstr(said, "(pid 71)"));
	netns("self", "net:[1]");
	assert_true(ask(EZLB_LAYER_IPVS, &v4)); /* that of 72 is not known */
	assert_non_null(strstr(said, "(pid 72)"));
	netns("72", "net:[3]");
	assert_false(ask(EZLB_LAYER_IPVS, &v4));
	process("73", "keepalived\n");
	netns("73", "net:[1]");
	assert_true(ask(EZLB_LAYER_IPVS, &v4));
	assert_non_null(strstr(said, "(pid 73)"));
}

/* Processes come and go while one looks, and much cannot be read without rights. */
static void test_unreadable(void **state)
{
	(void)state;
	make_dir("5");
	make_dir("6");
	make_dir("6/comm");
	put("7", "not a directory");
	assert_int_equal(remove(at("net/dev").s), 0);
	make_dir("8");
	assert_int_equal(mkfifo(at("net/dev").s, 0600), 0);
	assert_int_equal(mkfifo(at("8/comm").s, 0600), 0);
	assert_false(ask(EZLB_LAYER_IPVS, &v4));
	process("71", "keepalived");
	assert_true(ask(EZLB_LAYER_IPVS, &v4));
	assert_non_null(strstr(said, "(pid 71)"));
	assert_int_equal(remove(at("net/dev").s), 0);
	assert_true(ask(EZLB_LAYER_IPVS, &v4));
	assert_false(ezlb_host_suspect(at("nowhere").s, EZLB_LAYER_IPVS, &v4, said));
}

/* The longest of each is told whole: nobody loses the end of a remedy. */
static void test_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		process("4194304", cases[i].comm);
		if (ask(cases[i].layer, &v6) && strlen(said) >= sizeof(said) - 1)
			fail_msg("too long: '%s'", said);
		remove_tree(at("4194304").s);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_processes), TEST(test_interfaces),  TEST(test_ipv6),
		TEST(test_likeliest), TEST(test_other_netns), TEST(test_unreadable),
		TEST(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
