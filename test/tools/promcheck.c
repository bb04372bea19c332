// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * promcheck: reads an exposition on stdin and prints what is wrong with it, "LINE: what". Status 0
 * where nothing is.
 *
 *   curl -s --unix-socket /run/ezlb/admin.sock http://localhost/metrics | promcheck
 */
#include <stdio.h>

#include "exposition.h"

int main(void)
{
	struct ezlb_text in = { 0 }, faults = { 0 };
	char buf[65536];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		ezlb_text_put(&in, buf, n);
	if (ferror(stdin)) {
		perror("promcheck: stdin");
		return 1;
	}
	n = exposition_check(in.items, in.len, &faults);
	fwrite(faults.items, 1, faults.len, stdout);
	EZLB_VEC_CLEAR(&in);
	EZLB_VEC_CLEAR(&faults);
	return n > 0;
}
