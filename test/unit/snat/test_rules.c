// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include <ezlb/snat.h>

#include "rules.h"

#define MASQUERADE NULL

static struct ezlb_snat_row row(enum ezlb_proto proto, const char *backend, const char *to)
{
	struct ezlb_snat_row out = { .key.proto = proto };

	assert_int_equal(ezlb_endpoint_parse(backend, &out.key.endpoint, NULL), 0);
	if (to)
		assert_int_equal(ezlb_range_parse(to, &out.to, NULL), 0);
	return out;
}

static struct ezlb_xt_entry build(enum ezlb_proto proto, const char *backend, const char *to)
{
	struct ezlb_snat_row in = row(proto, backend, to);
	struct ezlb_xt_entry rule;

	assert_int_equal(ezlb_snat_rule_build(&in, &rule), 0);
	return rule;
}

static const struct ezlb_xt_form *form(const struct ezlb_snat_row *in)
{
	return in->key.endpoint.addr.family == AF_INET ? &ezlb_xt_form_ip : &ezlb_xt_form_ip6;
}

static void assert_row_equal(const struct ezlb_snat_row *a, const struct ezlb_snat_row *b)
{
	assert_int_equal(ezlb_snat_row_cmp(a, b), 0);
	assert_true(ezlb_snat_row_same(a, b));
}

static const struct {
	const char *name;
	enum ezlb_proto proto;
	const char *backend, *to;
	size_t len; /* as iptables-legacy makes it */
} rules[] = {
	{ "tcp snat", EZLB_TCP, "192.168.10.11:80", "10.0.0.3", 216 },
	{ "tcp range", EZLB_TCP, "192.168.10.11:80", "10.0.0.3-10.0.0.6", 216 },
	{ "tcp masquerade", EZLB_TCP, "192.168.10.11:80", MASQUERADE, 216 },
	{ "udp snat", EZLB_UDP, "192.168.10.11:53", "10.0.0.3", 216 },
	{ "udp masquerade", EZLB_UDP, "192.168.10.11:53", MASQUERADE, 216 },
	{ "sctp snat", EZLB_SCTP, "192.168.10.11:3868", "10.0.0.3", 496 },
	{ "sctp masquerade", EZLB_SCTP, "192.168.10.11:3868", MASQUERADE, 496 },
	{ "lowest", EZLB_TCP, "0.0.0.1:1", "0.0.0.1", 216 },
	{ "highest", EZLB_TCP, "255.255.255.255:65535", "255.255.255.255", 216 },
	{ "tcp6 snat", EZLB_TCP, "[fd00::a:b]:80", "fd00::3", 288 },
	{ "tcp6 range", EZLB_TCP, "[fd00::a:b]:80", "fd00::3-fd00::6", 288 },
	{ "tcp6 masquerade", EZLB_TCP, "[fd00::a:b]:80", MASQUERADE, 288 },
	{ "udp6 snat", EZLB_UDP, "[fd00::a:b]:53", "fd00::3", 288 },
	{ "udp6 masquerade", EZLB_UDP, "[fd00::a:b]:53", MASQUERADE, 288 },
	{ "sctp6 snat", EZLB_SCTP, "[fd00::a:b]:3868", "fd00::3", 568 },
	{ "sctp6 masquerade", EZLB_SCTP, "[fd00::a:b]:3868", MASQUERADE, 568 },
	{ "lowest6", EZLB_TCP, "[::1]:1", "::1", 288 },
};

#define N_RULES (sizeof(rules) / sizeof(rules[0]))

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_RULES; i++) {
		struct ezlb_snat_row in = row(rules[i].proto, rules[i].backend, rules[i].to), out;
		struct ezlb_xt_entry rule;

		assert_int_equal(ezlb_snat_rule_build(&in, &rule), 0);
		assert_int_equal(rule.len, rules[i].len);
		assert_int_equal(ezlb_xt_entry_len(form(&in), rule.bytes), rule.len);
		assert_int_equal(ezlb_snat_rule_parse(form(&in), rule.bytes, rule.len, &out), 0);
		assert_row_equal(&in, &out);
	}
}

