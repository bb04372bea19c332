/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agenda: when a directory is scanned next. Pure: the caller passes the time. */
#pragma once

#include "scan.h"
#include "timing.h"

/* By ezlb_now_ms: uv_now does not advance during a callback. */
struct agenda {
	uint64_t full_at;     /* rescan or retry: a scan of the whole directory */
	uint64_t grace_at;    /* of files that wait; WATCH_NEVER: none */
	uint64_t check_at;    /* next check of the path */
	uint64_t event_at;    /* WATCH_NEVER: no event since the last scan */
	uint64_t first_event; /* if event_at is set */
};

/* There was an event: the scan waits until it is quiet, but not if `at_once`. */
void agenda_note(struct agenda *agenda, const struct watch_timing *timing, bool at_once,
		 uint64_t now);
/* The time of the next scan. */
uint64_t agenda_due(const struct agenda *agenda);
/* The same, or that of the next check of the path. */
uint64_t agenda_wake(const struct agenda *agenda);
