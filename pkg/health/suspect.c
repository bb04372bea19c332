// SPDX-License-Identifier: GPL-2.0-or-later
#include "suspect.h"

#include <errno.h>

#define WAIT_MIN_MS (30 * 1000)
#define WAIT_MAX_MS (10 * 60 * 1000)

bool ezlb_suspect_step(struct ezlb_suspect *suspect, const struct ezlb_probe_result *result)
{
	bool local = result->outcome == EZLB_PROBE_LOCAL_ERROR;

	if (local && result->code == ENOTCONN)
		return false; /* it was not probed */
	if (!local || (result->code != EOWNERDEAD && result->code != ETIME)) {
		suspect->ends = 0;
		return false;
	}
	return ++suspect->ends == EZLB_SUSPECT_AFTER;
}

bool ezlb_suspect_is(const struct ezlb_suspect *suspect)
{
	return suspect->ends >= EZLB_SUSPECT_AFTER;
}

uint32_t ezlb_suspect_wait_ms(const struct ezlb_suspect *suspect)
{
	uint32_t wait = WAIT_MIN_MS;

	if (!ezlb_suspect_is(suspect))
		return 0;
	for (unsigned i = EZLB_SUSPECT_AFTER; i < suspect->ends && wait < WAIT_MAX_MS; i++)
		wait *= 2;
	return wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
}
