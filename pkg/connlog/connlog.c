// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/connlog.h>

void ezlb_connlog_counts(struct ezlb_connlog_counts *out)
{
	*out = (struct ezlb_connlog_counts){ .on = false };
}
