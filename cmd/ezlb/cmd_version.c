// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "cmd.h"

int cmd_version(const struct flags *flags)
{
	if (flags && !flags_no_args(flags, "version"))
		return EXIT_USAGE;
	printf("ezlb %s\n", EZLB_VERSION);
	return 0;
}
