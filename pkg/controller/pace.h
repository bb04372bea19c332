/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pace: how long to wait for the next pass. Pure; times are ms of a monotonic clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PACE_NEVER UINT64_MAX

struct pace {
	uint64_t life_at;   /* when the roster changes by itself; PACE_NEVER */
	uint64_t health_at; /* of the last pass because of health */
	unsigned writing;   /* passes in a row that wrote something */
	uint64_t retry_at; /* when the passes for retries so far have had their share of the time */
	uint64_t retry_free; /* so many ms before that, the next one may begin */
	uint64_t trim_at; /* when memory is given back (ezlb_mem_trim); 0: nothing has used any */
	uint64_t trimmed_at;
};

/* After a verdict has changed. One alone has its pass soon; of many in a row, each pass takes some.
 */
uint64_t pace_after_verdict(const struct pace *pace, uint64_t now);
/* After a pass that wrote, another one checks the result. PACE_NEVER if it wrote nothing. */
uint64_t pace_after_pass(struct pace *pace, bool wrote);
/*
 * After a pass from `begin` to `now`, if the roster changes by itself at `due`. A drain looks at
 * its connections again and again, perhaps for hours. Where a pass takes long, these looks are
 * rarer, so that they need little of the time.
 */
uint64_t pace_after_roster(struct pace *pace, uint64_t due, uint64_t begin, uint64_t now);
/*
 * After a pass from `begin` to `now`, which was made for retries only (`retried`) or not. Returns
 * when the next one for retries may begin; it may be in the past. The first few may begin at any
 * time: what fails alone is soon tried again. If there are more and more, because many things fail
 * at different times, each waits until together they have needed little of the time.
 */
uint64_t pace_after_retry(struct pace *pace, bool retried, uint64_t begin, uint64_t now);
/*
 * Work that needs memory for a moment is over: a document for the operator, or a pass. Soon
 * afterwards, and not again and again, pace_trims() tells to give the memory back.
 */
void pace_after_work(struct pace *pace, uint64_t now);
bool pace_trims(const struct pace *pace, uint64_t now);
void pace_after_trim(struct pace *pace, uint64_t now);
