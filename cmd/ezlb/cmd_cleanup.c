// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd.h"

int cmd_cleanup(const struct flags *flags)
{
	struct ezlb_err err = { 0 };

	return ezlb_controller_cleanup(&flags->options, &err) < 0 ? cmd_fail(&err) : 0;
}
