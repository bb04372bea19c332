// SPDX-License-Identifier: GPL-2.0-or-later
#include "utf8.h"

#include <ezlb/text.h>
#include <ezlb/utf8.h>

char *ezlb_utf8_mend(const char *text)
{
	struct ezlb_text out = { 0 };

	while (*text) {
		size_t len = ezlb_utf8_decode(text, SIZE_MAX, NULL);

		ezlb_text_put(&out, len ? text : "\xef\xbf\xbd", len ? len : 3);
		text += len ? len : 1;
	}
	return ezlb_text_take(&out, NULL);
}
