// SPDX-License-Identifier: GPL-2.0-or-later
/* rules, match and compat: what a row is made into is read as that row, and nothing else is. */
#include "rules.h" /* first: what it includes has an order */

#include "actuals.h"
#include "compat.h"

#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>

static const struct {
	enum ezlb_gate gate;
	enum ezlb_proto proto;
	const char *listen;
} rows[] = {
	{ EZLB_GATE_INPUT, EZLB_TCP, "10.0.0.1:80" },
	{ EZLB_GATE_INPUT, EZLB_UDP, "10.0.0.1:65535" },
	{ EZLB_GATE_INPUT, EZLB_SCTP, "10.0.0.1:1" },
	{ EZLB_GATE_FORWARD, EZLB_TCP, "10.0.0.1:80" },
	{ EZLB_GATE_FORWARD, EZLB_SCTP, "10.0.0.1:443" },
	{ EZLB_GATE_INPUT, EZLB_TCP, "[fd00::1]:80" },
	{ EZLB_GATE_INPUT, EZLB_SCTP, "[fd00::1]:80" },
	{ EZLB_GATE_FORWARD, EZLB_UDP, "[fd00::1]:53" },
};

static struct ezlb_accept_row get_row(size_t i)
{
	struct ezlb_accept_row row = { .gate = rows[i].gate, .service.proto = rows[i].proto };

	assert_int_equal(ezlb_endpoint_parse(rows[i].listen, &row.service.listen, NULL), 0);
	return row;
}

static void test_legacy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_accept_row row = get_row(i), seen;
		uint8_t family = row.service.listen.addr.family;
		struct ezlb_xt_entry entry;

		ezlb_fw_entry_build(&row, &entry);
		assert_int_equal(
			ezlb_fw_entry_read(ezlb_xt_form_of(family), entry.bytes, "ACCEPT", &seen),
			0);
		assert_int_equal(ezlb_accept_row_cmp(&row, &seen), 0);
		assert_true(ezlb_fw_entry_read(ezlb_xt_form_of(family), entry.bytes, "DROP",
					       &seen) < 0);
		assert_false(ezlb_xt_entry_is_plain(ezlb_xt_form_of(family), entry.bytes));
	}
}

/* Every byte that says something, changed: it is not that row any more. */
static void test_legacy_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_accept_row row = get_row(i), seen;
		uint8_t family = row.service.listen.addr.family;
		struct ezlb_xt_entry entry;
		size_t head = family == AF_INET ? offsetof(struct ipt_entry, nfcache)
						: offsetof(struct ip6t_entry, ipv6.invflags) + 1;
		size_t match = family == AF_INET ? sizeof(struct ipt_entry)
						 : sizeof(struct ip6t_entry);

		ezlb_fw_entry_build(&row, &entry);
		for (size_t at = 0; at < entry.len - XT_ALIGN(sizeof(struct xt_standard_target));
		     at++) {
			const struct xt_entry_match *put = (const void *)(entry.bytes + match);
			size_t name = match + offsetof(struct xt_entry_match, u.user.name);

			if (at >= head && at < match)
				continue;
			/* The kernel leaves out what follows the NUL of a name. */
			if (at > name + strlen(put->u.user.name) &&
			    at < name + sizeof(put->u.user.name))
				continue;
			entry.bytes[at] ^= 0x10;
			if (ezlb_fw_entry_read(ezlb_xt_form_of(family), entry.bytes, "ACCEPT",
					       &seen) == 0)
				assert_int_not_equal(ezlb_accept_row_cmp(&row, &seen), 0);
			entry.bytes[at] ^= 0x10;
		}
	}
}