/* The fields that decide what the kernel does, one by one: a round trip alone cannot see them. */
static void test_bytes(void **state)
{
	struct ezlb_xt_entry rule = build(EZLB_TCP, "192.168.10.11:80", "10.0.0.3-10.0.0.6");
	const struct ipt_entry *entry = (const void *)rule.bytes;
	const struct xt_entry_match *match = (const void *)(rule.bytes + 112);
	const struct xt_entry_target *target = (const void *)(rule.bytes + 160);
	const uint8_t tcp[] = { 0, 0, 0xff, 0xff, 80, 0, 80, 0, 0, 0, 0, 0 };
	/* As iptables 1.8.9 has it, with --random-fully. */
	const uint8_t nat[] = { 1, 0, 0, 0, 0x11, 0, 0, 0, 10, 0, 0, 3, 10, 0, 0, 6, 0, 0, 0, 0 };
	const uint8_t masquerade[20] = { 1, [4] = 0x10 };

	(void)state;
	if (((const union {
		    uint16_t word;
		    uint8_t byte;
	    }){ .word = 1 })
		    .byte != 1)
		skip(); /* the bytes above are those of a little-endian machine */
	assert_memory_equal(&entry->ip.dst, ((uint8_t[]){ 192, 168, 10, 11 }), 4);
	assert_int_equal(entry->ip.dmsk.s_addr, UINT32_MAX);
	assert_int_equal(entry->ip.src.s_addr, 0);
	assert_int_equal(entry->ip.smsk.s_addr, 0);
	assert_int_equal(entry->ip.proto, IPPROTO_TCP);
	assert_int_equal(entry->target_offset, 160);
	assert_string_equal(match->u.user.name, "tcp");
	assert_int_equal(match->u.user.match_size, 48);
	assert_memory_equal(match->data, tcp, sizeof(tcp));
	assert_string_equal(target->u.user.name, "SNAT");
	assert_int_equal(target->u.user.target_size, 56);
	assert_memory_equal(target->data, nat, sizeof(nat));
	rule = build(EZLB_TCP, "192.168.10.11:80", MASQUERADE);
	assert_string_equal(target->u.user.name, "MASQUERADE");
	assert_memory_equal(target->data, masquerade, sizeof(masquerade));
}

