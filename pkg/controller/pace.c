// SPDX-License-Identifier: GPL-2.0-or-later
#include "pace.h"

#define COALESCE_MS    10  /* backends that go down together are removed in one pass */
#define VERDICTS_MS    100 /* between two passes for health: probes are spread over their interval */
#define AGAIN_MS       10 /* until the pass that checks the last one; doubles from pass to pass ... */
#define AGAIN_MAX_MS   500 /* ... up to about this */
#define LIFE_SHARE     50 /* passes for the roster take at most 1 part in so many of the time ... */
#define LIFE_PAUSE_MS  5000 /* ... but are not further apart than this because of it */
#define RETRY_SHARE    50   /* the same for retries ... */
#define RETRY_PASSES   2    /* ... which need two passes: another one checks the result */
#define RETRY_BURST    8    /* so many have no pause: those of one failure in its first minute */
#define RETRY_PAUSE_MS 3000 /* a retry waits no longer than this for its share */
#define TRIM_MS	       1000 /* memory is given back after a document has been sent ... */
#define TRIM_PAUSE_MS  2000 /* ... and not more often than this: it takes about 1 ms */

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

uint64_t pace_after_retry(struct pace *pace, bool retried, uint64_t begin, uint64_t now)
{
	uint64_t pause = (now - begin) * RETRY_SHARE * RETRY_PASSES;

	if (retried) {
		pace->retry_at = (pace->retry_at > begin ? pace->retry_at : begin) + pause;
		pace->retry_free = pause * RETRY_BURST;
		if (pace->retry_at > now + pace->retry_free + RETRY_PAUSE_MS)
			pace->retry_at = now + pace->retry_free + RETRY_PAUSE_MS;
	}
	return pace->retry_at > pace->retry_free ? pace->retry_at - pace->retry_free : 0;
}

void pace_after_work(struct pace *pace, uint64_t now)
{
	uint64_t next = pace->trimmed_at + TRIM_PAUSE_MS;

	if (pace->trim_at == 0)
		pace->trim_at = next > now + TRIM_MS ? next : now + TRIM_MS;
}

bool pace_trims(const struct pace *pace, uint64_t now)
{
	return pace->trim_at != 0 && now >= pace->trim_at;
}

void pace_after_trim(struct pace *pace, uint64_t now)
{
	pace->trim_at = 0;
	pace->trimmed_at = now;
}
