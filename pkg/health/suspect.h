/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * suspect: finds the backend whose answers end the worker process. Whatever is probed when a worker
 * ends is a suspect, and one result of a worker clears it. Those that are suspects again and again
 * are probed more and more seldom, and one at a time, so that the others are probed as always.
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "outcome.h"

#define EZLB_SUSPECT_AFTER 3 /* ends in a row */

/* Zero: none. */
struct ezlb_suspect {
	unsigned ends; /* of workers during the last probes, in a row */
};

/* Takes a result. Returns true if it has become a suspect that is to be probed seldom. */
bool ezlb_suspect_step(struct ezlb_suspect *suspect, const struct ezlb_probe_result *result);
/* To be probed seldom, and not together with another one. */
bool ezlb_suspect_is(const struct ezlb_suspect *suspect);
/* The least time from the end of a probe to the next one: 30 s, and up to 10 minutes. 0: no limit.
 */
uint32_t ezlb_suspect_wait_ms(const struct ezlb_suspect *suspect);
