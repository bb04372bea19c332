// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>

#include <ezlb/layer.h>
#include <ezlb/plan.h>

static struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static struct ezlb_service_row service(const char *scheduler)
{
	struct ezlb_service_row row = { .key = { EZLB_TCP, ep("10.0.0.1:80") }, .netmask = ~0u };

	ezlb_strcpy(row.scheduler, sizeof(row.scheduler), scheduler);
	return row;
}

static struct ezlb_dest_row dest(enum ezlb_forward forward, uint32_t weight)
{
	return (struct ezlb_dest_row){ .service = { EZLB_UDP, ep("[fd00::1]:53") },
				       .endpoint = ep("[fd00::2]:5353"),
				       .forward = forward,
				       .weight = weight };
}

static struct ezlb_snat_row snat(const char *to)
{
	struct ezlb_snat_row row = { .key.proto = EZLB_TCP, .key.endpoint = ep("10.1.0.1:80") };

	assert_int_equal(to ? ezlb_range_parse(to, &row.to, NULL) : 0, 0);
	return row;
}

static void check_format(const struct ezlb_op *op, const char *want)
{
	char buf[EZLB_OP_STRLEN];

	assert_string_equal(ezlb_op_format(op, buf), want);
}

static void test_format_host(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_HOST_SET, .setting = { EZLB_VS_CONNTRACK, "", 1 } };

	(void)state;
	check_format(&op, "host-set net.ipv4.vs.conntrack = 1 (was 0)");
	op.setting.setting = EZLB_IP_FORWARD;
	op.old_setting.value = -1;
	check_format(&op, "host-set net.ipv4.ip_forward = 1");
	op = (struct ezlb_op){ .kind = EZLB_OP_HOST_RESET,
			       .setting = { EZLB_ACCEPT_RA, "eth0", 1 },
			       .old_setting = { .value = 2 } };
	check_format(&op, "host-reset net.ipv6.conf.eth0.accept_ra = 1 (was 2)");
}

static void test_format_timeouts(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_TIMEOUT_SET,
			      .timeout = { EZLB_TIMEOUT_TCPFIN, 30 },
			      .old_timeout = { EZLB_TIMEOUT_TCPFIN, 120 } };

	(void)state;
	check_format(&op, "timeout-set tcpfin 30s (was 120s)");
	op.old_timeout.seconds = 0;
	check_format(&op, "timeout-set tcpfin 30s");
	op.kind = EZLB_OP_TIMEOUT_RESET;
	check_format(&op, "timeout-reset tcpfin 30s");
}

static void test_format_syncs(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_SYNC_ADD,
			      .sync = { EZLB_SYNC_MASTER, "eth1", 1, false },
			      .old_sync = { EZLB_SYNC_MASTER, "eth0", 255, false } };

	(void)state;
	check_format(&op, "sync-add master on eth1, id 1");
	op.kind = EZLB_OP_SYNC_DEL;
	check_format(&op, "sync-del master on eth1, id 1");
	op.kind = EZLB_OP_SYNC_SET;
	check_format(&op, "sync-set master on eth1, id 1 (was master on eth0, id 255)");
	op.old_sync.stale = true;
	check_format(&op, "sync-set master on eth1, id 1 (its interface was replaced)");
}

static const struct {
	enum ezlb_op_kind kind;
	int rc;
	const char *want;
} sync_reasons[] = {
	{ EZLB_OP_SYNC_ADD, -ENODEV, "there is no interface eth1" },
	{ EZLB_OP_SYNC_SET, -ENETUNREACH, "the interface eth1 is down" },
	{ EZLB_OP_SYNC_ADD, -EEXIST, "another program started a sync daemon at the same time" },
	{ EZLB_OP_SYNC_ADD, -EINVAL,
	  "the kernel allows none beside a service whose backends have another address family" },
	{ EZLB_OP_SYNC_ADD, -EPERM, "not permitted: run as root with CAP_NET_ADMIN" },
	{ EZLB_OP_SYNC_DEL, -ENODEV, "No such device" },
};

