// SPDX-License-Identifier: GPL-2.0-or-later
#include "pace.h"

#define COALESCE_MS   10  /* backends that go down together are removed in one pass */
#define VERDICTS_MS   100 /* between two passes for health: probes are spread over their interval */
#define AGAIN_MS      10 /* until the pass that checks the last one; doubles from pass to pass ... */
#define AGAIN_MAX_MS  500 /* ... up to about this */
#define LIFE_SHARE    50  /* passes for the roster take at most 1 part in so many of the time ... */
#define LIFE_PAUSE_MS 5000 /* ... but are not further apart than this because of it */

uint64_t pace_after_verdict(const struct pace *pace, uint64_t now)
{
	uint64_t next = pace->health_at + VERDICTS_MS;

	return next > now + COALESCE_MS ? next - now : COALESCE_MS;
}

uint64_t pace_after_pass(struct pace *pace, bool wrote)
{
	uint64_t delay = AGAIN_MS;

	pace->writing = wrote ? pace->writing + 1 : 0;
	for (unsigned i = 1; i < pace->writing && delay < AGAIN_MAX_MS; i++)
		delay *= 2;
	return wrote ? delay : PACE_NEVER;
}

uint64_t pace_after_roster(struct pace *pace, uint64_t due, uint64_t begin, uint64_t now)
{
	uint64_t pause = (now - begin) * LIFE_SHARE;

	pace->life_at = due;
	if (due == PACE_NEVER)
		return PACE_NEVER;
	if (pause > LIFE_PAUSE_MS)
		pause = LIFE_PAUSE_MS;
	return due > now + pause ? due - now : pause;
}
