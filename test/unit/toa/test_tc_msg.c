// SPDX-License-Identifier: GPL-2.0-or-later
/* tc_msg: the bytes of requests, and of answers that are not as they should be. */
#include "cm.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "tc_msg.h"

static struct ezlb_nl_buf buf;

static int teardown(void **state)
{
	(void)state;
	ezlb_nl_buf_clear(&buf);
	return 0;
}

/* Of a machine with the least significant byte first; the others have the same fields. */
static void check_bytes(const char *name, const char *want)
{
	char got[512] = "";

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return;
	for (size_t i = 0; i < buf.len; i++)
		ezlb_strcatf(got, sizeof(got), "%02x%s", buf.items[i], i % 4 == 3 ? " " : "");
	if (strcmp(got, want) != 0)
		fail_msg("%s:\n%s\nand not\n%s", name, got, want);
	buf.len = 0;
}

static void test_bytes(void **state)
{
	const struct tc_filter filter = {
		.ifindex = 7, .pref = 5, .protocol = 0x0300, .handle = 9, .chain = 2
	};

	(void)state;
	tc_put_links(&buf);
	check_bytes("links", "28000000 12000103 00000000 00000000 00000000 00000000 00000000 "
			     "00000000 08001d00 08000000 ");
	tc_put_link(&buf, "eth0");
	check_bytes("link", "34000000 12000500 00000000 00000000 00000000 00000000 00000000 "
			    "00000000 08001d00 08000000 09000300 65746830 00000000 ");
	tc_put_qdiscs(&buf);
	check_bytes("qdiscs", "24000000 26000103 00000000 00000000 00000000 00000000 00000000 "
			      "00000000 00000000 ");
	tc_put_filters(&buf, 7, TC_EGRESS);
	check_bytes("egress", "24000000 2e000103 00000000 00000000 00000000 07000000 00000000 "
			      "f3ffffff 00000000 ");
	tc_put_filters(&buf, 7, TC_INGRESS);
	check_bytes("ingress", "24000000 2e000103 00000000 00000000 00000000 07000000 00000000 "
			       "f2ffffff 00000000 ");
	tc_put_clsact_add(&buf, 7);
	check_bytes("clsact", "30000000 24000506 00000000 00000000 00000000 07000000 0000ffff "
			      "f1ffffff 00000000 0b000100 636c7361 63740000 ");
	tc_put_clsact_del(&buf, 7);
	check_bytes("no clsact", "30000000 25000500 00000000 00000000 00000000 07000000 0000ffff "
				 "f1ffffff 00000000 0b000100 636c7361 63740000 ");
	tc_put_attach(&buf, 7, 42);
	check_bytes("attach", "50000000 2c000504 00000000 00000000 00000000 07000000 1be20000 "
			      "f3ffffff 0003210e 08000100 62706600 24000280 08000600 2a000000 "
			      "0d000700 657a6c62 5f746f61 00000000 08000800 01000000 ");
	tc_put_detach(&buf, &filter);
	check_bytes("detach", "34000000 2d000500 00000000 00000000 00000000 07000000 09000000 "
			      "f3ffffff 00030500 08000100 62706600 08000b00 02000000 ");
}

/* --- answers --------------------------------------------------------------------------------- */

static struct nlmsghdr *start(uint16_t type, size_t head)
{
	struct nlmsghdr *msg;

	buf.len = 0;
	msg = ezlb_nl_msg_start(&buf, type, 0);
	mnl_nlmsg_put_extra_header(msg, head);
	return msg;
}

static struct tcmsg *tc_head(struct nlmsghdr *msg)
{
	return mnl_nlmsg_get_payload(msg);
}

static void test_links(void **state)
{
	struct nlmsghdr *msg = start(RTM_NEWLINK, sizeof(struct ifinfomsg));
	struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct tc_link link;

	(void)state;
	info->ifi_index = 7;
	info->ifi_flags = 0x1003;
	mnl_attr_put_strz(msg, IFLA_IFNAME, "eth0");
	assert_int_equal(tc_read_link(msg, &link), 1);
	assert_int_equal(link.ifindex, 7);
	assert_int_equal(link.flags, 0x1003);
	assert_string_equal(link.name, "eth0");
	info->ifi_family = AF_BRIDGE;
	assert_int_equal(tc_read_link(msg, &link), 0);
	msg->nlmsg_len -= 4;
	assert_int_equal(tc_read_link(msg, &link), -EBADMSG);
}

