// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include <ezlb/mem.h>
#include <ezlb/utf8.h>

#include "cmd.h"

int cmd_fail(const struct ezlb_err *err)
{
	char text[sizeof(err->msg)];

	/* It can name any file, and the journal and terminals show it. */
	ezlb_strcpy(text, sizeof(text), err->msg);
	ezlb_utf8_plain(text, false);
	fprintf(stderr, "ezlb: %s\n", text);
	return 1;
}
