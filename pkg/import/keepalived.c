// SPDX-License-Identifier: GPL-2.0-or-later
#include "formats.h"

void ezlb_import_keepalived(struct ezlb_import *import, const char *file, const char *text,
			    size_t len)
{
	(void)text, (void)len;
	ezlb_diags_add(&import->diags, file, (struct ezlb_mark){ 0 }, EZLB_E_SYNTAX, "not yet");
}
