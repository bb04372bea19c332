// SPDX-License-Identifier: GPL-2.0-or-later
/* layer: what notifications change, how often the kernel is asked, and what is done without them.
 */
#include "toa_rig.h"

static uint64_t print;

static bool peek_changed(void)
{
	uint64_t before = print;

	print = peek();
	return print != before;
}

static void begin(const char *addrs)
{
	begin_attached();
	towards(addrs);
	assert_int_equal(list_rc(), 0);
	print = peek();
	memset(fake.seen, 0, sizeof(fake.seen));
	fake.opened = fake.sends = 0;
}

/* Each is seen once, and leads to the requests that it needs. */
static void test_events(void **state)
{
	(void)state;
	begin("10.0.1.5 10.0.2.5 10.0.3.5");
	assert_false(peek_changed());
	LIST("present sound\nhook eth0\n10.0.1.5 by eth0 clsact\n10.0.2.5 by eth1\n"
	     "10.0.3.5 by eth0 clsact\n10.0.3.5 by eth1");
	assert_int_equal(fake.sends + fake.opened, 0);

	/* Somebody deletes the qdisc, with all that is on it. */
	fake.links[1].qdisc = NULL;
	fake.links[1].n = 0;
	tell_qdisc(RTM_DELQDISC, 2, "clsact", TC_H_CLSACT);
	assert_true(peek_changed());
	assert_false(peek_changed());
	LIST("present sound\n10.0.1.5 by eth0\n10.0.2.5 by eth1\n10.0.3.5 by eth0\n"
	     "10.0.3.5 by eth1");
	assert_int_equal(fake.seen[RTM_GETQDISC], 1);
	assert_int_equal(fake.seen[RTM_GETLINK] + fake.seen[RTM_GETROUTE], 0);

	/* Somebody replaces the program. */
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "eth0", true), 0);
	fake.links[1].filters[0].program = 9;
	tell_filter(RTM_NEWTFILTER, 2, &fake.links[1].filters[0]);
	assert_true(peek_changed());
	assert_int_equal(list_rc(), 0);
	assert_non_null(strstr(listed, "present\n10.0.1.5"));

	/* Or removes the filter alone. */
	assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), 0);
	LIST("present sound\nhook eth0\n10.0.1.5 by eth0 clsact\n10.0.2.5 by eth1\n"
	     "10.0.3.5 by eth0 clsact\n10.0.3.5 by eth1");
	print = peek();
	tell_filter(RTM_DELTFILTER, 2, &fake.links[1].filters[0]);
	fake.links[1].n = 0;
	assert_true(peek_changed());
	LIST("present sound\n10.0.1.5 by eth0 clsact\n10.0.2.5 by eth1\n"
	     "10.0.3.5 by eth0 clsact\n10.0.3.5 by eth1");
}

/* Of others: nothing changes, and the kernel is not asked. */
static void test_foreign_events(void **state)
{
	struct fake_filter other = foreign;

	(void)state;
	begin("10.0.1.5");
	tell_qdisc(RTM_NEWQDISC, 2, "fq", TC_H_ROOT);
	other.parent = 0x00010000; /* of the qdisc 1: */
	tell_filter(RTM_NEWTFILTER, 2, &other);
	tell(RTM_NEWTCLASS);
	tell_link(RTM_NEWLINK, &fake.links[1]);				   /* nothing new */
	tell_route(RTM_NEWROUTE, &(struct fake_route){ 77, 1, { 2, 0 } }); /* of other addresses */
	assert_false(peek_changed());
	LIST("present sound\nhook eth0\n10.0.1.5 by eth0 clsact");
	assert_int_equal(fake.sends, 0);
}

/* Only the routes that it may concern are read again. */
static void test_route_events(void **state)
{
	static const uint16_t all[] = { RTM_NEWADDR, RTM_DELADDR,    RTM_NEWRULE,
					RTM_DELRULE, RTM_NEWNEXTHOP, RTM_DELNEXTHOP };

	(void)state;
	begin("10.0.1.5 10.0.2.5");
	fake.routes[0].by[0] = 3;
	tell_route(RTM_NEWROUTE, &fake.routes[0]);
	assert_true(peek_changed());
	LIST("present sound\nhook eth0\n10.0.1.5 by eth1\n10.0.2.5 by eth1");
	assert_int_equal(fake.seen[RTM_GETROUTE], 1);
	tell_route(RTM_DELROUTE, &fake.routes[0]);
	fake.routes[0].net = 99;
	assert_true(peek_changed());
	LIST("present sound\nhook eth0\n10.0.2.5 by eth1");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		fake.seen[RTM_GETROUTE] = 0;
		tell(all[i]);
		assert_true(peek_changed());
		LIST("present sound\nhook eth0\n10.0.2.5 by eth1");
		assert_int_equal(fake.seen[RTM_GETROUTE], 2);
	}
	fake.seen[RTM_GETROUTE] = 0;
	tell(RTM_DELCHAIN);
	assert_true(peek_changed());
	assert_int_equal(list_rc(), 0);
	assert_int_equal(fake.seen[RTM_GETROUTE], 0);
}

