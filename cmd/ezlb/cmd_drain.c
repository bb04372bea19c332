// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

static int ask(const struct flags *flags, const char *path)
{
	EZLB_AUTO_FREE char *body = NULL;
	struct ezlb_err err;

	if (cmd_ask(flags, true, path, &body, &err) < 0)
		return cmd_fail(&err);
	return cmd_print(body);
}

int cmd_drain(const struct flags *flags)
{
	return ask(flags, flags->until_exit ? "/-/drain?until=exit" : "/-/drain");
}

int cmd_undrain(const struct flags *flags)
{
	return ask(flags, "/-/undrain");
}
