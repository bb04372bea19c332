// SPDX-License-Identifier: GPL-2.0-or-later
#include "pkg/snat/rules.h" /* first: the order of its includes matters */

#include "pkg/firewall/rules.h"

#include "seeds.h"

static void put(const char *name, const struct ezlb_xt_entry *entry)
{
	struct ezlb_text seed = { 0 };

	ezlb_text_put(&seed, (const char *)entry->bytes, entry->len);
	seed_put("xtables", name, &seed);
}

static void put_snat(const char *name, enum ezlb_proto proto, const char *backend, const char *to)
{
	struct ezlb_snat_row row = { .key = { .kind = EZLB_SNAT_KEY_BACKEND, .proto = proto } };
	struct ezlb_xt_entry entry;

	assert_int_equal(ezlb_endpoint_parse(backend, &row.key.endpoint, NULL), 0);
	if (to)
		assert_int_equal(ezlb_range_parse(to, &row.to, NULL), 0);
	assert_int_equal(ezlb_snat_rule_build(&row, &entry), 0);
	put(name, &entry);
}

static void put_accept(const char *name, enum ezlb_gate gate, enum ezlb_proto proto,
		       const char *listen)
{
	struct ezlb_accept_row row = { .gate = gate, .service.proto = proto };
	struct ezlb_xt_entry entry;

	assert_int_equal(ezlb_endpoint_parse(listen, &row.service.listen, NULL), 0);
	ezlb_fw_entry_build(&row, &entry);
	put(name, &entry);
}

void seeds_xtables(void)
{
	struct ezlb_xt_entry entry;

	put_snat("snat", EZLB_TCP, "10.1.0.1:8080", "10.0.0.3");
	put_snat("snat-range", EZLB_UDP, "10.1.0.1:53", "10.0.0.3-10.0.0.6");
	put_snat("masquerade", EZLB_SCTP, "10.1.0.1:8080", NULL);
	put_snat("snat6", EZLB_TCP, "[fd00::2]:8080", "fd00::3");
	put_snat("masquerade6", EZLB_UDP, "[fd00::2]:53", NULL);
	put_accept("input", EZLB_GATE_INPUT, EZLB_TCP, "10.0.0.1:80");
	put_accept("forward", EZLB_GATE_FORWARD, EZLB_UDP, "10.0.0.1:53");
	put_accept("input6", EZLB_GATE_INPUT, EZLB_SCTP, "[fd00::1]:80");
	put_accept("forward6", EZLB_GATE_FORWARD, EZLB_TCP, "[fd00::1]:443");
	ezlb_xt_entry_jump(&ezlb_xt_form_ip, "EZLB-INPUT", &entry);
	put("jump", &entry);
}