static void test_explain_syncs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sync_reasons); i++) {
		const struct ezlb_op op = { .kind = sync_reasons[i].kind,
					    .rc = sync_reasons[i].rc,
					    .sync = { EZLB_SYNC_BACKUP, "eth1", 1, false } };
		char buf[EZLB_OP_STRLEN];

		assert_string_equal(ezlb_op_explain(&op, buf), sync_reasons[i].want);
	}
}

static void test_format_around(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_LINK_ADD, .link = { "ezlb0" } };

	(void)state;
	check_format(&op, "link-add ezlb0");
	op.kind = EZLB_OP_LINK_DEL;
	check_format(&op, "link-del ezlb0");
	op.vip = (struct ezlb_vip_row){ "ezlb0", ep("[fd00::1]:1").addr };
	op.kind = EZLB_OP_VIP_ADD;
	check_format(&op, "vip-add fd00::1 on ezlb0");
	op.kind = EZLB_OP_VIP_DEL;
	check_format(&op, "vip-del fd00::1 on ezlb0");
	op.mark = (struct ezlb_mark_row){ .service.fwmark = 7,
					  .first = ep("10.0.0.1:5000"),
					  .last_port = 5100 };
	op.kind = EZLB_OP_MARK_ADD;
	check_format(&op, "mark-add tcp 10.0.0.1:5000-5100 fwmark 7");
	op.mark = (struct ezlb_mark_row){ .last_port = 0 };
	op.kind = EZLB_OP_MARK_DEL;
	check_format(&op, "mark-del what is not ezlb's in its table of marks");
	op.guard = (struct ezlb_guard_row){ .addr = ep("[fd00::1]:1").addr };
	op.kind = EZLB_OP_GUARD_ADD;
	check_format(&op, "guard-add fd00::1");
	op.guard = (struct ezlb_guard_row){ .by_dest = false };
	op.kind = EZLB_OP_GUARD_DEL;
	check_format(&op, "guard-del what is not ezlb's in its table of guarded addresses");
	op.accept = (struct ezlb_accept_row){ EZLB_GATE_FORWARD,
					      { EZLB_UDP, ep("10.0.0.1:53"), 0 } };
	op.kind = EZLB_OP_ACCEPT_ADD;
	check_format(&op, "accept-add forward udp 10.0.0.1:53");
	op.kind = EZLB_OP_ACCEPT_DEL;
	check_format(&op, "accept-del forward udp 10.0.0.1:53");
	op.kind = EZLB_OP_FIREWALL_SETUP;
	check_format(&op,
		     "firewall-setup chains EZLB-INPUT and EZLB-FORWARD and the jumps to them");
	op.kind = EZLB_OP_FIREWALL_TEARDOWN;
	check_format(&op,
		     "firewall-teardown chains EZLB-INPUT and EZLB-FORWARD and the jumps to them");
}

static void test_format_toa(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_TOA_ADD,
			      .toa = { { EZLB_TCP, ep("10.0.0.1:80"), 0 }, EZLB_TOA_ADD, 254 } };

	(void)state;
	check_format(&op, "toa-add tcp 10.0.0.1:80 mode add");
	op.toa.ipv6_kind = 253;
	check_format(&op, "toa-add tcp 10.0.0.1:80 mode add toa_ipv6_kind 253");
	op.kind = EZLB_OP_TOA_SET;
	op.old_toa = op.toa;
	op.old_toa.ipv6_kind = 254;
	check_format(&op, "toa-set tcp 10.0.0.1:80 mode add toa_ipv6_kind 253 (was 254)");
	op.old_toa.mode = op.toa.mode = EZLB_TOA_STRIP;
	op.old_toa.mode = EZLB_TOA_ADD;
	check_format(&op, "toa-set tcp 10.0.0.1:80 mode strip (was add)");
	op.kind = EZLB_OP_TOA_DEL;
	check_format(&op, "toa-del tcp 10.0.0.1:80");
	op = (struct ezlb_op){ .kind = EZLB_OP_HOOK_ADD, .hook = { "eth0", true } };
	check_format(&op, "hook-add eth0");
	op.kind = EZLB_OP_HOOK_DEL;
	check_format(&op, "hook-del eth0");
	op.kind = EZLB_OP_TOA_SETUP;
	check_format(&op, "toa-setup tc program for client addresses");
	op.kind = EZLB_OP_TOA_TEARDOWN;
	check_format(&op, "toa-teardown tc program for client addresses");
}

