// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/ip_vs.h>

#include "plans.h"

#define A "10.1.0.1:80"
#define B "10.1.0.2:80"

/* One op on backend A of a service at 10.0.0.1:80, and the line that tells of it. */
static const struct {
	const char *name;
	const char *spec; /* NULL: no file asks for the service */
	enum ezlb_op_kind kind;
	bool checked; /* there is a verdict */
	enum ezlb_verdict verdict;
	bool probed;
	enum ezlb_outcome outcome;
	int code;
	const char *want;
} dests[] = {
	{ "without a check", "web tcp 10.0.0.1:80 " A, EZLB_OP_DEST_ADD, false, EZLB_UP, false, 0,
	  0, "weight 1  web.yaml:11\n" },
	{ "up", "web tcp 10.0.0.1:80 " B " " A, EZLB_OP_DEST_ADD, true, EZLB_UP, true, 0, 0,
	  "weight 1  web.yaml:12, backend is up\n" },
	{ "a change is not the probe's", "web tcp 10.0.0.1:80 " A, EZLB_OP_DEST_SET, true, EZLB_UP,
	  true, 0, 0, "  web.yaml:11\n" },
	{ "down", "web tcp 10.0.0.1:80 " A, EZLB_OP_DEST_DEL, true, EZLB_DOWN, true,
	  EZLB_PROBE_TIMEOUT, 0, "  web.yaml:11, backend is down: timeout\n" },
	{ "down, with a status", "web tcp 10.0.0.1:80 " A, EZLB_OP_DEST_DEL, true, EZLB_DOWN, true,
	  EZLB_PROBE_HTTP_STATUS, 503, "  web.yaml:11, backend is down: http_status 503\n" },
	{ "down, nobody knows why", "web tcp 10.0.0.1:80 " A, EZLB_OP_DEST_DEL, true, EZLB_DOWN,
	  false, EZLB_PROBE_OK, 0, "  web.yaml:11, backend is down\n" },
	{ "not in the file any more", "web tcp 10.0.0.1:80 " B, EZLB_OP_DEST_DEL, false, EZLB_UP,
	  false, 0, 0, "  no file asks for it any more\n" },
	{ "its service is in no file", NULL, EZLB_OP_DEST_DEL, false, EZLB_UP, false, 0, 0,
	  "of tcp 10.0.0.1:80  its service is removed\n" },
	{ "the same address with another protocol", "web udp 10.0.0.1:80 " A, EZLB_OP_DEST_DEL,
	  false, EZLB_UP, false, 0, 0, "of tcp 10.0.0.1:80  its service is removed\n" },
};

static void test_dests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(dests); i++) {
		struct scene *scene = scene_open();

		print_message("%s\n", dests[i].name);
		if (dests[i].spec)
			add_spec(scene, "/d/web.yaml", dests[i].spec);
		if (dests[i].checked) {
			struct ezlb_verdict_row *row = add_verdict(scene, "web", A,
								   dests[i].verdict);

			row->probed = dests[i].probed;
			row->outcome = dests[i].outcome;
			row->code = dests[i].code;
		}
		add_dest(scene, dests[i].kind, "10.0.0.1:80", A);
		assert_says(scene, dests[i].want);
		scene_close(scene);
	}
}

/* Rows of source NAT that name the backend: who is asked, and what the reason is. */
static const struct {
	const char *name;
	const char *api, *web; /* NULL: there is no such service */
	enum ezlb_op_kind kind;
	const char *dest_del; /* another op: the backend is taken out of this listener */
	const char *want;
} by_backend[] = {
	{ "a service asks for it", NULL, "web tcp 10.0.0.1:80 snat=10.0.0.3 " A, EZLB_OP_SNAT_ADD,
	  NULL, "web  tcp 10.0.0.1:80\n  + snat 10.0.0.3 for " A "  web.yaml:11\n" },
	{ "two do: it is the first one's", "api tcp 10.0.0.2:80 snat=10.0.0.3 " A,
	  "web tcp 10.0.0.1:80 snat=10.0.0.3 " A, EZLB_OP_SNAT_ADD, NULL,
	  "api  tcp 10.0.0.2:80\n" },
	{ "who has no full_nat does not ask", "api tcp 10.0.0.2:80 " A,
	  "web tcp 10.0.0.1:80 snat=10.0.0.3 " A, EZLB_OP_SNAT_ADD, NULL,
	  "web  tcp 10.0.0.1:80\n" },
	{ "another protocol does not count", "api udp 10.0.0.2:80 snat=10.0.0.3 " A, NULL,
	  EZLB_OP_SNAT_DEL, NULL, "not in any file\n" },
	{ "full_nat is switched off", NULL, "web tcp 10.0.0.1:80 " A, EZLB_OP_SNAT_DEL, NULL,
	  "web  tcp 10.0.0.1:80\n  - snat 10.0.0.3 for " A "  full_nat is off\n" },
	{ "its backend is taken out", NULL, "web tcp 10.0.0.1:80 snat=10.0.0.3 " B,
	  EZLB_OP_SNAT_DEL, "10.0.0.1:80",
	  "  - snat 10.0.0.3 for " A "  its backend is removed\n" },
	{ "its service is removed", NULL, NULL, EZLB_OP_SNAT_DEL, "10.0.0.1:80",
	  "  - snat 10.0.0.3 for " A "           its service is removed\n" },
	{ "one service goes, another drops it", NULL, "web tcp 10.0.0.1:80 snat=10.0.0.3 " B,
	  EZLB_OP_SNAT_DEL, "10.0.0.9:80 10.0.0.1:80", "its backend is removed\n" },
	{ "nobody knows it", NULL, NULL, EZLB_OP_SNAT_DEL, NULL,
	  "not in any file\n  - snat 10.0.0.3 for " A "  no file asks for it any more\n" },
};