static void tell_address(uint8_t family, uint8_t scope)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nl_msg_start(&buf, RTM_NEWADDR, 0);

	*(struct ifaddrmsg *)mnl_nlmsg_put_extra_header(msg, sizeof(struct ifaddrmsg)) =
		(struct ifaddrmsg){ .ifa_family = family, .ifa_scope = scope };
	ezlb_nl_msg_end(&buf);
	fake_push(&events, &buf);
}

/* As a container comes: an interface by which no backend is, with a qdisc, filters, an address. */
static void test_interfaces_of_others(void **state)
{
	struct fake_filter ours = ours_100;

	(void)state;
	begin("10.0.1.5");
	fake.links[3] = (struct fake_link){ 9, "veth1", 0, "clsact", { { 0 } }, 0 };
	fake.n_links = 4;
	tell_link(RTM_NEWLINK, &fake.links[3]);
	fake.links[3].flags = IFF_UP;
	tell_link(RTM_NEWLINK, &fake.links[3]);
	tell_qdisc(RTM_NEWQDISC, 9, "clsact", TC_H_CLSACT);
	tell_filter(RTM_NEWTFILTER, 9, &foreign);
	tell_address(AF_INET6, RT_SCOPE_LINK);
	tell_qdisc(RTM_NEWQDISC, 3, "clsact", TC_H_CLSACT); /* one that is known */
	assert_false(peek_changed());
	LIST("present sound\nhook eth0\n10.0.1.5 by eth0 clsact");
	assert_int_equal(fake.seen[RTM_GETROUTE], 0);
	/* The backend moves to it. */
	fake.routes[0].by[0] = 9;
	tell_route(RTM_NEWROUTE, &fake.routes[0]);
	assert_true(peek_changed());
	LIST("present sound\nhook eth0\n10.0.1.5 by veth1 clsact");
	tell_qdisc(RTM_DELQDISC, 9, "clsact", TC_H_CLSACT);
	assert_true(peek_changed());
	tell_address(AF_INET6, RT_SCOPE_UNIVERSE);
	assert_true(peek_changed());
	tell_address(AF_INET, RT_SCOPE_LINK);
	assert_true(peek_changed());
	/* A hook that should not be there. */
	fake_add(2, &ours);
	tell_filter(RTM_NEWTFILTER, 3, &ours);
	assert_true(peek_changed());
}

static void test_link_events(void **state)
{
	(void)state;
	begin("10.0.1.5 10.0.2.5");
	/* A new one: no route by it is known. */
	fake.links[3] = (struct fake_link){ 9, "eth2", IFF_UP, NULL, { { 0 } }, 0 };
	fake.n_links = 4;
	tell_link(RTM_NEWLINK, &fake.links[3]);
	assert_false(peek_changed());
	assert_int_equal(list_rc(), 0);
	assert_int_equal(fake.seen[RTM_GETROUTE], 0);
	/* Another name. */
	fake.links[1].name = "lan0";
	tell_link(RTM_NEWLINK, &fake.links[1]);
	assert_true(peek_changed());
	LIST("present sound\nhook lan0\n10.0.1.5 by lan0 clsact\n10.0.2.5 by eth1");
	assert_int_equal(fake.seen[RTM_GETROUTE], 0);
	/* Down: the kernel removes the routes by it in silence. */
	fake.links[1].flags = 0;
	fake.routes[0].by[0] = 3;
	tell_link(RTM_NEWLINK, &fake.links[1]);
	assert_true(peek_changed());
	LIST("present sound\nhook lan0\n10.0.1.5 by eth1\n10.0.2.5 by eth1");
	assert_int_equal(fake.seen[RTM_GETROUTE], 1);
	/* Up again: it may be the better way for every address. */
	fake.links[1].flags = IFF_UP;
	fake.routes[0].by[0] = fake.routes[1].by[0] = 2;
	tell_link(RTM_NEWLINK, &fake.links[1]);
	assert_true(peek_changed());
	LIST("present sound\nhook lan0\n10.0.1.5 by lan0 clsact\n10.0.2.5 by lan0 clsact");
	assert_int_equal(fake.seen[RTM_GETROUTE], 3);
	/* Gone, and another one with the same index and name comes. */
	tell_link(RTM_DELLINK, &fake.links[1]);
	tell_link(RTM_NEWLINK, &fake.links[1]);
	fake.links[1].qdisc = NULL;
	fake.links[1].n = 0;
	assert_true(peek_changed());
	LIST("present sound\n10.0.1.5 by lan0\n10.0.2.5 by lan0");
}

