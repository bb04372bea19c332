/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passlog: logs what a pass did. One line for each pass with ops. A failure is logged when it
 * appears and when it is resolved, not in every pass.
 */
#pragma once

#include <ezlb/pass.h>

/* Hashes of what failed, and of the reason. */
struct passlog_failure {
	uint64_t what, why;
};

struct passlog {
	/* Current failures that were logged; sorted. */
	struct passlog_failures EZLB_VEC(struct passlog_failure) logged;
	unsigned long repairs;	/* changes by other programs since the start */
	size_t services, dests; /* of the target */
};

void passlog_clear(struct passlog *log);

/* `why`: what caused the pass. The first pass is over all services. */
void passlog_write(struct passlog *log, const struct ezlb_pass_result *result, const char *why,
		   uint64_t ms);