static void test_bytes_ip6(void **state)
{
	struct ezlb_xt_entry rule = build(EZLB_TCP, "[fd00::b]:80", "fd00::3-fd00::6");
	const struct ip6t_entry *entry = (const void *)rule.bytes;
	const struct xt_entry_match *match = (const void *)(rule.bytes + 168);
	const struct xt_entry_target *target = (const void *)(rule.bytes + 216);
	const struct nf_nat_range *nat = (const void *)target->data;
	const uint8_t backend[16] = { 0xfd, [15] = 0xb };
	const uint8_t first[16] = { 0xfd, [15] = 3 }, last[16] = { 0xfd, [15] = 6 };
	uint8_t ones[16];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_memory_equal(&entry->ipv6.dst, backend, 16);
	assert_memory_equal(&entry->ipv6.dmsk, ones, 16);
	assert_int_equal(entry->ipv6.proto, IPPROTO_TCP);
	assert_int_equal(entry->ipv6.flags, IP6T_F_PROTO); /* without it proto says nothing */
	assert_int_equal(entry->target_offset, 216);
	assert_string_equal(match->u.user.name, "tcp");
	assert_int_equal(((const struct xt_tcp *)(const void *)match->data)->dpts[1], 80);
	assert_string_equal(target->u.user.name, "SNAT");
	assert_int_equal(target->u.user.revision, 1);
	assert_int_equal(target->u.user.target_size, 72);
	assert_int_equal(nat->flags, NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_RANDOM_FULLY);
	assert_memory_equal(&nat->min_addr, first, 16);
	assert_memory_equal(&nat->max_addr, last, 16);
	rule = build(EZLB_TCP, "[fd00::b]:80", MASQUERADE);
	assert_string_equal(target->u.user.name, "MASQUERADE");
	assert_int_equal(target->u.user.revision, 0);
	assert_int_equal(nat->flags, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
}

static void test_sctp_bytes(void **state)
{
	struct ezlb_xt_entry rule = build(EZLB_SCTP, "192.168.10.11:3868", MASQUERADE);
	const struct xt_entry_match *match = (const void *)(rule.bytes + 112);
	const struct xt_sctp_info *sctp = (const void *)match->data;

	(void)state;
	assert_string_equal(match->u.user.name, "sctp");
	assert_int_equal(sctp->flags, XT_SCTP_DEST_PORTS);
	assert_int_equal(sctp->invflags, 0);
	assert_int_equal(sctp->dpts[0], 3868);
	assert_int_equal(sctp->dpts[1], 3868);
	assert_int_equal(sctp->flag_count, 0);
	assert_int_equal(sctp->flag_info[3].chunktype, 255); /* as iptables has it */
}

static void test_refused(void **state)
{
	struct ezlb_snat_row v4_to = row(EZLB_TCP, "[fd00::1]:80", "10.0.0.1");
	struct ezlb_snat_row v6_to = row(EZLB_TCP, "10.0.0.1:80", "fd00::1");
	struct ezlb_snat_row none = { .key.proto = EZLB_TCP, .key.endpoint.port = 80 };
	struct ezlb_snat_row port = row(EZLB_TCP, "10.0.0.1:80", MASQUERADE);
	struct ezlb_snat_row mixed = row(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	struct ezlb_snat_row backwards = row(EZLB_TCP, "[fd00::1]:80", "fd00::3");
	struct ezlb_xt_entry rule;

	(void)state;
	port.key.endpoint.port = 0;
	mixed.to.last = row(EZLB_TCP, "10.0.0.1:80", "10.0.0.3").key.endpoint.addr;
	mixed.to.last.family = AF_INET6;
	backwards.to.last.bytes[15] = 2;
	assert_int_equal(ezlb_snat_rule_build(&v4_to, &rule), -EAFNOSUPPORT);
	assert_int_equal(ezlb_snat_rule_build(&v6_to, &rule), -EAFNOSUPPORT);
	assert_int_equal(ezlb_snat_rule_build(&none, &rule), -EAFNOSUPPORT);
	assert_int_equal(ezlb_snat_rule_build(&port, &rule), -EINVAL);
	assert_int_equal(ezlb_snat_rule_build(&mixed, &rule), -EAFNOSUPPORT);
	assert_int_equal(ezlb_snat_rule_build(&backwards, &rule), -EINVAL);
}

/* Every length but the right one; the copy lies at the end of its memory, for the sanitizer. */
static void test_short_and_long(void **state)
{
	struct ezlb_snat_row out;

	(void)state;
	for (size_t i = 0; i < N_RULES; i++) {
		struct ezlb_snat_row in = row(rules[i].proto, rules[i].backend, rules[i].to);
		struct ezlb_xt_entry rule = build(rules[i].proto, rules[i].backend, rules[i].to);

		for (size_t len = 0; len <= rule.len + 16; len++) {
			unsigned char *copy = ezlb_calloc(1, len);
			int want = len == rule.len ? 0 : -EINVAL;

			memcpy(copy, rule.bytes, len < rule.len ? len : rule.len);
			assert_int_equal(ezlb_snat_rule_parse(form(&in), copy, len, &out), want);
			free(copy);
		}
	}
}

/* Fields that are the kernel's own, and change under our feet. */
static void test_ignored(void **state)
{
	struct ezlb_snat_row in = row(EZLB_UDP, "10.0.0.1:53", "10.0.0.3"), out;
	struct ezlb_xt_entry rule;
	struct ipt_entry *entry = (void *)rule.bytes;
	struct xt_entry_match *match = (void *)(rule.bytes + sizeof(*entry));

	(void)state;
	assert_int_equal(ezlb_snat_rule_build(&in, &rule), 0);
	entry->nfcache = 0x4000;
	entry->comefrom = 77;
	entry->counters.pcnt = 5;
	entry->counters.bcnt = 300;
	match->u.user.name[10] = 'x'; /* after the NUL */
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip, rule.bytes, rule.len, &out), 0);
	assert_row_equal(&in, &out);
	assert_int_equal(out.connections, 5);
}

static bool kernels_own(const struct ezlb_xt_form *form, size_t at)
{
	return (at >= form->match_len && at < form->target_offset) ||
	       (at >= form->comefrom && at < form->size);
}

