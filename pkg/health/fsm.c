// SPDX-License-Identifier: GPL-2.0-or-later
#include "fsm.h"

static void count(uint32_t *run, uint32_t *broken)
{
	if (*run < UINT32_MAX)
		(*run)++;
	*broken = 0;
}

static enum ezlb_verdict next(const struct ezlb_fsm *fsm, const struct ezlb_thresholds *limits)
{
	bool risen = fsm->successes >= limits->rise_count;
	bool failed = fsm->failures >= limits->fail_count;

	switch (fsm->verdict) {
	case EZLB_UNKNOWN:
		if (fsm->successes > 0)
			return EZLB_UP;
		return failed ? EZLB_DOWN : EZLB_UNKNOWN;
	case EZLB_UP:
		return failed ? EZLB_DOWN : EZLB_UP;
	case EZLB_DOWN:
		return risen ? EZLB_UP : EZLB_DOWN;
	}
	return EZLB_UNKNOWN;
}

bool ezlb_fsm_step(struct ezlb_fsm *fsm, const struct ezlb_thresholds *limits, bool success)
{
	enum ezlb_verdict before = fsm->verdict;

	if (success)
		count(&fsm->successes, &fsm->failures);
	else
		count(&fsm->failures, &fsm->successes);
	fsm->verdict = next(fsm, limits);
	return fsm->verdict != before;
}

bool ezlb_fsm_is_unclear(const struct ezlb_fsm *fsm)
{
	return fsm->verdict == EZLB_DOWN ? fsm->successes > 0 : fsm->failures > 0;
}
