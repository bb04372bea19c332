// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

int cmd_reload(const struct flags *flags)
{
	EZLB_AUTO_FREE char *body = NULL;
	struct ezlb_err err;

	if (cmd_ask(flags, true, "/-/reload", &body, &err) < 0)
		return cmd_fail(&err);
	return cmd_print(body);
}
