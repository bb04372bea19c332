// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/config.h>

#include "cmd.h"

int cmd_schema(const struct flags *flags)
{
	EZLB_AUTO_FREE char *text = ezlb_config_schema();

	(void)flags;
	return cmd_print(text);
}
