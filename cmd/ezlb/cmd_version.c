// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "cmd.h"

int cmd_version(const struct flags *flags)
{
	(void)flags;
	printf("ezlb %s\n", EZLB_VERSION);
	return 0;
}
