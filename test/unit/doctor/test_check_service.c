// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts_world.h"

#include <errno.h>

/* Links 1 lo, 2 eth0 to the clients, 3 eth1.5 to the backends. */
struct way {
	const char *to;
	int rc;
	struct route_fact fact;
};
static struct way ways[8];
static struct net_facts net;
static struct ezlb_spec *spec;
static struct ezlb_doctor doctor;

static struct ezlb_addr address(const char *text)
{
	struct ezlb_addr addr;

	assert_int_equal(ezlb_addr_parse(text, &addr, NULL), 0);
	return addr;
}

/* What no line speaks of goes out by eth0. */
static int lookup(void *arg, const struct ezlb_addr *to, const struct ezlb_addr *from,
		  struct route_fact *out)
{
	char text[EZLB_ADDR_STRLEN];

	(void)arg, (void)from;
	ezlb_addr_format(to, text);
	*out = (struct route_fact){ RTN_UNICAST, 2, address("10.9.0.1") };
	for (size_t i = 0; i < COUNT_OF(ways) && ways[i].to; i++) {
		if (strcmp(ways[i].to, text) != 0)
			continue;
		*out = ways[i].fact;
		return ways[i].rc;
	}
	return 0;
}

static void local(size_t i, const char *addr, int link)
{
	ways[i] = (struct way){ addr, 0, { RTN_LOCAL, 1, address(addr) } };
	*EZLB_PUSH(&net.addrs) = (struct addr_fact){ address(addr), link };
}

static void with(const char *text)
{
	ezlb_spec_free(spec);
	spec = spec_of("web.yaml", text);
}

static int setup(void **state)
{
	(void)state;
	net = (struct net_facts){ .route = lookup };
	memset(ways, 0, sizeof(ways));
	*EZLB_PUSH(&net.links) = (struct link_fact){ 1, "lo", false, 1, true };
	*EZLB_PUSH(&net.links) = (struct link_fact){ 2, "eth0", true, 1, true };
	*EZLB_PUSH(&net.links) = (struct link_fact){ 3, "eth1.5", true, 1, true };
	doctor = (struct ezlb_doctor){ .root = "", .vip_device = "", .vip_guard_never = true };
	with("web tcp 10.0.0.1:80 snat=10.0.0.3-10.0.0.4 10.1.0.1:80");
	local(0, "10.0.0.1", 1);
	local(1, "10.0.0.3", 1);
	local(2, "10.0.0.4", 1);
	ways[3] = (struct way){ "10.1.0.1", 0, { RTN_UNICAST, 3, address("10.1.0.9") } };
	return 0;
}

static int teardown(void **state)
{
	ezlb_spec_free(spec);
	spec = NULL;
	net_facts_clear(&net);
	return clear_found(state);
}

static const char *ask(const char *check)
{
	check_service(&doctor, spec, MODULE_LOADED, &net, &found);
	return told(check);
}

static void test_all_well(void **state)
{
	(void)state;
	assert_string_equal(
		ask(NULL), "ok vip-local web: 10.0.0.1\n"
			   "ok filters web: no filter drops its packets\n"
			   "ok scheduler web: wrr\n"
			   "ok backend-route web: 10.1.0.1:80 over eth1.5, from 10.0.0.3-10.0.0.4\n"
			   "ok snat-local web: 10.0.0.3-10.0.0.4\n"
			   "ok rp-filter web: no strict interface has another return route");
	with("web tcp 10.0.0.1:80 10.1.0.1:80"); /* not full_nat */
	assert_string_equal(ask("backend-route"),
			    "ok backend-route web: 10.1.0.1:80 over eth1.5, from 10.1.0.9");
	assert_string_equal(ask("snat-local"), "");
}

#define ANYBODY "every program of this host that listens on all addresses answers "

