// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include <arpa/inet.h>

#include "from.h"

static char *formatted(const struct from_list *list)
{
	struct ezlb_text text = { 0 };

	for (size_t i = 0; i < list->len; i++) {
		ezlb_text_puts(&text, i > 0 ? " " : "");
		from_format(&list->items[i], &text);
	}
	return ezlb_text_take(&text, &(size_t){ 0 });
}

static const struct {
	const char *in, *want;
} good[] = {
	{ "", "" },
	{ " , ", "" },
	{ "10.0.0.3", "10.0.0.3" },
	{ "10.0.0.4,10.0.0.3", "10.0.0.3 10.0.0.4" },
	{ "10.0.0.3 10.0.0.4\n10.0.0.3", "10.0.0.3 10.0.0.4" },
	{ "10.0.0.3/32", "10.0.0.3" },
	{ "10.0.0.3/24", "10.0.0.0/24" },
	{ "10.255.0.3/9", "10.128.0.0/9" },
	{ "10.0.0.254-10.0.1.1", "10.0.0.254 10.0.0.255 10.0.1.0 10.0.1.1" },
	{ "fd00::3", "fd00::3" },
	{ "fe80::/1", "8000::/1" },
	{ "::1:0:0:0/96", "::1:0:0:0/96" },
	{ "fd00::3/64, 10.0.0.3", "10.0.0.3 fd00::/64" },
	{ "fd00:0:0:0:ffff::/65", "fd00::8000:0:0:0/65" },
	{ "fd00::ffff-fd00::1:1", "fd00::ffff fd00::1:0 fd00::1:1" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct from_list list = { 0 };
		struct ezlb_err err = { 0 };
		EZLB_AUTO_FREE char *got = NULL;

		assert_int_equal(from_parse(good[i].in, &list, &err), 0);
		got = formatted(&list);
		assert_string_equal(got, good[i].want);
		EZLB_VEC_CLEAR(&list);
	}
}

static const struct {
	const char *in, *want;
} bad[] = {
	{ "balancer", "balancer" },
	{ "10.0.0.3,10.0.0.300", "10.0.0.300" },
	{ "10.0.0.3/33", "'10.0.0.3/33': the prefix is not a number up to 32" },
	{ "10.0.0.3/", "'10.0.0.3/': the prefix is not a number up to 32" },
	{ "10.0.0.3/+8", "'10.0.0.3/+8': the prefix is not a number up to 32" },
	{ "10.0.0.3/8x", "'10.0.0.3/8x': the prefix is not a number up to 32" },
	{ "fd00::/129", "'fd00::/129': the prefix is not a number up to 128" },
	{ "fd00::/99999999999999999999", "the prefix is not a number up to 128" },
	{ "0.0.0.0/0", "'0.0.0.0/0' would believe everybody" },
	{ "::/0", "'::/0' would believe everybody" },
	{ "::/1", "'::/1' would believe every IPv4 address" },
	{ "::ffff:0.0.0.0/96", "would believe every IPv4 address" },
	{ "0.0.0.0", "'0.0.0.0' is no host's address" },
	{ "::", "'::' is no host's address" },
	{ "10.0.0.9-10.0.0.3", "10.0.0.9" },
	{ "10.0.0.0-10.0.8.0", "more than 2048 addresses" },
	{ "10.0.0.0-10.0.7.255,10.0.8.0", "more than 2048 addresses" },
	{ "fd00::-fd00::1:0:0:0", "more than 2048 addresses" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct from_list list = { 0 };
		struct ezlb_err err = { 0 };

		if (from_parse(bad[i].in, &list, &err) != -EINVAL || !strstr(err.msg, bad[i].want))
			fail_msg("'%s': '%s', want '%s'", bad[i].in, err.msg, bad[i].want);
		EZLB_VEC_CLEAR(&list);
	}
}

/* As many as the map has room for are good. */
static void test_most(void **state)
{
	struct from_list list = { 0 };

	(void)state;
	assert_int_equal(from_parse("10.0.0.0-10.0.7.255", &list, NULL), 0);
	assert_int_equal(list.len, TOA_FROM_MAX);
	EZLB_VEC_CLEAR(&list);
}

/* The kernel compares the bits of a key from the generation on: IPv4 must look as it does on a
 * v4-mapped socket. */
static void test_key(void **state)
{
	static const uint8_t mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0 };
	static const char *const lists[] = { "10.0.0.0/24", "10.0.0.3", "fd00::/64", "fd00::1" };
	static const uint32_t prefixes[] = { 32 + 96 + 24, 32 + 128, 32 + 64, 32 + 128 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct from_list list = { 0 };
		struct toa_from key;
		struct from back;

		assert_int_equal(from_parse(lists[i], &list, NULL), 0);
		key = from_to_key(&list.items[0], 7);
		assert_int_equal(key.prefix, prefixes[i]);
		assert_int_equal(key.generation, 7);
		if (i == 0)
			assert_memory_equal(key.addr, mapped, sizeof(mapped));
		back = from_of_key(&key);
		assert_int_equal(from_cmp(&back, &list.items[0]), 0);
		EZLB_VEC_CLEAR(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