static void test_format_service(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_SERVICE_ADD, .service = service("wrr") };

	(void)state;
	check_format(&op, "service-add tcp 10.0.0.1:80 scheduler wrr");
	op.kind = EZLB_OP_SERVICE_DEL;
	check_format(&op, "service-del tcp 10.0.0.1:80");
	op.kind = EZLB_OP_SERVICE_SET;
	op.old_service = service("rr");
	check_format(&op, "service-set tcp 10.0.0.1:80 scheduler wrr (was rr)");
	op.old_service = service("wrr");
	check_format(&op, "service-set tcp 10.0.0.1:80 scheduler wrr");
}

static const struct {
	const char *name, *scheduler;
	uint32_t flags, timeout, netmask;
	const char *engine, *want, *changed;
} attributes[] = {
	{ "nothing special", "wrr", 0, 0, ~0u, "", "", "" },
	{ "persistence", "wrr", IP_VS_SVC_F_PERSISTENT, 300, ~0u, "", " persistence 300s",
	  " persistence 300s (was none)" },
	{ "a network", "wrr", IP_VS_SVC_F_PERSISTENT, 60, 24, "", " persistence 60s netmask /24",
	  " persistence 60s (was none) netmask /24 (was /32)" },
	{ "a mask with gaps", "wrr", 0, 0, 99, "", " netmask 255.0.255.0",
	  " netmask 255.0.255.0 (was /32)" },
	{ "an engine", "wrr", IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_ONEPACKET, 1, ~0u, "sip",
	  " persistence 1s engine sip one_packet true",
	  " persistence 1s (was none) engine sip (was none) one_packet true (was false)" },
	{ "flags of sh", "sh", IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED2, 0, ~0u, "",
	  " scheduler_flags sh-fallback,sh-port",
	  " scheduler_flags sh-fallback,sh-port (was none)" },
	{ "flags of mh", "mh", IP_VS_SVC_F_SCHED2, 0, ~0u, "", " scheduler_flags mh-port",
	  " scheduler_flags mh-port (was none)" },
	{ "flags of no meaning", "rr", IP_VS_SVC_F_SCHED1 | IP_VS_SVC_F_SCHED3, 0, ~0u, "",
	  " scheduler_flags flag-1,flag-3", " scheduler_flags flag-1,flag-3 (was none)" },
};

static uint32_t mask_of(uint32_t netmask)
{
	if (netmask == 99)
		return htonl(0xff00ff00);
	return netmask == ~0u ? ~0u : htonl(~0u << (32 - netmask));
}

static void test_format_attributes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(attributes); i++) {
		struct ezlb_op op = { .kind = EZLB_OP_SERVICE_ADD,
				      .service = service(attributes[i].scheduler) };
		char want[EZLB_OP_STRLEN];

		print_message("%s\n", attributes[i].name);
		op.service.flags = attributes[i].flags;
		op.service.timeout = attributes[i].timeout;
		op.service.netmask = mask_of(attributes[i].netmask);
		ezlb_strcpy(op.service.engine, sizeof(op.service.engine), attributes[i].engine);
		snprintf(want, sizeof(want), "service-add tcp 10.0.0.1:80 scheduler %s%s",
			 attributes[i].scheduler, attributes[i].want);
		check_format(&op, want);
		op.kind = EZLB_OP_SERVICE_SET;
		op.old_service = service(attributes[i].scheduler);
		snprintf(want, sizeof(want), "service-set tcp 10.0.0.1:80 scheduler %s%s",
			 attributes[i].scheduler, attributes[i].changed);
		check_format(&op, want);
		op.old_service = op.service; /* what does not change is not repeated */
		snprintf(want, sizeof(want), "service-set tcp 10.0.0.1:80 scheduler %s",
			 attributes[i].scheduler);
		check_format(&op, want);
	}
}

