/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fsm: results in a row to a verdict. Pure. The thresholds are an argument of each step, so a
 * reload that changes them leaves the verdict and the run of results as they are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/verdict.h>

/* The zero value is UNKNOWN without history. */
struct ezlb_fsm {
	enum ezlb_verdict verdict;
	uint32_t successes; /* in a row; at most one of the two is above zero */
	uint32_t failures;
};

struct ezlb_thresholds {
	uint32_t fail_count; /* failures in a row for UNKNOWN or UP -> DOWN */
	uint32_t rise_count; /* successes in a row for DOWN -> UP */
};

/* Takes one result; true where the verdict has changed. */
bool ezlb_fsm_step(struct ezlb_fsm *fsm, const struct ezlb_thresholds *limits, bool success);