static void test_guard(void **state)
{
	(void)state;
	doctor.vip_device = "ezlb0";
	assert_string_equal(ask("vip-guard"), ""); /* --vip-guard never */
	doctor.vip_guard_never = false;
	assert_string_equal(
		ask("vip-guard"),
		"warn vip-guard web: 10.0.0.1 is on lo, which ezlb does not manage: " ANYBODY
		"there (--vip-guard is about the interface of --vip-device)");
	net.addrs.items[0].link = 4;
	*EZLB_PUSH(&net.links) = (struct link_fact){ 4, "ezlb0-drain", false, 1, true };
	assert_string_equal(ask("vip-guard"),
			    "warn vip-guard web: " ANYBODY
			    "at 10.0.0.1: the kernel has no nf_tables, which --vip-guard needs");
	doctor.vip_guard = true;
	assert_string_equal(ask("vip-guard"), "ok vip-guard web: only services answer at 10.0.0.1");
	/* It is on a link of ezlb, and on another one. */
	*EZLB_PUSH(&net.addrs) = (struct addr_fact){ address("10.0.0.1"), 2 };
	assert_non_null(strstr(ask("vip-guard"), "10.0.0.1 is on eth0"));
	net.addrs.len--;
	ways[3].fact.type = RTN_LOCAL;
	assert_non_null(strstr(ask("vip-guard"), "ok vip-guard"));
	spec->forward = EZLB_DIRECT;
	assert_string_equal(ask("vip-guard"),
			    "warn vip-guard web: " ANYBODY
			    "at 10.0.0.1: the backend 10.1.0.1:80 is on this host, and gets "
			    "packets with this address");
	net.addrs.items[0].addr = address("10.0.0.9"); /* it is on no link */
	assert_string_equal(ask("vip-guard"), "");
}

static void test_scheduler(void **state)
{
	(void)state;
	check_service(&doctor, spec, MODULE_MISSING, &net, &found);
	assert_string_equal(
		told("scheduler"),
		"fail scheduler web: ip_vs_wrr is not loaded, and not among the running "
		"kernel's modules: the service cannot be created; choose another scheduler, or "
		"install the module | modprobe ip_vs_wrr");
	check_service(&doctor, spec, MODULE_UNKNOWN, &net, &found);
	assert_string_equal(
		told("scheduler"),
		"warn scheduler web: ip_vs_wrr is not loaded, and without /lib/modules it is "
		"unknown whether the host has it; load it on the host | "
		"modprobe ip_vs_wrr");
	check_service(&doctor, spec, MODULE_LOADABLE, &net, &found);
	assert_string_equal(told("scheduler"), "ok scheduler web: wrr");
}

static void test_vip(void **state)
{
	struct ezlb_spec *other = spec_of("dns.yaml", "dns udp 10.0.0.1:53 10.1.0.1:53");
	struct ezlb_desired all = { 0 };

	*EZLB_PUSH(&all) = spec;
	doctor.desired = &all;
	(void)state;
	ways[0].fact.type = RTN_UNICAST;
	assert_string_equal(
		ask("vip-local"),
		"fail vip-local web: 10.0.0.1 is not a local address: IPVS does not see its "
		"packets (with --vip-device ezlb adds it) | ip addr add 10.0.0.1/32 "
		"dev lo");
	doctor.vip_device = "ezlb0";
	assert_string_equal(
		ask("vip-local"),
		"warn vip-local web: 10.0.0.1 is not a local address yet: `ezlb run` adds it to "
		"ezlb0 | ezlb once --vip-device ezlb0");
	doctor.vip_when = EZLB_VIP_SERVING;
	assert_string_equal(
		ask("vip-local"),
		"ok vip-local web: 10.0.0.1 is on ezlb0 while a backend of a service on "
		"it serves; now it is not");
	spec->vip = EZLB_VIP_ALWAYS;
	assert_non_null(strstr(ask("vip-local"), "is not a local address yet"));
	*EZLB_PUSH(&all) = other; /* another file, on the same address */
	spec->vip = EZLB_VIP_DEFAULT;
	assert_non_null(strstr(ask("vip-local"), "now it is not"));
	other->vip = EZLB_VIP_ALWAYS;
	assert_non_null(strstr(ask("vip-local"), "is not a local address yet"));
	EZLB_VEC_CLEAR(&all);
	ezlb_spec_free(other);
	with("six tcp [fd00::1]:80 [fd00::2]:80");
	doctor.vip_device = "";
	assert_non_null(strstr(ask("vip-local"), "ip addr add fd00::1/128 dev lo"));
}