/* In a name of 29 bytes, those after the NUL that ends "tcp" or "SNAT". */
static bool after_name(const struct ezlb_xt_form *form, const struct ezlb_xt_entry *rule, size_t at)
{
	size_t names[] = { form->size + 2, 2 };
	uint16_t target_offset;

	memcpy(&target_offset, rule->bytes + form->target_offset, sizeof(target_offset));
	names[1] += target_offset;
	for (size_t i = 0; i < 2; i++) {
		size_t end = names[i] + strlen((const char *)rule->bytes + names[i]);

		if (at > end && at < names[i] + XT_EXTENSION_MAXNAMELEN)
			return true;
	}
	return false;
}

/* A changed byte says something else, which is refused unless build would say it so, or nothing. */
static void check_mutation(const struct ezlb_xt_entry *rule, const struct ezlb_snat_row *in,
			   size_t at, uint8_t flip, unsigned *accepted)
{
	struct ezlb_xt_entry bad = *rule, again;
	struct ezlb_snat_row out;
	int rc;

	bad.bytes[at] ^= flip;
	rc = ezlb_snat_rule_parse(form(in), bad.bytes, bad.len, &out);
	if (kernels_own(form(in), at) || after_name(form(in), rule, at)) {
		assert_int_equal(rc, 0);
		assert_row_equal(in, &out);
		return;
	}
	if (rc < 0)
		return;
	assert_int_equal(ezlb_snat_rule_build(&out, &again), 0);
	assert_int_equal(again.len, bad.len);
	assert_memory_equal(again.bytes, bad.bytes, bad.len);
	*accepted += ezlb_range_cmp(&out.to, &in->to) == 0;
}

static void test_mutations(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_RULES; i++) {
		struct ezlb_xt_entry rule = build(rules[i].proto, rules[i].backend, rules[i].to);
		struct ezlb_snat_row in = row(rules[i].proto, rules[i].backend, rules[i].to);
		unsigned accepted = 0;

		for (size_t at = 0; at < rule.len; at++) {
			for (unsigned flip = 1; flip < 256; flip++)
				check_mutation(&rule, &in, at, (uint8_t)flip, &accepted);
		}
		/* Beside the range only -d's bytes stand alone: each port is there twice. */
		assert_int_equal(accepted, form(&in)->addr_size * 255);
	}
}

/* Rules that do nearly the same, as an administrator could put them into the chain. */
static void test_strangers(void **state)
{
	struct ezlb_xt_entry rule = build(EZLB_TCP, "10.0.0.1:80", "10.0.0.3"), jump;
	struct ipt_entry *entry = (void *)rule.bytes;
	struct xt_entry_target *target = (void *)(rule.bytes + entry->target_offset);
	struct nf_nat_ipv4_multi_range_compat *nat = (void *)target->data;
	struct ezlb_snat_row out;

	(void)state;
	ezlb_xt_entry_jump(&ezlb_xt_form_ip, EZLB_SNAT_CHAIN, &jump);
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip, jump.bytes, jump.len, &out),
			 -EINVAL);

	/* As ezlb made it once. */
	nat->range[0].flags = NF_NAT_RANGE_MAP_IPS;
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip, rule.bytes, rule.len, &out),
			 -EINVAL);
	rule = build(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	nat->range[0].max_ip = htonl(0x0a000002);
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip, rule.bytes, rule.len, &out),
			 -EINVAL);
	rule = build(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	target->u.user.revision = 2;
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip, rule.bytes, rule.len, &out),
			 -EINVAL);
	rule = build(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	ezlb_strcpy(entry->ip.outiface, sizeof(entry->ip.outiface), "eth0");
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip, rule.bytes, rule.len, &out),
			 -EINVAL);
	rule = build(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	ezlb_strcpy(target->u.user.name, sizeof(target->u.user.name), "DNAT");
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip, rule.bytes, rule.len, &out),
			 -EINVAL);
	rule = build(EZLB_TCP, "10.0.0.1:80", "10.0.0.3");
	entry->ip.proto = IPPROTO_ICMP;
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip, rule.bytes, rule.len, &out),
			 -EINVAL);
}

