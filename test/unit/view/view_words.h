/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view_words: what the tests of the view say in a few words. */
#pragma once

#include "view_rig.h"

#define ACCEPTED(i) rig_condition(&rig, i, EZLB_ACCEPTED)
#define PROGRAMMED  rig_condition(&rig, 0, EZLB_PROGRAMMED)
#define READY	    rig_condition(&rig, 0, EZLB_BACKENDS_READY)
#define CONFLICT(i) rig_condition(&rig, i, EZLB_CONFLICT)

#define assert_events(rig, text) assert_string_equal(rig_events(rig), text)

static inline const char *why_not(const struct view_rig *rig)
{
	static char why[EZLB_MESSAGE_STRLEN];

	bool ready = ezlb_view_ready(&rig->view, rig_clock(rig), why);

	assert_int_equal(ready, why[0] == '\0');
	return why;
}

/* As somebody else with ipvsadm. */
static inline void take_away(const struct view_rig *rig)
{
	struct ezlb_table *table = faulty_table(rig->memory);

	assert_true(table->dests.len > 0);
	table->dests.len--;
}

static inline uint64_t hash_of(const char *text)
{
	return ezlb_hash(text, strlen(text));
}
