// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include <ezlb/reconcile.h>

#include "tables.h"

#define WEB                             \
	"service tcp 10.0.0.1:80 wrr\n" \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 1\ndest tcp 10.0.0.1:80 10.1.0.2:80 1\n"
#define NAT "snat tcp 10.1.0.1:80 masq\nsnat tcp 10.1.0.2:80 masq\n"
#define ON  "setting conntrack 1\nsetting forward 1\n"
#define OFF "setting conntrack 0\nsetting forward 1\n"

#define UDP	 "service udp 10.0.0.1:80 wrr\n"
#define NAT6	 "snat tcp [fd00::1]:80 masq\n"
#define VIP	 "link a0\nvip a0 10.0.0.1\n"
#define IN	 "accept input tcp 10.0.0.1:80\n"
#define OUT	 "accept forward tcp 10.0.0.1:80\n"
#define TEARDOWN "firewall-teardown chains EZLB-INPUT and EZLB-FORWARD and the jumps to them\n"

/* left and actual as text; both are in scope but for what `outside` names. */
static const struct {
	const char *name, *left, *actual, *want;
} cases[] = {
	{ "nothing", NULL, NULL, "" },
	{ "nothing has changed", WEB NAT ON "wanted\nsound\n", WEB NAT ON "sound\n", "" },
	{ "a service is gone: its dests go without saying", WEB, NULL,
	  "service-del tcp 10.0.0.1:80\n" },
	{ "a dest is gone", WEB,
	  "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1\n",
	  "dest-del tcp 10.0.0.1:80 -> 10.1.0.2:80\n" },
	{ "another weight, and what it was", WEB,
	  "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 9\n"
	  "dest tcp 10.0.0.1:80 10.1.0.2:80 1\n",
	  "dest-set tcp 10.0.0.1:80 -> 10.1.0.1:80 masq weight 9 (was 1)\n" },
	{ "another scheduler", WEB,
	  "service tcp 10.0.0.1:80 rr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1\n"
	  "dest tcp 10.0.0.1:80 10.1.0.2:80 1\n",
	  "service-set tcp 10.0.0.1:80 scheduler rr (was wrr)\n" },
	{ "a dest in our service that we did not put there", WEB,
	  WEB "dest tcp 10.0.0.1:80 10.1.0.3:80 1\n",
	  "dest-add tcp 10.0.0.1:80 -> 10.1.0.3:80 masq weight 1\n" },
	{ "a service that was not there is no drift, nor are its dests", NULL, WEB, "" },
	{ "a service that is out of scope by now", "service tcp 10.9.9.9:80 wrr\n", NULL, "" },
	{ "the chain is gone: its rules go without saying", NAT "wanted\nsound\n", NULL,
	  "snat-teardown chain EZLB-SNAT and the jump to it\n" },
	{ "the jump is gone", NAT "wanted\nsound\n", NAT "present\n",
	  "snat-teardown chain EZLB-SNAT and the jump to it\n" },
	{ "the chain is flushed", NAT "wanted\nsound\n", "sound\n",
	  "snat-del tcp 10.1.0.1:80 masquerade\nsnat-del tcp 10.1.0.2:80 masquerade\n" },
	{ "a rule is changed", "snat tcp 10.1.0.1:80 masq\nwanted\nsound\n",
	  "snat tcp 10.1.0.1:80 10.9.0.1\nsound\n",
	  "snat-set tcp 10.1.0.1:80 snat to 10.9.0.1 (was masquerade)\n" },
	{ "a frame that was never sound is no news", NAT "wanted\npresent\n", NAT "present\n", "" },
	{ "a setting is set back", ON "wanted\nsound\n", OFF "sound\n",
	  "host-set net.ipv4.vs.conntrack = 0 (was 1)\n" },
	{ "without full_nat neither chain nor settings are ours", NAT ON "sound\n", OFF, "" },
	{ "more than enough is no drift", OFF "wanted\nsound\n", ON "sound\n", "" },
	{ "nor is less that is still enough", "setting forward 7\nwanted\nsound\n",
	  "setting forward 1\nsound\n", "" },
	{ "what was not enough is no news", "setting forward 0\nwanted\nsound\n",
	  "setting forward -1\nsound\n", "" },
	{ "a setting that udp needs", UDP "setting expire 1\nsetting forward 1\n",
	  UDP "setting expire 0\nsetting forward 0\n",
	  "host-set net.ipv4.vs.expire_nodest_conn = 0 (was 1)\n" },
	{ "which tcp does not", WEB "setting expire 1\n", WEB "setting expire 0\n", "" },
	{ "a setting that persistence needs",
	  "service tcp 10.0.0.1:80 wrr sticky\nsetting quiescent 1\n",
	  "service tcp 10.0.0.1:80 wrr sticky\nsetting quiescent 0\n",
	  "host-set net.ipv4.vs.expire_quiescent_template = 0 (was 1)\n" },
	{ "scheduler mh needs one for tcp",
	  "service tcp 10.0.0.1:80 mh\nsetting sloppy 1\nsetting sloppy_sctp 1\n",
	  "service tcp 10.0.0.1:80 mh\nsetting sloppy 0\nsetting sloppy_sctp 0\n",
	  "host-set net.ipv4.vs.sloppy_tcp = 0 (was 1)\n" },
	{ "and both for a mark", "service fwmark 7 mh\nsetting sloppy 1\nsetting sloppy_sctp 1\n",
	  "service fwmark 7 mh\nsetting sloppy 0\nsetting sloppy_sctp 0\n",
	  "host-set net.ipv4.vs.sloppy_tcp = 0 (was 1)\n"
	  "host-set net.ipv4.vs.sloppy_sctp = 0 (was 1)\n" },
	{ "another scheduler needs none", WEB "setting sloppy 1\n", WEB "setting sloppy 0\n", "" },
	{ "and nobody else does", WEB "setting quiescent 1\n", WEB "setting quiescent 0\n", "" },
	{ "settings that addresses need", VIP "setting arp_ignore 1\nsetting forward 1\n",
	  VIP "setting arp_ignore 0\nsetting forward 0\n",
	  "host-set net.ipv4.conf.all.arp_ignore = 0 (was 1)\n" },
	{ "which nobody needs without", WEB "setting arp_ignore 1\n", WEB "setting arp_ignore 0\n",
	  "" },
	{ "settings of IPv6, with rules of IPv6",
	  NAT6 "setting accept_ra:eth0 2\nsetting forward6 1\nwanted\nsound\n",
	  NAT6 "setting accept_ra:eth0 1\nsetting forward6 0\nsound\n",
	  "host-set net.ipv6.conf.eth0.accept_ra = 1 (was 2)\n"
	  "host-set net.ipv6.conf.all.forwarding = 0 (was 1)\n" },
	{ "and without", NAT "setting forward6 1\nwanted\nsound\n",
	  NAT "setting forward6 0\nsound\n", "" },
	{ "a sync daemon is gone", "sync master eth1 1\nsync backup eth1 1\n",
	  "sync master eth1 1\n", "sync-del backup on eth1, id 1\n" },
	{ "it has another id", "sync master eth1 1\n", "sync master eth1 2\n",
	  "sync-set master on eth1, id 2 (was master on eth1, id 1)\n" },
	{ "who replaces its interface knows nothing of it", "sync master eth1 1\n",
	  "sync master eth1 1 stale\n", "" },
	{ "one that ezlb did not have", NULL, "sync master eth1 1\n", "" },
	{ "an address and its link are gone", VIP, NULL, "vip-del 10.0.0.1 on a0\nlink-del a0\n" },
	{ "what somebody else puts on our link is theirs", VIP, VIP "vip a0 10.0.0.9\nlink b0\n",
	  "" },
	{ "an accept is gone", IN OUT "accepts-wanted\naccepts-sound\n", OUT "accepts-sound\n",
	  "accept-del input tcp 10.0.0.1:80\n" },
	{ "the frame is gone: its accepts go without saying",
	  IN OUT "accepts-wanted\naccepts-sound\n", NULL, TEARDOWN },
	{ "what leads to them is gone", IN "accepts-wanted\naccepts-sound\n",
	  IN "accepts-present\n", TEARDOWN },
	{ "a frame of accepts that was never sound is no news",
	  IN "accepts-wanted\naccepts-present\n", IN "accepts-present\n", "" },
	{ "a frame that nobody wanted", IN "accepts-sound\n", NULL, "" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_table left = table_of(cases[i].left);
		struct ezlb_table actual = table_of(cases[i].actual);
		struct ezlb_service_key keys[] = { key_of("tcp", "10.0.0.1:80") };
		const struct ezlb_scope scope = { keys, COUNT_OF(keys), COUNT_OF(keys) };
		struct ezlb_plan drift = { 0 };
		char got[4096] = "", line[EZLB_OP_STRLEN];

		ezlb_reconcile_drift(&left, &actual, &scope, &drift);
		for (size_t k = 0; k < drift.len; k++) {
			assert_int_equal(drift.items[k].rc, EZLB_PENDING);
			strcat(strcat(got, ezlb_op_format(&drift.items[k], line)), "\n");
		}
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n%s", cases[i].name, got);
		ezlb_plan_clear(&drift);
		ezlb_table_clear(&left);
		ezlb_table_clear(&actual);
	}
}

struct layer {
	struct ezlb_layer layer; /* first: a layer is one of these */
	int rc;
	uint64_t print;
	const struct ezlb_scope *scope;
};

static int peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct layer *self = (struct layer *)layer;

	self->scope = scope;
	*print = self->print;
	return self->rc;
}

static void test_peek(void **state)
{
	struct layer layers[EZLB_LAYERS] = {
		{ .print = 7 }, { .print = 8, .rc = -EIO }, { .print = 9 }, { .print = 10 }
	};
	const struct ezlb_scope scope = { 0 };
	struct ezlb_dataplane dp;
	struct ezlb_prints prints;

	(void)state;
	for (int i = 0; i < EZLB_LAYERS; i++) {
		layers[i].layer.peek = peek;
		dp.layer[i] = &layers[i].layer;
	}
	ezlb_reconcile_peek(&dp, &scope, &prints);
	assert_int_equal(prints.layer[0], 7);
	assert_int_equal(prints.layer[1], EIO);
	assert_int_equal(prints.layer[2], 9);
	assert_int_equal(prints.layer[3], 10);
	for (int i = 0; i < EZLB_LAYERS; i++)
		assert_ptr_equal(layers[i].scope, &scope);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_peek),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
