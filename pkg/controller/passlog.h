/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passlog: what a pass did, told once. One line for each pass that had something to do; a failure
 * is told when it appears and when it is over, not each time it is met again.
 */
#pragma once

#include "pass.h"

struct passlog {
	struct passlog_told EZLB_VEC(uint64_t) told; /* hashes of what failed in the last pass */
};

void passlog_clear(struct passlog *log);

/* `why`: what brought the pass about. `drift`: nothing had changed on our side. */
void passlog_write(struct passlog *log, const struct pass_result *result, const char *why,
		   bool drift, uint64_t ms);
