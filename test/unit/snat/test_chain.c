// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/socket.h>

#include "chain.h"

/*
 * A chain as text: a rule is its backend's number and its value ("1a"), '?' is a stranger, "-" is
 * no chain at all. Ops: '+' add, '=' set, '~' del, 'S' setup, 'T' teardown.
 */
static struct ezlb_snat_row row(const char *text)
{
	struct ezlb_snat_row out = { .key.proto = EZLB_TCP };

	out.key.endpoint.addr.family = AF_INET;
	out.key.endpoint.addr.bytes[3] = (uint8_t)text[0];
	out.key.endpoint.port = 80;
	if (text[1] && text[1] != ' ') {
		out.to.first.family = AF_INET;
		out.to.first.bytes[3] = (uint8_t)text[1];
		out.to.last = out.to.first;
	}
	return out;
}

static void chain_parse(const char *text, struct ezlb_snat_chain *out)
{
	*out = (struct ezlb_snat_chain){ .exists = strcmp(text, "-") != 0 };
	for (; out->exists && *text; text += 2) {
		struct ezlb_snat_slot *slot = EZLB_PUSH(&out->slots);

		*slot = (struct ezlb_snat_slot){ .ours = text[0] != '?' };
		if (slot->ours)
			slot->row = row(text);
		slot->row.connections = slot->bytes = (uint64_t)text[0];
	}
}

static void chain_format(const struct ezlb_snat_chain *chain, char *out)
{
	for (size_t i = 0; i < chain->slots.len; i++) {
		const struct ezlb_snat_slot *slot = &chain->slots.items[i];

		*out++ = slot->ours ? (char)slot->row.key.endpoint.addr.bytes[3] : '?';
		if (!slot->ours)
			*out++ = '?';
		else
			*out++ = slot->row.to.first.family ? (char)slot->row.to.first.bytes[3]
							   : ' ';
	}
	*out = '\0';
	if (!chain->exists)
		ezlb_strcpy(out, 2, "-");
}

static void ops_parse(const char *text, struct ezlb_plan *plan)
{
	for (const char *p = text; *p;) {
		const char *kinds = "ST+=~", *kind = strchr(kinds, *p);
		const enum ezlb_op_kind all[] = { EZLB_OP_SNAT_SETUP, EZLB_OP_SNAT_TEARDOWN,
						  EZLB_OP_SNAT_ADD, EZLB_OP_SNAT_SET,
						  EZLB_OP_SNAT_DEL };
		struct ezlb_op *op;

		assert_non_null(kind);
		op = ezlb_plan_add(plan, all[kind - kinds]);
		p++;
		if (op->kind != EZLB_OP_SNAT_SETUP && op->kind != EZLB_OP_SNAT_TEARDOWN) {
			op->snat = row(p);
			p += 2;
		}
	}
}

static void edit(const char *now, const char *ops, struct ezlb_snat_chain *want, size_t *common)
{
	struct ezlb_snat_chain chain;
	struct ezlb_plan plan = { 0 };
	struct ezlb_op **list;

	chain_parse(now, &chain);
	ezlb_snat_chain_mark_duplicates(&chain);
	ops_parse(ops, &plan);
	list = ezlb_calloc(plan.len, sizeof(*list));
	for (size_t i = 0; i < plan.len; i++)
		list[i] = &plan.items[i];
	ezlb_snat_chain_edit(&chain, list, plan.len, want);
	*common = ezlb_snat_chain_common(&chain, want);
	assert_int_equal(ezlb_snat_chain_same(&chain, want), chain.exists == want->exists &&
								     *common == chain.slots.len &&
								     *common == want->slots.len);
	free(list);
	ezlb_plan_clear(&plan);
	ezlb_snat_chain_clear(&chain);
}