static void test_format_ipv6_netmask(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_SERVICE_SET, .service = service("wrr") };

	(void)state;
	op.service.key.listen = ep("[fd00::1]:80");
	op.service.netmask = 128;
	op.old_service = op.service;
	op.old_service.netmask = 64;
	check_format(&op, "service-set tcp [fd00::1]:80 scheduler wrr netmask /128 (was /64)");
	op.kind = EZLB_OP_SERVICE_ADD;
	check_format(&op, "service-add tcp [fd00::1]:80 scheduler wrr");
}

static void test_format_tunnels(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_DEST_ADD, .dest = dest(EZLB_TUNNEL, 1) };

	(void)state;
	check_format(&op, "dest-add udp [fd00::1]:53 -> [fd00::2]:5353 tunnel weight 1");
	op.dest.tunnel = (struct ezlb_tunnel){ EZLB_TUNNEL_GUE, 6080, EZLB_TUNNEL_REMCSUM };
	op.dest.upper = 100;
	op.dest.lower = 80;
	check_format(&op,
		     "dest-add udp [fd00::1]:53 -> [fd00::2]:5353 tunnel gue port 6080 remcsum "
		     "weight 1 upper_threshold 100 lower_threshold 80");
	op.kind = EZLB_OP_DEST_SET;
	op.old_dest = op.dest;
	op.old_dest.tunnel = (struct ezlb_tunnel){ .type = EZLB_TUNNEL_GRE };
	check_format(&op,
		     "dest-set udp [fd00::1]:53 -> [fd00::2]:5353 tunnel gue port 6080 remcsum "
		     "(was tunnel gre) weight 1");
}

static void test_format_dest(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_DEST_ADD, .dest = dest(EZLB_MASQ, 1) };

	(void)state;
	check_format(&op, "dest-add udp [fd00::1]:53 -> [fd00::2]:5353 masq weight 1");
	op.kind = EZLB_OP_DEST_DEL;
	check_format(&op, "dest-del udp [fd00::1]:53 -> [fd00::2]:5353");
	op.kind = EZLB_OP_DEST_SET;
	op.old_dest = dest(EZLB_MASQ, 65535);
	check_format(&op, "dest-set udp [fd00::1]:53 -> [fd00::2]:5353 masq weight 1 (was 65535)");
	op.old_dest = dest(EZLB_TUNNEL, 1);
	check_format(&op, "dest-set udp [fd00::1]:53 -> [fd00::2]:5353 masq (was tunnel) weight 1");
	op.old_dest = dest(EZLB_DIRECT, 2);
	check_format(&op, "dest-set udp [fd00::1]:53 -> [fd00::2]:5353 masq (was direct) "
			  "weight 1 (was 2)");
	op.old_dest = dest(EZLB_MASQ, 1);
	op.old_dest.lower = 5;
	check_format(&op, "dest-set udp [fd00::1]:53 -> [fd00::2]:5353 masq weight 1 "
			  "lower_threshold 0 (was 5)");
}

static void test_format_snat(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_SNAT_ADD, .snat = snat("10.9.0.1") };

	(void)state;
	check_format(&op, "snat-add tcp 10.1.0.1:80 snat to 10.9.0.1");
	op.kind = EZLB_OP_SNAT_DEL;
	check_format(&op, "snat-del tcp 10.1.0.1:80 snat to 10.9.0.1");
	op.snat = snat(NULL);
	op.kind = EZLB_OP_SNAT_ADD;
	check_format(&op, "snat-add tcp 10.1.0.1:80 masquerade");
	op.snat = snat("10.9.0.1-10.9.0.4");
	check_format(&op, "snat-add tcp 10.1.0.1:80 snat to 10.9.0.1-10.9.0.4");
	op.snat = snat(NULL);
	op.kind = EZLB_OP_SNAT_SET;
	op.old_snat = snat("10.9.0.2");
	check_format(&op, "snat-set tcp 10.1.0.1:80 masquerade (was snat to 10.9.0.2)");
	op.kind = EZLB_OP_SNAT_SETUP;
	check_format(&op, "snat-setup chain EZLB-SNAT and the jump to it");
	op.kind = EZLB_OP_SNAT_TEARDOWN;
	check_format(&op, "snat-teardown chain EZLB-SNAT and the jump to it");
}

