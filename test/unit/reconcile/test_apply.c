// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_layers.h"

/* One full_nat service with two backends where nothing is. */
#define NEW                                                      \
	"service tcp 10.0.0.1:80 wrr\n"                          \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"          \
	"dest tcp 10.0.0.1:80 10.1.0.2:80 1 full_nat\n"          \
	"snat tcp 10.1.0.1:80 masq\nsnat tcp 10.1.0.2:80 masq\n" \
	"setting conntrack 1\nsetting forward 1\nwanted\n"
#define OLD                                                      \
	"service tcp 10.0.0.1:80 wrr\n"                          \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 1\n"                   \
	"dest tcp 10.0.0.1:80 10.1.0.2:80 1\n"                   \
	"snat tcp 10.1.0.1:80 masq\nsnat tcp 10.1.0.2:80 masq\n" \
	"setting conntrack 1\nsetting forward 1\nsound\n"
/* The weights change, so that every dest is set. */
#define SET                                                          \
	"service tcp 10.0.0.1:80 rr\n"                               \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 2 full_nat\n"              \
	"dest tcp 10.0.0.1:80 10.1.0.2:80 2 full_nat\n"              \
	"snat tcp 10.1.0.1:80 10.9.0.1\nsnat tcp 10.1.0.2:80 masq\n" \
	"setting conntrack 1\nsetting forward 1\nwanted\n"
/* One backend of two goes. */
#define LESS                                            \
	"service tcp 10.0.0.1:80 wrr\n"                 \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n" \
	"snat tcp 10.1.0.1:80 masq\n"                   \
	"setting conntrack 1\nsetting forward 1\nwanted\n"
#define PLAIN                                                               \
	"service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1\n" \
	"service tcp 10.0.0.2:80 wrr\ndest tcp 10.0.0.2:80 10.1.0.1:80 1\n"

/* One full_nat service, and what is around it. */
#define AROUND                                           \
	"service tcp 10.0.0.1:80 wrr\n"                  \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"  \
	"snat tcp 10.1.0.1:80 masq\n"                    \
	"accept input tcp 10.0.0.1:80\naccepts-wanted\n" \
	"link a0\nvip a0 10.0.0.1\nsetting arp_ignore 1\n"
/* An address that needs a dest of the service on it. */
#define ON  "need 10.0.0.1 tcp 10.0.0.1:80\n"
#define ONE "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 "
#define TWO_ON                                                                        \
	ONE "1\n" ON "need 10.0.0.1 tcp 10.0.0.1:81\nneed 10.0.0.9 tcp 10.0.0.9:80\n" \
	    "service tcp 10.0.0.1:81 wrr\ndest tcp 10.0.0.1:81 10.1.0.1:80 1\n"
/* A full_nat service of each family; its rules are there. */
#define BARE "snat tcp 10.1.0.1:80 masq\nsnat tcp [fd00:1::1]:80 masq\nsound\n"
#define BOTH                                                                           \
	"service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"   \
	"service tcp [fd00::1]:80 wrr\n"                                               \
	"dest tcp [fd00::1]:80 [fd00:1::1]:80 1 full_nat\n"                            \
	"snat tcp 10.1.0.1:80 masq\nsnat tcp [fd00:1::1]:80 masq\nwanted\n"            \
	"setting module 1\nsetting module6 1\nsetting forward 1\nsetting forward6 1\n" \
	"setting accept_ra:eth0 2\n"
/* The same service as AROUND, with TOA. */
#define TOA                                                                          \
	"service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n" \
	"snat tcp 10.1.0.1:80 masq\ntoa tcp 10.0.0.1:80 add 254\ntoa tcp 10.0.0.2:80 strip\nhook a0\n"
#define TOA_TRACE  "snat: snat-setup snat-add\ntoa: toa-setup\n"
#define TOA_ROWS   "toa: toa-add toa-add hook-add\n"
#define TOA_REST   "ipvs: service-add\nipvs: dest-add\n"
#define BOTH_REST  "ipvs: service-add service-add\n"
#define BOTH_TRACE "host: host-set host-set host-set host-set\nhost: host-set\n" BOTH_REST

#define NEW_TRACE "host: host-set host-set\nsnat: snat-setup snat-add snat-add\n"