static void test_strangers_ip6(void **state)
{
	struct ezlb_xt_entry rule = build(EZLB_TCP, "[fd00::1]:80", "fd00::3");
	struct ip6t_entry *entry = (void *)rule.bytes;
	struct xt_entry_target *target = (void *)(rule.bytes + entry->target_offset);
	struct nf_nat_range *nat = (void *)target->data;
	struct ezlb_snat_row out;

	(void)state;
	nat->flags = NF_NAT_RANGE_MAP_IPS;
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip6, rule.bytes, rule.len, &out),
			 -EINVAL);
	rule = build(EZLB_TCP, "[fd00::1]:80", "fd00::3");
	entry->ipv6.flags = 0; /* any protocol */
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip6, rule.bytes, rule.len, &out),
			 -EINVAL);
	rule = build(EZLB_TCP, "[fd00::1]:80", "fd00::3");
	target->u.user.revision = 2;
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip6, rule.bytes, rule.len, &out),
			 -EINVAL);
	rule = build(EZLB_TCP, "[fd00::1]:80", "fd00::3");
	assert_int_equal(ezlb_snat_rule_parse(&ezlb_xt_form_ip, rule.bytes, rule.len, &out),
			 -EINVAL);
}

static void test_jump_ip6(void **state)
{
	struct ezlb_xt_entry jump;
	struct ip6t_entry *entry = (void *)jump.bytes;
	const struct xt_standard_target *target = (const void *)(jump.bytes + sizeof(*entry));

	(void)state;
	ezlb_xt_entry_jump(&ezlb_xt_form_ip6, EZLB_SNAT_CHAIN, &jump);
	assert_int_equal(jump.len, 208);
	assert_int_equal(entry->next_offset, jump.len);
	assert_string_equal(target->target.u.user.name, "EZLB-SNAT");
	assert_true(ezlb_xt_entry_is_plain(&ezlb_xt_form_ip6, entry));
	entry->ipv6.flags = IP6T_F_GOTO;
	assert_false(ezlb_xt_entry_is_plain(&ezlb_xt_form_ip6, entry));
	entry->ipv6.flags = 0;
	entry->ipv6.invflags = IP6T_INV_PROTO; /* the last byte that says something */
	assert_false(ezlb_xt_entry_is_plain(&ezlb_xt_form_ip6, entry));
}

static void test_jump(void **state)
{
	struct ezlb_xt_entry jump, other = build(EZLB_TCP, "10.0.0.1:80", MASQUERADE);
	struct ipt_entry *entry = (void *)jump.bytes;
	const struct xt_standard_target *target = (const void *)(jump.bytes + sizeof(*entry));

	(void)state;
	ezlb_xt_entry_jump(&ezlb_xt_form_ip, EZLB_SNAT_CHAIN, &jump);
	assert_int_equal(jump.len, 152);
	assert_int_equal(entry->next_offset, jump.len);
	assert_string_equal(target->target.u.user.name, "EZLB-SNAT");
	assert_true(ezlb_xt_entry_is_plain(&ezlb_xt_form_ip, entry));
	entry->ip.flags = IPT_F_GOTO;
	assert_false(ezlb_xt_entry_is_plain(&ezlb_xt_form_ip, entry));
	ezlb_xt_entry_jump(&ezlb_xt_form_ip, EZLB_SNAT_CHAIN, &jump);
	entry->ip.proto = IPPROTO_TCP;
	assert_false(ezlb_xt_entry_is_plain(&ezlb_xt_form_ip, entry));
	ezlb_xt_entry_jump(&ezlb_xt_form_ip, EZLB_SNAT_CHAIN, &jump);
	entry->target_offset += 48; /* has a match */
	assert_false(ezlb_xt_entry_is_plain(&ezlb_xt_form_ip, entry));
	assert_false(ezlb_xt_entry_is_plain(&ezlb_xt_form_ip, (const void *)other.bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_sctp_bytes),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_short_and_long), cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_mutations),      cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_jump),	       cmocka_unit_test(test_bytes_ip6),
		cmocka_unit_test(test_strangers_ip6),  cmocka_unit_test(test_jump_ip6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