static void test_edit(void **state)
{
	static const struct {
		const char *name, *now, *ops, *want;
		size_t common;
	} cases[] = {
		{ "setup makes the chain", "-", "S", "", 0 },
		{ "setup of a sound chain", "1a2b", "S", "1a2b", 2 },
		{ "setup removes strangers", "1a??2b??", "S", "1a2b", 1 },
		{ "setup removes duplicates, first wins", "1a2b1c1a", "S", "1a2b", 2 },
		{ "add appends", "1a", "+2b", "1a2b", 1 },
		{ "add of what is there", "1a2b", "+1a", "1a2b", 2 },
		{ "add of another value replaces", "1a2b", "+1c", "1c2b", 0 },
		{ "add without a chain makes it", "-", "+1a", "1a", 0 },
		{ "adds keep their order", "1a", "+9a+2b+5c", "1a9a2b5c", 1 },
		{ "the same add twice", "", "+1a+1a", "1a", 0 },
		{ "two adds for a key: the last", "", "+1a+2a+1b", "2a1b", 0 },
		{ "set keeps the place", "1a2b3c", "=2x", "1a2x3c", 1 },
		{ "set of what is there", "1a2b", "=2b", "1a2b", 2 },
		{ "set of what is gone", "1a", "=2b", "1a2b", 1 },
		{ "snat to masquerade", "1a2b", "=1 ", "1 2b", 0 },
		{ "del", "1a2b3c", "~2b", "1a3c", 1 },
		{ "del goes by key", "1a2b", "~1z", "2b", 0 },
		{ "del of what is gone", "1a", "~2b", "1a", 1 },
		{ "del without a chain", "-", "~2b", "-", 0 },
		{ "del and its duplicates", "1a1b2c", "~1a", "2c", 0 },
		{ "del does not bring the chain back", "-", "~1a~2b", "-", 0 },
		{ "add then del", "2b", "+1a~1a", "2b", 1 },
		{ "del then add", "1a2b", "~1a+1c", "1c2b", 0 },
		{ "teardown", "1a2b", "T", "-", 0 },
		{ "teardown of nothing", "-", "T", "-", 0 },
		{ "del and teardown", "1a2b", "~1aT", "-", 0 },
		{ "setup, add, teardown", "-", "S+1aT", "-", 0 },
		{ "teardown, then setup and add", "1a2b", "TS+2b", "2b", 0 },
		{ "a whole pass", "1a2b3c4d", "S+5e=3x~1a", "2b3x4d5e", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ezlb_snat_chain want;
		char text[64];
		size_t common;

		edit(cases[i].now, cases[i].ops, &want, &common);
		chain_format(&want, text);
		if (strcmp(text, cases[i].want) != 0 || common != cases[i].common)
			fail_msg("%s: got '%s' common %zu", cases[i].name, text, common);
		ezlb_snat_chain_clear(&want);
	}
}

/* Counters stay with a rule that stays, wherever it moves and whatever its value is. */
static void test_counters(void **state)
{
	struct ezlb_snat_chain want;
	size_t common;

	(void)state;
	edit("1a2b3c", "~1a=2x+3c+4d", &want, &common);
	assert_int_equal(want.slots.len, 3);
	assert_int_equal(want.slots.items[0].row.connections, '2');
	assert_int_equal(want.slots.items[0].bytes, '2');
	assert_int_equal(want.slots.items[1].row.connections, '3');
	assert_int_equal(want.slots.items[2].row.connections, 0);
	assert_int_equal(want.slots.items[2].bytes, 0);
	ezlb_snat_chain_clear(&want);
}

static void test_same(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
		size_t common;
	} cases[] = {
		{ "-", "-", true, 0 },	      { "-", "", false, 0 },	{ "", "", true, 0 },
		{ "1a", "1a", true, 1 },      { "1a", "1b", false, 0 }, { "1a2b", "1a", false, 1 },
		{ "1a", "2a", false, 0 },     { "1a", "??", false, 0 }, { "??", "??", false, 0 },
		{ "1a2b", "2b1a", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ezlb_snat_chain a, b;

		chain_parse(cases[i].a, &a);
		chain_parse(cases[i].b, &b);
		assert_int_equal(ezlb_snat_chain_same(&a, &b), cases[i].same);
		assert_int_equal(ezlb_snat_chain_same(&b, &a), cases[i].same);
		assert_int_equal(ezlb_snat_chain_common(&a, &b), cases[i].common);
		ezlb_snat_chain_clear(&a);
		ezlb_snat_chain_clear(&b);
	}
}

/* Linear, or nearly: a quadratic edit of this size would take minutes. */
static void test_large(void **state)
{
	const size_t n = 200000;
	struct ezlb_snat_chain now = { .exists = true }, want;
	struct ezlb_op *all = ezlb_calloc(n, sizeof(*all));
	struct ezlb_op **ops = ezlb_calloc(n, sizeof(*ops));

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct ezlb_snat_row row = { .key.endpoint = { .addr.family = AF_INET,
							       .port = 80 } };

		memcpy(row.key.endpoint.addr.bytes, &i, 4);
		*EZLB_PUSH(&now.slots) = (struct ezlb_snat_slot){ .ours = true, .row = row };
		all[i] = (struct ezlb_op){ .kind = i % 2 ? EZLB_OP_SNAT_DEL : EZLB_OP_SNAT_SET };
		all[i].snat = row;
		ops[n - 1 - i] = &all[i];
	}
	ezlb_snat_chain_mark_duplicates(&now);
	ezlb_snat_chain_edit(&now, ops, n, &want);
	assert_int_equal(want.slots.len, n / 2);
	ezlb_snat_chain_clear(&now);
	ezlb_snat_chain_clear(&want);
	free(ops);
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
