/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verdict: what health says of one backend of one service, as a value that pure code can take. */
#pragma once

#include <ezlb/addr.h>
#include <ezlb/mem.h>
#include <ezlb/spec.h>

/*
 * UNKNOWN is the time between a backend's first mention and its first verdict. It never changes
 * the kernel: a dest that is there stays, one that is not is not added. So a restart disturbs
 * nothing, and a new backend serves only once a probe has succeeded.
 */
enum ezlb_verdict { EZLB_UNKNOWN, EZLB_UP, EZLB_DOWN };

struct ezlb_verdict_row {
	char service[EZLB_NAME_MAX + 1];
	struct ezlb_endpoint backend;
	enum ezlb_verdict verdict;
};

struct ezlb_verdicts EZLB_VEC(struct ezlb_verdict_row);

int ezlb_verdict_row_cmp(const void *a, const void *b); /* by service, backend */
const char *ezlb_verdict_str(enum ezlb_verdict verdict);
