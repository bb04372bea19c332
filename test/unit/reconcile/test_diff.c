// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/reconcile.h>

#include "tables.h"

/* Both tables as text; want: the ops as ezlb_op_format prints them, one a line. */
static const struct {
	const char *name, *target, *actual, *want;
} cases[] = {
	{ "nothing wanted, nothing there", NULL, NULL, "" },
	{ "equal tables",
	  "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
	  "snat tcp 10.1.0.1:80 masq\nsetting conntrack 1\nsetting forward 1\nwanted\n",
	  "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1\n"
	  "snat tcp 10.1.0.1:80 masq\nsetting conntrack 1\nsetting forward 1\nsound\n",
	  "" },
	{ "all at once: make before break",
	  "service tcp 10.0.0.1:80 wrr\nservice tcp 10.0.0.2:80 wrr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.1:80 1\ndest tcp 10.0.0.1:80 10.1.0.2:80 5\n"
	  "snat tcp 10.1.0.1:80 masq\nsnat tcp 10.1.0.2:80 10.9.0.1\n"
	  "setting conntrack 1\nsetting forward 1\nwanted\n",
	  "service tcp 10.0.0.1:80 rr\nservice tcp 10.0.0.9:80 rr\n"
	  "dest tcp 10.0.0.1:80 10.1.0.2:80 1\ndest tcp 10.0.0.1:80 10.1.0.3:80 1\n"
	  "dest tcp 10.0.0.9:80 10.1.0.9:80 1\n"
	  "snat tcp 10.1.0.2:80 masq\nsnat tcp 10.1.0.3:80 masq\n"
	  "setting conntrack 0\nsetting forward 0\n",
	  "host-set net.ipv4.vs.conntrack = 1 (was 0)\n"
	  "host-set net.ipv4.ip_forward = 1 (was 0)\n"
	  "snat-setup chain EZLB-SNAT and the jump to it\n"
	  "snat-add tcp 10.1.0.1:80 masquerade\n"
	  "snat-set tcp 10.1.0.2:80 snat to 10.9.0.1 (was masquerade)\n"
	  "service-add tcp 10.0.0.2:80 scheduler wrr\n"
	  "service-set tcp 10.0.0.1:80 scheduler wrr (was rr)\n"
	  "dest-add tcp 10.0.0.1:80 -> 10.1.0.1:80 masq weight 1\n"
	  "dest-set tcp 10.0.0.1:80 -> 10.1.0.2:80 masq weight 5 (was 1)\n"
	  "dest-del tcp 10.0.0.1:80 -> 10.1.0.3:80\n"
	  "dest-del tcp 10.0.0.9:80 -> 10.1.0.9:80\n"
	  "service-del tcp 10.0.0.9:80\n"
	  "snat-del tcp 10.1.0.3:80 masquerade\n" },
	{ "sync daemons: before the services, and gone after them",
	  "sync master eth1 1\nsync backup eth1 1\nservice tcp 10.0.0.1:80 wrr\n",
	  "sync backup eth1 2\nservice tcp 10.0.0.2:80 wrr\n",
	  "sync-add master on eth1, id 1\n"
	  "sync-set backup on eth1, id 1 (was backup on eth1, id 2)\n"
	  "service-add tcp 10.0.0.1:80 scheduler wrr\nservice-del tcp 10.0.0.2:80\n" },
	{ "one whose interface was replaced", "sync master eth1 1\nsync backup eth1 1\n",
	  "sync master eth1 1 stale\nsync backup eth1 1\n",
	  "sync-set master on eth1, id 1 (its interface was replaced)\n" },
	{ "no sync daemon is wanted", "service tcp 10.0.0.1:80 wrr\n",
	  "sync master eth1 1\nservice tcp 10.0.0.1:80 wrr\n", "sync-del master on eth1, id 1\n" },
	{ "within a kind by key: protocol, address, port",
	  "service udp 10.0.0.1:80 wrr\nservice tcp 10.0.0.1:443 wrr\nservice tcp 10.0.0.1:80 wrr\n"
	  "service tcp 9.0.0.1:80 wrr\nservice tcp [fd00::1]:80 wrr\n",
	  NULL,
	  "service-add tcp 9.0.0.1:80 scheduler wrr\n"
	  "service-add tcp 10.0.0.1:80 scheduler wrr\n"
	  "service-add tcp 10.0.0.1:443 scheduler wrr\n"
	  "service-add tcp [fd00::1]:80 scheduler wrr\n"
	  "service-add udp 10.0.0.1:80 scheduler wrr\n" },
	{ "everything goes: dests, services, rules, frame", NULL,
	  "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1\n"
	  "snat tcp 10.1.0.1:80 masq\nsetting conntrack 1\nsetting forward 1\nsound\n",
	  "dest-del tcp 10.0.0.1:80 -> 10.1.0.1:80\n"
	  "service-del tcp 10.0.0.1:80\n"
	  "snat-del tcp 10.1.0.1:80 masquerade\n"
	  "snat-teardown chain EZLB-SNAT and the jump to it\n" },
	{ "no teardown where no frame is", "service tcp 10.0.0.1:80 wrr\n",
	  "service tcp 10.0.0.1:80 wrr\n", "" },
	{ "teardown of half a frame", NULL, "present\n",
	  "snat-teardown chain EZLB-SNAT and the jump to it\n" },
	{ "half a frame is mended", "wanted\n", "present\n",
	  "snat-setup chain EZLB-SNAT and the jump to it\n" },
	{ "a sound frame is left alone", "wanted\n", "sound\n", "" },
	{ "settings that nobody wants are left alone", NULL,
	  "setting conntrack 0\nsetting forward 1\n", "" },
	{ "only the setting that differs", "setting conntrack 1\nsetting forward 1\n",
	  "setting conntrack 0\nsetting forward 1\n",
	  "host-set net.ipv4.vs.conntrack = 1 (was 0)\n" },
	{ "a setting that the kernel lacks, and one that could not be read",
	  "setting conntrack 1\nsetting forward 1\n", "setting conntrack -1\n",
	  "host-set net.ipv4.vs.conntrack = 1\nhost-set net.ipv4.ip_forward = 1\n" },
	{ "a setting that is more than enough, and one that is not",
	  "setting forward 1\nsetting arp_ignore 1\nsetting arp_announce 2\n",
	  "setting forward 7\nsetting arp_ignore 8\nsetting arp_announce 1\n",
	  "host-set net.ipv4.conf.all.arp_announce = 2 (was 1)\n" },
	{ "a setting of one interface is no other's",
	  "setting accept_ra:eth0 2\nsetting accept_ra:eth1 2\nsetting forward6 1\n",
	  "setting accept_ra:eth0 1\nsetting accept_ra:eth1 2\nsetting accept_ra:eth2 0\n"
	  "setting forward6 0\n",
	  "host-set net.ipv6.conf.eth0.accept_ra = 2 (was 1)\n"
	  "host-set net.ipv6.conf.all.forwarding = 1 (was 0)\n" },
	{ "a range that grows",
	  "snat tcp 10.1.0.1:80 10.9.0.1-10.9.0.4\nsnat tcp 10.1.0.2:80 10.9.0.1-10.9.0.4\nwanted\n",
	  "snat tcp 10.1.0.1:80 10.9.0.1\nsnat tcp 10.1.0.2:80 10.9.0.1-10.9.0.4\nsound\n",
	  "snat-set tcp 10.1.0.1:80 snat to 10.9.0.1-10.9.0.4 (was snat to 10.9.0.1)\n" },
	{ "links and accepts come before all else, and go after it; addresses come last, and go first",
	  "link b0\nvip b0 10.0.0.2\nvip b0 fd00::1\n"
	  "accept forward tcp 10.0.0.2:80\naccept input tcp 10.0.0.2:80\naccepts-wanted\n"
	  "setting arp_ignore 1\nwanted\nservice tcp 10.0.0.2:80 wrr\n",
	  "link a0\nvip a0 10.0.0.1\naccept input tcp 10.0.0.1:80\naccepts-present\n"
	  "service tcp 10.0.0.1:80 wrr\nsnat tcp 10.1.0.3:80 masq\nsound\n",
	  "host-set net.ipv4.conf.all.arp_ignore = 1\n"
	  "link-add b0\n"
	  "firewall-setup chains EZLB-INPUT and EZLB-FORWARD and the jumps to them\n"
	  "accept-add input tcp 10.0.0.2:80\n"
	  "accept-add forward tcp 10.0.0.2:80\n"
	  "service-add tcp 10.0.0.2:80 scheduler wrr\n"
	  "vip-add 10.0.0.2 on b0\n"
	  "vip-add fd00::1 on b0\n"
	  "vip-del 10.0.0.1 on a0\n"
	  "service-del tcp 10.0.0.1:80\n"
	  "snat-del tcp 10.1.0.3:80 masquerade\n"
	  "accept-del input tcp 10.0.0.1:80\n"
	  "link-del a0\n" },
	{ "equal links, addresses and accepts",
	  "link a0\nvip a0 10.0.0.1\naccept input tcp 10.0.0.1:80\naccepts-wanted\n",
	  "link a0\nvip a0 10.0.0.1\naccept input tcp 10.0.0.1:80\naccepts-sound\n"
	  "gate input 4\nelsewhere 10.0.0.1\n",
	  "" },
	{ "the same address on another link", "vip b0 10.0.0.1\n", "vip a0 10.0.0.1\n",
	  "vip-add 10.0.0.1 on b0\nvip-del 10.0.0.1 on a0\n" },
	{ "no filter drops any more: accepts and their frame go", NULL,
	  "accept input tcp 10.0.0.1:80\naccepts-sound\n",
	  "accept-del input tcp 10.0.0.1:80\n"
	  "firewall-teardown chains EZLB-INPUT and EZLB-FORWARD and the jumps to them\n" },
	{ "teardown of half a frame of accepts", NULL, "accepts-present\n",
	  "firewall-teardown chains EZLB-INPUT and EZLB-FORWARD and the jumps to them\n" },
	{ "one frame is not the other", "wanted\n", "sound\naccepts-sound\n",
	  "firewall-teardown chains EZLB-INPUT and EZLB-FORWARD and the jumps to them\n" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_table target = table_of(cases[i].target);
		struct ezlb_table actual = table_of(cases[i].actual);
		struct ezlb_plan plan = { 0 };
		char got[4096] = "", line[EZLB_OP_STRLEN];

		ezlb_reconcile_diff(&target, &actual, &plan);
		for (size_t k = 0; k < plan.len; k++) {
			assert_int_equal(plan.items[k].rc, EZLB_PENDING);
			strcat(strcat(got, ezlb_op_format(&plan.items[k], line)), "\n");
		}
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n%s", cases[i].name, got);
		ezlb_plan_clear(&plan);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
}

/* A *_SET op has the whole new row and the whole old one. */
static void test_set_carries_the_old_row(void **state)
{
	struct ezlb_table target = table_of("service tcp 10.0.0.1:80 wrr\n"
					    "dest tcp 10.0.0.1:80 10.1.0.1:80 5 full_nat\n");
	struct ezlb_table actual = table_of("service tcp 10.0.0.1:80 wrr\n"
					    "dest tcp 10.0.0.1:80 10.1.0.1:80 5\n");
	struct ezlb_plan plan = { 0 };

	(void)state;
	actual.services.items[0].timeout = 300;
	actual.services.items[0].flags = 1;
	actual.dests.items[0].upper = 9;
	ezlb_reconcile_diff(&target, &actual, &plan);
	assert_int_equal(plan.len, 2);
	assert_int_equal(plan.items[0].kind, EZLB_OP_SERVICE_SET);
	assert_memory_equal(&plan.items[0].service, &target.services.items[0],
			    sizeof(struct ezlb_service_row));
	assert_memory_equal(&plan.items[0].old_service, &actual.services.items[0],
			    sizeof(struct ezlb_service_row));
	assert_int_equal(plan.items[1].kind, EZLB_OP_DEST_SET);
	assert_true(plan.items[1].dest.full_nat); /* apply needs it to know what to wait for */
	assert_int_equal(plan.items[1].dest.upper, 0);
	assert_int_equal(plan.items[1].old_dest.upper, 9);
	ezlb_plan_clear(&plan);
	ezlb_table_clear(&target);
	ezlb_table_clear(&actual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_set_carries_the_old_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