static const struct {
	const char *name, *target, *actual;
	const char *bad_op; /* as in struct world */
	int no_list;	    /* the layer that could not be read, or -1 */
	int whole;	    /* the layer whose call whole_at fails as a whole, or -1 */
	unsigned whole_at;
	const char *trace;
	const char *rcs; /* a letter for each op: . done, h held, E -EIO, B -EBUSY */
} cases[] = {
	{ "nothing to do makes no call", NEW, OLD, NULL, -1, -1, 0, "", "" },
	{ "adds only: one call for each phase, one of them for SNAT", NEW, NULL, NULL, -1, -1, 0,
	  NEW_TRACE "ipvs: service-add\nipvs: dest-add dest-add\n", "........" },
	{ "all goes: dests, then the service, then SNAT", NULL, OLD, NULL, -1, -1, 0,
	  "ipvs: dest-del dest-del\nipvs: service-del\n"
	  "snat: snat-del snat-del snat-teardown\n",
	  "......" },
	{ "all is set", SET, OLD, NULL, -1, -1, 0,
	  "snat: snat-set\nipvs: service-set\nipvs: dest-set dest-set\n", "...." },
	/* Prerequisites. */
	{ "a dest waits for its service", PLAIN, NULL, "service-add tcp 10.0.0.1:80", -1, -1, 0,
	  "ipvs: service-add service-add\nipvs: dest-add\n", "B.h." },
	{ "dests wait for the settings", NEW, NULL, "host-set net.ipv4.vs.conntrack", -1, -1, 0,
	  NEW_TRACE "ipvs: service-add\n", "B.....hh" },
	{ "dests wait for the frame", NEW, NULL, "snat-setup", -1, -1, 0,
	  NEW_TRACE "ipvs: service-add\n", "..B...hh" },
	{ "a dest waits for its own rule only", NEW, NULL, "snat-add tcp 10.1.0.1:80", -1, -1, 0,
	  NEW_TRACE "ipvs: service-add\nipvs: dest-add\n", "...B..h." },
	{ "the set of a dest waits for the set of its rule", SET, OLD, "snat-set", -1, -1, 0,
	  "snat: snat-set\nipvs: service-set\nipvs: dest-set\n", "B.h." },
	{ "a failed set of a service holds nothing", SET, OLD, "service-set", -1, -1, 0,
	  "snat: snat-set\nipvs: service-set\nipvs: dest-set dest-set\n", ".B.." },
	{ "a dest without full_nat waits for no rule",
	  PLAIN "snat tcp 10.1.0.1:80 masq\nsetting forward 1\nwanted\n", NULL, "snat-setup", -1,
	  -1, 0,
	  "host: host-set\nsnat: snat-setup snat-add\nipvs: service-add service-add\n"
	  "ipvs: dest-add dest-add\n",
	  ".B....." },
	{ "a rule stays while its dest does", LESS, OLD, "dest-del", -1, -1, 0, "ipvs: dest-del\n",
	  "Bh" },
	{ "only that rule stays", NULL, OLD, "dest-del tcp 10.0.0.1:80 -> 10.1.0.2:80", -1, -1, 0,
	  "ipvs: dest-del dest-del\nipvs: service-del\nsnat: snat-del\n", ".B..hh" },
	/* Accepts and links: nothing waits for them, and they wait for nothing. */
	{ "all that is new, in its order", AROUND "wanted\n", NULL, NULL, -1, -1, 0,
	  "host: host-set link-add\nfirewall: firewall-setup accept-add\n"
	  "snat: snat-setup snat-add\nipvs: service-add\nipvs: dest-add\nhost: vip-add\n",
	  "........." },
	{ "and all that goes", NULL, AROUND "accepts-sound\nsound\n", NULL, -1, -1, 0,
	  "host: vip-del\nipvs: dest-del\nipvs: service-del\nsnat: snat-del snat-teardown\n"
	  "firewall: accept-del firewall-teardown\nhost: link-del\n",
	  "........" },
	{ "accepts that fail hold nothing", AROUND "wanted\n", NULL, NULL, -1, EZLB_LAYER_FIREWALL,
	  1,
	  "host: host-set link-add\nfirewall: firewall-setup accept-add\n"
	  "snat: snat-setup snat-add\nipvs: service-add\nipvs: dest-add\nhost: vip-add\n",
	  "..EE....." },
	{ "nor does a link", AROUND "wanted\n", NULL, "link-add", -1, -1, 0,
	  "host: host-set link-add\nfirewall: firewall-setup accept-add\n"
	  "snat: snat-setup snat-add\nipvs: service-add\nipvs: dest-add\nhost: vip-add\n",
	  ".B......." },
	{ "nor a setting that SNAT does not need", AROUND "wanted\n", NULL, "host-set", -1, -1, 0,
	  "host: host-set link-add\nfirewall: firewall-setup accept-add\n"
	  "snat: snat-setup snat-add\nipvs: service-add\nipvs: dest-add\nhost: vip-add\n",
	  "B........" },
	{ "a dest that lingers holds its rule, but neither accepts nor addresses", NULL,
	  AROUND "accepts-sound\nsound\n", "dest-del", -1, -1, 0,
	  "host: vip-del\nipvs: dest-del\nipvs: service-del\n"
	  "firewall: accept-del firewall-teardown\nhost: link-del\n",
	  ".B.hh..." },
	{ "a layer of dests that fails holds no address that does not ask for it",
	  AROUND "wanted\n", NULL, NULL, -1, EZLB_LAYER_IPVS, 2,
	  "host: host-set link-add\nfirewall: firewall-setup accept-add\n"
	  "snat: snat-setup snat-add\nipvs: service-add\nipvs: dest-add\nhost: vip-add\n",
	  ".......E." },
	/* An address that needs it waits for a dest of a service on it. */
	{ "one of two services on it is enough", TWO_ON "link a0\nvip a0 10.0.0.1\n", "link a0\n",
	  "dest-add tcp 10.0.0.1:80", -1, -1, 0,
	  "ipvs: service-add service-add\nipvs: dest-add dest-add\nhost: vip-add\n", "..B.." },
	{ "none of them", TWO_ON "link a0\nvip a0 10.0.0.1\n", "link a0\n", "dest-add", -1, -1, 0,
	  "ipvs: service-add service-add\nipvs: dest-add dest-add\n", "..BBh" },
	{ "no service at all", TWO_ON "link a0\nvip a0 10.0.0.1\n", "link a0\n", "service-add", -1,
	  -1, 0, "ipvs: service-add service-add\n", "BBhhh" },
	{ "a dest with weight 0 is not enough",
	  "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 0\n" ON
	  "vip a0 10.0.0.1\n",
	  NULL, NULL, -1, -1, 0, "ipvs: service-add\nipvs: dest-add\n", "..h" },
	{ "one that gets a weight is", ONE "1\n" ON "vip a0 10.0.0.1\n", ONE "0\n", NULL, -1, -1, 0,
	  "ipvs: dest-set\nhost: vip-add\n", ".." },
	{ "one that fails to get a weight is not", ONE "1\n" ON "vip a0 10.0.0.1\n", ONE "0\n",
	  "dest-set", -1, -1, 0, "ipvs: dest-set\n", "Bh" },
	{ "one that is there and stays is, whatever fails", ONE "2\n" ON "vip a0 10.0.0.1\n",
	  ONE "1\n", "dest-set", -1, -1, 0, "ipvs: dest-set\nhost: vip-add\n", "B." },
	{ "one that is there and goes is not",
	  "service tcp 10.0.0.1:80 wrr\n" ON "vip a0 10.0.0.1\n", ONE "1\n", NULL, -1, -1, 0,
	  "ipvs: dest-del\n", "h." },
	{ "what cannot be read is not enough", ONE "1\n" ON "vip a0 10.0.0.1\n", NULL, NULL,
	  EZLB_LAYER_IPVS, -1, 0, "", "Ehh" },
	/* From one link to the other. */
	{ "it is on the new link before it leaves the old one", ONE "1\nvip b0 10.0.0.1\n",
	  ONE "1\nvip a0 10.0.0.1\n", NULL, -1, -1, 0, "host: vip-add\nhost: vip-del\n", ".." },
	{ "it does not leave while it is not on the new one", ONE "1\nvip b0 10.0.0.1\n",
	  ONE "1\nvip a0 10.0.0.1\nvip a0 10.0.0.2\n", "vip-add", -1, -1, 0,
	  "host: vip-add\nhost: vip-del\n", "Bh." },
	{ "an address that cannot leave holds no dest", NULL, AROUND "accepts-sound\nsound\n",
	  "vip-del", -1, -1, 0,
	  "host: vip-del\nipvs: dest-del\nipvs: service-del\nsnat: snat-del snat-teardown\n"
	  "firewall: accept-del firewall-teardown\nhost: link-del\n",
	  "B......." },
	/* Rows and hooks of TOA wait for its program, and nothing waits for them. */
	{ "TOA is there before services and dests", TOA "wanted\ntoa-wanted\n", NULL, NULL, -1, -1,
	  0, TOA_TRACE TOA_ROWS TOA_REST, "........" },
	{ "and goes after them, the program last", NULL, TOA "sound\ntoa-sound\n", NULL, -1, -1, 0,
	  "ipvs: dest-del\nipvs: service-del\ntoa: toa-del toa-del hook-del toa-teardown\n"
	  "snat: snat-del snat-teardown\n",
	  "........" },
	{ "its program cannot be loaded", TOA "wanted\ntoa-wanted\n", NULL, "toa-setup", -1, -1, 0,
	  TOA_TRACE TOA_REST, "..Bhhh.." },
	{ "all of it fails", TOA "wanted\ntoa-wanted\n", NULL, NULL, -1, EZLB_LAYER_TOA, 1,
	  TOA_TRACE TOA_REST, "..Ehhh.." },
	{ "its rows fail", TOA "wanted\ntoa-wanted\n", NULL, NULL, -1, EZLB_LAYER_TOA, 2,
	  TOA_TRACE TOA_ROWS TOA_REST, "...EEE.." },
	{ "it could not be read", TOA "wanted\ntoa-wanted\n", NULL, NULL, EZLB_LAYER_TOA, -1, 0,
	  "snat: snat-setup snat-add\n" TOA_REST, "..Ehhh.." },
	{ "it lingers", NULL, TOA "sound\ntoa-sound\n", "toa-del", -1, -1, 0,
	  "ipvs: dest-del\nipvs: service-del\ntoa: toa-del toa-del hook-del toa-teardown\n"
	  "snat: snat-del snat-teardown\n",
	  "..BB...." },
	{ "a dest that lingers holds none of it", NULL, TOA "sound\ntoa-sound\n", "dest-del", -1,
	  -1, 0, "ipvs: dest-del\nipvs: service-del\ntoa: toa-del toa-del hook-del toa-teardown\n",
	  "B.....hh" },
	/* Settings of one family. */
	{ "IPv4 that is not forwarded holds dests of IPv4", BOTH, BARE, "host-set net.ipv4.ip_f",
	  -1, -1, 0, BOTH_TRACE "ipvs: dest-add\n", "..B....h." },
	{ "so does its module", BOTH, BARE, "host-set module ip_tables", -1, -1, 0,
	  BOTH_TRACE "ipvs: dest-add\n", "B......h." },
	{ "IPv6 that is not forwarded holds dests of IPv6", BOTH, BARE,
	  "host-set net.ipv6.conf.all", -1, -1, 0, BOTH_TRACE "ipvs: dest-add\n", "....B...h" },
	{ "so does its module", BOTH, BARE, "host-set module ip6_tables", -1, -1, 0,
	  BOTH_TRACE "ipvs: dest-add\n", ".B......h" },
	{ "accept_ra holds IPv6 forwarding, which holds dests of IPv6", BOTH, BARE,
	  "host-set net.ipv6.conf.eth0", -1, -1, 0,
	  "host: host-set host-set host-set host-set\n" BOTH_REST "ipvs: dest-add\n", "...Bh...h" },
	{ "conntrack holds both", BOTH "setting conntrack 1\n", BARE, "host-set net.ipv4.vs", -1,
	  -1, 0, "host: host-set host-set host-set host-set host-set\nhost: host-set\n" BOTH_REST,
	  "..B.....hh" },
	/* A layer that could not be read. */
	{ "SNAT not read: never written, dests held", NEW, NULL, NULL, EZLB_LAYER_SNAT, -1, 0,
	  "host: host-set host-set\nipvs: service-add\n", "..EEE.hh" },
	{ "host not read: never written, dests held", NEW, NULL, NULL, EZLB_LAYER_HOST, -1, 0,
	  "snat: snat-setup snat-add snat-add\nipvs: service-add\n", "EE....hh" },
	{ "IPVS not read: never written, SNAT only added to", NEW,
	  "snat tcp 10.1.0.9:80 masq\nsound\n", NULL, EZLB_LAYER_IPVS, -1, 0,
	  "host: host-set host-set\nsnat: snat-add snat-add\n", "....Ehhh" },
	{ "IPVS not read: the frame stays", NULL, "snat tcp 10.1.0.9:80 masq\nsound\n", NULL,
	  EZLB_LAYER_IPVS, -1, 0, "", "hh" },
	/* A layer that fails as a whole. */
	{ "SNAT fails: dests held", NEW, NULL, NULL, -1, EZLB_LAYER_SNAT, 1,
	  NEW_TRACE "ipvs: service-add\n", "..EEE.hh" },
	{ "SNAT failed to set: it is not called again to delete",
	  "service tcp 10.0.0.1:80 wrr\ndest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"
	  "snat tcp 10.1.0.1:80 10.9.0.1\nwanted\n",
	  OLD, NULL, -1, EZLB_LAYER_SNAT, 1, "snat: snat-set\nipvs: dest-del\n", "E.E" },
	{ "IPVS fails on services: no dest is tried", NEW, NULL, NULL, -1, EZLB_LAYER_IPVS, 1,
	  NEW_TRACE "ipvs: service-add\n", ".....Ehh" },
	{ "IPVS fails on dests: every rule and the frame stay", NULL, OLD, NULL, -1,
	  EZLB_LAYER_IPVS, 1, "ipvs: dest-del dest-del\n", "EEEhhh" },
	{ "IPVS fails on service-del: rules stay, though the dests are gone", NULL, OLD, NULL, -1,
	  EZLB_LAYER_IPVS, 2, "ipvs: dest-del dest-del\nipvs: service-del\n", "..Ehhh" },
};

