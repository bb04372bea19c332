// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * route, and the doctor as a whole, on the real kernel, in a network namespace of our own. Skipped
 * where none can be had.
 */
#include "facts_world.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "own_net.h"
#include "route.h"

static bool have_ns;
static struct route route;
static struct ezlb_err err;

static struct ezlb_addr address(const char *text)
{
	struct ezlb_addr addr;

	assert_int_equal(ezlb_addr_parse(text, &addr, NULL), 0);
	return addr;
}

/* lo is up, and has 10.0.0.1 beside its own. */
static void set_lo_up(void)
{
	EZLB_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct ezlb_addr addr = address("10.0.0.1");

	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	request = (struct ifreq){ .ifr_name = "lo:1" };
	memcpy(&sin.sin_addr, addr.bytes, 4);
	memcpy(&request.ifr_addr, &sin, sizeof(sin));
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!have_ns)
		skip();
	route_open(&route, &route_kernel);
	return 0;
}

static int teardown(void **state)
{
	route_close(&route);
	return clear_found(state);
}

static bool is_up(const char *device)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ezlb_strcpy(ifr.ifr_name, sizeof(ifr.ifr_name), device);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &ifr), 0);
	close(fd);
	return ifr.ifr_flags & IFF_UP;
}

static void test_read(void **state)
{
	struct net_facts net = { .route_arg = NULL };
	bool seen = false;

	(void)state;
	assert_int_equal(route_read(&route, "", &net, &err), 0);
	assert_string_equal(net.links.items[0].name, "lo");
	assert_false(net.links.items[0].on_wire);
	assert_int_equal(net.links.items[0].up, is_up("lo"));
	assert_true(net.links.items[0].rp_filter >= 0);
	assert_ptr_equal(net_link(&net, net.links.items[0].index), &net.links.items[0]);
	assert_null(net_link(&net, 4711));
	for (size_t i = 0; i < net.addrs.len; i++) {
		struct ezlb_addr want = address("10.0.0.1");

		seen = seen || ezlb_addr_cmp(&net.addrs.items[i].addr, &want) == 0;
		assert_int_equal(net.addrs.items[i].link, net.links.items[0].index);
	}
	assert_true(seen);
	net_facts_clear(&net);
}

static void test_lookup(void **state)
{
	struct ezlb_addr here = address("10.0.0.1"), away = address("203.0.113.1");
	struct ezlb_addr six = address("::1"), six_away = address("fd00::1");
	struct route_fact fact;

	(void)state;
	assert_int_equal(route_lookup(&route, &here, NULL, &fact), 0);
	assert_int_equal(fact.type, RTN_LOCAL);
	assert_int_equal(ezlb_addr_cmp(&fact.source, &here), 0);
	assert_int_equal(route_lookup(&route, &here, &here, &fact), 0);
	assert_int_equal(route_lookup(&route, &away, NULL, &fact), -ENETUNREACH);
	/* From what is no address of this host. */
	assert_true(route_lookup(&route, &here, &away, &fact) < 0);
	assert_int_equal(route_lookup(&route, &six, NULL, &fact), 0);
	assert_int_equal(fact.type, RTN_LOCAL);
	assert_int_equal(route_lookup(&route, &six_away, NULL, &fact), -ENETUNREACH);
}

/* --- sockets on which it is not the kernel that answers -------------------------------------- */

static int pair[2];
static int opened;

static int near_end(void *arg)
{
	(void)arg;
	opened++;
	return pair[0];
}

static const struct ezlb_nl_source near_source = { .timeout_ms = 50, .socket = near_end };

static void open_pair(void)
{
	route_close(&route);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	opened = 0;
	route_open(&route, &near_source);
}

static int no_socket(void *arg)
{
	(void)arg;
	return -EMFILE;
}

/* Nobody answers: one wait, and nothing is asked any more. */
static void test_silence(void **state)
{
	struct ezlb_addr addr = address("10.0.0.1");
	struct net_facts net = { .route_arg = NULL };
	struct route_fact fact;

	(void)state;
	open_pair();
	assert_int_equal(route_lookup(&route, &addr, NULL, &fact), -ETIMEDOUT);
	assert_int_equal(route_read(&route, "", &net, &err), -ETIMEDOUT);
	assert_string_equal(err.msg, "cannot list links and addresses over rtnetlink: "
				     "Connection timed out");
	assert_int_equal(opened, 1);
	close(pair[1]);
	net_facts_clear(&net);
}

