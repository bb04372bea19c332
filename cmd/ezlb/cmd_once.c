// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

int cmd_once(const struct flags *flags)
{
	const struct ezlb_print print = { .json = flags->json, .colour = flags->colour };
	struct ezlb_err err = { 0 };
	bool converged = false;

	if (ezlb_controller_once(&flags->options, &print, &converged, &err) < 0)
		return cmd_fail(&err);
	return converged ? 0 : 1;
}