/* The same where SNAT rows are for listeners. Two services, of which one goes and one is there
 * already. */
#define TWO                                                          \
	"service tcp 10.0.0.1:80 wrr\nservice tcp 10.0.0.2:80 wrr\n" \
	"dest tcp 10.0.0.1:80 10.1.0.1:80 1 full_nat\n"              \
	"dest tcp 10.0.0.1:80 10.1.0.2:80 1 full_nat\n"              \
	"dest tcp 10.0.0.2:80 10.1.0.1:80 1 full_nat\n"              \
	"snat-listener tcp 10.0.0.1:80 masq\nsnat-listener tcp 10.0.0.2:80 masq\n"
#define GO "service tcp 10.0.0.2:80 wrr\nsnat-listener tcp 10.0.0.2:80 masq\nwanted\n"

static const struct {
	const char *name, *target, *actual, *bad_op, *trace, *rcs;
} listener_cases[] = {
	{ "every dest of a service waits for its one rule", TWO "wanted\n", "sound\n",
	  "snat-add tcp 10.0.0.1:80",
	  "snat: snat-add snat-add\nipvs: service-add service-add\nipvs: dest-add\n", "B...hh." },
	{ "a rule stays while one of the service's dests does", GO, TWO "sound\n",
	  "dest-del tcp 10.0.0.1:80 -> 10.1.0.2:80",
	  "ipvs: dest-del dest-del dest-del\nipvs: service-del\n", ".B..h" },
	{ "and is no matter of another service with the same backend", GO, TWO "sound\n",
	  "dest-del tcp 10.0.0.2:80",
	  "ipvs: dest-del dest-del dest-del\nipvs: service-del\nsnat: snat-del\n", "..B.." },
};