#define LONGEST "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff"

/* The longest op that there is keeps its end. */
static void test_format_longest_fits(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_DEST_SET, .dest = dest(EZLB_DIRECT, 65535) };
	char buf[EZLB_OP_STRLEN];

	(void)state;
	op.dest.service.proto = EZLB_SCTP;
	op.dest.service.listen = ep("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
	op.dest.endpoint = op.dest.service.listen;
	op.old_dest = dest(EZLB_TUNNEL, UINT32_MAX);
	op.old_dest.upper = 1;
	ezlb_op_format(&op, buf);
	assert_string_equal(buf + strlen(buf) -
				    strlen("(was 4294967295) upper_threshold 0 (was 1)"),
			    "(was 4294967295) upper_threshold 0 (was 1)");
	op = (struct ezlb_op){ .kind = EZLB_OP_SERVICE_SET, .service = service("fifteen_letters") };
	op.service.key = (struct ezlb_service_key){ EZLB_SCTP, ep("[" LONGEST "f]:65535"), 0 };
	op.service.flags = IP_VS_SVC_F_ONEPACKET;
	op.service.netmask = 128;
	ezlb_strcpy(op.service.engine, sizeof(op.service.engine), "fifteen_letters");
	op.old_service = op.service;
	op.old_service.flags = ~0u & ~(uint32_t)IP_VS_SVC_F_ONEPACKET;
	op.old_service.timeout = UINT32_MAX;
	op.old_service.netmask = 64;
	ezlb_strcpy(op.old_service.engine, sizeof(op.old_service.engine), "letters_fifteen");
	ezlb_strcpy(op.old_service.scheduler, sizeof(op.old_service.scheduler), "letters_fifteen");
	ezlb_op_format(&op, buf);
	assert_string_equal(buf + strlen(buf) - strlen("one_packet true (was false)"),
			    "one_packet true (was false)");
	op = (struct ezlb_op){ .kind = EZLB_OP_SNAT_SET, .snat = snat(LONGEST "1-" LONGEST "2") };
	op.snat.key.proto = EZLB_SCTP;
	op.snat.key.endpoint = ep("[" LONGEST "f]:65535");
	op.old_snat = snat(LONGEST "3-" LONGEST "4");
	ezlb_op_format(&op, buf);
	assert_string_equal(buf + strlen(buf) - strlen(LONGEST "4)"), LONGEST "4)");
}

static const struct {
	enum ezlb_op_kind kind;
	int rc;
	const char *want;
} reasons[] = {
	{ EZLB_OP_DEST_ADD, 0, "done" },
	{ EZLB_OP_DEST_ADD, EZLB_PENDING, "pending" },
	{ EZLB_OP_DEST_ADD, EZLB_HELD, "waits for an earlier operation that failed" },
	{ EZLB_OP_SERVICE_ADD, -ENOENT, "this kernel has no scheduler 'mh' (modprobe ip_vs_mh)" },
	{ EZLB_OP_SERVICE_SET, -ENOENT, "this kernel has no scheduler 'mh' (modprobe ip_vs_mh)" },
	{ EZLB_OP_SERVICE_DEL, -ENOENT, "No such file or directory" },
	{ EZLB_OP_SERVICE_ADD, -EEXIST, "another program added this service at the same time" },
	{ EZLB_OP_DEST_ADD, -EEXIST, "File exists" },
	{ EZLB_OP_SERVICE_ADD, -EPERM, "not permitted: run as root with CAP_NET_ADMIN" },
	{ EZLB_OP_SNAT_ADD, -EPERM, "not permitted: run as root with CAP_NET_ADMIN" },
	{ EZLB_OP_DEST_SET, -ENOBUFS, "No buffer space available" },
	{ EZLB_OP_ACCEPT_ADD, -EPERM, "not permitted: run as root with CAP_NET_ADMIN" },
	{ EZLB_OP_LINK_ADD, -EEXIST,
	  "the link ezlb0 is not a dummy link: choose another name for --vip-device" },
	{ EZLB_OP_LINK_DEL, -EEXIST, "File exists" },
	{ EZLB_OP_VIP_ADD, -EEXIST, "File exists" },
};