static void test_snat_by_backend(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(by_backend); i++) {
		EZLB_AUTO_FREE char *listens =
			ezlb_strdup(by_backend[i].dest_del ? by_backend[i].dest_del : "");
		struct scene *scene = scene_open();

		print_message("%s\n", by_backend[i].name);
		if (by_backend[i].api)
			add_spec(scene, "/d/api.yaml", by_backend[i].api);
		if (by_backend[i].web)
			add_spec(scene, "/d/web.yaml", by_backend[i].web);
		for (char *save = NULL, *one = strtok_r(listens, " ", &save); one;
		     one = strtok_r(NULL, " ", &save))
			add_dest(scene, EZLB_OP_DEST_DEL, one, A);
		add_snat(scene, by_backend[i].kind, A, "10.0.0.3");
		assert_says(scene, by_backend[i].want);
		scene_close(scene);
	}
}

/* A verdict is why a backend comes or goes, not why its source address changes. */
static void test_snat_and_verdict(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 snat=10.0.0.3 " A " " B);
	add_verdict(scene, "web", A, EZLB_UP);
	add_verdict(scene, "web", B, EZLB_UP);
	add_snat(scene, EZLB_OP_SNAT_ADD, A, "10.0.0.3");
	add_snat(scene, EZLB_OP_SNAT_SET, B, "10.0.0.3");
	assert_says(scene,
		    "  + snat 10.0.0.3 for " A "                web.yaml:11, backend is up\n");
	assert_says(scene, "  ~ snat masquerade -> 10.0.0.3 for " B "  web.yaml:12\n");
	scene_close(scene);
}

static const struct {
	const char *name, *spec;
	enum ezlb_op_kind kind;
	const char *to; /* NULL: masquerade */
	const char *want;
} for_listeners[] = {
	{ "asked for", "web tcp 10.0.0.1:80 snat=10.0.0.3 " A, EZLB_OP_SNAT_ADD, "10.0.0.3",
	  "web  tcp 10.0.0.1:80\n  + snat 10.0.0.3  web.yaml:4\n" },
	{ "changed", "web tcp 10.0.0.1:80 snat=10.0.0.3 " A, EZLB_OP_SNAT_SET, "10.0.0.3",
	  "  ~ snat masquerade -> 10.0.0.3  web.yaml:4\n" },
	{ "no longer asked for", "web tcp 10.0.0.1:80 " A, EZLB_OP_SNAT_DEL, NULL,
	  "  - snat masquerade  full_nat is off\n" },
	{ "its service is removed", NULL, EZLB_OP_SNAT_DEL, "10.0.0.3-10.0.0.6",
	  "not in any file\n  - snat 10.0.0.3-10.0.0.6 of tcp 10.0.0.1:80  its service is removed\n" },
};

static void test_snat_for_listeners(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(for_listeners); i++) {
		struct scene *scene = scene_open();

		print_message("%s\n", for_listeners[i].name);
		if (for_listeners[i].spec)
			add_spec(scene, "/d/web.yaml", for_listeners[i].spec)->snat_ip_at.line = 4;
		add_snat(scene, for_listeners[i].kind, "10.0.0.1:80", for_listeners[i].to)
			->snat.key.kind = EZLB_SNAT_KEY_LISTENER;
		assert_says(scene, for_listeners[i].want);
		scene_close(scene);
	}
}

