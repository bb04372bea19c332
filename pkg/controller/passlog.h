/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passlog: what a pass did, told once. One line for each pass that had something to do; a failure
 * is told when it appears and when it is over, not each time it is met again.
 */
#pragma once

#include <ezlb/pass.h>

/* Hashes of what failed and of why. */
struct passlog_failure {
	uint64_t what, why;
};

struct passlog {
	/* What is failing and has been told of; sorted. */
	struct passlog_told EZLB_VEC(struct passlog_failure) told;
	unsigned long repairs; /* changes of somebody else's that were seen since the start */
};

void passlog_clear(struct passlog *log);

/* `why`: what brought the pass about. */
void passlog_write(struct passlog *log, const struct ezlb_pass_result *result, const char *why,
		   uint64_t ms);