/* The kernel says the same of a missing scheduler and a missing engine. */
static void test_explain_missing(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_SERVICE_ADD,
			      .rc = -ENOENT,
			      .service = service("mh") };
	char buf[EZLB_OP_STRLEN];

	(void)state;
	ezlb_strcpy(op.service.engine, sizeof(op.service.engine), "sip");
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "this kernel has no scheduler 'mh' (modprobe ip_vs_mh), or no "
			    "persistence engine 'sip' (modprobe ip_vs_pe_sip)");
	op.kind = EZLB_OP_SERVICE_SET;
	op.old_service = service("mh");
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "this kernel has no persistence engine 'sip' (modprobe ip_vs_pe_sip)");
}

static void test_explain_tunnels(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_DEST_ADD,
			      .rc = -EPROTONOSUPPORT,
			      .dest = dest(EZLB_TUNNEL, 1) };
	char buf[EZLB_OP_STRLEN];

	(void)state;
	op.dest.tunnel.type = EZLB_TUNNEL_GUE;
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "this kernel has no gue tunnels: they came with Linux 5.2");
	op.dest.tunnel.type = EZLB_TUNNEL_GRE;
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "this kernel has no gre tunnels: they came with Linux 5.3");
}

static void test_explain(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		struct ezlb_op op = { .kind = reasons[i].kind, .rc = reasons[i].rc };
		char buf[EZLB_OP_STRLEN];

		if (ezlb_op_layer(op.kind) == EZLB_LAYER_IPVS)
			op.service = service("mh");
		if (op.kind == EZLB_OP_LINK_ADD)
			strcpy(op.link.device, "ezlb0");
		assert_string_equal(ezlb_op_explain(&op, buf), reasons[i].want);
	}
}

static const struct {
	enum ezlb_op_kind kind;
	int rc;
	const char *want;
} link_reasons[] = {
	{ EZLB_OP_LINK_ADD, -EOPNOTSUPP,
	  "this kernel has no dummy links: run `modprobe dummy` on the host" },
	{ EZLB_OP_LINK_ADD, -EPERM, "not permitted: run as root with CAP_NET_ADMIN" },
	{ EZLB_OP_LINK_ADD, -EBUSY, "Device or resource busy" },
	{ EZLB_OP_LINK_DEL, -EBUSY, "it has addresses that ezlb did not add" },
	{ EZLB_OP_LINK_DEL, -EOPNOTSUPP, "Operation not supported" },
	{ EZLB_OP_VIP_ADD, -EAFNOSUPPORT,
	  "no IPv6 on this host: sysctl -w net.ipv6.conf.ezlb0.disable_ipv6=0" },
	{ EZLB_OP_VIP_ADD, -ENODEV, "cannot find the dummy link ezlb0" },
	{ EZLB_OP_VIP_DEL, -ENODEV, "No such device" },
	{ EZLB_OP_VIP_DEL, -EAFNOSUPPORT, "Address family not supported by protocol" },
};

static const struct {
	enum ezlb_op_kind kind;
	int rc;
	const char *want;
} toa_reasons[] = {
	{ EZLB_OP_TOA_SETUP, -EPERM,
	  "not permitted to load BPF programs: run `ezlb host-setup` on the host, or ezlb with "
	  "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN" },
	{ EZLB_OP_TOA_SETUP, -ENOMEM, "Cannot allocate memory" },
	{ EZLB_OP_TOA_TEARDOWN, -EPERM, "not permitted: run as root with CAP_NET_ADMIN" },
	{ EZLB_OP_HOOK_ADD, -EBUSY,
	  "eth0 has a qdisc ingress, beside which there can be no clsact: replace it by clsact" },
	{ EZLB_OP_HOOK_ADD, -EEXIST,
	  "another program has just made a clsact, or has a tc filter with the preference and "
	  "handle of ezlb" },
	{ EZLB_OP_HOOK_DEL, -EBUSY, "Device or resource busy" },
	{ EZLB_OP_HOOK_DEL, -EEXIST, "File exists" },
	{ EZLB_OP_TOA_ADD, -EBUSY, "Device or resource busy" },
};

