// SPDX-License-Identifier: GPL-2.0-or-later
/* Signals that arrive before the loop can catch them. */
#include "cm.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signals.h"

static void test_before_the_start(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		signals_expect();
		raise(SIGHUP);
		raise(SIGUSR1);
		_exit(7);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_before_the_start) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
