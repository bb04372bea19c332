// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

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
	struct ezlb_service_row row = { .key = { EZLB_TCP, ep("10.0.0.1:80") } };

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
	op.old_service.timeout = 300;
	check_format(&op, "service-set tcp 10.0.0.1:80 scheduler wrr "
			  "(flags, persistence or netmask differ)");
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
			  "(connection thresholds differ)");
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
				    strlen("(was 4294967295) (connection thresholds differ)"),
			    "(was 4294967295) (connection thresholds differ)");
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
		cmocka_unit_test(test_format_around),
		cmocka_unit_test(test_format_service),
		cmocka_unit_test(test_format_dest),
		cmocka_unit_test(test_format_snat),
		cmocka_unit_test(test_format_longest_fits),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_links),
		cmocka_unit_test(test_explain_snat),
		cmocka_unit_test(test_explain_settings),
		cmocka_unit_test(test_explain_ipv6_settings),
		cmocka_unit_test(test_plan_ok_only_when_every_op_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
