// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "cmd.h"

int cmd_log_level(const struct flags *flags)
{
	EZLB_AUTO_FREE char *path = NULL;
	EZLB_AUTO_FREE char *body = NULL;
	enum ezlb_log_level level;
	struct ezlb_err err;

	if (flags->n_args != 1 || ezlb_log_level_parse(flags->args[0], &level) < 0) {
		fprintf(stderr, "ezlb: log-level takes one argument: error, warn, info or debug\n");
		return EXIT_USAGE;
	}
	path = ezlb_asprintf("/-/log-level?level=%s", flags->args[0]);
	if (cmd_ask(flags, true, path, &body, &err) < 0)
		return cmd_fail(&err);
	return cmd_print(body);
}
