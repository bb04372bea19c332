// SPDX-License-Identifier: GPL-2.0-or-later
/* world: which routes are read again after a change of a prefix. */
#include "cm.h"

#include <linux/rtnetlink.h>

#include <ezlb/mem.h>

#include "world.h"

static const char *const to[] = { "9.255.255.255", "10.1.2.0", "10.1.2.3",	"10.1.2.127",
				  "10.1.2.128",	   "10.1.3.0", "192.0.2.1",	"fd00::1",
				  "fd00::2",	   "fd00::80", "fd00:0:0:1::1", "fd01::" };
#define TO (sizeof(to) / sizeof(to[0]))

static struct ezlb_addr addr(const char *text)
{
	struct ezlb_addr out = { 0 };

	assert_int_equal(ezlb_addr_parse(text, &out, NULL), 0);
	return out;
}

static void open_world(struct world *world)
{
	struct ezlb_addrs addrs = { 0 };

	*world = (struct world){ .changes = 0 };
	for (size_t i = 0; i < TO; i++)
		*EZLB_PUSH(&addrs) = addr(to[i]);
	world_towards(world, &addrs);
	EZLB_VEC_CLEAR(&addrs);
	for (size_t i = 0; i < TO; i++)
		world->routes.items[i].known = true;
}

static void tell(struct world *world, uint8_t family, const struct ezlb_addr *dst, uint8_t len)
{
	struct ezlb_nl_buf buf = { 0 };
	struct nlmsghdr *msg = ezlb_nl_msg_start(&buf, RTM_NEWROUTE, 0);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));

	head->rtm_family = family;
	head->rtm_dst_len = len;
	if (dst)
		mnl_attr_put(msg, RTA_DST, family == AF_INET ? 4 : 16, dst->bytes);
	ezlb_nl_msg_end(&buf);
	world_on_event(world, (const struct nlmsghdr *)(const void *)buf.items);
	ezlb_nl_buf_clear(&buf);
}

static void test_prefixes(void **state)
{
	static const struct {
		const char *dst; /* NULL: the default route */
		uint8_t family, len;
		const char *unknown; /* one letter for each address of `to` */
	} rows[] = {
		{ "10.1.2.0", AF_INET, 24, "-xxxx-------" },
		{ "10.1.2.128", AF_INET, 25, "----x-------" },
		{ "10.1.2.0", AF_INET, 25, "-xxx--------" },
		{ "10.1.2.3", AF_INET, 32, "--x---------" },
		{ "10.1.2.4", AF_INET, 32, "------------" },
		/* No kernel sends such a one. */
		{ "10.1.2.200", AF_INET, 24, "-xxxx-------" },
		{ "9.0.0.0", AF_INET, 8, "x-----------" },
		{ "192.0.2.0", AF_INET, 24, "------x-----" },
		{ "224.0.0.0", AF_INET, 4, "------------" },
		{ NULL, AF_INET, 0, "xxxxxxx-----" },
		{ "fd00::", AF_INET6, 64, "-------xxx--" },
		{ "fd00::2", AF_INET6, 128, "--------x---" },
		{ "fd00::", AF_INET6, 8, "-------xxxxx" },
		{ NULL, AF_INET6, 0, "-------xxxxx" },
		{ NULL, AF_BRIDGE, 0, "xxxxxxxxxxxx" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ezlb_addr dst = addr(rows[i].dst ? rows[i].dst : "::");
		char unknown[TO + 1] = "";
		struct world world;
		uint64_t before, n = 0;

		open_world(&world);
		before = world.changes;
		tell(&world, rows[i].family, rows[i].dst ? &dst : NULL, rows[i].len);
		for (size_t k = 0; k < TO; k++) {
			unknown[k] = world.routes.items[k].known ? '-' : 'x';
			n += unknown[k] == 'x';
		}
		assert_string_equal(unknown, rows[i].unknown);
		assert_int_equal(world.changes - before, n);
		world_clear(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
