// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/mem.h>

/* With the key 0, as Python 3.11 prints for PYTHONHASHSEED=0 and hash(b"..."). */
static const struct {
	const char *text;
	uint64_t hash;
} cases[] = {
	{ "a", 0x407448d2b89b1813u },
	{ "ezlb", 0xeb7fff56581de34bu },
	{ "12345678", 0x3489982430560a87u },
	{ "a longer text than one word", 0x45125d2097d7e331u },
};

static void test_siphash(void **state)
{
	unsigned char key[16] = { 0 }, data[17] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_true(ezlb_siphash(key, cases[i].text, strlen(cases[i].text)) ==
			    cases[i].hash);
	for (unsigned char i = 0; i < 16; i++)
		key[i] = data[i] = i;
	/* Each byte counts, wherever it is, and so does the length. */
	for (size_t n = 0; n < 16; n++) {
		uint64_t hash = ezlb_siphash(key, data, n);

		assert_true(hash != ezlb_siphash(key, data, n + 1));
		for (size_t i = 0; i < n; i++) {
			data[i] ^= 0x80;
			assert_true(hash != ezlb_siphash(key, data, n));
			data[i] ^= 0x80;
		}
	}
}

static void test_keyed(void **state)
{
	const unsigned char zero[16] = { 0 };

	(void)state;
	assert_true(ezlb_hash_keyed("abc", 3) == ezlb_hash_keyed("abc", 3));
	assert_true(ezlb_hash_keyed("abc", 3) != ezlb_hash_keyed("abd", 3));
	/* The key is not known: this fails once in 4 billion runs. */
	assert_true(ezlb_hash_keyed("abc", 3) != (uint32_t)ezlb_siphash(zero, "abc", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash),
		cmocka_unit_test(test_keyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