/* Without a place of its own it is the listener's. */
static void test_snat_without_place(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 snat=masq " A);
	add_snat(scene, EZLB_OP_SNAT_ADD, "10.0.0.1:80", NULL)->snat.key.kind =
		EZLB_SNAT_KEY_LISTENER;
	assert_says(scene, "  + snat masquerade  web.yaml:2\n");
	scene_close(scene);
}

static const struct {
	enum ezlb_setting setting;
	int was;
	const char *want;
} settings[] = {
	{ EZLB_IP_TABLES, 0, "  + module ip_tables  full_nat needs it\n" },
	{ EZLB_IP6_TABLES, -1, "  + module ip6_tables  full_nat needs it\n" },
	{ EZLB_VS_CONNTRACK, -1, "  + net.ipv4.vs.conntrack = 1  full_nat needs it\n" },
	{ EZLB_VS_EXPIRE_NODEST, 0,
	  "  ~ net.ipv4.vs.expire_nodest_conn 0 -> 1  udp services need it\n" },
	{ EZLB_TCP_LIBERAL, 0,
	  "  ~ net.netfilter.nf_conntrack_tcp_be_liberal 0 -> 1  full_nat needs it for tcp\n" },
	{ EZLB_VS_EXPIRE_QUIESCENT, 0,
	  "  ~ net.ipv4.vs.expire_quiescent_template 0 -> 1  persistence needs it\n" },
	{ EZLB_ACCEPT_RA, 0, "its default route would be lost with forwarding on\n" },
	{ EZLB_IP_FORWARD, 0, "  ~ net.ipv4.ip_forward 0 -> 1  full_nat needs it\n" },
	{ EZLB_IP6_FORWARD, 0, "full_nat needs it\n" },
	{ EZLB_ARP_IGNORE, 0, "--vip-device needs it\n" },
	{ EZLB_ARP_ANNOUNCE, 0, "--vip-device needs it\n" },
	{ EZLB_SLOPPY_TCP, 0,
	  "  ~ net.ipv4.vs.sloppy_tcp 0 -> 1  scheduler mh needs it when another balancer takes "
	  "over\n" },
	{ EZLB_SLOPPY_SCTP, 0, "scheduler mh needs it when another balancer takes over\n" },
	{ EZLB_CT_EVENTS, 0, "connection_log needs it\n" },
	{ EZLB_CT_ACCT, 0,
	  "  ~ net.netfilter.nf_conntrack_acct 0 -> 1  connection_log needs it\n" },
	{ EZLB_CT_TIMESTAMP, 0, "connection_log needs it\n" },
};

static void test_settings(void **state)
{
	_Static_assert(COUNT_OF(settings) == EZLB_SETTINGS, "each has a reason");
	(void)state;
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct scene *scene = scene_open();

		add_setting(scene, EZLB_OP_HOST_SET, settings[i].setting, settings[i].was);
		assert_says(scene, "host\n");
		assert_says(scene, settings[i].want);
		scene_close(scene);
	}
}

/* Ops that are all kind. */
static const struct {
	enum ezlb_op_kind kind;
	bool nftables, old;
	const char *want;
} frames[] = {
	{ EZLB_OP_LINK_ADD, false, false, "  + link   --vip-device keeps addresses on it\n" },
	{ EZLB_OP_LINK_DEL, false, false, "  - link   no address of ezlb is left on it\n" },
	{ EZLB_OP_FIREWALL_SETUP, false, false,
	  "  + chains EZLB-INPUT and EZLB-FORWARD  a filter on this host drops packets\n" },
	{ EZLB_OP_FIREWALL_TEARDOWN, false, false,
	  "  - chains EZLB-INPUT and EZLB-FORWARD  no service needs it any more\n" },
	{ EZLB_OP_SNAT_SETUP, false, false, "  + chain EZLB-SNAT  full_nat needs it\n" },
	{ EZLB_OP_SNAT_SETUP, true, false, "  + nftables table ezlb  full_nat needs it\n" },
	{ EZLB_OP_SNAT_TEARDOWN, false, false,
	  "  - chain EZLB-SNAT  no file asks for full_nat any more\n" },
	{ EZLB_OP_SNAT_TEARDOWN, true, true,
	  "  - chain EZLB-SNAT  source NAT is done by nftables now\n" },
	{ EZLB_OP_SNAT_TEARDOWN, false, true,
	  "  - nftables table ezlb  source NAT is done by iptables now\n" },
	{ EZLB_OP_HOST_RESET, false, false,
	  "  + module ip_tables  restores the state before ezlb\n" },
};

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		struct scene *scene = scene_open();

		print_message("%s\n", frames[i].want);
		scene->preview.snat_key = frames[i].nftables ? EZLB_SNAT_KEY_LISTENER
							     : EZLB_SNAT_KEY_BACKEND;
		ezlb_plan_add(frames[i].old ? &scene->old : &scene->plan, frames[i].kind);
		assert_says(scene, "host\n");
		/* A reset is a change of a value, and modules have none. */
		assert_says(scene, frames[i].want + (frames[i].kind == EZLB_OP_HOST_RESET ? 4 : 0));
		scene_close(scene);
	}
}

