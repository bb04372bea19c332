// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts_world.h"

#include <errno.h>

#include "filters.h"

#define V4 "web tcp 10.0.0.1:80 snat=masq 10.1.0.1:80"
#define V6 "web udp [fd00::1]:53 snat=masq [fd00::2]:53"

#define FWD "ct state established,related ct direction reply"

static const struct {
	const char *name, *spec;
	struct ezlb_drop drop;
	const char *want; /* "": it is ok */
} cases[] = {
	{ "nft input",
	  V4,
	  { "inet fw", "in", EZLB_DROP_INPUT, true },
	  "fail filter-input web: inet fw, chain in, drops by its policy: packets from clients "
	  "are lost "
	  "| nft insert rule inet fw in ip daddr 10.0.0.1 tcp dport 80 accept comment ezlb-web" },
	{ "nft input, IPv6",
	  V6,
	  { "inet fw", "in", EZLB_DROP_INPUT, false },
	  "fail filter-input web: inet fw, chain in, drops by a rule: packets from clients are "
	  "lost "
	  "| nft insert rule inet fw in ip6 daddr fd00::1 udp dport 53 accept comment ezlb-web" },
	{ "nft forward",
	  V4,
	  { "ip fw", "fwd", EZLB_DROP_FORWARD, true },
	  "fail filter-forward web: ip fw, chain fwd, drops by its policy: answers of backends "
	  "are lost | nft insert rule ip fw fwd " FWD
	  " meta l4proto tcp ct original ip daddr 10.0.0.1 "
	  "ct original proto-dst 80 accept comment ezlb-web" },
	{ "nft output",
	  V4,
	  { "ip fw", "out", EZLB_DROP_OUTPUT, true },
	  "fail filter-output web: ip fw, chain out, drops by its policy: packets to backends are "
	  "lost | nft insert rule ip fw out ct state new,established meta l4proto tcp ct original "
	  "ip daddr 10.0.0.1 ct original proto-dst 80 accept comment ezlb-web" },
	{ "iptables-nft output",
	  V4,
	  { "ip filter", "OUTPUT", EZLB_DROP_OUTPUT, true },
	  "fail filter-output web: ip filter, chain OUTPUT, drops by its policy: packets to "
	  "backends are lost | iptables-nft -I OUTPUT -p tcp -m conntrack --ctproto tcp "
	  "--ctorigdst "
	  "10.0.0.1 --ctorigdstport 80 -m comment --comment ezlb-web -j ACCEPT" },
	{ "legacy output, IPv6",
	  V6,
	  { "ip6 filter (legacy)", "OUTPUT", EZLB_DROP_OUTPUT, false },
	  "fail filter-output web: ip6 filter (legacy), chain OUTPUT, drops by a rule: packets to "
	  "backends are lost | ip6tables-legacy -I OUTPUT -p udp -m conntrack --ctproto udp "
	  "--ctorigdst fd00::1 --ctorigdstport 53 -m comment --comment ezlb-web -j ACCEPT" },
	{ "iptables forward",
	  V4,
	  { "iptables", "FORWARD", EZLB_DROP_FORWARD, false },
	  "fail filter-forward web: iptables, chain FORWARD, drops by a rule: answers of backends "
	  "are lost | iptables -I FORWARD -p tcp -m conntrack --ctproto tcp --ctorigdst 10.0.0.1 "
	  "--ctorigdstport 80 --ctstate ESTABLISHED,RELATED --ctdir REPLY -m comment --comment "
	  "ezlb-web -j ACCEPT" },
	{ "iptables input",
	  V4,
	  { "iptables", "INPUT", EZLB_DROP_INPUT, false },
	  "fail filter-input web: iptables, chain INPUT, drops by a rule: packets from clients "
	  "are lost "
	  "| iptables -I INPUT -d 10.0.0.1 -p tcp --dport 80 -m comment --comment ezlb-web "
	  "-j ACCEPT" },
	{ "other family", V4, { "ip6 fw", "in", EZLB_DROP_INPUT, true }, "" },
	{ "other family", V6, { "ip fw", "in", EZLB_DROP_INPUT, true }, "" },
	{ "other family, iptables", V4, { "ip6tables", "INPUT", EZLB_DROP_INPUT, true }, "" },
};

static void ask(const char *text, const struct net_facts *net, enum ezlb_forward forward)
{
	struct ezlb_spec *spec = spec_of("web.yaml", text);

	spec->forward = forward;
	check_filters(spec, net, &found);
	ezlb_spec_free(spec);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct net_facts net = { .route_arg = NULL };

		print_message("%s\n", cases[i].name);
		*EZLB_PUSH(&net.drops) = cases[i].drop;
		ask(cases[i].spec, &net, EZLB_MASQ);
		assert_string_equal(told(NULL),
				    cases[i].want[0]
					    ? cases[i].want
					    : "ok filters web: no filter drops its packets");
		net_facts_clear(&net);
	}
}