static void test_pins_and_rows(void **state)
{
	(void)state;
	begin("10.0.1.5");
	assert_int_equal(do_row(EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD), 0);
	assert_true(peek_changed());
	assert_false(peek_changed());
	program.rows.items[0].mode = EZLB_TOA_STRIP;
	assert_true(peek_changed());
	program.rows.items[0].ipv6_kind = 253;
	assert_true(peek_changed());
	EZLB_PUSH(&program.rows);
	program.rows.items[1] = program.rows.items[0];
	program.rows.items[1].service.listen.port = 81;
	assert_true(peek_changed());
	/* Their order is the kernel's. */
	program.rows.items[0].service.listen.port = 81;
	program.rows.items[1].service.listen.port = 80;
	assert_false(peek_changed());
	program.odd = 1;
	assert_true(peek_changed());
	program.odd = 0;
	assert_true(peek_changed());
	rmdir(program.dir);
	assert_true(peek_changed());
	assert_false(peek_changed());
	LIST("present\n10.0.1.5 by eth0 clsact");
	pin(500, true);
	assert_true(peek_changed());
	program.fail_rows = -EPERM;
	assert_int_equal(list_rc(), -EPERM);
	assert_int_equal(layer->peek(layer, NULL, &print), -EPERM);
}

/* The routes to the addresses that stay are known. */
static void test_towards(void **state)
{
	(void)state;
	begin("10.0.1.5 10.0.2.5");
	towards("10.0.1.5 10.0.2.5");
	assert_false(peek_changed());
	towards("10.0.1.5 10.0.2.5 10.0.2.6");
	assert_true(peek_changed());
	LIST("present sound\nhook eth0\n10.0.1.5 by eth0 clsact\n10.0.2.5 by eth1\n"
	     "10.0.2.6 by eth1");
	assert_int_equal(fake.seen[RTM_GETROUTE], 1);
	towards("10.0.2.6");
	LIST("present sound\nhook eth0\n10.0.2.6 by eth1");
	assert_int_equal(fake.seen[RTM_GETROUTE], 1);
}

/* --- many ------------------------------------------------------------------------------------ */

#define MANY 10000

static void towards_many(uint8_t net)
{
	struct ezlb_addrs addrs = { 0 };

	for (unsigned i = 0; i < MANY; i++)
		*EZLB_PUSH(&addrs) =
			(struct ezlb_addr){ AF_INET, { 10, (uint8_t)(i >> 8), net, (uint8_t)i } };
	EZLB_SORT(&addrs, ezlb_addr_row_cmp);
	layer->towards(layer, &addrs);
	EZLB_VEC_CLEAR(&addrs);
}

/* The routes of one list: how many there are, and how many are by eth1. */
static size_t count_routes(size_t *by_eth1)
{
	struct ezlb_table table = { .snat_wanted = false };
	size_t n;

	assert_int_equal(layer->list(layer, NULL, &table, NULL), 0);
	n = table.routes.len;
	*by_eth1 = 0;
	for (size_t i = 0; i < n; i++)
		*by_eth1 += strcmp(table.routes.items[i].device, "eth1") == 0;
	ezlb_table_clear(&table);
	return n;
}

/* One request each in the first list, 64 in one send, and none after that. */
static void test_many(void **state)
{
	size_t by_eth1, lists = 0;

	(void)state;
	begin_attached();
	towards_many(1);
	assert_int_equal(count_routes(&by_eth1), MANY);
	assert_int_equal(fake.seen[RTM_GETROUTE], MANY);
	assert_true(fake.sends <= MANY / 64 + 5);
	fake.sends = 0;
	towards_many(1);
	assert_int_equal(count_routes(&by_eth1), MANY);
	assert_int_equal(fake.sends, 0);

	/* All are by another interface: what is not read again yet stays as it was. */
	print = peek();
	fake.routes[0].by[0] = 3;
	tell(RTM_NEWRULE);
	for (; peek_changed() && lists < 100; lists++) {
		fake.seen[RTM_GETROUTE] = 0;
		assert_int_equal(count_routes(&by_eth1), MANY);
		assert_true(fake.seen[RTM_GETROUTE] <= 2048);
	}
	assert_int_equal(by_eth1, MANY);
	assert_in_range(lists, 5, 6);
}

