// SPDX-License-Identifier: GPL-2.0-or-later
#include "tmpdir.h"

#include <errno.h>
#include <sys/utsname.h>

#include <ezlb/mem.h>
#include <ezlb/snat.h>

static void test_words(void **state)
{
	static const char *const words[] = { "auto", "iptables", "nftables" };
	enum ezlb_snat_driver backend;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		assert_int_equal(ezlb_snat_driver_parse(words[i], &backend), 0);
		assert_int_equal(backend, i);
		assert_string_equal(ezlb_snat_driver_str(backend), words[i]);
	}
	assert_int_equal(ezlb_snat_driver_parse("nft", &backend), -EINVAL);
	assert_int_equal(ezlb_snat_driver_parse("", &backend), -EINVAL);
}

static const struct {
	struct ezlb_snat_host host;
	enum ezlb_snat_driver want;
	const char *why;
} choices[] = {
	{ { .legacy_nat = true, .nf_tables = true, .ip_tables = true },
	  EZLB_SNAT_IPTABLES,
	  "the legacy nat table is in use on this host" },
	{ { .legacy_nat = true, .ip_tables = true },
	  EZLB_SNAT_IPTABLES,
	  "the legacy nat table is in use on this host" },
	{ { .nf_tables = true, .ip_tables = true },
	  EZLB_SNAT_NFTABLES,
	  "the kernel has nf_tables, and the legacy nat table is not in use" },
	{ { .nf_tables = true },
	  EZLB_SNAT_NFTABLES,
	  "the kernel has nf_tables, and the legacy nat table is not in use" },
	{ { .ip_tables = true }, EZLB_SNAT_IPTABLES, "the kernel has no nf_tables" },
	{ { .ip_tables = false },
	  EZLB_SNAT_IPTABLES,
	  "the kernel has neither nf_tables nor ip_tables: full_nat cannot work here" },
};

static void test_choose(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(choices); i++) {
		const char *why = NULL;

		assert_int_equal(ezlb_snat_choose(&choices[i].host, &why), choices[i].want);
		assert_string_equal(why, choices[i].why);
	}
}

#define NFT_KO "kernel/net/netfilter/nf_tables.ko"
#define IPT_KO "kernel/net/ipv4/netfilter/ip_tables.ko"

/* Files of a host, NULL where there is none; want: l legacy nat, n nf_tables, i ip_tables. */
static const struct {
	const char *name, *tables, *sysfs, *dep, *builtin, *want;
} hosts[] = {
	{ "no lists of modules, as in a container", NULL, NULL, NULL, NULL, "n" },
	{ "the same, and ip_tables is there", "", NULL, NULL, NULL, "i" },
	{ "the same, and nat is in use", "filter\nnat\n", NULL, NULL, NULL, "li" },
	{ "the same, and both are there", "filter\n", "nf_tables", NULL, NULL, "ni" },
	{ "neither", NULL, NULL, "", "", "" },
	{ "both can be loaded", NULL, NULL,
	  IPT_KO ": kernel/net/netfilter/x_tables.ko\n" NFT_KO ": kernel/lib/libcrc32c.ko\n", "",
	  "ni" },
	{ "they are compressed", NULL, NULL, IPT_KO ".xz:\n" NFT_KO ".zst:\n", NULL, "ni" },
	{ "one is built in", NULL, NULL, "kernel/a.ko:\n", NFT_KO "\n", "n" },
	{ "one is loaded from elsewhere", NULL, "nf_tables", "kernel/a.ko:\n", "", "n" },
	{ "what others need, or are named alike, does not count", NULL, NULL,
	  "kernel/net/netfilter/nft_nat.ko: " NFT_KO "\nkernel/net/my_nf_tables.ko:\n"
	  "kernel/net/ipv4/netfilter/ip_tables_more.ko:\n",
	  "", "" },
	{ "nat is loaded where the kernel has all", "nat\n", "nf_tables", NFT_KO ":\n", "", "lni" },
};

static void make_host(size_t i)
{
	EZLB_AUTO_FREE char *modules = NULL, *dep = NULL, *builtin = NULL;
	struct utsname host;

	uname(&host);
	modules = ezlb_asprintf("lib/modules/%s", host.release);
	dep = ezlb_asprintf("%s/modules.dep", modules);
	builtin = ezlb_asprintf("%s/modules.builtin", modules);
	make_dir("proc");
	make_dir("proc/net");
	make_dir("sys");
	make_dir("sys/module");
	make_dir("lib");
	make_dir("lib/modules");
	make_dir(modules);
	if (hosts[i].tables)
		put("proc/net/ip_tables_names", hosts[i].tables);
	if (hosts[i].sysfs)
		make_dir("sys/module/nf_tables");
	if (hosts[i].dep)
		put(dep, hosts[i].dep);
	if (hosts[i].builtin)
		put(builtin, hosts[i].builtin);
}

static void test_look(void **state)
{
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		struct ezlb_snat_host host;
		char got[4] = "";

		setup_top(state);
		make_host(i);
		ezlb_snat_look(top, &host);
		snprintf(got, sizeof(got), "%s%s%s", host.legacy_nat ? "l" : "",
			 host.nf_tables ? "n" : "", host.ip_tables ? "i" : "");
		if (strcmp(got, hosts[i].want) != 0)
			fail_msg("%s: %s", hosts[i].name, got);
		teardown_top(state);
	}
}

/* Somebody works with IPv6's table, and not with IPv4's. */
static void test_look_ip6(void **state)
{
	static const struct {
		const char *tables;
		bool want;
	} cases[] = { { "filter\nnat\n", true }, { "filter\n", false } };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_snat_host host;

		setup_top(state);
		make_host(0);
		put("proc/net/ip6_tables_names", cases[i].tables);
		ezlb_snat_look(top, &host);
		assert_int_equal(host.legacy_nat, cases[i].want);
		teardown_top(state);
	}
}

static void test_keys(void **state)
{
	(void)state;
	assert_int_equal(ezlb_snat_driver_key(EZLB_SNAT_IPTABLES), EZLB_SNAT_KEY_BACKEND);
	assert_int_equal(ezlb_snat_driver_key(EZLB_SNAT_NFTABLES), EZLB_SNAT_KEY_LISTENER);
	assert_int_equal(ezlb_snat_driver_key(EZLB_SNAT_AUTO), EZLB_SNAT_KEY_LISTENER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	 cmocka_unit_test(test_keys),
		cmocka_unit_test(test_choose),	 cmocka_unit_test(test_look),
		cmocka_unit_test(test_look_ip6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
