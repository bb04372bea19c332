// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/toa.h>

#include "program.h"

int ezlb_toa_load(struct ezlb_err *err)
{
	struct ezlb_toa_program program;
	int rc = ezlb_toa_program_load(&program, err);

	ezlb_toa_program_close(&program);
	return rc;
}

int ezlb_toa_unload(struct ezlb_err *err)
{
	return ezlb_toa_program_remove(err);
}