/* With a change before each list, those at the end have their turn as well. */
static void test_many_changes(void **state)
{
	size_t by_eth1;

	(void)state;
	begin_attached();
	towards_many(1);
	count_routes(&by_eth1);
	fake.routes[0].by[0] = 3;
	for (int i = 0; i < 5; i++) {
		tell(RTM_NEWRULE);
		count_routes(&by_eth1);
	}
	assert_int_equal(by_eth1, MANY);
}

/* --- without notifications ------------------------------------------------------------------- */

/* What was lost is found out, also when what follows is there. */
static void test_lost(void **state)
{
	(void)state;
	begin("10.0.1.5");
	fake.links[1].n = 0;
	fake.routes[0].by[0] = 3;
	fake.events_errno = ENOBUFS;
	assert_true(peek_changed());
	assert_false(peek_changed());
	LIST("present sound\n10.0.1.5 by eth1");
	fake.routes[0].by[0] = 2;
	fake.events_huge = true;
	assert_true(peek_changed());
	LIST("present sound\n10.0.1.5 by eth0 clsact");
	fake.events_errno = EINTR;
	assert_false(peek_changed());
	/* The socket fails: another one is opened. */
	fake.routes[0].by[0] = 3;
	fake.events_errno = EBADF;
	assert_true(peek_changed());
	assert_false(peek_changed());
	fake.opened = 0;
	LIST("present sound\n10.0.1.5 by eth1");
	assert_int_equal(fake.opened, 1);
	tell(RTM_NEWRULE);
	assert_true(peek_changed());
}

static void test_damaged(void **state)
{
	static const uint16_t types[] = { RTM_NEWLINK, RTM_NEWQDISC, RTM_NEWTFILTER, RTM_NEWROUTE };

	(void)state;
	begin("10.0.1.5");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		tell(types[i]); /* too short */
		assert_true(peek_changed());
		fake.seen[RTM_GETROUTE] = 0;
		assert_int_equal(list_rc(), 0);
		assert_int_equal(fake.seen[RTM_GETROUTE], 1);
	}
	tell(RTM_NEWRULE);
	((struct nlmsghdr *)events.items[events.len - 1].data)->nlmsg_len = 0x80000001;
	assert_true(peek_changed());
	/* A filter of a block that several interfaces share. */
	tell_filter(RTM_NEWTFILTER, -1, &foreign);
	assert_true(peek_changed());
}

/* Nobody listens: each list reads everything, and peek sees pins and rows. */
static void test_deaf(void **state)
{
	static int *const faults[] = { &fake.fail_socket, &fake.fail_bind, &fake.fail_join };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		fake_init();
		fake_program_init();
		reopen();
		*faults[i] = i == 0 ? -EMFILE : EPERM;
		begin("10.0.1.5");
		assert_false(peek_changed());
		fake.routes[0].by[0] = 3;
		LIST("present sound\nhook eth0\n10.0.1.5 by eth1");
		rmdir(program.dir);
		assert_true(peek_changed());
		pin(500, true);
		*faults[i] = 0;
		LIST("present sound\nhook eth0\n10.0.1.5 by eth1");
		print = peek();
		tell(RTM_NEWRULE);
		assert_true(peek_changed());
	}
}

/* Not all changes are told. */
static void test_read_again(void **state)
{
	(void)state;
	begin("10.0.1.5");
	fake.routes[0].by[0] = 3;
	own_clock_ms += 59 * 1000;
	LIST("present sound\nhook eth0\n10.0.1.5 by eth0 clsact");
	own_clock_ms += 1000;
	LIST("present sound\nhook eth0\n10.0.1.5 by eth1");
	assert_false(peek_changed());
}

/* When it is not wanted any more and torn down, the sockets are closed. */
static void test_end(void **state)
{
	(void)state;
	begin("10.0.1.5");
	towards("");
	assert_int_equal(list_rc(), 0);
	assert_string_equal(listed, "present sound\nhook eth0");
	assert_int_equal(do_hook(EZLB_OP_HOOK_DEL, "eth0", true), 0);
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), 0);
	LIST("absent");
	fake.opened = fake.sends = 0;
	LIST("absent");
	print = peek();
	assert_false(peek_changed());
	assert_int_equal(fake.opened + fake.sends, 0);
	assert_true(fcntl(listening, F_GETFD) < 0 && fcntl(asking, F_GETFD) < 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_events),
		TEST(test_foreign_events),
		TEST(test_route_events),
		TEST(test_link_events),
		TEST(test_interfaces_of_others),
		TEST(test_pins_and_rows),
		TEST(test_towards),
		TEST(test_many),
		TEST(test_many_changes),
		TEST(test_lost),
		TEST(test_damaged),
		TEST(test_deaf),
		TEST(test_read_again),
		TEST(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