/* Ops that come held, as their numbers; the rest as above. */
static const struct {
	const char *name, *target, *actual, *held, *trace, *rcs;
} held_cases[] = {
	{ "a service", PLAIN, NULL, "0", "ipvs: service-add\nipvs: dest-add\n", "h.h." },
	{ "a rule", NEW, NULL, "3",
	  "host: host-set host-set\nsnat: snat-setup snat-add\nipvs: service-add\nipvs: dest-add\n",
	  "...h..h." },
	{ "a dest on its way out", LESS, OLD, "0", "", "hh" },
	{ "all", PLAIN, NULL, "0123", "", "hhhh" },
};

static char letter(int rc)
{
	return rc == 0 ? '.' : rc == EZLB_HELD ? 'h' : rc == -EIO ? 'E' : rc == -EBUSY ? 'B' : '?';
}

static void run_case(size_t n)
{
	struct ezlb_table target = table_of(cases[n].target), actual = table_of(cases[n].actual);
	struct ezlb_layer_errs errs = { 0 };
	struct ezlb_plan plan = { 0 };
	struct world w;
	char rcs[64] = "";
	bool ok;

	world_init(&w);
	w.bad_op = cases[n].bad_op;
	if (cases[n].no_list >= 0)
		ezlb_err_set(&errs.layer[cases[n].no_list], EIO, "cannot read");
	if (cases[n].whole >= 0)
		w.fakes[cases[n].whole].whole_at = cases[n].whole_at;
	ezlb_reconcile_diff(&target, &actual, &plan);
	ok = ezlb_reconcile_apply(&w.dp, &plan, &errs);
	for (size_t i = 0; i < plan.len; i++)
		rcs[i] = letter(plan.items[i].rc);
	if (strcmp(w.trace, cases[n].trace) != 0 || strcmp(rcs, cases[n].rcs) != 0)
		fail_msg("%s: %s\n%s", cases[n].name, rcs, w.trace);
	assert_int_equal(ok, strspn(rcs, ".") == strlen(rcs));
	if (cases[n].no_list >= 0)
		assert_int_equal(w.fakes[cases[n].no_list].applies, 0);
	if (cases[n].whole >= 0)
		assert_string_equal(errs.layer[cases[n].whole].msg, "the lock was not to be had");
	ezlb_plan_clear(&plan);
	ezlb_table_clear(&target);
	ezlb_table_clear(&actual);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		run_case(i);
}

