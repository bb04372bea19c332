// SPDX-License-Identifier: GPL-2.0-or-later
/* role: why a backend is a dest with this weight, and what will become of it. */
#include "sheet.h"

#include <inttypes.h>
#include <stdio.h>

const char *outcome_format(const struct ezlb_verdict_row *row, char buf[OUTCOME_STRLEN])
{
	buf[0] = '\0';
	if (!row || row->verdict != EZLB_DOWN || !row->probed)
		return buf;
	if (row->code > 0)
		snprintf(buf, OUTCOME_STRLEN, "%s %d", ezlb_outcome_str(row->outcome), row->code);
	else
		snprintf(buf, OUTCOME_STRLEN, "%s", ezlb_outcome_str(row->outcome));
	return buf;
}

/* In whole seconds, rounded up; 0 if it is over. */
static uint64_t seconds_left(const struct sheet *sheet, const struct ezlb_roster_row *row)
{
	uint64_t now = sheet->preview->now_ms;

	return row->until_ms > now ? (row->until_ms - now + 999) / 1000 : 0;
}

static const struct ezlb_verdict_row *
verdict_of(const struct sheet *sheet, const struct owner *owner, const struct ezlb_roster_row *row)
{
	const struct ezlb_spec *spec = owner->spec;

	if (row->index >= spec->n_backends)
		return NULL;
	return ezlb_verdict_find(sheet->preview->verdicts, spec,
				 &spec->backends[row->index].endpoint);
}

/* Appends to buf of ROLE_STRLEN. */
#define put(buf, ...) ezlb_strcatf((buf), ROLE_STRLEN, __VA_ARGS__)

/* " (connect_refused)" */
static void put_outcome(const struct sheet *sheet, const struct owner *owner,
			const struct ezlb_roster_row *row, char *buf)
{
	char outcome[OUTCOME_STRLEN];

	outcome_format(verdict_of(sheet, owner, row), outcome);
	if (outcome[0])
		put(buf, " (%s)", outcome);
}

static void put_drain(const struct sheet *sheet, const struct owner *owner,
		      const struct ezlb_roster_row *row, char *buf)
{
	static const char *const whys[EZLB_DRAIN_CAUSES] = {
		[EZLB_DRAIN_REMOVED] = "it left the file",
		[EZLB_DRAIN_DOWN] = "it is down",
		[EZLB_DRAIN_STANDBY] = "the fallback is not needed any more",
	};

	put(buf, "drains: %s", whys[row->cause]);
	if (row->cause == EZLB_DRAIN_DOWN)
		put_outcome(sheet, owner, row, buf);
	put(buf,
	    "; it will be removed when its connections have ended (%" PRIu32 " open), in %" PRIu64
	    " s at the latest",
	    row->active, seconds_left(sheet, row));
}

static void put_fail_open(const struct sheet *sheet, const struct owner *owner,
			  const struct ezlb_roster_row *row, char *buf)
{
	const struct ezlb_verdict_row *verdict = verdict_of(sheet, owner, row);
	bool down = verdict && verdict->verdict == EZLB_DOWN;

	put(buf,
	    "fail open: fewer than min_healthy backends are up, so this one is scheduled "
	    "although it is %s",
	    down ? "down" : "not known to be up");
	put_outcome(sheet, owner, row, buf);
}

static void put_start(const struct sheet *sheet, const struct ezlb_roster_row *row, char *buf)
{
	uint64_t percent = row->full > 0 ? (uint64_t)row->weight * 100 / row->full : 100;

	put(buf, "slow start: %" PRIu64 "%% of its weight, all of it in %" PRIu64 " s", percent,
	    seconds_left(sheet, row));
}

bool role_format(const struct sheet *sheet, const struct owner *owner,
		 const struct ezlb_roster_row *row, char buf[ROLE_STRLEN])
{
	buf[0] = '\0';
	switch (row->role) {
	case EZLB_ROLE_DRAINING:
		put_drain(sheet, owner, row, buf);
		break;
	case EZLB_ROLE_STARTING:
		put_start(sheet, row, buf);
		break;
	case EZLB_ROLE_FALLBACK:
		put(buf, "fallback: no other backend is up");
		break;
	case EZLB_ROLE_FAIL_OPEN:
		put_fail_open(sheet, owner, row, buf);
		break;
	case EZLB_ROLE_WAITING:
	case EZLB_ROLE_OUT:
	case EZLB_ROLE_STANDBY:
	case EZLB_ROLE_SERVING:
	case EZLB_ROLES:
		break;
	}
	return buf[0] != '\0';
}
