// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "outcome.h"

static const struct {
	int code;
	const char *want;
} errnos[] = {
	{ 0, "ok" },
	{ ECONNREFUSED, "connect_refused" },
	{ ETIMEDOUT, "connect_timeout" },
	{ EHOSTUNREACH, "unreachable" },
	{ ENETUNREACH, "unreachable" },
	{ EPERM, "permission" },
	{ EACCES, "permission" },
	{ EINVAL, "unreachable" },
	{ ECONNRESET, "reset" },
	{ EMFILE, "local_error" },
	{ ENFILE, "local_error" },
	{ ENOBUFS, "local_error" },
	{ ENOMEM, "local_error" },
	{ EADDRNOTAVAIL, "local_error" },
	{ EADDRINUSE, "local_error" },
};

static void test_errnos(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		struct ezlb_probe_result result = ezlb_result_from_errno(errnos[i].code);
		bool local = result.outcome == EZLB_PROBE_LOCAL_ERROR;

		if (strcmp(ezlb_outcome_str(result.outcome), errnos[i].want) != 0)
			fail_msg("%s is %s", strerror(errnos[i].code),
				 ezlb_outcome_str(result.outcome));
		assert_int_equal(result.code, local ? errnos[i].code : 0);
	}
}

static void test_words_are_distinct(void **state)
{
	(void)state;
	for (int a = EZLB_PROBE_OK; a <= EZLB_PROBE_LOCAL_ERROR; a++) {
		assert_string_not_equal(ezlb_outcome_str((enum ezlb_outcome)a), "?");
		for (int b = EZLB_PROBE_OK; b < a; b++)
			assert_string_not_equal(ezlb_outcome_str((enum ezlb_outcome)a),
						ezlb_outcome_str((enum ezlb_outcome)b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errnos),
		cmocka_unit_test(test_words_are_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
