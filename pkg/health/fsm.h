/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fsm: computes a verdict from successive results. Pure. Each step gets the thresholds as an
 * argument, so a reload that changes them keeps the verdict and the counts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/verdict.h>

/* The zero value is UNKNOWN without history. */
struct ezlb_fsm {
	enum ezlb_verdict verdict;
	uint32_t successes; /* in a row; one of the two counts is always 0 */
	uint32_t failures;
};

struct ezlb_thresholds {
	uint32_t fail_count; /* failures in a row for UNKNOWN or UP -> DOWN */
	uint32_t rise_count; /* successes in a row for DOWN -> UP */
};

/* Adds one result. Returns true if the verdict changed. */
bool ezlb_fsm_step(struct ezlb_fsm *fsm, const struct ezlb_thresholds *limits, bool success);

/* True if the last result was against the verdict, so that more results are to follow soon. */
bool ezlb_fsm_is_unclear(const struct ezlb_fsm *fsm);