static void test_snat(void **state)
{
	(void)state;
	ways[2].rc = -ENETUNREACH;
	assert_string_equal(
		ask("snat-local"),
		"fail snat-local web: 10.0.0.4 of snat_ip is not a local address: answers of "
		"backends to it are lost, unless a route of theirs leads here (normal on a "
		"standby) | ip addr add 10.0.0.4/32 dev lo");
}

static void test_backend(void **state)
{
	(void)state;
	ways[3].rc = -ENETUNREACH;
	assert_string_equal(ask("backend-route"),
			    "fail backend-route web: there is no route to the backend 10.1.0.1:80: "
			    "Network is unreachable | ip route add 10.1.0.1/32 via GATEWAY");
	ways[3].rc = 0;
	ways[3].fact.type = RTN_LOCAL;
	assert_string_equal(
		ask("backend-route"),
		"warn backend-route web: the backend 10.1.0.1:80 is this host itself: its packets "
		"get no source NAT, and it sees the addresses of the clients");
	ways[3].fact = (struct route_fact){ .type = RTN_UNICAST, .link = 9 };
	with("web tcp 10.0.0.1:80 snat=masq 10.1.0.1:80");
	assert_string_equal(ask("backend-route"),
			    "fail backend-route web: the route to the backend 10.1.0.1:80 has no "
			    "source address, and MASQUERADE needs one: give its interface an "
			    "address, or the service a snat_ip");
	with("web tcp 10.0.0.1:80 10.1.0.1:80"); /* the client's stays */
	assert_string_equal(ask("backend-route"),
			    "ok backend-route web: 10.1.0.1:80 over ?, from no address");
}

/* Makes the listener that this test looks at. */
static void set_listener(struct ezlb_spec *of)
{
	free(of->listeners);
	of->listeners = ezlb_calloc(1, sizeof(*of->listeners));
	of->listeners[0] = (struct ezlb_listener){ .key = ezlb_spec_key(of),
						   .proto = of->proto,
						   .listen = of->listen };
	of->n_listeners = 1;
}

static void with_listener(const char *text)
{
	with(text);
	set_listener(spec);
}

static void test_backend_that_is_a_listener(void **state)
{
	struct ezlb_spec *other = spec_of("api.yaml", "api tcp 10.1.0.1:80 10.1.0.9:80");

	(void)state;
	with_listener("web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80");
	set_listener(other);
	ezlb_obstacle_add(&net.listeners, other);
	ezlb_obstacle_add(&net.listeners, spec);
	ezlb_obstacle_sort(&net.listeners);
	assert_string_equal(ask("backend-listener"), ""); /* the address is not here */
	ways[3].fact.type = RTN_LOCAL;
	assert_string_equal(ask("backend-listener"),
			    "fail backend-listener web: the backend 10.1.0.1:80 is a listener of "
			    "service api: IPVS does not forward a packet twice, so clients are "
			    "refused; list the backends of api");
	with_listener("web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:81"); /* another port */
	assert_string_equal(ask("backend-listener"), "");
	with_listener("web udp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80"); /* another protocol */
	assert_string_equal(ask("backend-listener"), "");
	ezlb_spec_free(other);
}