static void test_jump(void **state)
{
	struct ezlb_xt_entry entry;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t family = i ? AF_INET6 : AF_INET;
		size_t flags = i ? offsetof(struct ip6t_entry, ipv6.flags)
				 : offsetof(struct ipt_entry, ip.flags);

		ezlb_xt_entry_jump(ezlb_xt_form_of(family), EZLB_INPUT_CHAIN, &entry);
		assert_true(ezlb_xt_entry_is_plain(ezlb_xt_form_of(family), entry.bytes));
		entry.bytes[flags] |= i ? IP6T_F_GOTO : IPT_F_GOTO;
		assert_false(ezlb_xt_entry_is_plain(ezlb_xt_form_of(family), entry.bytes));
	}
}

static struct ezlb_fw_rule compat_of(uint8_t family, struct nftnl_rule *rule)
{
	struct ezlb_fw_rule out = { .kind = EZLB_FW_OTHER };

	ezlb_fw_compat_read(family, rule, &out);
	nftnl_rule_free(rule);
	return out;
}

static int count_up(struct nftnl_expr *expr, void *arg)
{
	(void)arg;
	if (strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "counter") == 0)
		nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_PACKETS, 77);
	return 0;
}

static void test_compat(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_accept_row row = get_row(i);
		uint8_t family = row.service.listen.addr.family;
		struct nftnl_rule *rule = ezlb_fw_compat_build(&row);
		struct ezlb_fw_rule seen;

		nftnl_expr_foreach(rule, count_up, NULL);
		nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, 9);
		seen = compat_of(family, rule);
		assert_int_equal(seen.kind, EZLB_FW_ROW);
		assert_int_equal(seen.handle, 9);
		assert_int_equal(ezlb_accept_row_cmp(&row, &seen.row), 0);
		/* In a table of both families it is some rule. */
		assert_int_equal(compat_of(NFPROTO_INET, ezlb_fw_compat_build(&row)).kind,
				 EZLB_FW_OTHER);
		/* Something more in it. */
		rule = ezlb_fw_compat_build(&row);
		nftnl_rule_add_expr(rule, nftnl_expr_alloc("counter"));
		assert_int_equal(compat_of(family, rule).kind, EZLB_FW_OTHER);
	}
}

static void test_compat_jump(void **state)
{
	struct nftnl_rule *rule = ezlb_fw_compat_jump("A");
	struct ezlb_fw_rule seen = compat_of(AF_INET, rule);

	(void)state;
	assert_int_equal(seen.kind, EZLB_FW_GO);
	assert_true(seen.plain);
	assert_string_equal(seen.to, "A");
	free(seen.to);
	rule = ezlb_fw_compat_jump("A");
	nftnl_rule_add_expr(rule, nftnl_expr_alloc("log"));
	seen = compat_of(AF_INET, rule);
	assert_int_equal(seen.kind, EZLB_FW_GO);
	assert_false(seen.plain);
	free(seen.to);
}

static struct nftnl_rule *rule_with(const char *name, uint16_t attr, const char *text)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	if (text)
		nftnl_expr_set_str(expr, attr, text);
	nftnl_rule_add_expr(rule, expr);
	return rule;
}

static void test_compat_drops(void **state)
{
	struct nftnl_rule *rule = rule_with("immediate", 0, NULL);
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(rule);
	struct nftnl_expr *expr = nftnl_expr_iter_next(iter);

	(void)state;
	nftnl_expr_iter_destroy(iter);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
	assert_int_equal(compat_of(AF_INET, rule).kind, EZLB_FW_DROP);
	rule = rule_with("reject", 0, NULL);
	assert_int_equal(compat_of(AF_INET, rule).kind, EZLB_FW_DROP);
	rule = rule_with("target", NFTNL_EXPR_TG_NAME, "REJECT");
	assert_int_equal(compat_of(AF_INET, rule).kind, EZLB_FW_DROP);
	rule = rule_with("target", NFTNL_EXPR_TG_NAME, "LOG");
	assert_int_equal(compat_of(AF_INET, rule).kind, EZLB_FW_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_legacy),	    cmocka_unit_test(test_legacy_bytes),
		cmocka_unit_test(test_jump),	    cmocka_unit_test(test_compat),
		cmocka_unit_test(test_compat_jump), cmocka_unit_test(test_compat_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