static void test_qdiscs(void **state)
{
	static const struct {
		uint32_t parent;
		const char *kind;
		int want;
		bool clsact;
	} rows[] = {
		{ TC_H_CLSACT, "clsact", 1, true },
		{ TC_H_CLSACT, "ingress", 1, false },
		{ TC_H_ROOT, "clsact", 0, false },
		{ 0x10000, "fq", 0, false },
	};
	struct tc_qdisc qdisc;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nlmsghdr *msg = start(RTM_NEWQDISC, sizeof(struct tcmsg));

		tc_head(msg)->tcm_ifindex = 7;
		tc_head(msg)->tcm_parent = rows[i].parent;
		mnl_attr_put_strz(msg, TCA_KIND, rows[i].kind);
		qdisc = (struct tc_qdisc){ 0 };
		assert_int_equal(tc_read_qdisc(msg, &qdisc), rows[i].want);
		assert_int_equal(qdisc.clsact, rows[i].clsact);
		assert_int_equal(qdisc.ifindex, rows[i].want ? 7 : 0);
		msg->nlmsg_len -= 4;
		assert_int_equal(tc_read_qdisc(msg, &qdisc), -EBADMSG);
	}
}

static struct nlmsghdr *start_filter(const char *kind, const char *name)
{
	struct nlmsghdr *msg = start(RTM_NEWTFILTER, sizeof(struct tcmsg));
	struct nlattr *nest;

	*tc_head(msg) = (struct tcmsg){
		.tcm_ifindex = 7, .tcm_parent = 0xfffffff3, .tcm_handle = 9, .tcm_info = 0x0e210300
	};
	mnl_attr_put_strz(msg, TCA_KIND, kind);
	mnl_attr_put_u32(msg, TCA_CHAIN, 3);
	nest = mnl_attr_nest_start(msg, TCA_OPTIONS);
	mnl_attr_put_strz(msg, TCA_BPF_NAME, name);
	mnl_attr_put_u32(msg, TCA_BPF_ID, 77);
	mnl_attr_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(msg, nest);
	return msg;
}

static void test_filters(void **state)
{
	struct nlmsghdr *msg = start_filter("bpf", "ezlb_toa");
	struct tc_filter f;
	struct nlattr *cut;

	(void)state;
	assert_int_equal(tc_read_filter(msg, &f), 1);
	assert_true(f.ours && f.direct && f.egress);
	assert_int_equal(f.ifindex, 7);
	assert_int_equal(f.pref, 3617);
	assert_int_equal(f.protocol, 0x0300);
	assert_int_equal(f.handle, 9);
	assert_int_equal(f.chain, 3);
	assert_int_equal(f.program, 77);
	tc_head(msg)->tcm_parent = 0xfffffff2;
	assert_int_equal(tc_read_filter(msg, &f), 1);
	assert_false(f.egress);
	tc_head(msg)->tcm_parent = 0x10000;
	assert_int_equal(tc_read_filter(msg, &f), 0);
	tc_head(msg)->tcm_ifindex =
		-1; /* of a shared block, whose number is in place of the parent */
	assert_int_equal(tc_read_filter(msg, &f), 1);
	assert_int_equal(f.ifindex, 0);
	assert_int_equal(tc_read_filter(start_filter("bpf", "ezlb_toa2"), &f), 1);
	assert_false(f.ours);
	/* Other kinds have other options. */
	assert_int_equal(tc_read_filter(start_filter("u32", "ezlb_toa"), &f), 1);
	assert_false(f.ours);
	msg = start_filter("bpf", "ezlb_toa");
	cut = mnl_nlmsg_get_payload_offset(msg, sizeof(struct tcmsg) + 8 + 8);
	assert_int_equal(mnl_attr_get_type(cut), TCA_OPTIONS);
	mnl_attr_get_payload(cut);
	((struct nlattr *)mnl_attr_get_payload(cut))->nla_len = 200;
	assert_int_equal(tc_read_filter(msg, &f), -EBADMSG);
	msg = start_filter("bpf", "ezlb_toa");
	msg->nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)) - 1;
	assert_int_equal(tc_read_filter(msg, &f), -EBADMSG);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bytes),
		TEST(test_links),
		TEST(test_qdiscs),
		TEST(test_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
