// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

int cmd_host_setup(const struct flags *flags)
{
	struct ezlb_err err = { 0 };
	bool done = false;
	int status;

	if (ezlb_controller_host_setup(&flags->options, &done, &err) < 0)
		status = cmd_fail(&err);
	else
		status = done ? 0 : 1;
	return flags->best_effort ? 0 : status;
}
