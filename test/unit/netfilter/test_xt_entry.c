// SPDX-License-Identifier: GPL-2.0-or-later
/* xtables: entries of both families, and which tables are loaded. (The peek is in snat/test_peek.)
 */
#include <ezlb/xtables.h> /* first: what it includes has an order */

#include "tmpdir.h"

#include <errno.h>

#include <linux/netfilter/xt_sctp.h>

static const uint8_t families[] = { AF_INET, AF_INET6 };

static void test_form(void **state)
{
	(void)state;
	assert_ptr_equal(ezlb_xt_form_of(AF_INET), ezlb_xt_ip.form);
	assert_ptr_equal(ezlb_xt_form_of(AF_INET6), ezlb_xt_ip6.form);
	assert_null(ezlb_xt_form_of(AF_UNIX));
}

static void test_jump(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		const struct ezlb_xt_form *form = ezlb_xt_form_of(families[i]);
		const struct xt_entry_target *target;
		struct ezlb_xt_entry entry;

		ezlb_xt_entry_jump(form, "THERE", &entry);
		assert_int_equal(ezlb_xt_entry_len(form, entry.bytes), entry.len);
		assert_int_equal(ezlb_xt_entry_target_at(form, entry.bytes), form->size);
		target = (const void *)(entry.bytes + form->size);
		assert_string_equal(target->u.user.name, "THERE");
		assert_int_equal(form->size + target->u.user.target_size, entry.len);
		assert_true(ezlb_xt_entry_is_plain(form, entry.bytes));
		ezlb_xt_put_proto(form, EZLB_TCP, entry.bytes);
		assert_false(ezlb_xt_entry_is_plain(form, entry.bytes));
	}
}

/* What is put in counts, and what the kernel keeps for itself does not. */
static void test_head(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		const struct ezlb_xt_form *form = ezlb_xt_form_of(families[i]);
		const struct xt_counters counters = { .pcnt = 7, .bcnt = 4711 };
		struct ezlb_addr dst = { .family = families[i], .bytes = { 1, 2, 3, 4 } };
		struct ezlb_xt_entry want = { .len = 0 }, seen;

		ezlb_xt_put_proto(form, EZLB_UDP, want.bytes);
		ezlb_xt_put_dst(form, &dst, want.bytes);
		ezlb_xt_put_offsets(form, 300, 400, want.bytes);
		assert_int_equal(want.bytes[form->proto], IPPROTO_UDP);
		assert_memory_equal(want.bytes + form->dst, dst.bytes, form->addr_size);
		assert_int_equal(want.bytes[form->dmsk + form->addr_size - 1], 0xff);
		assert_int_equal(want.bytes[form->flags], form->proto_flag);
		assert_int_equal(ezlb_xt_entry_target_at(form, want.bytes), 300);
		assert_int_equal(ezlb_xt_entry_len(form, want.bytes), 400);

		seen = want;
		memcpy(seen.bytes + form->counters, &counters, sizeof(counters));
		memset(seen.bytes + form->comefrom, 0xee, sizeof(unsigned));
		memset(seen.bytes + form->match_len, 0xee, form->target_offset - form->match_len);
		assert_int_equal(ezlb_xt_entry_counters(form, seen.bytes).pcnt, 7);
		assert_int_equal(ezlb_xt_entry_counters(form, seen.bytes).bcnt, 4711);
		ezlb_xt_clean_head(form, seen.bytes);
		assert_memory_equal(seen.bytes, want.bytes, form->size);
	}
}

static void test_name(void **state)
{
	char name[XT_EXTENSION_MAXNAMELEN] = "tcp\0left behind";
	static const char want[XT_EXTENSION_MAXNAMELEN] = "tcp";

	(void)state;
	ezlb_xt_clean_name(name);
	assert_memory_equal(name, want, sizeof(want));
}

static void test_port(void **state)
{
	static const enum ezlb_proto protos[] = { EZLB_TCP, EZLB_UDP, EZLB_SCTP };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(protos); i++) {
		struct xt_sctp_info room = { .flags = 0 }; /* the largest */

		ezlb_xt_port_put(protos[i], 8080, &room);
		assert_int_equal(ezlb_xt_port_get(protos[i], &room), 8080);
		assert_int_equal(ezlb_xt_port_size(protos[i]) % 8, 0);
		assert_true(ezlb_xt_port_size(protos[i]) <= XT_ALIGN(sizeof(room)));
	}
}

static void test_loaded(void **state)
{
	static const struct {
		const char *file, *table;
		bool want;
	} cases[] = {
		{ "", "nat", false },
		{ "nat\nfilter\n", "nat", true },
		{ "nat\nfilter\n", "filter", true },
		{ "nat\nfilter", "filter", true },
		{ "nat2\nmangle\n", "nat", false },
	};
	struct ezlb_err err = { 0 };
	struct text path = at("tables");
	bool loaded = true;

	(void)state;
	assert_int_equal(ezlb_xt_is_loaded(path.s, "nat", &loaded, &err), 0);
	assert_false(loaded);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put("tables", cases[i].file);
		assert_int_equal(ezlb_xt_is_loaded(path.s, cases[i].table, &loaded, &err), 0);
		assert_int_equal(loaded, cases[i].want);
	}
	assert_int_equal(remove(path.s), 0);
	assert_int_equal(symlink("tables", path.s), 0);
	assert_int_equal(ezlb_xt_is_loaded(path.s, "nat", &loaded, &err), -ELOOP);
	assert_non_null(strstr(err.msg, path.s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_jump),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_port),
		cmocka_unit_test_setup_teardown(test_loaded, setup_top, teardown_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
