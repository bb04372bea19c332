// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts_world.h"

#include <errno.h>

static struct net_facts net;
static struct ezlb_doctor doctor;

static int setup(void **state)
{
	struct link_fact *link;

	(void)state;
	net = (struct net_facts){ .route = NULL };
	link = EZLB_PUSH(&net.links);
	strcpy(link->name, "eth1");
	link->up = true;
	doctor = (struct ezlb_doctor){ .sync_device = "eth1", .sync_id = 7 };
	return 0;
}

static int teardown(void **state)
{
	net_facts_clear(&net);
	return clear_found(state);
}

static const char *ask(void)
{
	check_sync(&doctor, &net, &found);
	return told(NULL);
}

#define WELL "ok sync-daemon: eth1 can share connections, id 7"

static void test_link(void **state)
{
	(void)state;
	assert_string_equal(ask(), WELL);
	net.links.items[0].up = false;
	assert_string_equal(ask(), "warn sync-daemon: the interface eth1 is down: connections are "
				   "not shared with other balancers | ip link set eth1 up");
	doctor.sync_device = "eth2";
	assert_string_equal(ask(), "warn sync-daemon: there is no interface eth2: connections are "
				   "not shared with other balancers");
	ezlb_err_set(&net.route_err, EPERM, "no socket"); /* nobody knows which there are */
	assert_string_equal(ask(), "ok sync-daemon: eth2 can share connections, id 7");
	doctor.sync_device = "";
	assert_string_equal(ask(), "");
	doctor.sync_device = NULL;
	assert_string_equal(ask(), "");
}

static void test_others(void **state)
{
	struct ezlb_sync_row rows[] = { { EZLB_SYNC_MASTER, "eth1", 7, false },
					{ EZLB_SYNC_BACKUP, "eth1", 7, false } };
	const struct ezlb_syncs syncs = { rows, COUNT_OF(rows), COUNT_OF(rows) };

	(void)state;
	doctor.syncs = &syncs;
	assert_string_equal(ask(), WELL);
	rows[0].id = 8;
	assert_string_equal(ask(), "warn sync-daemon: there is one already: master on eth1, id 8. "
				   "If another program started it, ezlb leaves it unchanged and "
				   "starts none in this role | ipvsadm --stop-daemon master");
	rows[0].id = 7;
	strcpy(rows[1].device, "eth2");
	assert_non_null(strstr(ask(), "backup on eth2, id 7. If"));
}

static void add_drop(int hook, const char *table, const char *chain, bool by_policy)
{
	struct ezlb_drop *drop = EZLB_PUSH(&net.drops);

	strcpy(drop->table, table);
	strcpy(drop->chain, chain);
	drop->hook = hook;
	drop->by_policy = by_policy;
}

static const struct {
	int hook;
	const char *table, *chain;
	bool by_policy;
	const char *want;
} drops[] = {
	{ EZLB_DROP_INPUT, "inet fw", "input", true,
	  "warn sync-daemon: inet fw, chain input, drops by its policy: what this balancer learns "
	  "from others about connections (udp port 8848) may be lost | nft insert rule inet fw "
	  "input iifname eth1 ip daddr 224.0.0.81 udp dport 8848 accept comment ezlb-sync" },
	{ EZLB_DROP_OUTPUT, "ip fw", "out", false,
	  "warn sync-daemon: ip fw, chain out, drops by a rule: what this balancer tells others "
	  "about connections (udp port 8848) may be lost | nft insert rule ip fw out oifname eth1 "
	  "ip daddr 224.0.0.81 udp dport 8848 accept comment ezlb-sync" },
	{ EZLB_DROP_OUTPUT, "ip filter (legacy)", "OUTPUT", true,
	  "warn sync-daemon: ip filter (legacy), chain OUTPUT, drops by its policy: what this "
	  "balancer tells others about connections (udp port 8848) may be lost | iptables-legacy "
	  "-I OUTPUT -o eth1 -d 224.0.0.81 -p udp --dport 8848 -m comment --comment ezlb-sync -j "
	  "ACCEPT" },
	{ EZLB_DROP_FORWARD, "inet fw", "forward", true, WELL },
	{ EZLB_DROP_INPUT, "ip6 fw", "input", true, WELL },
};

static void test_drops(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(drops); i++) {
		net.drops.len = 0;
		add_drop(drops[i].hook, drops[i].table, drops[i].chain, drops[i].by_policy);
		assert_string_equal(ask(), drops[i].want);
	}
}

/* The rule that it proposes. */
static void test_accepted(void **state)
{
	struct pass_fact *pass = EZLB_PUSH(&net.passes);

	(void)state;
	add_drop(EZLB_DROP_INPUT, "inet fw", "input", true);
	strcpy(pass->table, "inet fw");
	strcpy(pass->chain, "input");
	strcpy(pass->comment, "ezlb-web");
	assert_non_null(strstr(ask(), "may be lost"));
	strcpy(pass->comment, "ezlb-sync");
	assert_string_equal(ask(), WELL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_link),
		TEST(test_others),
		TEST(test_drops),
		TEST(test_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