static void test_rows_for_listeners(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT_OF(listener_cases); n++) {
		struct ezlb_table target = table_of(listener_cases[n].target);
		struct ezlb_table actual = table_of(listener_cases[n].actual);
		struct ezlb_layer_errs errs = { 0 };
		struct ezlb_plan plan = { 0 };
		struct world w;
		char rcs[64] = "";

		world_init(&w);
		w.fakes[EZLB_LAYER_SNAT].layer.snat_key = EZLB_SNAT_KEY_LISTENER;
		w.bad_op = listener_cases[n].bad_op;
		ezlb_reconcile_diff(&target, &actual, &plan);
		assert_false(ezlb_reconcile_apply(&w.dp, &plan, &errs));
		for (size_t i = 0; i < plan.len; i++)
			rcs[i] = letter(plan.items[i].rc);
		if (strcmp(w.trace, listener_cases[n].trace) != 0 ||
		    strcmp(rcs, listener_cases[n].rcs) != 0)
			fail_msg("%s: %s\n%s", listener_cases[n].name, rcs, w.trace);
		ezlb_plan_clear(&plan);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
}

static void test_held_on_arrival(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT_OF(held_cases); n++) {
		struct ezlb_table target = table_of(held_cases[n].target);
		struct ezlb_table actual = table_of(held_cases[n].actual);
		struct ezlb_layer_errs errs = { 0 };
		struct ezlb_plan plan = { 0 };
		struct world w;
		char rcs[64] = "";

		world_init(&w);
		ezlb_reconcile_diff(&target, &actual, &plan);
		for (const char *p = held_cases[n].held; *p; p++)
			plan.items[*p - '0'].rc = EZLB_HELD;
		assert_false(ezlb_reconcile_apply(&w.dp, &plan, &errs));
		for (size_t i = 0; i < plan.len; i++)
			rcs[i] = letter(plan.items[i].rc);
		if (strcmp(w.trace, held_cases[n].trace) != 0 ||
		    strcmp(rcs, held_cases[n].rcs) != 0)
			fail_msg("%s: %s\n%s", held_cases[n].name, rcs, w.trace);
		ezlb_plan_clear(&plan);
		ezlb_table_clear(&target);
		ezlb_table_clear(&actual);
	}
}

static void test_a_layer_that_fails_without_a_word_gets_one(void **state)
{
	struct ezlb_table target = table_of("service tcp 10.0.0.1:80 wrr\n");
	struct ezlb_table actual = { .snat_wanted = false };
	struct ezlb_layer_errs errs = { 0 };
	struct ezlb_plan plan = { 0 };
	struct world w;

	(void)state;
	world_init(&w);
	w.fakes[EZLB_LAYER_IPVS].whole_at = 1;
	w.fakes[EZLB_LAYER_IPVS].apply_mute = true;
	ezlb_reconcile_diff(&target, &actual, &plan);
	assert_false(ezlb_reconcile_apply(&w.dp, &plan, &errs));
	assert_int_equal(errs.layer[EZLB_LAYER_IPVS].code, EIO);
	assert_string_equal(errs.layer[EZLB_LAYER_IPVS].msg, "cannot write: Input/output error");
	ezlb_plan_clear(&plan);
	ezlb_table_clear(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_rows_for_listeners),
		cmocka_unit_test(test_held_on_arrival),
		cmocka_unit_test(test_a_layer_that_fails_without_a_word_gets_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
