// SPDX-License-Identifier: GPL-2.0-or-later
#include "actuals.h"

/*
 * Steps as text: "INPUT-1" deletes the second rule, "xNAME" the chain, "+NAME" makes it, "f1"
 * appends that row, "INPUT^" puts the jump on top.
 */
static const char *steps_text(const struct ezlb_fw_steps *steps)
{
	static char out[512];
	char one[64], row[16];
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < steps->len; i++) {
		const struct ezlb_fw_step *step = &steps->items[i];

		switch (step->kind) {
		case EZLB_FW_DEL_RULE:
			assert_int_equal(step->handle, 101 + step->at);
			snprintf(one, sizeof(one), "%s-%zu", step->chain, step->at);
			break;
		case EZLB_FW_DEL_CHAIN:
			snprintf(one, sizeof(one), "x%s", step->chain);
			break;
		case EZLB_FW_NEW_CHAIN:
			snprintf(one, sizeof(one), "+%s", step->chain);
			break;
		case EZLB_FW_APPEND:
			assert_string_equal(step->chain, ezlb_fw_ours(step->row.gate));
			snprintf(one, sizeof(one), "%s", row_text(&step->row, row));
			break;
		case EZLB_FW_JUMP:
			assert_string_equal(step->chain, ezlb_fw_home(step->row.gate));
			snprintf(one, sizeof(one), "%s^", step->chain);
			break;
		}
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "", one);
	}
	return out;
}

#define I "EZLB-INPUT"
#define F "EZLB-FORWARD"

static const struct {
	const char *name, *actual;
	enum ezlb_fw_aim aim;
	const char *rows, *want;
} cases[] = {
	{ "all of it", "INPUT! o;FORWARD! o", EZLB_FW_FRAME, "i1 f1 f2",
	  "+" I " i1 INPUT^ +" F " f1 f2 FORWARD^" },
	{ "only where it is closed", "INPUT o;FORWARD! o", EZLB_FW_FRAME, "i1 f1",
	  "+" F " f1 FORWARD^" },
	{ "done", "INPUT! >" I " o;" I " i1", EZLB_FW_FRAME, "i1 f1", "" },
	{ "others before our jump", "INPUT! o >" I ";" I " i1", EZLB_FW_FRAME, "i1", "" },
	{ "one more, one less", "INPUT! >" I ";" I " i1 i2 i3", EZLB_FW_FRAME, "i1 i3 i4",
	  I "-1 i4" },
	{ "twice, a stranger, another gate's", "INPUT! >" I ";" I " i1 o i1 f1 D", EZLB_FW_FRAME,
	  "i1 f1", I "-4 " I "-3 " I "-2 " I "-1" },
	{ "two jumps", "INPUT! >" I " o >" I ";" I " i1", EZLB_FW_FRAME, "i1", "INPUT-2" },
	{ "a jump with a condition", "INPUT! ~" I ";" I " i1", EZLB_FW_FRAME, "i1",
	  "INPUT-0 INPUT^" },
	{ "a jump from elsewhere", "INPUT! >A >" I ";A >" I ";" I " i1", EZLB_FW_FRAME, "i1",
	  "A-0" },
	{ "both gates' jumps in one chain", "INPUT! >" F " >" I " >" F ";FORWARD!;" I ";" F,
	  EZLB_FW_FRAME, "", "INPUT-2 INPUT-0 FORWARD^" },
	{ "a gate that has opened", "INPUT >" I " o;" I " i1 i2", EZLB_FW_FRAME, "i1 i2",
	  "INPUT-0 " I "-1 " I "-0 x" I },
	{ "no such gate any more", "INPUT!;" F " f1", EZLB_FW_FRAME, "", F "-0 +" I " INPUT^ x" F },
	{ "trimmed, sound or not", "INPUT! o ~" I ";" I " i1 o i2 i1", EZLB_FW_TRIM, "i1 i9",
	  I "-3 " I "-0" },
	{ "cleared", "INPUT! o >" I " o;FORWARD ~" F ";" I " i1 o;" F, EZLB_FW_CLEAR, "i1",
	  "INPUT-1 FORWARD-0 " I "-1 " I "-0 x" I " x" F },
	{ "nothing to clear", "INPUT! o >A;A D", EZLB_FW_CLEAR, "", "" },
	{ "no filter", "", EZLB_FW_FRAME, "i1", "" },
};

static void test_edit(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EZLB_FW_AUTO_ACTUAL struct ezlb_fw_actual actual = actual_of(cases[i].actual);
		struct ezlb_fw_want want = { .aim = cases[i].aim, .rows = rows_of(cases[i].rows) };
		struct ezlb_fw_steps steps = { 0 };

		print_message("%s\n", cases[i].name);
		ezlb_fw_edit(&actual, &want, &steps);
		assert_string_equal(steps_text(&steps), cases[i].want);
		EZLB_VEC_CLEAR(&steps);
		EZLB_VEC_CLEAR(&want.rows);
	}
}

static void test_other_family(void **state)
{
	EZLB_FW_AUTO_ACTUAL struct ezlb_fw_actual actual = actual_of("INPUT!");
	struct ezlb_fw_want want = { .aim = EZLB_FW_FRAME, .rows = rows_of("i1") };
	struct ezlb_fw_steps steps = { 0 };

	(void)state;
	actual.family = AF_INET6;
	ezlb_fw_edit(&actual, &want, &steps);
	assert_string_equal(steps_text(&steps), "+" I " INPUT^");
	EZLB_VEC_CLEAR(&steps);
	EZLB_VEC_CLEAR(&want.rows);
}

static const struct {
	const char *name, *actual, *rows;
	bool present;
} seen[] = {
	{ "none", "INPUT! o", "", false },
	{ "rows, each once", "INPUT!;FORWARD!;" I " i2 o i1 i2;" F " f1", "i1 i2 f1", true },
	{ "behind an open gate", "INPUT;FORWARD!;" I " i1;" F " f1", "f1", true },
	{ "in the wrong chain", "INPUT!;FORWARD!;" I " f1;" F " i1", "", true },
	{ "in a stranger's chain", "INPUT! i1;A i2", "", false },
};

static void test_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(seen); i++) {
		EZLB_FW_AUTO_ACTUAL struct ezlb_fw_actual actual = actual_of(seen[i].actual);
		struct ezlb_accepts rows = { 0 };

		print_message("%s\n", seen[i].name);
		ezlb_fw_rows(&actual, &rows);
		assert_string_equal(rows_text(&rows), seen[i].rows);
		assert_int_equal(ezlb_fw_present(&actual), seen[i].present);
		EZLB_VEC_CLEAR(&rows);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_edit),
					    cmocka_unit_test(test_other_family),
					    cmocka_unit_test(test_seen) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
