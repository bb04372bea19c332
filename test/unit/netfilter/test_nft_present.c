// SPDX-License-Identifier: GPL-2.0-or-later
#include "tmpdir.h"

#include <ezlb/netfilter.h>

/* NULL: there is no such file. */
static const struct {
	const char *name, *builtin, *symbols;
	bool want;
} cases[] = {
	{ "a module", "kernel/net/netfilter/nf_tables_offload.ko\nkernel/fs/ext4/ext4.ko\n",
	  "ffff t nf_tables_newtable\n", false },
	{ "built in", "kernel/fs/ext4/ext4.ko\nkernel/net/netfilter/nf_tables.ko\n", NULL, true },
	{ "a container, a module", NULL, "ffff T nf_hook_slow\n", false },
	{ "a container, built in", NULL, "ffff T a\n0000 t nf_tables_newtable\n0 t b\n", true },
	{ "no sign either way", NULL, NULL, true },
};

static void test_builtin(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text builtin = at("builtin"), symbols = at("symbols");
		struct ezlb_nft_signs signs = { "/no/such", builtin.s, symbols.s };

		print_message("%s\n", cases[i].name);
		remove(builtin.s);
		remove(symbols.s);
		if (cases[i].builtin)
			put("builtin", cases[i].builtin);
		if (cases[i].symbols)
			put("symbols", cases[i].symbols);
		assert_int_equal(ezlb_nft_is_builtin(&signs), cases[i].want);
	}
}

static void test_loaded(void **state)
{
	struct text module = at("module");
	struct ezlb_nft_signs signs = { module.s, "/no/such", "/no/such" };

	(void)state;
	assert_false(ezlb_nft_is_loaded(&signs));
	put("module", "");
	assert_true(ezlb_nft_is_loaded(&signs));
}

static void test_kernel(void **state)
{
	const struct ezlb_nft_signs *signs = ezlb_nft_kernel_signs();

	(void)state;
	assert_string_equal(signs->module, "/sys/module/nf_tables");
	assert_string_equal(signs->symbols, "/proc/kallsyms");
	assert_ptr_equal(strstr(signs->builtin, "/lib/modules/"), signs->builtin);
	assert_non_null(strstr(signs->builtin, "/modules.builtin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_loaded),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, setup_top, teardown_top);
}