static void test_explain_toa(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(toa_reasons); i++) {
		struct ezlb_op op = { .kind = toa_reasons[i].kind, .rc = toa_reasons[i].rc };
		char buf[EZLB_OP_STRLEN];

		strcpy(op.hook.device, "eth0");
		assert_string_equal(ezlb_op_explain(&op, buf), toa_reasons[i].want);
	}
}

static void test_explain_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(link_reasons); i++) {
		struct ezlb_op op = { .kind = link_reasons[i].kind, .rc = link_reasons[i].rc };
		char buf[EZLB_OP_STRLEN];

		if (op.kind == EZLB_OP_VIP_ADD || op.kind == EZLB_OP_VIP_DEL)
			strcpy(op.vip.device, "ezlb0");
		else
			strcpy(op.link.device, "ezlb0");
		assert_string_equal(ezlb_op_explain(&op, buf), link_reasons[i].want);
	}
}

#define NAT6 "run `modprobe -a ip6table_nat nft_chain_nat nft_nat nft_masq` on the host"

static const struct {
	enum ezlb_op_kind kind;
	const char *backend;
	int rc;
	const char *want;
} snat_reasons[] = {
	{ EZLB_OP_SNAT_ADD, "[fd00::1]:80", -ENOPROTOOPT,
	  "the kernel has no IPv6 nat table: run `modprobe ip6_tables` on the host" },
	{ EZLB_OP_SNAT_SET, "[fd00::1]:80", -EAFNOSUPPORT,
	  "this kernel runs without IPv6: boot it without ipv6.disable=1" },
	{ EZLB_OP_SNAT_ADD, "[fd00::1]:80", -ENOENT, "a module for IPv6 nat is missing: " NAT6 },
	{ EZLB_OP_SNAT_SET, "[fd00::1]:80", -EAGAIN, "Resource temporarily unavailable" },
	{ EZLB_OP_SNAT_DEL, "[fd00::1]:80", -ENOENT, "No such file or directory" },
	{ EZLB_OP_SNAT_ADD, "10.1.0.1:80", -ENOENT, "No such file or directory" },
	{ EZLB_OP_SNAT_ADD, "10.1.0.1:80", -ENOPROTOOPT, "Protocol not available" },
};

static void test_explain_snat(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(snat_reasons); i++) {
		struct ezlb_op op = { .kind = snat_reasons[i].kind, .rc = snat_reasons[i].rc };
		char buf[EZLB_OP_STRLEN];

		op.snat.key.endpoint = ep(snat_reasons[i].backend);
		assert_string_equal(ezlb_op_explain(&op, buf), snat_reasons[i].want);
	}
}

static void test_explain_ipv6_settings(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_HOST_SET,
			      .rc = -ECANCELED,
			      .setting = { EZLB_IP6_FORWARD, "", 1 } };
	char buf[EZLB_OP_STRLEN];

	(void)state;
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "an interface with accept_ra 1 would lose its default route: set it "
			    "to 2, or run `ezlb host-setup`");
	op.setting = (struct ezlb_setting_row){ EZLB_ACCEPT_RA, "eth0", 2 };
	assert_string_equal(
		ezlb_op_explain(&op, buf),
		"not changed because of --host-setup never: run `ezlb host-setup` on the host");
	op.rc = -EROFS;
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "/proc/sys is read-only: run privileged, or sysctl -w "
			    "net.ipv6.conf.eth0.accept_ra=2 on the host");
	op.rc = -ENOENT;
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "the kernel has no net.ipv6.conf.eth0.accept_ra");
	op.setting = (struct ezlb_setting_row){ EZLB_IP6_TABLES, "", 1 };
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "cannot load it (No such file or directory): run `modprobe "
			    "ip6_tables` on the host");
}