static void test_direct_is_not_forwarded(void **state)
{
	struct net_facts net = { .route_arg = NULL };

	(void)state;
	*EZLB_PUSH(&net.drops) = (struct ezlb_drop){ "ip fw", "fwd", EZLB_DROP_FORWARD, true };
	ask(V4, &net, EZLB_DIRECT);
	assert_string_equal(told(NULL), "ok filters web: no filter drops its packets");
	net_facts_clear(&net);
}

static void test_passes(void **state)
{
	static const struct {
		struct ezlb_drop drop;
		struct pass_fact pass;
		bool ok;
	} passes[] = {
		{ { "ip fw", "in", EZLB_DROP_INPUT, true }, { "ip fw", "in", "ezlb-web" }, true },
		{ { "ip fw", "in", EZLB_DROP_INPUT, true }, { "ip fw", "in", "ezlb-web2" }, false },
		{ { "ip fw", "in", EZLB_DROP_INPUT, true }, { "ip fw", "on", "ezlb-web" }, false },
		{ { "ip fw", "in", EZLB_DROP_INPUT, true },
		  { "inet fw", "in", "ezlb-web" },
		  false },
		{ { "iptables", "INPUT", EZLB_DROP_INPUT, true },
		  { "ip filter", "INPUT", "ezlb-web" },
		  true },
		{ { "iptables", "INPUT", EZLB_DROP_INPUT, true },
		  { "ip filter (legacy)", "INPUT", "ezlb-web" },
		  true },
		{ { "iptables", "INPUT", EZLB_DROP_INPUT, true },
		  { "ip6 filter", "INPUT", "ezlb-web" },
		  false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(passes); i++) {
		struct net_facts net = { .route_arg = NULL };

		*EZLB_PUSH(&net.drops) = passes[i].drop;
		*EZLB_PUSH(&net.passes) = passes[i].pass;
		ask(V4, &net, EZLB_MASQ);
		assert_int_equal(found.items[0].level == EZLB_LEVEL_OK, passes[i].ok);
		told(NULL);
		net_facts_clear(&net);
	}
}

/* One finding for each listener, without those that pass already. */
static void test_several_listeners(void **state)
{
	struct ezlb_drop drop = { "ip filter", "INPUT", EZLB_DROP_INPUT, true };
	const struct pass_fact pass = { "ip filter", "INPUT", "ezlb-web.2" };
	struct net_facts net = { .route_arg = NULL };

	(void)state;
	*EZLB_PUSH(&net.drops) = drop;
	*EZLB_PUSH(&net.passes) = pass;
	ask("web tcp 10.0.0.1:53 +udp/10.0.0.1:53 +mark/7 10.1.0.1", &net, EZLB_MASQ);
	assert_int_equal(found.len, 2);
	assert_string_equal(found.items[0].fix,
			    "iptables-nft -I INPUT -d 10.0.0.1 -p tcp --dport 53 "
			    "-m comment --comment ezlb-web -j ACCEPT");
	assert_string_equal(found.items[1].fix, "iptables-nft -I INPUT -m mark --mark 7 "
						"-m comment --comment ezlb-web.3 -j ACCEPT");
	told(NULL);
	net_facts_clear(&net);
}

static void test_blind(void **state)
{
	struct net_facts net = { .filter_err = { .code = EPERM } };

	(void)state;
	ask(V4, &net, EZLB_MASQ);
	assert_string_equal(told(NULL), "");
}

static void test_comment(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *want;
	} rules[] = {
		{ "\0\10\0ezlb-web-1\0more", 18, "ezlb-web-1" },
		{ "ezlb-web", 8, "ezlb-web" },
		{ "ezlb-web.2", 10, "ezlb-web.2" },
		{ "ezlb-web", 4, NULL },
		{ "EZLB-INPUT", 10, NULL },
	};
	char text[80];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		bool got = filters_comment(rules[i].bytes, rules[i].len, text, sizeof(text));

		assert_int_equal(got, rules[i].want != NULL);
		if (got)
			assert_string_equal(text, rules[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_table, clear_found),
		cmocka_unit_test_teardown(test_direct_is_not_forwarded, clear_found),
		cmocka_unit_test_teardown(test_passes, clear_found),
		cmocka_unit_test_teardown(test_several_listeners, clear_found),
		cmocka_unit_test_teardown(test_blind, clear_found),
		cmocka_unit_test(test_comment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
