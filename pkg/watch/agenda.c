// SPDX-License-Identifier: GPL-2.0-or-later
#include "agenda.h"

void agenda_note(struct agenda *agenda, const struct watch_timing *timing, bool at_once,
		 uint64_t now)
{
	if (agenda->event_at == WATCH_NEVER)
		agenda->first_event = now;
	agenda->event_at = now + timing->quiet;
	if (agenda->event_at > agenda->first_event + timing->cap)
		agenda->event_at = agenda->first_event + timing->cap;
	if (at_once)
		agenda->event_at = now;
}

uint64_t agenda_due(const struct agenda *agenda)
{
	uint64_t at = agenda->event_at < agenda->full_at ? agenda->event_at : agenda->full_at;

	return at < agenda->grace_at ? at : agenda->grace_at;
}

uint64_t agenda_wake(const struct agenda *agenda)
{
	uint64_t due = agenda_due(agenda);

	return due < agenda->check_at ? due : agenda->check_at;
}
