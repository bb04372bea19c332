// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/console.h>

#define HOME	   "\033[H"
#define REST_LINE  "\033[K"
#define REST_FRAME "\033[J"

/* Overwrites the old frame line by line: clearing the screen first would flicker. */
void ezlb_console_frame(const char *text, unsigned rows, struct ezlb_text *out)
{
	unsigned lines = 0, shown = 0, most;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	/* One row is for the cursor, one for the number of lines left out. */
	most = rows < 3 || lines < rows ? lines : rows - 2;
	ezlb_text_puts(out, HOME);
	for (; shown < most; shown++) {
		size_t n = strcspn(text, "\n");

		ezlb_text_put(out, text, n);
		ezlb_text_puts(out, REST_LINE "\n");
		text += n + 1;
	}
	if (shown < lines)
		ezlb_text_printf(out, "and %u more lines" REST_LINE "\n", lines - shown);
	ezlb_text_puts(out, REST_FRAME);
}
