// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/verdict.h>

int ezlb_verdict_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_verdict_row *a = pa, *b = pb;
	int rc = strcmp(a->service, b->service);

	return rc ? rc : ezlb_endpoint_cmp(&a->backend, &b->backend);
}

const char *ezlb_verdict_str(enum ezlb_verdict verdict)
{
	static const char *const names[] = {
		[EZLB_UNKNOWN] = "unknown",
		[EZLB_UP] = "up",
		[EZLB_DOWN] = "down",
	};

	return names[verdict];
}