static void test_rp_filter_of_clients(void **state)
{
	(void)state;
	net.addrs.items[0].link = 3;
	assert_string_equal(
		ask("rp-filter"),
		"warn rp-filter web: requests of clients to 10.0.0.1 arrive on eth1.5, "
		"whose rp_filter is strict, and the return route uses eth0: they are dropped "
		"| sysctl -w net/ipv4/conf/eth1.5/rp_filter=2");
	net.links.items[2].rp_filter = 2;
	assert_string_equal(strstr(ask("rp-filter"), "ok"), lines);
	net.links.items[2].rp_filter = 1;
	ways[4] = (struct way){ "192.0.2.1", -ENETUNREACH, { .link = 0 } }; /* nobody from afar */
	assert_string_equal(strstr(ask("rp-filter"), "ok"), lines);
	ways[4] = (struct way){ "192.0.2.1", 0, { RTN_UNICAST, 3, { .family = 0 } } };
	assert_string_equal(strstr(ask("rp-filter"), "ok"), lines);
}

static void test_rp_filter_of_answers(void **state)
{
	(void)state;
	net.addrs.items[1].link = 2;
	assert_string_equal(ask("rp-filter"),
			    "warn rp-filter web: answers of backends to 10.0.0.3 arrive on eth0, "
			    "whose rp_filter is strict, and the return route uses eth1.5: they are "
			    "dropped | sysctl -w net.ipv4.conf.eth0.rp_filter=2");
	ways[3].fact.type = RTN_BLACKHOLE;
	assert_string_equal(strstr(ask("rp-filter"), "ok"), lines);
	with("six tcp [fd00::1]:80 [fd00::2]:80"); /* IPv6 has no such thing */
	assert_string_equal(ask("rp-filter"), "");
}

static void test_blind(void **state)
{
	(void)state;
	net.route_err.code = EPERM;
	assert_string_equal(ask(NULL), "ok filters web: no filter drops its packets\n"
				       "ok scheduler web: wrr");
}

/* Half a command is none. */
static void connections(const char *listen, size_t untranslated)
{
	struct connections_fact *fact = EZLB_PUSH(&net.connections);

	fact->spec = spec;
	fact->untranslated = untranslated;
	assert_int_equal(ezlb_endpoint_parse(listen, &fact->listen, NULL), 0);
}

static void test_connections(void **state)
{
	(void)state;
	assert_string_equal(ask("connections"), ""); /* no conntrack, or no full_nat */
	connections("10.0.0.1:80", 0);
	connections("10.0.0.2:80", 7);
	net.connections.items[1].spec = NULL; /* another service */
	assert_string_equal(ask("connections"),
			    "ok connections web: all tcp connections have source NAT");
	net.connections.items[0].untranslated = 3;
	assert_string_equal(
		ask("connections"),
		"warn connections web: tcp connections to 10.0.0.1:80 that began "
		"without source NAT: 3; they end by themselves, those of one client by: "
		"conntrack -D -p tcp -d 10.0.0.1 --dport 80 -q CLIENT");
	connections("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", 4000000000);
	net.connections.items[0].untranslated = 0;
	assert_string_equal(
		ask("connections"),
		"warn connections web: tcp connections to "
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 that began without source NAT: "
		"4000000000; they "
		"end by themselves, those of one client by: conntrack -D -f ipv6 -p tcp "
		"-d ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --dport 65535 -q CLIENT");
	net.connections.len = 1;
	ezlb_err_set(&net.connections_err, EPERM, "conntrack: not permitted");
	assert_string_equal(ask("connections"),
			    "warn connections web: it is unknown which tcp connections have no "
			    "source NAT: conntrack: not permitted");
}

static void test_long_fix(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	set_fix(say(&found, EZLB_LEVEL_FAIL, "c", "", "%s", text), "%s", text);
	assert_int_equal(strlen(found.items[0].text), sizeof(found.items[0].text) - 1);
	assert_string_equal(found.items[0].fix, "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_well),
		TEST(test_guard),
		TEST(test_scheduler),
		TEST(test_vip),
		TEST(test_snat),
		TEST(test_backend),
		TEST(test_backend_that_is_a_listener),
		TEST(test_rp_filter_of_clients),
		TEST(test_rp_filter_of_answers),
		TEST(test_blind),
		TEST(test_connections),
		TEST(test_long_fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
