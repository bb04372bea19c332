// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

int cmd_plan(const struct flags *flags)
{
	const struct ezlb_print print = { .json = flags->json, .colour = flags->colour };
	struct ezlb_err err = { 0 };
	size_t pending = 0;

	if (ezlb_controller_plan(&flags->options, &print, &pending, &err) < 0)
		return cmd_fail(&err);
	return pending > 0 ? EXIT_PENDING : 0;
}