static void test_reset(void **state)
{
	struct scene *scene = scene_open();
	struct ezlb_op *op = add_setting(scene, EZLB_OP_HOST_RESET, EZLB_IP_FORWARD, 1);

	(void)state;
	op->setting.value = 0;
	assert_says(scene, "  ~ net.ipv4.ip_forward 1 -> 0  restores the state before ezlb\n");
	scene_close(scene);
}

static void test_timeouts(void **state)
{
	struct scene *scene = scene_open();
	struct ezlb_op *op = ezlb_plan_add(&scene->plan, EZLB_OP_TIMEOUT_SET);

	(void)state;
	op->timeout = (struct ezlb_timeout_row){ EZLB_TIMEOUT_TCP, 3600 };
	op->old_timeout = (struct ezlb_timeout_row){ EZLB_TIMEOUT_TCP, 900 };
	op = ezlb_plan_add(&scene->plan, EZLB_OP_TIMEOUT_RESET);
	op->timeout = (struct ezlb_timeout_row){ EZLB_TIMEOUT_UDP, 300 };
	op->old_timeout = (struct ezlb_timeout_row){ EZLB_TIMEOUT_UDP, 60 };
	assert_says(scene, "  ~ ipvs timeout tcp 900s -> 3600s  --ipvs-timeout-tcp\n");
	assert_says(scene, "  ~ ipvs timeout udp 60s -> 300s    restores the state before ezlb\n");
	scene_close(scene);
}

static void test_syncs(void **state)
{
	const struct ezlb_sync_row master = { EZLB_SYNC_MASTER, "eth1", 1, false };
	struct scene *scene = scene_open();
	struct ezlb_op *op = ezlb_plan_add(&scene->plan, EZLB_OP_SYNC_ADD);

	(void)state;
	op->sync = master;
	op = ezlb_plan_add(&scene->plan, EZLB_OP_SYNC_SET);
	op->sync = op->old_sync = master;
	op->old_sync.id = 2;
	op = ezlb_plan_add(&scene->plan, EZLB_OP_SYNC_SET);
	op->sync = op->old_sync = master;
	op->old_sync.stale = true;
	op = ezlb_plan_add(&scene->plan, EZLB_OP_SYNC_DEL);
	op->sync = master;
	assert_says(scene, "host\n");
#define DAEMON "ipvs sync daemon master on eth1, id "
	assert_says(scene, "  + " DAEMON "1  --sync-interface\n");
	assert_says(scene, "  ~ " DAEMON "2 -> master on eth1, id 1  --sync-interface\n");
	assert_says(scene, "  ~ " DAEMON "1  its interface was replaced\n");
	assert_says(scene, "  - " DAEMON "1  there is no --sync-interface any more\n");
	scene_close(scene);
}

static void test_accepts(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 " A);
	ezlb_plan_add(&scene->plan, EZLB_OP_ACCEPT_ADD)->accept.service.listen =
		ep_of("10.0.0.1:80");
	ezlb_plan_add(&scene->plan, EZLB_OP_ACCEPT_DEL)->accept.service.listen =
		ep_of("10.0.0.1:80");
	ezlb_plan_add(&scene->plan, EZLB_OP_ACCEPT_DEL)->accept.service.listen =
		ep_of("10.0.0.9:80");
	assert_says(scene, "  + accept in filter input                     a filter on this host");
	assert_says(scene, "  - accept in filter input                     it is not needed any");
	assert_says(scene,
		    "  - accept in filter input of tcp 10.0.0.9:80  its service is removed\n");
	scene_close(scene);
}