static void test_explain_settings(void **state)
{
	struct ezlb_op op = { .kind = EZLB_OP_HOST_SET, .setting = { EZLB_VS_CONNTRACK, "", 1 } };
	char buf[EZLB_OP_STRLEN];

	(void)state;
	op.rc = -ENOENT;
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "the kernel has no net.ipv4.vs.conntrack: load ip_vs; it needs "
			    "CONFIG_IP_VS_NFCT");
	op.setting.setting = EZLB_IP_FORWARD;
	op.rc = -EROFS;
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "/proc/sys is read-only: run privileged, or sysctl -w "
			    "net.ipv4.ip_forward=1 on the host");
	op.setting.setting = EZLB_IP_TABLES;
	op.rc = -ENOENT;
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "cannot load it (No such file or directory): run `modprobe "
			    "ip_tables` on the host");
	op.setting.setting = EZLB_IP_FORWARD;
	op.rc = -EACCES;
	assert_non_null(strstr(ezlb_op_explain(&op, buf), "sysctl -w net.ipv4.ip_forward=1"));
	op.rc = -ECANCELED;
	assert_string_equal(
		ezlb_op_explain(&op, buf),
		"not changed because of --host-setup never: run `ezlb host-setup` on the host");
	op.rc = -ENOENT;
	assert_string_equal(ezlb_op_explain(&op, buf), "the kernel has no net.ipv4.ip_forward");
	op.rc = -EIO;
	assert_string_equal(ezlb_op_explain(&op, buf), "Input/output error");
	op = (struct ezlb_op){ .kind = EZLB_OP_HOST_RESET,
			       .rc = -EPERM,
			       .setting = { EZLB_ACCEPT_RA, "eth0", 1 } };
	assert_string_equal(ezlb_op_explain(&op, buf),
			    "/proc/sys is read-only: run privileged, or sysctl -w "
			    "net.ipv6.conf.eth0.accept_ra=1 on the host");
}

static void test_plan_ok_only_when_every_op_is_done(void **state)
{
	static const int bad[] = { EZLB_PENDING, EZLB_HELD, -EIO };
	struct ezlb_plan plan = { 0 };

	(void)state;
	assert_true(ezlb_plan_ok(&plan));
	assert_int_equal(ezlb_plan_add(&plan, EZLB_OP_DEST_DEL)->rc, EZLB_PENDING);
	assert_int_equal(plan.items[0].kind, EZLB_OP_DEST_DEL);
	ezlb_plan_add(&plan, EZLB_OP_SERVICE_DEL)->rc = 0;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		plan.items[0].rc = bad[i];
		assert_false(ezlb_plan_ok(&plan));
	}
	plan.items[0].rc = 0;
	assert_true(ezlb_plan_ok(&plan));
	ezlb_plan_clear(&plan);
	assert_int_equal(plan.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_host),
		cmocka_unit_test(test_format_toa),
		cmocka_unit_test(test_format_around),
		cmocka_unit_test(test_format_service),
		cmocka_unit_test(test_format_dest),
		cmocka_unit_test(test_format_snat),
		cmocka_unit_test(test_format_longest_fits),
		cmocka_unit_test(test_format_timeouts),
		cmocka_unit_test(test_format_syncs),
		cmocka_unit_test(test_explain_syncs),
		cmocka_unit_test(test_format_attributes),
		cmocka_unit_test(test_format_ipv6_netmask),
		cmocka_unit_test(test_format_tunnels),
		cmocka_unit_test(test_explain_missing),
		cmocka_unit_test(test_explain_tunnels),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_links),
		cmocka_unit_test(test_explain_toa),
		cmocka_unit_test(test_explain_snat),
		cmocka_unit_test(test_explain_settings),
		cmocka_unit_test(test_explain_ipv6_settings),
		cmocka_unit_test(test_plan_ok_only_when_every_op_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
