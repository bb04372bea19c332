// SPDX-License-Identifier: GPL-2.0-or-later
/* facts: read below a root of our own. */
#include "tmpdir.h"

#include <errno.h>
#include <sys/utsname.h>

#include "facts.h"

static struct host_facts host;

static void put_deep(const char *dirs, const char *name, const char *text)
{
	char part[200], path[400];

	ezlb_strcpy(part, sizeof(part), dirs);
	for (char *p = strchr(part, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(at(part).s, 0700);
		*p = '/';
	}
	mkdir(at(part).s, 0700);
	snprintf(path, sizeof(path), "%.199s/%.100s", dirs, name);
	put(path, text);
}

static void test_nothing(void **state)
{
	(void)state;
	facts_read(top, &host);
	assert_int_equal(host.caps, 0);
	assert_int_equal(host.ip_vs, MODULE_UNKNOWN);
	assert_int_equal(host.vs_conntrack, NUMBER_NONE);
	assert_int_equal(host.ip_forward, NUMBER_NONE);
	assert_int_equal(host.ip6_forwarding, NUMBER_NONE);
	assert_int_equal(host.conntrack_count, NUMBER_NONE);
	assert_int_equal(host.conntrack_max, NUMBER_NONE);
	assert_string_equal(host.legacy[0], "");
	assert_string_equal(host.legacy[1], "");
	assert_int_equal(host.lock_err.code, ENOENT); /* there is no /run */
}

static void test_all(void **state)
{
	(void)state;
	put_deep("proc/self", "status", "Name:\tx\nCapPrm:\t0\nCapEff:\t0000000000003000\n");
	put_deep("proc/net", "ip_vs", "");
	put_deep("proc/net", "ip_tables_names", "nat\nfilter\n");
	put_deep("proc/net", "ip6_tables_names", "nat\n");
	put_deep("proc/sys/net/ipv4/vs", "conntrack", "1\n");
	put_deep("proc/sys/net/ipv4", "ip_forward", "0\n");
	put_deep("proc/sys/net/ipv6/conf/all", "forwarding", "x\n");
	put_deep("proc/sys/net/netfilter", "nf_conntrack_count", "12\n");
	put_deep("proc/sys/net/netfilter", "nf_conntrack_max", "262144\n");
	put_deep("run", "other", "");
	facts_read(top, &host);
	assert_int_equal(host.caps, 0x3000);
	assert_int_equal(host.ip_vs, MODULE_LOADED);
	assert_int_equal(host.vs_conntrack, 1);
	assert_int_equal(host.ip_forward, 0);
	assert_int_equal(host.ip6_forwarding, NUMBER_NONE);
	assert_int_equal(host.conntrack_count, 12);
	assert_int_equal(host.conntrack_max, 262144);
	assert_string_equal(host.legacy[0], "nat filter");
	assert_string_equal(host.legacy[1], "nat");
	assert_int_equal(host.lock_err.code, 0);
}

static void test_lock_is_directory(void **state)
{
	(void)state;
	put_deep("run/xtables.lock", "x", "");
	facts_read(top, &host);
	assert_int_equal(host.lock_err.code, EISDIR);
}

static void test_module(void **state)
{
	char dir[100];
	struct utsname name;

	(void)state;
	uname(&name);
	snprintf(dir, sizeof(dir), "lib/modules/%.80s", name.release);
	assert_int_equal(facts_module(top, "ip_vs_rr"), MODULE_UNKNOWN);
	put_deep(dir, "modules.dep", "a/ip_vs.ko:\na/ip_vs_rr.ko.xz: a/ip_vs_no.ko\n");
	put_deep(dir, "modules.builtin", "a/ip_vs_sh.ko\n");
	assert_int_equal(facts_module(top, "ip_vs_rr"), MODULE_LOADABLE);
	assert_int_equal(facts_module(top, "ip_vs_sh"), MODULE_LOADABLE);
	assert_int_equal(facts_module(top, "ip_vs_no"), MODULE_MISSING);
	put_deep("sys/module/ip_vs_no", "refcnt", "0\n");
	assert_int_equal(facts_module(top, "ip_vs_no"), MODULE_LOADED);
}

static void test_rp_filter(void **state)
{
	(void)state;
	assert_int_equal(facts_rp_filter(top, "eth0"), NUMBER_NONE);
	put_deep("proc/sys/net/ipv4/conf/all", "rp_filter", "0\n");
	put_deep("proc/sys/net/ipv4/conf/eth0", "rp_filter", "1\n");
	put_deep("proc/sys/net/ipv4/conf/eth1", "rp_filter", "0\n");
	assert_int_equal(facts_rp_filter(top, "eth0"), 1);
	assert_int_equal(facts_rp_filter(top, "eth1"), 0);
	put_deep("proc/sys/net/ipv4/conf/all", "rp_filter", "2\n");
	assert_int_equal(facts_rp_filter(top, "eth0"), 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing), TEST(test_all),	  TEST(test_lock_is_directory),
		TEST(test_module),  TEST(test_rp_filter),
	};

	unsetenv("XTABLES_LOCKFILE");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
