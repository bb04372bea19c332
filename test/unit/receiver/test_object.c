// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include <elf.h>

#include "object.h"
#include "set.h"

static const char *const sections[] = { "sockops", "cgroup/getpeername4", "cgroup/getpeername6" };

static bool is_map(const char *name)
{
	for (enum set_map map = 0; map < MAPS; map++)
		if (strcmp(set_map_name(map), name) == 0)
			return true;
	return false;
}

/* Each use is an instruction that loads 64 bits, of a map that the program makes. */
static void test_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sections); i++) {
		struct object_program program;
		struct ezlb_err err = { 0 };

		if (object_read(object_bytes, object_size, sections[i], &program, &err) < 0)
			fail_msg("%s: %s", sections[i], err.msg);
		assert_true(program.n_insns > 10);
		assert_int_equal(BPF_CLASS(program.insns[program.n_insns - 1].code), BPF_JMP);
		assert_true(program.uses.len >= 2);
		for (size_t j = 0; j < program.uses.len; j++) {
			assert_true(is_map(program.uses.items[j].map));
			assert_int_equal(program.insns[program.uses.items[j].insn].code,
					 BPF_LD | BPF_IMM | BPF_DW);
		}
		object_clear(&program);
	}
}

static void test_no_section(void **state)
{
	struct object_program program;
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(object_read(object_bytes, object_size, "tc", &program, &err), -EINVAL);
	assert_string_equal(err.msg, "the BPF programs have no section 'tc' that can be used");
	assert_int_equal(object_read(object_bytes, object_size, "license", &program, &err),
			 -EINVAL);
	assert_int_equal(object_read("text", 4, "sockops", &program, &err), -EINVAL);
	assert_string_equal(err.msg, "the BPF programs are no object for this machine");
}

/* Whatever is cut off or wrong: an error or a program, and never a read outside (the sanitizers
 * look). */
static void test_broken(void **state)
{
	EZLB_AUTO_FREE unsigned char *copy = ezlb_calloc(1, object_size);
	struct object_program program;

	(void)state;
	for (size_t size = 0; size < object_size; size += 97) {
		EZLB_AUTO_FREE unsigned char *cut = ezlb_calloc(1, size + 1);

		memcpy(cut, object_bytes, size);
		if (object_read(cut, size, "sockops", &program, NULL) == 0)
			object_clear(&program);
	}
	for (size_t at = 0; at < sizeof(Elf64_Ehdr); at++) {
		memcpy(copy, object_bytes, object_size);
		copy[at] ^= 0xff;
		if (object_read(copy, object_size, "sockops", &program, NULL) == 0)
			object_clear(&program);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_no_section),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