/* What changes is named, one by one. */
static void test_client_addresses(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/api.yaml", "api tcp 10.0.0.2:80 snat=masq " A);
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 snat=masq toa " A);
	ezlb_plan_add(&scene->plan, EZLB_OP_TOA_SETUP);
	add_toa(scene, EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD);
	add_toa(scene, EZLB_OP_TOA_SET, "10.0.0.2:80", EZLB_TOA_STRIP)->old_toa.mode = EZLB_TOA_ADD;
	add_hook(scene, EZLB_OP_HOOK_ADD, "eth0");
	add_toa(scene, EZLB_OP_TOA_DEL, "10.0.0.3:80", EZLB_TOA_STRIP);
	add_hook(scene, EZLB_OP_HOOK_DEL, "eth1");
	assert_text(scene,
		    "api  tcp 10.0.0.2:80\n"
		    "  ~ TOA option, mode add -> strip    "
		    "another service has client_address: toa\n\n"
		    "web  tcp 10.0.0.1:80\n"
		    "  + TOA option, mode add             web.yaml:7, client_address: toa\n\n"
		    "host\n"
		    "  + tc program for client addresses  client_address: toa needs it\n"
		    "  + tc program on eth0               packets to backends leave here\n"
		    "  - tc program on eth1               "
		    "no packets to backends leave here any more\n\n"
		    "not in any file\n"
		    "  - TOA option of tcp 10.0.0.3:80    its service is removed\n\n"
		    "Plan: 3 to add, 1 to change, 2 to remove.\n");
	scene_close(scene);
}

static void test_client_addresses_go(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/d/api.yaml", "api tcp 10.0.0.2:80 " A);
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 snat=masq " A);
	add_toa(scene, EZLB_OP_TOA_DEL, "10.0.0.1:80", EZLB_TOA_ADD);
	add_toa(scene, EZLB_OP_TOA_DEL, "10.0.0.2:80", EZLB_TOA_STRIP);
	add_hook(scene, EZLB_OP_HOOK_DEL, "eth1");
	ezlb_plan_add(&scene->plan, EZLB_OP_TOA_TEARDOWN);
	assert_text(scene, "api  tcp 10.0.0.2:80\n"
			   "  - TOA option                       full_nat is off\n\n"
			   "web  tcp 10.0.0.1:80\n"
			   "  - TOA option                       "
			   "no file has client_address: toa any more\n\n"
			   "host\n"
			   "  - tc program on eth1               "
			   "no file has client_address: toa any more\n"
			   "  - tc program for client addresses  "
			   "no file has client_address: toa any more\n\n"
			   "Plan: 0 to add, 0 to change, 4 to remove.\n");
	scene_close(scene);
}

static void test_changes(void **state)
{
	struct scene *scene = scene_open();
	struct ezlb_op *op;

	(void)state;
	add_spec(scene, "/d/web.yaml", "web tcp 10.0.0.1:80 " A " " B);
	op = add_service(scene, EZLB_OP_SERVICE_SET, "10.0.0.1:80");
	op->service.flags = IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_SCHED1;
	op->service.timeout = 300;
	op->service.netmask = htonl(0xffffff00);
	op = add_dest(scene, EZLB_OP_DEST_SET, "10.0.0.1:80", A);
	op->dest.forward = EZLB_DIRECT;
	op->dest.upper = 9;
	op = add_dest(scene, EZLB_OP_DEST_ADD, "10.0.0.1:80", B);
	op->dest.forward = EZLB_TUNNEL;
	op->dest.tunnel = (struct ezlb_tunnel){ .type = EZLB_TUNNEL_GUE, .port = 6080 };
	assert_says(scene,
		    "tcp 10.0.0.1:80, scheduler_flags none -> flag-1, persistence none -> 300s, "
		    "netmask /32 -> /24  web.yaml:2\n");
	assert_says(scene, "backend " A ", upper_threshold 0 -> 9, masq -> direct  ");
	assert_says(scene, "backend " B ", weight 1, tunnel gue port 6080  ");
	scene_close(scene);
}

/* Files of one name in two directories are told apart. */
static void test_same_file_name(void **state)
{
	struct scene *scene = scene_open();

	(void)state;
	add_spec(scene, "/a/web.yaml", "one tcp 10.0.0.1:80 " A);
	add_spec(scene, "/b/web.yaml", "two tcp 10.0.0.2:80 " A);
	add_spec(scene, "/b/wec.yaml", "six tcp 10.0.0.3:80 " A);
	add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.1:80");
	add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.2:80");
	add_service(scene, EZLB_OP_SERVICE_ADD, "10.0.0.3:80");
	assert_says(scene, "  /a/web.yaml:2\n");
	assert_says(scene, "  /b/web.yaml:2\n");
	assert_says(scene, "  wec.yaml:2\n");
	scene_close(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dests),
		cmocka_unit_test(test_snat_by_backend),
		cmocka_unit_test(test_snat_and_verdict),
		cmocka_unit_test(test_snat_for_listeners),
		cmocka_unit_test(test_snat_without_place),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_syncs),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_client_addresses),
		cmocka_unit_test(test_client_addresses_go),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_same_file_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