static void test_no_socket(void **state)
{
	const struct ezlb_nl_source none = { .timeout_ms = 50, .socket = no_socket };
	struct ezlb_addr addr = address("10.0.0.1");
	struct net_facts net = { .route_arg = NULL };
	struct route_fact fact;

	(void)state;
	route_close(&route);
	route_open(&route, &none);
	assert_int_equal(route_read(&route, "", &net, &err), -EMFILE);
	assert_string_equal(err.msg, "cannot list links and addresses over rtnetlink: "
				     "Too many open files");
	assert_int_equal(route_lookup(&route, &addr, NULL, &fact), -EMFILE);
	net_facts_clear(&net);
	assert_int_equal(route_kernel.timeout_ms, 2000);
}

static void answer(uint32_t seq, uint16_t type)
{
	struct {
		struct nlmsghdr head;
		int code;
	} msg = { .head = { .nlmsg_len = sizeof(msg), .nlmsg_type = type, .nlmsg_seq = seq } };

	assert_int_equal(send(pair[1], &msg, sizeof(msg), 0), sizeof(msg));
}

/* Messages of each kind that are shorter than the header of that kind. */
static void test_short(void **state)
{
	struct ezlb_addr addr = address("10.0.0.1");
	struct net_facts net = { .route_arg = NULL };
	struct route_fact fact;

	(void)state;
	open_pair();
	answer(1, RTM_NEWLINK);
	assert_int_equal(route_read(&route, "", &net, &err), -EBADMSG);
	close(pair[1]);
	open_pair();
	answer(1, NLMSG_DONE);
	answer(2, RTM_NEWADDR);
	assert_int_equal(route_read(&route, "", &net, &err), -EBADMSG);
	close(pair[1]);
	open_pair();
	answer(1, RTM_NEWROUTE);
	assert_int_equal(route_lookup(&route, &addr, NULL, &fact), -EBADMSG);
	close(pair[1]);
	net_facts_clear(&net);
}

/* The number of a link that has no bytes: what follows in the message is not taken for it. */
static void test_short_number(void **state)
{
	struct {
		struct nlmsghdr head;
		struct rtmsg route;
		struct rtattr link, other;
		uint32_t number;
	} msg = { .head = { .nlmsg_len = sizeof(msg), .nlmsg_type = RTM_NEWROUTE, .nlmsg_seq = 1 },
		  .route = { .rtm_type = RTN_UNICAST, .rtm_family = AF_INET },
		  .link = { .rta_len = RTA_LENGTH(0), .rta_type = RTA_OIF },
		  .other = { .rta_len = RTA_LENGTH(4), .rta_type = RTA_PRIORITY } };
	struct ezlb_addr addr = address("10.0.0.1");
	struct route_fact fact;

	(void)state;
	open_pair();
	assert_int_equal(send(pair[1], &msg, sizeof(msg), 0), sizeof(msg));
	answer(1, NLMSG_ERROR);
	assert_int_equal(route_lookup(&route, &addr, NULL, &fact), 0);
	assert_int_equal(fact.type, RTN_UNICAST);
	assert_int_equal(fact.link, 0);
	close(pair[1]);
}

/* Services by name, the host before them, each finding where it belongs. */
static void test_doctor(void **state)
{
	struct ezlb_spec *specs[] = { spec_of("b.yaml", "web tcp 11.0.0.2:80 203.0.113.1:80"),
				      spec_of("a.yaml", "dns udp 10.0.0.1:53 10.0.0.1:5300") };
	struct ezlb_desired desired = { 0 };
	const struct ezlb_doctor doctor = {
		.root = "", .desired = &desired, .nftables = true, .vip_device = ""
	};
	const char *text;

	(void)state;
	*EZLB_PUSH(&desired) = specs[0];
	*EZLB_PUSH(&desired) = specs[1];
	ezlb_doctor_run(&doctor, &found);
	assert_string_equal(found.items[0].check, "capabilities");
	text = told("vip-local");
	assert_string_equal(
		text, "ok vip-local dns: 10.0.0.1\n"
		      "fail vip-local web: 11.0.0.2 is not a local address: IPVS does not see its "
		      "packets (with --vip-device ezlb adds it) | ip addr add "
		      "11.0.0.2/32 dev lo");
	ezlb_doctor_run(&doctor, &found);
	text = told("backend-route");
	assert_string_equal(text, "ok backend-route dns: 10.0.0.1:5300 over lo, from 10.0.0.1\n"
				  "fail backend-route web: there is no route to the backend "
				  "203.0.113.1:80: Network is unreachable | ip route add "
				  "203.0.113.1/32 via GATEWAY");
	ezlb_spec_free(specs[0]);
	ezlb_spec_free(specs[1]);
	EZLB_VEC_CLEAR(&desired);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read),  TEST(test_lookup),	   TEST(test_silence), TEST(test_no_socket),
		TEST(test_short), TEST(test_short_number), TEST(test_doctor),
	};

	setenv("XTABLES_LOCKFILE", "/tmp/ezlb-test-xtables.lock", 1);
	have_ns = own_net_unshare();
	if (have_ns)
		set_lo_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
